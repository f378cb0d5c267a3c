"""Where the money passed, asset by asset: the usual models of credit side by side. Only reads.

They say who was there. `asset_lists` says what helped; next to each credit stands its verdict, so that the two are
never taken for one another.
"""

from typing import Any

from sqlmodel import Session, col

from hub.assets.models import Asset, Version
from hub.insights.asset_figures import Sources, may_be_known
from hub.insights.basis import basis_of, run_shown
from hub.insights.evidence import TOO_EARLY
from hub.insights.schemas import MoneyPassed, MoneyRow
from hub.people.roles import Actor, Deed, require


def money_passed(session: Session, actor: Actor, *, limit: int, run_id: int | None = None) -> MoneyPassed:
    """The assets that touched most won money. Raises NotAllowed, NotFound, Conflict for a run that cannot be shown."""
    require(actor, Deed.READ_INSIGHTS)
    run = run_shown(session, run_id)
    sources = Sources(run_id)
    touched: Any = sources.evidence.touched_revenue
    query = sources.of(Asset.slug, Version.title, sources.evidence).where(may_be_known(actor), touched > 0)
    found = session.execute(query.order_by(touched.desc(), col(Asset.id)).limit(limit)).all()
    figures = run.figures.get("touched", {}) if run is not None else {}
    return MoneyPassed(
        assets=[
            MoneyRow(
                slug=slug,
                title=title,
                verdict=row.verdict or TOO_EARLY,
                lift=row.lift,
                deals=row.deals,
                touched_revenue=round(row.touched_revenue, 2),
                extra_revenue=row.extra_revenue,
                extra_low=row.extra_low,
                extra_high=row.extra_high,
                credit=row.details["attribution"],
            )
            for slug, title, row in found
        ],
        touched_deals=figures.get("deals"),
        won_amount=figures.get("won_amount"),
        basis=basis_of(run),
    )
