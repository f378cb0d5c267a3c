"""The bare parts: the least that the same libraries can do of a piece of the hub's work, each run as its own process.

`python -m bench.bare PART ARGUMENTS…`. None of this checks, records, approves or forgives anything.
"""

import csv
import hashlib
import shutil
import sqlite3
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path


def serve(port: str) -> None:
    """FastAPI on uvicorn with one `def` endpoint that returns a small model."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Small(BaseModel):
        slug: str
        title: str
        version: int
        personas: list[str]

    app = FastAPI()

    @app.get("/small")
    def read_small() -> Small:
        return Small(slug="a", title="A", version=1, personas=["cfo", "cto"])

    uvicorn.run(app, port=int(port), log_config=None, access_log=False, server_header=False)


def sync(folder: str, database: str) -> None:
    """PyYAML, markdown-it, nh3 and one table: every file read, rendered, made safe and kept."""
    import nh3
    import yaml
    from markdown_it import MarkdownIt

    renderer = MarkdownIt("gfm-like")
    rows = []
    for file in sorted(Path(folder).rglob("*.md")):
        text = file.read_text(encoding="utf-8")
        front, _, body = text.removeprefix("---\n").partition("\n---\n") if text.startswith("---\n") else ("", "", text)
        rows.append((file.name, repr(yaml.load(front, yaml.CSafeLoader)), nh3.clean(renderer.render(body))))
    _keep(database, rows)


def hashes(folder: str) -> None:
    """Every file read and its SHA-256 taken."""
    for file in Path(folder).rglob("*"):
        if file.is_file():
            hashlib.sha256(file.read_bytes()).hexdigest()


def table(file: str, database: str) -> None:
    """The csv module and one table."""
    with Path(file).open(encoding="utf-8", newline="") as lines:
        _keep(database, [tuple(row) for row in csv.reader(lines)])


def zipped(database: str, file: str) -> None:
    """SQLite's own backup, in a zip file."""
    copy = Path(file).with_suffix(".copy")
    with sqlite3.connect(database) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(copy, "hub.sqlite3")
    copy.unlink()


def unzipped(file: str, database: str) -> None:
    """The database out of a zip file, and its integrity looked at."""
    with zipfile.ZipFile(file) as archive, archive.open("hub.sqlite3") as source, Path(database).open("wb") as target:
        shutil.copyfileobj(source, target)
    sqlite3.connect(database).execute("PRAGMA integrity_check").fetchall()


def libraries() -> None:
    """The libraries that a migration needs, imported."""
    import alembic.command
    import sqlmodel

    assert alembic.command
    assert sqlmodel


def help_page() -> None:
    """A command line of one command, made with typer."""
    import typer

    app = typer.Typer(add_completion=False)

    @app.command()
    def nothing() -> None:
        """Does nothing."""

    app(["--help"])


def _keep(database: str, rows: Sequence[tuple[str, ...]]) -> None:
    with sqlite3.connect(database) as connection:
        places = ", ".join("?" * len(rows[0]))
        connection.execute(f"CREATE TABLE kept ({', '.join(f'column_{place}' for place in range(len(rows[0])))})")
        connection.executemany(f"INSERT INTO kept VALUES ({places})", rows)  # noqa: S608 - question marks only


PARTS = {part.__name__: part for part in (serve, sync, hashes, table, zipped, unzipped, libraries, help_page)}

if __name__ == "__main__":
    PARTS[sys.argv[1]](*sys.argv[2:])
