"""The normal form: what a source says of one deal or of one stage entry, whichever way it came (a table, the API, a
webhook), before anything is looked up in the database.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from hub.deals.models import Outcome

ID_LENGTH = 200
NAME_LENGTH = 300

# By the name that a source has for it: the vocabulary, and the deal's column.
WORDS = {
    "segment": ("segments", "segment_id"),
    "industry": ("industries", "industry_id"),
    "buyer_persona": ("personas", "persona_id"),
    "competitor": ("competitors", "competitor_id"),
    "source": ("sources", "lead_source_id"),
    "lost_reason": ("lost_reasons", "lost_reason_id"),
    "stage": ("deal_stages", "stated_stage_id"),
}
NO_DECISION = "no decision"


class Columns(Protocol):
    """A row by its columns' names: one that was read from the database, or one that is to be written."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(slots=True)
class DealLine:
    """One deal. What a source says nothing about is not there (in `columns`, `words`) or None, and stays as it is; an
    empty word or name is said to be nothing. `place` is where it stands, for refusals: a row of a table."""

    external_id: str
    columns: dict[str, Any] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    owner: str | None = None
    account: tuple[str, str] | None = None  # (how the source knows it, its name)
    products: list[str] | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    no_decision: bool = False
    place: int = 0


@dataclass(slots=True)
class StageLine:
    """One stay of a deal in a deal stage, as written."""

    external_id: str
    stage: str
    entered_at: datetime
    left_at: datetime | None = None
    result: str | None = None
    place: int = 0


def is_over_before(entered_at: datetime, left_at: datetime) -> bool:
    """Whether a stay ends before it begins. One that ends on the day on which it begins does not: where a source gives
    days, both moments are midnight or only one is."""
    if left_at.date() == entered_at.date():
        return left_at < entered_at and not is_day(left_at)
    return left_at < entered_at


def is_day(moment: datetime) -> bool:
    """Whether a moment is a day: sources that give no time give midnight."""
    return moment.hour == moment.minute == moment.second == moment.microsecond == 0


def is_after(moment: datetime, limit: datetime) -> bool:
    """Whether a moment is later than a limit; where the limit is a day, later than the whole day."""
    return moment.date() > limit.date() if is_day(limit) else moment > limit


def settle(line: DealLine) -> None:
    """What follows from a deal being open: it has not closed, and nothing made it be lost. A date on which it is
    expected to close is kept beside it."""
    if line.columns.get("outcome") == Outcome.OPEN:
        expected = line.columns.get("closed_at")
        if expected is not None:
            line.extra["expected_close"] = expected.date().isoformat()
        line.columns["closed_at"] = None
        line.words["lost_reason"] = ""
    elif line.columns.get("outcome") == Outcome.WON:
        line.words["lost_reason"] = ""
    elif line.no_decision and not line.words.get("lost_reason"):
        line.words["lost_reason"] = NO_DECISION
