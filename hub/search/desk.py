"""Where a person's question becomes an answer: who asks decides what may be found, and every answer is noted.

The planner knows neither the database nor people. Here stand the caller's scope, the words that the taxonomy knows
for a filter, the deal that is asked for, and the search log.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlmodel import Session

from hub import clock
from hub.assets.models import Status
from hub.errors import Unavailable
from hub.insights import reading as insights
from hub.people.roles import Actor, Deed, may, require
from hub.search import deal_context
from hub.search.answers import Answer
from hub.search.configuration import Configuration
from hub.search.deal_context import DealContext
from hub.search.documents import REVIEWERS, person
from hub.search.engine import Engine, Filters, Scope, SearchUnavailable, Sort
from hub.search.log import Asked, SearchLog
from hub.search.planner import Planner, Request
from hub.search.projection import asset_id_of, live_id
from hub.search.question import Notice
from hub.taxonomy import vocabulary

# The vocabularies that are facets, by the facet's name.
FACETS = {
    "persona": "personas",
    "stage": "stages",
    "product": "products",
    "industry": "industries",
    "competitor": "competitors",
}


@dataclass(frozen=True, slots=True)
class Inquirer:
    """One request as it comes from an entrance. `filters` are those clicked: facet → values, as written; `fresh` is
    within or past its review date. `deal` is the deal in context (`source/external id`, or the id alone). `channel`
    says where the question was asked."""

    text: str
    filters: Mapping[str, Sequence[str]] = field(default_factory=dict)
    fresh: bool | None = None
    updated_since: date | None = None
    sort: Sort = "relevance"
    limit: int = 10
    offset: int = 0
    drafts: bool = False
    facets: tuple[str, ...] | None = None
    deal: str | None = None
    channel: str = "api"


@dataclass(frozen=True, slots=True)
class Answered:
    """`search_id` names the search that this answer belongs to, `query` its question as typed. `evidence` has verdict,
    lift and range of the hits that have any, by the hit's document id. `tried` are (deal id, asset ids) under a
    hold-out that this answer followed, for `experiments.note`."""

    search_id: str
    query: str
    answer: Answer
    evidence: Mapping[str, Mapping[str, Any]]
    took_ms: float
    tried: tuple[int, tuple[int, ...]] | None = None


class SearchDesk:
    """One a process; from any thread."""

    def __init__(self, engine: Engine, configuration: Configuration, log: SearchLog) -> None:
        self.engine = engine
        self.configuration = configuration
        self.log = log
        self._planner: tuple[str, Planner] = ("", Planner(engine, configuration))

    def ask(self, session: Session, actor: Actor, asked: Inquirer) -> Answered:
        """Raises NotAllowed, and Unavailable while the engine is away; nothing that was typed raises anything."""
        require(actor, Deed.READ_LIVE)
        begin = time.perf_counter()
        planner = self._planner_for(session)
        filters, notices = self._clicked(planner, asked)
        context = deal_context.context_of(session, asked.deal)
        if context.notice is not None:
            notices.append(context.notice)
        request = Request(
            text=asked.text,
            scope=scope_of(actor, drafts=asked.drafts),
            filters=Filters(filters, {}, _dates(asked)),
            sort=asked.sort,
            limit=asked.limit,
            offset=asked.offset,
            deal=context.facts,
            coins={live_id(asset_id): shown for asset_id, shown in context.coins.items()},
            facets=asked.facets,
        )
        try:
            answer = planner.answer(request)
        except SearchUnavailable as away:
            raise Unavailable(f"Search does not answer at this moment: {away}", retry_after=2) from away
        answer = replace(answer, notices=(*notices, *answer.notices))
        evidence = _evidence_of(session, answer)
        took = (time.perf_counter() - begin) * 1000
        search_id = self._noted(actor, asked, filters, context, answer, took)
        tried = (context.deal_id, tuple(map(asset_id_of, answer.tried))) if context.deal_id and answer.tried else None
        return Answered(search_id, asked.text, answer, evidence, took, tried)

    def _planner_for(self, session: Session) -> Planner:
        """The planner that knows today's words; made anew only when a term changed."""
        stamp = vocabulary.stamp(session)
        if self._planner[0] != stamp:
            known: dict[str, dict[str, list[str]]] = {facet: {} for facet in FACETS}
            facet_of = {name: facet for facet, name in FACETS.items()}
            for term in vocabulary.terms_of(session, *FACETS.values()):
                known[facet_of[term.vocabulary]][term.key] = [term.label, *term.synonyms]
            for name, former, key in vocabulary.former_keys(session, *FACETS.values()):
                known[facet_of[name]][key].append(former)
            self._planner = stamp, Planner(self.engine, self.configuration, known)
        return self._planner[1]

    def _clicked(self, planner: Planner, asked: Inquirer) -> tuple[dict[str, frozenset[str]], list[Notice]]:
        """Values as the index has them. One that nobody knows stays, so that it finds nothing, and says so."""
        filters, notices = {}, []
        for facet, values in asked.filters.items():
            meant = {value: planner.meant(facet, value) for value in values}
            filters[facet] = frozenset(found or value for value, found in meant.items())
            notices += [planner.unknown(facet, value) for value, found in meant.items() if found is None]
        return filters, notices

    def _noted(
        self,
        actor: Actor,
        asked: Inquirer,
        clicked: Mapping[str, frozenset[str]],
        context: DealContext,
        answer: Answer,
        took_ms: float,
    ) -> str:
        filters = answer.question.filters
        together = {
            name: clicked.get(name, frozenset()) | filters.one_of.get(name, frozenset())
            for name in clicked.keys() | filters.one_of.keys()
        }
        return self.log.take(
            Asked(
                person_id=actor.id,
                question=asked.text,
                filters={name: sorted(values) for name, values in together.items()},
                sort=asked.sort,
                deal=context.name,
                drafts=asked.drafts,
                match=answer.match,
                total=answer.total,
                hits=[asset_id_of(hit.shown.id) for hit in answer.hits],
                took_ms=took_ms,
                engine=answer.engine,
                channel=asked.channel,
            )
        )


def scope_of(actor: Actor, *, drafts: bool) -> Scope:
    """What this person may find today: the live library, and when asked for the drafts that they may see."""
    groups = {REVIEWERS} if may(actor, Deed.READ_DRAFTS) else set()
    if actor.id is not None:
        groups.add(person(actor.id))
    return Scope(clock.today(), frozenset(groups), drafts=drafts)


def _evidence_of(session: Session, answer: Answer) -> dict[str, Mapping[str, Any]]:
    """As it is known now: the index holds only what orders by it. A draft has none of its own."""
    live = {asset_id_of(hit.shown.id): hit.shown.id for hit in answer.hits if hit.shown.status == Status.PUBLISHED}
    if not live:
        return {}
    return {live[asset_id]: found for asset_id, found in insights.evidence_of(session, list(live)).items()}


def _dates(asked: Inquirer) -> dict[str, tuple[int | None, int | None]]:
    today = clock.today().toordinal()
    dates: dict[str, tuple[int | None, int | None]] = {}
    if asked.fresh is not None:
        dates["review_by"] = (today, None) if asked.fresh else (None, today - 1)
    if asked.updated_since is not None:
        dates["updated"] = (asked.updated_since.toordinal(), None)
    return dates
