"""The search index: `hub search rebuild`, `hub search check`. Both may run while the server runs."""

import typer

from hub.commands.terminal import AsJson, explained, opened, progress, say_json, tell

app = typer.Typer(no_args_is_help=True, help="The search index: build it anew, compare it with the library.")
_NAMED = 50


@app.command()
@explained
def rebuild(as_json: AsJson = False) -> None:
    """Build the index anew beside the old one, which answers until the new one is complete."""
    from hub.search import projection
    from hub.search.indexing import Indexer

    with opened() as hub:
        with hub.database.reading() as session:
            total = projection.how_many(session)
        engine = hub.engine()
        with progress(quiet=as_json) as bar:
            task = bar.add_task("indexing", total=total)
            count = Indexer(hub.database, engine).rebuild(lambda done: bar.update(task, completed=done))
        engine.close()
    if as_json:
        say_json({"engine": engine.name, "documents": count})
    else:
        tell(f"The {engine.name} index was built anew: {count:,} documents.")


@app.command()
@explained
def check(as_json: AsJson = False) -> None:
    """Compare the index with the library and name every difference. Exit 1 when there is one."""
    from hub.search.indexing import Indexer

    with opened() as hub:
        engine = hub.engine()
        health = engine.health()
        found = Indexer(hub.database, engine).check()
        engine.close()
    if as_json:
        differences = [{"slug": one.slug, "document": one.document, "what": one.what} for one in found]
        say_json(
            {
                "engine": health.engine,
                "state": health.state,
                "documents": health.documents,
                "missing": sum(one.what == "missing" for one in found),
                "extra": sum(one.what == "extra" for one in found),
                "different": sum(one.what == "different" for one in found),
                "differences": differences,
            }
        )
    else:
        for one in found[:_NAMED]:
            tell(f"  {one.what}: {one.slug}{' (draft)' if one.document.endswith('.draft') else ''}")
        if len(found) > _NAMED:
            tell(f"  and {len(found) - _NAMED:,} more; --json names them all")
        if found:
            tell(f"{len(found):,} differences in {health.documents:,} documents. `hub search rebuild` puts them right.")
        else:
            tell(f"The {health.engine} index is equal to the library: {health.documents:,} documents.")
        if health.state != "ok":
            tell(f"The index is {health.state}: {health.detail}")
    if found or health.state != "ok":
        raise typer.Exit(1)
