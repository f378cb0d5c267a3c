"""What callers send and get for assets. Inputs refuse unknown fields; outputs have no defaults."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from hub.assets.models import Audience, Decision, Kind, PublicationKind, Status
from hub.assets.sites import SiteRule
from hub.people.roles import Team

TITLE_LENGTH = 200
SUMMARY_LENGTH = 500
BODY_LENGTH = 2_000_000

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_LENGTH)]
Summary = Annotated[str, StringConstraints(strip_whitespace=True, max_length=SUMMARY_LENGTH)]
Body = Annotated[str, StringConstraints(max_length=BODY_LENGTH)]
Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Keys = Annotated[list[Key], Field(max_length=100)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000)]
Who = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AuthorsIn(Strict):
    """The named authors of each team: e-mail addresses, or names of people who have none here."""

    marketing: Annotated[list[Who], Field(max_length=20)] = []
    sales: Annotated[list[Who], Field(max_length=20)] = []


class AttachmentIn(Strict):
    """An uploaded file (`POST /attachments` gives its digest) under the name that readers see."""

    digest: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class AssetFields(Strict):
    """The fields of a content file's front matter, and the body."""

    kind: Annotated[Kind, Field(description="what kind of messaging it is")] = Kind.NOTE
    summary: Annotated[Summary, Field(description="one or two sentences a rep reads in the result list")] = ""
    body: Annotated[Body, Field(description="Markdown: CommonMark, GFM tables, task lists, footnotes")] = ""
    personas: Annotated[Keys, Field(description="keys of buyer personas")] = []
    stages: Annotated[Keys, Field(description="awareness, consideration, decision, retention")] = []
    products: Keys = []
    industries: Keys = []
    competitors: Keys = []
    regions: Keys = []
    tags: Annotated[dict[str, Keys], Field(max_length=50, description="further vocabularies, by name")] = {}
    language: Annotated[Key, Field(description="key of a language, as `GET /taxonomy/languages` lists them")] = "en"
    audience: Annotated[Audience, Field(description="may it be shared with buyers?")] = Audience.INTERNAL
    attachments: Annotated[list[AttachmentIn], Field(max_length=50, description="uploaded files, in order")] = []
    authors: Annotated[AuthorsIn, Field(description="who wrote it, of each team")] = AuthorsIn()
    owner: Annotated[Who | None, Field(description="who answers for it: e-mail address or name")] = None
    review_by: Annotated[date | None, Field(description="when somebody should read it again")] = None
    expires_on: Annotated[date | None, Field(description="the last day on which it may be used")] = None


_EXAMPLE: JsonDict = {
    "title": "Objection: it costs too much",
    "kind": "objection",
    "summary": "For the finance lead who compares the licence price with doing nothing.",
    "body": "Ask what a late delivery costs them today.\n",
    "personas": ["cfo"],
    "stages": ["consideration", "decision"],
    "authors": {"marketing": ["ana@example.com"], "sales": ["ben@example.com"]},
    "review_by": "2027-03-01",
}


class AssetDraft(AssetFields):
    """A new asset with its first version. Without `slug` one is made from the title."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    title: Title
    slug: Annotated[Key | None, Field(description="lower-case ASCII words joined by `-`, folders by `.`")] = None
    external_id: Annotated[Key | None, Field(description="what another system calls it")] = None
    note: Annotated[Note, Field(description="a word to the others about this version")] = ""


class VersionDraft(AssetFields):
    """The next version. Fields that are left out stay as they are in the version it is based on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"base_version": 1, "body": "Shorter.\n", "note": "Cut the history."}]}
    )

    base_version: Annotated[int, Field(strict=True, ge=1, description="the newest version you have seen")]
    title: Title | None = None
    note: Note = ""


class DetailsChange(Strict):
    """What may change without a signature; a field that is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "ana@example.com", "review_by": "2027-06-30"}]})

    owner: Who | None = None
    authors: AuthorsIn | None = None
    review_by: date | None = None
    expires_on: date | None = None


class NewSlug(Strict):
    model_config = ConfigDict(json_schema_extra={"examples": [{"slug": "objection.too-dear"}]})

    slug: Key


class SubmissionIn(Strict):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "The price is new."}]})

    note: Note = ""


class ReviewIn(Strict):
    """A decision on exactly the text whose hash the reviewer saw."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "approved", "content_hash": "sha256:…", "note": "Ship it."}]}
    )

    decision: Decision
    content_hash: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    note: Note = ""


class UrgencyIn(Strict):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The old price is wrong.", "content_hash": "sha256:…"}]}
    )

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1_000)]
    content_hash: Annotated[str, StringConstraints(min_length=1, max_length=100)]


class RetirementIn(Strict):
    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "The product is no longer sold."}]})

    note: Note = ""


class ConfirmationIn(Strict):
    """«Still right»: the next review date, by default as far ahead as the last one was (at least 90 days)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"review_by": "2027-06-30", "note": "Checked with two customers."}]}
    )

    review_by: date | None = None
    note: Note = ""


class PassageNoteIn(Strict):
    """A note on words of the text, quoted as they stand there."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"quote": "a late delivery costs", "text": "Says who? Add the source."}]}
    )

    quote: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]


class SettledIn(Strict):
    model_config = ConfigDict(json_schema_extra={"examples": [{"settled": True}]})

    settled: Annotated[bool, Field(strict=True)]


class PersonRef(BaseModel):
    id: int
    name: str
    team: Team


class AuthorsOut(BaseModel):
    marketing: list[str]
    sales: list[str]


class AttachmentOut(BaseModel):
    digest: str
    name: str
    media_type: str
    size: int
    page_count: int
    url: str
    thumbnail_url: str | None


class ReviewOut(BaseModel):
    team: Team
    decision: Decision
    reviewer: PersonRef
    note: str
    content_hash: str
    reviewed_at: datetime


class SubmissionOut(BaseModel):
    submitted_by: PersonRef | None
    submitted_at: datetime
    note: str
    waiting_for: list[Team]


class PublicationOut(BaseModel):
    """By what right the live version is live. `joint` has a signature of each team; the others say so."""

    kind: PublicationKind
    published_at: datetime
    published_by: PersonRef | None
    reason: str
    lapses_at: datetime | None
    signatures: list[ReviewOut]


class DraftRef(BaseModel):
    version: int
    status: Status
    content_hash: str


class HeadingOut(BaseModel):
    level: int
    id: str
    text: str


class VersionText(BaseModel):
    """The signed part of a version."""

    title: str
    kind: Kind
    summary: str
    body: str
    personas: list[str]
    stages: list[str]
    products: list[str]
    industries: list[str]
    competitors: list[str]
    regions: list[str]
    tags: dict[str, list[str]]
    language: str
    audience: Audience
    attachments: list[AttachmentOut]


class VersionDetail(VersionText):
    """One version as it was written, with the decisions on it."""

    slug: str
    version: int
    content_hash: str
    base_version: int | None
    created_at: datetime
    created_by: PersonRef | None
    source: str
    note: str
    html: str
    headings: list[HeadingOut]
    words: int
    broken_links: list[str]
    reviews: list[ReviewOut]
    submission: SubmissionOut | None


class AssetDetail(VersionText):
    """One asset: the version asked for, and the state of the asset around it."""

    slug: str
    external_id: str | None
    status: Status
    version: int
    content_hash: str
    live_version: int | None
    draft: DraftRef | None
    html: str
    headings: list[HeadingOut]
    words: int
    broken_links: list[str]
    authors: AuthorsOut
    owner: str | None
    review_by: date | None
    expires_on: date | None
    fresh: bool | None
    publication: PublicationOut | None
    reviews: list[ReviewOut]
    submission: SubmissionOut | None
    created_at: datetime
    updated_at: datetime
    extra: dict[str, Any]


class AssetRow(BaseModel):
    """One line of a list."""

    slug: str
    external_id: str | None
    title: str
    kind: Kind
    summary: str
    status: Status
    version: int
    draft: DraftRef | None
    personas: list[str]
    stages: list[str]
    products: list[str]
    industries: list[str]
    competitors: list[str]
    regions: list[str]
    language: str
    audience: Audience
    review_by: date | None
    expires_on: date | None
    fresh: bool | None
    updated_at: datetime


class VersionRow(BaseModel):
    """One line of an asset's history, newest first."""

    version: int
    title: str
    content_hash: str
    note: str
    source: str
    created_at: datetime
    created_by: PersonRef | None
    is_live: bool
    reviews: list[ReviewOut]


class PassageNoteOut(BaseModel):
    """`settled_at` is null while the note is open."""

    id: int
    person: PersonRef
    quote: str
    text: str
    made_at: datetime
    settled_at: datetime | None


class PieceOut(BaseModel):
    kind: str
    text: str


class ChangeOut(BaseModel):
    kind: str
    before_line: int | None
    after_line: int | None
    before: list[str]
    after: list[str]
    words: list[PieceOut]


class FieldChange(BaseModel):
    field: str
    before: Any
    after: Any


class Difference(BaseModel):
    """What changed between two versions: single fields, and the body line by line with the changed words."""

    from_version: int
    to_version: int
    fields: list[FieldChange]
    body: list[ChangeOut]
    unified: str


class QueueItem(BaseModel):
    """Somebody must act: a version waits for a team's review, or came back to its authors with a request."""

    slug: str
    title: str
    kind: Kind
    version: int
    content_hash: str
    live_version: int | None
    waiting_for: list[Team]
    since: datetime
    submitted_by: PersonRef | None
    note: str
    decided: list[ReviewOut]


class ReminderOut(BaseModel):
    slug: str
    title: str
    subject: str
    falls_on: date
    days_before: int
    told_at: datetime


class FreshnessGroup(BaseModel):
    """`share` is None when the group has no live asset."""

    key: str
    label: str
    live: int
    fresh: int
    overdue: int
    undated: int
    share: float | None


class Freshness(BaseModel):
    """Live assets within their review date: in all, and by owner, persona and stage. As of `today`."""

    today: date
    all: FreshnessGroup
    by_owner: list[FreshnessGroup]
    by_persona: list[FreshnessGroup]
    by_stage: list[FreshnessGroup]


class StoredAttachment(BaseModel):
    digest: str
    name: str
    media_type: str
    size: int
    page_count: int
    truncated: bool
    url: str
    thumbnail_url: str | None


class EventOut(BaseModel):
    """`actor` is null when the hub itself acted: a date passed, a folder was synced."""

    id: int
    name: str
    occurred_at: datetime
    actor: PersonRef | None
    subject_kind: str
    subject: str
    data: dict[str, Any]
    request_id: str | None


class LibraryEvidence(BaseModel):
    """What is known of the asset's help: points of win probability with their 90% range."""

    verdict: str
    lift: float
    low: float
    high: float
    deals: int


class LibraryCard(BaseModel):
    """A live asset as the extension keeps it for use without a network."""

    slug: str
    title: str
    kind: Kind
    summary: str
    body: str
    html: str
    personas: list[str]
    stages: list[str]
    products: list[str]
    industries: list[str]
    competitors: list[str]
    regions: list[str]
    language: str
    audience: Audience
    version: int
    review_by: date | None
    expires_on: date | None
    evidence: LibraryEvidence | None


class VocabularyWord(BaseModel):
    """A term: `words` are its label and then its synonyms."""

    vocabulary: str
    key: str
    words: list[str]


class ExtensionLibrary(BaseModel):
    """Everything the extension needs offline: live, unexpired assets, and the words to recognise on a page."""

    made_at: datetime
    assets: list[LibraryCard]
    vocabulary: list[VocabularyWord]
    rules: Annotated[list[SiteRule], Field(description="how to know the records of further CRMs by their addresses")]
