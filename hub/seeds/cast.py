"""Who plays in the demo story, and how to sign in as them."""

import hashlib
import hmac
from collections.abc import Iterator

from sqlmodel import Session, col, select

from hub.db import Database
from hub.people import directory, passwords
from hub.people.models import Person
from hub.people.roles import HUB, Actor, Role, Team
from hub.settings import Settings

# (e-mail, name, team, role, what they show): one of each kind of user.
CAST = (
    ("admin@example.com", "Alex Admin", Team.OTHER, Role.ADMIN, "may do everything but approve"),
    ("ana.keller@example.com", "Ana Keller", Team.MARKETING, Role.APPROVER, "approves for marketing"),
    ("ben.osei@example.com", "Ben Osei", Team.SALES, Role.APPROVER, "approves for sales"),
    ("marieke.deboer@example.com", "Marieke de Boer", Team.MARKETING, Role.CONTRIBUTOR, "writes for marketing"),
    ("sofia.marin@example.com", "Sofia Marin", Team.SALES, Role.CONTRIBUTOR, "writes for sales"),
    ("rita.rep@example.com", "Rita Rep", Team.SALES, Role.READER, "searches and uses"),
)
MARKETER, SELLER, WRITER, REP = (
    "ana.keller@example.com",
    "ben.osei@example.com",
    "marieke.deboer@example.com",
    "rita.rep@example.com",
)


def actor(session: Session, email: str) -> Actor:
    return directory.actor_for(directory.person_by_email(session, email))


def add_people(database: Database, settings: Settings) -> None:
    password = demo_password(settings)
    for email, name, team, role, _ in CAST:
        with database.reading() as session:
            query = select(Person).where(Person.email == email, col(Person.password_hash).is_not(None))
            if session.exec(query).first() is not None:
                continue
        hashed = passwords.hashed(password, email=email, name=name)  # slow on purpose: outside of any transaction
        with database.transaction() as session:
            directory.add_person(session, HUB, email=email, name=name, team=team, role=role, password=hashed)


def how_to_sign_in(settings: Settings, base_url: str) -> Iterator[str]:
    """What `hub demo` prints: an address, and a way in for each kind of user."""
    password = demo_password(settings)
    yield f"\nThe hub is at {base_url}  (API pages: {base_url}/api/v1/docs)"
    yield f"\nSign in as any of these, password: {password}\n"
    for email, _, team, role, what in CAST:
        yield f"  {email:<28} {team:<10} {role:<12} {what}"
    yield "\nFrom the command line, as one of them:"
    scopes = "--scope content:read --scope content:write"
    yield f"  export HUB_TOKEN=$(hub token create ben.osei@example.com --name laptop {scopes})"
    yield "  hub asset queue\n  hub asset list --stage decision\n"


def demo_password(settings: Settings) -> str:
    """One password for the made-up people, different on every hub: made from its secret key, so nobody can know it who
    has not seen it printed."""
    digest = hmac.new(settings.secret().encode(), b"demo password", hashlib.sha256).hexdigest()
    return "-".join(("demo", digest[:5], digest[5:10], digest[10:15]))
