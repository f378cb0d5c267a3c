"""Imports: bring a file, say how it is to be read, see what would happen, let it run, read the report. And the other
ways in: the content folder, the CRMs.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse

from hub import shipped
from hub.content import conflicts
from hub.deals.sources import receipts, states
from hub.deals.sources.receipts import Failure
from hub.deals.sources.states import CrmState
from hub.errands import asking, looking, work
from hub.errands.imports import rejected_key
from hub.errands.looking import LOOKED_AT, Look
from hub.errands.models import Errand, ErrandKind, ErrandState
from hub.errands.tables import TABLES, Importable
from hub.errors import Fault, HubError, Invalid, NotFound
from hub.http import Door, DoorDep, HubRoute, access
from hub.imports.mapping import SOURCE, Mapping
from hub.imports.mapping_file import written
from hub.people.roles import Deed, require
from hub.people.schemas import MAX_ID
from hub.web import shell
from hub.web.admin.errands import IN_IMPORTS, ErrandView, show, view
from hub.web.admin.upload import Upload, uploaded
from hub.web.forms import Form, FormDep

router = APIRouter(prefix="/imports", tags=["pages"], route_class=HubRoute, include_in_schema=False)
PAST = 20
_ANY_SIZE = 2**50  # `upload` asks the setting
_MOST_SAVED = 50
ErrandId = Annotated[int, Path(ge=1, le=MAX_ID)]
Cursor = Annotated[str | None, Query(max_length=500)]
_DO = access(Deed.IMPORT_CONTENT)
TITLES = {
    "deals": ("Deals", "One row a deal: owner, outcome, dates, amount."),
    "stages": ("Stage history", "One row for each stage that a deal was in."),
    "uses": ("Uses", "What was shown, sent or said on which deal."),
    "assets": ("Assets", "Texts of another library, with their tags."),
}
DATES = (
    ("", "2027-03-31"), ("%d.%m.%Y", "31.03.2027"), ("%d/%m/%Y", "31/03/2027"), ("%m/%d/%Y", "03/31/2027"),
    ("%d-%m-%Y", "31-03-2027"), ("%m/%d/%y", "03/31/27"), ("%d.%m.%Y %H:%M", "31.03.2027 14:05"),
    ("%m/%d/%Y %H:%M", "03/31/2027 14:05"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FolderView:
    """`files` is None when there is no such folder."""

    name: str
    files: int | None
    conflicts: int


@dataclass(frozen=True, slots=True)
class ImportsPage:
    titles: dict[str, tuple[str, str]]
    chosen: str
    saved: list[tuple[str, str]]
    most: int
    past: list[ErrandView]
    total: int
    next: str | None
    folder: FolderView
    crms: list[CrmState]
    problem: HubError | None
    faults: dict[str, str]


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One of our columns. `fixed` is theirs of the same name, which is read unless another one is chosen."""

    name: str
    needed: bool
    chosen: str
    fixed: bool
    explained: str
    otherwise: str | None


@dataclass(frozen=True, slots=True)
class WordRow:
    word: str
    chosen: str
    at: str


@dataclass(frozen=True, slots=True)
class MappingPage:
    errand: ErrandView
    size: int
    columns: list[ColumnRow]
    words: dict[str, list[WordRow]]
    choices: dict[str, list[str]]
    source: str
    dates: str | None
    patterns: tuple[tuple[str, str], ...]
    decimal_comma: bool | None
    publish: bool | None
    look: Look
    problem: HubError | None


@dataclass(frozen=True, slots=True)
class FailuresPage:
    rows: list[Failure]
    total: int
    next: str | None


@router.get("", **_DO)
def show_imports(door: DoorDep, cursor: Cursor = None, table: str = "deals") -> Response:
    return _imports(door, None, chosen=table if table in TABLES else "deals", cursor=cursor)


@router.post("", max_body_size=_ANY_SIZE, **_DO)
async def bring_file(door: DoorDep, request: Request) -> Response:
    """Keeps the file and asks how to read it; nothing of it is imported yet."""
    await run_in_threadpool(_require_import, door)
    try:
        async with uploaded(request) as upload:
            errand_id = await run_in_threadpool(_keep, door, upload)
    except HubError as problem:
        return await run_in_threadpool(_imports, door, problem, chosen="deals")
    return shell.back(f"/imports/{errand_id}")


@router.post("/folder", **_DO)
def sync_folder(door: DoorDep, form: FormDep) -> Response:
    with door.writing() as (session, actor):
        publish = bool(form.text("publish"))
        folder = door.hub.settings.content_dir.resolve().name
        errand = asking.ask(session, actor, ErrandKind.SYNC, folder, folder=work.OWN, publish=publish)
    return shell.back(f"/imports/{errand.id}")


@router.post("/archive", **_DO)
def make_archive(door: DoorDep, form: FormDep) -> Response:
    with door.writing() as (session, actor):
        live = form.text("which") == "live"
        name = "live texts" if live else "newest texts"
        errand = asking.ask(session, actor, ErrandKind.ARCHIVE, name, live=live)
    return shell.back(f"/imports/{errand.id}")


@router.get("/failures", **access(Deed.IMPORT_DEALS))
def show_failures(door: DoorDep, cursor: Cursor = None) -> Response:
    """What came from a CRM and could not be taken, with its cure."""
    with door.reading() as (session, actor):
        page = receipts.list_failures(session, actor, limit=PAST, cursor=cursor)
    shown = FailuresPage(page.items, page.total, page.next)
    return shell.page(door, actor, "admin/failures.html", shown, here="imports")


@router.get("/{errand_id}", **_DO)
def show_import(door: DoorDep, errand_id: ErrandId) -> Response:
    with door.reading() as (session, actor):
        errand = asking.find(session, actor, errand_id)
    if errand.state == ErrandState.PREPARED:
        return _mapping_page(door, errand, None, None)
    return show(door, errand_id, here="imports")


@router.post("/{errand_id}/mapping", **_DO)
def say_mapping(door: DoorDep, errand_id: ErrandId, form: FormDep) -> Response:
    """Keeps how the file is to be read, and shows what that would do; `do=run` lets it run."""
    with door.reading() as (session, actor):
        errand = asking.find(session, actor, errand_id)
    if errand.state != ErrandState.PREPARED:
        return shell.back(f"/imports/{errand_id}")
    table, given = TABLES[errand.given["table"]], None
    try:
        given = _rules(table, form, before=_begun(errand))
        with door.writing() as (session, actor):
            text, publish = written(table.name, given), bool(form.text("publish"))
            asking.change_import(session, actor, errand, mapping=text, publish=publish)
        if form.text("do") == "run":
            _require_readable(door, errand, table, given)
            with door.writing() as (session, actor):
                asking.begin_import(session, actor, asking.find(session, actor, errand_id))
    except HubError as problem:
        return _mapping_page(door, errand, given, problem)
    return shell.back(f"/imports/{errand_id}" + ("" if form.text("do") == "run" else "#what-would-happen"))


@router.post("/{errand_id}/removal", **_DO)
def drop_file(door: DoorDep, errand_id: ErrandId) -> Response:
    with door.writing() as (session, actor):
        blob = asking.drop_import(session, actor, asking.find(session, actor, errand_id))
    door.hub.blobs.delete(blob)
    return shell.back("/imports", told="file-forgotten")


@router.get("/{errand_id}/mapping.toml", **_DO)
def download_mapping(door: DoorDep, errand_id: ErrandId) -> Response:
    """The file that `hub import --mapping` takes."""
    with door.reading() as (session, actor):
        errand = asking.find(session, actor, errand_id)
    if errand.kind != ErrandKind.IMPORT:
        raise NotFound("This has no mapping.")
    text = errand.given["mapping"] or written(errand.given["table"], _begun(errand))
    return _file([text.encode()], f"{errand.given['table']}-mapping.toml", "application/toml")


@router.get("/{errand_id}/rejected.csv", **_DO)
def download_rejected(door: DoorDep, errand_id: ErrandId) -> Response:
    """The rejected rows as they were, with the reason beside each."""
    with door.reading() as (session, actor):
        errand = asking.find(session, actor, errand_id)
    key = rejected_key(errand_id)
    if not door.hub.blobs.has(key):
        raise NotFound("No rows of this import were rejected.")
    stem = FilePath(errand.name).stem[:80]
    return _file(door.hub.blobs.parts(key), f"{stem}-rejected.csv", "text/csv; charset=utf-8")


@router.get("/{errand_id}/library.zip", **_DO)
def download_archive(door: DoorDep, errand_id: ErrandId) -> Response:
    with door.reading() as (session, actor):
        errand = asking.find(session, actor, errand_id)
    key = work.archive_key(errand_id)
    if errand.kind != ErrandKind.ARCHIVE or not door.hub.blobs.has(key):
        raise NotFound("There is no such archive. Make a new one on the page of imports.")
    return _file(door.hub.blobs.parts(key), f"library-{errand.asked_at:%Y-%m-%d}.zip", "application/zip")


def _require_import(door: Door) -> None:
    with door.reading() as (_, actor):
        require(actor, Deed.IMPORT_CONTENT)


def _keep(door: Door, upload: Upload) -> int:
    table = upload.form.text("table")
    if table not in TABLES:
        raise Invalid("Say what the file holds.", errors=[Fault(("body", "table"), "choose one")])
    hub, key = door.hub, f"imports/{secrets.token_hex(16)}"
    data = upload.file.read(LOOKED_AT)
    looking.columns_of(data, table)  # what is no CSV at all is refused here, with its reason
    mapping = upload.mapping or _saved(door, upload.form.text("saved"))
    if mapping:
        TABLES[table].rules_of(mapping)
    upload.file.seek(0)
    hub.blobs.put_file(key, upload.file)
    with door.writing() as (session, actor):
        errand = asking.prepare_import(session, actor, table, name=upload.name, size=upload.size, blob=key)
        chosen = TABLES[table].rules_of(mapping or asking.last_mapping(session, table))
        rules = looking.guessed(TABLES[table], data, based_on=chosen)
        asking.change_import(session, actor, errand, mapping=written(table, rules), publish=False)
    return errand.id or 0


def _saved(door: Door, name: str) -> str:
    """A mapping kept beside the content, by its name in the list."""
    if not name:
        return ""
    if name not in _saved_names(door):
        raise Invalid("There is no such mapping.", errors=[Fault(("body", "saved"), "choose one of the list")])
    return _saved_file(door, name).read_text(encoding="utf-8")


def _saved_file(door: Door, name: str) -> FilePath:
    own = door.hub.settings.content_dir / "_mappings" / name
    return own if own.is_file() else shipped.folder("content") / "_mappings" / name


def _saved_names(door: Door) -> list[str]:
    places = (door.hub.settings.content_dir, shipped.folder("content"))
    found = {file.name for place in places for file in (place / "_mappings").glob("*.toml")}
    return sorted(found)[:_MOST_SAVED]


def _imports(door: Door, problem: HubError | None, *, chosen: str, cursor: str | None = None) -> Response:
    settings = door.hub.settings
    with door.reading() as (session, actor):
        rows, total, following = asking.errands(session, actor, IN_IMPORTS, limit=PAST, cursor=cursor)
        waiting = len(conflicts.open_conflicts(session, actor))
        crms = states.states(session, actor, settings)
    shown = ImportsPage(
        titles=TITLES,
        chosen=chosen,
        saved=[(name, name) for name in _saved_names(door)],
        most=settings.max_import_bytes,
        past=[view(errand, person) for errand, person in rows],
        total=total,
        next=following,
        folder=FolderView(settings.content_dir.resolve().name, _texts_in(settings.content_dir), waiting),
        crms=crms,
        problem=problem,
        faults=shell.faults_by_field(problem),
    )
    return shell.page(
        door, actor, "admin/imports.html", shown, here="imports", status=problem.status if problem else 200
    )


def _texts_in(folder: FilePath) -> int | None:
    from hub.content.folder import Folder

    try:
        return len(Folder.at(folder, configured=folder, max_attachment_bytes=0).list_files().files)
    except HubError:
        return None


def _beginning(door: Door, errand: Errand) -> tuple[bytes, bool]:
    data = door.hub.blobs.beginning(errand.given["blob"], LOOKED_AT)
    if data is None:
        raise NotFound("The file is gone from the store of this hub. Bring it again.")
    return data, len(data) >= int(errand.given["bytes"])


def _begun(errand: Errand) -> Mapping:
    return TABLES[errand.given["table"]].rules_of(errand.given["mapping"])


def _require_readable(door: Door, errand: Errand, table: Importable, rules: Mapping) -> None:
    """Raises what would make the whole import fail, before it begins."""
    data, whole = _beginning(door, errand)
    with door.reading() as (session, _):
        if (problem := looking.look(session, table, data, rules, whole=whole).problem) is not None:
            raise problem


def _mapping_page(door: Door, errand: Errand, rules: Mapping | None, problem: HubError | None) -> Response:
    table = TABLES[errand.given["table"]]
    data, whole = _beginning(door, errand)
    told: Any = rules or _begun(errand)
    with door.reading() as (session, actor):
        look = looking.look(session, table, data, told, whole=whole)
    present = {name.casefold() for name in look.columns}
    shown = MappingPage(
        errand=view(errand),
        size=int(errand.given["bytes"]),
        columns=[_column(table, told, name, look.columns, present) for name in table.columns],
        words={name: _words(told, name, words) for name, words in look.words.items()},
        choices={name: list(words) for name, words in table.meanings.items()},
        source=told.source,
        dates=getattr(told, "dates", None),
        patterns=_patterns(getattr(told, "dates", "")),
        decimal_comma=getattr(told, "decimal_comma", None),
        publish=bool(errand.given["publish"]) if table.name == "assets" else None,
        look=look,
        problem=problem,
    )
    status = problem.status if problem else 200
    return shell.page(door, actor, "admin/mapping.html", shown, here="imports", status=status)


def _column(table: Importable, rules: Mapping, name: str, theirs: list[str], present: set[str]) -> ColumnRow:
    folded = {it.casefold(): it for it in reversed(theirs)}
    chosen = folded.get(rules.columns.get(name, name).casefold(), "")
    return ColumnRow(
        name=name,
        needed=name in table.required,
        chosen=chosen,
        fixed=name in present,
        explained=table.explained.get(name, ""),
        otherwise=rules.defaults.get(name, "") if name in table.otherwise else None,
    )


def _words(rules: Mapping, name: str, words: Iterable[str]) -> list[WordRow]:
    meant = {word.casefold(): ours for word, ours in rules.values.get(name, {}).items()}
    return [WordRow(word, meant.get(word.casefold(), ""), f"{name}.{place}") for place, word in enumerate(words)]


def _patterns(chosen: str) -> tuple[tuple[str, str], ...]:
    return DATES if chosen in dict(DATES) else (*DATES, (chosen, chosen))


def _rules(table: Importable, form: Form, *, before: Mapping) -> Mapping:
    """The form's answers as the table's rules; what the form does not show stays as it was. Raises Invalid."""
    columns = {name: theirs for name in table.columns if (theirs := form.text(f"column.{name}")) and theirs != name}
    values = {name: dict(words) for name, words in before.values.items()}
    for name, choices in table.meanings.items():
        for place in range(looking.MOST_WORDS):
            word, ours = form.text(f"word.{name}.{place}"), form.text(f"means.{name}.{place}")
            values.setdefault(name, {}).pop(word, None)
            if word and ours in choices:
                values[name][word] = ours
    shown = [form.text(f"word.outcome.{place}") for place in range(looking.MOST_WORDS)]
    looking.without_ends_in_stages(columns, values, [word for word in shown if word])
    values = {name: words for name, words in values.items() if words}
    defaults = {name: said for name, said in before.defaults.items() if name not in table.otherwise}
    defaults |= {name: said for name in table.otherwise if (said := form.text(f"otherwise.{name}").strip())}
    more: dict[str, object] = {}
    if "dates" in table.rules.model_fields:
        more["dates"] = form.text("dates")
    if "decimal_comma" in table.rules.model_fields:
        more["decimal_comma"] = bool(form.text("decimal_comma"))
    source = form.text("source").strip() or SOURCE
    return form.read(table.rules, source=source, columns=columns, values=values, defaults=defaults, **more)


def _file(parts: Iterable[bytes], name: str, media_type: str) -> Response:
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)
    headers = {"Content-Disposition": f'attachment; filename="{plain}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(parts, media_type=media_type, headers=headers)
