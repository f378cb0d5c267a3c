"""The cells of the plan: each persona at each buyer-journey stage with supply, open money, evidence and demand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlmodel import Session

from hub.insights.inputs import Inputs
from hub.planning import gaps
from hub.planning.demand import About, Demand, demand
from hub.planning.evidence import Outlook
from hub.planning.gaps import Gaps
from hub.planning.supply import LiveAsset, OpenMoney, Pipeline, Place, live_assets, pipeline
from hub.taxonomy import vocabulary
from hub.taxonomy.journey import stages_of_deal_stages
from hub.taxonomy.models import Term


@dataclass(frozen=True)
class Cell:
    """`persona` None stands for deals of which nobody said it, `stage` None for deal stages that the taxonomy maps to
    no stage. `best` is the current asset with the highest lift. `people` need one of the open `requests`. Of the
    `finished` stages here `observed` passed (share) where `expected` should have."""

    persona: Term | None
    stage: Term | None
    open: OpenMoney
    live: int
    fresh: int
    overdue: int
    best: LiveAsset | None
    searches: int
    zero_results: int
    requests: tuple[int, ...]
    people: int
    finished: int
    observed: float
    expected: float

    @property
    def place(self) -> Place:
        return _id(self.persona), _id(self.stage)

    @property
    def current(self) -> int:
        return self.live - self.overdue

    @property
    def best_lift(self) -> float | None:
        return self.best.lift.mean if self.best is not None and self.best.lift is not None else None


@dataclass(frozen=True)
class Grid:
    """All cells with their scores, (cells,) each in `scores`, and what they were made of."""

    cells: Sequence[Cell]
    scores: Gaps
    assets: Sequence[LiveAsset]
    pipeline: Pipeline
    journey: Mapping[int, int]
    terms: Sequence[Term]


def grid(session: Session, inputs: Inputs, outlook: Outlook, *, segment_id: int | None = None) -> Grid:
    """Of a segment only its open money is counted: content and questions name none. Cells that nobody can name (deals
    without persona, without stage) are there only where there are such deals."""
    terms = vocabulary.terms_of(session, "personas", "stages")
    personas = [term for term in terms if term.vocabulary == "personas"]
    stages = [term for term in terms if term.vocabulary == "stages"]
    assets = live_assets(session)
    journey = {stage_id: term.id or 0 for stage_id, term in stages_of_deal_stages(session).items()}
    money = pipeline(session, inputs, outlook, journey, segment_id=segment_id)
    wanted = demand(session, terms)
    passing = _passing(outlook, journey)
    shelves = _shelves(assets)
    cells = [
        _cell(persona, stage, money.money.get(place, OpenMoney()), shelves, wanted, passing.get(place, (0, 0.0, 0.0)))
        for persona in (*personas, None)
        for stage in (*stages, None)
        if (place := (_id(persona), _id(stage))) in money.money or (persona is not None and stage is not None)
    ]
    return Grid(cells, _scores(cells, wanted, outlook), assets, money, journey, terms)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Assets that are tagged alike."""

    about: About
    live: int
    fresh: int
    overdue: int
    best: LiveAsset | None


def _shelves(assets: Sequence[LiveAsset]) -> list[_Shelf]:
    alike: dict[About, list[LiveAsset]] = {}
    for asset in assets:
        alike.setdefault(asset.about, []).append(asset)
    return [
        _Shelf(
            about,
            len(these),
            sum(it.fresh is True for it in these),
            sum(it.fresh is False for it in these),
            _best(it for it in these if it.is_current),
        )
        for about, these in alike.items()
    ]


def _best(assets: Iterable[LiveAsset | None]) -> LiveAsset | None:
    return max((it for it in assets if it is not None and it.lift is not None), key=_by_lift, default=None)


def _by_lift(asset: LiveAsset) -> tuple[float, int]:
    return asset.lift.mean if asset.lift is not None else 0.0, -asset.id


def _cell(
    persona: Term | None,
    stage: Term | None,
    money: OpenMoney,
    shelves: Sequence[_Shelf],
    wanted: Demand,
    passing: tuple[int, float, float],
) -> Cell:
    place = (_id(persona), _id(stage))
    here = [shelf for shelf in shelves if shelf.about.covers(*place)]
    searched = [it for it in wanted.searched if it.about.covers(*place)]
    asked_for = [it for it in wanted.asked_for if it.about.covers(*place)]
    return Cell(
        persona=persona,
        stage=stage,
        open=money,
        live=sum(shelf.live for shelf in here),
        fresh=sum(shelf.fresh for shelf in here),
        overdue=sum(shelf.overdue for shelf in here),
        best=_best(shelf.best for shelf in here),
        searches=sum(it.searches for it in searched),
        zero_results=sum(it.zero_results for it in searched),
        requests=tuple(it.request_id for it in asked_for),
        people=sum(it.people for it in asked_for),
        finished=passing[0],
        observed=passing[1],
        expected=passing[2],
    )


def _id(term: Term | None) -> int | None:
    return None if term is None else term.id


def _passing(outlook: Outlook, journey: Mapping[int, int]) -> Mapping[Place, tuple[int, float, float]]:
    """Finished stages, and the shares that passed and should have, by place: deal stages of one stage together."""
    found: dict[Place, tuple[int, float, float]] = {}
    for rate in outlook.passing:
        place = (rate.persona_id, journey.get(rate.deal_stage_id))
        n, observed, expected = found.get(place, (0, 0.0, 0.0))
        many = n + rate.finished
        if many:
            found[place] = (
                many,
                (observed * n + rate.observed * rate.finished) / many,
                (expected * n + rate.expected * rate.finished) / many,
            )
    return found


def _scores(cells: Sequence[Cell], wanted: Demand, outlook: Outlook) -> Gaps:
    usual = gaps.need_of_all(wanted.searches, wanted.zero_results, wanted.people)
    table = gaps.Cells(
        open_amount=np.array([it.open.amount for it in cells]),
        chance=np.array([it.open.chance for it in cells]),
        searches=np.array([it.searches for it in cells]),
        zero_results=np.array([it.zero_results for it in cells]),
        requests=np.array([it.people for it in cells]),
        best_lift=np.array([it.best_lift or 0.0 for it in cells]),
        current=np.array([it.current for it in cells]),
        finished=np.array([it.finished for it in cells]),
        observed=np.array([it.observed for it in cells]),
        expected=np.array([it.expected for it in cells]),
    )
    return gaps.gaps(table, usual_need=usual, target=outlook.target)
