"""What callers send and get for deals. Inputs refuse unknown fields; outputs have no defaults.

A word (a segment, a stage, a role) may be any that the caller's system uses: one that the hub does not know is added
to its vocabulary, unconfirmed, as an import does it.
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from pydantic.config import JsonDict

from hub.deals.lines import ID_LENGTH, NAME_LENGTH, is_over_before
from hub.deals.models import Outcome, StageResult
from hub.deals.money import CURRENCIES, LARGEST
from hub.taxonomy.schemas import LABEL_LENGTH, one_line

MOST_STAGES = 500
MOST_CONTACTS = 200
MOST_PRODUCTS = 100
LONGEST_PAYLOAD = 200_000
_YEARS = range(1970, 2200)


def _currency(code: str) -> str:
    if code.upper() not in CURRENCIES:
        raise ValueError("this is no currency code of ISO 4217; write one like EUR")
    return code.upper()


def _moment(given: datetime) -> datetime:
    """A time without a zone is UTC; a date is its midnight."""
    if given.year not in _YEARS:
        raise ValueError(f"the hub takes the years {_YEARS[0]} to {_YEARS[-1]}")
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def _kept(payload: dict[str, Any]) -> dict[str, Any]:
    try:
        length = len(json.dumps(payload, ensure_ascii=False).encode())
    except (UnicodeEncodeError, RecursionError):
        raise ValueError("this holds halves of characters, or lists within lists without end") from None
    if length > LONGEST_PAYLOAD:
        raise ValueError(f"this has {length} bytes as JSON; at most {LONGEST_PAYLOAD} are kept")
    return payload


def _line_or_nothing(text: str) -> str:
    return one_line(text) if text.strip() else ""


Name = Annotated[str, StringConstraints(max_length=NAME_LENGTH), AfterValidator(one_line)]
NameOrNothing = Annotated[str, StringConstraints(max_length=NAME_LENGTH), AfterValidator(_line_or_nothing)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=ID_LENGTH), AfterValidator(one_line)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=LABEL_LENGTH), AfterValidator(one_line)]
Who = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(one_line)]
Currency = Annotated[str, StringConstraints(min_length=3, max_length=3), AfterValidator(_currency)]
Moment = Annotated[datetime, AfterValidator(_moment), Field(description="RFC 3339; a date is its midnight in UTC")]
Amount = Annotated[
    Decimal, Field(ge=0, le=LARGEST, allow_inf_nan=False, description="in units of the currency; to two places")
]
Payload = Annotated[dict[str, JsonValue], AfterValidator(_kept)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccountIn(Strict):
    """The company. Without an id of the source's it is known by its name."""

    name: Name
    external_id: Id | None = None


class StageIn(Strict):
    """A stay in a deal stage. Without `left` the deal is still in it."""

    stage: Word
    entered: Moment
    left: Moment | None = None
    result: StageResult | None = None

    @model_validator(mode="after")
    def _is_in_order(self) -> "StageIn":
        if self.left is not None and is_over_before(self.entered, self.left):
            raise ValueError("the deal leaves the stage before it enters it")
        if self.result is not None and self.left is None:
            raise ValueError(f"the stage is {self.result}, but there is no date on which the deal left it")
        return self


class ContactIn(Strict):
    """Somebody's part in the deal. The role is read as a buyer persona."""

    external_id: Id
    name: NameOrNothing = ""
    role: Word | None = None
    primary: Annotated[bool, Field(strict=True)] = False


_EXAMPLE: JsonDict = {
    "name": "Slotting for two sites",
    "account": {"name": "Cancity", "external_id": "0015"},
    "owner": "ben@example.com",
    "outcome": "open",
    "amount": 44313.69,
    "currency": "EUR",
    "segment": "multi-site",
    "industry": "retail",
    "buyer_persona": "cfo",
    "competitor": "Tilvane",
    "lead_source": "partner",
    "products": ["Forepick Slotting"],
    "created": "2027-01-11",
    "stages": [
        {"stage": "Discovery", "entered": "2027-01-11", "left": "2027-02-05", "result": "advanced"},
        {"stage": "Proposal", "entered": "2027-02-08"},
    ],
    "contacts": [{"external_id": "0038", "name": "C. Moreau", "role": "Economic Buyer", "primary": True}],
}


class DealIn(Strict):
    """A deal as its source knows it. What is left out stays as it is; null takes it away. `stages`, `contacts` and
    `products` are each the whole list."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    outcome: Outcome
    no_decision: Annotated[bool, Field(strict=True, description="lost, and nobody won it")] = False
    lost_reason: Word | None = None
    name: NameOrNothing | None = None
    account: AccountIn | None = None
    owner: Annotated[Who | None, Field(description="e-mail address or name")] = None
    amount: Amount | None = None
    currency: Currency | None = None
    segment: Word | None = None
    industry: Word | None = None
    buyer_persona: Word | None = None
    competitor: Word | None = None
    lead_source: Word | None = None
    products: Annotated[list[Word], Field(max_length=MOST_PRODUCTS)] | None = None
    stage: Annotated[Word | None, Field(description="the deal stage, for a deal without `stages`")] = None
    created: Moment | None = None
    closed: Moment | None = None
    updated_at: Annotated[Moment | None, Field(description="the source's own; what is older than known is let go")] = (
        None
    )
    stages: Annotated[list[StageIn], Field(max_length=MOST_STAGES)] | None = None
    contacts: Annotated[list[ContactIn], Field(max_length=MOST_CONTACTS)] | None = None
    raw: Annotated[Payload | None, Field(description="what the source sent, kept as it is")] = None

    @model_validator(mode="after")
    def _is_in_order(self) -> "DealIn":
        if self.created is not None and self.closed is not None and is_over_before(self.created, self.closed):
            raise ValueError("the deal closes before it is created")
        if self.no_decision and self.outcome != Outcome.LOST:
            raise ValueError("only a lost deal can be lost to no decision")
        stays = [(" ".join(it.stage.casefold().split()), it.entered) for it in self.stages or ()]
        if len(set(stays)) < len(stays):
            raise ValueError("a stage is entered twice at one moment")
        if len({it.external_id for it in self.contacts or ()}) < len(self.contacts or ()):
            raise ValueError("a contact stands there twice")
        return self


class WordOut(BaseModel):
    key: str
    label: str
    confirmed: bool


class PersonOut(BaseModel):
    id: int
    name: str


class AccountOut(BaseModel):
    external_id: str
    name: str


class StageOut(BaseModel):
    """`journey` is the stage of the buyer's journey that the deal stage belongs to, null while the taxonomy says none.
    `learnt_at` is when the hub learnt that it is so."""

    stage: WordOut
    journey: str | None
    entered: datetime
    left: datetime | None
    result: StageResult | None
    learnt_at: datetime


class ContactOut(BaseModel):
    external_id: str
    name: str
    role: str
    persona: WordOut | None
    primary: bool


_ROW: JsonDict = {
    "source": "salesforce",
    "external_id": "0065",
    "name": "Slotting for two sites",
    "account": {"external_id": "0015", "name": "Cancity"},
    "owner": {"id": 7, "name": "Ben Osei"},
    "outcome": "open",
    "no_decision": False,
    "amount": 44313.69,
    "currency": "EUR",
    "stage": {"key": "proposal", "label": "Proposal", "confirmed": True},
    "journey": "decision",
    "created": "2027-01-11T00:00:00Z",
    "closed": None,
    "updated_at": "2027-02-08T10:15:00Z",
}


class DealRow(BaseModel):
    """A deal in a list. `amount` is in units of its currency, which is null where the source names none."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})

    source: str
    external_id: str
    name: str
    account: AccountOut | None
    owner: PersonOut | None
    outcome: Outcome
    no_decision: bool
    amount: float | None
    currency: str | None
    stage: WordOut | None
    journey: str | None
    created: datetime | None
    closed: datetime | None
    updated_at: datetime


class DealDetail(DealRow):
    """A deal with its history and contacts. `learnt_at` is when the hub first heard of it."""

    lost_reason: WordOut | None
    segment: WordOut | None
    industry: WordOut | None
    buyer_persona: WordOut | None
    competitor: WordOut | None
    lead_source: WordOut | None
    products: list[WordOut]
    stages: list[StageOut]
    contacts: list[ContactOut]
    extra: dict[str, JsonValue]
    learnt_at: datetime
