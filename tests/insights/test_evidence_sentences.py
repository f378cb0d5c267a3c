"""What a marketer reads."""

from dataclasses import replace

import numpy as np
import pytest

from hub.insights.evidence import Caution, Fact, cautions, estimate, fact_of_asset, fact_of_cell, sentence
from tests.factories.worlds import planted_world

_FACT = Fact("proven", 0.61, 0.52, 0.048, 0.021, 0.083, 150, 143, 18, 0, False)


def test_the_sentence_names_rates_lift_range_deals_and_reps() -> None:
    assert sentence(_FACT, where="in Proposal") == (
        "Deals that used it in Proposal moved on 61% of the time; deals just like them at that point (same stage, time "
        "in stage, size, segment, industry, competitor, owner and amount of other content) would have moved on 52% of "
        "the time: about +5 points of win rate, likely between +2 and +8 (143 deals, 18 reps)."
    )


def test_too_early_says_how_many_more() -> None:
    early = replace(_FACT, verdict="too_early", n=1, more_needed=7)
    assert sentence(early) == "Too early to say: deals that used it finished 1 stage, 7 more needed."


def test_a_narrow_range_is_as_good_as_other_content() -> None:
    alike = replace(_FACT, verdict="no_evidence", lift=0.001, low=-0.02, high=0.03, as_good_as_other=True)
    assert "about as good as other content, likely between -2 and +3 points of win rate" in sentence(alike)


def test_going_with_losing_is_never_called_hurting() -> None:
    told = sentence(replace(_FACT, verdict="goes_with_losing", lift=-0.05, low=-0.08, high=-0.02))
    assert "about -5 points" in told
    assert told.endswith("It goes with losing, which is not the same as hurting: reps may use it in hard deals.")


@pytest.mark.parametrize("lift", [0.004, -0.004, 0.0])
def test_less_than_half_a_point_has_no_sign(lift: float) -> None:
    assert "about 0 points" in sentence(replace(_FACT, lift=lift))


def test_cautions_are_said_when_there_is_something_to_say() -> None:
    assert cautions(Caution(False, False, "", 1.0)) == []
    told = cautions(Caution(True, True, "Price list", 1.52))
    assert [line.split()[0] for line in told] == ["Few", "Mostly", "Mostly", "A"]
    assert "Price list" in told[1]
    assert "1.5 times" in told[3]


def test_facts_are_those_of_the_findings() -> None:
    evidence = estimate(planted_world(2, deals=600).history)
    fact, found = fact_of_asset(evidence.findings, 3), evidence.findings
    assert (fact.lift, fact.n, fact.verdict) == (found.lift[3], found.n[3], found.verdict[3])
    cell = fact_of_cell(evidence.stages, 4)
    assert (cell.low, cell.deals, cell.reps) == (
        evidence.stages.low[4],
        evidence.stages.deals[4],
        evidence.stages.reps[4],
    )
    assert all(sentence(fact_of_asset(found, asset)) for asset in np.arange(len(found.n)))
