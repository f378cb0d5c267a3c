"""How to call a route on an object of a given person: what the rows of access_table.py are made of."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session, select

from hub.assets import approval, attachments, drafts, intake
from hub.assets.models import Asset, Version
from hub.assets.schemas import AssetDraft
from hub.blobs import Blobs
from hub.people import directory
from hub.people.models import Person, SignInSession
from hub.people.roles import HUB, Actor, Role, Scope
from hub.people.tokens import create as create_token
from hub.taxonomy import terms
from hub.taxonomy.schemas import TermDraft
from tests.factories.documents import picture
from tests.factories.people import PASSWORD, make_person, sign_in_headers

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """How to call a route: path parameters, query, and a JSON body or files."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    files: Mapping[str, Any] | None = None


Make = Callable[[Session, Blobs, Person], Call]


# --- calls without an object --------------------------------------------------------------------------


def plain(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call()


def new_title(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(body={"title": f"Title {next(_numbers)}"})


def a_file(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(files={"file": ("picture.png", picture("PNG", (next(_numbers), 9)), "image/png")})


def a_table(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(files={"file": ("assets.csv", f"asset_id,title\nx{next(_numbers)},Imported\n".encode(), "text/csv")})


def no_conflict(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(path={"path": "nowhere.md"}, body={"take": "hub"})


# --- assets -------------------------------------------------------------------------------------------


def _acting_for(whose: Person) -> Actor:
    """The person as if they had been an admin, to have them own things that they could not make."""
    return replace(directory.actor_for(whose), role=Role.ADMIN)


def _asset(session: Session, whose: Person, **fields: Any) -> Asset:
    number = next(_numbers)
    return intake.create(session, _acting_for(whose), AssetDraft(title=f"Asset {number}", body="Words.\n", **fields))


def _newest(session: Session, asset: Asset) -> Version:
    return drafts.head_of(session, asset)


def _call_on(asset: Asset) -> Call:
    return Call(path={"slug": asset.slug, "number": 1})


def a_draft(session: Session, blobs: Blobs, whose: Person) -> Call:
    return _call_on(_asset(session, whose))


def a_submitted_draft(session: Session, blobs: Blobs, whose: Person) -> Call:
    asset = _asset(session, whose)
    approval.submit(session, HUB, asset, 1)
    return _call_on(asset)


def a_live_asset(session: Session, blobs: Blobs, whose: Person) -> Call:
    asset = _asset(session, whose)
    approval.publish_imported(session, HUB, [(asset, _newest(session, asset))], reason="for a test")
    return _call_on(asset)


def a_retired_asset(session: Session, blobs: Blobs, whose: Person) -> Call:
    call = a_live_asset(session, blobs, whose)
    approval.retire(session, HUB, session.exec(select(Asset).where(Asset.slug == call.path["slug"])).one())
    return call


def with_body(make: Make, **body: Any) -> Make:
    return lambda session, blobs, whose: replace(make(session, blobs, whose), body=body)


def with_query(make: Make, **query: Any) -> Make:
    return lambda session, blobs, whose: replace(make(session, blobs, whose), query=query)


def with_new_slug(make: Make) -> Make:
    return lambda session, blobs, whose: replace(
        make(session, blobs, whose), body={"slug": f"renamed-{next(_numbers)}"}
    )


def with_hash(make: Make, *, team: str = "sales", **body: Any) -> Make:
    """With the content hash of the version in the body, as somebody sends it who has read it."""

    def made(session: Session, blobs: Blobs, whose: Person) -> Call:
        call = make(session, blobs, whose)
        asset = session.exec(select(Asset).where(Asset.slug == call.path["slug"])).one()
        hashed = _newest(session, asset).content_hash
        return Call(path={**call.path, "team": team}, body={**body, "content_hash": hashed})

    return made


def an_attachment(session: Session, blobs: Blobs, whose: Person) -> Call:
    read = attachments.read_file(picture("PNG", (next(_numbers), 9)), "picture.png", limit=1_000_000)
    stored = attachments.store(session, blobs, _acting_for(whose), read)
    return Call(path={"digest": stored.digest})


def an_attachment_of_a_live_asset(session: Session, blobs: Blobs, whose: Person) -> Call:
    call = an_attachment(session, blobs, whose)
    asset = _asset(session, whose, attachments=[{"digest": call.path["digest"], "name": "picture.png"}])
    approval.publish_imported(session, HUB, [(asset, _newest(session, asset))], reason="for a test")
    return call


# --- taxonomy -----------------------------------------------------------------------------------------


def _term(session: Session) -> str:
    return terms.add(session, HUB, "personas", TermDraft(label=f"Persona {next(_numbers)}")).key


def a_term(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(path={"vocabulary": "personas", "key": _term(session)})


def an_unconfirmed_term(session: Session, blobs: Blobs, whose: Person) -> Call:
    term = terms.add_unconfirmed(session, "personas", f"Word {next(_numbers)}", actor=HUB)
    return Call(path={"vocabulary": "personas", "key": term.key})


def two_terms(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(path={"vocabulary": "personas", "key": _term(session)}, body={"into": _term(session)})


def a_new_term(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(path={"vocabulary": "personas"}, body={"label": f"New persona {next(_numbers)}"})


def a_new_key(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(path={"vocabulary": "personas", "key": _term(session)}, body={"key": f"key-{next(_numbers)}"})


# --- people -------------------------------------------------------------------------------------------


def a_person(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(path={"person_id": whose.id})


def a_sign_in(session: Session, blobs: Blobs, whose: Person) -> Call:
    person = make_person(session, password=PASSWORD)
    return Call(body={"email": person.email, "password": PASSWORD})


def with_their_password(session: Session, blobs: Blobs, whose: Person) -> Call:
    whose.password_hash = make_person(session, password=PASSWORD).password_hash
    session.add(whose)
    return Call(body={"current": PASSWORD, "new": "nine larks hum low tunes"})


def a_new_person(session: Session, blobs: Blobs, whose: Person) -> Call:
    number = next(_numbers)
    person = {"email": f"new.{number}@example.com", "name": f"New {number}", "team": "sales", "role": "reader"}
    return Call(body=person)


def a_session(session: Session, blobs: Blobs, whose: Person) -> Call:
    sign_in_headers(session, whose)
    row = session.exec(select(SignInSession).where(SignInSession.person_id == whose.id)).all()[-1]
    return Call(path={"session_id": row.id})


def a_token(session: Session, blobs: Blobs, whose: Person) -> Call:
    token, _ = create_token(session, HUB, whose, name="of a test", scopes=[Scope.CONTENT_READ])
    return Call(path={"token_id": token.id})


def tokens_of(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(query={"person": whose.id})


def a_new_token(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(body={"name": "of a test", "scopes": ["content:read"], "person": whose.id})


def a_new_admin_token(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(body={"name": "of a test", "scopes": ["admin"], "person": whose.id})
