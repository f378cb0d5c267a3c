"""Search, the home of reps: results while somebody types, the whole question in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from hub.assets import states
from hub.assets.models import Status
from hub.db import id_of
from hub.http import Door, DoorDep, HubRoute, access, ask_search, in_turn
from hub.people.roles import Deed
from hub.planning import next_steps
from hub.planning.next_steps import NextStep
from hub.search import deal_context, log_reading, saved
from hub.search.answers import Answer, Hit
from hub.search.desk import FACETS, Answered, Inquirer
from hub.search.documents import NO_DATE
from hub.search.engine import Sort
from hub.search.models import SavedSearch
from hub.search.schemas import EvidenceOut, RecentQuestion
from hub.web import deal_at_hand, shell, words
from hub.web.words import Words

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)
PER_PAGE = 10
LAST_OFFSET = 1_000
SHOWN_VALUES = 6  # of a facet; the others are one step away
# The filters, in the order in which they stand beside the results: facet, what it is called.
GROUPS = (
    ("persona", "Persona"),
    ("stage", "Stage"),
    ("kind", "Kind"),
    ("competitor", "Competitor"),
    ("product", "Product"),
    ("industry", "Industry"),
    ("language", "Language"),
    ("audience", "Audience"),
)
Several = Annotated[list[str], Query(max_length=50)]


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    count: int
    on: bool


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    label: str
    first: list[Choice]
    more: list[Choice]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter in force, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class HitRow:
    """One result. `title` and `snippet` are escaped HTML with `<mark>`; `position` counts from 1 in the whole list."""

    position: int
    slug: str
    title: str
    snippet: str
    kind: str
    audience: str
    language: str
    status: str
    review_by: date | None
    expires_on: date | None
    fresh: bool | None
    why: str
    evidence: EvidenceOut | None


@dataclass(frozen=True, slots=True)
class Told:
    """A notice, and the questions that would do what was meant."""

    says: str
    instead: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SearchPage:
    question: str
    search_id: str
    total: int
    took_ms: float
    hits: list[HitRow]
    groups: list[Group]
    chosen: list[Chosen]
    notices: list[Told]
    poor: bool
    suggestion: str
    suggestion_href: str
    recent: list[RecentQuestion]
    drafts: bool
    sort: str
    offset: int
    earlier: str
    later: str
    clear: str
    ask_for_it: str
    deal: str
    saved: list[tuple[int, str, str]]
    query: str
    steps: list[NextStep]


@router.get("/", **access(Deed.READ_LIVE))
async def search(
    door: DoorDep,
    q: str = "",
    kind: Several = [],  # noqa: B006 - FastAPI copies query defaults
    persona: Several = [],  # noqa: B006
    stage: Several = [],  # noqa: B006
    product: Several = [],  # noqa: B006
    industry: Several = [],  # noqa: B006
    competitor: Several = [],  # noqa: B006
    language: Several = [],  # noqa: B006
    audience: Several = [],  # noqa: B006
    drafts: bool = False,
    sort: Sort = "relevance",
    offset: Annotated[int, Query(ge=0, le=LAST_OFFSET)] = 0,
    deal: Annotated[str, Query(max_length=600)] = "",
) -> Response:
    """The whole page, or its results alone for htmx. A keystroke that was overtaken costs nothing. `deal` is worked on
    from then on."""
    clicked = {
        "kind": kind, "persona": persona, "stage": stage, "product": product, "industry": industry,
        "competitor": competitor, "language": language, "audience": audience,
    }  # fmt: skip
    asked = Inquirer(
        text=q,
        filters={name: values for name, values in clicked.items() if values},
        drafts=drafts,
        sort=sort,
        limit=PER_PAGE,
        offset=offset,
        facets=tuple(name for name, _ in GROUPS),
        deal=deal_at_hand.reference(door.request) or None,
        channel="hub",
    )
    return await in_turn(door, lambda: _to_hand(door, deal) if deal else _answer(door, asked))


def _to_hand(door: Door, deal: str) -> Response:
    """On to the same question without the deal in its address: from now on it is the deal at hand. Another site may
    lead to a question, but not say what somebody works on."""
    query = [(name, value) for name, value in door.request.query_params.multi_items() if name != "deal"]
    answer = RedirectResponse(f"/?{urlencode(query)}" if query else "/", status_code=303)
    with door.reading() as (session, _):
        found = deal_context.context_of(session, deal)
    if found.name is not None and not deal_at_hand.is_from_elsewhere(door.request):
        deal_at_hand.keep(answer, found.name)
    return answer


def _answer(door: Door, asked: Inquirer) -> Response:
    fragment = shell.is_fragment(door.request)
    begun = not asked.text.strip() and not asked.filters and not asked.offset
    with door.reading() as (session, actor):
        answered = ask_search(door, session, actor, asked)
        known = words.words(session)
        recent = log_reading.recent(session, actor, limit=6) if begun else []
        kept = saved.list_saved(session, actor) if begun else []
        steps = next_steps.next_steps(session, actor) if begun and not fragment else []
    template = "search/_found.html" if fragment else "search/search.html"
    return shell.page(door, actor, template, _shown(asked, answered, known, recent, kept, steps), here="search")


def _shown(
    asked: Inquirer,
    answered: Answered,
    known: Words,
    recent: Sequence[RecentQuestion],
    kept: Sequence[SavedSearch],
    steps: Sequence[NextStep],
) -> SearchPage:
    answer = answered.answer
    return SearchPage(
        question=asked.text,
        search_id=answered.search_id,
        total=answer.total,
        took_ms=answered.took_ms,
        hits=[
            _hit(asked.offset + place, hit, known, answered.evidence.get(hit.shown.id))
            for place, hit in enumerate(answer.hits, start=1)
        ],
        groups=_groups(asked, answer, known),
        chosen=_chosen(asked, known),
        notices=[
            Told(one.says, [(word, _instead(asked, one.part, word)) for word in one.nearest]) for one in answer.notices
        ],
        poor=answer.match == "poor" and bool(answer.hits),
        suggestion=answer.suggestion or "",
        suggestion_href=_href(asked, q=answer.suggestion, offset=0) if answer.suggestion else "",
        recent=list(recent),
        drafts=asked.drafts,
        sort=asked.sort,
        offset=asked.offset,
        earlier=_href(asked, offset=asked.offset - PER_PAGE) if asked.offset >= PER_PAGE else "",
        later=_href(asked, offset=asked.offset + PER_PAGE) if _more(asked, answer) else "",
        clear=shell.address_with("/", {"q": asked.text, "drafts": asked.drafts and "true"}),
        ask_for_it=_ask_for_it(asked, answered.search_id),
        deal=asked.deal or "",
        saved=[(id_of(one), one.name, f"/?{one.query}") for one in kept],
        query=_href(asked, offset=0).partition("?")[2],
        steps=list(steps),
    )


def _ask_for_it(asked: Inquirer, search_id: str) -> str:
    """What was asked goes along: the words, the filters that a request knows, the search and the deal."""
    known = ("persona", "stage", "competitor", "product")
    about = {name: asked.filters[name][0] for name in known if name in asked.filters}
    if not asked.text.strip() and not about:
        return ""
    given = {"question": asked.text.strip()[:1_000], "search_id": search_id, "deal": asked.deal or "", **about}
    return shell.address_with("/requests/new", given)


def _more(asked: Inquirer, answer: Answer) -> bool:
    end = asked.offset + len(answer.hits)
    return bool(answer.hits) and end < answer.total and end <= LAST_OFFSET


def _hit(position: int, hit: Hit, known: Words, evidence: Mapping[str, Any] | None) -> HitRow:
    shown = hit.shown
    review_by = _date(shown.review_by)
    return HitRow(
        position=position,
        slug=shown.slug,
        title=hit.title_html,
        snippet=hit.snippet.html or "",
        kind=words.KINDS.get(shown.kind, shown.kind),
        audience=words.AUDIENCES[shown.audience],
        language="" if shown.language == "en" else known.label("languages", shown.language),
        status="" if shown.status == Status.PUBLISHED else words.STATUSES[shown.status],
        review_by=review_by,
        expires_on=_date(shown.expires_on),
        fresh=states.is_fresh(review_by),
        why="; ".join(hit.why),
        evidence=EvidenceOut(**evidence) if evidence else None,
    )


def _groups(asked: Inquirer, answer: Answer, known: Words) -> list[Group]:
    """Values with their counts, the frequent first. What is chosen stays in sight, also where it finds nothing."""
    groups = []
    for name, label in GROUPS:
        on = set(asked.filters.get(name, ()))
        counts = answer.facets.get(name, {})
        choices = [
            Choice(value, _label(known, name, value), counts.get(value, 0), value in on)
            for value in {**counts, **dict.fromkeys(on)}
        ]
        choices.sort(key=lambda one: (not one.on, -one.count, one.label.casefold()))
        if len(choices) > 1 or on:
            first = max(SHOWN_VALUES, len(on))
            groups.append(Group(name, label, choices[:first], choices[first:]))
    return groups


def _label(known: Words, facet: str, value: str) -> str:
    if facet == "kind":
        return words.KINDS.get(value, value)
    if facet == "audience":
        return words.AUDIENCES.get(value, value)
    return known.label(FACETS.get(facet, "languages"), value)


def _chosen(asked: Inquirer, known: Words) -> list[Chosen]:
    found = []
    for name, _ in GROUPS:
        values = asked.filters.get(name, ())
        for value in values:
            rest = {**asked.filters, name: [other for other in values if other != value]}
            found.append(Chosen(_label(known, name, value), _href(asked, filters=rest, offset=0)))
    return found


def _instead(asked: Inquirer, part: str, word: str) -> str:
    """The same question with what nobody knows put right: typed as `field:value`, or clicked."""
    field, _, value = part.partition(":")
    if value and value in asked.filters.get(field, ()):
        right = {**asked.filters, field: [word if one == value else one for one in asked.filters[field]]}
        return _href(asked, filters=right, offset=0)
    return _href(asked, q=asked.text.replace(value, f'"{word}"' if " " in word else word, 1), offset=0) if value else ""


def _href(asked: Inquirer, *, filters: Mapping[str, Sequence[str]] | None = None, **changed: Any) -> str:
    query: dict[str, Any] = {"q": asked.text, **{name: list(values) for name, values in asked.filters.items()}}
    if filters is not None:
        query = {"q": asked.text, **{name: list(values) for name, values in filters.items()}}
    query |= {"drafts": "true" if asked.drafts else "", "sort": "" if asked.sort == "relevance" else asked.sort}
    query |= {"offset": asked.offset or ""}
    query |= {name: value or "" for name, value in changed.items()}
    return shell.address_with("/", query)


def _date(ordinal: int) -> date | None:
    return None if ordinal == NO_DATE else date.fromordinal(ordinal)
