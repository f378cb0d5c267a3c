"""What Salesforce says, made sayings: Outbound Messages (SOAP), change events, and records of the REST API.

An Outbound Message carries the latest values only, so no history can be built from it: the pull reads that. A stage is
known by its name, and whether it closes a deal by the flags that Salesforce sends beside it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from hub.deals.schemas import MOST_CONTACTS
from hub.deals.sources.said import Said
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
    moment_or_none,
    named,
    number_or_none,
    parsed,
    raw,
    stamp_or_none,
    text_or_none,
)

SOURCE = "salesforce"
DEFAULT_FIELDS = {"lead_source": "LeadSource"}
_READERS: dict[str, tuple[str, Reader]] = {
    "Name": ("name", text_or_none),
    "Amount": ("amount", number_or_none),
    "CurrencyIsoCode": ("currency", text_or_none),
    "StageName": ("stage_id", text_or_none),
    "OwnerId": ("owner_id", identity_or_none),
    "AccountId": ("account_id", identity_or_none),
    "CloseDate": ("closed", stamp_or_none),
    "CreatedDate": ("created", stamp_or_none),
    "IsClosed": ("is_closed", flag),
    "IsWon": ("is_won", flag),
}
ACK = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
    '<notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound"><Ack>true</Ack></notificationsResponse>'
    "</soapenv:Body></soapenv:Envelope>"
)
_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"
_MOST_NOTIFICATIONS = 100
_MOST_EVENTS = 1_000


@dataclass(frozen=True, slots=True)
class Message:
    """An Outbound Message: whose it is, and what it says."""

    organization_id: str
    said: list[Said]


def without_session(body: bytes) -> bytes:
    """The message without the session id that an administrator may have let it carry: that one opens Salesforce."""
    return re.sub(rb"(<(?:\w+:)?SessionId[^>]*>)[^<]*", rb"\1", body)


def message(body: bytes, fields: Mapping[str, str]) -> Message:
    """Raises NotUnderstood when it is no Outbound Message."""
    told = _root(body).find(f"{_SOAP}Body/{_OUTBOUND}notifications")
    if told is None:
        raise NotUnderstood("the body is no Outbound Message")
    notifications = told.findall(f"{_OUTBOUND}Notification")
    if len(notifications) > _MOST_NOTIFICATIONS:
        raise NotUnderstood(f"the message has more than {_MOST_NOTIFICATIONS} notifications")
    organization = (told.findtext(f"{_OUTBOUND}OrganizationId") or "").strip()
    return Message(organization, [said for it in notifications if (said := _notification(it, fields)) is not None])


def _root(body: bytes) -> ElementTree.Element:
    """Without a document type there are no entities but the five of XML, hence nothing that grows or that is read from
    elsewhere. It could hide in another encoding, so the text is decoded first."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NotUnderstood("the body is no UTF-8") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise NotUnderstood("the body has a document type; Outbound Messages have none")
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - see above
    except (ElementTree.ParseError, ValueError, RecursionError):
        raise NotUnderstood("the body is no XML") from None


def _notification(notification: ElementTree.Element, fields: Mapping[str, str]) -> Said | None:
    subject = notification.find(f"{_OUTBOUND}sObject")
    if subject is None:
        return Said(digest(ElementTree.tostring(notification)), {}, reason="the notification has no sObject")
    if subject.get(_KIND, "").rpartition(":")[2] != "Opportunity":
        return None
    record = {it.tag.rpartition("}")[2]: None if it.get(_NIL) == "true" else it.text or "" for it in subject}
    said = Said(digest(record), record)
    try:
        notification_id = identity(notification.findtext(f"{_OUTBOUND}Id"), "the notification's Id")
        said.event_id = notification_id
        said.external_id = identity(record.get("Id"), "Id")
        modified = record.get("SystemModstamp") or record.get("LastModifiedDate")
        if modified is None:
            raise NotUnderstood("the message does not say when: add SystemModstamp to the fields that it sends")
        said.at = moment(modified, "SystemModstamp")
        # A repeated notification may carry newer values than before: then it is news.
        said.event_id = f"{notification_id}-{said.at.timestamp():.0f}"
        _take(said, record, fields)
        _date_the_stage(said, record)
    except NotUnderstood as trouble:
        said.reason = str(trouble)
    return said


def _date_the_stage(said: Said, record: Mapping[str, Any]) -> None:
    """When the message has the field LastStageChangeDate it says since when; empty means since the beginning. Otherwise
    it says only that the deal was seen there."""
    stage = said.fields.get("stage_id")
    if not stage or said.at is None:
        return
    since = None
    if "LastStageChangeDate" in record:
        since = moment_or_none(record["LastStageChangeDate"], "LastStageChangeDate")
        since = since or moment_or_none(record.get("CreatedDate"), "CreatedDate")
    said.moments = [(said.at, "seen", stage) if since is None else (since, "stage", stage)]


def change_events(body: bytes, fields: Mapping[str, str]) -> list[Said]:
    """The sayings of one change event or a list of them, as a relay posts them: with or without the envelope that has
    the replay id. Raises NotUnderstood when it is none."""
    batch = parsed(body)
    batch = batch if isinstance(batch, list) else [batch]
    if len(batch) > _MOST_EVENTS:
        raise NotUnderstood(f"more than {_MOST_EVENTS} events")
    found = [said for event in batch for said in _change(event, fields)]
    return sorted(found, key=lambda it: (it.at is not None, it.at, it.event_id))


def _change(event: Any, fields: Mapping[str, str]) -> list[Said]:
    if not isinstance(event, dict) or not is_storable(event):
        return [Said(digest(event), event, reason="this is no event with storable text")]
    content: dict[str, Any] = event
    for envelope in ("data", "payload"):
        if isinstance(inner := content.get(envelope), dict):
            content = inner
    header = content.get("ChangeEventHeader")
    if not isinstance(header, dict):
        return [Said(digest(event), event, reason="the event has no ChangeEventHeader")]
    if header.get("entityName") != "Opportunity":
        return []
    ids = header.get("recordIds")
    if not isinstance(ids, list) or not ids:
        return [Said(digest(event), event, reason="the event has no recordIds")]
    return [_change_of(event, content, header, record_id, fields) for record_id in ids[:_MOST_EVENTS]]


def _change_of(
    event: dict[str, Any], content: dict[str, Any], header: dict[str, Any], record_id: Any, fields: Mapping[str, str]
) -> Said:
    said = Said(f"{digest(event)}-{record_id}"[:200], event)
    kind = str(header.get("changeType"))
    try:
        said.external_id = identity(record_id, "recordIds")
        key = identity(header.get("transactionKey"), "transactionKey")
        said.event_id = f"{key}-{identity(header.get('sequenceNumber', 1), 'sequenceNumber')}-{said.external_id}"
        said.at = moment(header.get("commitTimestamp"), "commitTimestamp")
        if kind in ("CREATE", "UPDATE", "UNDELETE"):
            nulled = dict.fromkeys(_names(header.get("nulledFields")))
            _take(said, nulled | {name: it for name, it in content.items() if name not in nulled}, fields)
            if stage := said.fields.get("stage_id"):
                said.moments = [(said.at, "stage", stage)]
        elif kind == "DELETE":
            said.reason = "Salesforce says that the deal was deleted; the hub keeps what it knows of it"
        else:
            said.reason = f"a change event {kind[:30]} tells nothing but that there was a change: pull Salesforce"
    except NotUnderstood as trouble:
        said.reason = str(trouble)
    return said


def _names(value: Any) -> list[str]:
    return [it for it in value if isinstance(it, str)] if isinstance(value, list) else []


def _take(said: Said, record: Mapping[str, Any], fields: Mapping[str, str]) -> None:
    said.fields = _fields(record, fields)
    if said.fields:
        said.fields |= raw(dict(said.payload))


def _fields(record: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Only what is said."""
    return named(record, _READERS) | mapped(record, DEFAULT_FIELDS | dict(fields))


def record(
    opportunity: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    roles: Sequence[Mapping[str, Any]],
    fields: Mapping[str, str],
) -> Said:
    """An opportunity of the REST API with its rows of OpportunityHistory and OpportunityContactRole. Raises
    NotUnderstood."""
    if not is_storable([opportunity, list(roles)]):
        raise NotUnderstood("the deal holds halves of characters")
    external_id = identity(opportunity.get("Id"), "Id")
    said = Said(f"pull-{external_id}", dict(opportunity), external_id)
    said.at = moment(opportunity.get("SystemModstamp"), "SystemModstamp")
    _take(said, opportunity, fields)
    account = opportunity.get("Account")
    if isinstance(account, Mapping) and said.fields.get("account_id"):
        named = text_or_none(account.get("Name"))
        if named:
            said.fields["account"] = {"external_id": said.fields["account_id"], "name": named}
        said.fields.setdefault("industry", text_or_none(account.get("Industry")))
    said.fields["contacts"] = _contacts(roles)
    if history:
        entered = [(moment(it.get("CreatedDate"), "CreatedDate"), text_or_none(it.get("StageName"))) for it in history]
        said.whole = sorted((at, "stage", stage) for at, stage in entered if stage)
    return said


def _contacts(roles: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One line a contact: of several roles the primary one counts."""
    found: dict[str, dict[str, Any]] = {}
    for it in sorted(roles, key=lambda role: (not role.get("IsPrimary"), str(role.get("Role")))):
        contact_id = identity(it.get("ContactId"), "ContactId")
        name = text_or_none((it.get("Contact") or {}).get("Name")) or ""
        said = {"external_id": contact_id, "name": name, "primary": bool(it.get("IsPrimary"))}
        found.setdefault(contact_id, said | ({"role": role} if (role := text_or_none(it.get("Role"))) else {}))
    return [found[contact_id] for contact_id in sorted(found)][:MOST_CONTACTS]
