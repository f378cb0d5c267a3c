"""Looking words up: which term a written tag means. What readers see is in `catalogue`, writes are in `terms`.

A tag is understood by a term's key, or by a key that it had before it was renamed or merged. Anything else is refused
with the nearest terms named, found by label and synonym too: a person or a file that tags must mean what it says.
(An import may not lose a row to a missing word; it goes through `terms.take_as_written`.)
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, and_, or_, union_all
from sqlmodel import Session, col, func, select

from hub.errors import Conflict, Fault, Invalid, NotFound
from hub.events.models import Event
from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.nearest import nearest_names, nearest_terms, shown
from hub.taxonomy.schemas import is_key, is_vocabulary_name

BUILTIN_VOCABULARIES = (
    "personas",
    "stages",
    "products",
    "industries",
    "competitors",
    "regions",
    "languages",
    "segments",
    "sources",
    "lost_reasons",
)
# These describe deals, or stand on an asset as a single value (its language); none may be a tag.
TAGGING_EXCLUDED = frozenset({"languages", "segments", "sources", "lost_reasons", "deal_stages"})
# Comparing an unknown word with every term costs time that a hostile file could choose; this many are compared.
EXPLAINED = 20

Tags = Mapping[str, Sequence[str]]
Found = dict[tuple[str, str], Term]


def resolve(
    session: Session, tags: Tags, *, loc: tuple[str | int, ...] = ("body",), lock: bool = False
) -> dict[str, list[Term]]:
    """The terms that these tags mean, by vocabulary, in the order given, each once. One query.

    `lock` keeps the terms from being merged or removed until the transaction ends: for those who then refer to them.
    Raises Invalid with a fault at (*loc, vocabulary, index) for each unknown tag.
    """
    found = _find(session, tags, lock=lock)
    if lock and _missing(tags, found):
        # A term that was merged away while we waited for its lock is found by its former key at the second look.
        found = _find(session, tags, lock=lock)
    if faults := _faults(session, tags, found, loc):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise Invalid(f"The tags cannot be used: {faults[0].message}{more}.", errors=faults)
    return {
        vocabulary: list({id(term): term for term in (found[vocabulary, key] for key in keys)}.values())
        for vocabulary, keys in tags.items()
    }


def resolve_language(session: Session, key: str, *, loc: tuple[str | int, ...] = ("body", "language")) -> str:
    """The present key of a language. Raises Invalid, naming the nearest ones."""
    if term := _find(session, {"languages": [key]}).get(("languages", key)):
        return term.key
    message = refusal("languages", key, terms_of(session, "languages"))
    raise Invalid(f"The language cannot be used: {message}.", errors=[Fault(loc, message)])


def find(session: Session, vocabulary: str, key: str) -> Term:
    """The term with this key, or that had it before. Raises NotFound, naming the nearest ones."""
    if term := _find(session, {vocabulary: [key]}).get((vocabulary, key)):
        return term
    require_vocabulary(session, vocabulary)
    raise NotFound(refusal(vocabulary, key, terms_of(session, vocabulary)) + ".")


def find_present(session: Session, vocabulary: str, key: str, *, or_former_of: Term | None = None) -> Term:
    """As `find`, for deeds that make a term disappear: a former key must not take its heir with it.

    A former key of `or_former_of` is taken, so that a merge may be asked for twice. Raises NotFound, Conflict.
    """
    term = find(session, vocabulary, key)
    if term.key != key and term is not or_former_of:
        raise Conflict(f"The {singular(vocabulary)} {shown(key)} is called {term.key} by now. Use that key.")
    return term


def terms_of(session: Session, *vocabularies: str) -> list[Term]:
    """All terms of these vocabularies, in their order."""
    query = select(Term).where(col(Term.vocabulary).in_(vocabularies))
    return list(session.exec(query.order_by(col(Term.vocabulary), col(Term.position), col(Term.key))))


def former_keys(session: Session, *vocabularies: str) -> list[tuple[str, str, str]]:
    """(vocabulary, former key, present key) of every key in these vocabularies that was renamed or merged away."""
    query = select(TermAlias.vocabulary, TermAlias.key, Term.key).join(Term, col(Term.id) == TermAlias.term_id)
    return list(session.exec(query.where(col(TermAlias.vocabulary).in_(vocabularies))))


def names(session: Session) -> list[str]:
    """The names of all vocabularies: those that every hub has, then further ones that have terms."""
    further = set(session.exec(select(Term.vocabulary).distinct())) - set(BUILTIN_VOCABULARIES)
    return [*BUILTIN_VOCABULARIES, *sorted(further)]


def require_vocabulary(session: Session, vocabulary: str) -> None:
    """Raises NotFound, naming the nearest ones."""
    if vocabulary not in BUILTIN_VOCABULARIES and vocabulary not in (known := names(session)):
        raise NotFound(f"{_no_vocabulary(vocabulary, known)}. A new vocabulary begins in taxonomy.yaml.")


# Made once: every answer of the search asks it.
_NEWEST_OF_TERMS = select(func.max(Event.id)).where(Event.subject_kind == "term")


def stamp(session: Session) -> str:
    """Changes whenever any term changes. Writers of terms wait for each other, so the newest event says it all."""
    return str(session.execute(_NEWEST_OF_TERMS).scalar_one() or 0)


def refusal(vocabulary: str, written: str, terms: Sequence[Term]) -> str:
    """Why a word is not taken, with the nearest of `terms`."""
    lead = _no_term(vocabulary, written)
    near = ", ".join(f"{term.key} ({term.label})" for term in nearest_terms(written, terms))
    return f"{lead}; nearest: {near}" if near else f"{lead}; this vocabulary has no terms yet"


def singular(vocabulary: str) -> str:
    """personas → persona, industries → industry, lost_reasons → lost reason."""
    words = vocabulary.replace("_", " ")
    return words[:-3] + "y" if words.endswith("ies") else words.removesuffix("s")


def _find(session: Session, tags: Tags, *, lock: bool = False) -> Found:
    """Terms by the (vocabulary, key) under which they were asked for."""
    # What cannot be there is not asked for: PostgreSQL takes no text with U+0000, nor half a character.
    tags = {name: [key for key in keys if is_key(key)] for name, keys in tags.items() if is_vocabulary_name(name)}
    if not any(tags.values()):
        return {}
    by_key = select(Term.id, Term.vocabulary, Term.key).where(_is_one_of(Term, tags))
    by_former = select(TermAlias.term_id, TermAlias.vocabulary, TermAlias.key).where(_is_one_of(TermAlias, tags))
    asked = union_all(by_key, by_former).subquery()
    query = select(Term, asked.c.vocabulary, asked.c.key).join(asked, asked.c.id == Term.id)
    if lock:
        query = query.with_for_update(read=True, key_share=True, of=Term)
    return {(vocabulary, key): term for term, vocabulary, key in session.exec(query)}


def _is_one_of(table: type[Term] | type[TermAlias], tags: Tags) -> ColumnElement[bool]:
    # An `or` of plain comparisons: both databases answer it from the unique index, unlike a list of pairs on SQLite.
    return or_(*(and_(col(table.vocabulary) == name, col(table.key).in_(keys)) for name, keys in tags.items() if keys))


def _missing(tags: Tags, found: Found) -> list[tuple[str, int, str]]:
    return [
        (vocabulary, index, key)
        for vocabulary, keys in tags.items()
        for index, key in enumerate(keys)
        if (vocabulary, key) not in found
    ]


def _faults(session: Session, tags: Tags, found: Found, loc: tuple[str | int, ...]) -> list[Fault]:
    faults = [Fault((*loc, name), _not_for_assets(session, name)) for name in tags if name in TAGGING_EXCLUDED]
    missing = [miss for miss in _missing(tags, found) if miss[0] not in TAGGING_EXCLUDED]
    unproven = set(tags) - set(BUILTIN_VOCABULARIES) - TAGGING_EXCLUDED - {name for name, _ in found}
    if unproven:
        known = names(session)
        unproven -= set(known)
        usable = [name for name in known if name not in TAGGING_EXCLUDED]
        faults += [Fault((*loc, name), _no_vocabulary(name, usable)) for name in tags if name in unproven]
    missing = [miss for miss in missing if miss[0] not in unproven]
    return faults + _unknown_words(session, missing, loc)


def _unknown_words(session: Session, missing: list[tuple[str, int, str]], loc: tuple[str | int, ...]) -> list[Fault]:
    if not missing:
        return []
    shelves: dict[str, list[Term]] = {}
    for term in terms_of(session, *{vocabulary for vocabulary, _, _ in missing[:EXPLAINED]}):
        shelves.setdefault(term.vocabulary, []).append(term)
    return [
        Fault(
            (*loc, vocabulary, index),
            refusal(vocabulary, key, shelves.get(vocabulary, [])) if place < EXPLAINED else _no_term(vocabulary, key),
        )
        for place, (vocabulary, index, key) in enumerate(missing)
    ]


def _no_term(vocabulary: str, written: str) -> str:
    return f"there is no {singular(vocabulary)} {shown(written)}"


def _no_vocabulary(name: str, known: Sequence[str]) -> str:
    return f"there is no vocabulary {shown(name)}; nearest: {', '.join(nearest_names(name, known))}"


def _not_for_assets(session: Session, name: str) -> str:
    usable = ", ".join(known for known in names(session) if known not in TAGGING_EXCLUDED)
    return f"assets are not tagged by {name}; they are by: {usable}"
