"""Which new file is which missing one under another name: by equal bytes, by the slug it says, by equal text,
and last by a text that is mostly the same. Pure, and bounded for any number of files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz import fuzz

# 4,000 characters tell two texts apart; comparing 10,000 pairs of them takes a second or two.
COMPARED_CHARACTERS = 4_000
MOST_PAIRS = 10_000
ALIKE = 75.0
# Texts shorter than this are alike by chance (templates, a single heading).
LEAST_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Trace:
    """What a file, present or missing, is recognised by."""

    digest: str
    slug: str | None = None
    body: str = ""


def by_digest(new: Mapping[str, str], gone: Mapping[str, str]) -> dict[str, str]:
    """Old path by new path, for files whose digest is that of a missing one. Both given as digest by path."""
    waiting: dict[str, list[str]] = {}
    for path in sorted(gone, reverse=True):
        waiting.setdefault(gone[path], []).append(path)
    return {path: waiting[new[path]].pop() for path in sorted(new) if waiting.get(new[path])}


def by_text(new: Mapping[str, Trace], gone: Mapping[str, Trace]) -> dict[str, str]:
    """Old path by new path: the same slug stated, the same body, or most of the same body."""
    found: dict[str, str] = {}
    slugs = {trace.slug: path for path, trace in sorted(gone.items()) if trace.slug}
    bodies = {trace.body: path for path, trace in sorted(gone.items()) if trace.body.strip()}
    for path, trace in sorted(new.items()):
        for old in (slugs.get(trace.slug or ""), bodies.get(trace.body)):
            if old is not None and old not in found.values():
                found[path] = old
                break
    left = {path: trace for path, trace in new.items() if path not in found}
    still_gone = {path: trace for path, trace in gone.items() if path not in found.values()}
    return found | _alike(left, still_gone)


def _alike(new: Mapping[str, Trace], gone: Mapping[str, Trace]) -> dict[str, str]:
    """The likest first, so that two similar files find the right partners."""
    if len(new) * len(gone) > MOST_PAIRS:
        return {}
    scored = sorted(
        (-score, path, old)
        for path, trace in new.items()
        for old, former in gone.items()
        if (score := _likeness(trace.body, former.body)) >= ALIKE
    )
    found: dict[str, str] = {}
    for _, path, old in scored:
        if path not in found and old not in found.values():
            found[path] = old
    return found


def _likeness(body: str, former: str) -> float:
    if min(len(body), len(former)) < LEAST_CHARACTERS:
        return 0.0
    return fuzz.ratio(body[:COMPARED_CHARACTERS], former[:COMPARED_CHARACTERS], score_cutoff=ALIKE)
