"""The rows behind the lines of the queue: the largest open deals, the questions that found nothing, the requests.

A fixed number of statements for a page, whatever its length: the first few rows of every place are read at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Text, cast, func, true
from sqlalchemy import select as sql_select
from sqlmodel import Session, col

from hub import clock
from hub.deals.models import Deal, Outcome
from hub.deals.money import units
from hub.planning.demand import DAYS, About, about_of
from hub.planning.lines import Line
from hub.planning.schemas import Behind, DealBehind, QuestionBehind
from hub.planning.supply import persona_of_deal
from hub.planning.worth import SuggestionKind
from hub.search.models import Search
from hub.taxonomy.models import Term
from hub.usage.models import Use

SHOWN = 3
_DEALS_A_PLACE = 20
_QUESTIONS = 300


@dataclass(frozen=True, slots=True)
class _Deal:
    id: int
    persona: int | None
    stage: int | None
    amount: int
    shown: DealBehind


def behind(session: Session, lines: Sequence[Line], journey: Mapping[int, int], terms: Sequence[Term]) -> list[Behind]:
    """One for each line. `journey` is the stage of the buyer's journey by deal stage; `terms` are personas and
    stages."""
    written = [line for line in lines if line.kind == SuggestionKind.WRITE]
    promoted = [line.asset.id for line in lines if line.kind == SuggestionKind.PROMOTE and line.asset is not None]
    deals = _largest(session, journey, None if promoted else _stages(written, journey)) if written or promoted else []
    used = _used(session, promoted, [deal.id for deal in deals])
    questions = _questions(session, terms) if written else []
    return [_of_line(line, deals, used, questions) for line in lines]


def _of_line(
    line: Line, deals: Sequence[_Deal], used: set[tuple[int, int]], questions: Sequence[tuple[About, str, int]]
) -> Behind:
    cell, asset = line.cell, line.asset
    theirs: list[_Deal] = []
    asked: list[QuestionBehind] = []
    if cell is not None:
        place = cell.place
        theirs = [deal for deal in deals if (deal.persona, deal.stage) == place]
        asked = [QuestionBehind(question=text, searches=n) for about, text, n in questions if about.covers(*place)]
    elif asset is not None and line.kind == SuggestionKind.PROMOTE:
        fits = [deal for deal in deals if asset.about.covers(deal.persona, deal.stage)]
        theirs = [deal for deal in fits if (asset.id, deal.id) not in used]
    return Behind(
        open_deals=cell.open.deals if cell else line.eligible,
        deals=[deal.shown for deal in theirs[:SHOWN]],
        searches=cell.searches if cell else 0,
        zero_results=cell.zero_results if cell else 0,
        questions=asked[:SHOWN],
        requests=list(cell.requests) if cell else [],
        uses=asset.uses if asset else 0,
        finished_uses=asset.finished if asset else 0,
    )


def _stages(written: Sequence[Line], journey: Mapping[int, int]) -> list[int] | None:
    """The deal stages of the cells that these lines are about; None where one is about those that belong nowhere."""
    wanted = {line.cell.place[1] for line in written if line.cell is not None}
    return None if None in wanted else [deal_stage for deal_stage, stage in journey.items() if stage in wanted]


def _largest(session: Session, journey: Mapping[int, int], stages: Sequence[int] | None) -> list[_Deal]:
    """The largest open deals of every persona at these deal stages (None: at all of them), the largest first."""
    persona = persona_of_deal()
    place = func.row_number().over(
        partition_by=(persona, col(Deal.stage_id)),
        order_by=(func.coalesce(col(Deal.amount), -1).desc(), col(Deal.id)),
    )
    columns: list[Any] = [col(getattr(Deal, name)) for name in ("id", "source", "external_id", "name", "amount")]
    ranked = (
        sql_select(
            *columns, col(Deal.currency), col(Deal.stage_id), persona.label("persona_id"), place.label("place")
        )
        .where(col(Deal.outcome) == Outcome.OPEN, true() if stages is None else col(Deal.stage_id).in_(stages))
        .subquery()
    )  # fmt: skip
    rows = session.execute(sql_select(ranked).where(ranked.c.place <= _DEALS_A_PLACE))
    found = [
        _Deal(
            row.id,
            row.persona_id,
            journey.get(row.stage_id or 0),
            row.amount or 0,
            DealBehind(
                source=row.source,
                external_id=row.external_id,
                name=row.name,
                amount=units(row.amount),
                currency=row.currency,
            ),
        )
        for row in rows
    ]
    return sorted(found, key=lambda it: (-it.amount, it.id))


def _used(session: Session, asset_ids: Sequence[int], deal_ids: Sequence[int]) -> set[tuple[int, int]]:
    if not asset_ids or not deal_ids:
        return set()
    query = sql_select(col(Use.asset_id), col(Use.deal_id)).where(
        col(Use.asset_id).in_(asset_ids), col(Use.deal_id).in_(deal_ids), col(Use.taken_back_at).is_(None)
    )
    return {(row[0], row[1]) for row in session.execute(query.distinct())}


def _questions(session: Session, terms: Sequence[Term]) -> list[tuple[About, str, int]]:
    """The questions that found nothing most often, with what they were about."""
    filters = cast(col(Search.filters), Text)
    found = (
        sql_select(func.min(col(Search.id)).label("example"), func.count().label("searches"))
        .where(
            col(Search.match) == "none",
            col(Search.answered_at) >= clock.now() - timedelta(days=DAYS),
            col(Search.folded) != "",
        )
        .group_by(col(Search.folded), filters)
        .order_by(func.count().desc(), func.min(col(Search.id)))
        .limit(_QUESTIONS)
        .subquery()
    )
    query = sql_select(col(Search.filters), col(Search.question), found.c.searches).join(
        found, found.c.example == col(Search.id)
    )
    rows = session.execute(query.order_by(found.c.searches.desc(), col(Search.id)))
    return [(about_of(row.filters, terms), row.question, row.searches) for row in rows]
