"""Asking for errands and reading what became of them. Who may ask for which kind stands in `DEEDS`."""

from collections.abc import Collection
from typing import Any

from sqlmodel import Session, col, func, select

from hub import clock
from hub.db import id_of
from hub.errands.models import Errand, ErrandKind, ErrandState
from hub.errors import Conflict, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.paging import cursor_of, position_of
from hub.people.models import Person
from hub.people.roles import Actor, Deed, may, require

TABLE_DEEDS = {
    "assets": Deed.IMPORT_CONTENT,
    "deals": Deed.IMPORT_DEALS,
    "stages": Deed.IMPORT_DEALS,
    "uses": Deed.IMPORT_USES,
}
_DEEDS = {
    ErrandKind.SYNC: Deed.IMPORT_CONTENT,
    ErrandKind.ARCHIVE: Deed.IMPORT_CONTENT,
    ErrandKind.REBUILD: Deed.LOOK_AFTER_HUB,
    ErrandKind.CHECK: Deed.LOOK_AFTER_HUB,
    ErrandKind.BACKUP: Deed.LOOK_AFTER_HUB,
}
_UNDER_WAY = (ErrandState.WAITING, ErrandState.RUNNING)


def prepare_import(session: Session, actor: Actor, table: str, *, name: str, size: int, blob: str) -> Errand:
    """A file was brought; it is read when `begin` says so. `blob` is where its bytes are."""
    require(actor, TABLE_DEEDS[table])
    given = {"table": table, "bytes": size, "blob": blob, "mapping": "", "publish": False}
    return _add(session, actor, ErrandKind.IMPORT, name, ErrandState.PREPARED, given)


def change_import(session: Session, actor: Actor, errand: Errand, *, mapping: str, publish: bool) -> None:
    """Say how a prepared file is to be read. Raises Conflict when it was begun meanwhile."""
    held = _held(session, actor, errand, ErrandState.PREPARED, "It was begun already; bring the file again.")
    held.given = held.given | {"mapping": mapping, "publish": publish}
    session.flush()


def begin_import(session: Session, actor: Actor, errand: Errand) -> None:
    """Let it run. Harmless when repeated."""
    if errand.state in _UNDER_WAY:
        return
    held = _held(session, actor, errand, ErrandState.PREPARED, "It has run already; bring the file again.")
    held.state, held.asked_at, held.total = ErrandState.WAITING, clock.now(), int(held.given["bytes"])
    session.flush()
    _tell(session, EventName.ERRAND_ASKED, actor, held)


def drop_import(session: Session, actor: Actor, errand: Errand) -> str:
    """Forget a prepared file; answers the key of its bytes, which are the caller's to delete."""
    held = _held(session, actor, errand, ErrandState.PREPARED, "It was begun already, so its record stays.")
    session.delete(held)
    session.flush()
    return str(held.given["blob"])


def ask(session: Session, actor: Actor, kind: ErrandKind, name: str, **given: Any) -> Errand:
    """One of the same kind that waits or runs already is answered instead. Raises NotAllowed."""
    require(actor, _DEEDS[kind])
    under_way = select(Errand).where(Errand.kind == kind, col(Errand.state).in_(_UNDER_WAY))
    if (same := session.exec(under_way.order_by(col(Errand.id)).limit(1)).first()) is not None:
        return same
    errand = _add(session, actor, kind, name, ErrandState.WAITING, given)
    _tell(session, EventName.ERRAND_ASKED, actor, errand)
    return errand


def find(session: Session, actor: Actor, errand_id: int) -> Errand:
    """Raises NotFound, also for what the actor may not ask for."""
    errand = session.get(Errand, errand_id)
    if errand is None or not may(actor, deed_of(errand)):
        raise NotFound(f"There is no import {errand_id}.")
    return errand


def errands(
    session: Session, actor: Actor, kinds: Collection[ErrandKind], *, limit: int, cursor: str | None
) -> tuple[list[tuple[Errand, Person | None]], int, str | None]:
    """Newest first, with who asked: (the page, how many in all, the cursor of the next page)."""
    for kind in kinds:
        require(actor, _DEEDS.get(kind, Deed.IMPORT_CONTENT))
    query = select(Errand, Person).outerjoin(Person, col(Person.id) == Errand.asked_by)
    query = query.where(col(Errand.kind).in_(kinds))
    total = session.exec(select(func.count()).select_from(Errand).where(col(Errand.kind).in_(kinds))).one()
    if position := position_of(cursor, int):
        query = query.where(col(Errand.id) < position[0])
    rows = session.exec(query.order_by(col(Errand.id).desc()).limit(limit + 1)).all()
    page: list[tuple[Errand, Person | None]] = [(errand, person) for errand, person in rows[:limit]]
    return page, total, cursor_of(id_of(page[-1][0])) if len(rows) > limit else None


def last_of(session: Session, kind: ErrandKind, state: ErrandState | None = None) -> Errand | None:
    query = select(Errand).where(Errand.kind == kind)
    if state is not None:
        query = query.where(Errand.state == state)
    return session.exec(query.order_by(col(Errand.id).desc()).limit(1)).first()


def last_mapping(session: Session, table: str) -> str:
    """As the last import of such a table was read, "" when there was none."""
    done = select(Errand).where(Errand.kind == ErrandKind.IMPORT, Errand.state == ErrandState.DONE)
    for errand in session.exec(done.order_by(col(Errand.id).desc()).limit(20)):
        if errand.given.get("table") == table:
            return str(errand.given["mapping"])
    return ""


def deed_of(errand: Errand) -> Deed:
    if errand.kind == ErrandKind.IMPORT:
        return TABLE_DEEDS[errand.given["table"]]
    return _DEEDS[ErrandKind(errand.kind)]


def _add(
    session: Session, actor: Actor, kind: ErrandKind, name: str, state: ErrandState, given: dict[str, Any]
) -> Errand:
    errand = Errand(kind=kind, name=name, state=state, asked_by=actor.id, asked_at=clock.now(), given=given)
    session.add(errand)
    session.flush()
    return errand


def _held(session: Session, actor: Actor, errand: Errand, state: ErrandState, otherwise: str) -> Errand:
    require(actor, deed_of(errand))
    held = session.get(Errand, errand.id, populate_existing=True, with_for_update=True)
    if held is None or held.state != state:
        raise Conflict(otherwise)
    return held


def _tell(session: Session, name: EventName, actor: Actor, errand: Errand) -> None:
    told = {key: errand.given[key] for key in ("table", "publish") if key in errand.given}
    record(session, name, actor_id=actor.id, subject=("errand", errand.id, errand.name), kind=errand.kind, **told)
