"""Writing a term's row together with its event, without a question: the callers (`terms` for one deed of a person,
`sync` for a whole file) have asked who may, and have seen that keys are free and fields are sound.
"""

from collections.abc import Container, Mapping, Sequence
from typing import Any, cast

from anyascii import anyascii
from sqlalchemy import text as sql
from sqlmodel import Session, func, select

from hub import clock
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import Actor
from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.schemas import KEY_LENGTH
from hub.taxonomy.vocabulary import terms_of

# Any fixed number: writers of terms wait for each other by it on PostgreSQL; on SQLite they hold the write lock anyway.
_ADVISORY_LOCK = 7_203_116


def wait_for_others(session: Session) -> None:
    """One writer of terms at a time: a key can then not be taken twice (as a key here, as a former key there), and
    events are committed in the order of their ids, on which `vocabulary.stamp` rests."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(sql("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def add_term(session: Session, actor: Actor, vocabulary: str, key: str, fields: Mapping[str, Any]) -> Term:
    term = Term.model_validate({"vocabulary": vocabulary, "key": key, "created_at": clock.now(), **fields})
    session.add(term)
    session.flush()
    tell(session, EventName.TERM_ADDED, actor, term, after=snapshot(term))
    return term


def update_term(session: Session, actor: Actor, term: Term, fields: Mapping[str, Any]) -> bool:
    """Whether anything changed."""
    return _update(session, actor, term, fields, EventName.TERM_CHANGED)


def give_key(session: Session, actor: Actor, term: Term, key: str) -> None:
    """The former key goes on finding the term."""
    former = session.get(TermAlias, (term.vocabulary, key))
    if former is not None:
        session.delete(former)
    session.add(TermAlias(vocabulary=term.vocabulary, key=term.key, term_id=id_of(term)))
    _update(session, actor, term, {"key": key, "confirmed": True}, EventName.TERM_RENAMED)


def add_former_keys(session: Session, actor: Actor, term: Term, keys: Sequence[str]) -> None:
    """Let further keys find the term."""
    session.add_all(TermAlias(vocabulary=term.vocabulary, key=key, term_id=id_of(term)) for key in keys)
    if keys:
        session.flush()
        tell(session, EventName.TERM_CHANGED, actor, term, former_keys_added=list(keys))


def key_from(label: str, taken: Container[str]) -> str:
    """A free key that reads like the label, in ASCII."""
    words = "".join(c if c.isalnum() else " " for c in anyascii(label).lower()).split()
    stem = "-".join(words)[: KEY_LENGTH - 10].strip("-") or "term"
    number, key = 1, stem
    while key in taken:
        number += 1
        key = f"{stem}-{number}"
    return key


def taken_keys(session: Session, vocabulary: str, *, besides: Term | None = None) -> dict[str, str]:
    """Every key that finds a term of this vocabulary, with the present key of that term."""
    mine = besides.id if besides is not None else None
    keys = {term.id: term.key for term in terms_of(session, vocabulary) if term.id != mine}
    former = session.exec(select(TermAlias).where(TermAlias.vocabulary == vocabulary))
    return {key: key for key in keys.values()} | {it.key: keys[it.term_id] for it in former if it.term_id != mine}


def next_position(session: Session, vocabulary: str) -> int:
    return (session.exec(select(func.max(Term.position)).where(Term.vocabulary == vocabulary)).one() or 0) + 1


def snapshot(term: Term) -> dict[str, Any]:
    """What an event tells of a term."""
    return term.model_dump(exclude={"id", "created_at"})


def tell(session: Session, name: EventName, actor: Actor, term: Term, **data: Any) -> None:
    """Record the event of a change."""
    record(session, name, actor_id=actor.id, subject=("term", term.id, term.key), vocabulary=term.vocabulary, **data)


def id_of(term: Term) -> int:
    """Of a term that was flushed, so that it has one."""
    return cast(int, term.id)


def _update(session: Session, actor: Actor, term: Term, fields: Mapping[str, Any], name: EventName) -> bool:
    before = snapshot(term)
    changed = sorted(field for field, value in fields.items() if before[field] != value)
    for field in changed:
        setattr(term, field, fields[field])
    if changed:
        session.flush()
        told = {
            "before": {field: before[field] for field in changed},
            "after": {field: fields[field] for field in changed},
        }
        tell(session, name, actor, term, **told)
    return bool(changed)
