"""The page of the documentation that says how well the evidence finds what was planted, made of one run's figures."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from statistics import fmean

from bench.evidence.reach import Reached, kind
from bench.evidence.scores import Claimed, Score

_LEAD = """# Validation of the evidence

How well the hub's evidence finds what is true, where the truth is known: simulated companies ("worlds") in which it was
planted which assets help to win, by how much, and which do nothing. The hub reads only what a CRM and its own records
would tell it. In these worlds good sellers use more content, some assets are picked for deals that go well anyway, some
are always used together, and effects last beyond the stage. This page is written by a command; do not edit it:

    python -m bench.evidence --worlds FOLDER… --placebo --page docs/validation.md

Lifts are in points of win probability. "False" is a claim about an asset whose planted lift is at most a quarter of a
point in that direction. The crude way beside it is the difference of win rates of deals with and without the asset.
"""


def as_page(found: Sequence[Reached], scores: Sequence[Score], spent: Mapping[str, Mapping[str, float]]) -> str:
    parts = [_LEAD]
    if found:
        parts += [f"\n## Figures to reach\n\nOver {len(scores)} worlds.\n", _figures(found)]
    if scores:
        parts += ["\n## By kind of world\n", _kinds(scores)]
    for world, costs in spent.items():
        name = world.rstrip("/").rpartition("/")[2]
        parts += [f"\n## Cost of the world «{name}»\n", _table(("", "s or MB"), _costs(costs))]
    return "\n".join(parts) + "\n"


def _figures(found: Sequence[Reached]) -> str:
    words = {True: "reached", False: "**not reached**", None: "no such world"}
    return _table(
        ("figure", "to reach", "value", ""),
        [(one.figure, one.rule, f"{one.value:.3f}", words[one.reached]) for one in found],
    )


def _kinds(scores: Sequence[Score]) -> str:
    groups: dict[str, list[Score]] = defaultdict(list)
    for one in scores:
        groups[one.scenario].append(one)
    head = ("world", "seeds", "range covers the truth", "proven", "false", "helpful in top 10", "crude way", "error")
    return _table(head, [_kind(name, some) for name, some in groups.items()])


def _kind(name: str, some: Sequence[Score]) -> tuple[str, ...]:
    proven = reduce(add, (one.proven for one in some), Claimed(0, 0))
    is_null = kind(some[0]) == "null"
    ranked = ("", "") if is_null else (_mean(some, "top_10"), _mean(some, "top_10_crude"))
    covered, error = _mean(some, "covered"), _mean(some, "error_points")
    return (name, f"{len(some)}", covered, f"{proven.made}", f"{proven.false}", *ranked, error)


def _mean(some: Sequence[Score], name: str) -> str:
    return f"{fmean(getattr(one, name) for one in some):.2f}"


def _costs(costs: Mapping[str, float]) -> list[tuple[str, str]]:
    return [(name, f"{value:,.2f}") for name, value in costs.items()]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    numbers = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, numbers, *rows))
