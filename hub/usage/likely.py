"""Which assets the owner of a deal probably used in a stage: what they used or looked for then, and what is made for
such a deal. To be offered for a click, never to be counted.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from hub.assets.models import Asset, Status, VersionTag
from hub.deals.models import Deal
from hub.usage.lately import Searches, uses_of
from hub.usage.matching import likelihood
from hub.usage.tags import DealTerms, terms_on, weight_and_words

MOST = 8
_LEAST = 0.15
_LONGEST = timedelta(days=60)
_MOST_TAGGED = 30


@dataclass
class LikelyAssets:
    """For several questions, what is tagged alike is looked up once."""

    session: Session
    searches: Searches
    _tagged: dict[frozenset[int], list[int]] = field(default_factory=dict)

    def of(self, deal: Deal, terms: DealTerms, stage_id: int, since: datetime | None, until: datetime) -> list[Any]:
        """[{"asset": id, "why": […]}], likeliest first. `since` and `until` are when the deal was in the stage."""
        reasons: dict[int, list[tuple[float, str]]] = {}
        begin = max(since or until - _LONGEST, until - _LONGEST)
        wanted = terms.of(deal, stage_id)
        if deal.owner_id is not None:
            self._add_activity(deal, deal.owner_id, begin, until + timedelta(days=1), reasons)
        for asset_id in self._made_for(wanted):
            reasons.setdefault(asset_id, [])
        tags = terms_on(self.session, reasons)
        scored = []
        for asset_id, found in reasons.items():
            found += weight_and_words(tags.get(asset_id, {}), wanted)
            scored.append((likelihood(found), asset_id, [words for _, words in sorted(found, key=lambda it: -it[0])]))
        best = sorted((it for it in scored if it[0] >= _LEAST), key=lambda it: (-it[0], it[1]))[:MOST]
        return [{"asset": asset_id, "why": why} for _, asset_id, why in best]

    def _add_activity(
        self, deal: Deal, owner_id: int, since: datetime, until: datetime, reasons: dict[int, list[tuple[float, str]]]
    ) -> None:
        names = (deal.external_id, f"{deal.source}/{deal.external_id}")
        seen: dict[tuple[int, str], float] = {}
        for used in uses_of(self.session, owner_id, since, until):
            if used.deal_id == deal.id:
                seen[used.asset_id, "you used it on this deal"] = 0.6
            elif used.deal_id is None:
                seen[used.asset_id, "you used it then"] = 0.4
            else:
                seen[used.asset_id, "you used it on another deal then"] = 0.15
        for searched in self.searches(self.session, owner_id, since, until):
            if searched.asset_id is not None:
                for_it = searched.deal in names
                words = "you looked it up for this deal" if for_it else "you looked it up then"
                seen[searched.asset_id, words] = 0.5 if for_it else 0.3
        for (asset_id, words), weight in seen.items():
            reasons.setdefault(asset_id, []).append((weight, words))

    def _made_for(self, wanted: Collection[int]) -> list[int]:
        """Live assets with most of these terms."""
        key = frozenset(wanted)
        if key not in self._tagged:
            query = (
                select(Asset.id)
                .join(VersionTag, col(VersionTag.version_id) == Asset.live_version_id)
                .where(col(VersionTag.term_id).in_(key), Asset.status == Status.PUBLISHED.value)
                .group_by(col(Asset.id))
                .order_by(func.count().desc(), col(Asset.id))
                .limit(_MOST_TAGGED)
            )
            self._tagged[key] = [asset_id or 0 for asset_id in self.session.exec(query)] if key else []
        return self._tagged[key]
