"""Hold-outs, off unless somebody starts one: an asset is suggested in some of the eligible deals only, by a coin, and
what that did is read by the code that reads everything else.

The coin is made of the deal's id and a secret of the experiment, so that it falls the same way however often it is
thrown, on every device. The first time that it matters is written down: from then on the deal counts, whatever the rep
did (intention to treat).
"""

import secrets
from collections.abc import Collection, Iterable
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

import numpy as np
from sqlmodel import Session, col, select

from hub import clock
from hub.assets.models import Asset
from hub.db import Database, id_of
from hub.deals.models import Deal, Outcome
from hub.errors import Conflict, NotFound
from hub.events.names import EventName
from hub.events.record import record
from hub.insights.evidence import MISSING, Assignments, Evidence, read_hold_out
from hub.insights.loading import Loaded
from hub.insights.models import Assignment, Experiment
from hub.people.roles import Actor, Deed, require
from hub.taxonomy.models import Term
from hub.usage.timing import days

_SIDES = 2.0**64


def start(session: Session, actor: Actor, asset: Asset, *, stage: Term | None = None, share: float = 0.5) -> Experiment:
    """Suggest the asset in `share` of the eligible open deals (those in the deal stage, or all). Raises NotAllowed,
    Conflict when one runs for the asset already."""
    require(actor, Deed.RUN_EXPERIMENT)
    if asset.live_version_id is None:
        raise Conflict(f"{asset.slug!r} is not live, so nobody could be held from it. Publish it first.")
    if running(session, [id_of(asset)]):
        raise Conflict(f"A hold-out of {asset.slug!r} runs already. End it before you start another one.")
    made = Experiment(
        asset_id=id_of(asset),
        stage_id=stage.id if stage is not None else None,
        share=share,
        salt=secrets.token_hex(16),
        started_at=clock.now(),
        started_by=actor.id,
    )
    session.add(made)
    session.flush()
    subject = ("asset", asset.id, asset.slug)
    record(session, EventName.EXPERIMENT_STARTED, actor_id=actor.id, subject=subject, experiment=made.id, share=share)
    return made


def end(session: Session, actor: Actor, experiment_id: int) -> Experiment:
    """Nobody is held out any longer; what was assigned is still read. Harmless when repeated. Raises NotAllowed,
    NotFound."""
    require(actor, Deed.RUN_EXPERIMENT)
    found = session.get(Experiment, experiment_id, with_for_update=True)
    if found is None:
        raise NotFound(f"There is no hold-out {experiment_id}.")
    if found.ended_at is None:
        found.ended_at, found.ended_by = clock.now(), actor.id
        asset = session.get_one(Asset, found.asset_id)
        subject = ("asset", asset.id, asset.slug)
        record(session, EventName.EXPERIMENT_ENDED, actor_id=actor.id, subject=subject, experiment=found.id)
    return found


def running(session: Session, asset_ids: Collection[int] | None = None) -> list[Experiment]:
    """Those of these assets, or all."""
    query = select(Experiment).where(col(Experiment.ended_at).is_(None))
    if asset_ids is not None:
        query = query.where(col(Experiment.asset_id).in_(asset_ids))
    return list(session.exec(query.order_by(col(Experiment.id))))


def suggested(session: Session, deal: Deal, asset_ids: Collection[int] | None = None) -> dict[int, bool]:
    """For those of these assets (or of all) under a hold-out for which the deal is eligible: whether to suggest it
    there. One query. Whoever shows the answer calls `note` for all that it was asked for, either way."""
    if deal.outcome != Outcome.OPEN:
        return {}
    return {
        one.asset_id: coin(one, id_of(deal))
        for one in running(session, asset_ids)
        if one.stage_id in (None, deal.stage_id)
    }


def note(database: Database, deal_id: int, asset_ids: Iterable[int]) -> None:
    """Write down where the coin fell for these assets on this deal, the first time. A transaction of its own, none
    where nothing is new."""
    wanted = set(asset_ids)
    with database.reading() as session:
        new = [one for one in running(session, wanted) if not _is_assigned(session, id_of(one), deal_id)]
    if not new:
        return
    with database.transaction() as session:
        session.get_one(Deal, deal_id, with_for_update=True)
        for one in new:
            if not _is_assigned(session, id_of(one), deal_id):
                fallen = {"deal_id": deal_id, "suggested": coin(one, deal_id), "assigned_at": clock.now()}
                session.add(Assignment.model_validate(fallen | {"experiment_id": id_of(one)}))


def coin(experiment: Experiment, deal_id: int) -> bool:
    """Whether the asset is suggested on this deal."""
    digest = blake2b(f"{experiment.salt}:{deal_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / _SIDES < experiment.share


def read_all(session: Session, loaded: Loaded, evidence: Evidence) -> list[dict[str, Any]]:
    """Each hold-out that has assignments, read by a run: lift and range in points."""
    if evidence.missing:
        return []
    index = {deal_id: place for place, deal_id in enumerate(loaded.known.deal_ids.tolist())}
    found = []
    for one in session.exec(select(Experiment).order_by(col(Experiment.id))):
        rows = session.exec(select(Assignment).where(Assignment.experiment_id == id_of(one))).all()
        if not rows:
            continue
        deal = np.array([index.get(row.deal_id, MISSING) for row in rows])
        day = np.array([days(row.assigned_at) for row in rows])
        side = np.array([row.suggested for row in rows])
        known = deal > MISSING
        read = read_hold_out(loaded.history, Assignments(deal[known], day[known], side[known]), evidence.model)
        points = {name: 100 * getattr(read, name) for name in ("lift", "low", "high")}
        found.append({"experiment": one.id, "asset_id": one.asset_id, **asdict(read), **points})
    return found


def _is_assigned(session: Session, experiment_id: int, deal_id: int) -> bool:
    query = select(Assignment.id).where(Assignment.experiment_id == experiment_id, Assignment.deal_id == deal_id)
    return session.exec(query).first() is not None
