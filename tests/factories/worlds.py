"""Small worlds of deals with planted truths, and histories spoilt in the ways that real ones are."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hub.insights.evidence import ADVANCED, LOST, MISSING, OPEN, WON, Deals, History, StageEntries, Uses
from hub.insights.evidence.tables import Floats

_STAGES = 3


@dataclass(frozen=True)
class PlantedWorld:
    """`effect` (assets,) is what a use adds to the log-odds of passing the stage it falls into."""

    history: History
    effect: Floats


def planted_world(
    seed: int = 1,
    *,
    deals: int = 1500,
    assets: int = 60,
    owners: int = 12,
    helping: int = 5,
    hurting: int = 0,
    effect: float = 1.2,
    uses: float = 2.5,
    carry: float = 0.0,
) -> PlantedWorld:
    """The first `helping` assets help, the next `hurting` ones hurt. Good owners use more content, so that plain
    win rates flatter all of it; `carry` of what helped in a stage still helps in the later ones. The last deals are
    still open."""
    chance = np.random.default_rng(seed)
    effects = np.zeros(assets)
    effects[:helping], effects[helping : helping + hurting] = effect, -effect
    owner = chance.integers(0, owners, deals)
    skill = chance.normal(0, 0.5, owners)[owner]
    segment = chance.integers(0, 3, deals)
    created = chance.integers(18_000, 18_700, deals).astype(float)
    base = 0.5 + skill - 0.3 * (segment - 1)
    carried = np.zeros(deals)
    day, alive, won = created.copy(), np.ones(deals, bool), np.zeros(deals, bool)
    closed = np.full(deals, np.nan)
    entries: list[list[Any]] = [[], [], [], [], []]
    used: list[list[Any]] = [[], [], []]
    still_open = np.arange(deals) >= deals - deals // 20
    for stage in range(_STAGES):
        here = np.flatnonzero(alive)
        stay = chance.integers(7, 40, len(here)).astype(float)
        many = chance.poisson(uses * np.exp(0.5 * skill[here]))
        who, which = np.repeat(np.arange(len(here)), many), chance.integers(0, assets, many.sum())
        pair = np.unique(np.stack([who, which]), axis=1)
        helped = np.bincount(pair[0], effects[pair[1]], minlength=len(here))
        passed = chance.random(len(here)) < 1 / (1 + np.exp(-(base[here] + helped + carried[here])))
        waits = still_open[here] & (chance.random(len(here)) < 0.5)
        left = np.where(waits, np.nan, day[here] + stay)
        result = np.where(waits, OPEN, np.where(passed, ADVANCED, LOST))
        for column, values in zip(entries, (here, np.full(len(here), stage), day[here], left, result), strict=True):
            column.append(values)
        moment = day[here][who] + np.floor(chance.random(len(who)) * (stay[who] - 1))
        for column, values in zip(used, (here[who], which, moment), strict=True):
            column.append(values)
        lost = here[~waits & ~passed]
        closed[lost] = day[lost] + stay[~waits & ~passed]
        day[here] += stay + 1
        carried[here] += carry * helped
        alive[here] = ~waits & passed
    won[alive] = True
    closed[alive] = day[alive] - 1
    outcome = np.where(won, WON, np.where(np.isnan(closed), OPEN, LOST))
    table = Deals(
        created=created,
        closed=closed,
        amount=np.exp(chance.normal(9 + segment, 0.7)),
        outcome=outcome,
        owner=owner,
        segment=segment,
        industry=chance.integers(0, 4, deals),
        persona=chance.integers(0, 3, deals),
        competitor=chance.integers(-1, 2, deals),
        source=chance.integers(0, 2, deals),
    )
    columns = [np.concatenate(column) for column in used]
    return PlantedWorld(
        History(
            table,
            StageEntries(*(np.concatenate(column) for column in entries)),
            Uses(*columns, np.zeros(len(columns[0]), bool)),
            assets,
            _STAGES,
        ),
        effects,
    )


def with_uses(history: History, deal: Any, asset: Any, day: Any, *, recalled: bool = False) -> History:
    """The history with some uses more."""
    uses = history.uses
    deal, asset, day = (np.atleast_1d(np.asarray(values)) for values in (deal, asset, day))
    more = Uses(
        np.append(uses.deal, deal),
        np.append(uses.asset, asset),
        np.append(uses.day, day),
        np.append(uses.recalled, np.full(len(deal), recalled)),
    )
    return replace(history, uses=more)


def with_entries(history: History, *rows: tuple[int, int, float, float, int]) -> History:
    """The history with some stage entries more: (deal, stage, entered, left, result)."""
    entries = history.entries
    columns = zip(*rows, strict=True)
    names = ("deal", "stage", "entered", "left", "result")
    more = {name: np.append(getattr(entries, name), column) for name, column in zip(names, columns, strict=True)}
    return replace(history, entries=StageEntries(**more))


def with_deals(history: History, **columns: Any) -> History:
    """The history with columns of its deals replaced."""
    return replace(history, deals=replace(history.deals, **columns))


def with_open_deal(history: History) -> History:
    """The history with one deal more, which is in its first stage and has seen much content."""
    deals, index = history.deals, len(history.deals)
    more = Deals(
        np.append(deals.created, 18_600.0),
        np.append(deals.closed, np.nan),
        np.append(deals.amount, 9e6),
        np.append(deals.outcome, OPEN),
        *(
            np.append(getattr(deals, name), 0)
            for name in ("owner", "segment", "industry", "persona", "competitor", "source")
        ),
    )
    longer = with_entries(replace(history, deals=more), (index, 0, 18_600.0, np.nan, OPEN))
    return with_uses(longer, np.full(5, index), np.arange(5), np.full(5, 18_610.0))


def history_of(
    entries: list[tuple[int, int, float, float, int]],
    uses: list[tuple[int, int, float]],
    *,
    deals: int = 1,
    assets: int = 2,
    stages: int = 2,
    **columns: Any,
) -> History:
    """A history written out by hand; all that is not said of a deal is unknown."""
    unknown, codes = np.full(deals, np.nan), np.full(deals, MISSING)
    names = ("outcome", "owner", "segment", "industry", "persona", "competitor", "source")
    table = {"created": unknown, "closed": unknown, "amount": unknown, **dict.fromkeys(names, codes)}
    return History(
        Deals(**(table | columns)),
        StageEntries(*np.array(entries, dtype=float).reshape(-1, 5).T),
        Uses(*np.array(uses, dtype=float).reshape(-1, 3).T, np.zeros(len(uses), bool)),
        assets,
        stages,
    )


def renamed(history: History, seed: int) -> tuple[History, np.ndarray]:
    """The same history in another order of rows and with other ids, and each asset's new index."""
    chance = np.random.default_rng(seed)
    deal, asset = chance.permutation(len(history.deals)), chance.permutation(history.assets)
    owner = chance.permutation(int(history.deals.owner.max()) + 1)
    columns = {name: getattr(history.deals, name) for name in Deals.__dataclass_fields__}
    columns["owner"] = owner[columns["owner"]]
    back = np.argsort(deal)
    deals = Deals(**{name: column[back] for name, column in columns.items()})
    entries, uses = history.entries, history.uses
    order, turn = chance.permutation(len(entries)), chance.permutation(len(uses))
    moved = StageEntries(
        _under(deal, entries.deal)[order],
        entries.stage[order],
        entries.entered[order],
        entries.left[order],
        entries.result[order],
    )
    others = Uses(_under(deal, uses.deal)[turn], _under(asset, uses.asset)[turn], uses.day[turn], uses.recalled[turn])
    return History(deals, moved, others, history.assets, history.stages), asset


def _under(names: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The codes under their new names; what is unknown stays so."""
    return np.where(codes >= 0, names[codes], codes)
