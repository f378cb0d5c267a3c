"""How deals pass the stages of the pipeline: observed, and expected for deals like them."""

from typing import Any

import numpy as np
from sqlmodel import Session

from hub.insights.evidence import Evidence, PassRates
from hub.insights.loading import Loaded
from hub.taxonomy.journey import stages_of_deal_stages
from hub.taxonomy.vocabulary import terms_of


def pass_rates(session: Session, loaded: Loaded, evidence: Evidence) -> dict[str, Any]:
    """`stages` in the order of the pipeline and `personas` at stages, with their words. `win_rate` is the mean chance
    of winning of the deals that finished a stage, when they entered it."""
    terms = {term.id: term for term in terms_of(session, "deal_stages", "personas", "sources")}
    journey = stages_of_deal_stages(session)

    def word(term_id: int) -> dict[str, Any]:
        term = terms.get(term_id)
        return {"id": term_id, "key": term.key if term else str(term_id), "label": term.label if term else ""}

    def stage(code: int) -> dict[str, Any]:
        term_id = int(loaded.known.stage_ids[code])
        mapped = journey.get(term_id)
        return word(term_id) | {"journey": mapped.key if mapped is not None else None}

    rates, by_persona = evidence.pipeline.stages, evidence.pipeline.personas
    stages = [
        {"stage": stage(int(code)), **_rate(rates, place), "win_rate": _short(evidence.pipeline.win_rate[code])}
        for place, code in enumerate(rates.stage.tolist())
    ]
    personas = [
        {
            "persona": word(int(by_persona.persona[place])),
            "stage": stage(int(by_persona.stage[place])),
            **_rate(by_persona, place),
        }
        for place in range(len(by_persona.stage))
    ]
    return {"stages": stages, "personas": personas, "words": {"sources": _sources(terms, loaded)}}


def _sources(terms: Any, loaded: Loaded) -> dict[str, dict[str, str]]:
    """The words of lead sources by id: what they were called at the time of the run."""
    ids = np.unique(loaded.history.deals.source)
    return {str(it): {"key": terms[it].key, "label": terms[it].label} for it in ids.tolist() if it in terms}


def _rate(rates: PassRates, place: int) -> dict[str, Any]:
    return {
        "n": int(rates.n[place]),
        "observed": _short(rates.observed[place]),
        "expected": _short(rates.expected[place]),
    }


def _short(value: Any) -> float:
    return round(float(value), 6)
