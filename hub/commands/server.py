"""Running the hub: `serve`, `work`, `migrate`, `seed`, `demo`."""

from typing import Annotated

import typer

from hub.commands.terminal import AsJson, explained, opened, say_json, tell

Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for all.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")]


@explained
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; more than one needs PostgreSQL to be of use.")] = 1,
) -> None:
    """Serve the hub. The schema is brought up to date first."""
    import uvicorn

    with opened():  # a database that cannot be used is told here, in one sentence
        pass
    tell(f"The hub listens on http://{host}:{port}; Ctrl-C ends it.")
    uvicorn.run(
        "hub.main:create_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_config=None,
        access_log=False,
        server_header=False,
    )


@explained
def work(once: Annotated[bool, typer.Option("--once", help="Deliver what is due, then end.")] = False) -> None:
    """Run the outbox worker by itself: deliver events, act on dates. Any number may run on PostgreSQL."""
    import signal

    from hub import subscribers

    with opened() as hub:
        engine = hub.engine()
        worker = subscribers.make_worker(hub.database, engine, hub.settings)
        runner = subscribers.make_runner(hub.database, hub.blobs, engine, hub.settings)
        if once:
            while worker.run_once() or runner.run_once():
                pass
            return
        signal.signal(signal.SIGTERM, lambda *_: worker.end())
        signal.signal(signal.SIGINT, lambda *_: worker.end())
        tell("working; Ctrl-C ends")
        runner.start()
        worker.run_forever()
        runner.stop()


@explained
def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date. Safe to repeat, safe while the server runs."""
    from hub import migrations

    with opened(migrated=False) as hub:
        before = migrations.current_revision(hub.database)
        after = migrations.upgrade(hub.database) or before
        from hub.taxonomy import terms

        with hub.database.transaction() as session:
            terms.ensure_builtin(session)
    if as_json:
        say_json({"before": before, "after": after})
    else:
        was = f"went from {before} to" if before else "was made, at"
        tell(f"The database is at {after}." if before == after else f"The database {was} {after}.")


@explained
def seed(as_json: AsJson = False) -> None:
    """Load the starter library and a story of its people, deals and uses, with the evidence. Safe to repeat."""
    from hub import seeds

    with opened() as hub:
        report = seeds.plant(hub.database, hub.blobs, hub.settings)
    if as_json:
        say_json(report)
    else:
        tell(
            f"{report['published']} assets are live, {report['drafts']} are drafts; {report['people']} people, "
            f"{report['deals']} deals, {report['uses']} uses."
        )


@explained
def demo(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Load the demo story, print how to sign in, and serve."""
    from hub import seeds

    with opened() as hub:
        seeds.plant(hub.database, hub.blobs, hub.settings)
        for line in seeds.how_to_sign_in(hub.settings, f"http://{host}:{port}"):
            print(line, flush=True)
    serve(host=host, port=port, workers=1)
