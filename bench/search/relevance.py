"""Known items: every title (heading) that only one document has is a question whose answer is known.

MRR@10 of the question as it is, with one typo, and with its last word cut.

    python -m bench.search.relevance HANDBOOK [--engine embedded|meili] [--questions 400] [--misses]
"""

import argparse
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from bench.search import handbook
from bench.search.engines import opened
from hub.search.analysis import tokens
from hub.search.documents import Document
from hub.search.engine import Scope
from hub.search.planner import Planner, Request

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TODAY = date(2026, 11, 1)


def questions(
    documents: Sequence[Document], kind: str, count: int, fewest: int = 2, seed: int = 7
) -> list[tuple[str, str]]:
    """(question, id of the answer), at most `count`, chosen by `seed`, of at least `fewest` words: one word
    ("Build") names no one thing."""
    texts = [(text, document.id) for document in documents for text in _texts(document, kind)]
    owners: dict[str, set[str]] = {}
    for document in documents:
        for text in (document.title, *document.headings):
            owners.setdefault(" ".join(tokens(text)), set()).add(document.id)
    times = Counter(" ".join(tokens(text)) for text, _ in texts)
    unique = [
        (text, identity)
        for text, identity in texts
        if len(words := tokens(text)) >= fewest and len(owners[" ".join(words)]) == times[" ".join(words)] == 1
    ]
    chance = random.Random(seed)
    chance.shuffle(unique)
    return unique[:count]


def with_typo(text: str, chance: random.Random) -> str:
    """One edit inside one word of five letters or more; the text itself when there is none."""
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not long:
        return text
    at = chance.choice(long)
    word = words[at]
    place = chance.randrange(1, len(word) - 1)
    edits: list[Callable[[], str]] = [
        lambda: word[:place] + word[place + 1 :],
        lambda: word[:place] + chance.choice(_LETTERS) + word[place:],
        lambda: word[:place] + chance.choice(_LETTERS) + word[place + 1 :],
        lambda: word[:place] + word[place + 1] + word[place] + word[place + 2 :],
    ]
    words[at] = chance.choice(edits)()
    return " ".join(words)


def with_last_word_cut(text: str) -> str:
    """The last word typed by half, but at least three letters of it."""
    words = list(re.finditer(r"[^\W\d_]+", text))
    if not words or words[-1].end() < len(text.rstrip(" ?!.:)")):
        return text
    start, end = words[-1].span()
    return text[: start + max(3, (end - start + 1) // 2)] if end - start > 3 else text


def _texts(document: Document, kind: str) -> tuple[str, ...]:
    return (document.title,) if kind == "title" else document.headings


def measure(planner: Planner, asked: Sequence[tuple[str, str]], misses: list[str]) -> float:
    """MRR@10."""
    sum_of_ranks = 0.0
    for text, identity in asked:
        answer = planner.answer(Request(text, Scope(_TODAY), facets=()))
        ids = [hit.shown.id for hit in answer.hits]
        rank = 1 / (1 + ids.index(identity)) if identity in ids else 0.0
        if rank < 1:
            misses.append(f"{rank:.2f}  {text!r} → {identity}; first {ids[:1]}")
        sum_of_ranks += rank
    return sum_of_ranks / max(1, len(asked))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("handbook", type=Path)
    parser.add_argument("--engine", default="embedded")
    parser.add_argument("--sections", action="store_true")
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7, help="which questions, and which typos")
    parser.add_argument("--fewest-words", type=int, default=2)
    parser.add_argument("--misses", action="store_true", help="list the questions not answered first")
    given = parser.parse_args()
    documents = (handbook.sections if given.sections else handbook.files)(given.handbook)
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(given.engine, Path(folder)) as (engine, configuration),
    ):
        engine.rebuild(documents)
        planner = Planner(engine, configuration)
        figures: dict[str, dict[str, float]] = {}
        for kind in ("title",) if given.sections else ("title", "heading"):
            clean = questions(documents, kind, given.questions, given.fewest_words, given.seed)
            chance = random.Random(given.seed)
            variants = {
                "clean": clean,
                "typo": [(with_typo(text, chance), identity) for text, identity in clean],
                "cut": [(with_last_word_cut(text), identity) for text, identity in clean],
            }
            for name, asked in variants.items():
                misses: list[str] = []
                begin = time.process_time()
                figures.setdefault(kind, {})[name] = round(measure(planner, asked, misses), 4)
                cpu = (time.process_time() - begin) / max(1, len(asked)) * 1000
                print(f"{kind:8} {name:6} MRR@10 {figures[kind][name]:.4f}  ({len(asked)} questions, {cpu:.2f} ms CPU)")
                if given.misses:
                    print("\n".join(f"    {miss}" for miss in misses))
    print(json.dumps({"engine": given.engine, "documents": len(documents), "mrr10": figures}))


if __name__ == "__main__":
    main()
