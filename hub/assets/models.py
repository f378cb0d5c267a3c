"""The tables of the library: assets, their immutable versions, and who did what with them.

State is kept as records with who and when (a submission, a review, a publication). `Asset.status`, `live_version_id`
and `revision` are derived from them in the same transaction, so that lists and single reads stay one cheap query.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from hub.db import UtcDateTime


class Kind(StrEnum):
    VALUE_PROPOSITION = "value_proposition"
    BATTLECARD = "battlecard"
    OBJECTION = "objection"
    CASE_STUDY = "case_study"
    EMAIL_TEMPLATE = "email_template"
    CALL_SCRIPT = "call_script"
    ONE_PAGER = "one_pager"
    DECK = "deck"
    FAQ = "faq"
    SNIPPET = "snippet"
    PLAY = "play"
    NOTE = "note"


class Status(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    EXPIRED = "expired"
    RETIRED = "retired"


class Audience(StrEnum):
    INTERNAL = "internal"
    SHAREABLE = "shareable"


class Decision(StrEnum):
    APPROVED = "approved"
    CHANGES_REQUESTED = "changes_requested"


class PublicationKind(StrEnum):
    JOINT = "joint"
    URGENT = "urgent"
    IMPORTED = "imported"


class Asset(SQLModel, table=True):
    """A unit of messaging. What is signed stands in its versions; here stands what may change without a signature."""

    __table_args__ = (
        Index("ix_asset_updated", "updated_at", "id"),
        Index("ix_asset_live_expires", "live_version_id", "expires_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True)
    external_id: str | None = Field(default=None, unique=True)
    status: str = Status.DRAFT
    owner_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    created_by: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    revision: int = 1
    live_version_id: int | None = None
    head_version_id: int | None = None
    head_number: int = 0
    review_by: date | None = Field(default=None, index=True)
    expires_on: date | None = Field(default=None, index=True)
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class AssetSlug(SQLModel, table=True):
    """Every slug an asset has or had: none is ever given to another asset, and old ones redirect."""

    __tablename__ = "asset_slug"

    slug: str = Field(primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True)


class AssetAuthor(SQLModel, table=True):
    __tablename__ = "asset_author"

    asset_id: int = Field(foreign_key="asset.id", primary_key=True)
    team: str = Field(primary_key=True)
    person_id: int = Field(foreign_key="person.id", primary_key=True, index=True)
    position: int = 0


class Version(SQLModel, table=True):
    """Immutable text of an asset. `tags` are the keys as they were written and hashed; `VersionTag` follows the terms
    when they are renamed or merged."""

    __table_args__ = (UniqueConstraint("asset_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id")
    number: int
    title: str
    summary: str
    body: str
    kind: str
    language: str
    audience: str
    tags: dict[str, list[str]] = Field(sa_column=Column(JSON, nullable=False))
    content_hash: str = Field(index=True)
    base_number: int | None = None
    note: str = ""
    source: str = "hub"
    created_by: int | None = Field(default=None, foreign_key="person.id")
    created_at: datetime = Field(sa_type=UtcDateTime)


class VersionTag(SQLModel, table=True):
    __tablename__ = "version_tag"

    version_id: int = Field(foreign_key="version.id", primary_key=True)
    term_id: int = Field(foreign_key="term.id", primary_key=True, index=True)


class Rendering(SQLModel, table=True):
    """What was made of a version's Markdown, once: safe HTML, headings and passages. Derived, so it may be made anew
    when the renderer changes."""

    version_id: int = Field(foreign_key="version.id", primary_key=True)
    renderer: str
    html: str
    headings: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    passages: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))
    words: int


class VersionLink(SQLModel, table=True):
    """A link from a version to another asset; `target_asset_id` is None while there is none by that name."""

    __tablename__ = "version_link"

    version_id: int = Field(foreign_key="version.id", primary_key=True)
    target: str = Field(primary_key=True)
    target_asset_id: int | None = Field(default=None, foreign_key="asset.id", index=True)


class Attachment(SQLModel, table=True):
    """A stored file, known by the SHA-256 of its bytes: the same file attached twice is kept once."""

    digest: str = Field(primary_key=True)
    media_type: str
    size: int
    page_count: int
    truncated: bool = False
    has_thumbnail: bool = False
    stored_by: int | None = Field(default=None, foreign_key="person.id")
    stored_at: datetime = Field(sa_type=UtcDateTime)


class AttachmentPage(SQLModel, table=True):
    """The text of one page of an attachment, for search."""

    __tablename__ = "attachment_page"

    digest: str = Field(foreign_key="attachment.digest", primary_key=True)
    page: int = Field(primary_key=True)
    text: str


class VersionAttachment(SQLModel, table=True):
    """`path` is where the file stands in the content folder, when it came from there."""

    __tablename__ = "version_attachment"

    version_id: int = Field(foreign_key="version.id", primary_key=True)
    position: int = Field(primary_key=True)
    digest: str = Field(foreign_key="attachment.digest", index=True)
    name: str
    path: str | None = None


class Submission(SQLModel, table=True):
    """A version offered for review, until it is closed: withdrawn, superseded, published or sent back."""

    id: int | None = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True)
    version_id: int = Field(foreign_key="version.id", index=True)
    submitted_by: int | None = Field(default=None, foreign_key="person.id")
    submitted_at: datetime = Field(sa_type=UtcDateTime)
    note: str = ""
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: int | None = Field(default=None, foreign_key="person.id")
    closed_as: str | None = None


class Review(SQLModel, table=True):
    """One team's decision on one version, by one person, on the hash that this person saw."""

    id: int | None = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True)
    version_id: int = Field(foreign_key="version.id", index=True)
    submission_id: int = Field(foreign_key="submission.id", index=True)
    team: str
    reviewer_id: int = Field(foreign_key="person.id", index=True)
    decision: str
    content_hash: str
    note: str = ""
    reviewed_at: datetime = Field(sa_type=UtcDateTime)


class Publication(SQLModel, table=True):
    """A version being live, from when to when, and by what right: both teams' signatures, urgency or an import."""

    id: int | None = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True)
    version_id: int = Field(foreign_key="version.id", index=True)
    kind: str
    published_by: int | None = Field(default=None, foreign_key="person.id")
    published_at: datetime = Field(sa_type=UtcDateTime)
    reason: str = ""
    lapses_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_as: str | None = None


class Retirement(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True)
    retired_by: int | None = Field(default=None, foreign_key="person.id")
    retired_at: datetime = Field(sa_type=UtcDateTime)
    note: str = ""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: int | None = Field(default=None, foreign_key="person.id")


class Confirmation(SQLModel, table=True):
    """Somebody looked at the live version and said that it is still right: the review date moved, the text did not."""

    id: int | None = Field(default=None, primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True)
    version_id: int = Field(foreign_key="version.id")
    confirmed_by: int | None = Field(default=None, foreign_key="person.id")
    confirmed_at: datetime = Field(sa_type=UtcDateTime)
    note: str = ""
    previous_review_by: date | None = None
    review_by: date


class Reminder(SQLModel, table=True):
    """An owner was told that a date comes near; one row per asset, date and notice, so that nobody is told twice."""

    asset_id: int = Field(foreign_key="asset.id", primary_key=True)
    subject: str = Field(primary_key=True)
    falls_on: date = Field(primary_key=True)
    days_before: int = Field(primary_key=True)
    told_at: datetime = Field(sa_type=UtcDateTime)


class ContentFile(SQLModel, table=True):
    """A file of a content folder as it was when file and asset last agreed. `folder` is "" for the configured one,
    else a name for it; never a path of this machine."""

    __tablename__ = "content_file"

    folder: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True)
    digest: str = Field(index=True)
    front_matter: str = ""
    version_number: int
    details_digest: str
    missing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ContentConflict(SQLModel, table=True):
    """A file and its asset both changed since they last agreed. The file's text is kept here until somebody chooses."""

    __tablename__ = "content_conflict"

    folder: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    asset_id: int = Field(foreign_key="asset.id", index=True)
    file_text: str
    file_digest: str
    head_number: int
    found_at: datetime = Field(sa_type=UtcDateTime)
