"""Where the money passed: the usual multi-touch credits of won amounts to assets.

Marketers expect them, so they are shown, and never as what works: their rank says next to nothing about what helps (see
`hub.insights.evidence` for that). Every model but `influenced` hands out the amounts of all won deals with a touch,
once. A touch is a use while the deal was alive; touches on the same day are equals, whatever order they came in.
"""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.linear_algebra import inverse, matrix
from hub.insights.evidence.rows import uses_during_deals
from hub.insights.evidence.tables import LOST, WON, Codes, Floats, History

HALF_LIFE = 7.0  # days
_FIRST_AND_LAST = 0.4


@dataclass(frozen=True)
class Attribution:
    """Credit by model, (assets,) each, in the currency of the amounts. `shapley` is exact: for the sum of won
    amounts it equals an equal split over the distinct assets of each won deal. `influenced` counts each amount for
    every asset that touched it, so it adds up to more than was won. `touched` deals and their `won_amount` are what
    is handed out."""

    first: Floats
    last: Floats
    linear: Floats
    u_shaped: Floats
    time_decay: Floats
    markov: Floats
    shapley: Floats
    influenced: Floats
    touched: int
    won_amount: float


@dataclass(frozen=True)
class _Touches:
    """Distinct touches of closed deals sorted by deal and day. `moment` numbers the days of all deals' touches one
    after the other; `first` and `last` are the moments the touch's deal begins and ends with; `sharing` is how many
    touches its moment has."""

    deal: Codes
    asset: Codes
    day: Floats
    moment: Codes
    first: Codes
    last: Codes
    sharing: Floats


def attribute(history: History) -> Attribution:
    """All models at once; amounts that are not positive numbers count as nothing."""
    touches = _touches(history)
    won = history.deals.outcome == WON
    with np.errstate(invalid="ignore"):
        amount = np.where(won & (history.deals.amount > 0) & np.isfinite(history.deals.amount), history.deals.amount, 0)
    touched = np.unique(touches.deal[won[touches.deal]])
    total = float(amount[touched].sum())

    def handed_out(weight: Floats) -> Floats:
        """Amounts by weights that count within each deal only."""
        sums = np.bincount(touches.deal, weight, minlength=len(amount))[touches.deal]
        share = np.divide(weight, sums, out=np.zeros(len(weight)), where=sums > 0)
        return _by_asset(touches.asset, share * amount[touches.deal], history.assets)

    ends_alone = 1 / touches.sharing
    pairs = np.unique(np.stack([touches.deal, touches.asset]), axis=1)
    distinct = np.bincount(pairs[0], minlength=len(amount))
    return Attribution(
        first=handed_out(np.where(touches.moment == touches.first, ends_alone, 0.0)),
        last=handed_out(np.where(touches.moment == touches.last, ends_alone, 0.0)),
        linear=handed_out(np.ones(len(touches.deal))),
        u_shaped=handed_out(_u_weights(touches)),
        time_decay=handed_out(_decay_weights(touches)),
        markov=_markov_credit(touches, won, history.assets, total),
        shapley=_by_asset(pairs[1], (amount / np.maximum(distinct, 1))[pairs[0]], history.assets),
        influenced=_by_asset(pairs[1], amount[pairs[0]], history.assets),
        touched=len(touched),
        won_amount=total,
    )


def removal_effects(begin: Floats, steps: Floats, win: Floats) -> Floats:
    """(assets,) the share of wins lost when an asset is taken away, of a chain that begins at assets by `begin`
    (assets,), steps between them by `steps` (assets, assets) and wins by `win` (assets,); what is missing to 1 is
    losing.

    In closed form for all at once: an asset's wins are those of the paths that ever reach it (Anderl et al. 2016)."""
    visits = inverse(np.eye(len(begin)) - steps)
    wins = visits @ win
    reached = (begin @ visits) / visits.diagonal()
    everyone = float(begin @ wins)
    return reached * wins / everyone if everyone > 0 else np.zeros(len(begin))


def _touches(history: History) -> _Touches:
    places = uses_during_deals(history)
    places = places[history.deals.outcome[history.uses.deal[places]] >= LOST]
    deal, asset, day = history.uses.deal[places], history.uses.asset[places], history.uses.day[places]
    order = np.lexsort((asset, day, deal))
    deal, asset, day = deal[order], asset[order], day[order]
    new = np.ones(len(deal), bool)
    new[1:] = (np.diff(deal) != 0) | (np.diff(day) != 0) | (np.diff(asset) != 0)
    deal, asset, day = deal[new], asset[new], day[new]
    later = np.zeros(len(deal), bool)
    later[1:] = (np.diff(deal) != 0) | (np.diff(day) != 0)
    moment = np.cumsum(later)
    begins = np.searchsorted(deal, deal, "left")
    ends = np.searchsorted(deal, deal, "right") - 1
    sharing = np.bincount(moment, minlength=1)[moment].astype(np.float64)
    return _Touches(deal, asset, day, moment, moment[begins], moment[ends], sharing)


def _u_weights(touches: _Touches) -> Floats:
    """Two fifths for the first day, two for the last, one for all between; halves when there is nothing between."""
    begins, ends = touches.moment == touches.first, touches.moment == touches.last
    between = ~begins & ~ends
    deals = int(touches.deal.max(initial=-1)) + 1
    inner = np.bincount(touches.deal, between, minlength=deals)[touches.deal]
    middle = (1 - 2 * _FIRST_AND_LAST) / np.maximum(inner, 1)
    return np.where(between, middle, _FIRST_AND_LAST / touches.sharing)


def _decay_weights(touches: _Touches) -> Floats:
    """Half as much for every week before the deal's last touch; at most a thousand weeks, so that none becomes
    nothing."""
    ends = np.searchsorted(touches.deal, touches.deal, "right") - 1
    weights: Floats = 0.5 ** ((touches.day[ends] - touches.day) / HALF_LIFE).clip(0, 1000)
    return weights


def _markov_credit(touches: _Touches, won: np.ndarray, assets: int, total: float) -> Floats:
    """The won amount by removal effects of the chain of days: each touch of a day leads to each of the next."""
    credit = np.zeros(assets)
    known, code = np.unique(touches.asset, return_inverse=True)
    if not len(known) or not total:
        return credit
    before, after = _neighbours(touches)
    flow = 1 / (touches.sharing[before] * touches.sharing[after])
    steps = matrix(flow, code[before], code[after], (len(known), len(known))).toarray()
    share = 1 / touches.sharing
    begins, ends = touches.moment == touches.first, touches.moment == touches.last
    begin = np.bincount(code[begins], share[begins], minlength=len(known))
    wins = np.bincount(code[ends], (share * won[touches.deal])[ends], minlength=len(known))
    leaving = np.bincount(code, share, minlength=len(known))
    effects = removal_effects(begin / begin.sum(), steps / leaving[:, None], wins / leaving)
    sum_of_effects = effects.sum()
    credit[known] = total * effects / sum_of_effects if sum_of_effects > 0 else total / len(known)
    return credit


def _neighbours(touches: _Touches) -> tuple[Codes, Codes]:
    """All pairs of touches of one deal of which the second is of the next day that has any."""
    going = np.flatnonzero(touches.moment < touches.last)
    start = np.searchsorted(touches.moment, touches.moment[going] + 1, "left")
    many = np.searchsorted(touches.moment, touches.moment[going] + 1, "right") - start
    before = np.repeat(going, many)
    after = np.arange(len(before)) - np.repeat(np.cumsum(many) - many, many) + np.repeat(start, many)
    return before, after


def _by_asset(asset: Codes, values: Floats, assets: int) -> Floats:
    return np.bincount(asset, values, minlength=assets).astype(np.float64)
