"""How to call a route on an object of a given person: what the rows of access_table.py are made of."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlmodel import Session, col, select

from hub import clock
from hub.assets import approval, attachments, drafts, intake, passage_notes, working_copies
from hub.assets.models import Asset, Version
from hub.assets.schemas import AssetDraft
from hub.assets.typed_fields import Typed
from hub.blobs import Blobs
from hub.events.models import Event
from hub.insights import experiments
from hub.insights.models import EvidenceRun, RunReason, RunState
from hub.people import browsers, directory
from hub.people.models import Person, SignInSession
from hub.people.roles import HUB, Actor, Role, Scope
from hub.people.tokens import create as create_token
from hub.planning import briefs, requests
from hub.planning.models import Notice, Request
from hub.planning.schemas import BriefIn, RequestIn
from hub.search.models import Search
from hub.taxonomy import terms
from hub.taxonomy.schemas import TermDraft
from hub.usage import feedback, matching
from hub.usage.models import Opinion, StageQuestion
from hub.usage.schemas import FeedbackIn
from tests.factories.deals import make_deal
from tests.factories.documents import picture
from tests.factories.people import PASSWORD, make_person, sign_in_headers
from tests.factories.uses import make_use

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """How to call a route: path parameters, query, and a JSON body or files."""

    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    files: Mapping[str, Any] | None = None


Make = Callable[[Session, Blobs, Person], Call]


# --- searches -----------------------------------------------------------------------------------------


def a_search(session: Session, blobs: Blobs, whose: Person) -> Call:
    """A logged search of this person, and a live asset to choose."""
    asset = a_live_asset(session, blobs, whose).path["slug"]
    now = clock.now()
    search_id = f"{next(_numbers):032x}"
    session.add(
        Search(
            id=search_id,
            person_id=whose.id,
            question="price",
            folded="price",
            filters={},
            sort="relevance",
            match="good",
            total=1,
            hits=[],
            took_ms=1.0,
            engine="embedded",
            channel="api",
            asked_at=now,
            answered_at=now,
        )
    )
    session.flush()
    return Call(path={"search_id": search_id}, body={"slug": asset, "position": 1})


# --- calls without an object --------------------------------------------------------------------------


def plain(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call()


def new_title(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(body={"title": f"Title {next(_numbers)}"})


def a_file(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(files={"file": ("picture.png", picture("PNG", (next(_numbers), 9)), "image/png")})


def a_table(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(files={"file": ("assets.csv", f"asset_id,title\nx{next(_numbers)},Imported\n".encode(), "text/csv")})


def a_table_of_deals(session: Session, blobs: Blobs, whose: Person) -> Call:
    text = f"deal_id,owner,outcome,created\nx{next(_numbers)},Ben Osei,open,2027-01-11\n"
    return Call(files={"file": ("deals.csv", text.encode(), "text/csv")})


def a_table_of_stages(session: Session, blobs: Blobs, whose: Person) -> Call:
    text = f"deal_id,stage,entered\nx{next(_numbers)},Discovery,2027-01-11\n"
    return Call(files={"file": ("stages.csv", text.encode(), "text/csv")})


def no_conflict(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(path={"path": "nowhere.md"}, body={"take": "hub"})


# --- deals --------------------------------------------------------------------------------------------


def a_deal(session: Session, blobs: Blobs, whose: Person) -> Call:
    """An open deal that this person owns."""
    external_id = f"deal-{next(_numbers)}"
    make_deal(session, external_id, owner=whose.email or whose.name)
    return Call(path={"source": "csv", "external_id": external_id})


# --- uses ---------------------------------------------------------------------------------------------


def a_table_of_uses(session: Session, blobs: Blobs, whose: Person) -> Call:
    slug = a_live_asset(session, blobs, whose).path["slug"]
    text = f"event_id,asset_id,date\nx{next(_numbers)},{slug},2025-01-11\n"
    return Call(files={"file": ("uses.csv", text.encode(), "text/csv")})


def a_new_use(session: Session, blobs: Blobs, whose: Person) -> Call:
    slug = a_live_asset(session, blobs, whose).path["slug"]
    return Call(
        body={
            "id": f"00000000-0000-4000-8000-{next(_numbers):012}",
            "asset": slug,
            "action": "sent",
            "occurred_at": "2025-03-01T09:30:00Z",
        }
    )


def a_use(session: Session, blobs: Blobs, whose: Person) -> Call:
    """A use of this person, on no deal."""
    slug = a_live_asset(session, blobs, whose).path["slug"]
    return Call(path={"use_id": make_use(session, _acting_for(whose), slug).id}, body={"deal": None})


def a_use_on_a_deal(session: Session, blobs: Blobs, whose: Person) -> Call:
    call = a_use(session, blobs, whose)
    deal = make_deal(session, f"deal-{next(_numbers)}")
    named = {"source": deal.source, "external_id": deal.external_id}
    matching.name_deal(session, HUB, str(call.path["use_id"]), (deal.source, deal.external_id))
    return replace(call, body={"deal": named})


def some_feedback(session: Session, blobs: Blobs, whose: Person) -> Call:
    """Said by this person."""
    slug = a_live_asset(session, blobs, whose).path["slug"]
    asset = session.exec(select(Asset).where(Asset.slug == slug)).one()
    said, _ = feedback.give(session, _acting_for(whose), asset, FeedbackIn(opinion=Opinion.WORKED))
    return Call(path={"feedback_id": said.id})


def a_stage_question(session: Session, blobs: Blobs, whose: Person) -> Call:
    """One that this person is asked."""
    deal = make_deal(session, f"deal-{next(_numbers)}", stage="Discovery")
    now = clock.now()
    question = StageQuestion(
        deal_id=deal.id, stage_id=deal.stage_id, left_at=now, person_id=whose.id, likely=[], asked_at=now
    )
    session.add(question)
    session.flush()
    return Call(path={"question_id": question.id}, body={"none_used": True})


# --- planning -----------------------------------------------------------------------------------------


def what_is_needed(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(body={"needed": f"Need number {next(_numbers)}"})


def _request(session: Session, whose: Person) -> Request:
    given = RequestIn(needed=f"Need number {next(_numbers)}")
    return requests.ask(session, directory.actor_for(whose), given)[0]


def a_request(session: Session, blobs: Blobs, whose: Person) -> Call:
    """That this person made and nobody joined."""
    return Call(path={"request_id": _request(session, whose).id}, body={"reason": "Not needed any more."})


def a_request_to_join(session: Session, blobs: Blobs, whose: Person) -> Call:
    return replace(a_request(session, blobs, whose), body={})


def a_taken_request(session: Session, blobs: Blobs, whose: Person) -> Call:
    request = _request(session, whose)
    requests.take(session, _acting_for(whose), request)
    return Call(path={"request_id": request.id})


def a_request_and_its_answer(session: Session, blobs: Blobs, whose: Person) -> Call:
    slug = a_live_asset(session, blobs, whose).path["slug"]
    return Call(path={"request_id": _request(session, whose).id}, body={"slug": slug})


def _plan_of(whose: Person) -> dict[str, str]:
    return {
        "title": f"Brief {next(_numbers)}",
        "marketing_author": f"ana.{next(_numbers)}@example.com",
        "sales_author": whose.email or whose.name,
    }


def a_plan(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(body=_plan_of(whose))


def a_brief(session: Session, blobs: Blobs, whose: Person) -> Call:
    brief = briefs.plan(session, _acting_for(whose), BriefIn.model_validate(_plan_of(whose)))
    return Call(path={"brief_id": brief.id}, body={"reason": "Not needed any more."})


def a_brief_to_change(session: Session, blobs: Blobs, whose: Person) -> Call:
    return replace(a_brief(session, blobs, whose), body={"title": f"Title {next(_numbers)}"})


def a_suggestion(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(path={"key": "write-1-1"}, body={"reason": "The new deck covers it."})


def a_notice(session: Session, blobs: Blobs, whose: Person) -> Call:
    session.flush()
    newest = session.exec(select(Event).order_by(col(Event.id).desc())).first()
    assert newest is not None
    notice = Notice(
        person_id=whose.id or 0,
        event_id=newest.id or 0,
        kind=newest.name,
        subject_kind="request",
        subject_name="x",
        text="x",
        link="/requests/1",
        made_at=clock.now(),
    )
    session.add(notice)
    session.flush()
    return Call(path={"notice_id": notice.id})


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


def a_new_copy(session: Session, blobs: Blobs, whose: Person) -> Call:
    """A text that is not saved yet: a working copy of the caller's own."""
    return Call(path={"key": working_copies.new_key()}, body={"fields": {"title": "Half a title"}})


def a_copy_of_a_draft(session: Session, blobs: Blobs, whose: Person) -> Call:
    key = working_copies.key_of(_asset(session, whose))
    return Call(path={"key": key}, body={"base_version": 1, "fields": {"title": "Half a title"}})


def a_working_copy(session: Session, blobs: Blobs, whose: Person) -> Call:
    """Kept by this person, if they may write at all."""
    key, who = working_copies.new_key(), directory.actor_for(whose)
    if who.role != Role.READER:
        working_copies.keep(session, who, key, Typed(title="Half"), base_number=0, revision=0)
    return Call(path={"key": key})


def a_note(session: Session, blobs: Blobs, whose: Person) -> Call:
    """A note on a passage of a draft of this person's."""
    asset = _asset(session, whose)
    version = _newest(session, asset)
    author = make_person(session, role=Role.ADMIN)
    made = passage_notes.add(
        session, directory.actor_for(author), asset, version, quote=version.summary or version.body, text="Who says so?"
    )
    call = _call_on(asset)
    return replace(call, path={**call.path, "note_id": made.id}, body={"settled": True})


def a_passage(session: Session, blobs: Blobs, whose: Person) -> Call:
    asset = _asset(session, whose)
    version = _newest(session, asset)
    return replace(_call_on(asset), body={"quote": version.summary or version.body, "text": "Who says so?"})


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


def a_browser_claim(session: Session, blobs: Blobs, whose: Person) -> Call:
    verifier = "v" * 43
    code = browsers.approve(
        session, directory.actor_for(whose), challenge=browsers.challenge_of(verifier), browser="Chrome on Linux"
    )
    return Call(body={"code": code, "verifier": verifier})


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


# --- insights -----------------------------------------------------------------------------------------


def a_run(session: Session, blobs: Blobs, whose: Person) -> Call:
    run = EvidenceRun(state=RunState.FAILED, reason=RunReason.NIGHTLY, asked_at=clock.now())
    session.add(run)
    session.flush()
    return Call(path={"run_id": run.id})


def an_asset_to_hold_out(session: Session, blobs: Blobs, whose: Person) -> Call:
    return Call(body={"asset": a_live_asset(session, blobs, whose).path["slug"]})


def a_hold_out(session: Session, blobs: Blobs, whose: Person) -> Call:
    asset = session.exec(select(Asset).where(Asset.slug == a_live_asset(session, blobs, whose).path["slug"])).one()
    return Call(path={"experiment_id": experiments.start(session, HUB, asset).id})
