"""Search as data: the files of the top-level `search/` folder, read once, checked, and given a fingerprint.

`settings.json` is in Meilisearch's own vocabulary (v1.50) and drives both engines; `ranking.toml` holds the
numbers of the planner; `recommendations.toml` what fits a deal; `stop-words/<language>.txt` are plain words.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from hub.search.analysis import ANALYSIS_VERSION, tokens

PLANNER_VERSION = 1  # part of every index's fingerprint: a change of what is indexed rebuilds

_NOT_FACETS = frozenset({"updated", "review_by", "expires_on", "evidence_band", "visible_to"})


class BadConfiguration(ValueError):
    """A file of `search/` cannot be used; the message names the file, the place and the cure."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One recommendation: an asset's facet `asset` meets the deal's `deal`."""

    name: str
    asset: str
    deal: str
    says: str


@dataclass(frozen=True, slots=True)
class TypoTolerance:
    """How many edits a word of a length may have; Meilisearch's `typoTolerance`."""

    enabled: bool
    one_from: int
    two_from: int
    never: frozenset[str]
    not_numbers: bool

    def edits(self, word: str, *, lenient: bool = False) -> int:
        """Edits forgiven in `word`: 0, 1 or 2; `lenient` forgives one in a word a letter too short ("third monh"),
        where the words beside it confirm the reading."""
        if not self.enabled or word in self.never or (self.not_numbers and word.isdecimal()):
            return 0
        return (len(word) >= self.one_from - lenient) + (len(word) >= self.two_from)


@dataclass(frozen=True)
class Configuration:
    """Everything in `search/`. `synonyms` maps tokens to the token sequences that may stand for them."""

    settings: Mapping[str, Any]
    ranking: Mapping[str, Mapping[str, float]]
    synonyms: Mapping[tuple[str, ...], tuple[tuple[str, ...], ...]]
    written_synonyms: Mapping[str, list[str]]
    stop_words: Mapping[str, frozenset[str]]
    rules: tuple[Rule, ...]

    @classmethod
    def load(cls, folder: Path) -> "Configuration":
        """Read `folder`. Raises `BadConfiguration`."""
        synonyms = _json(folder / "synonyms.json")
        return cls(
            settings=_json(folder / "settings.json"),
            ranking=_ranking(folder / "ranking.toml"),
            synonyms=_synonyms(folder / "synonyms.json", synonyms),
            written_synonyms=synonyms,
            stop_words=_stop_words(folder / "stop-words"),
            rules=_rules(folder / "recommendations.toml"),
        )

    @cached_property
    def facets(self) -> tuple[str, ...]:
        """The fields people filter by and see counted, in the file's order."""
        return tuple(name for name in self.settings["filterableAttributes"] if name not in _NOT_FACETS)

    @cached_property
    def facet_size(self) -> int:
        return int(self.settings.get("faceting", {}).get("maxValuesPerFacet", 100))

    @cached_property
    def most_hits(self) -> int:
        """How deep a list of hits can be paged."""
        return int(self.settings.get("pagination", {}).get("maxTotalHits", 1000))

    @cached_property
    def typos(self) -> TypoTolerance:
        given = self.settings.get("typoTolerance", {})
        sizes = given.get("minWordSizeForTypos", {})
        never = frozenset(token for word in given.get("disableOnWords", ()) for token in tokens(word))
        return TypoTolerance(
            enabled=given.get("enabled", True),
            one_from=sizes.get("oneTypo", 5),
            two_from=sizes.get("twoTypos", 9),
            never=never,
            not_numbers=given.get("disableOnNumbers", False),
        )

    @cached_property
    def longest_synonym(self) -> int:
        return max((len(words) for words in self.synonyms), default=0)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when an index built under it would have to be built again."""
        content = [self.settings, self.ranking, self.written_synonyms, ANALYSIS_VERSION, PLANNER_VERSION]
        content.append({language: sorted(words) for language, words in self.stop_words.items()})
        return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=8).hexdigest()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadConfiguration(f"{path.name} cannot be read: {problem}. Put the file back.") from problem


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(_text(path))
    except json.JSONDecodeError as problem:
        raise BadConfiguration(f"{path.name}, line {problem.lineno}: {problem.msg}") from problem
    if not isinstance(content, dict):
        raise BadConfiguration(f"{path.name} must hold one JSON object.")
    return content


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as problem:
        raise BadConfiguration(f"{path.name}: {problem}") from problem


_NUMBERS = {
    "weights": ("plain", "prefix", "synonym", "joined", "one_typo", "two_typos", "attachment"),
    "fields": ("title", "headings", "summary"),
    "stop_words": ("title", "headings"),
    "near": ("candidates", "slack"),
    "matching": ("enough", "short", "few"),
    "expansion": ("beginnings", "prefixes", "typos"),
    "evidence": ("said_from",),
}


def _ranking(path: Path) -> dict[str, dict[str, float]]:
    content = _toml(path)
    for section, names in _NUMBERS.items():
        for name in names:
            number = content.get(section, {}).get(name)
            if not isinstance(number, int | float) or isinstance(number, bool):
                raise BadConfiguration(f"{path.name}, [{section}]: {name} must be a number.")
    return content


def _synonyms(path: Path, given: dict[str, Any]) -> dict[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    found: dict[tuple[str, ...], tuple[tuple[str, ...], ...]] = {}
    for word, others in given.items():
        if not isinstance(others, list) or not all(isinstance(other, str) for other in others):
            raise BadConfiguration(f'{path.name}, "{word}": must be a list of words.')
        if key := tuple(tokens(word)):
            found[key] = tuple(value for other in others if (value := tuple(tokens(other))))
    return found


def _stop_words(folder: Path) -> dict[str, frozenset[str]]:
    return {path.stem: frozenset(tokens(_text(path))) for path in sorted(folder.glob("*.txt"))}


def _rules(path: Path) -> tuple[Rule, ...]:
    rules = []
    for number, given in enumerate(_toml(path).get("rule", []), start=1):
        try:
            rules.append(Rule(given["name"], given["asset"], given["deal"], given["says"]))
        except KeyError as missing:
            raise BadConfiguration(f"{path.name}, rule {number}: {missing.args[0]} is missing.") from missing
    return tuple(rules)
