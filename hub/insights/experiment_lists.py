"""Hold-outs as readers see them: what is suggested where, how the coin fell, and what the newest run says of it."""

from sqlmodel import Session, col, func, select

from hub.assets.models import Asset, Version
from hub.db import id_of
from hub.insights.asset_report import hold_outs_of
from hub.insights.models import Assignment, Experiment
from hub.insights.runs import latest_complete
from hub.insights.schemas import ExperimentOut, WordOut
from hub.paging import Page
from hub.people.roles import Actor, Deed, require
from hub.taxonomy.models import Term


def list_experiments(session: Session, actor: Actor) -> Page[ExperimentOut]:
    """All that there ever were, newest first. Raises NotAllowed."""
    require(actor, Deed.READ_INSIGHTS)
    found = session.exec(select(Experiment).order_by(col(Experiment.id).desc())).all()
    items = [shown(session, one) for one in found]
    return Page[ExperimentOut](items=items, total=len(items), next=None)


def shown(session: Session, one: Experiment) -> ExperimentOut:
    asset = session.get_one(Asset, one.asset_id)
    version = session.get_one(Version, asset.live_version_id or asset.head_version_id)
    stage = session.get(Term, one.stage_id) if one.stage_id is not None else None
    counts = select(Assignment.suggested, func.count()).where(Assignment.experiment_id == id_of(one))
    fallen = dict(list(session.exec(counts.group_by(col(Assignment.suggested)))))
    read = [it for it in hold_outs_of(latest_complete(session), id_of(asset)) if it.experiment == one.id]
    return ExperimentOut(
        id=id_of(one),
        asset=asset.slug,
        title=version.title,
        stage=WordOut(key=stage.key, label=stage.label) if stage is not None else None,
        share=one.share,
        started_at=one.started_at,
        ended_at=one.ended_at,
        suggested=fallen.get(True, 0),
        held_out=fallen.get(False, 0),
        result=read[0] if read else None,
    )
