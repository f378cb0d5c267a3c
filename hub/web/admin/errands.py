"""How an errand is shown: in a list, and by itself while it runs and afterwards. One dataclass for its page and for the
fragment that asks again every second."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi.responses import Response

from hub import clock
from hub.db import id_of
from hub.errands import asking
from hub.errands.models import Errand, ErrandKind, ErrandState
from hub.http import Door
from hub.people.models import Person
from hub.web import shell

NAMES = {
    ErrandKind.SYNC: "Sync of the content folder",
    ErrandKind.ARCHIVE: "Archive of the library",
    ErrandKind.REBUILD: "Search index built anew",
    ErrandKind.CHECK: "Search index compared with the library",
    ErrandKind.BACKUP: "Backup",
}
TABLE_NAMES = {"deals": "deals", "stages": "stage history", "uses": "uses", "assets": "assets"}
_LONG = timedelta(seconds=30)
IN_HEALTH = (ErrandKind.REBUILD, ErrandKind.CHECK, ErrandKind.BACKUP)
IN_IMPORTS = (ErrandKind.IMPORT, ErrandKind.SYNC, ErrandKind.ARCHIVE)


@dataclass(frozen=True, slots=True)
class ErrandView:
    """`share` is how far it is, of 100; None while that is not known."""

    id: int
    kind: str
    table: str
    name: str
    state: str
    by: str
    asked_at: datetime
    finished_at: datetime | None
    seconds: int
    share: int | None
    done: int
    total: int
    attempts: int
    report: dict[str, Any]
    error: str
    address: str
    publish: bool
    file: str

    @property
    def title(self) -> str:
        if self.kind == ErrandKind.IMPORT:
            return f"Import of {TABLE_NAMES[self.table]}"
        return NAMES[ErrandKind(self.kind)]

    @property
    def waits_long(self) -> bool:
        """Whether it seems that nobody does errands."""
        return self.state == ErrandState.WAITING and clock.now() - self.asked_at > _LONG

    @property
    def is_under_way(self) -> bool:
        return self.state in (ErrandState.WAITING, ErrandState.RUNNING)


def view(errand: Errand, person: Person | None = None) -> ErrandView:
    ended = errand.finished_at or clock.now()
    share = min(99, int(100 * errand.done / errand.total)) if errand.total else None
    at = "/admin/health/runs" if errand.kind in IN_HEALTH else "/imports"
    return ErrandView(
        id=id_of(errand),
        kind=errand.kind,
        table=str(errand.given.get("table", "")),
        name=errand.name,
        state=errand.state,
        by=person.name if person else "",
        asked_at=errand.asked_at,
        finished_at=errand.finished_at,
        seconds=max(0, round((ended - errand.started_at).total_seconds())) if errand.started_at else 0,
        share=share,
        done=errand.done,
        total=errand.total,
        attempts=errand.attempts,
        report=errand.report,
        error=errand.error or "",
        address=f"{at}/{errand.id}",
        publish=bool(errand.given.get("publish")),
        file=str(errand.report.get("file", "")),
    )


@dataclass(frozen=True, slots=True)
class ErrandPage:
    errand: ErrandView
    columns: tuple[str, str, str]


def show(door: Door, errand_id: int, *, here: str) -> Response:
    """The page of an errand that has begun, or the part of it that changes."""
    with door.reading() as (session, actor):
        errand = asking.find(session, actor, errand_id)
        person = session.get(Person, errand.asked_by) if errand.asked_by is not None else None
        by_file = errand.kind in (ErrandKind.SYNC, ErrandKind.ARCHIVE)
        shown = ErrandPage(view(errand, person), ("File", "Line", "Reason") if by_file else ("Row", "Column", "Reason"))
    template = "admin/_errand.html" if shell.is_fragment(door.request) else "admin/errand.html"
    return shell.page(door, actor, template, shown, here=here)
