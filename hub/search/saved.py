"""Searches that somebody keeps under a name: their own, to run again by one click or by their address."""

from urllib.parse import parse_qsl, urlencode

from sqlmodel import Session, col, func, select

from hub import clock
from hub.errors import Conflict, Fault, Invalid, NotFound
from hub.people.roles import Actor, Deed, require
from hub.search.models import SavedSearch

MOST = 50
NAME_LENGTH = 80
_QUERY_LENGTH = 4_000
# What makes a question; the page of results, the deal in context and so on are of the moment.
FIELDS = frozenset(
    {"q", "kind", "persona", "stage", "product", "industry", "competitor", "language", "audience", "drafts", "sort"}
)


def save(session: Session, actor: Actor, *, name: str, query: str) -> SavedSearch:
    """Keep a question: `query` as it stands in the page's address. The same name again means the new question.
    Raises Invalid for a name or question that cannot be kept, Conflict when there are too many."""
    require(actor, Deed.KEEP_SEARCHES)
    if actor.id is None:
        raise Conflict("A search is kept by a person.")
    name, query = _sound_name(name), question_of(query)
    mine = select(SavedSearch).where(SavedSearch.person_id == actor.id)
    kept = session.exec(mine.where(SavedSearch.name == name)).first()
    if kept is None:
        if session.exec(select(func.count()).select_from(mine.subquery())).one() >= MOST:
            raise Conflict(f"You keep {MOST} searches already. Delete one of them first.")
        kept = SavedSearch(person_id=actor.id, name=name, query=query, made_at=clock.now())
        session.add(kept)
    kept.query = query
    session.flush()
    return kept


def list_saved(session: Session, actor: Actor) -> list[SavedSearch]:
    """The caller's own, by name."""
    require(actor, Deed.KEEP_SEARCHES)
    query = select(SavedSearch).where(SavedSearch.person_id == actor.id)
    return list(session.exec(query.order_by(func.lower(SavedSearch.name), col(SavedSearch.id))))


def find(session: Session, actor: Actor, saved_id: int) -> SavedSearch:
    """Raises NotFound, for anybody else's too."""
    require(actor, Deed.KEEP_SEARCHES)
    kept = session.get(SavedSearch, saved_id)
    if kept is None or kept.person_id != actor.id:
        raise NotFound(f"You keep no search {saved_id}.")
    return kept


def forget(session: Session, actor: Actor, saved_id: int) -> None:
    """Raises NotFound."""
    session.delete(find(session, actor, saved_id))
    session.flush()


def question_of(query: str) -> str:
    """The part of a query that is the question, in one order. Raises Invalid for one without any."""
    pairs = [(name, value) for name, value in parse_qsl(query[:_QUERY_LENGTH]) if name in FIELDS and value.strip()]
    sound = [(name, value) for name, value in pairs if value.isprintable()]
    if not any(name not in ("drafts", "sort") for name, _ in sound):
        fault = Fault(("body", "query"), "search for something, or choose a filter, before you save it")
        raise Invalid("There is no question to keep.", errors=[fault])
    return urlencode(sorted(sound, key=lambda pair: (pair[0] != "q", pair[0])))


def _sound_name(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > NAME_LENGTH or not text.isprintable():
        fault = Fault(("body", "name"), f"give it a name of at most {NAME_LENGTH} characters")
        raise Invalid("The search cannot be kept under this name.", errors=[fault])
    return text
