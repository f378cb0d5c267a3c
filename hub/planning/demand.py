"""What people looked and asked for, by persona and buyer-journey stage: searches of the last days, and open requests.

What names no persona is about every persona, and what names no stage about every stage; what names neither counts for
the workspace alone. So a row may count in several cells, and cells do not add up to the workspace.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Text, cast
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from hub import clock
from hub.planning.models import Request, RequestAsk
from hub.search.models import Search
from hub.taxonomy.models import Term

DAYS = 90


@dataclass(frozen=True, slots=True)
class About:
    """Ids of terms; an empty set stands for all of them."""

    personas: frozenset[int] = frozenset()
    stages: frozenset[int] = frozenset()

    def covers(self, persona: int | None, stage: int | None) -> bool:
        """Whether it counts for a cell. A cell without a persona is about deals of which nobody said it: any may be."""
        if not self.personas and not self.stages:
            return False
        fits_persona = not self.personas or persona is None or persona in self.personas
        return fits_persona and (not self.stages or stage is None or stage in self.stages)


@dataclass(frozen=True, slots=True)
class Searched:
    about: About
    searches: int
    zero_results: int


@dataclass(frozen=True, slots=True)
class AskedFor:
    """An open request, and how many people need it."""

    about: About
    request_id: int
    people: int


@dataclass(frozen=True)
class Demand:
    searched: Sequence[Searched]
    asked_for: Sequence[AskedFor]

    @property
    def searches(self) -> int:
        return sum(it.searches for it in self.searched)

    @property
    def zero_results(self) -> int:
        return sum(it.zero_results for it in self.searched)

    @property
    def people(self) -> int:
        return sum(it.people for it in self.asked_for)


def demand(session: Session, terms: Sequence[Term]) -> Demand:
    """Two statements, whatever the number of rows. `terms` are personas and stages."""
    return Demand(_searched(session, terms), _asked_for(session))


def _searched(session: Session, terms: Sequence[Term]) -> list[Searched]:
    filters = cast(col(Search.filters), Text)
    query = (
        sql_select(
            filters.label("written"),
            func.min(col(Search.id)).label("example"),
            func.count().label("searches"),
            func.count().filter(col(Search.match) == "none").label("zero"),
        )
        .where(col(Search.answered_at) >= clock.now() - timedelta(days=DAYS), col(Search.folded) != "")
        .group_by(filters)
        .subquery()
    )
    rows = session.execute(
        sql_select(col(Search.filters), query.c.searches, query.c.zero).join(query, query.c.example == Search.id)
    )
    return [Searched(about_of(written, terms), searches, zero) for written, searches, zero in rows]


def about_of(filters: Mapping[str, Sequence[str]], terms: Iterable[Term]) -> About:
    """What a search was about, by the filters that were set on it."""
    meant = {(term.vocabulary, term.key): term.id or 0 for term in terms}

    def ids(facet: str, vocabulary: str) -> frozenset[int]:
        return frozenset(meant[vocabulary, key] for key in filters.get(facet, ()) if (vocabulary, key) in meant)

    return About(ids("persona", "personas"), ids("stage", "stages"))


def _asked_for(session: Session) -> list[AskedFor]:
    query = (
        select(Request.id, Request.persona_id, Request.stage_id, func.count(col(RequestAsk.id)))
        .outerjoin(RequestAsk, col(RequestAsk.request_id) == Request.id)
        .where(col(Request.closed_at).is_(None))
        .group_by(col(Request.id), col(Request.persona_id), col(Request.stage_id))
        .order_by(col(Request.id))
    )
    return [
        AskedFor(About(_one(persona), _one(stage)), request_id or 0, people)
        for request_id, persona, stage, people in session.exec(query)
    ]


def _one(term_id: int | None) -> frozenset[int]:
    return frozenset([term_id] if term_id is not None else [])
