"""CPU per question, in process: the hub's search beside the bare engine, and a Meilisearch server for the same.

Questions are what people type: beginnings of titles, one to four words, 30 % with a typo, none to two filters; ten
hits with highlights and seven facets.

    python -m bench.search.speed HANDBOOK [--sizes 1000 10000 100000] [--engine embedded|meili]
"""

import argparse
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import tantivy

from bench.search import handbook
from bench.search.engines import opened, server_cpu
from bench.search.relevance import with_typo
from hub.search.analysis import tokens
from hub.search.configuration import Configuration
from hub.search.documents import Document
from hub.search.embedded import EmbeddedEngine
from hub.search.engine import Filters, Scope
from hub.search.planner import Planner, Request

_TODAY = date(2026, 11, 1)
_FACETS = ("kind", "persona", "stage", "product", "industry", "competitor", "language")


def mix(documents: Sequence[Document], count: int = 200, seed: int = 5) -> list[Request]:
    """`count` requests as a person types them."""
    chance = random.Random(seed)
    requests: list[Request] = []
    while len(requests) < count:
        words = chance.choice(documents).title.split()[: chance.randint(1, 4)]
        if not tokens(" ".join(words)):
            continue
        text = " ".join(words)
        text = text[: max(2, len(text) - chance.randrange(len(words[-1])))]
        if chance.random() < 0.3:
            text = with_typo(text, chance)
        fields = chance.sample(handbook.FACETS, chance.randint(0, 2))
        one_of = {field: frozenset({f"{field}-{chance.randrange(12)}"}) for field in fields}
        requests.append(Request(text, Scope(_TODAY), Filters(one_of), facets=_FACETS))
    return requests


def timed(run: Callable[[Request], Any], requests: Sequence[Request], rounds: int = 3) -> dict[str, float]:
    """CPU milliseconds of this process a question: the median over the rounds for each, then over questions."""
    for request in requests:
        run(request)
    taken: list[list[float]] = [[] for _ in requests]
    for _ in range(rounds):
        for at, request in enumerate(requests):
            begin = time.process_time()
            run(request)
            taken[at].append((time.process_time() - begin) * 1000)
    each = sorted(statistics.median(one) for one in taken)
    return {
        "mean": round(statistics.mean(each), 2),
        "p50": round(each[len(each) // 2], 2),
        "p99": round(each[int(len(each) * 0.99)], 2),
    }


def bare(engine: EmbeddedEngine) -> Callable[[Request], Any]:
    """The same filter, top ten, facets and highlights by tantivy alone, without typos, order or reasons."""
    view = engine.view()
    schema, searcher = view.schema, view.searcher
    must, should = tantivy.Occur.Must, tantivy.Occur.Should

    def term(field: str, value: str) -> tantivy.Query:
        return tantivy.Query.term_query(schema, field, value, "freq")

    def run(request: Request) -> Any:
        words = tokens(request.text)
        text = tantivy.Query.boolean_query([(should, term("whole", word)) for word in words])
        filters = [
            (must, tantivy.Query.const_score_query(term(field, value), 0.0))
            for field, values in request.filters.one_of.items()
            for value in values
        ]
        query = tantivy.Query.boolean_query([(must, text), *filters])
        hits = searcher.search(query, 10).hits
        facets = searcher.aggregate(query, {name: {"terms": {"field": name, "size": 100}} for name in _FACETS})
        return [searcher.doc(address).get_first("shown") for _, address in hits], facets

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("handbook", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--engine", default="embedded")
    given = parser.parse_args()
    sections = handbook.sections(given.handbook)
    report = []
    for size in given.sizes:
        documents = list(handbook.multiplied(sections, size))
        with (
            tempfile.TemporaryDirectory() as folder,
            opened(given.engine, Path(folder)) as (engine, configuration),
        ):
            begin = time.perf_counter()
            engine.rebuild(documents)
            built = time.perf_counter() - begin
            row: dict[str, Any] = {"engine": given.engine, "documents": size, "build_s": round(built, 1)}
            row["megabytes"] = round(sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file()) / 1e6, 1)
            row |= _measured(engine, configuration, mix(documents))
            row["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            report.append(row)
            print("  ".join(f"{name} {value}" for name, value in row.items()), flush=True)
    print(json.dumps(report))


def _measured(engine: Any, configuration: Configuration, requests: Sequence[Request]) -> dict[str, Any]:
    planner = Planner(engine, configuration)
    begin = time.process_time()
    planner.answer(requests[0])
    first = time.process_time() - begin
    before = server_cpu(engine)
    figures: dict[str, Any] = {"hub_ms": timed(planner.answer, requests), "first_ms": round(first * 1000, 1)}
    if before is not None:
        spent = (server_cpu(engine) or 0.0) - before
        figures["server_ms"] = round(spent / (4 * len(requests)) * 1000, 2)
    if isinstance(engine, EmbeddedEngine):
        figures["bare_ms"] = timed(bare(engine), requests)
        figures["publish_ms"] = _publishing(engine)
    return figures


def _publishing(engine: EmbeddedEngine) -> float:
    """Median milliseconds (wall) of one document put until it can be found."""
    taken = []
    for number in range(7):
        document = handbook.file_document(f"published-{number}", f"Published just now {number}")
        begin = time.perf_counter()
        engine.put([document])
        engine.view()
        taken.append((time.perf_counter() - begin) * 1000)
    return round(statistics.median(taken), 1)


if __name__ == "__main__":
    main()
