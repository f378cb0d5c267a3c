"""What is said of one asset in a list and on its own: its figures and the sentence that they make.

`Sources` are the tables that they come from: what is shown now, or what a run found.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import select as sql_select
from sqlmodel import col, func

from hub.assets import states
from hub.assets.models import Asset, Kind, Version
from hub.assets.policy import drafts_seen_by
from hub.insights import links
from hub.insights.evidence import TOO_EARLY, Fact, sentence
from hub.insights.models import AssetEvidence, AssetUse, Found
from hub.insights.schemas import CellOut
from hub.people.roles import Actor

_TOO_FEW_IN_ALL = "Too early to say: not enough deals have finished in all."
_NOT_USED = "Nobody has used it in a stage of a deal that has finished."


class Sources:
    """Assets with their texts, evidence and use."""

    def __init__(self, run_id: int | None) -> None:
        self._run_id = run_id
        self.evidence: Any = AssetEvidence if run_id is None else Found
        self.version = func.coalesce(col(Asset.live_version_id), col(Asset.head_version_id))

    def figures(self, *more: Any) -> Any:
        """A query of what `figures_of` takes, and more columns."""
        return self.of(Asset, Version.title, Version.kind, self.evidence, AssetUse, *more)

    def of(self, *columns: Any) -> Any:
        evidence = self.evidence.asset_id == Asset.id
        if self._run_id is not None:
            evidence = and_(evidence, self.evidence.run_id == self._run_id)
        return (
            sql_select(*columns)
            .select_from(Asset)
            .join(Version, col(Version.id) == self.version)
            .outerjoin(self.evidence, evidence)
            .outerjoin(AssetUse, col(AssetUse.asset_id) == col(Asset.id))
        )


def may_be_known(actor: Actor) -> ColumnElement[bool]:
    """What is or was live, and the drafts that this person may see."""
    return or_(col(Asset.live_version_id).is_not(None), drafts_seen_by(actor))


def figures_of(
    asset: Asset, title: str, kind: str, found: Any, used: AssetUse | None, cells: list[CellOut]
) -> dict[str, Any]:
    n, advanced = (found.n, found.advanced) if found is not None else (0, 0)
    return {
        "slug": asset.slug,
        "external_id": asset.external_id,
        "title": title,
        "kind": Kind(kind),
        "status": states.shown_status(asset.status, asset.expires_on),
        "review_by": asset.review_by,
        "fresh": states.is_fresh(asset.review_by),
        "verdict": found.verdict if found is not None else TOO_EARLY,
        "sentence": _sentence(found),
        "lift": _of(found, "lift"),
        "low": _of(found, "low"),
        "high": _of(found, "high"),
        "n": n,
        "advanced": advanced,
        "lost": n - advanced,
        "deals": found.deals if found is not None else 0,
        "owners": found.owners if found is not None else 0,
        "crude_lift": _of(found, "crude_lift") or 0.0,
        "touched_revenue": round(_of(found, "touched_revenue") or 0.0, 2),
        "extra_revenue": _of(found, "extra_revenue"),
        "extra_low": _of(found, "extra_low"),
        "extra_high": _of(found, "extra_high"),
        "uses": used.uses if used is not None else 0,
        "recent": used.recent if used is not None else 0,
        "last_used_at": used.last_used_at if used is not None else None,
        "cells": cells,
        "rows": links.uses(asset.slug),
    }


def _of(found: Any, name: str) -> float | None:
    value = getattr(found, name) if found is not None else None
    return None if value is None else round(value, 4)


def fact_sentence(facts: dict[str, Any], *, where: str = "") -> str:
    """The sentence of an asset or a cell; lifts are in points."""
    return sentence(
        Fact(
            verdict=facts["verdict"],
            observed=facts["observed"],
            expected=facts["expected"],
            lift=facts["lift"] / 100,
            low=facts["low"] / 100,
            high=facts["high"] / 100,
            n=facts["n"],
            deals=facts["deals"],
            reps=facts["owners"],
            more_needed=facts["more_needed"],
            as_good_as_other=facts["as_good_as_other"],
        ),
        where=where,
    )


def _sentence(found: Any) -> str:
    if found is None or not found.n:
        return _NOT_USED
    if found.lift is None:
        return _TOO_FEW_IN_ALL
    return fact_sentence(found.details | found.model_dump(exclude={"details"}))
