"""From all that was said of a deal to the deal: pure but for the names, which are passed in.

The same facts and names give the same deal, so whatever is left unsaid here must be so for every part of the facts too:
otherwise what an earlier part said would stay, and the order of hearing would show.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from hub.deals.models import Outcome
from hub.deals.schemas import DealIn
from hub.deals.sources.said import Moment, moments_of
from hub.deals.sources.stays import Stage, stays

_PLAIN = (
    *("name", "amount", "currency", "segment", "industry", "buyer_persona", "competitor", "lead_source"),
    *("products", "created", "contacts", "raw"),
)
# One that cannot be used is taken away, and the rest of the deal is not lost to it.
_DISPENSABLE = frozenset(_PLAIN) - {"contacts"} | {"account", "owner", "lost_reason", "closed", "stage"}


class Names(Protocol):
    def stage(self, stage_id: str) -> Stage | None: ...

    def owner(self, owner_id: str) -> str | None: ...

    def account(self, account_id: str) -> str | None: ...


@dataclass(slots=True)
class Folded:
    """The deal as far as it can be told; `waits` says what is wrong or not known yet. `misses` when that is a name:
    once it is known the deal is to be made anew."""

    deal: DealIn | None = None
    waits: str = ""
    misses: bool = False


@dataclass(slots=True)
class _Told:
    """The facts, each field's value and moment by its name."""

    fields: dict[str, Any]
    at: dict[str, datetime]
    moments: list[Moment]


def fold(facts: Mapping[str, Any], names: Names, known: Outcome | None) -> Folded:
    """`known` is the outcome of the deal that the hub has, for facts that say nothing about it."""
    fields = facts.get("fields", {})
    at = {name: datetime.fromisoformat(it[0]) for name, it in fields.items()}
    told = _Told({name: it[2] for name, it in fields.items()}, at, moments_of(facts))
    folded = Folded()
    outcome = _outcome(told, names, folded) or known
    if outcome is not None:
        said = _deal(told, names, outcome, folded)
        if not said["stages"] and "whole" not in facts:
            del said["stages"]
        _validate(said, folded)
    elif not folded.waits:
        folded.waits = "nothing tells yet whether the deal is open, won or lost: pull the CRM"
    return folded


def _outcome(told: _Told, names: Names, folded: Folded) -> Outcome | None:
    """What the CRM says itself; else the latest sign of it, which is a stage that means it or a flag of the deal."""
    if direct := told.fields.get("outcome"):
        return Outcome(direct)
    since, stage_id = told.at.get("stage_id"), told.fields.get("stage_id")
    was_in = [(at, value) for at, kind, value in told.moments if kind in ("stage", "seen")]
    if since is not None and stage_id:
        was_in.append((since, stage_id))  # of a record: it was so then too, however long it was there
    signs = _flags(told)
    for at, value in was_in:
        if (stage := names.stage(value)) is not None and stage.outcome is not None:
            signs.append((at, 1, stage.outcome))
    last = max(signs, default=None)
    if since is not None and stage_id and (last is None or last[0] < since):
        folded.waits = f"whether the stage {stage_id} closes a deal is not known: pull the CRM, or name its stages"
        folded.misses = True
    return None if last is None else last[2]


def _flags(told: _Told) -> list[tuple[datetime, int, Outcome]]:
    """Flags come one by one: that a deal is closed and not won counts only when both were said at once."""
    signs = []
    for name, value, outcome in (
        ("is_won", True, Outcome.WON),
        ("is_lost", True, Outcome.LOST),
        ("is_closed", False, Outcome.OPEN),
    ):
        if told.fields.get(name) is value:
            signs.append((told.at[name], 0, outcome))
    is_lost = told.fields.get("is_closed") and told.fields.get("is_won") is False
    if is_lost and told.at["is_closed"] == told.at["is_won"]:
        signs.append((told.at["is_closed"], 0, Outcome.LOST))
    return signs


def _deal(told: _Told, names: Names, outcome: Outcome, folded: Folded) -> dict[str, Any]:
    said = {name: told.fields[name] for name in _PLAIN if name in told.fields}
    said |= {"outcome": outcome, "updated_at": max(told.at.values(), default=None)}
    owner = _last_named(told, "owner_id", names.owner)
    if owner is not None:
        said["owner"] = owner[1]
    folded.misses |= bool(told.fields.get("owner_id")) and (owner is None or owner[0] != told.fields["owner_id"])
    account = _last_named(told, "account_id", lambda it: _account(told, names, it))
    if account is not None:
        said["account"] = account[1] and {"external_id": account[0], "name": account[1]}
    if outcome != Outcome.OPEN and "closed" in told.fields:
        said["closed"] = told.fields["closed"]  # of an open deal it is a hope
    if outcome == Outcome.LOST and "lost_reason" in told.fields:
        said["lost_reason"] = told.fields["lost_reason"]
    stages = _stages(told, names, outcome)
    open_ones = [stages[it] for it in told.moments if it in stages and stages[it].outcome in (None, Outcome.OPEN)]
    if open_ones:
        said["stage"] = open_ones[-1].label
    dated = [it for it in told.moments if it[1] in ("left", "outcome") or (it[1] != "seen" and it in stages)]
    said["stages"] = [it.said() for it in stays(dated, stages)]
    return said


def _last_named(told: _Told, name: str, find: Callable[[str], str | None]) -> tuple[str, str | None] | None:
    """(id, name) of the last one whose name is known; no name when it was taken away, None when there is none."""
    if name not in told.fields:
        return None
    if (latest := told.fields[name]) is None:
        return "", None
    heard = [value for _, kind, value in told.moments if kind == name]
    return next(((it, found) for it in (latest, *reversed(heard)) if (found := find(it)) is not None), None)


def _account(told: _Told, names: Names, account_id: str) -> str | None:
    """The name that came with the id last, else the one that the hub knows it by."""
    came = told.fields.get("account")
    return came["name"] if came and came["external_id"] == account_id else names.account(account_id)


def _stages(told: _Told, names: Names, outcome: Outcome) -> dict[Moment, Stage]:
    """The stages by their moments. One without a name is called by its id, but for the last one: what that is will be
    told, unless the deal's own flags tell already that it closes the deal."""
    found: dict[Moment, Stage] = {}
    current, named_later = told.fields.get("stage_id"), False
    for it in reversed(told.moments):
        _, kind, value = it
        if kind == "label":
            found[it] = Stage(value)
        elif kind in ("stage", "seen"):
            stage = names.stage(value)
            closes = value == current and (stage is None or stage.outcome is None) and _closes(told, outcome)
            if closes:
                found[it] = Stage(value if stage is None else stage.label, outcome=outcome)
            elif stage is not None or named_later:
                found[it] = stage or Stage(value)
        named_later |= it in found
    return found


def _closes(told: _Told, outcome: Outcome) -> bool:
    signs = _flags(told)
    return outcome != Outcome.OPEN and bool(signs) and max(signs)[0] >= told.at["stage_id"]


def _validate(said: dict[str, Any], folded: Folded) -> None:
    try:
        folded.deal = DealIn.model_validate(said)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        folded.waits = "; ".join(_fault(dict(fault)) for fault in faults[:5])
        wrong = {str(fault["loc"][0]) if fault["loc"] else "" for fault in faults}
        if wrong <= _DISPENSABLE:
            try:
                folded.deal = DealIn.model_validate(said | dict.fromkeys(wrong))
            except ValidationError as another:
                folded.waits += f"; {_fault(dict(another.errors(include_url=False)[0]))}"


def _fault(fault: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}".removeprefix(": ").replace("Value error, ", "")
