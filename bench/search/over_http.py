"""Search over HTTP on a real server: what a question costs, beside the same question in process and the bare parts.

    python -m bench.search.over_http HANDBOOK [--sizes 1000 10000] [--json FILE]

CPU is that of all threads of the server, read from the scheduler in nanoseconds around each request. The bare parts
are tantivy alone (filter, top ten, seven facets) and a FastAPI endpoint that returns a small model.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import measure
from bench.library import Tokens, filled
from bench.places import Server, fresh, serving, serving_bare
from bench.search import handbook
from bench.search.engines import opened
from bench.search.relevance import with_typo
from bench.search.speed import bare, mix, timed
from hub.assets import approval, drafts
from hub.assets.drafts import NewAsset
from hub.assets.texts import Text, tags_of
from hub.db import Database
from hub.people.roles import HUB
from hub.search.documents import Document
from hub.search.embedded import EmbeddedEngine
from hub.search.planner import Planner, Request
from hub.taxonomy import terms, vocabulary
from hub.taxonomy.schemas import TermDraft

_PLURAL = {
    "persona": "personas",
    "stage": "stages",
    "product": "products",
    "industry": "industries",
    "competitor": "competitors",
}
_ROUNDS = 3


def fill(database: Database, documents: Sequence[Document]) -> None:
    """The documents as live assets, by imported approvals."""
    with database.transaction() as session:
        for tag in {tag for document in documents for tag in document.tags}:
            terms.add(session, HUB, _PLURAL[tag.field], TermDraft(key=tag.value, label=tag.label))
        known = {name: {term.key: term for term in vocabulary.terms_of(session, name)} for name in _PLURAL.values()}
    for first in range(0, len(documents), 500):
        with database.transaction() as session:
            new = []
            for number, document in enumerate(documents[first : first + 500], start=first):
                tags: dict[str, list[Any]] = {}
                for tag in document.tags:
                    tags.setdefault(_PLURAL[tag.field], []).append(known[_PLURAL[tag.field]][tag.value])
                text = Text(
                    title=document.title[:200] or "Untitled",
                    summary="",
                    kind=document.kind,
                    body="\n\n".join(document.passages) + "\n",
                    tags=tags_of(tags),
                )
                new.append(NewAsset(slug=f"asset-{number}", text=text))
            made = drafts.create_assets(session, HUB, new, source="import", render=False)
            live = [(asset, drafts.head_of(session, asset)) for asset in made]
            approval.publish_imported(session, HUB, live, reason="made for a bench", at=datetime.now(UTC))


def cpu_ns(pid: int) -> int:
    """CPU of all threads of a process so far."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except OSError:  # it ended while we looked
            continue
    return total


def spread(taken: Sequence[float]) -> dict[str, float]:
    ordered = sorted(taken)
    return {
        "p50": round(ordered[len(ordered) // 2], 2),
        "p99": round(ordered[int(len(ordered) * 0.99)], 2),
        "mean": round(statistics.mean(ordered), 2),
    }


def asked_over_http(server: Server, paths: Sequence[str], token: str = "") -> dict[str, dict[str, float]]:
    """Milliseconds of the server's CPU and of the wall for each path, the median of some rounds."""
    cpu: list[list[float]] = [[] for _ in paths]
    wall: list[list[float]] = [[] for _ in paths]
    for _ in range(_ROUNDS + 1):
        for at, path in enumerate(paths):
            before, begin = cpu_ns(server.pid), time.perf_counter()
            server.client.ask("GET", path, token=token)
            wall[at].append((time.perf_counter() - begin) * 1000)
            cpu[at].append((cpu_ns(server.pid) - before) / 1e6)
    return {
        "cpu_ms": spread([statistics.median(one[1:]) for one in cpu]),
        "wall_ms": spread([statistics.median(one[1:]) for one in wall]),
    }


def path_of(request: Request) -> str:
    asked: list[tuple[str, str]] = [("q", request.text)]
    asked += [(name, value) for name, values in request.filters.one_of.items() for value in sorted(values)]
    return f"/api/v1/search?{urlencode(asked)}"


def kinds_of(requests: Sequence[Request], documents: Sequence[Document]) -> dict[str, list[Request]]:
    """The mix as a whole, and its parts: while typing, with a typo, whole words with a filter."""
    chance = random.Random(9)
    whole = [replace(one, text=" ".join(chance.choice(documents).title.split()[:3]) or "plan") for one in requests]
    return {
        "mix": list(requests),
        "typing": [replace(one, text=one.text[: max(2, len(one.text) - 2)]) for one in whole],
        "typo": [replace(one, text=with_typo(one.text, chance)) for one in whole],
        "filter": [one for one in whole if one.filters.one_of],
    }


def publish_to_found(server: Server, who: Tokens) -> list[float]:
    """Milliseconds (wall) from the second signature's answer until a reader finds the asset."""
    taken = []
    numbers = count(int(time.time()))
    for _ in range(9):
        word = f"published{next(numbers)}"
        ask = server.client.ask
        draft = {"title": f"Found {word}", "body": f"{word}\n"}
        made = json.loads(ask("POST", "/api/v1/assets", token=who.marketing, body=draft)[2])
        path = f"/api/v1/assets/{made['slug']}/versions/1"
        ask("PUT", f"{path}/submission", token=who.marketing, body={})
        decision = {"decision": "approved", "content_hash": made["content_hash"]}
        ask("PUT", f"{path}/reviews/marketing", token=who.marketing, body=decision)
        ask("PUT", f"{path}/reviews/sales", token=who.sales, body=decision)
        begin = time.perf_counter()
        while not json.loads(ask("GET", f"/api/v1/search?q={word}&facets=false", token=who.reader)[2])["total"]:
            time.sleep(0.005)
        taken.append((time.perf_counter() - begin) * 1000)
    return taken


def in_process(documents: Sequence[Document], folder: Path, kinds: dict[str, list[Request]]) -> dict[str, Any]:
    with opened("embedded", folder) as (engine, configuration):
        assert isinstance(engine, EmbeddedEngine)
        engine.rebuild(documents)
        ask: Callable[[Request], Any] = Planner(engine, configuration).answer
        return {
            name: {"hub_cpu_ms": timed(ask, requests), "bare_engine_cpu_ms": timed(bare(engine), requests)}
            for name, requests in kinds.items()
        }


def measured(sections: list[Document], size: int) -> dict[str, Any]:
    documents = list(handbook.multiplied(sections, size))
    kinds = kinds_of(mix(documents), documents)
    with fresh() as place:
        who = filled(place, 0)
        database = Database(place.database_url)
        fill(database, documents)
        database.close()
        place.hub("work", "--once")
        with serving(place) as hub, serving_bare(place) as endpoint:
            report: dict[str, Any] = {"documents": size, "idle_mb": round(measure.memory_mb(hub.pid)[0])}
            report["bare_endpoint"] = asked_over_http(endpoint, ["/small"] * 200)
            report["over_http"] = {
                name: asked_over_http(hub, [path_of(one) for one in requests], who.reader)
                for name, requests in kinds.items()
            }
            report["publish_to_found_ms"] = spread(publish_to_found(hub, who))
            report["serving_mb"] = round(measure.memory_mb(hub.pid)[0])
        report["in_process"] = in_process(documents, place.root / "beside", kinds)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("handbook", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    sections = handbook.sections(given.handbook)
    reports = []
    for size in given.sizes:
        reports.append(report := measured(sections, size))
        print(f"\n{size:,} assets · idle {report['idle_mb']} MB · serving {report['serving_mb']} MB")
        print(f"publish → found: {report['publish_to_found_ms']} ms; bare endpoint {report['bare_endpoint']['cpu_ms']}")
        for name, seen in report["over_http"].items():
            beside = report["in_process"][name]
            parts = beside["bare_engine_cpu_ms"]["p50"] + report["bare_endpoint"]["cpu_ms"]["p50"]
            print(
                f"{name:8} HTTP CPU {seen['cpu_ms']} wall {seen['wall_ms']}  in process {beside['hub_cpu_ms']}  "
                f"bare tantivy {beside['bare_engine_cpu_ms']}  × bare {seen['cpu_ms']['p50'] / parts:.2f}"
            )
        if given.json:
            given.json.write_text(json.dumps(reports, indent=1))


if __name__ == "__main__":
    main()
