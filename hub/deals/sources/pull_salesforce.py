"""Pulling from Salesforce's REST API with SOQL: opportunities in the order of modification, each page with its stage
history and contact roles. Within one pull Salesforce's own cursor leads on; a new one begins after the last deal taken.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from hub.deals.sources import salesforce
from hub.deals.sources.models import CrmName
from hub.deals.sources.pulling import Page, Position
from hub.deals.sources.remote import Remote
from hub.deals.sources.said import Said
from hub.deals.sources.values import NotUnderstood, identity, moment, text_or_none
from hub.errors import Invalid, NotAllowed
from hub.settings import Settings

VERSION = "v62.0"
PAGE = 200
_COLUMNS = (
    *("Id", "Name", "AccountId", "Account.Name", "Account.Industry", "OwnerId", "Owner.Email", "Owner.Name", "Amount"),
    *("CloseDate", "CreatedDate", "IsClosed", "IsWon", "StageName", "LeadSource", "SystemModstamp"),
)
_STAGES = "SELECT ApiName, MasterLabel, IsClosed, IsWon, SortOrder FROM OpportunityStage"
_HISTORY = "SELECT OpportunityId, StageName, CreatedDate FROM OpportunityHistory WHERE OpportunityId IN ({})"
_ROLES = (
    "SELECT OpportunityId, ContactId, Contact.Name, Role, IsPrimary FROM OpportunityContactRole "
    "WHERE OpportunityId IN ({})"
)

Rows = list[dict[str, Any]]


class Salesforce:
    source = salesforce.SOURCE

    def __init__(self, remote: Remote, fields: Mapping[str, str], sign_in: Callable[[Remote], None] | None) -> None:
        self._remote = remote
        self._fields = fields
        self._sign_in = sign_in
        self._columns = ", ".join(dict.fromkeys([*_COLUMNS, *fields.values()]))

    @classmethod
    def of(cls, settings: Settings) -> "Salesforce":
        """Raises Invalid when the address or the way to sign in is not set."""
        token, secret = settings.salesforce_token.get_secret_value(), settings.salesforce_client_secret
        if not settings.salesforce_url or not (token or (settings.salesforce_client_id and secret.get_secret_value())):
            raise Invalid(
                "To pull from Salesforce, set HUB_SALESFORCE_URL, and HUB_SALESFORCE_CLIENT_ID with "
                "HUB_SALESFORCE_CLIENT_SECRET (or HUB_SALESFORCE_TOKEN)."
            )
        # It takes the size as a wish: ids are put into questions in as many lots as it needs.
        remote = Remote(
            "Salesforce", settings.salesforce_url, token, headers={"Sforce-Query-Options": f"batchSize={PAGE}"}
        )
        sign_in = None if token else signing_in(settings.salesforce_client_id, secret.get_secret_value())
        return cls(remote, settings.fields_of("salesforce"), sign_in)

    def close(self) -> None:
        self._remote.close()

    def learn(self) -> list[CrmName]:
        """Its stages; owners come with the deals."""
        if self._sign_in is not None:
            self._sign_in(self._remote)
        return [
            CrmName(
                source=self.source,
                kind="stage",
                external_id=name,
                label=name,
                position=stage.get("SortOrder"),
                outcome="won" if stage.get("IsWon") else "lost" if stage.get("IsClosed") else "open",
            )
            for stage in self._all(_STAGES)
            # StageName has the API name; the label is the same but where it was translated.
            if (name := text_or_none(stage.get("ApiName") or stage.get("MasterLabel")))
        ]

    def pages(self, position: Position) -> Iterator[Page]:
        done = 0
        for answer in self._answers(self._question(position)):
            rows = answer.get("records", [])
            if rows:
                last = rows[-1]
                position = {"modified": _modified(last).isoformat(), "id": str(last["Id"])}
                yield self._page(rows, position, int(answer.get("totalSize", 0)) - done)
                done += len(rows)

    def _question(self, position: Position) -> str:
        where = ""
        if position.get("modified"):
            at = datetime.fromisoformat(position["modified"]).astimezone(UTC)
            since = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
            where = f" WHERE SystemModstamp > {since}"
            if position.get("id"):
                where += f" OR (SystemModstamp = {since} AND Id > '{_id(position['id'])}')"
        return f"SELECT {self._columns} FROM Opportunity{where} ORDER BY SystemModstamp, Id"  # noqa: S608 - see _id

    def _page(self, rows: Rows, position: Position, total: int) -> Page:
        history, roles = self._of_deals(_HISTORY, rows), self._of_deals(_ROLES, rows)
        deals = [self._said(row, history.get(row["Id"], []), roles.get(row["Id"], [])) for row in rows]
        return Page(deals, position, total, names=list(self._owners(rows)))

    def _of_deals(self, question: str, rows: Rows) -> dict[str, Rows]:
        found: dict[str, Rows] = {}
        for start in range(0, len(rows), PAGE):
            ids = ", ".join(f"'{_id(row.get('Id'))}'" for row in rows[start : start + PAGE])
            for it in self._all(question.format(ids)):
                found.setdefault(str(it.get("OpportunityId")), []).append(it)
        return found

    def _said(self, row: dict[str, Any], history: Rows, roles: Rows) -> Said:
        try:
            return salesforce.record(row, history, roles, self._fields)
        except NotUnderstood as trouble:
            return Said(f"pull-{row['Id']}", row, row["Id"], reason=str(trouble))

    def _owners(self, rows: Rows) -> Iterator[CrmName]:
        owners = {row.get("OwnerId"): row.get("Owner") or {} for row in rows}
        for owner_id, owner in owners.items():
            name = text_or_none(owner.get("Email") or owner.get("Name"))
            if owner_id and name:
                yield CrmName(source=self.source, kind="owner", external_id=str(owner_id), label=name)

    def _all(self, question: str) -> Rows:
        return [row for answer in self._answers(question) for row in answer.get("records", [])]

    def _answers(self, question: str) -> Iterator[dict[str, Any]]:
        answer = self._ask(f"/services/data/{VERSION}/query", {"q": question})
        yield answer
        while (following := answer.get("nextRecordsUrl")) is not None:
            if not re.fullmatch(r"/services/data/[\w./-]+", str(following)):  # a token goes there
                raise Invalid("Salesforce names a next page that is none of its API's.")
            answer = self._ask(following)
            yield answer

    def _ask(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A token ends sooner or later: one more try with a new one."""
        try:
            return self._remote.ask("GET", path, params=params)
        except NotAllowed:
            if self._sign_in is None:
                raise
            self._sign_in(self._remote)
            return self._remote.ask("GET", path, params=params)


def signing_in(client_id: str, client_secret: str) -> Callable[[Remote], None]:
    """By the OAuth client credentials of a connected app."""

    def sign_in(remote: Remote) -> None:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        token = remote.ask("POST", "/services/oauth2/token", form=form).get("access_token")
        if not isinstance(token, str) or not token.isprintable():
            raise NotAllowed("Salesforce gave no access token for the client id and secret.")
        remote.use(token)

    return sign_in


def _id(value: Any) -> str:
    """An id of Salesforce's, which may stand in a question."""
    try:
        return identity(value, "Id")
    except NotUnderstood as trouble:
        raise Invalid(f"Salesforce gave a deal that has no id: {trouble}.") from None


def _modified(row: Mapping[str, Any]) -> datetime:
    try:
        return moment(row.get("SystemModstamp"), "SystemModstamp")
    except NotUnderstood as trouble:
        raise Invalid(f"Salesforce gave a deal without a moment: {trouble}.") from None
