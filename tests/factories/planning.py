"""What planning looks at, for tests: words, logged searches and evidence, put straight into their tables."""

import itertools
from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from hub import clock
from hub.assets.models import Asset
from hub.db import id_of
from hub.insights.models import AssetEvidence, AssetUse, EvidenceRun, RunReason, RunState
from hub.search.models import Search
from hub.taxonomy.models import Term
from tests.factories.taxonomy import make_term

_numbers = itertools.count(1)


def make_words(session: Session) -> None:
    """Two personas, a competitor, a product, and deal stages that the taxonomy maps to two of the four stages."""
    for vocabulary, key, label in (
        ("personas", "cfo", "Finance lead"),
        ("personas", "it-security", "IT security"),
        ("competitors", "tilvane", "Tilvane"),
        ("products", "slotting", "Slotting"),
    ):
        make_term(session, vocabulary, key, label=label)
    for stage, deal_stage in (("consideration", "Discovery"), ("decision", "Proposal")):
        term = session.exec(select(Term).where(Term.vocabulary == "stages", Term.key == stage)).one()
        term.text = {**term.text, "deal_stages": [deal_stage]}
    session.flush()


def log_search(session: Session, question: str, *, match: str = "none", times: int = 1, **filters: str) -> Search:
    """Logged searches, the last one of them; filters as `persona="cfo"`."""
    row = None
    for _ in range(times):
        now = clock.now()
        row = Search(
            id=f"{next(_numbers):032x}",
            question=question,
            folded=question.casefold(),
            filters={name: [key] for name, key in filters.items()},
            sort="relevance",
            match=match,
            total=0 if match == "none" else 3,
            hits=[],
            took_ms=1.0,
            engine="embedded",
            channel="hub",
            asked_at=now,
            answered_at=now,
        )
        session.add(row)
    session.flush()
    assert row is not None
    return row


def make_run(session: Session, **figures: Any) -> EvidenceRun:
    """A complete run that found these figures."""
    now = clock.now()
    run = EvidenceRun(
        state=RunState.COMPLETE,
        reason=RunReason.NIGHTLY,
        asked_at=now,
        cut_off=now,
        finished_at=now,
        inputs={"base_currency": "EUR"},
        figures={"outlook": {"target": 6.0, "good_share": 0.15}} | figures,
    )
    session.add(run)
    session.flush()
    return run


def make_evidence(session: Session, run: EvidenceRun, asset: Asset, **found: Any) -> AssetEvidence:
    """What is shown of an asset: proven to help by five points unless said otherwise."""
    values = {
        "verdict": "proven",
        "lift": 5.0,
        "low": 2.0,
        "high": 8.0,
        "above": 0.97,
        "gain": 5.0,
        "n": 100,
        "deals": 90,
        "details": {},
    }
    row = AssetEvidence(asset_id=id_of(asset), run_id=id_of(run), updated_at=clock.now(), **(values | found))
    session.add(row)
    session.flush()
    return row


def count_uses(session: Session, asset: Asset, recent: int, *, days_ago: int = 1) -> None:
    """The roll-up of an asset's uses."""
    now = clock.now()
    last = now - timedelta(days=days_ago)
    session.add(
        AssetUse(
            asset_id=id_of(asset), uses=recent, recent=recent, deals=recent, last_used_at=last, counted_at=now
        )
    )  # fmt: skip
    session.flush()
