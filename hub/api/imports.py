"""Tables of other systems, uploaded as CSV: the same as `hub import`."""

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from hub.content.import_rows import AssetMapping
from hub.content.imports import import_assets as take_assets
from hub.deals.import_rows import DealMapping, StageMapping
from hub.deals.imports import import_deals as take_deals
from hub.deals.imports import import_stages as take_stages
from hub.http import DoorDep, HubRoute, access
from hub.imports.report import ImportReport
from hub.people.roles import Deed, require
from hub.usage.import_rows import UseMapping
from hub.usage.imports import import_uses as take_uses

router = APIRouter(prefix="/imports", tags=["imports"], route_class=HubRoute)
Table = Annotated[UploadFile, File(description="CSV in UTF-8, columns as `hub import` has them")]
Rules = Annotated[str, Form(max_length=100_000, description="TOML: a `[….columns]` and `[….values.…]` for the table")]


@router.post("/assets", **access(Deed.IMPORT_CONTENT))
def import_assets(
    door: DoorDep,
    file: Table,
    mapping: Rules = "",
    publish: Annotated[bool, Form(description="put the assets live, as imported approvals")] = False,
) -> ImportReport:
    """Import assets, known by their external id. Rows are taken in batches; the call may be repeated."""
    with door.reading() as (_, actor):
        require(actor, Deed.IMPORT_CONTENT)
    rules = AssetMapping.of(mapping)
    return take_assets(door.hub.database, file.file, actor=actor, mapping=rules, publish=publish)


@router.post("/deals", **access(Deed.IMPORT_DEALS))
def import_deals(door: DoorDep, file: Table, mapping: Rules = "") -> ImportReport:
    """Import deals, known by their id in the source that the mapping names (`csv` without one). May be repeated."""
    with door.reading() as (_, actor):
        require(actor, Deed.IMPORT_DEALS)
    return take_deals(door.hub.database, file.file, actor=actor, mapping=DealMapping.of(mapping))


@router.post("/stages", **access(Deed.IMPORT_DEALS))
def import_stages(door: DoorDep, file: Table, mapping: Rules = "") -> ImportReport:
    """Import the stage history of deals. An entry whose deal is not there yet waits for it. May be repeated."""
    with door.reading() as (_, actor):
        require(actor, Deed.IMPORT_DEALS)
    return take_stages(door.hub.database, file.file, actor=actor, mapping=StageMapping.of(mapping))


@router.post("/uses", **access(Deed.IMPORT_USES))
def import_uses(door: DoorDep, file: Table, mapping: Rules = "") -> ImportReport:
    """Import uses, known by their id in the source that the mapping names. A use whose deal is not there yet waits for
    it. May be repeated."""
    with door.reading() as (_, actor):
        require(actor, Deed.IMPORT_USES)
    return take_uses(door.hub.database, file.file, actor=actor, mapping=UseMapping.of(mapping))
