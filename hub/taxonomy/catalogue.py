"""What readers see of the taxonomy: terms with their owners and former keys. Single words are looked up elsewhere
(`vocabulary`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import and_, or_
from sqlmodel import Session, col, func, select

from hub.paging import Page, cursor_of, position_of
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Team, require
from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.schemas import OwnerOut, OwnersOut, Taxonomy, TermDetail, VocabularyDetail
from hub.taxonomy.vocabulary import BUILTIN_VOCABULARIES, TAGGING_EXCLUDED, find, require_vocabulary, stamp


def read_all(session: Session, actor: Actor) -> Taxonomy:
    """Every vocabulary with its terms in order. Three queries."""
    require(actor, Deed.READ_TAXONOMY)
    terms = session.exec(select(Term).order_by(col(Term.vocabulary), col(Term.position), col(Term.key)))
    shelves: dict[str, list[TermDetail]] = {name: [] for name in BUILTIN_VOCABULARIES}
    for term in details(session, list(terms)):
        shelves.setdefault(term.vocabulary, []).append(term)
    vocabularies = [
        VocabularyDetail(name=name, tags_assets=name not in TAGGING_EXCLUDED, terms=shelf)
        for name, shelf in shelves.items()
    ]
    return Taxonomy(vocabularies=vocabularies)


def read_page(session: Session, actor: Actor, vocabulary: str, *, limit: int, cursor: str | None) -> Page[TermDetail]:
    """The terms of one vocabulary in order. Raises NotFound, naming the nearest vocabularies."""
    require(actor, Deed.READ_TAXONOMY)
    require_vocabulary(session, vocabulary)
    query = select(Term).where(Term.vocabulary == vocabulary)
    if after := position_of(cursor, int, str):
        position, key = after
        later = and_(Term.position == position, col(Term.key) > key)
        query = query.where(or_(col(Term.position) > position, later))
    terms = list(session.exec(query.order_by(col(Term.position), col(Term.key)).limit(limit + 1)))
    total = session.exec(select(func.count()).select_from(Term).where(Term.vocabulary == vocabulary)).one()
    shown, last = terms[:limit], terms[limit - 1 : limit]
    following = cursor_of(last[0].position, last[0].key) if len(terms) > limit else None
    return Page(items=details(session, shown), total=total, next=following)


@dataclass(frozen=True, slots=True)
class Counted:
    name: str
    terms: int
    unconfirmed: int


def count_by_vocabulary(session: Session, actor: Actor) -> list[Counted]:
    """Every vocabulary, those that every hub has first. One query."""
    require(actor, Deed.READ_TAXONOMY)
    unconfirmed = func.count().filter(col(Term.confirmed).is_(False))
    query = select(Term.vocabulary, func.count(), unconfirmed).group_by(col(Term.vocabulary))
    found = {name: (terms, waiting) for name, terms, waiting in session.exec(query)}
    names = [*BUILTIN_VOCABULARIES, *sorted(found.keys() - set(BUILTIN_VOCABULARIES))]
    return [Counted(name, *found.get(name, (0, 0))) for name in names]


def read_unconfirmed(session: Session, actor: Actor, *, limit: int) -> list[TermDetail]:
    """The first words of all vocabularies that an import brought and nobody has looked at."""
    require(actor, Deed.READ_TAXONOMY)
    query = select(Term).where(col(Term.confirmed).is_(False))
    return details(session, list(session.exec(query.order_by(col(Term.vocabulary), col(Term.id)).limit(limit))))


def read_one(session: Session, actor: Actor, vocabulary: str, key: str) -> TermDetail:
    """The term with this key or former key. Raises NotFound, naming the nearest terms."""
    require(actor, Deed.READ_TAXONOMY)
    return detail(session, find(session, vocabulary, key))


def etag(session: Session) -> str:
    """Changes with any term and with what is shown of the owners. Two cheap queries."""
    marketing, sales = select(Term.marketing_owner_id), select(Term.sales_owner_id)
    owns = or_(col(Person.id).in_(marketing), col(Person.id).in_(sales))
    owners = select(Person.id, Person.name, Person.team).where(owns)
    seen = sorted(tuple(row) for row in session.exec(owners))
    return f'"{stamp(session)}-{blake2b(repr(seen).encode(), digest_size=6).hexdigest()}"'


def detail(session: Session, term: Term) -> TermDetail:
    return details(session, [term])[0]


def details(session: Session, terms: Sequence[Term]) -> list[TermDetail]:
    """Two queries, however many terms."""
    former = former_keys(session, terms)
    owners = _owners(session, terms)
    return [
        TermDetail(
            vocabulary=term.vocabulary,
            key=term.key,
            label=term.label,
            position=term.position,
            synonyms=term.synonyms,
            text=term.text,
            owners=OwnersOut(marketing=owners.get(term.marketing_owner_id), sales=owners.get(term.sales_owner_id)),
            confirmed=term.confirmed,
            former_keys=former.get(term.id, []),
        )
        for term in terms
    ]


def former_keys(session: Session, terms: Sequence[Term]) -> dict[int | None, list[str]]:
    """The keys that each term had before, by term id."""
    query = select(TermAlias).where(col(TermAlias.vocabulary).in_({term.vocabulary for term in terms}))
    if len(terms) == 1:
        query = query.where(TermAlias.term_id == terms[0].id)
    former: dict[int | None, list[str]] = {}
    for alias in session.exec(query.order_by(col(TermAlias.key))):
        former.setdefault(alias.term_id, []).append(alias.key)
    return former


def _owners(session: Session, terms: Sequence[Term]) -> dict[int | None, OwnerOut]:
    ids = {owner for term in terms for owner in (term.marketing_owner_id, term.sales_owner_id)} - {None}
    if not ids:
        return {}
    people = session.exec(select(Person.id, Person.name, Person.team).where(col(Person.id).in_(ids)))
    return {id: OwnerOut(id=id or 0, name=name, team=Team(team)) for id, name, team in people}
