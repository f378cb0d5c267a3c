"""Who gets which status from which route: the table that test_access.py walks through, written out by hand.

To add a route, add a `Row`: the route as the API shows it, a function that makes an object of a given person and says
how to call the route on it, and a line of statuses. `own` is for an object of the caller's, `foreign` for one of
somebody else, `any_object` where there is no such difference. The columns are:

    anonymous  reader contributor approver admin  |  an admin's token with the route's scope alone, with all others

The callers are of the team sales unless the row says otherwise.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session, select

from hub import clock
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


@dataclass(frozen=True)
class Row:
    route: str
    make: Make
    any_object: str = ""
    own: str = ""
    foreign: str = ""
    team: str = "sales"
    about: str = ""

    def __str__(self) -> str:
        return f"{self.route} {self.about}".strip()


# --- calls without an object --------------------------------------------------------------------------


def plain(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call()


def sending(**body: Any) -> Make:
    return lambda session, blobs, whose: Call(body=body)


def new_title(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(body={"title": f"Title {next(_numbers)}"})


def a_file(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(files={"file": ("picture.png", picture("PNG", (next(_numbers), 9)), "image/png")})


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


# --- the table ----------------------------------------------------------------------------------------

APPROVED = {"decision": "approved"}
TODAY = {"review_by": (clock.today().replace(year=clock.today().year + 1, day=1)).isoformat()}

ROWS = [
    #                                                                   anon rdr con app adm | scope alone, all others
    Row("GET /health", plain, any_object="                               200 200 200 200 200   200 200"),
    Row("GET /docs", plain, any_object="                                 200 200 200 200 200   200 200"),
    Row("GET /docs/style.css", plain, any_object="                       200 200 200 200 200   200 200"),
    Row("GET /openapi.json", plain, any_object="                         200 200 200 200 200   200 200"),
    Row("GET /", plain, any_object="                                     307 307 307 307 307   307 307"),
    Row("GET /metrics", plain, any_object="                              401 403 403 403 200   403 200"),
    # assets
    Row("POST /assets", new_title, any_object="                          401 403 201 201 201   201 403"),
    Row("GET /assets", plain, any_object="                               401 200 200 200 200   200 403"),
    Row(
        "GET /assets/{slug}", a_draft, about="of a draft",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}", a_live_asset, about="of a live asset",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "PATCH /assets/{slug}", with_body(a_draft, **TODAY), about="of a draft",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "PATCH /assets/{slug}", with_body(a_live_asset, **TODAY), about="of a live asset",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/slug", with_new_slug(a_draft), about="of a draft",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/slug", with_new_slug(a_live_asset), about="of a live asset",
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row(
        "POST /assets/{slug}/versions", with_body(a_draft, base_version=1, body="New."), about="of a draft",
        own="                                                            401 403 201 201 201   201 403",
        foreign="                                                        401 404 404 201 201   201 403",
    ),
    Row(
        "POST /assets/{slug}/versions", with_body(a_live_asset, base_version=1, body="New."), about="of a live asset",
        own="                                                            401 403 201 201 201   201 403",
        foreign="                                                        401 403 403 201 201   201 403",
    ),
    Row(
        "GET /assets/{slug}/versions", a_draft,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/versions/{number}", a_draft,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/diff", with_query(a_draft, **{"from": 1, "to": 1}),
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/events", a_draft, about="of a draft",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "GET /assets/{slug}/events", a_live_asset, about="of a live asset",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    # approval
    Row(
        "PUT /assets/{slug}/versions/{number}/submission", a_draft,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "DELETE /assets/{slug}/versions/{number}/submission", a_submitted_draft,
        own="                                                            401 403 200 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/reviews/{team}", with_hash(a_submitted_draft, **APPROVED),
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/reviews/{team}", with_hash(a_submitted_draft, **APPROVED),
        about="by somebody of marketing for sales", team="marketing",
        own="                                                            401 403 403 403 403   403 403",
        foreign="                                                        401 404 404 403 403   403 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/reviews/{team}", with_hash(a_submitted_draft, team="other", **APPROVED),
        about="by somebody of neither team", team="other",
        own="                                                            401 404 404 404 404   404 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    Row(
        "PUT /assets/{slug}/versions/{number}/urgency", with_hash(a_draft, reason="the price changed"),
        own="                                                            401 403 403 403 200   200 403",
        foreign="                                                        401 404 404 403 200   200 403",
    ),
    Row("GET /reviews", plain, any_object="                              401 200 200 200 200   200 403"),
    Row(
        "PUT /assets/{slug}/retirement", a_live_asset, about="of a live asset",
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    Row(
        "PUT /assets/{slug}/retirement", a_draft, about="of a draft",
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 404 404 200 200   200 403",
    ),
    Row(
        "DELETE /assets/{slug}/retirement", a_retired_asset,
        own="                                                            401 403 403 200 200   200 403",
        foreign="                                                        401 403 403 200 200   200 403",
    ),
    # freshness
    Row(
        "POST /assets/{slug}/confirmations", a_live_asset,
        own="                                                            401 403 201 201 201   201 403",
        foreign="                                                        401 403 403 201 201   201 403",
    ),
    Row("GET /me/reminders", plain, any_object="                         401 200 200 200 200   200 403"),
    Row("GET /freshness", plain, any_object="                            401 200 200 200 200   200 403"),
    # attachments
    Row("POST /attachments", a_file, any_object="                        401 403 201 201 201   201 403"),
    Row(
        "GET /attachments/{digest}", an_attachment, about="that no version names",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    Row(
        "GET /attachments/{digest}", an_attachment_of_a_live_asset, about="of a live asset",
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row(
        "GET /attachments/{digest}/thumbnail", an_attachment,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    # taxonomy
    Row("GET /taxonomy", plain, any_object="                             401 200 200 200 200   200 403"),
    Row("GET /taxonomy/{vocabulary}", a_term, any_object="               401 200 200 200 200   200 403"),
    Row("GET /taxonomy/{vocabulary}/{key}", a_term, any_object="         401 200 200 200 200   200 403"),
    Row("POST /taxonomy/{vocabulary}", a_new_term, any_object="          401 403 403 201 201   201 403"),
    Row(
        "PATCH /taxonomy/{vocabulary}/{key}", with_body(a_term, position=7),
        any_object="                                                     401 403 403 200 200   200 403",
    ),
    Row("PUT /taxonomy/{vocabulary}/{key}/key", a_new_key, any_object="  401 403 403 200 200   200 403"),
    Row("PUT /taxonomy/{vocabulary}/{key}/merge", two_terms, any_object="401 403 403 200 200   200 403"),
    Row(
        "PUT /taxonomy/{vocabulary}/{key}/confirmation", an_unconfirmed_term,
        any_object="                                                     401 403 403 200 200   200 403",
    ),
    Row("DELETE /taxonomy/{vocabulary}/{key}", a_term, any_object="      401 403 403 204 204   204 403"),
    Row("GET /extension/library", plain, any_object="                    401 200 200 200 200   200 403"),
    # account: a token has no session, and with another scope than `admin` may only look
    Row("POST /session", a_sign_in, any_object="                         200 200 200 200 200   200 200"),
    Row("DELETE /session", plain, any_object="                           401 204 204 204 204   409 403"),
    Row("GET /me", plain, any_object="                                   401 200 200 200 200   200 403"),
    Row("PUT /me/password", with_their_password, own="                   401 204 204 204 204   204 403"),
    Row("GET /me/sessions", plain, any_object="                          401 200 200 200 200   200 403"),
    Row(
        "DELETE /me/sessions/{session_id}", a_session,
        own="                                                            401 204 204 204 204   204 403",
        foreign="                                                        401 404 404 404 404   404 403",
    ),
    # people
    Row("GET /people", plain, any_object="                               401 200 200 200 200   200 403"),
    Row(
        "GET /people/{person_id}", a_person,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 200 200 200 200   200 403",
    ),
    Row("POST /people", a_new_person, any_object="                       401 403 403 403 201   201 403"),
    Row(
        "PATCH /people/{person_id}", with_body(a_person, name="Renamed"),
        own="                                                            401 403 403 403 200   200 403",
        foreign="                                                        401 403 403 403 200   200 403",
    ),
    Row(
        "PUT /people/{person_id}/password", with_body(a_person, password=PASSWORD),
        own="                                                            401 403 403 403 204   204 403",
        foreign="                                                        401 403 403 403 204   204 403",
    ),
    # tokens: a token makes no token with scopes that it has not itself
    Row(
        "POST /tokens", a_new_token, about="for reading",
        own="                                                            401 201 201 201 201   403 403",
        foreign="                                                        401 403 403 403 201   403 403",
    ),
    Row(
        "POST /tokens", a_new_admin_token, about="for everything",
        own="                                                            401 403 403 403 201   201 403",
        foreign="                                                        401 403 403 403 403   403 403",
    ),
    Row(
        "GET /tokens", tokens_of,
        own="                                                            401 200 200 200 200   200 403",
        foreign="                                                        401 403 403 403 200   200 403",
    ),
    Row(
        "DELETE /tokens/{token_id}", a_token,
        own="                                                            401 204 204 204 204   204 403",
        foreign="                                                        401 404 404 404 204   204 403",
    ),
    # events
    Row("GET /events", plain, any_object="                               401 403 403 403 200   200 403"),
]  # fmt: skip
