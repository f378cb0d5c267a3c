"""What callers of uses and stage questions send and get. Outputs have no defaults; inputs refuse unknown fields."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID, uuid4

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from hub.deals.schemas import Id, PersonOut
from hub.imports.mapping import SourceName
from hub.usage.capture import CHANNEL
from hub.usage.lines import ASSET_LENGTH, CHANNEL_LENGTH, UseLine
from hub.usage.models import Action, Opinion

MOST_USES = 500
MOST_ANSWERED = 50
_IN = ConfigDict(extra="forbid", str_strip_whitespace=True)
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"

AssetName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=ASSET_LENGTH, pattern=_PRINTABLE),
    Field(description="slug or external id"),
]
Channel = Annotated[str, StringConstraints(min_length=1, max_length=CHANNEL_LENGTH, pattern=_PRINTABLE, to_lower=True)]


class DealRefIn(BaseModel):
    """A deal as its source knows it; it need not be in the hub yet."""

    model_config = _IN

    source: SourceName
    external_id: Id


class UseIn(BaseModel):
    """One use of the caller's. `id` is a UUID made by the caller when it happened: sent again it is a duplicate.

    `sent_at` is what the device's clock says now, so that a clock that is wrong can be told. The channel `told` is for
    what somebody tells from memory.
    """

    model_config = _IN | ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0b7f6d3c-6e0c-4a8e-9d53-0f1a2b3c4d5e",
                    "asset": "objection.too-expensive",
                    "deal": {"source": "hubspot", "external_id": "9134"},
                    "action": "inserted",
                    "channel": "extension",
                    "occurred_at": "2027-03-01T09:30:00Z",
                }
            ]
        }
    )

    id: UUID
    asset: AssetName
    version: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    deal: DealRefIn | None = None
    action: Action
    channel: Channel = CHANNEL
    occurred_at: AwareDatetime
    sent_at: AwareDatetime | None = None

    def line(self, place: int) -> UseLine:
        return UseLine(
            external_id=str(self.id),
            asset=self.asset,
            action=self.action.value,
            occurred_at=self.occurred_at,
            channel=self.channel,
            version=self.version,
            deal=(self.deal.source, self.deal.external_id) if self.deal is not None else None,
            sent_at=self.sent_at,
            place=place,
        )


class RejectedUse(BaseModel):
    index: int
    reason: str


class RecordedOut(BaseModel):
    """Every use that was sent is one of these; `index` counts from 0."""

    accepted: int
    duplicates: int
    rejected: list[RejectedUse]


class AssetRef(BaseModel):
    slug: str
    external_id: str | None
    title: str


class DealRef(BaseModel):
    """`known` is false for a deal that has not come to the hub yet: the use waits for it."""

    source: str
    external_id: str
    name: str
    known: bool


class FeedbackIn(BaseModel):
    """What you say of an asset after you used it. Send `id` when the call may be sent twice: one id is said once."""

    model_config = _IN | ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "opinion": "objection",
                    "note": "They asked what happens in the second year.",
                    "deal": {"source": "hubspot", "external_id": "9134"},
                }
            ]
        }
    )

    id: Annotated[UUID | None, Field(description="a UUID by the caller")] = None
    opinion: Opinion
    note: Annotated[str, StringConstraints(max_length=1_000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$")] = ""
    deal: DealRefIn | None = None

    @property
    def caller_id(self) -> str:
        return str(self.id or uuid4())


class StageRef(BaseModel):
    key: str
    label: str


class UseOut(BaseModel):
    """`id` is the caller's, `number` the hub's own. `stage` is the one that the deal was in. `said_at` is given where
    the time that was said could not be; `recalled` uses were written down when the outcome was known and are left out
    of the evidence."""

    id: str
    number: int
    asset: AssetRef
    version: int | None
    deal: DealRef | None
    stage: StageRef | None
    person: PersonOut | None
    action: Action
    channel: str
    occurred_at: datetime
    said_at: datetime | None
    arrived_at: datetime
    recalled: bool
    taken_back_at: datetime | None


class FeedbackOut(BaseModel):
    """What somebody said of an asset; `version` is the one that was live then."""

    id: int
    opinion: Opinion
    note: str
    person: PersonOut
    version: int | None
    deal: DealRef | None
    said_at: datetime


class DealOfUseIn(BaseModel):
    """The deal on which it was, or null: on none."""

    model_config = _IN | ConfigDict(
        json_schema_extra={"examples": [{"deal": {"source": "hubspot", "external_id": "9134"}}, {"deal": None}]}
    )

    deal: DealRefIn | None


class ProposedDeal(BaseModel):
    """A deal on which it may have been: how likely from 0 to 1, and why."""

    deal: DealRef
    score: float
    why: list[str]


class ProposalOut(BaseModel):
    """A use without a deal, and up to three deals, likeliest first."""

    use: UseOut
    deals: list[ProposedDeal]


class LikelyAsset(BaseModel):
    """`used` is true for an asset that the answer names, `recorded` for one whose use in the stage is on record."""

    asset: AssetRef
    why: list[str]
    used: bool
    recorded: bool


class StageQuestionOut(BaseModel):
    """Which of these assets were used before the deal left the stage? An answer that comes after the deal has closed
    is kept, and `recalled`."""

    id: int
    deal: DealRef
    stage: StageRef
    entered_at: datetime | None
    left_at: datetime
    asked_at: datetime
    asked_of: PersonOut
    likely: list[LikelyAsset]
    answered_at: datetime | None
    none_used: bool
    recalled: bool


class AnswerIn(BaseModel):
    """All that was used (each click sends the whole answer), or `none_used`. The last answer counts."""

    model_config = _IN | ConfigDict(
        json_schema_extra={"examples": [{"used": ["battlecard.tilvane"]}, {"none_used": True}]}
    )

    used: Annotated[list[AssetName], Field(max_length=MOST_ANSWERED)] = []
    none_used: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _says_one_thing(self) -> "AnswerIn":
        if self.none_used == bool(self.used):
            raise ValueError("name the assets that were used, or say none_used: one of the two")
        return self


QuestionState = Literal["open", "answered", "all"]
