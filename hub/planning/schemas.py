"""What callers send and get for requests, briefs, the plan and the inbox. Inputs refuse unknown fields; outputs have no
defaults. Money is in units of its currency, lifts in points of win probability."""

import unicodedata
import uuid
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import UUID4, AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from hub.assets.models import Status
from hub.assets.schemas import Key, PersonRef, Who
from hub.paging import Page
from hub.planning.models import BriefState, RequestState
from hub.planning.worth import SuggestionKind
from hub.taxonomy.schemas import one_line

YEARS = range(2000, 2200)


def _text(given: str) -> str:
    """Lines are kept; what no database takes is refused."""
    text = unicodedata.normalize("NFC", given.replace("\r\n", "\n")).strip()
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in text):
        raise ValueError("control characters cannot be used here, except line breaks and tabs")
    return text


def _plain_date(given: object) -> object:
    if not isinstance(given, str | date):
        raise ValueError("write a date like 2027-03-01")
    return given


def _sane(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError(f"the hub takes the years {YEARS[0]} to {YEARS[-1]}")
    return day


Line = Annotated[str, StringConstraints(min_length=3, max_length=300), AfterValidator(one_line)]
Words = Annotated[str, StringConstraints(max_length=5_000), AfterValidator(_text)]
Reason = Annotated[str, StringConstraints(min_length=3, max_length=1_000), AfterValidator(one_line)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line)]
Day = Annotated[date, BeforeValidator(_plain_date), AfterValidator(_sane)]
SearchId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
SUGGESTION_KEY = r"^(?:write-[0-9]{1,9}-[0-9]{1,9}|(?:promote|fix|test|retire)-[0-9]{1,9})$"
SuggestionKey = Annotated[str, StringConstraints(pattern=SUGGESTION_KEY)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


# --- requests -----------------------------------------------------------------------------------------


class DealNamed(Strict):
    """A deal as its system names it; the hub need not know it yet."""

    source: Name
    external_id: Name


_REQUEST: JsonDict = {
    "id": "5f0c1a52-9a0e-4d5b-8f43-0b8f4f1f2a11",
    "needed": "An answer for a CFO who compares us with doing nothing",
    "persona": "cfo",
    "stage": "decision",
    "competitor": None,
    "product": None,
    "question": "cost of doing nothing",
    "search_id": "0f8a4c2e6b1d4f7a9c3e5b7d9f1a3c5e",
    "deal": {"source": "salesforce", "external_id": "0065"},
    "due_on": "2027-03-01",
}


class RequestIn(Strict):
    """Something that is needed and not there. Send `id` when the call may be sent twice: one id makes one request."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REQUEST]})

    id: Annotated[UUID4 | None, Field(description="a UUID by the caller")] = None
    needed: Annotated[Line, Field(description="what is needed, in a sentence")]
    note: Annotated[Words, Field(description="what else helps to write it")] = ""
    persona: Key | None = None
    stage: Key | None = None
    competitor: Key | None = None
    product: Key | None = None
    question: Annotated[
        str, StringConstraints(max_length=400), AfterValidator(_text), Field(description="what was searched in vain")
    ] = ""
    search_id: Annotated[SearchId | None, Field(description="the search that found nothing")] = None
    deal: DealNamed | None = None
    due_on: Day | None = None

    @property
    def caller_id(self) -> str:
        return str(self.id or uuid.uuid4())


class JoinIn(Strict):
    """«Me too»: one's own deal and date for a request that is there already."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "Same here, with procurement.", "deal": None}]})

    note: Words = ""
    deal: DealNamed | None = None
    due_on: Day | None = None


class FulfilmentIn(Strict):
    """The asset that is there now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"slug": "objection.doing-nothing"}]})

    slug: Key


class RefusalIn(Strict):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "objection.too-dear answers this."}]})

    reason: Reason


class DealRef(BaseModel):
    """`known` is whether the hub has the deal; name, amount and outcome are there if it has."""

    source: str
    external_id: str
    known: bool
    name: str | None
    amount: float | None
    currency: str | None
    outcome: str | None


class AskOut(BaseModel):
    person: PersonRef
    asked_at: datetime
    note: str
    question: str
    search_id: str | None
    deal: DealRef | None
    due_on: date | None


class AssetRef(BaseModel):
    slug: str
    title: str
    status: Status


class RequestOut(BaseModel):
    """`asks` are all who need it, the first one first. `due_on` is the nearest of their dates."""

    id: int
    state: RequestState
    needed: str
    persona: str | None
    stage: str | None
    competitor: str | None
    product: str | None
    due_on: date | None
    overdue: bool
    made_at: datetime
    made_by: PersonRef
    asks: list[AskOut]
    taken_by: PersonRef | None
    taken_at: datetime | None
    closed_at: datetime | None
    closed_by: PersonRef | None
    reason: str
    asset: AssetRef | None
    brief: int | None


# --- briefs -------------------------------------------------------------------------------------------

_BRIEF: JsonDict = {
    "suggestion": "write-12-3",
    "title": "The cost of doing nothing, for finance leads",
    "angle": "Start from a late season, not from the licence.",
    "marketing_author": "ana@example.com",
    "sales_author": "ben@example.com",
    "due_on": "2027-03-15",
}


class BriefIn(Strict):
    """A planned piece of work. From a `suggestion` (its key) or `requests` (their ids), or from nothing. What is left
    out is taken from them."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BRIEF]})

    title: Annotated[Line | None, Field(description="by default what the suggestion or the request is about")] = None
    angle: Words = ""
    suggestion: Annotated[SuggestionKey | None, Field(description="the key of a line of the queue")] = None
    requests: Annotated[list[Annotated[int, Field(strict=True, ge=1, lt=2**31)]], Field(max_length=50)] = []
    persona: Key | None = None
    stage: Key | None = None
    marketing_author: Annotated[Who, Field(description="e-mail address or name")]
    sales_author: Annotated[Who, Field(description="e-mail address or name")]
    due_on: Day | None = None
    asset: Annotated[Key | None, Field(description="the slug of the draft, when there is one already")] = None


class BriefChange(Strict):
    """What is left out stays; null takes a date, a word or the asset away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"asset": "objection.doing-nothing"}]})

    title: Line | None = None
    angle: Words | None = None
    persona: Key | None = None
    stage: Key | None = None
    marketing_author: Who | None = None
    sales_author: Who | None = None
    due_on: Day | None = None
    asset: Key | None = None


class DropIn(Strict):
    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "The product is no longer sold."}]})

    reason: Reason


class Range(BaseModel):
    low: float
    high: float


class Hoped(BaseModel):
    """What the suggestion said on the day on which it was accepted."""

    value: float
    range: Range
    currency: str | None
    effort: float
    reason: str


class Came(BaseModel):
    """What the asset's evidence says now: points of win probability, null while there are too few finished deals in
    all, and the money that its uses are expected to have added. `uses` counts finished stages with a use."""

    verdict: str
    uses: int
    lift: float | None
    range: Range | None
    extra_money: float | None
    extra_money_range: Range | None
    currency: str | None
    computed_at: datetime


class BriefOut(BaseModel):
    id: int
    state: BriefState
    kind: SuggestionKind
    title: str
    angle: str
    suggestion: str | None
    persona: str | None
    stage: str | None
    marketing_author: PersonRef
    sales_author: PersonRef
    due_on: date | None
    overdue: bool
    made_at: datetime
    made_by: PersonRef
    asset: AssetRef | None
    live_since: datetime | None
    requests: list[int]
    hoped: Hoped | None
    came: Came | None
    dropped_at: datetime | None
    drop_reason: str


# --- the plan -----------------------------------------------------------------------------------------


class CellOut(BaseModel):
    """A persona at a buyer-journey stage; null is what names none. `fresh` live assets are within their review date,
    `overdue` ones past it; what has no date is neither. `requests` are open ones, which `askers` people need. `gap` is
    money."""

    persona: str | None
    stage: str | None
    live: int
    fresh: int
    overdue: int
    open_deals: int
    open_amount: float
    searches: int
    zero_results: int
    requests: int
    askers: int
    best_lift: float | None
    best_asset: str | None
    gap: float
    need_factor: float
    pass_factor: float


class Coverage(Page[CellOut]):
    """All cells, the largest gap first. Demand is that of the last `days`. `evidence_of` is when the evidence was
    computed, null where there is none; `warnings` say what it leaves out."""

    currency: str | None
    days: int
    evidence_of: datetime | None
    warnings: list[str]


class Subject(BaseModel):
    """A cell (persona and stage) or an asset (slug and title)."""

    kind: Literal["cell", "asset"]
    persona: str | None
    stage: str | None
    slug: str | None
    title: str | None


class DealBehind(BaseModel):
    source: str
    external_id: str
    name: str
    amount: float | None
    currency: str | None


class QuestionBehind(BaseModel):
    question: str
    searches: int


class Behind(BaseModel):
    """The rows that a suggestion was made of: how many, and the first few of each."""

    open_deals: int
    deals: list[DealBehind]
    searches: int
    zero_results: int
    questions: list[QuestionBehind]
    requests: list[int]
    uses: int
    finished_uses: int


class DismissalOut(BaseModel):
    until: date
    reason: str
    made_by: PersonRef
    made_at: datetime


class Suggestion(BaseModel):
    """One line of the queue: expected money of the next quarter, and days of work. `chance` is the probability that it
    helps. `brief` or `dismissal` say why it is hidden unless asked for."""

    key: str
    kind: SuggestionKind
    subject: Subject
    value: float
    range: Range
    currency: str | None
    effort: float
    chance: float
    reason: str
    behind: Behind
    brief: int | None
    dismissal: DismissalOut | None


class Queue(Page[Suggestion]):
    """`evidence_of` is when the evidence was computed, null where usual values stand in for it."""

    evidence_of: datetime | None


class DismissalIn(Strict):
    """Put a suggestion aside: by default for 90 days."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "Covered by the new deck.", "until": "2027-06-30"}]}
    )

    reason: Reason
    until: Day | None = None


# --- the inbox ----------------------------------------------------------------------------------------


class NoticeOut(BaseModel):
    id: int
    kind: str
    subject: str
    text: str
    link: str
    made_at: datetime
    seen_at: datetime | None


class Waiting(BaseModel):
    """Something that waits for the person now. It goes by itself when it is done."""

    kind: Literal["review", "stage_questions", "request", "brief", "reminder"]
    text: str
    link: str
    since: datetime


class Inbox(Page[NoticeOut]):
    """Notices, newest first, and what waits. Seen ones stay for half a year."""

    unseen: int
    waiting: list[Waiting]
