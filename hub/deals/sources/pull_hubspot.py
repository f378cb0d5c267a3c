"""Pulling from HubSpot's CRM API, version 3.

A search gives at most 10,000 rows and its pages shift while deals change, so no page number is used: each question asks
for what was modified after the last deal taken, and those of one moment are told apart by their ids.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.deals.schemas import MOST_CONTACTS
from hub.deals.sources import hubspot
from hub.deals.sources.models import CrmName
from hub.deals.sources.pulling import Page, Position
from hub.deals.sources.remote import Remote
from hub.deals.sources.said import Said
from hub.deals.sources.values import NotUnderstood, flag, moment, text_or_none
from hub.errors import Invalid
from hub.settings import Settings

PAGE = 50  # with the history of a property a batch may be no larger
_MODIFIED = "hs_lastmodifieddate"
_ID = "hs_object_id"
_CONTACT = ("firstname", "lastname", "hs_buying_role")
_COMPANY = ("name", "industry")


class HubSpot:
    source = hubspot.SOURCE

    def __init__(self, remote: Remote, fields: Mapping[str, str]) -> None:
        self._remote = remote
        self._fields = fields
        self._properties = sorted({*hubspot.PROPERTIES, *fields.values()})

    @classmethod
    def of(cls, settings: Settings) -> "HubSpot":
        """Raises Invalid when no token is set."""
        token = settings.hubspot_token.get_secret_value()
        if not token:
            raise Invalid("To pull from HubSpot, set HUB_HUBSPOT_TOKEN to the access token of a private app.")
        return cls(Remote("HubSpot", settings.hubspot_url, token), settings.fields_of("hubspot"))

    def close(self) -> None:
        self._remote.close()

    def learn(self) -> list[CrmName]:
        return [*self._stages(), *self._owners()]

    def pages(self, position: Position) -> Iterator[Page]:
        while True:
            if position.get("id"):
                yield from self._of_one_moment(position)
            rows, total = self._search(_after(position), sort=_MODIFIED)
            if not rows:
                return
            last = rows[-1]
            complete = [row for row in rows if _modified(row) < _modified(last)] if len(rows) == PAGE else rows
            if complete:
                position = _position(complete[-1], last_of_moment=True)
                yield self._page(complete, position, total)
            if len(rows) < PAGE:
                return
            # The last moment's deals go by id; they may be more than a page.
            position = {"modified": _modified(last).isoformat(), "id": "0"}

    def _of_one_moment(self, position: Position) -> Iterator[Page]:
        at = _millis(position)
        while True:
            filters = [_filter(_MODIFIED, "GTE", at), _filter(_MODIFIED, "LTE", at)]
            rows, total = self._search([*filters, _filter(_ID, "GT", position["id"])], sort=_ID)
            if rows:
                position = {"modified": position["modified"], "id": str(rows[-1]["id"])}
                yield self._page(rows, position, total)
            if len(rows) < PAGE:
                return

    def _search(self, filters: Sequence[dict[str, str]], *, sort: str) -> tuple[list[dict[str, Any]], int]:
        question = {
            "filterGroups": [{"filters": list(filters)}] if filters else [],
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "properties": [_MODIFIED],
            "limit": PAGE,
        }
        answer = self._remote.ask("POST", "/crm/v3/objects/deals/search", json=question)
        return answer.get("results", []), int(answer.get("total", 0))

    def _page(self, rows: Sequence[Mapping[str, Any]], position: Position, total: int) -> Page:
        ids = [str(row["id"]) for row in rows]
        deals = self._read("deals", ids, self._properties, propertiesWithHistory=["dealstage"])
        contacts = self._associated(ids, "contacts", _CONTACT)
        companies = self._associated(ids, "companies", _COMPANY)
        found = [self._said(deals[it], contacts.get(it, []), companies.get(it, [])) for it in ids if it in deals]
        return Page(found, position, total)

    def _said(self, deal: dict[str, Any], contacts: Sequence[Any], companies: Sequence[Any]) -> Said:
        try:
            said = hubspot.record(deal, self._fields)
            said.fields["contacts"] = [_contact(contact, labels) for contact, labels in contacts][:MOST_CONTACTS]
            if companies:
                company, _ = min(companies, key=lambda it: ("Primary" not in it[1], str(it[0]["id"])))
                self._of_company(said, company)
        except NotUnderstood as trouble:
            return Said(f"pull-{deal.get('id')}"[:100], deal, reason=str(trouble))
        return said

    def _of_company(self, said: Said, company: Mapping[str, Any]) -> None:
        known = company.get("properties") or {}
        if name := text_or_none(known.get("name")):
            said.fields["account_id"] = str(company["id"])
            said.fields["account"] = {"external_id": str(company["id"]), "name": name}
        said.fields.setdefault("industry", text_or_none(known.get("industry")))

    def _associated(self, ids: Sequence[str], kind: str, properties: Sequence[str]) -> dict[str, list[Any]]:
        """By deal: [(the record, the labels of its association)]."""
        question = {"inputs": [{"id": it} for it in ids]}
        answer = self._remote.ask("POST", f"/crm/v4/associations/deals/{kind}/batch/read", json=question)
        found = {
            str(row["from"]["id"]): {
                str(to["toObjectId"]): [it["label"] for it in to.get("associationTypes", []) if it.get("label")]
                for to in row.get("to", [])
            }
            for row in answer.get("results", [])
        }
        records = self._read(kind, sorted({it for others in found.values() for it in others}), properties)
        return {
            deal_id: [(records[it], labels) for it, labels in others.items() if it in records]
            for deal_id, others in found.items()
        }

    def _read(self, kind: str, ids: Sequence[str], properties: Sequence[str], **more: Any) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids), PAGE):
            inputs = [{"id": it} for it in ids[start : start + PAGE]]
            question = {"inputs": inputs, "properties": list(properties), **more}
            answer = self._remote.ask("POST", f"/crm/v3/objects/{kind}/batch/read", json=question)
            found |= {str(it["id"]): it for it in answer.get("results", [])}
        return found

    def _stages(self) -> Iterator[CrmName]:
        for pipeline in self._remote.ask("GET", "/crm/v3/pipelines/deals").get("results", []):
            for stage in pipeline.get("stages", []):
                yield CrmName(
                    source=self.source,
                    kind="stage",
                    external_id=str(stage["id"]),
                    label=str(stage["label"]),
                    pipeline=str(pipeline["id"]),
                    position=stage.get("displayOrder"),
                    outcome=_outcome(stage.get("metadata") or {}),
                )

    def _owners(self) -> Iterator[CrmName]:
        after: str | None = ""
        while after is not None:
            params = {"limit": "500"} | ({"after": after} if after else {})
            answer = self._remote.ask("GET", "/crm/v3/owners", params=params)
            for owner in answer.get("results", []):
                name = owner.get("email") or f"{owner.get('firstName') or ''} {owner.get('lastName') or ''}".strip()
                if name:
                    yield CrmName(source=self.source, kind="owner", external_id=str(owner["id"]), label=name)
            after = ((answer.get("paging") or {}).get("next") or {}).get("after")


def _outcome(metadata: Mapping[str, Any]) -> str:
    """A stage that closes deals wins them when it is as good as certain."""
    if not flag(metadata.get("isClosed")):
        return "open"
    return "won" if float(metadata.get("probability") or 0) == 1 else "lost"


def _contact(contact: Mapping[str, Any], labels: Sequence[str]) -> dict[str, Any]:
    """The role is the association's label, else the first buying role."""
    known = contact.get("properties") or {}
    name = text_or_none(f"{known.get('firstname') or ''} {known.get('lastname') or ''}") or ""
    roles = [it for it in labels if it != "Primary"] or str(known.get("hs_buying_role") or "").split(";")
    said = {"external_id": str(contact["id"]), "name": name, "primary": "Primary" in labels}
    return said | ({"role": role} if (role := text_or_none(roles[0])) else {})


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _after(position: Position) -> list[dict[str, str]]:
    return [_filter(_MODIFIED, "GT", _millis(position))] if position.get("modified") else []


def _millis(position: Position) -> str:
    return f"{datetime.fromisoformat(position['modified']).timestamp() * 1000:.0f}"


def _modified(row: Mapping[str, Any]) -> datetime:
    try:
        return moment(row["properties"][_MODIFIED], _MODIFIED)
    except (KeyError, NotUnderstood):
        raise Invalid(f"HubSpot gave a deal without {_MODIFIED}; what was pulled before it is kept.") from None


def _position(row: Mapping[str, Any], *, last_of_moment: bool) -> Position:
    return {"modified": _modified(row).isoformat(), "id": "" if last_of_moment else str(row["id"])}
