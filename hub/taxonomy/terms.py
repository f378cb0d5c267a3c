"""Changing the vocabularies: adding, changing, confirming, renaming, merging and removing terms.

No deed here loses a tag: tags refer to a term by its id, a renamed or merged term is still found by its former key,
and a term in use can be merged but not removed. Every change is an event with what was before and after.
`sync` brings in a whole file at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, select

from hub.errors import Conflict, Fault, Invalid
from hub.events.names import EventName
from hub.people import directory
from hub.people.roles import HUB, SIGNING_TEAMS, Actor, Deed, Team, require
from hub.taxonomy import references, rows
from hub.taxonomy.builtin import BUILTIN, is_builtin
from hub.taxonomy.meanings import Meanings
from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.nearest import shown
from hub.taxonomy.schemas import (
    LABEL_LENGTH,
    MOST_SYNONYMS,
    Owners,
    TermChange,
    TermDraft,
    distinct,
    one_line,
)
from hub.taxonomy.vocabulary import require_vocabulary, singular, terms_of


def add(session: Session, actor: Actor, vocabulary: str, draft: TermDraft) -> Term:
    """Raises NotAllowed, NotFound for an unknown vocabulary, Conflict for a key that is or was in use, Invalid."""
    require(actor, Deed.EDIT_TAXONOMY)
    rows.wait_for_others(session)
    require_vocabulary(session, vocabulary)
    taken = rows.taken_keys(session, vocabulary)
    if draft.key is not None:
        _require_free(vocabulary, draft.key, taken)
    _require_sound_text(session, vocabulary, draft.text)
    fields = draft.model_dump(include={"label", "synonyms", "confirmed"}) | owner_ids(session, actor, draft.owners)
    fields["text"] = _without_empty(draft.text)
    fields["position"] = draft.position if draft.position is not None else rows.next_position(session, vocabulary)
    return rows.add_term(session, actor, vocabulary, draft.key or rows.key_from(draft.label, taken), fields)


def change(session: Session, actor: Actor, term: Term, changes: TermChange) -> Term:
    """Raises NotAllowed, Conflict when the term has gone meanwhile, Invalid. Nothing changed is no event."""
    term = _held(session, actor, term)
    text = {**term.text, **changes.text}
    _require_sound_text(session, term.vocabulary, text, besides=term)
    fields = changes.model_dump(include={"label", "synonyms", "position"}, exclude_none=True)
    fields |= owner_ids(session, actor, changes.owners, present=term)
    rows.update_term(session, actor, term, fields | {"text": _without_empty(text)})
    return term


def confirm(session: Session, actor: Actor, term: Term) -> Term:
    """A word that an import brought is one of ours. Harmless when repeated."""
    term = _held(session, actor, term)
    rows.update_term(session, actor, term, {"confirmed": True})
    return term


def rename(session: Session, actor: Actor, term: Term, *, key: str) -> Term:
    """The former key goes on finding the term. An unconfirmed term is confirmed: somebody has looked at it.

    Raises NotAllowed, and Conflict when the key is or was another term's, or this term's key must stay.
    """
    term = _held(session, actor, term)
    if key == term.key:
        return term
    _require_movable(session, term, "renamed; change its label instead")
    _require_free(term.vocabulary, key, rows.taken_keys(session, term.vocabulary, besides=term))
    rows.give_key(session, actor, term, key)
    return term


def merge(session: Session, actor: Actor, term: Term, *, into: Term) -> Term:
    """Every tag with `term` becomes one with `into`, which also takes over its keys, its label and synonyms as
    synonyms, and owners and texts where it has none. Answers the term that stays.

    Raises NotAllowed, and Conflict for two that cannot become one.
    """
    term, into = _held(session, actor, term, in_use=True), _held(session, actor, into, in_use=True)
    if term is into:
        return into
    if term.vocabulary != into.vocabulary:
        raise Conflict("Only terms of one vocabulary can become one.")
    _require_movable(session, term, "merged into another")
    rows.update_term(session, actor, into, _united(into, term))
    gone = rows.snapshot(term)
    moved = references.repoint(session, term, into)
    session.add(TermAlias(vocabulary=gone["vocabulary"], key=gone["key"], term_id=rows.id_of(into)))
    event = {"into": into.key, "into_id": into.id, "moved": moved, "before": gone}
    rows.tell(session, EventName.TERM_MERGED, actor, term, **event)
    session.delete(term)
    session.flush()
    return into


@dataclass(frozen=True)
class MergePreview:
    """What a merge would do: how many things move by their names, the synonyms that the one that stays gets, the
    texts and owners that it takes over. `refusal` is why it cannot be, "" when it can."""

    moved: dict[str, int]
    synonyms: list[str]
    taken_over: list[str]
    refusal: str = ""


def preview_merge(session: Session, actor: Actor, term: Term, *, into: Term) -> MergePreview:
    """Writes nothing. Raises NotAllowed."""
    require(actor, Deed.EDIT_TAXONOMY)
    moved = references.uses(session, term)
    try:
        if term.vocabulary != into.vocabulary or term.id == into.id:
            raise Conflict("Choose another term of the same vocabulary.")
        _require_movable(session, term, "merged into another")
        united = _united(into, term)
    except Conflict as refused:
        return MergePreview(moved, [], [], refused.detail)
    new = [word for word in united["synonyms"] if word not in into.synonyms]
    taken_over = [name for name, text in united["text"].items() if text != into.text.get(name)]
    taken_over += [name for name in ("marketing_owner_id", "sales_owner_id") if united[name] != getattr(into, name)]
    return MergePreview(moved, new, [name.removesuffix("_id").replace("_", " ") for name in taken_over])


def remove(session: Session, actor: Actor, term: Term) -> None:
    """Raises NotAllowed, and Conflict when something uses the term: such a term can be merged."""
    term = _held(session, actor, term, in_use=True)
    if is_builtin(term.vocabulary, term.key):
        raise Conflict(f"Every hub has the {_called(term)}; it cannot be removed.")
    if used := references.uses(session, term):
        detail = f"The {_called(term)} is used by {references.in_words(used)}."
        raise Conflict(f"{detail} Merge it into another {singular(term.vocabulary)} instead.", uses=used)
    for alias in session.exec(select(TermAlias).where(TermAlias.term_id == term.id)):
        session.delete(alias)
    rows.tell(session, EventName.TERM_REMOVED, actor, term, before=rows.snapshot(term))
    session.flush()
    session.delete(term)
    session.flush()


def add_unconfirmed(session: Session, vocabulary: str, written: str, *, actor: Actor) -> Term:
    """The term that an import means by `written`; see `take_as_written`, which is cheaper for many words."""
    return take_as_written(session, vocabulary, [written], actor=actor)[written]


def take_as_written(session: Session, vocabulary: str, written: Iterable[str], *, actor: Actor) -> dict[str, Term]:
    """For imports, which may lose no row to a missing word: the term for each word, found whatever its case by key,
    former key, label or synonym, else added as written and unconfirmed. Whether the caller may import is for the
    caller to ask. Raises Invalid for a word that is empty, over-long or holds control characters.
    """
    words = {word: _tidy(word) for word in written}
    meanings = Meanings(session, vocabulary)
    if any(meanings.of(word) is None for word in words.values()):
        rows.wait_for_others(session)
        meanings = Meanings(session, vocabulary)
        _add_as_written(session, actor, vocabulary, words.values(), meanings)
    return {word: term for word, tidy in words.items() if (term := meanings.of(tidy)) is not None}


def ensure_builtin(session: Session) -> None:
    """The terms that every hub has: the four stages of the buyer's journey, and English. Safe to repeat."""
    if _missing_builtin(session):
        rows.wait_for_others(session)
        for vocabulary, key in _missing_builtin(session):
            label, text = BUILTIN[vocabulary][key]
            position = list(BUILTIN[vocabulary]).index(key) + 1
            rows.add_term(session, HUB, vocabulary, key, {"label": label, "text": text, "position": position})


def owner_ids(session: Session, actor: Actor, owners: Owners, *, present: Term | None = None) -> dict[str, int | None]:
    """The columns for the owners that are given. Raises Invalid for a person of the other team."""
    columns: dict[str, int | None] = {}
    for team in sorted(SIGNING_TEAMS & {Team(name) for name in owners.model_fields_set}):
        who = getattr(owners, team)
        column = f"{team}_owner_id"
        columns[column] = None if who is None else _owner_id(session, actor, who, team, getattr(present, column, None))
    return columns


def _held(session: Session, actor: Actor, term: Term, *, in_use: bool = False) -> Term:
    """The term as it is now that no other writer changes it. `in_use` also waits for those who just tag with it."""
    require(actor, Deed.EDIT_TAXONOMY)
    rows.wait_for_others(session)
    held = session.get(Term, rows.id_of(term), populate_existing=True, with_for_update=in_use)
    if held is None:
        raise Conflict("This term was merged or removed a moment ago. Look again.")
    return held


def _united(into: Term, term: Term) -> dict[str, Any]:
    synonyms = distinct([*into.synonyms, term.label, *term.synonyms], besides=into.label)
    if len(synonyms) > MOST_SYNONYMS:
        raise Conflict(f"The two have {len(synonyms)} synonyms together; take some out, {MOST_SYNONYMS} is the most.")
    text = {**term.text, **into.text}
    if deal_stages := distinct([*into.text.get("deal_stages", []), *term.text.get("deal_stages", [])]):
        text["deal_stages"] = deal_stages
    return {
        "synonyms": synonyms,
        "text": text,
        "marketing_owner_id": into.marketing_owner_id or term.marketing_owner_id,
        "sales_owner_id": into.sales_owner_id or term.sales_owner_id,
    }


def _owner_id(session: Session, actor: Actor, who: str, team: Team, present: int | None) -> int | None:
    try:
        person = directory.find_or_add(session, who, actor=actor, team=team)
    except Invalid as error:
        raise Invalid(error.detail, errors=[Fault(("body", "owners", team), error.detail)]) from None
    if person.id != present and person.team in SIGNING_TEAMS - {team}:
        message = f"{person.name} is in {person.team}; the {team} owner is somebody of {team}"
        raise Invalid(f"The owner cannot be set: {message}.", errors=[Fault(("body", "owners", team), message)])
    return person.id


def _require_free(vocabulary: str, key: str, taken: Mapping[str, str]) -> None:
    holder = taken.get(key)
    if holder == key:
        raise Conflict(f"There is a {singular(vocabulary)} {key} already. To make one of two terms, merge them.")
    if holder is not None:
        raise Conflict(f"{key} is a former key of the {singular(vocabulary)} {holder}. Choose another key.")


def _require_movable(session: Session, term: Term, deed: str) -> None:
    if is_builtin(term.vocabulary, term.key):
        raise Conflict(f"Every hub has the {_called(term)}; it cannot be {deed}.")
    # Other tags refer to the term's id, but a language is part of the text that people sign.
    if term.vocabulary == "languages" and (used := references.uses(session, term)):
        raise Conflict(f"{references.in_words(used).capitalize()} were signed as {_called(term)}; it cannot be {deed}.")


def _require_sound_text(
    session: Session, vocabulary: str, text: Mapping[str, Any], *, besides: Term | None = None
) -> None:
    """Deal stages belong to one buyer-journey stage each, so that a deal is in one stage of the journey."""
    deal_stages = text.get("deal_stages") or []
    faults = []
    if deal_stages and (vocabulary != "stages" or isinstance(deal_stages, str)):
        faults.append("only a buyer-journey stage has deal stages, as a list")
    elif deal_stages:
        for other in terms_of(session, "stages"):
            if besides is None or other.id != besides.id:
                theirs = {stage.casefold() for stage in other.text.get("deal_stages", [])}
                both = [stage for stage in deal_stages if stage.casefold() in theirs]
                faults += [
                    f"the deal stage {shown(stage)} belongs to {other.key}; take it out there first" for stage in both
                ]
    if faults:
        loc = ("body", "text", "deal_stages")
        raise Invalid(f"The deal stages cannot be used: {faults[0]}.", errors=[Fault(loc, fault) for fault in faults])


def _without_empty(text: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in text.items() if value}


def _add_as_written(session: Session, actor: Actor, vocabulary: str, words: Iterable[str], meanings: Meanings) -> None:
    taken = set(rows.taken_keys(session, vocabulary))
    position = rows.next_position(session, vocabulary)
    for word in words:
        if meanings.of(word) is None:
            taken.add(key := rows.key_from(word, taken))
            fields = {"label": word, "position": position, "confirmed": False}
            meanings.learn(rows.add_term(session, actor, vocabulary, key, fields))
            position += 1


def _tidy(written: str) -> str:
    try:
        if len(label := one_line(written)) <= LABEL_LENGTH:
            return label
        raise ValueError(f"this has {len(label)} characters; {LABEL_LENGTH} is the most")
    except ValueError as error:
        message = f"{shown(written)} cannot become a term: {error}"
        raise Invalid(f"{message}.", errors=[Fault((), message)]) from None


def _missing_builtin(session: Session) -> list[tuple[str, str]]:
    wanted = [(vocabulary, key) for vocabulary, words in BUILTIN.items() for key in words]
    there = {(term.vocabulary, term.key) for term in terms_of(session, *BUILTIN)}
    return [word for word in wanted if word not in there]


def _called(term: Term) -> str:
    return f"{singular(term.vocabulary)} {term.key}"
