"""Coverage: every persona at every buyer-journey stage, what is there, what is open, what is wanted, and the gap."""

from sqlmodel import Session

from hub.insights.inputs import Inputs
from hub.people.roles import Actor, Deed, require
from hub.planning import evidence
from hub.planning.cells import Cell, Grid, grid
from hub.planning.demand import DAYS
from hub.planning.schemas import CellOut, Coverage
from hub.taxonomy import vocabulary


def coverage(session: Session, actor: Actor, inputs: Inputs, *, segment: str | None = None) -> Coverage:
    """All cells, the largest gap first; with the open money of one segment only, if one is named. The same few
    statements whatever the number of rows. Raises NotFound for a segment that there is not."""
    require(actor, Deed.READ_PLAN)
    outlook = evidence.outlook(session)
    segment_id = vocabulary.find(session, "segments", segment).id if segment else None
    found = grid(session, inputs, outlook, segment_id=segment_id)
    items = [_cell(found, place, cell) for place, cell in enumerate(found.cells)]
    items.sort(key=lambda it: -it.gap)
    return Coverage(
        items=items,
        total=len(items),
        next=None,
        currency=found.pipeline.currency,
        days=DAYS,
        evidence_of=outlook.computed_at,
        warnings=list(found.pipeline.warnings),
    )


def segments(session: Session) -> list[tuple[str, str]]:
    """(key, label) of the segments that coverage can be narrowed to."""
    return [(term.key, term.label) for term in vocabulary.terms_of(session, "segments")]


def _cell(found: Grid, place: int, cell: Cell) -> CellOut:
    scores = found.scores
    return CellOut(
        persona=cell.persona and cell.persona.key,
        stage=cell.stage and cell.stage.key,
        live=cell.live,
        fresh=cell.fresh,
        overdue=cell.overdue,
        open_deals=cell.open.deals,
        open_amount=round(cell.open.amount, 2),
        searches=cell.searches,
        zero_results=cell.zero_results,
        requests=len(cell.requests),
        askers=cell.people,
        best_lift=round(100 * cell.best_lift, 4) if cell.best_lift is not None else None,
        best_asset=cell.best.slug if cell.best else None,
        gap=round(float(scores.gap[place]), 2),
        need_factor=round(float(scores.need[place]), 3),
        pass_factor=round(float(scores.passing[place]), 3),
    )
