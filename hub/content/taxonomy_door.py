"""Writing taxonomy.yaml beside exported content files, without undoing what somebody wrote there.

A file that says what the hub says stays as it is, with its comments and its order of keys.
"""

from hub.content.folder import TAXONOMY, FileRefused, Folder
from hub.db import Database
from hub.people.roles import HUB
from hub.taxonomy import sync, taxonomy_file
from hub.taxonomy.builtin import BUILTIN


def write_taxonomy(database: Database, folder: Folder) -> str | None:
    """Write the hub's terms where the folder is the configured one or has such a file. Returns why it could not."""
    try:
        present = folder.read_taxonomy()
        if present is None and folder.label != "":
            return None
        with database.reading() as session:
            wanted = sync.export_text(session)
        if present is None or not _say_the_same(present, wanted):
            if present is not None and _brings_something(database, folder, present):
                return "was changed since the last sync and would be overwritten; run `hub content sync` first"
            folder.write(TAXONOMY, wanted.encode())
    except FileRefused as refused:
        return refused.reason
    return None


Said = list[tuple[str, str, list[tuple[str, object]]]]


def _say_the_same(present: str, wanted: str) -> bool:
    in_file, in_hub = _said(present), _said(wanted)
    named = {(vocabulary, key) for vocabulary, key, _ in in_file}
    return in_file == [it for it in in_hub if it[:2] in named or not _goes_without_saying(it)]


def _said(text: str) -> Said:
    """Everything a file states, in its order within each vocabulary; what is empty is not said."""
    statements = sorted(taxonomy_file.read(text, name=TAXONOMY).statements, key=lambda it: it.vocabulary)
    return [
        (it.vocabulary, it.key, sorted((name, value) for name, value in it.stated().items() if value))
        for it in statements
    ]


def _goes_without_saying(said: tuple[str, str, list[tuple[str, object]]]) -> bool:
    """Every hub has these terms; a file need not name one that is as the hub made it."""
    vocabulary, key, fields = said
    label, text = BUILTIN.get(vocabulary, {}).get(key, ("", {}))
    made = {"label": label} | {f"text.{name}": value for name, value in text.items()}
    return dict(fields) == made


def _brings_something(database: Database, folder: Folder, text: str) -> bool:
    """Whether a sync would take anything from the file; tried out, and undone."""
    name = f"{folder.label}/{TAXONOMY}".lstrip("/")
    with database.transaction() as session:
        report = sync.sync_file(session, HUB, text, name=name)
        session.rollback()
        session.info.pop("events_recorded", None)
    return bool(report.new or report.changed or report.rejected)
