"""Keeping and bringing back a whole hub: `backup`, `restore`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hub.commands.terminal import AsJson, OpenHub, explained, opened, progress, say_json, tell


@explained
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an earlier backup of that name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write database, attached files and signing key to FILE, while the hub runs. It holds secrets: keep it safe."""
    from hub.archives.backup import back_up

    with opened() as hub, _bar("Backing up") as told:
        made = back_up(hub.database, hub.blobs, hub.settings, file, force=force, progress=told)
    if as_json:
        say_json(asdict(made))
    else:
        tell(f"{made.file}: {made.rows:,} rows of {made.tables} tables, {made.blobs:,} files, {made.bytes:,} bytes.")
    if made.missing:
        if not as_json:
            tell(f"{len(made.missing)} attached files are gone from the store; the backup has everything else:")
            for key in made.missing:
                tell(f"  {key}")
        raise typer.Exit(1)


@explained
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `hub backup` wrote.", metavar="FILE")],
    force: Annotated[bool, typer.Option("--force", help="Restore into a hub that is not empty: its rows go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load the backup FILE into this hub: all of it, or nothing. Restart `hub serve` and `hub work` afterwards."""
    from hub.archives.restore import restore as load

    with opened(migrated=False) as hub, _bar("Restoring") as told:
        done = load(hub.database, hub.blobs, hub.settings, file, force=force, progress=told)
        search = _index(hub)
    if as_json:
        say_json(asdict(done) | {"search": search})
        return
    when = f"{done.created_at:%Y-%m-%d %H:%M} UTC"
    tell(f"Restored {done.rows:,} rows of {done.tables} tables and {done.blobs:,} files, as of {when}.")
    if done.missing:
        tell(f"{len(done.missing)} attached files were gone when the backup was made.")
    if not done.key_restored:
        tell("The signing key stays the one in HUB_SECRET_KEY.")
    tell(search)
    tell("Restart every `hub serve` and `hub work` that runs on this hub.")


def _index(hub: OpenHub) -> str:
    """The index still holds what was there before. A search server that is away is no reason to fail: whoever starts
    next finds that the index is not that of this library."""
    from hub.errors import Unavailable
    from hub.search.indexing import Indexer

    engine = hub.engine()
    try:
        return f"Search finds {Indexer(hub.database, engine).rebuild():,} documents."
    except Unavailable as away:
        return f"The search index is still the old one ({away.detail}). Run `hub search rebuild` later."
    finally:
        engine.close()


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    with progress() as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
