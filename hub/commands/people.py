"""People and tokens from the operator's command line: `hub user add`, `hub token create`."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from hub.commands.terminal import AsJson, explained, opened, say_json, tell
from hub.people.roles import HUB, Role, Scope, Team

users = typer.Typer(help="People who use the hub.", no_args_is_help=True)
tokens = typer.Typer(help="Tokens for programs.", no_args_is_help=True)


@users.command("add")
@explained
def add_user(
    email: Annotated[str, typer.Argument(help="E-mail address; it is what they sign in with.")],
    name: Annotated[str, typer.Option(help="Their name as others see it.")],
    team: Annotated[Team, typer.Option(help="Who they approve for; `other` approves for nobody.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.READER,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input; else they have none yet.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a person."""
    from hub.people import directory, passwords

    password = None
    if password_stdin:
        password = passwords.hashed(sys.stdin.readline().rstrip("\r\n"), email=email, name=name)
    with opened() as hub, hub.database.transaction() as session:
        person = directory.add_person(session, HUB, email=email, name=name, team=team, role=role, password=password)
        session.flush()
        added = {"id": person.id, "email": person.email, "name": person.name, "team": person.team, "role": person.role}
    if as_json:
        say_json(added)
    else:
        tell(f"{name} <{email}> is {role} in the team {team}.")


@tokens.command("create")
@explained
def create_token(
    email: Annotated[str, typer.Argument(help="Whose token it is; it may never do more than this person.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may be used for; may be given several times.")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good for.")] = 365,
    as_json: AsJson = False,
) -> None:
    """Make a token for a program. It is shown this once; the hub keeps only its hash."""
    from hub.people import directory
    from hub.people import tokens as issuing

    with opened() as hub, hub.database.transaction() as session:
        person = directory.person_by_email(session, email)
        token, secret = issuing.create(session, HUB, person, name=name, scopes=scope, expires_in_days=days)
        session.flush()
        made = {"token": secret, "id": token.id, "scopes": token.scopes, "expires_at": _moment(token.expires_at)}
    if as_json:
        say_json(made)
    else:
        tell(f"Shown once; expires {made['expires_at']}:")
        print(secret)


def _moment(at: datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None
