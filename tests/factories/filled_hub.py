"""A hub with something in every table, made through the domain functions: for tests that compare whole hubs."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col
from sqlmodel import select as sqlmodel_select

from hub import clock
from hub.archives.backup import kept_tables
from hub.assets import approval, drafts, freshness, intake, passage_notes, working_copies
from hub.assets.attachments import ReadFile, read_file, store
from hub.assets.models import (
    Asset,
    Audience,
    ContentConflict,
    ContentFile,
    Decision,
    Reminder,
    Version,
)
from hub.assets.schemas import AssetDraft, VersionDraft
from hub.assets.typed_fields import Typed
from hub.blobs import Blobs
from hub.db import Database, id_of
from hub.deals.history import take_stages
from hub.deals.lines import StageLine
from hub.deals.models import Deal
from hub.deals.sources import names, receipts
from hub.deals.sources.models import CrmName, PullCursor
from hub.deals.sources.said import Said
from hub.deals.words import Lookup, Names
from hub.events.models import Event
from hub.people import browsers, directory, tokens
from hub.people.models import Person, RateWindow
from hub.people.roles import HUB, Actor, Role, Scope, Team
from hub.planning import briefs, dismissals, requests
from hub.planning.models import Notice
from hub.planning.schemas import BriefIn, DismissalIn, RequestIn
from hub.search import saved
from hub.search.models import Search, SearchAlias
from hub.taxonomy import terms
from hub.taxonomy.models import Term
from hub.taxonomy.schemas import TermDraft
from hub.usage import feedback
from hub.usage.models import Opinion, StageQuestion
from hub.usage.schemas import FeedbackIn
from tests.factories import documents
from tests.factories.deals import make_deal
from tests.factories.insights import fill_insights
from tests.factories.people import PASSWORD, actor, make_person, sign_in_headers
from tests.factories.uses import make_use


@dataclass(frozen=True)
class Pair:
    """One who signs for each team."""

    marketing: Actor
    sales: Actor


def make_pair(session: Session) -> Pair:
    return Pair(
        actor(session, team="marketing", role="approver"),
        actor(session, team="sales", role="approver"),
    )


def write(session: Session, pair: Pair, slug: str, **fields: object) -> Asset:
    """A draft by both, tagged with a stage."""
    draft = {
        "title": f"All about {slug}",
        "summary": "In one sentence.",
        "body": "# Why\n\nBecause *it works*.",
        "stages": ["decision"],
        "authors": {"marketing": [pair.marketing.email], "sales": [pair.sales.email]},
        "slug": slug,
    }
    return intake.create(session, pair.marketing, AssetDraft.model_validate(draft | fields))


def sign(session: Session, by: Actor, asset: Asset) -> None:
    version = drafts.head_of(session, asset)
    approval.review(
        session, by, asset, version.number, team=by.team, decision=Decision.APPROVED, content_hash=version.content_hash
    )


def publish(session: Session, pair: Pair, asset: Asset) -> None:
    approval.submit(session, pair.marketing, asset, asset.head_number)
    sign(session, pair.marketing, asset)
    sign(session, pair.sales, asset)


def revise(session: Session, pair: Pair, asset: Asset, body: str) -> Version:
    changed = VersionDraft(base_version=asset.head_number, body=body)
    return intake.next_version(session, pair.sales, asset, changed)


def a_file() -> ReadFile:
    return read_file(documents.pdf(("Proof, page one", "Naïve façade")), "proof.pdf", limit=1_000_000)


Rows = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Content:
    """All that a hub holds."""

    rows: Rows
    files: dict[str, bytes | None]


def content_of(database: Database, blobs: Blobs) -> Content:
    return Content(rows_of(database), files_of(blobs))


def rows_of(database: Database) -> Rows:
    """Every row of every table that a backup keeps."""
    with database.reading() as session:
        connection = session.connection()
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in kept_tables()
        }


def files_of(blobs: Blobs) -> dict[str, bytes | None]:
    return {key: blobs.get(key) for key in blobs.keys()}  # noqa: SIM118 - a store is no mapping


def fill(database: Database, blobs: Blobs) -> Pair:
    """People, terms, assets in every state, an attached file, and what the worker and a synced folder leave behind."""
    file = a_file()
    with database.transaction() as session:
        pair = make_pair(session)
        admin = actor(session, team="other", role="admin")
        _fill_people(session, admin)
        _fill_terms(session, pair)
        attachment = store(session, blobs, pair.marketing, file)
        attached = [{"digest": attachment.digest, "name": "proof.pdf"}]
        personas = {"personas": ["cfo"], "attachments": attached, "audience": Audience.SHAREABLE}
        live = write(session, pair, "live", **personas, expires_on=date(2199, 12, 31))
        publish(session, pair, live)
        freshness.confirm(session, pair.sales, live, review_by=clock.today() + timedelta(days=90))
        revise(session, pair, live, "See [the other](asset:renamed) \u2028 and 🦦 “quotes” \\ \t tab")
        _fill_states(session, pair, admin)
        _fill_folder(session, live)
        _fill_searches(session, pair, live)
        _fill_deals(session)
        _fill_crm(session)
        _fill_planning(session, pair)
        _fill_loop(session, pair, live)
        _fill_writing(session, pair, live)
        session.add(RateWindow(key="sign-in", count=3, expires_at=clock.now()))
    return pair


def _fill_deals(session: Session) -> None:
    stages: list[dict[str, Any]] = [{"stage": "Demo", "entered": "2027-01-11"}]
    contacts = [{"external_id": "c1", "name": "Zoë", "role": "Finance lead", "primary": True}]
    said = {"amount": 44313.69, "currency": "EUR", "account": {"name": "Große Mühle"}, "products": ["Peak"]}
    make_deal(session, "d1", stages=stages, contacts=contacts, raw={"Id": "🦦", "IsWon": None}, **said)
    stages[0] |= {"left": "2027-02-01T10:30:00Z", "result": "lost"}
    make_deal(session, "d1", outcome="lost", no_decision=True, closed="2027-02-01", stages=stages, owner="Zoë")
    waiting = StageLine("unknown", "Demo", datetime(2027, 1, 11, tzinfo=UTC))
    take_stages(session, Lookup(session, HUB, Names("csv")), [waiting])


def _fill_crm(session: Session) -> None:
    now = datetime(2027, 2, 1, 9, 30, tzinfo=UTC)
    names.learn(session, [CrmName(source="hubspot", kind="owner", external_id="77", label="Zoë")])
    said = Said("1", {"dealname": "🦦"}, "5901", now, {"name": "🦦", "owner_id": "77"})
    receipts.take_event(session, "hubspot", said)
    session.add(PullCursor(source="hubspot", position={"modified": now.isoformat()}, started_at=now, moved_at=now))


def _fill_planning(session: Session, pair: Pair) -> None:
    """A request that a brief covers, a suggestion put aside, and somebody who was told."""
    request, _ = requests.ask(session, pair.sales, RequestIn(needed="A sheet for IT", persona="cfo"))
    given = {"marketing_author": pair.marketing.email, "sales_author": pair.sales.email, "requests": [request.id]}
    briefs.plan(session, pair.marketing, BriefIn.model_validate(given))
    dismissals.dismiss(session, pair.marketing, "write-1-1", DismissalIn(reason="The deck covers it."))
    session.flush()
    event = session.execute(select(Event).order_by(col(Event.id).desc())).scalars().first()
    assert event is not None
    told = {"kind": event.name, "subject_kind": "request", "subject_name": request.needed, "text": "Ünïcode"}
    session.add(
        Notice(
            person_id=pair.sales.id or 0, event_id=event.id or 0, link="/requests/1", made_at=clock.now(), **told
        )
    )  # fmt: skip


def _fill_people(session: Session, admin: Actor) -> None:
    rep = make_person(session, team="sales", role="reader", name="Zoë Ångström", password=PASSWORD)
    tokens.create(session, admin, session.get_one(Person, rep.id), name="laptop", scopes=[Scope.CONTENT_READ])
    sign_in_headers(session, rep)
    code = browsers.approve(
        session, directory.actor_for(rep), challenge=browsers.challenge_of("v" * 43), browser="Chrome on Ünix"
    )
    browsers.claim(session, code=code, verifier="v" * 43)
    make_person(session, team=Team.OTHER, role=Role.READER, email="ÄÖ.upper@example.com")


def _fill_loop(session: Session, pair: Pair, live: Asset) -> None:
    """A use on a deal, the question about a stage, and what evidence leaves behind."""
    now, person = clock.now(), pair.sales.id
    deal = session.exec(sqlmodel_select(Deal)).first()
    stage = session.exec(sqlmodel_select(Term).where(Term.vocabulary == "deal_stages")).first()
    assert deal is not None
    assert stage is not None
    make_use(session, pair.sales, live, deal=deal)
    question = {"deal_id": deal.id, "stage_id": stage.id, "left_at": now, "person_id": person, "asked_at": now}
    session.add(StageQuestion(**question, likely=[{"asset": live.id, "why": ["used before"]}]))
    feedback.give(session, pair.sales, live, FeedbackIn(opinion=Opinion.OBJECTION, note="“Zu teuer” 🦦", deal=None))
    saved.save(session, pair.sales, name="Für heute", query="q=too+dear&persona=cfo")
    fill_insights(session, id_of(live), id_of(deal))


def _fill_writing(session: Session, pair: Pair, live: Asset) -> None:
    """Texts that are not saved, a note on a passage, and who opened a text."""
    version = drafts.head_of(session, live)
    typed = Typed(title="Hälb wrïtten 🦦", body="# No\n", personas=["nobody"])
    working_copies.keep(session, pair.sales, working_copies.key_of(live), typed, base_number=1, revision=0)
    working_copies.keep(session, pair.sales, working_copies.new_key(), typed, base_number=0, revision=0)
    note = passage_notes.add(session, pair.sales, live, version, quote="the other", text="Which one?")
    passage_notes.settle(session, pair.sales, live, version, note.id or 0, settled=True)
    passage_notes.note_opened(session, pair.marketing, version)


def _fill_searches(session: Session, pair: Pair, live: Asset) -> None:
    now = clock.now()
    asked = {"question": "too dear", "folded": "too dear", "filters": {"persona": ["cfo"]}, "sort": "relevance"}
    brought = {"match": "good", "total": 1, "hits": [live.id], "took_ms": 2.5, "engine": "embedded", "channel": "hub"}
    search_id = "0" * 32
    session.add(Search(id=search_id, person_id=pair.sales.id, asked_at=now, answered_at=now, **asked, **brought))
    session.flush()
    session.add(SearchAlias(id="1" * 32, search_id=search_id))


def _fill_terms(session: Session, pair: Pair) -> None:
    cfo = TermDraft(key="cfo", label="Finance lead", text={"goals": "Cost per order", "pains": "Month end"})
    kept = terms.add(session, pair.marketing, "personas", cfo)
    double = terms.add(session, pair.marketing, "personas", TermDraft(key="finance", label="Finance"))
    terms.merge(session, pair.marketing, double, into=kept)


def _fill_states(session: Session, pair: Pair, admin: Actor) -> None:
    waiting = write(session, pair, "waiting")
    approval.submit(session, pair.marketing, waiting, 1, note="please")
    sign(session, pair.sales, waiting)
    retired = write(session, pair, "retired")
    publish(session, pair, retired)
    approval.retire(session, pair.sales, retired, note="out of date")
    urgent = write(session, pair, "urgent")
    version = drafts.head_of(session, urgent)
    approval.publish_urgently(
        session, admin, urgent, 1, reason="outage", content_hash=version.content_hash, days=2
    )  # fmt: skip
    imported = write(session, pair, "imported", external_id="crm-7")
    approval.publish_imported(session, HUB, [(imported, drafts.head_of(session, imported))], reason="was live there")
    drafts.rename(session, pair.sales, imported, "renamed")
    session.add(
        Reminder(
            asset_id=imported.id or 0,
            subject="review_by",
            falls_on=date(2030, 1, 1),
            days_before=30,
            told_at=clock.now(),
        )
    )


def _fill_folder(session: Session, asset: Asset) -> None:
    same = {"folder": "", "path": "a/b.md", "asset_id": asset.id}
    file = {"digest": "0" * 64, "front_matter": "---\ntitle: x\n---\n", "version_number": 1, "details_digest": "d"}
    session.add(ContentFile.model_validate(same | file))
    clash = {"file_text": "# Ünïcode\n", "file_digest": "1" * 64, "head_number": 2, "found_at": clock.now()}
    session.add(ContentConflict.model_validate(same | clash))
