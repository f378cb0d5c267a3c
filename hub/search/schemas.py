"""What callers of search get and send. Outputs have no defaults; inputs refuse unknown fields."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.assets.models import Audience, Kind, Status


class HighlightsOut(BaseModel):
    """Escaped HTML in which only `<mark>` is markup."""

    title: str
    snippet: str


class SnippetSource(BaseModel):
    """Where the snippet stands; `attachment` and `page` (from 1) for text of a file."""

    part: Literal["body", "summary", "attachment", "none"]
    attachment: str | None
    page: int | None


class ReasonOut(BaseModel):
    """One reason for a hit's place: `says` in words, the rest for programs."""

    code: str
    says: str
    field: str
    words: list[str]
    missing: list[str]


class EvidenceOut(BaseModel):
    """What is known of the asset's help: points of win probability with their 90% range."""

    verdict: str
    lift: float
    low: float
    high: float
    deals: int


class SearchHit(BaseModel):
    slug: str
    external_id: str | None
    title: str
    kind: Kind
    summary: str
    status: Status
    personas: list[str]
    stages: list[str]
    products: list[str]
    industries: list[str]
    competitors: list[str]
    language: str
    audience: Audience
    highlights: HighlightsOut
    source: SnippetSource
    review_by: date | None
    expires_on: date | None
    fresh: bool | None
    updated_at: datetime
    evidence: EvidenceOut | None
    why: list[str]
    reasons: list[ReasonOut]


class NoticeOut(BaseModel):
    """Something in the question that was not done as typed, with the nearest right words."""

    code: str
    part: str
    says: str
    nearest: list[str]


class SearchAnswer(BaseModel):
    """`query` is the question answered, so that answers cannot be taken for each other's. `match` is poor when no hit
    has all the words."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "search_id": "0b6f4c1e9a4d4a53b0f6f1f6a5a1c7de",
                    "query": "too dear",
                    "total": 1,
                    "match": "good",
                    "suggestion": None,
                    "took_ms": 2.4,
                    "engine": "embedded",
                    "facets": {"persona": {"cfo": 1}},
                    "notices": [],
                    "hits": [],
                }
            ]
        }
    )

    search_id: str
    query: str
    total: int
    hits: list[SearchHit]
    facets: dict[str, dict[str, int]]
    suggestion: str | None
    match: Literal["good", "poor", "none"]
    notices: list[NoticeOut]
    engine: str
    took_ms: float


class ChoiceIn(BaseModel):
    """Which hit was taken; `position` counts from 1 in the whole list."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"slug": "objection.too-dear", "position": 1}]}
    )

    slug: Annotated[str, Field(min_length=1, max_length=200)]
    position: Annotated[int, Field(ge=1, le=100_000, strict=True)]


class ChoiceOut(BaseModel):
    search_id: str
    slug: str
    position: int


class UnansweredQuestion(BaseModel):
    """A question that found nothing, or nothing with all its words; the same words count as one."""

    question: str
    match: Literal["poor", "none"]
    searches: int
    people: int
    last_asked_at: datetime
    filters: dict[str, list[str]]


class RecentQuestion(BaseModel):
    question: str
    filters: dict[str, list[str]]
    total: int
    asked_at: datetime


class SearchFigures(BaseModel):
    """How search did since a day. Shares are between 0 and 1, None where nothing was asked."""

    since: date
    searches: int
    people: int
    without_hits: int
    poor: int
    chosen: int
    click_through: float | None
    first_chosen: float | None
    median_position: float | None
    median_seconds_to_choice: float | None
    median_ms: float | None
    figures_from: int
