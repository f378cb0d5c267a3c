"""Which stage of the buyer's journey a deal stage belongs to, as the taxonomy says now."""

from sqlmodel import Session

from hub.taxonomy.models import Term
from hub.taxonomy.nearest import folded
from hub.taxonomy.vocabulary import terms_of


def stages_by_name(session: Session) -> dict[str, Term]:
    """The stages of the buyer's journey by what systems call them, folded: the deal stages mapped to each, and its own
    key, label and synonyms."""
    stages: dict[str, Term] = {}
    terms = terms_of(session, "stages")
    for term in terms:
        for name in term.text.get("deal_stages", []):
            stages.setdefault(folded(name), term)
    for term in terms:
        for name in (term.key, term.label, *term.synonyms):
            stages.setdefault(folded(name), term)
    return stages


def stages_of_deal_stages(session: Session) -> dict[int, Term]:
    """The stage of the buyer's journey by the id of the deal stage. A deal stage that the taxonomy maps to none is not
    there; one that was merged into another is found by the name it had."""
    by_name = stages_by_name(session)
    found = {}
    for term in terms_of(session, "deal_stages"):
        names = (folded(name) for name in (term.key, term.label, *term.synonyms))
        stage = next((by_name[name] for name in names if name in by_name), None)
        if stage is not None and term.id is not None:
            found[term.id] = stage
    return found
