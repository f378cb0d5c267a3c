"""The command line. Only names and help stand here, so that `hub --help` answers at once."""

import typer

from hub.commands import backups, content, crm, evidence, library, people, search, server

app = typer.Typer(
    name="hub",
    help="The hub: messaging that marketing and sales write, approve, find and measure together.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(server.demo)
app.command()(server.serve)
app.command()(server.work)
app.command()(server.migrate)
app.command()(server.seed)
app.command(name="import")(content.import_files)
app.command()(backups.backup)
app.command()(backups.restore)
app.add_typer(content.app, name="content")
app.add_typer(library.app, name="asset")
app.add_typer(search.app, name="search")
app.add_typer(evidence.app, name="evidence")
app.add_typer(crm.app, name="crm")
app.add_typer(people.users, name="user")
app.add_typer(people.tokens, name="token")


def main() -> None:
    app()
