"""The last weeks of the story: what was searched and taken, what was missing and asked for, what is planned."""

import random
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, select

from hub import clock
from hub.assets.models import Asset, Status
from hub.db import Database, id_of
from hub.people.roles import Actor
from hub.planning import briefs, requests
from hub.planning.schemas import BriefIn, DealNamed, RequestIn
from hub.search import log
from hub.search.log import Asked, SearchLog
from hub.seeds.cast import MARKETER, REP, SELLER, WRITER, actor

# What was typed, and what was taken (nothing: it found nothing, or nothing that fitted).
_SEARCHES = (
    ("too expensive", "objection.too-expensive"),
    ("price objection cfo", "objection.too-expensive"),
    ("pricing", "one-pager.pricing"),
    ("business case", "deck.business-case"),
    ("corlandis", "battlecard.corlandis"),
    ("wms does slotting already", "objection.wms-already-does-slotting"),
    ("brennhof", "case-study.brennhof"),
    ("case study parts", "case-study.brennhof"),
    ("not before peak season", "objection.not-before-peak"),
    ("discovery questions", "call-script.discovery-call"),
    ("security summary", "one-pager.security-summary"),
    ("quaydon", "battlecard.quaydon"),
    ("walk check", "play.walk-check"),
    ("elevator pitch", "snippet.elevator"),
    ("works council", ""),
    ("sustainability report", ""),
    ("carbon footprint", ""),
    ("cold chain freezer case study", ""),
    ("robots amr integration", ""),
    ("iso 27001 certificate", ""),
)
_EACH = 9
_WEEKS = 4


def happen(database: Database) -> None:
    dice = random.Random(71)  # noqa: S311 - a story, no secret
    with database.reading() as session:
        live = {it.slug: id_of(it) for it in session.exec(select(Asset).where(Asset.status == Status.PUBLISHED))}
        people = [actor(session, email) for email in (REP, REP, SELLER, "sofia.marin@example.com")]
    book = SearchLog(database)
    taken: list[tuple[str, Actor, str, timedelta]] = []
    asked = [pair for pair in _SEARCHES for _ in range(_EACH)]
    dice.shuffle(asked)
    for place, (question, slug) in enumerate(asked):
        ago = timedelta(days=_WEEKS * 7 * (1 - place / len(asked)), minutes=5)
        person = people[place % len(people)]
        search = _searched(dice, question, live, slug, person, ago)
        taken.append((book.take(search), person, slug if dice.random() < 0.8 else "", ago))
    book.flush()
    with database.transaction() as session:
        for search_id, person, slug, ago in taken:
            if slug in live:
                with clock.shifted(timedelta(seconds=dice.uniform(3, 25)) - ago):
                    log.choose(session, person, search_id, slug, 1 + int(dice.expovariate(1.2)))
        _ask_and_plan(session)


def _searched(
    dice: random.Random, question: str, live: dict[str, int], slug: str, person: Actor, ago: timedelta
) -> Asked:
    others = dice.sample(sorted(live.values()), 3)
    hits: Sequence[int] = [live[slug], *others] if slug in live else []
    match = "good" if hits else "none"
    return Asked(
        person_id=person.id,
        question=question,
        filters={},
        sort="relevance",
        deal=None,
        drafts=False,
        match=match,
        total=len(hits),
        hits=hits,
        took_ms=round(dice.uniform(2, 9), 1),
        engine="embedded",
        channel=dice.choice(("hub", "extension")),
        at=clock.now() - ago,
    )


def _ask_and_plan(session: Session) -> None:
    """Three requests: one new, one that somebody has taken, and one that is planned as a brief."""
    rep, seller, writer, marketer = (actor(session, who) for who in (REP, SELLER, WRITER, MARKETER))
    with clock.shifted(timedelta(days=-2)):
        requests.ask(
            session,
            rep,
            RequestIn(
                needed="A case study from cold storage: freezer sites say that theirs is different",
                persona="operations-director",
                stage="consideration",
                question="cold chain freezer case study",
                deal=DealNamed(source="csv", external_id="FP-1004"),
                due_on=clock.today() + timedelta(days=19),
            ),
        )
    with clock.shifted(timedelta(days=-6)):
        iso, _ = requests.ask(
            session,
            seller,
            RequestIn(
                needed="Our certificates on one page, with dates, for security questionnaires",
                persona="it-security",
                stage="decision",
                question="iso 27001 certificate",
                due_on=clock.today() + timedelta(days=13),
            ),
        )
    with clock.shifted(timedelta(days=-5)):
        requests.take(session, writer, iso)
    with clock.shifted(timedelta(days=-9)):
        footprint, _ = requests.ask(
            session,
            seller,
            RequestIn(
                needed="What fewer walked kilometres mean for the carbon report",
                persona="cfo",
                stage="decision",
                question="carbon footprint",
                due_on=clock.today() + timedelta(days=30),
            ),
        )
    with clock.shifted(timedelta(days=-4)):
        briefs.plan(
            session,
            marketer,
            BriefIn(
                title="Less walking, less carbon: numbers for the annual report",
                angle="Start from the walked kilometres that the walk check measured, not from a slogan.",
                requests=[id_of(footprint)],
                marketing_author=WRITER,
                sales_author=SELLER,
                due_on=clock.today() + timedelta(days=24),
            ),
        )
