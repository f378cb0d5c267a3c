"""Search: the right asset while somebody types, and what became of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from time import sleep
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from hub.assets import states
from hub.assets.models import Audience, Kind, Status
from hub.errors import NotFound
from hub.http import Door, DoorDep, HubRoute, access, ask_search, in_turn
from hub.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from hub.people.roles import Deed
from hub.search import log, log_reading
from hub.search.answers import Hit
from hub.search.desk import Answered, Inquirer
from hub.search.documents import NO_DATE, Shown
from hub.search.engine import Sort
from hub.search.schemas import (
    ChoiceIn,
    ChoiceOut,
    EvidenceOut,
    HighlightsOut,
    NoticeOut,
    ReasonOut,
    RecentQuestion,
    SearchAnswer,
    SearchFigures,
    SearchHit,
    SnippetSource,
    UnansweredQuestion,
)

router = APIRouter(tags=["search"], route_class=HubRoute)
Several = Annotated[list[str], Query(max_length=50)]
SearchId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Days = Annotated[int, Query(ge=1, le=3_650)]


@router.get("/search", response_model=SearchAnswer, **access(Deed.READ_LIVE))
async def search(
    door: DoorDep,
    q: Annotated[str, Query(description='free words, "phrases", -exclusions and field:value filters')] = "",
    kind: Annotated[list[Kind], Query()] = [],  # noqa: B006 - FastAPI copies query defaults
    persona: Several = [],  # noqa: B006
    stage: Several = [],  # noqa: B006
    product: Several = [],  # noqa: B006
    industry: Several = [],  # noqa: B006
    competitor: Several = [],  # noqa: B006
    language: Several = [],  # noqa: B006
    audience: Annotated[list[Audience], Query()] = [],  # noqa: B006
    status: Annotated[list[Status], Query(description="`draft` and `in_review` ask for drafts")] = [],  # noqa: B006
    fresh: Annotated[bool | None, Query(description="true: within its review date; false: past it")] = None,
    updated_since: date | None = None,
    drafts: Annotated[bool, Query(description="also the drafts that you may see")] = False,
    facets: Annotated[bool, Query(description="false saves their counting, for further pages")] = True,
    deal: Annotated[
        str | None,
        Query(max_length=400, description="what fits it comes first: `source/external_id`, or the id"),
    ] = None,
    sort: Sort = "relevance",
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
    offset: Annotated[int, Query(ge=0, le=1_000)] = 0,
    channel: Annotated[Literal["api", "hub", "extension"], Query(description="where it is asked")] = "api",
) -> Response | SearchAnswer:
    """The best assets for a question, with counts and reasons. Only what the caller may see is found or counted.

    Ask at every keystroke: a request that its caller has given up costs nothing, keystrokes within 30 seconds are one
    search with one `search_id`, and `query` says which question an answer belongs to.
    """
    asked = Inquirer(
        text=q,
        filters={
            name: [str(value) for value in values]
            for name, values in (
                ("kind", kind),
                ("persona", persona),
                ("stage", stage),
                ("product", product),
                ("industry", industry),
                ("competitor", competitor),
                ("language", language),
                ("audience", audience),
                ("status", status),
            )
            if values
        },
        fresh=fresh,
        updated_since=updated_since,
        sort=sort,
        limit=limit,
        offset=offset,
        drafts=drafts or bool({Status.DRAFT, Status.IN_REVIEW}.intersection(status)),
        facets=None if facets else (),
        deal=deal,
        channel=channel,
    )
    return await in_turn(door, lambda: _answer(door, asked))


@router.put("/searches/{search_id}/choice", **access(Deed.READ_LIVE))
def choose(door: DoorDep, search_id: SearchId, choice: ChoiceIn) -> ChoiceOut:
    """Tell which hit was taken. May be repeated; the last one counts."""
    with door.reading():  # whoever may not ask must not make the log be written
        pass
    door.hub.search.log.flush()
    try:
        return _choose(door, search_id, choice)
    except NotFound:
        sleep(log.WAIT * 1.5)  # another process may have answered, and is about to write its log
        return _choose(door, search_id, choice)


@router.get("/searches/unanswered", **access(Deed.READ_SEARCHES))
def list_unanswered(
    door: DoorDep,
    match: Annotated[Literal["none", "poor"] | None, Query(description="none: without a hit")] = None,
    days: Days = 90,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[UnansweredQuestion]:
    """What people looked for and did not find, the most asked first: what to write next."""
    door.hub.search.log.flush()
    with door.reading() as (session, actor):
        return log_reading.unanswered(session, actor, match=match, days=days, limit=limit, cursor=cursor)


@router.get("/searches/figures", **access(Deed.READ_SEARCHES))
def read_figures(door: DoorDep, days: Days = 90) -> SearchFigures:
    """How well search does: how often nothing was found, how often and how fast a hit was taken."""
    door.hub.search.log.flush()
    with door.reading() as (session, actor):
        return log_reading.figures(session, actor, days=days)


@router.get("/searches/recent", **access(Deed.READ_LIVE))
def list_recent(door: DoorDep) -> list[RecentQuestion]:
    """Your own last questions, newest first."""
    door.hub.search.log.flush()
    with door.reading() as (session, actor):
        return log_reading.recent(session, actor)


def _answer(door: Door, asked: Inquirer) -> SearchAnswer:
    with door.reading() as (session, actor):
        return _shown(ask_search(door, session, actor, asked))


def _choose(door: Door, search_id: str, choice: ChoiceIn) -> ChoiceOut:
    with door.writing() as (session, actor):
        row = log.choose(session, actor, search_id, choice.slug, choice.position)
        door.hub.search.log.chosen(search_id)
        return ChoiceOut(search_id=row.id, slug=choice.slug, position=choice.position)


def _shown(answered: Answered) -> SearchAnswer:
    answer = answered.answer
    return SearchAnswer(
        search_id=answered.search_id,
        query=answered.query,
        total=answer.total,
        hits=[_hit(hit, answered.evidence.get(hit.shown.id)) for hit in answer.hits],
        facets=answer.facets,
        suggestion=answer.suggestion,
        match=answer.match,
        notices=[
            NoticeOut(code=one.code, part=one.part, says=one.says, nearest=list(one.nearest)) for one in answer.notices
        ],
        engine=answer.engine,
        took_ms=round(answered.took_ms, 2),
    )


def _hit(hit: Hit, evidence: Mapping[str, Any] | None) -> SearchHit:
    shown = hit.shown
    snippet = hit.snippet
    return SearchHit(
        slug=shown.slug,
        external_id=shown.external_id,
        title=shown.title,
        kind=Kind(shown.kind),
        summary=shown.summary,
        status=Status(shown.status),
        personas=_tags(shown, "persona"),
        stages=_tags(shown, "stage"),
        products=_tags(shown, "product"),
        industries=_tags(shown, "industry"),
        competitors=_tags(shown, "competitor"),
        language=shown.language,
        audience=Audience(shown.audience),
        highlights=HighlightsOut(title=hit.title_html, snippet=snippet.html),
        source=SnippetSource(part=snippet.source, attachment=snippet.attachment or None, page=snippet.page or None),
        review_by=_date(shown.review_by),
        expires_on=_date(shown.expires_on),
        fresh=states.is_fresh(_date(shown.review_by)),
        updated_at=datetime.fromtimestamp(shown.updated, UTC),
        evidence=EvidenceOut(**evidence) if evidence else None,
        why=hit.why,
        reasons=[
            ReasonOut(code=one.code, says=one.says, field=one.field, words=list(one.words), missing=list(one.missing))
            for one in hit.reasons
        ],
    )


def _tags(shown: Shown, facet: str) -> list[str]:
    return shown.tags.get(facet, [])


def _date(ordinal: int) -> date | None:
    return None if ordinal == NO_DATE else date.fromordinal(ordinal)
