"""How assets and deals meet in the taxonomy: the terms that stand on both."""

from collections.abc import Collection, Iterable, Mapping

from sqlmodel import Session, col, func, select

from hub.assets.models import Asset, VersionTag
from hub.deals.models import Deal, DealProduct
from hub.taxonomy.journey import stages_of_deal_stages
from hub.taxonomy.models import Term

# How much a common term says, by vocabulary: nearly everything is for some stage, little is about one competitor.
WEIGHTS = {"competitors": 0.15, "personas": 0.1, "stages": 0.1, "products": 0.05, "industries": 0.05}


class DealTerms:
    """The terms that say what a deal is about, for many deals."""

    def __init__(self, session: Session, deals: Collection[Deal]) -> None:
        self._journey = stages_of_deal_stages(session) if deals else {}
        self._products: dict[int, set[int]] = {}
        ids = [deal.id for deal in deals]
        for deal_id, term_id in session.exec(
            select(DealProduct.deal_id, DealProduct.term_id).where(col(DealProduct.deal_id).in_(ids))
        ):
            self._products.setdefault(deal_id, set()).add(term_id)

    def of(self, deal: Deal, stage_id: int | None) -> set[int]:
        """With the stage of the buyer's journey that this deal stage belongs to."""
        stage = self._journey.get(stage_id) if stage_id is not None else None
        own = {deal.persona_id, deal.competitor_id, deal.industry_id, stage.id if stage is not None else None}
        return {it for it in own if it is not None} | self._products.get(deal.id or 0, set())


def terms_on(session: Session, asset_ids: Iterable[int]) -> dict[int, dict[int, Term]]:
    """By asset the terms on its live version, or the newest where none is live."""
    shown = func.coalesce(col(Asset.live_version_id), col(Asset.head_version_id))
    query = select(Asset.id, Term).join(VersionTag, col(VersionTag.version_id) == shown)
    query = query.join(Term, col(Term.id) == VersionTag.term_id).where(col(Asset.id).in_(set(asset_ids)))
    found: dict[int, dict[int, Term]] = {}
    for asset_id, term in session.exec(query):
        found.setdefault(asset_id or 0, {})[term.id or 0] = term
    return found


def weight_and_words(terms: Mapping[int, Term], wanted: Collection[int]) -> list[tuple[float, str]]:
    """(weight, reason) of each term that both have."""
    common = [term for term_id, term in sorted(terms.items()) if term_id in wanted]
    return [(WEIGHTS.get(term.vocabulary, 0.05), f"it is tagged {term.label}") for term in common]
