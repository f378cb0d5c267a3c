"""What all commands share: opening the hub, answering for people or programs, progress, and errors as sentences.

With `--json` exactly one JSON object goes to stdout; progress and log lines go to stderr either way. Exit codes:
0 done, 1 something was refused, 2 wrong usage.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec, TypeVar

import typer

if TYPE_CHECKING:
    from rich.progress import Progress

    from hub.blobs import Blobs
    from hub.db import Database
    from hub.search.engine import Engine
    from hub.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for programs.")]
P = ParamSpec("P")
R = TypeVar("R")


@dataclass
class OpenHub:
    settings: "Settings"
    database: "Database"
    blobs: "Blobs"

    def engine(self) -> "Engine":
        """The search engine, opened when a command needs it."""
        from hub.search import engines

        return engines.open_engine(self.settings, engines.load_configuration())


@contextmanager
def opened(*, migrated: bool = True) -> Iterator[OpenHub]:
    """The hub's parts for a command, with the schema brought up to date first."""
    from hub import migrations, tables  # noqa: F401 - a command may need a table that its own rooms do not name
    from hub.blobs import Blobs
    from hub.db import Database
    from hub.observability import set_up_logging
    from hub.settings import from_environment

    settings = from_environment().prepared()
    set_up_logging(settings)
    database = Database(settings.resolved_database_url)
    try:
        if migrated:
            migrations.upgrade(database)
        yield OpenHub(settings, database, Blobs(settings.resolved_blob_url))
    finally:
        database.close()


def explained(command: Callable[P, R]) -> Callable[P, R]:
    """Business errors as sentences on stderr (or JSON on stdout) and exit code 1, never a stack trace."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from hub.errors import HubError

        try:
            return command(*args, **kwargs)
        except HubError as error:
            if kwargs.get("as_json"):
                faults = [{"loc": list(fault.loc), "message": fault.message} for fault in error.errors]
                say_json({"error": error.title, "detail": error.detail, "errors": faults, **error.extra})
            else:
                tell(f"{error.title}: {error.detail}")
                for fault in error.errors:
                    tell(f"  {'.'.join(str(part) for part in fault.loc)}: {fault.message}")
                if changed := error.extra.get("changed_meanwhile"):
                    tell(f"What changed meanwhile:\n{changed}")
            raise typer.Exit(1) from error

    return run


def say_json(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, default=str) + "\n")


def tell(line: str) -> None:
    """A line for the person, on stderr, so that stdout stays for the answer."""
    sys.stderr.write(line + "\n")


@contextmanager
def progress(*, quiet: bool = False) -> Iterator["Progress"]:
    """A bar on stderr; nothing when stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        yield bar
