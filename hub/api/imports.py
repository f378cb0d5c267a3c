"""Tables of other systems, uploaded as CSV: the same as `hub import`."""

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile

from hub.content import imports
from hub.content.import_rows import Mapping
from hub.content.imports import ImportReport
from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Deed, require

router = APIRouter(prefix="/imports", tags=["imports"], route_class=HubRoute)


@router.post("/assets", **access(Deed.IMPORT_CONTENT))
def import_assets(
    door: DoorDep,
    file: Annotated[UploadFile, File(description="CSV in UTF-8, columns as `hub import --assets` has them")],
    mapping: Annotated[
        str, Form(max_length=100_000, description="TOML: `[assets.columns]`, `[assets.values.kind]`")
    ] = "",
    publish: Annotated[bool, Form(description="put the assets live, as imported approvals")] = False,
) -> ImportReport:
    """Import assets, known by their external id. Rows are taken in batches; the call may be repeated."""
    with door.reading() as (_, actor):
        require(actor, Deed.IMPORT_CONTENT)
    rules = Mapping.read(mapping)
    return imports.import_assets(door.hub.database, file.file, actor=actor, mapping=rules, publish=publish)
