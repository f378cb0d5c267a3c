"""Two servers and a command line write at once: nothing is lost, and everybody finds everything."""

import json
import threading
import time

import httpx2

from tests.factories.people import PASSWORD
from tests.journeys.conftest import Hub
from tests.journeys.processes import free_port, served

ADMIN = "ana@example.com"


def test_two_servers_and_a_command_line_that_write_at_once_lose_nothing(
    hub: Hub, environment: dict[str, str], port: int
) -> None:
    hub("migrate")
    people = (ADMIN, "--name", "Ana", "--team", "marketing", "--role", "admin", "--password-stdin")
    hub("user", "add", *people, stdin=PASSWORD)
    scopes = [part for scope in ("content:read", "content:write", "admin") for part in ("--scope", scope)]
    token = json.loads(hub("token", "create", ADMIN, "--name", "test", *scopes, "--json").stdout)["token"]
    table = "".join(f"i{number},Imported giraffe {number},Words {number}\n" for number in range(150))
    file = f"{environment['HUB_DATA_DIR']}/assets.csv"
    with open(file, "w", encoding="utf-8") as out:
        out.write("asset_id,title,body\n" + table)
    other = free_port()
    with served(environment, port), served(environment, other):
        clients = [
            httpx2.Client(
                base_url=f"http://127.0.0.1:{at}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
            )
            for at in (port, other)
        ]

        def write(name: str, client: httpx2.Client) -> None:
            for number in range(15):
                client.post("/assets", json={"title": f"Zebra {name} {number}"}).raise_for_status()

        writers = [threading.Thread(target=write, args=pair) for pair in zip("ab", clients, strict=True)]
        for writer in writers:
            writer.start()
        hub("import", "--assets", file, "--publish")
        for writer in writers:
            writer.join()
        _settle(clients[0])
        for client in clients:
            assert client.get("/search", params={"q": "giraffe", "limit": 1}).json()["total"] == 150
            drafts = client.get("/search", params={"q": "zebra", "drafts": True, "limit": 50}).json()
            assert drafts["total"] == 30
        checked = json.loads(hub("search", "check", "--json").stdout)
        assert (checked["documents"], checked["differences"]) == (180, [])
        for client in clients:
            client.close()


def _settle(client: httpx2.Client) -> None:
    until = time.monotonic() + 60
    while client.get("/health").json()["search"]["pending"]:
        assert time.monotonic() < until, "the outbox is not empty after a minute"
        time.sleep(0.2)
