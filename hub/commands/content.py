"""The content folder from the command line: `hub content check|sync|export|conflicts|resolve`, and `hub
import`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.commands.terminal import AsJson, OpenHub, explained, opened, progress, say_json, tell

if TYPE_CHECKING:
    from hub.commands.tables import Reader
    from hub.content.folder import Folder
    from hub.content.sync_report import FolderReport
    from hub.imports.report import ImportReport

_MOST_SHOWN = 100

app = typer.Typer(
    help="The content folder: check it, bring it in, write it out, settle conflicts.", no_args_is_help=True
)
Dir = Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The folder; HUB_CONTENT_DIR when left out.")]


@app.command()
@explained
def sync(
    folder: Dir = None,
    retire_missing: Annotated[
        bool, typer.Option("--retire-missing", help="Retire the assets whose files are gone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring new and changed files in, as drafts. Approvals stay as they are. Safe to repeat."""
    from hub.content import sync as syncing

    with opened() as hub, _bar("syncing", quiet=as_json) as moved:
        from hub.taxonomy import terms

        with hub.database.transaction() as session:
            terms.ensure_builtin(session)
        place = _folder(hub, folder)
        report = syncing.sync(hub.database, hub.blobs, place, retire_missing=retire_missing, progress=moved)
    _answer(report, as_json=as_json)


@app.command()
@explained
def check(folder: Dir = None, as_json: AsJson = False) -> None:
    """Say what a sync would refuse, and which links are broken. Writes nothing."""
    from hub.content import check as checking
    from hub.db import Database
    from hub.observability import set_up_logging
    from hub.settings import Settings

    settings = Settings()
    set_up_logging(settings)
    # Opening a database that is not there would make one.
    is_there = settings.database_url or (settings.data_dir / "hub.sqlite3").exists()
    database = Database(settings.resolved_database_url) if is_there else None
    try:
        with _bar("checking", quiet=as_json) as moved:
            report = checking.check(database, _folder_at(settings, folder), progress=moved)
    finally:
        if database is not None:
            database.close()
    _answer(report, as_json=as_json)


@app.command()
@explained
def export(
    folder: Dir = None,
    live: Annotated[bool, typer.Option("--live", help="The live texts instead of the newest.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the library out as content files. A file edited since the last sync is left alone. Safe to repeat."""
    from hub.content import export as exporting

    with opened() as hub, _bar("exporting", quiet=as_json) as moved:
        report = exporting.export(hub.database, hub.blobs, _folder(hub, folder), live=live, progress=moved)
    _answer(report, as_json=as_json)


@app.command()
@explained
def conflicts(as_json: AsJson = False) -> None:
    """Show what changed both in a file and in the hub, with both texts."""
    from hub.content import conflicts as disputes
    from hub.people.roles import HUB

    with opened() as hub, hub.database.reading() as session:
        found = disputes.open_conflicts(session, HUB)
    if as_json:
        say_json({"conflicts": [conflict.model_dump(mode="json") for conflict in found]})
        return
    for conflict in found:
        print(f"{_plain(conflict.path)} ({conflict.slug})")
        print(_plain(conflict.difference, keep="\n\t"))
    tell(
        f"{len(found)} conflicts. `hub content resolve PATH --take file|hub` settles one." if found else "No conflicts."
    )


@app.command()
@explained
def resolve(
    path: Annotated[str, typer.Argument(help="The file, as `hub content conflicts` names it.")],
    take: Annotated[Literal["file", "hub"], typer.Option(help="The text that becomes the newest version.")],
    as_json: AsJson = False,
) -> None:
    """Choose the file's text or the hub's. The other one stays on record."""
    from hub.content import conflicts as disputes
    from hub.people.roles import HUB

    with opened() as hub, hub.database.transaction() as session:
        asset = disputes.resolve(session, HUB, path, take=take)
    if as_json:
        say_json({"path": path, "slug": asset.slug, "take": take, "version": asset.head_number})
    elif take == "file":
        tell(f"The file's text is version {asset.head_number} of {asset.slug}, a draft.")
    else:
        tell(f"{asset.slug} stays as it is in the hub; `hub content export` writes it over the file.")


@explained
def import_files(
    assets: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV file with assets.")] = None,
    deals: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV file with deals.")] = None,
    stages: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV file with the deals' stage history.")] = None,
    uses: Annotated[Path | None, typer.Option(metavar="FILE", help="CSV file with uses of assets on deals.")] = None,
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file that maps columns and values.")
    ] = None,
    publish: Annotated[bool, typer.Option("--publish", help="Put the assets live as imported approvals.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import CSV files. Rows are known by their external id, so importing again changes only what changed."""
    from hub.commands import tables

    files = {"assets": assets, "deals": deals, "stages": stages, "uses": uses}
    if not any(files.values()):
        what = "say what to import: --assets FILE, --deals FILE, --stages FILE, --uses FILE"
        raise typer.BadParameter(what, param_hint="import")
    rules = _text(mapping) if mapping is not None else ""
    readers = tables.readers(rules, beside=deals.parent if deals is not None else None, publish=publish)
    reports = {}
    with opened() as hub, tables.rarely_collecting():
        # In the order in which one refers to another; any other order would do as well.
        for name, path in files.items():
            if path is not None:
                reports[name] = _imported(hub, name, path, readers[name], quiet=as_json)
                if not as_json:
                    _say_import(name, reports[name])
    if as_json:
        say_json({name: report.model_dump(mode="json") for name, report in reports.items()})
    if any(report.rejected_rows for report in reports.values()):
        raise typer.Exit(1)


def _imported(hub: OpenHub, name: str, path: Path, read: "Reader", *, quiet: bool) -> "ImportReport":
    with _opened_file(path) as file, _bar(f"importing {name}", quiet=quiet) as moved:
        size = path.stat().st_size
        return read(hub.database, file, lambda done: moved(done, size))


def _folder(hub: OpenHub, folder: Path | None) -> "Folder":
    return _folder_at(hub.settings, folder)


def _folder_at(settings: Any, folder: Path | None) -> "Folder":
    from hub.content.folder import Folder

    root = folder if folder is not None else settings.content_dir
    return Folder.at(root, configured=settings.content_dir, max_attachment_bytes=settings.max_attachment_bytes)


@contextmanager
def _bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    with progress(quiet=quiet) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _opened_file(path: Path) -> Iterator[Any]:
    from hub.errors import NotFound

    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFound(
            f"{_plain(str(path))} cannot be read: {(error.strerror or 'unknown trouble').lower()}."
        ) from error
    with file:
        yield file


def _text(path: Path) -> str:
    from hub.errors import Invalid

    with _opened_file(path) as file:
        try:
            return str(file.read(1_000_000).decode())
        except UnicodeDecodeError:
            raise Invalid(f"{_plain(str(path))} is not UTF-8; save it with the encoding UTF-8.") from None


def _answer(report: "FolderReport", *, as_json: bool) -> None:
    if as_json:
        say_json(report.as_json())
    else:
        _say(report)
    if report.refused_something:
        raise typer.Exit(1)


def _say(report: "FolderReport") -> None:
    words = report.taxonomy
    if words is not None and (words.new or words.changed or words.rejected):
        print(f"taxonomy: {words.read} terms read, {words.new} new, {words.changed} changed")
        for refused in words.rejected:
            print(f"  {refused.file}:{refused.line}: {_plain(refused.reason)}")
    print(_counts("files", report))
    for moved in report.renamed:
        print(f"  renamed: {_plain(moved.from_path)} → {_plain(moved.to)} ({moved.slug})")
    for path in report.missing:
        print(f"  missing: {_plain(path)}")
    for slug in report.retired:
        print(f"  retired: {slug}")
    for rejected in report.rejected:
        print(f"  {_plain(rejected.file)}:{rejected.line}: {_plain(rejected.reason)}")
    for link in report.broken_links:
        print(f"  {_plain(link.file)}:{link.line}: the link to {_plain(link.target)} leads nowhere")
    if report.missing and not report.retired:
        tell("Assets of missing files stay as they are; `hub content sync --retire-missing` retires them.")


def _say_import(name: str, report: "ImportReport") -> None:
    counts = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged"
    print(f"{name}: {report.read} rows read: {counts}, {report.rejected_rows} rejected")
    for term in report.added_terms:
        print(f"  new word, to be confirmed: {term.vocabulary}: {_plain(term.label)}")
    for rejected in report.rejected[:_MOST_SHOWN]:
        print(f"  row {rejected.row}, {_plain(rejected.column)}: {_plain(rejected.reason)}")
    if report.rejected_rows > _MOST_SHOWN:
        print(f"  and {report.rejected_rows - _MOST_SHOWN} more rows; `--json` lists them")


def _counts(what: str, report: Any) -> str:
    counts = f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged"
    return f"{report.read} {what} read: {counts}, {len(report.rejected)} rejected"


def _plain(text: str, *, keep: str = "") -> str:
    """Nothing that came from a file may steer the terminal."""
    return "".join(c if c.isprintable() or c in keep else "\N{REPLACEMENT CHARACTER}" for c in text)
