"""What there is and what it is for: live assets with their tags and evidence, and the open money, as they are now.

An asset that is tagged with stages alone is for every persona, and the other way round; one with neither tag is for no
cell. Current is an asset whose review date has not passed; without a date nothing has.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from hub.assets import states
from hub.assets.models import Asset, Version, VersionTag
from hub.db import metadata
from hub.deals.models import Deal, DealContact, Outcome
from hub.insights.inputs import Inputs, Money
from hub.insights.models import AssetEvidence, AssetUse
from hub.planning.demand import About
from hub.planning.evidence import USUAL_CHANCE, Outlook, lift_of
from hub.planning.worth import Lift
from hub.taxonomy.models import Term

_EVIDENCE = [col(getattr(AssetEvidence, name)) for name in ("verdict", "lift", "low", "high", "above", "gain", "n")]
_tags = metadata.tables[str(VersionTag.__tablename__)]
_terms = metadata.tables[str(Term.__tablename__)]


@dataclass(frozen=True, slots=True)
class LiveAsset:
    """`lift` is None where there is no evidence; `uses` are those of the last 90 days, `finished` stages with a use."""

    id: int
    slug: str
    title: str
    about: About
    fresh: bool | None
    verdict: str | None
    lift: Lift | None
    finished: int
    uses: int
    last_used_at: datetime | None

    @property
    def is_current(self) -> bool:
        return self.fresh is not False


def live_assets(session: Session) -> list[LiveAsset]:
    """Two statements, whatever the number of assets."""
    about = _abouts(session)
    query = (
        sql_select(
            col(Asset.id).label("id"), col(Asset.slug), col(Version.title), col(Asset.review_by),
            *_EVIDENCE, col(AssetUse.recent), col(AssetUse.last_used_at),
        )
        .join(Version, col(Version.id) == col(Asset.live_version_id))
        .outerjoin(AssetEvidence, col(AssetEvidence.asset_id) == col(Asset.id))
        .outerjoin(AssetUse, col(AssetUse.asset_id) == col(Asset.id))
        .where(states.is_live())
        .order_by(col(Asset.id))
    )  # fmt: skip
    nothing = About()
    return [
        LiveAsset(
            id=row.id,
            slug=row.slug,
            title=row.title,
            about=about.get(row.id, nothing),
            fresh=states.is_fresh(row.review_by),
            verdict=row.verdict,
            lift=lift_of(row),
            finished=row.n or 0,
            uses=row.recent or 0,
            last_used_at=row.last_used_at,
        )
        for row in session.execute(query)
    ]


def _abouts(session: Session) -> dict[int, About]:
    """What live assets are tagged with. Few combinations are many assets', so each is kept once."""
    query = (
        sql_select(col(Asset.id), _terms.c.vocabulary, _tags.c.term_id)
        .join(_tags, _tags.c.version_id == col(Asset.live_version_id))
        .join(_terms, _terms.c.id == _tags.c.term_id)
        .where(states.is_live(), _terms.c.vocabulary.in_(("personas", "stages")))
    )
    tags: dict[int, dict[str, list[int]]] = {}
    for asset_id, vocabulary, term_id in session.execute(query):
        tags.setdefault(asset_id, {}).setdefault(vocabulary, []).append(term_id)
    kept: dict[About, About] = {}
    found = {}
    for asset_id, named in tags.items():
        about = About(frozenset(named.get("personas", ())), frozenset(named.get("stages", ())))
        found[asset_id] = kept.setdefault(about, about)
    return found


@dataclass(frozen=True, slots=True)
class OpenMoney:
    """Open deals somewhere: how many, how many of them with an amount in known money, that money, and what of it is
    expected to be won."""

    deals: int = 0
    priced: int = 0
    amount: float = 0.0
    expected: float = 0.0

    def __add__(self, other: "OpenMoney") -> "OpenMoney":
        return OpenMoney(
            self.deals + other.deals,
            self.priced + other.priced,
            self.amount + other.amount,
            self.expected + other.expected,
        )

    @property
    def average(self) -> float:
        return self.amount / self.priced if self.priced else 0.0

    @property
    def chance(self) -> float:
        """Of winning an open deal here, weighed by money."""
        return self.expected / self.amount if self.amount > 0 else USUAL_CHANCE


Place = tuple[int | None, int | None]


@dataclass(frozen=True)
class Pipeline:
    """Open money by (persona, buyer-journey stage), None where nobody said; `currency` is that of all amounts."""

    money: Mapping[Place, OpenMoney]
    currency: str | None
    warnings: Sequence[str]

    @property
    def all(self) -> OpenMoney:
        return total(self.money.values())


def total(parts: Iterable[OpenMoney]) -> OpenMoney:
    return sum(parts, OpenMoney())


def pipeline(
    session: Session, inputs: Inputs, outlook: Outlook, journey: Mapping[int, int], *, segment_id: int | None = None
) -> Pipeline:
    """One statement: of all open deals, or of those of a segment. Amounts are in the currency of the evidence, else in
    that of most open deals. `journey` is the stage of the buyer's journey by deal stage."""
    rows = session.execute(_open_deals(segment_id)).all()
    by_currency: dict[str | None, int] = {}
    for row in rows:
        by_currency[row.currency] = by_currency.get(row.currency, 0) + row.priced
    if outlook.currency:
        inputs = replace(inputs, base_currency=outlook.currency)
    money = Money.of(inputs, by_currency)
    found: dict[Place, OpenMoney] = {}
    for row in rows:
        rate = money.rate(row.currency)
        amount = float(row.amount or 0) / 100 * (rate or 0.0)
        part = OpenMoney(
            row.deals, row.priced if rate is not None else 0, amount, amount * outlook.chance_at(row.stage_id)
        )
        place = (row.persona_id, journey.get(row.stage_id or 0))
        found[place] = found.get(place, OpenMoney()) + part
    return Pipeline(found, money.base or None, tuple(money.warnings()))


def persona_of_deal() -> ColumnElement[int | None]:
    """A deal that names no persona has its primary contact's, as in the evidence."""
    theirs = (
        sql_select(func.min(col(DealContact.persona_id)))
        .where(col(DealContact.deal_id) == col(Deal.id), col(DealContact.is_primary))
        .correlate(Deal)
        .scalar_subquery()
    )
    return func.coalesce(col(Deal.persona_id), theirs)


def _open_deals(segment_id: int | None) -> Select[Any]:
    query = sql_select(
        persona_of_deal().label("persona_id"), col(Deal.stage_id), col(Deal.currency), col(Deal.amount)
    ).where(col(Deal.outcome) == Outcome.OPEN)  # fmt: skip
    one = (query if segment_id is None else query.where(col(Deal.segment_id) == segment_id)).subquery()
    by = (one.c.persona_id, one.c.stage_id, one.c.currency)
    counts = (
        func.count().label("deals"),
        func.count(one.c.amount).label("priced"),
        func.sum(one.c.amount).label("amount"),
    )
    return sql_select(*by, *counts).group_by(*by)
