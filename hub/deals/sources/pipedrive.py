"""What Pipedrive says, made sayings: webhooks of version 2, each with the whole deal and what it was before.

Whether a deal is open, won or lost is said directly, apart from its stage.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.deals.sources.said import Said
from hub.deals.sources.values import (
    NotUnderstood,
    Reader,
    digest,
    identity,
    identity_or_none,
    is_storable,
    mapped,
    moment,
    moment_or_none,
    named,
    number_or_none,
    parsed,
    raw,
    stamp_or_none,
    text_or_none,
)

SOURCE = "pipedrive"
DEFAULT_FIELDS = {"lost_reason": "lost_reason"}
_READERS: dict[str, tuple[str, Reader]] = {
    "title": ("name", text_or_none),
    "value": ("amount", number_or_none),
    "currency": ("currency", text_or_none),
    "stage_id": ("stage_id", identity_or_none),
    "owner_id": ("owner_id", identity_or_none),
    "org_id": ("account_id", identity_or_none),
    "add_time": ("created", stamp_or_none),
}
_OUTCOMES = ("open", "won", "lost")
_CLOSED = {"won": ("won_time", "close_time"), "lost": ("lost_time", "close_time")}


def events(body: bytes, fields: Mapping[str, str]) -> list[Said]:
    """The saying of a webhook; none of one about something else than a deal. Raises NotUnderstood."""
    event = parsed(body)
    if not isinstance(event, dict) or not isinstance(event.get("meta"), dict) or not is_storable(event):
        raise NotUnderstood("the body is no webhook of Pipedrive with storable text")
    meta = event["meta"]
    if str(meta.get("version")) != "2.0":
        raise NotUnderstood("this is no webhook of version 2.0: create it with that version")
    if meta.get("entity") != "deal":
        return []
    said = Said(digest({**event, "meta": {name: it for name, it in meta.items() if name != "attempt"}}), event)
    try:
        said.external_id = identity(meta.get("entity_id"), "meta.entity_id")
        said.at = moment(meta.get("timestamp"), "meta.timestamp")
        if meta.get("id"):
            said.event_id = f"{identity(meta['id'], 'meta.id')}-{said.external_id}-{said.at.timestamp():.3f}"
        _take(said, event, said.at, fields)
    except NotUnderstood as trouble:
        said.reason = str(trouble)
    return [said]


def _take(said: Said, event: Mapping[str, Any], at: datetime, fields: Mapping[str, str]) -> None:
    data, action = event.get("data"), str(event["meta"].get("action"))
    if action == "delete" or (isinstance(data, Mapping) and data.get("status") == "deleted"):
        raise NotUnderstood("Pipedrive says that the deal was deleted; the hub keeps what it knows of it")
    if not isinstance(data, Mapping):
        raise NotUnderstood("the webhook has no data")
    status = data.get("status")
    if status not in _OUTCOMES:
        raise NotUnderstood(f"the status {str(status)[:40]!r} is none of {', '.join(_OUTCOMES)}")
    # What is stamped is the change; the webhook itself is sent a little later.
    said.at = at = moment_or_none(data.get("update_time"), "update_time") or at
    said.fields = _fields(data, status) | mapped(data, DEFAULT_FIELDS | dict(fields)) | raw(dict(event))
    previous = event.get("previous")
    before: Mapping[str, Any] = previous if isinstance(previous, Mapping) else {}
    created = moment_or_none(data.get("add_time"), "add_time")
    entered = moment_or_none(data.get("stage_change_time"), "stage_change_time")
    if entered is None and action == "create":
        entered = created or at
    elif entered is None and before.get("stage_id") is not None:
        entered = at
    elif entered is None and data.get("stage_change_time", at) is None:
        entered = created  # said to be empty: it has never changed
    if said.fields.get("stage_id") and entered is not None:
        said.moments.append((entered, "stage", said.fields["stage_id"]))
    if status != "open":
        said.moments.append((_closed(data, status) or at, "outcome", status))
    elif before.get("status") in ("won", "lost"):
        said.moments.append((at, "outcome", "open"))


def _closed(data: Mapping[str, Any], status: str) -> datetime | None:
    return next((at for name in _CLOSED[status] if (at := moment_or_none(data.get(name), name)) is not None), None)


def _fields(data: Mapping[str, Any], status: str) -> dict[str, Any]:
    """Only what is said."""
    said = {"outcome": status, **named(data, _READERS)}
    if status != "open" and (closed := _closed(data, status)) is not None:
        said["closed"] = closed.isoformat()
    return said
