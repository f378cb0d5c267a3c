"""What a marketer reads: one sentence with its numbers, and what to be careful about."""

from dataclasses import dataclass

from hub.insights.evidence.cells import CellFindings
from hub.insights.evidence.findings import Findings
from hub.insights.evidence.verdicts import GOES_WITH_LOSING, TOO_EARLY

_LIKE_THEM = "same stage, time in stage, size, segment, industry, competitor, owner and amount of other content"


@dataclass(frozen=True)
class Fact:
    """The numbers of one sentence: shares of one, counts. `more_needed` finished uses are missing for an answer."""

    verdict: str
    observed: float
    expected: float
    lift: float
    low: float
    high: float
    n: int
    deals: int
    reps: int
    more_needed: int
    as_good_as_other: bool


@dataclass(frozen=True)
class Caution:
    """What a result must be read with. `together_with` is the title of the asset it is mostly used with."""

    few_similar: bool
    mostly_one_rep: bool
    together_with: str
    e_value: float


def fact_of_asset(findings: Findings, asset: int) -> Fact:
    return Fact(
        verdict=str(findings.verdict[asset]),
        observed=float(findings.observed[asset]),
        expected=float(findings.expected[asset]),
        lift=float(findings.lift[asset]),
        low=float(findings.low[asset]),
        high=float(findings.high[asset]),
        n=int(findings.n[asset]),
        deals=int(findings.deals[asset]),
        reps=int(findings.reps[asset]),
        more_needed=int(findings.more_needed[asset]),
        as_good_as_other=bool(findings.as_good_as_other[asset]),
    )


def fact_of_cell(cells: CellFindings, cell: int) -> Fact:
    return Fact(
        verdict=str(cells.verdict[cell]),
        observed=float(cells.observed[cell]),
        expected=float(cells.expected[cell]),
        lift=float(cells.lift[cell]),
        low=float(cells.low[cell]),
        high=float(cells.high[cell]),
        n=int(cells.n[cell]),
        deals=int(cells.deals[cell]),
        reps=int(cells.reps[cell]),
        more_needed=int(cells.more_needed[cell]),
        as_good_as_other=bool(cells.as_good_as_other[cell]),
    )


def sentence(fact: Fact, *, where: str = "") -> str:
    """One sentence; `where` is what comes after "used it", as in "in Proposal" or "with CFOs"."""
    used = f"used it {where}".strip()
    if fact.verdict == TOO_EARLY:
        needed = f"{fact.more_needed} more needed" if fact.more_needed else "more needed"
        return f"Too early to say: deals that {used} finished {fact.n} {_plural(fact.n, 'stage')}, {needed}."
    seen = (
        f"Deals that {used} moved on {_percent(fact.observed)} of the time; deals just like them at that point "
        f"({_LIKE_THEM}) would have moved on {_percent(fact.expected)} of the time"
    )
    span = f"likely between {_points(fact.low)} and {_points(fact.high)}"
    counted = f"({fact.deals} {_plural(fact.deals, 'deal')}, {fact.reps} {_plural(fact.reps, 'rep')})"
    if fact.as_good_as_other:
        return f"{seen}: about as good as other content, {span} points of win rate {counted}."
    told = f"{seen}: about {_points(fact.lift)} points of win rate, {span} {counted}."
    if fact.verdict == GOES_WITH_LOSING:
        return f"{told} It goes with losing, which is not the same as hurting: reps may use it in hard deals."
    return told


def cautions(caution: Caution) -> list[str]:
    """What to say beside the sentence, the most important first."""
    told = []
    if caution.few_similar:
        told.append("Few similar deals: most of its deals have hardly any others to be compared with.")
    if caution.together_with:
        told.append(f"Mostly used together with {caution.together_with}: which of them helps cannot be told apart.")
    if caution.mostly_one_rep:
        told.append("Mostly one rep: the rep and the content cannot be told apart.")
    if caution.e_value >= 1.05:
        told.append(
            f"A hidden factor would have to make both use and winning {caution.e_value:.1f} times as likely to explain "
            "this alone."
        )
    return told


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


def _points(lift: float) -> str:
    rounded = round(100 * lift)
    return f"{rounded:+d}" if rounded else "0"


def _plural(many: int, word: str) -> str:
    return word if many == 1 else f"{word}s"
