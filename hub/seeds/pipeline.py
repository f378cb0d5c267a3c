"""A year and a half of deals of the invented company, with what was used in each, brought in as tables of a CRM.

The outcomes are thrown with planted truths, so that the evidence of the demo has something to find: three assets help
where they belong, one goes with losing, the rest does nothing. Good sellers use more content, which flatters all of it
in plain win rates. The story ends today: the last deals are still open.
"""

import csv
import io
import math
import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub import clock
from hub.db import Database
from hub.deals.imports import import_deals, import_stages
from hub.seeds.cast import REP, SELLER
from hub.usage.imports import import_uses

DEALS, DAYS = 1_300, 480
SOURCE_ID = "FP-{}"
# Who owns how much of the pipeline, and how good they are (in log-odds of passing a stage).
_OWNERS = {
    SELLER: (0.22, 0.5),
    "sofia.marin@example.com": (0.2, 0.3),
    REP: (0.2, 0.0),
    "ingrid.halloran@example.com": (0.15, 0.1),
    "lukas.brandt@example.com": (0.13, -0.3),
    "priya.nair@example.com": (0.1, -0.5),
}
# The pipeline: a deal stage, the log-odds of passing it, and what is used there, the likeliest first.
_PIPELINE = (
    (
        "Qualification",
        0.6,
        "value-proposition.for-operations-directors email-template.first-touch-operations "
        "call-script.cold-call-warehouse-manager snippet.elevator value-proposition.forepick-in-one-minute "
        "email-template.walk-check-invitation deck.first-meeting snippet.benchmark-sentence",
    ),
    (
        "Discovery",
        0.7,
        "case-study.brennhof call-script.discovery-call play.walk-check battlecard.corlandis "
        "case-study.pallister-logistics one-pager.product-overview value-proposition.for-warehouse-managers "
        "objection.wms-already-does-slotting faq.connecting-your-wms",
    ),
    (
        "Proposal",
        0.8,
        "deck.business-case one-pager.pricing objection.too-expensive value-proposition.for-finance "
        "battlecard.quaydon email-template.cfo-after-demo case-study.tern-and-tally one-pager.security-summary",
    ),
    (
        "Negotiation",
        1.0,
        "objection.not-before-peak faq.pricing-and-contract battlecard.spreadsheet objection.too-expensive "
        "call-script.price-call email-template.when-it-went-quiet snippet.security-in-five-lines",
    ),
)
# The planted truths: what a use adds to the log-odds of passing the stage in which it falls.
PLANTED = {
    "case-study.brennhof": 1.9,
    "deck.business-case": 1.9,
    "objection.not-before-peak": 1.8,
    "one-pager.pricing": -1.7,
}
_ACTIONS = {"inserted": 5, "sent": 4, "shared": 3, "presented": 2, "copied": 3, "spoken": 2, "viewed": 2}
_CHANNELS = {"extension": 6, "hub": 3, "api": 1}
_SEGMENTS = {"single-site": (5, 9.6), "multi-site": (3, 10.8), "network": (1, 12.0)}
_PERSONAS = {"cfo": 3, "operations-director": 5, "it-security": 2, "warehouse-manager": 4}
_COMPETITORS = {"": 5, "corlandis": 3, "quaydon": 2, "tilvane": 2, "spreadsheet": 4}
_INDUSTRIES = (
    *("parts-distribution", "online-retail", "healthcare-supply", "food-distribution", "third-party-logistics"),
)
_SOURCES = {"inbound": 4, "walk-check": 2, "outbound": 4, "partner": 2, "referral": 1, "event": 1}
_REASONS = ("no-change", "price", "chose-wms-module", "chose-competitor", "no-data-access", "bad-timing")
_FIRST = (
    *("Alder", "Birk", "Castell", "Dorn", "Elmet", "Fenwick", "Garrel", "Harrow", "Iver", "Jarrow", "Kestel", "Lommen"),
    *("Marden", "Norrvik", "Oster", "Pell", "Quarry", "Rowan", "Selby", "Tarn", "Ulver", "Varde", "Wexley", "Yarrow"),
)
_SECOND = (
    *("Foods", "Logistics", "Spare Parts", "Pharma", "Retail", "Wholesale", "Medical", "Home", "Fashion", "Tools"),
    *("Fulfilment", "Groceries"),
)


@dataclass
class Tables:
    """Rows as a CRM and the tools beside it would export them."""

    deals: list[Sequence[object]] = field(default_factory=list)
    stages: list[Sequence[object]] = field(default_factory=list)
    uses: list[Sequence[object]] = field(default_factory=list)


def load(database: Database) -> None:
    """Through the doors that every import takes."""
    tables = _thrown(clock.now().replace(minute=0, second=0, microsecond=0))
    columns = "deal_id owner outcome name account segment industry buyer_persona competitor source amount currency created closed lost_reason"  # noqa: E501 - one header
    import_deals(database, _file(columns, tables.deals))
    import_stages(database, _file("deal_id stage entered left result", tables.stages))
    import_uses(database, _file("event_id deal_id asset_id date action person channel", tables.uses))


def _thrown(now: datetime) -> Tables:
    """The same throws every day; only the dates move with the calendar."""
    dice, tables = random.Random(2_027), Tables()  # noqa: S311 - a story, no secret
    for number in range(DEALS):
        _throw_deal(dice, tables, number, now)
    return tables


def _throw_deal(dice: random.Random, tables: Tables, number: int, now: datetime) -> None:
    owner = _one(dice, {name: share for name, (share, _) in _OWNERS.items()})
    segment = _one(dice, {name: share for name, (share, _) in _SEGMENTS.items()})
    created = now - timedelta(days=dice.uniform(1, DAYS))
    deal = SOURCE_ID.format(1000 + number)
    moment, result = created, "advanced"
    for stage, chance, content in _PIPELINE:
        left = moment + timedelta(days=dice.uniform(6, 30))
        used = _throw_uses(dice, tables, (deal, owner), content.split(), moment, min(left, now))
        odds = chance + _OWNERS[owner][1] + sum(PLANTED.get(slug, 0.0) for slug in used)
        result = "advanced" if dice.random() < 1 / (1 + math.exp(-odds)) else "lost"
        if left > now:
            tables.stages.append((deal, stage, _written(moment), "", ""))
            result = ""
            break
        tables.stages.append((deal, stage, _written(moment), _written(left), result))
        moment = left
        if result == "lost":
            break
    outcome = {"advanced": "won", "lost": "no decision" if dice.random() < 0.35 else "lost", "": "open"}[result]
    industry, account = dice.choice(_INDUSTRIES), f"{dice.choice(_FIRST)} {dice.choice(_SECOND)}"
    amount = round(math.exp(dice.gauss(_SEGMENTS[segment][1], 0.5)), -2)
    tables.deals.append(
        (
            *(deal, owner, outcome, f"{account}: slotting", account, segment, industry),
            *(_one(dice, _PERSONAS), _one(dice, _COMPETITORS), _one(dice, _SOURCES), amount, "EUR"),
            *(_written(created), _written(moment) if result else ""),
            dice.choice(_REASONS) if outcome == "lost" else "",
        )
    )


def _throw_uses(
    dice: random.Random, tables: Tables, deal: tuple[str, str], content: list[str], start: datetime, end: datetime
) -> set[str]:
    """What was used in one stage; a good seller reaches for more."""
    name, owner = deal
    many = min(len(content), int(dice.expovariate(1 / (2.2 * math.exp(0.6 * _OWNERS[owner][1])))))
    weights = [len(content) - place / 2 for place in range(len(content))]
    used: set[str] = set()
    for _ in range(many):
        slug = dice.choices(content, weights)[0]
        if slug in used:
            continue
        used.add(slug)
        moment = start + (end - start) * dice.uniform(0.02, 0.9)
        event = uuid.UUID(int=dice.getrandbits(128), version=4)
        tables.uses.append((event, name, slug, _written(moment), _one(dice, _ACTIONS), owner, _one(dice, _CHANNELS)))
    return used


def _one(dice: random.Random, weights: dict[str, float] | dict[str, int]) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _file(columns: str, rows: Iterable[Sequence[object]]) -> io.BytesIO:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns.split())
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())
