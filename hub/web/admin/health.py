"""How the hub is, part by part, each with its cure; the index compared and built anew; backups; first steps."""

import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse, Response

from hub import clock
from hub.errands import asking, condition, first_steps
from hub.errands.condition import Condition
from hub.errands.first_steps import Step
from hub.errands.models import ErrandKind
from hub.errands.work import BACKUPS
from hub.errors import NotFound
from hub.http import Door, DoorDep, HubRoute, access
from hub.people.roles import Deed, require
from hub.people.schemas import MAX_ID
from hub.search.engine import Health
from hub.web import shell
from hub.web.admin.errands import IN_HEALTH, ErrandView, show, view

router = APIRouter(prefix="/admin/health", tags=["pages"], route_class=HubRoute, include_in_schema=False)
_LOOK = access(Deed.LOOK_AFTER_HUB)
PAST = 6
_BACKUP = re.compile(r"hub-[0-9-]{1,30}\.zip")
# Longer than this nothing should wait while a worker runs.
_LAG = 60


@dataclass(frozen=True, slots=True)
class HealthPage:
    condition: Condition
    search: Health
    database: str
    lags: bool
    past: list[ErrandView]
    steps: list[Step]
    hub_version: str
    python: str

    @property
    def steps_done(self) -> int:
        return sum(step.done for step in self.steps)


@router.get("", **_LOOK)
def show_health(door: DoorDep) -> Response:
    hub = door.hub
    with door.reading() as (session, actor):
        found = condition.condition(session, actor, hub.settings)
        rows, _, _ = asking.errands(session, actor, IN_HEALTH, limit=PAST, cursor=None)
        past = [view(errand, person) for errand, person in rows]
        steps = first_steps.first_steps(session, actor, hub.settings)
    oldest = found.outbox.oldest
    shown = HealthPage(
        condition=found,
        search=hub.search.engine.health(),
        database="SQLite" if hub.database.is_sqlite else "PostgreSQL",
        lags=oldest is not None and (clock.now() - oldest).total_seconds() > _LAG,
        past=past,
        steps=steps,
        hub_version=version("messaging-hub"),
        python=platform.python_version(),
    )
    return shell.page(door, actor, "admin/health.html", shown, here="health")


@router.post("/rebuild", **_LOOK)
def rebuild(door: DoorDep) -> Response:
    return _ask(door, ErrandKind.REBUILD, "search index")


@router.post("/check", **_LOOK)
def check(door: DoorDep) -> Response:
    return _ask(door, ErrandKind.CHECK, "search index")


@router.post("/backup", **_LOOK)
def back_up(door: DoorDep) -> Response:
    return _ask(door, ErrandKind.BACKUP, "the whole hub")


@router.post("/deliveries", **_LOOK)
def deliver_again(door: DoorDep) -> Response:
    with door.writing() as (session, actor):
        condition.try_again(session, actor)
    return shell.back("/admin/health", told="delivery-again")


@router.get("/runs/{errand_id}", **_LOOK)
def show_run(door: DoorDep, errand_id: Annotated[int, Path(ge=1, le=MAX_ID)]) -> Response:
    return show(door, errand_id, here="health")


@router.get("/backups/{name}", **_LOOK)
def download_backup(door: DoorDep, name: str) -> Response:
    """A backup holds everything: it goes out to admins only, and is kept by no cache."""
    with door.reading() as (_, actor):
        require(actor, Deed.LOOK_AFTER_HUB)
    file = door.hub.settings.data_dir / BACKUPS / name
    if not _BACKUP.fullmatch(name) or not file.is_file():
        raise NotFound("There is no such backup in the data directory.")
    headers = {"Cache-Control": "private, no-store"}
    return FileResponse(file, media_type="application/zip", filename=name, headers=headers)


def _ask(door: Door, kind: ErrandKind, name: str) -> Response:
    with door.writing() as (session, actor):
        errand = asking.ask(session, actor, kind, name)
    return shell.back(f"/admin/health/runs/{errand.id}")
