"""What a CRM says of one deal at one moment, and how such sayings come together: pure, no database.

Whatever is said of a field latest, by the CRM's own clock, holds; of two things said at one moment the one whose event
has the greater id. Moments of the history are a set. Joining is therefore commutative, associative and idempotent: any
order and any repetition of the same events ends in the same facts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

# Far more than a deal has; a runaway automation must not let one row grow without end.
_MOST_MOMENTS = 1_000

Facts = dict[str, Any]
# When, what, and which: the id of a `stage` that was entered, or that the deal was `seen` in; an `outcome`; the `label`
# of a stage entered; `left`, with the result; the `owner_id` or the `account_id` that it was given.
Moment = tuple[datetime, str, str]
_OTHERS_IDS = ("owner_id", "account_id")


@dataclass(slots=True)
class Said:
    """One event, or one record of a pull. `fields` are as `DealIn` has them, but for `stage_id`, `owner_id`,
    `account_id`, and the flags `is_closed`, `is_won`, `is_lost`. `whole` is the complete history up to `at`.
    With a `reason` nothing could be made of it."""

    event_id: str
    payload: Any
    external_id: str | None = None
    at: datetime | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    whole: list[Moment] | None = None
    reason: str | None = None


def written(moment: datetime) -> str:
    """As text whose order is the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def join(facts: Mapping[str, Any], said: Said) -> Facts:
    """The facts with this saying. `said` has a moment."""
    assert said.at is not None  # noqa: S101 - what has no moment has a reason instead, and is not joined
    at = written(said.at)
    fields = dict(facts.get("fields", {}))
    for name, value in said.fields.items():
        if name not in fields or [at, said.event_id] >= fields[name][:2]:
            fields[name] = [at, said.event_id, value]
    whole = facts.get("whole")
    if said.whole is not None and (whole is None or [at, said.event_id] >= whole[:2]):
        whole = [at, said.event_id, [[written(when), kind, value] for when, kind, value in said.whole]]
    moments: dict[str, list[Any]] = dict(facts.get("moments", {}))
    given = [(said.at, name, said.fields[name]) for name in _OTHERS_IDS if said.fields.get(name)]
    for when, kind, value in [*said.moments, *given]:
        key = f"{written(when)} {kind}"
        if key not in moments or said.event_id >= moments[key][0]:
            moments[key] = [said.event_id, value]
    if whole is not None:  # a complete history knows better what was before it
        moments = {key: told for key, told in moments.items() if key.partition(" ")[0] > whole[0]}
    kept = sorted(moments)[-_MOST_MOMENTS:]
    joined: Facts = {"fields": fields, "moments": {key: moments[key] for key in kept}}
    return joined if whole is None else joined | {"whole": whole}


def moments_of(facts: Mapping[str, Any]) -> list[Moment]:
    """The history in the order of time. At one moment a stage is left before another one is entered, and a deal ends
    in the stage that it enters."""
    whole = [(at, kind, value) for at, kind, value in facts.get("whole", ["", "", []])[2]]
    heard = [(*key.split(" "), told[1]) for key, told in facts.get("moments", {}).items()]
    return [
        (datetime.fromisoformat(at), kind, value)
        for at, kind, value in sorted(whole + heard, key=lambda it: (it[0], _TURN[it[1]], str(it[2])))
    ]


_TURN = {"left": 0, "seen": 1, "stage": 1, "label": 1, "outcome": 2, "owner_id": 3, "account_id": 3}
