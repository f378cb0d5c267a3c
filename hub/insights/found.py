"""What a run found, as rows: one an asset with its details, one a cell. Lifts become points here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hub.insights.attribution import Attribution
from hub.insights.evidence import PROVEN, TOO_EARLY, CellFindings, Evidence
from hub.insights.loading import Known
from hub.insights.models import CellKind
from hub.taxonomy.models import Term

MODELS = ("first", "last", "linear", "u_shaped", "time_decay", "markov", "shapley", "influenced")
_DIGITS = 6
Row = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """What stages and personas are called, by term id: as written, or by key where two are called the same."""

    names: Mapping[int, str]

    @classmethod
    def of(cls, terms: Sequence[Term]) -> "Words":
        labels = [(term.vocabulary, term.label) for term in terms]
        return cls(
            {
                term.id or 0: term.label if labels.count((term.vocabulary, term.label)) == 1 else term.key
                for term in terms
            }
        )

    def of_id(self, term_id: int) -> str:
        return self.names.get(term_id, f"#{term_id}")


def asset_rows(evidence: Evidence, known: Known) -> list[Row]:
    """By index; the details hold what can be said within the day too."""
    found, guards = evidence.findings, evidence.guards
    shown = not evidence.missing
    rows = []
    for index, asset_id in enumerate(known.asset_ids.tolist()):
        companion = int(guards.together_with[index])
        rows.append(
            {
                "asset_id": asset_id,
                "verdict": str(found.verdict[index]) if shown else TOO_EARLY,
                "lift": _points(found.lift[index]) if shown else None,
                "low": _points(found.low[index]) if shown else None,
                "high": _points(found.high[index]) if shown else None,
                "above": float(found.above[index]) if shown else 0.0,
                "gain": _points(found.gain[index]) if shown else 0.0,
                "n": int(found.n[index]),
                "advanced": int(found.advanced[index]),
                "deals": int(found.deals[index]),
                "owners": int(found.reps[index]),
                "crude_lift": _points(found.crude_lift[index]),
                "touched_revenue": 0.0,
                "extra_revenue": float(found.extra_money[index]) if shown else None,
                "extra_low": float(found.extra_money_low[index]) if shown else None,
                "extra_high": float(found.extra_money_high[index]) if shown else None,
                "as_good_as_other": bool(shown and found.as_good_as_other[index]),
                "details": {
                    "observed": _short(found.observed[index]),
                    "expected": _short(found.expected[index]),
                    "more_needed": int(found.more_needed[index]),
                    "kept": _short(found.kept[index]),
                    "comparable": _short(guards.comparable[index]),
                    "few_similar": bool(guards.few_similar[index]),
                    "together_with": int(known.asset_ids[companion]) if companion >= 0 else None,
                    "mostly_one_rep": bool(found.mostly_one_rep[index]),
                    "e_value": _short(found.e_value[index]),
                    "attribution": {},
                    "stages": {},
                    "personas": {},
                },
            }
        )
    return rows


def add_credit(rows: Sequence[Row], attribution: Attribution) -> None:
    """Where the money passed, for each row by index."""
    credit = {model: getattr(attribution, model) for model in MODELS}
    for index, row in enumerate(rows):
        row["details"]["attribution"] = {model: round(float(values[index]), 2) for model, values in credit.items()}
        row["touched_revenue"] = float(attribution.influenced[index])


def add_cells(rows: Sequence[Row], evidence: Evidence, known: Known, words: Words) -> list[Row]:
    """The cells as rows of their own, and in the details of their assets, by the words that are used now."""
    if evidence.missing:
        return []
    cells = []
    for kind, found in ((CellKind.STAGE, evidence.stages), (CellKind.PERSONA, evidence.personas)):
        for place in range(len(found)):
            code = int(found.code[place])
            term_id = int(known.stage_ids[code]) if kind == CellKind.STAGE else code
            row = rows[int(found.asset[place])]
            cell = _cell(found, place)
            row["details"][f"{kind}s"][words.of_id(term_id)] = {"term": term_id, **cell}
            names = ("verdict", "lift", "low", "high", "n", "deals")
            own = {name: cell[name] for name in names}
            cells.append({"asset_id": row["asset_id"], "kind": kind.value, "term_id": term_id, **own})
    return cells


def proven_stages(row: Row) -> dict[str, float]:
    """The stages in which the asset is proven to help, with the lift in points."""
    return {name: cell["lift"] for name, cell in row["details"]["stages"].items() if cell["verdict"] == PROVEN}


def verdict_counts(rows: Sequence[Row]) -> dict[str, int]:
    """Of assets that were used in a finished stage."""
    verdicts, many = np.unique([row["verdict"] for row in rows if row["n"]], return_counts=True)
    return dict(zip(verdicts.tolist(), many.tolist(), strict=True))


def dropped(evidence: Evidence) -> dict[str, int]:
    return {field.name: int(getattr(evidence.dropped, field.name)) for field in fields(evidence.dropped)}


def _cell(found: CellFindings, place: int) -> Row:
    return {
        "verdict": str(found.verdict[place]),
        "lift": round(_points(found.lift[place]), _DIGITS),
        "low": round(_points(found.low[place]), _DIGITS),
        "high": round(_points(found.high[place]), _DIGITS),
        "n": int(found.n[place]),
        "advanced": int(found.advanced[place]),
        "deals": int(found.deals[place]),
        "owners": int(found.reps[place]),
        "observed": _short(found.observed[place]),
        "expected": _short(found.expected[place]),
        "more_needed": int(found.more_needed[place]),
        "as_good_as_other": bool(found.as_good_as_other[place]),
    }


def _points(lift: Any) -> float:
    return 100.0 * float(lift)


def _short(value: Any) -> float:
    return round(float(value), _DIGITS)
