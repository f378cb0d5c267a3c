"""Which stage a deal was in when something was used on it, as the deal's history is known now. Pure."""

from collections.abc import Iterable
from datetime import datetime

from hub.deals.lines import Columns, is_after, is_day


def stage_at(entries: Iterable[Columns], moment: datetime) -> int | None:
    """The id of the deal stage; of several the one that was entered last. None before the first and after the last
    one. A use of which only the day is known belongs to every stage that the deal was in on that day."""
    inside = [entry for entry in entries if _was_in(entry, moment)]
    last = max(inside, key=lambda it: (it["entered_at"], it["left_at"] is None, it["stage_id"]), default=None)
    return None if last is None else last["stage_id"]


def _was_in(entry: Columns, moment: datetime) -> bool:
    entered, left = entry["entered_at"], entry["left_at"]
    has_entered = moment.date() >= entered.date() if is_day(moment) else moment >= entered
    return has_entered and (left is None or not is_after(moment, left))
