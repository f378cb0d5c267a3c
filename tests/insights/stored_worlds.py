"""Planted worlds in a database: written as the tables that other systems export, and imported like those."""

import io
from datetime import UTC, date, datetime, timedelta

import numpy as np
from sqlmodel import Session, col, select

from hub.assets import approval, drafts
from hub.assets.drafts import NewAsset
from hub.assets.models import Asset
from hub.db import Database
from hub.deals.models import Deal
from hub.insights.computing import Computer
from hub.insights.evidence import ADVANCED, LOST, OPEN, WON, History
from hub.insights.inputs import Inputs
from hub.insights.models import AssetEvidence
from hub.people.roles import HUB
from hub.taxonomy.models import Term
from hub.usage.imports import import_uses
from tests.factories.assets import make_text
from tests.factories.deals import bring_deals, bring_stages, table
from tests.factories.worlds import with_deals

_OUTCOMES = {OPEN: "open", LOST: "lost", WON: "won"}
_RESULTS = {OPEN: "", LOST: "lost", ADVANCED: "advanced"}
_DEAL = "deal_id,owner,outcome,segment,industry,buyer_persona,competitor,source,amount,created,closed"
STAGES = ("discovery", "evaluation", "proposal", "negotiation")


def store(database: Database, history: History, *, currency: str = "") -> None:
    """Live assets A0, A1, … and the deals D0, D1, … with their stages and uses."""
    add_assets(database, history.assets)
    store_deals(database, history, currency=currency)
    store_stages(database, history)
    store_uses(database, history)


def add_assets(database: Database, many: int, *, first: int = 0) -> None:
    with database.transaction() as session:
        new = [
            NewAsset(slug=f"asset-{it}", text=make_text(session, title=f"Asset {it}"), external_id=f"A{it}")
            for it in range(first, first + many)
        ]
        made = drafts.create_assets(session, HUB, new, source="import", render=False)
        live = [(asset, drafts.head_of(session, asset)) for asset in made]
        approval.publish_imported(session, HUB, live, reason="was live there", at=datetime.now(UTC))


def store_deals(database: Database, history: History, *, currency: str = "") -> None:
    bring_deals(database, deals_table(history, currency=currency))


def deals_table(history: History, *, currency: str = "") -> str:
    deals = history.deals
    rows = [
        (
            *(f"D{it}", f"owner {deals.owner[it]}", _OUTCOMES[int(deals.outcome[it])]),
            *(f"{word} {code}" if (code := int(getattr(deals, word)[it])) >= 0 else "" for word in _WORDS),
            *("" if np.isnan(deals.amount[it]) else f"{deals.amount[it]:.2f}", day(deals.created[it])),
            *(day(deals.closed[it]), currency),
        )
        for it in range(len(deals))
    ]
    return table(f"{_DEAL},currency", rows)


def store_stages(database: Database, history: History, places: np.ndarray | None = None) -> None:
    bring_stages(database, stages_table(history, places))


def stages_table(history: History, places: np.ndarray | None = None) -> str:
    entries = history.entries
    rows = [
        (
            *(f"D{entries.deal[it]}", STAGES[entries.stage[it]], day(entries.entered[it]), day(entries.left[it])),
            _RESULTS[int(entries.result[it])],
        )
        for it in (range(len(entries)) if places is None else places)
    ]
    return table("deal_id,stage,entered,left,result", rows)


def store_uses(database: Database, history: History, places: np.ndarray | None = None) -> None:
    report = import_uses(database, io.BytesIO(uses_table(history, places).encode()))
    assert not report.rejected


def uses_table(history: History, places: np.ndarray | None = None) -> str:
    uses = history.uses
    rows = [
        (f"U{it}", f"D{uses.deal[it]}", f"A{uses.asset[it]}", day(uses.day[it]), "shared")
        for it in (range(len(uses)) if places is None else places)
    ]
    return table("event_id,deal_id,asset_id,date,action", rows)


def rounded(history: History) -> History:
    """The history with the amounts that a table can hold: hundredths."""
    return with_deals(history, amount=np.round(history.deals.amount, 2))


def computed(database: Database, inputs: Inputs | None = None, *, placebo: bool = False) -> int:
    return Computer(database, inputs or Inputs()).compute(placebo=placebo)


def shown(session: Session) -> dict[str, AssetEvidence]:
    """What is shown now, by external id."""
    rows = select(AssetEvidence, Asset.external_id).join(Asset, col(Asset.id) == AssetEvidence.asset_id)
    return {name or "": row for row, name in session.exec(rows)}


def deal_id(session: Session, external_id: str) -> int:
    return session.exec(select(Deal.id).where(Deal.external_id == external_id)).one() or 0


def term_id(session: Session, vocabulary: str, label: str) -> int:
    return session.exec(select(Term.id).where(Term.vocabulary == vocabulary, Term.label == label)).one() or 0


def day(days: float) -> str:
    return "" if np.isnan(days) else (date(1970, 1, 1) + timedelta(days=float(days))).isoformat()


_WORDS = ("segment", "industry", "persona", "competitor", "source")
