"""Two sides that both may have changed since they last agreed: what follows for each field, and for an order.

Pure: values in, a decision out. `sync` reads and writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Decision:
    """`changes` are the hub's to take over; `conflicts` are fields that both sides changed, with (file's, hub's)."""

    changes: dict[str, Any] = field(default_factory=dict)
    conflicts: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def decide(stated: Mapping[str, Any], before: Mapping[str, Any], hub: Mapping[str, Any], *, touched: bool) -> Decision:
    """`stated` is what the file says now, `before` what it said when it was last taken over.

    A field that the file says no more is emptied. A field that it never said is none of its business, and one that it
    says for the first time is taken where the hub has nothing, or nothing that a person wrote (`touched`).
    """
    decision = Decision()
    for name in sorted({*stated, *before}):
        wish, present = stated.get(name) or None, hub.get(name) or None
        if wish == present:
            continue
        if name in before and wish == (before[name] or None):
            continue
        if present == (before[name] or None) if name in before else present is None or not touched:
            decision.changes[name] = wish
        else:
            decision.conflicts[name] = (wish, present)
    return decision


def order_to_take(
    file: Sequence[int], before: Sequence[int] | None, hub: Sequence[int], *, touched: bool
) -> Sequence[int] | None:
    """The order in which the hub should show these, None when its own stays. All three may know different ones."""
    both = set(file) & set(hub)
    wish, present = [it for it in file if it in both], [it for it in hub if it in both]
    if before is None:
        return None if wish == present or touched else wish
    agreed = [it for it in before if it in both]
    known = set(agreed)
    hub_moved = [it for it in present if it in known] != agreed
    file_moved = [it for it in wish if it in known] != agreed
    return wish if file_moved and not hub_moved and wish != present else None
