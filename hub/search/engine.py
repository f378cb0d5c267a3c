"""The contract between the planner and an engine.

An engine keeps documents, and for an `Inquiry` it filters, counts and brings candidates. It does not decide the
order in which people see them, nor why: that is the planner's, the same for every engine. Who asks (`Scope`) and
what day it is are part of every inquiry, so nothing is found, counted or suggested that this person may not see.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

from hub.search.documents import EVERYONE, Document, Shown

Sort = Literal["relevance", "newest", "evidence"]
Facets = dict[str, dict[str, int]]
Progress = Callable[[int], None]


class SearchUnavailable(RuntimeError):
    """The engine cannot answer now. The message says why and what helps; nothing that was put is lost."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Who asks, and when. `groups` are the names of `Document.visible_to` this person goes by; with `drafts`
    what only they may see is found as well, without it only what everyone may."""

    today: date
    groups: frozenset[str] = frozenset()
    drafts: bool = False

    @property
    def seen_by(self) -> tuple[str, ...]:
        return (EVERYONE, *sorted(self.groups - {EVERYONE})) if self.drafts else (EVERYONE,)


@dataclass(frozen=True, slots=True)
class Filters:
    """`one_of`: facet → values, one of which a document must have; `none_of`: values it must not have;
    `between`: a date → first and last day (ordinals, inclusive, None for open)."""

    one_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    none_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    between: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)

    def without(self, name: str) -> "Filters":
        """The same with the facet `name` open: what its own counts are taken under."""
        rest = {other: values for other, values in self.one_of.items() if other != name}
        return Filters(rest, self.none_of, self.between)


AlternativeKind = Literal["exact", "stem", "prefix", "synonym", "joined", "typo"]


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way in which a word of the question may stand in a document: these tokens, in this order."""

    tokens: tuple[str, ...]
    kind: AlternativeKind
    weight: float
    typos: int = 0
    part: int = 1  # over how many words of the question its weight is spread


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the question. `open` when it may be the beginning of a longer one; `known` when the index has
    it as it is, or as the beginning or stem of another."""

    text: str
    stems: tuple[str, ...]
    scores: bool
    open: bool
    known: bool
    frequency: int = 0  # in how many documents, as far as the engine knows
    alternatives: tuple[Alternative, ...] = ()

    @property
    def findable(self) -> bool:
        return self.known or bool(self.alternatives)


Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What an engine is asked. `text` is the free part of the question as typed; `words` the same, worked out;
    `fits` the facets and values of a deal (a document with any of them is brought as a candidate too)."""

    text: str
    words: tuple[Word, ...]
    scope: Scope
    filters: Filters = field(default_factory=Filters)
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[Phrase, ...] = ()
    fits: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sort: Sort = "relevance"
    depth: int = 50
    facets: tuple[str, ...] = ()


class Candidate(Protocol):
    """A document that matches, with the engine's score. Its parts are read only when asked for."""

    @property
    def id(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def reading(self) -> str: ...
    @property
    def evidence_band(self) -> int: ...
    @property
    def shown(self) -> Shown: ...


class Vocabulary(Protocol):
    """The words an engine knows, for typing that is unfinished or wrong. Answers are best first."""

    def frequency(self, word: str) -> int:
        """In how many documents the word stands; 0 when unknown."""

    def has_stem(self, stem: str) -> bool:
        """Whether any word has this stem."""

    def beginning_with(self, prefix: str, limit: int) -> Sequence[str]:
        """Longer words that begin like this, the most frequent first."""

    def like(self, word: str, edits: int, *, prefix: bool, limit: int) -> Sequence[tuple[str, int]]:
        """Other words within so many edits, with the edits; with `prefix` also words that begin so. An edit of
        the first letter counts twice."""


class Found(Protocol):
    """The answer to one inquiry."""

    @property
    def total(self) -> int: ...
    @property
    def candidates(self) -> Sequence[Candidate]: ...
    @property
    def examined(self) -> int:
        """How many of the candidates, from the first, are to be looked at for words standing close together:
        the same however deep the list is asked for, so that its pages fit together."""

    @property
    def frequencies(self) -> Mapping[str, int]:
        """In how many documents words of the question stand, where the engine counted them."""

    @property
    def population(self) -> int:
        """How many documents there are."""

    def facets(self) -> Facets:
        """Counts for the inquiry's `facets`; each facet under all filters but its own."""

    def pages(self, identity: str) -> Sequence[tuple[str, Sequence[str]]]:
        """A document's attachments: name, and text by page."""


@dataclass(frozen=True, slots=True)
class Health:
    """`state`: ok; stale (must be rebuilt to be complete or current); down (cannot answer, `detail` says why).
    `segments` or other inner figures stand in `detail`."""

    engine: str
    state: Literal["ok", "stale", "down"]
    documents: int
    detail: str = ""


class Engine(Protocol):
    """Calls may come from many threads. Every call but `health` may raise `SearchUnavailable`."""

    name: str

    def start(self) -> None:
        """To be called when a process begins, and when an engine that was away is back: whatever others left behind or
        changed meanwhile is put right. May be repeated."""

    def put(self, documents: Iterable[Document]) -> None:
        """Add or replace; found when this returns (Meilisearch: when `settle` returns)."""

    def delete(self, identities: Iterable[str]) -> None:
        """Remove; unknown ids are no error."""

    def rebuild(self, documents: Iterable[Document], progress: Progress | None = None) -> int:
        """Build a new index beside the old one, which answers until the new one is complete; then swap.
        What is put or deleted meanwhile is in the new one too. Returns the number of documents."""

    def settle(self) -> None:
        """Wait until everything put and deleted by this process is visible."""

    def vocabulary(self) -> Vocabulary | None:
        """The whole index's words, or None for an engine that handles unfinished and wrong words itself."""

    def find(self, inquiry: Inquiry) -> Found: ...

    def fetch(self, identities: Sequence[str], scope: Scope) -> list[Shown]:
        """These documents, as far as the scope may see them, in this order."""

    def fingerprints(self) -> dict[str, str]:
        """Id → content fingerprint of every document held: what a check compares with the record."""

    def values(self, facet: str) -> frozenset[str] | None:
        """Every value of a facet that documents for everyone have; None when they are too many to list."""

    def languages(self) -> frozenset[str]:
        """The languages of the documents held."""

    def health(self) -> Health: ...

    def close(self) -> None: ...
