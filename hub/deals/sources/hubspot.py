"""What HubSpot says, made sayings: webhook events, which name one property each, and records of the CRM API.

Every value is text. A stage is an id that only the portal's pipelines explain.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from hub.deals.sources.said import Moment, Said
from hub.deals.sources.values import (
    NotUnderstood,
    Reader,
    digest,
    flag,
    identity,
    identity_or_none,
    is_storable,
    mapped,
    moment,
    named,
    number_or_none,
    parsed,
    raw,
    stamp_or_none,
    text_or_none,
)

SOURCE = "hubspot"
PROPERTIES = (
    *("dealname", "amount", "deal_currency_code", "dealstage", "closedate", "createdate", "hubspot_owner_id"),
    *("hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_lastmodifieddate", "hs_analytics_source"),
)
DEFAULT_FIELDS = {"lead_source": "hs_analytics_source"}
_READERS: dict[str, tuple[str, Reader]] = {
    "dealname": ("name", text_or_none),
    "amount": ("amount", number_or_none),
    "deal_currency_code": ("currency", text_or_none),
    "dealstage": ("stage_id", identity_or_none),
    "hubspot_owner_id": ("owner_id", identity_or_none),
    "closedate": ("closed", stamp_or_none),
    "createdate": ("created", stamp_or_none),
    "hs_is_closed": ("is_closed", flag),
    "hs_is_closed_won": ("is_won", flag),
    "hs_is_closed_lost": ("is_lost", flag),
}
_DEALS = {"0-3", "deal"}  # the object's type id and its name
_GONE = {"deletion": "deleted", "privacyDeletion": "deleted for privacy", "merge": "merged with another one"}
_MOST_EVENTS = 1_000


def events(body: bytes, fields: Mapping[str, str]) -> list[Said]:
    """The sayings of a batch, in the order in which they occurred. Events of other objects are left out. Raises
    NotUnderstood when it is no batch at all."""
    batch = parsed(body)
    batch = [batch] if isinstance(batch, dict) else batch
    if not isinstance(batch, list) or len(batch) > _MOST_EVENTS:
        raise NotUnderstood("the body is no list of events")
    found = [said for event in batch if (said := _event(event, fields)) is not None]
    return sorted(found, key=lambda it: (it.at is not None, it.at, it.event_id))


def _event(event: Any, fields: Mapping[str, str]) -> Said | None:
    if not isinstance(event, dict) or not is_storable(event):
        return Said(digest(event), event, reason="this is no event with storable text")
    subject, _, what = str(event.get("subscriptionType", "")).partition(".")
    if subject == "object":
        subject = "deal" if {str(event.get("objectTypeId")), str(event.get("objectName")).lower()} & _DEALS else ""
    if subject != "deal" and "subscriptionType" in event:
        return None
    said = Said(digest(event), event)
    try:
        said.event_id = identity(event.get("eventId", said.event_id), "eventId")
        said.external_id = identity(event.get("objectId"), "objectId")
        said.at = moment(event.get("occurredAt"), "occurredAt")
        if what == "propertyChange":
            name = text_or_none(event["propertyName"])
            _take(said, {str(name): event.get("propertyValue")}, fields)
        elif what == "creation":
            said.fields = {"created": said.at.isoformat()}
        elif what in _GONE:
            said.reason = f"HubSpot says that the deal was {_GONE[what]}; the hub keeps what it knows of it"
        elif what not in ("associationChange", "restore"):
            said.reason = f"an event of the kind {event.get('subscriptionType')!r:.60} is not known"
    except KeyError as missing:
        said.reason = f"the event has no {missing.args[0]}"
    except NotUnderstood as trouble:
        said.reason = str(trouble)
    if said.fields:
        said.fields |= raw(event)
    return said


def _take(said: Said, properties: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    """A change of properties at the moment of the event."""
    assert said.at is not None  # noqa: S101 - read just before
    said.fields = _fields(properties, fields)
    if stage := said.fields.get("stage_id"):
        said.moments = [(said.at, "stage", stage)]


def _fields(properties: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Only what is said."""
    return named(properties, _READERS) | mapped(properties, DEFAULT_FIELDS | dict(fields))


def record(deal: Mapping[str, Any], fields: Mapping[str, str]) -> Said:
    """A deal of the CRM API with the history of its stage: complete up to its last modification. Raises
    NotUnderstood."""
    properties = deal.get("properties") or {}
    external_id = identity(deal.get("id"), "id")
    at = moment(properties.get("hs_lastmodifieddate") or deal.get("updatedAt"), "hs_lastmodifieddate")
    if not is_storable(deal):
        raise NotUnderstood("the deal holds halves of characters")
    said = Said(f"pull-{external_id}", dict(deal), external_id, at)
    said.fields = _fields(properties, fields) | raw(dict(deal))
    history = (deal.get("propertiesWithHistory") or {}).get("dealstage")
    if history:
        said.whole = _stays(history)
    return said


def _stays(history: Iterable[Mapping[str, Any]]) -> list[Moment]:
    entered = [(moment(it.get("timestamp"), "timestamp"), identity_or_none(it.get("value"), "value")) for it in history]
    return sorted((at, "stage", stage) for at, stage in entered if stage is not None)
