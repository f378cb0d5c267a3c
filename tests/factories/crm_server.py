"""A CRM at the outermost edge: a real HTTP server on the loopback that answers as the vendor's documentation says, with
its limits, and with the troubles that a test orders. Everything on the hub's side of the socket is real.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]


class FakeCrm:
    """`troubles` are taken one by one, each by the next call: a status, `cut`, or None for none. `asked` is what was
    asked, as (method, path, question)."""

    def __init__(self) -> None:
        self.troubles: list[int | str | None] = []
        self.retry_after = "0"
        self.asked: list[tuple[str, str, Any]] = []
        self.url = ""
        self.token = "a token"

    def answer(self, path: str, question: Any) -> Answer:
        raise NotImplementedError

    def calls(self, path: str) -> list[Any]:
        return [question for _, asked, question in self.asked if asked == path]


class FakeHubSpot(FakeCrm):
    def __init__(self) -> None:
        super().__init__()
        self.deals: dict[str, dict[str, Any]] = {}
        self.stages = [
            ("appointmentscheduled", "Discovery", "false", "0.2"),
            ("1182039", "Proposal", "false", "0.6"),
            ("closedwon", "Lieferung", "true", "1.0"),
            ("closedlost", "Won by nobody", "true", "0.0"),
        ]

    def add(self, deal_id: int, modified: datetime, *, history: list[tuple[str, datetime]], **properties: str) -> None:
        self.deals[str(deal_id)] = {
            "id": str(deal_id),
            "properties": {
                "hs_object_id": str(deal_id),
                "hs_lastmodifieddate": _written(modified),
                "createdate": _written(history[0][1]),
                "dealstage": history[-1][0],
                **properties,
            },
            "propertiesWithHistory": {
                "dealstage": [{"value": stage, "timestamp": _written(at)} for stage, at in reversed(history)]
            },
        }

    def answer(self, path: str, question: Any) -> Answer:
        if path == "/crm/v3/pipelines/deals":
            return 200, {"results": [{"id": "default", "label": "Sales", "stages": self._stages()}]}
        if path == "/crm/v3/owners":
            return self._owners(question)
        if path == "/crm/v3/objects/deals/search":
            return self._search(question)
        if path.startswith("/crm/v4/associations/deals/"):
            return 200, {"results": [self._associated(it["id"], path) for it in question["inputs"]]}
        kind = path.removeprefix("/crm/v3/objects/").removesuffix("/batch/read")
        return 200, {"results": [it for wanted in question["inputs"] if (it := self._record(kind, wanted["id"]))]}

    def _stages(self) -> list[dict[str, Any]]:
        return [
            {
                "id": key,
                "label": label,
                "displayOrder": place,
                "metadata": {"isClosed": closed, "probability": probability},
            }
            for place, (key, label, closed, probability) in enumerate(self.stages)
        ]

    def _owners(self, question: Any) -> Answer:
        """Two pages."""
        if "after" not in question:
            owner = {"id": "77", "email": "ben@example.com", "firstName": "Ben", "lastName": "Osei"}
            return 200, {"results": [owner], "paging": {"next": {"after": "77"}}}
        return 200, {"results": [{"id": "78", "email": "", "firstName": "Zoë", "lastName": "Ångström"}]}

    def _search(self, question: Any) -> Answer:
        found = [it for it in self.deals.values() if all(_fits(it, one) for one in _filters(question))]
        if len(_filters(question)) == 0:
            found = list(self.deals.values())
        [sort] = question["sorts"]
        found.sort(key=lambda it: _comparable(it["properties"][sort["propertyName"]]))
        assert "after" not in question, "the pages of a search shift while deals change"
        assert question["limit"] <= 200
        return 200, {"total": len(found), "results": [_slim(it) for it in found[: question["limit"]]]}

    def _record(self, kind: str, record_id: str) -> dict[str, Any] | None:
        if kind == "deals":
            return self.deals.get(record_id)
        if kind == "contacts":
            properties = {"firstname": "Chris", "lastname": "Moreau", "hs_buying_role": "BUDGET_HOLDER;CHAMPION"}
            return {"id": record_id, "properties": properties}
        return {"id": record_id, "properties": {"name": "Große Mühle", "industry": "FOOD"}}

    def _associated(self, deal_id: str, path: str) -> dict[str, Any]:
        kind = path.split("/")[5]
        label = {"contacts": "Decision maker", "companies": "Primary"}[kind]
        to = {"toObjectId": int(deal_id) * 10, "associationTypes": [{"category": "X", "typeId": 3, "label": label}]}
        return {"from": {"id": deal_id}, "to": [to]}


class FakeSalesforce(FakeCrm):
    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.opportunities: list[dict[str, Any]] = []
        self.history: list[dict[str, Any]] = []
        self.roles: list[dict[str, Any]] = []
        self._left: dict[str, list[dict[str, Any]]] = {}

    def add(self, number: int, modified: str, stages: list[tuple[str, str]], *, closed: bool, won: bool) -> str:
        deal_id = f"0065g00000{number:05}AAV"
        row = {
            "attributes": {"type": "Opportunity"},
            "Id": deal_id,
            "Name": f"Deal {number}",
            "AccountId": "0015g00000XyZ12AAF",
            "Account": {"Name": "Große Mühle", "Industry": "Food"},
            "OwnerId": "0055g000007aaaaAAA",
            "Owner": {"Email": "ben@example.com", "Name": "Ben Osei"},
            "Amount": 1000.5,
            "CloseDate": "2027-06-30",
            "CreatedDate": f"{stages[0][1]}.000+0000",
            "IsClosed": closed,
            "IsWon": won,
            "StageName": stages[-1][0],
            "LeadSource": "Partner",
            "SystemModstamp": f"{modified}.000+0000",
        }
        self.opportunities = [it for it in self.opportunities if it["Id"] != deal_id] + [row]
        self.history += [
            {"OpportunityId": deal_id, "StageName": stage, "CreatedDate": f"{at}.000+0000"} for stage, at in stages
        ]
        contact = {"OpportunityId": deal_id, "ContactId": f"0035g00000{number:05}AAV", "Contact": {"Name": "C. Moreau"}}
        self.roles += [
            contact | {"Role": "Influencer", "IsPrimary": False},
            contact | {"Role": "Economic Buyer", "IsPrimary": True},
        ]
        return deal_id

    def answer(self, path: str, question: Any) -> Answer:
        if path == "/services/oauth2/token":
            assert question["grant_type"] == "client_credentials"
            return 200, {"access_token": self.token, "instance_url": self.url}
        if path.startswith("/services/data/v62.0/query/"):
            return self._rows(path.rsplit("/", 1)[1], len(self.opportunities))
        asked = question["q"]
        if "FROM OpportunityStage" in asked:
            return 200, {"done": True, "records": self._stages()}
        for name, rows in (("OpportunityHistory", self.history), ("OpportunityContactRole", self.roles)):
            if f"FROM {name} " in asked:
                ids = set(re.findall(r"'(\w+)'", asked))
                return 200, {"done": True, "records": [it for it in rows if it["OpportunityId"] in ids]}
        rows = sorted(self.opportunities, key=lambda it: (it["SystemModstamp"], it["Id"]))
        self._left["locator"] = [it for it in rows if self._is_after(it, asked)]
        return self._rows("locator", len(self._left["locator"]))

    def _is_after(self, row: dict[str, Any], asked: str) -> bool:
        since = re.search(r"SystemModstamp > (\S+)Z", asked)
        if since is None:
            return True
        modified, last = row["SystemModstamp"].removesuffix("+0000"), re.search(r"Id > '(\w+)'", asked)
        return modified > since[1] or (modified == since[1] and last is not None and row["Id"] > last[1])

    def _rows(self, locator: str, total: int) -> Answer:
        rows, self._left[locator] = self._left[locator][: self.page], self._left[locator][self.page :]
        following = {"nextRecordsUrl": f"/services/data/v62.0/query/{locator}"} if self._left[locator] else {}
        return 200, {"totalSize": total, "done": not following, "records": rows} | following

    def _stages(self) -> list[dict[str, Any]]:
        rows = [
            ("Prospecting", False, False, 1),
            ("Negotiation", False, False, 2),
            ("Gewonnen", True, True, 3),
            ("Closed Won", True, False, 4),
        ]
        return [
            {"ApiName": name, "MasterLabel": name, "IsClosed": closed, "IsWon": won, "SortOrder": place}
            for name, closed, won, place in rows
        ]


@contextmanager
def serving(crm: FakeCrm) -> Iterator[str]:
    """The address at which it answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(crm))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    crm.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield crm.url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(crm: FakeCrm) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._answer(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            is_form = "urlencoded" in self.headers.get("Content-Type", "")
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            self._answer(self.path, form if is_form else json.loads(body))

        def _answer(self, path: str, question: Any) -> None:
            crm.asked.append((self.command, path, question))
            trouble = crm.troubles.pop(0) if crm.troubles else None
            is_known = path.endswith("/token") or self.headers.get("Authorization") == f"Bearer {crm.token}"
            if isinstance(trouble, int):
                self._send(trouble, {"message": "as ordered"}, **{"Retry-After": crm.retry_after})
            elif not is_known:
                self._send(401, [{"errorCode": "INVALID_SESSION_ID"}])
            elif trouble == "cut":
                data = json.dumps(crm.answer(path, question)[1]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2])
                self.close_connection = True
            else:
                self._send(*crm.answer(path, question))

        def _send(self, status: int, answer: Any, **headers: str) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {
                "Content-Length": str(len(data)),
                "Content-Type": "application/json",
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _filters(question: Any) -> list[dict[str, str]]:
    return [it for group in question["filterGroups"] for it in group["filters"]]


def _fits(deal: dict[str, Any], asked: dict[str, str]) -> bool:
    value, limit = _comparable(deal["properties"][asked["propertyName"]]), _comparable(asked["value"])
    return {"GT": value > limit, "GTE": value >= limit, "LTE": value <= limit}[asked["operator"]]


def _comparable(value: str) -> float:
    return float(value) if value.isdecimal() else round(datetime.fromisoformat(value).timestamp() * 1000)


def _slim(deal: dict[str, Any]) -> dict[str, Any]:
    names = ("hs_object_id", "hs_lastmodifieddate")
    return {"id": deal["id"], "properties": {name: deal["properties"][name] for name in names}}
