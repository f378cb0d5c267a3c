"""Reading the embedded index: one state of it, and what an inquiry finds there."""

import json
import math
import os
import re
from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import Any

import tantivy
from tantivy import Occur, Order, Query

from hub.search.alternatives import whole_readings
from hub.search.configuration import Configuration
from hub.search.documents import EVERYONE, Shown
from hub.search.embedded_query import QueryBuilder
from hub.search.embedded_schema import ASSET, PAGES
from hub.search.engine import Facets, Inquiry, Scope, Sort, Word
from hub.search.vocabulary import WordList

_LONGEST_PART = 24  # words of a title or heading
_MOST_PARTS = 16  # that begin alike
MOST_VALUES = 10_000  # of one facet, that are listed
# What the keys of vocabularies look like: nothing in it can be read as syntax.
_PLAIN_VALUE = re.compile(r"[a-z0-9_-]+\Z")
_SORT_FIELDS: dict[Sort, str] = {"relevance": "standing", "newest": "updated", "evidence": "evidence"}


class EmbeddedCandidate:
    """A match; its document is read from disk when it is first looked at."""

    __slots__ = ("_address", "_document", "_reading", "_searcher", "_shown", "score")

    def __init__(self, searcher: tantivy.Searcher, score: float, address: tantivy.DocAddress) -> None:
        self.score = score
        self._searcher = searcher
        self._address = address
        self._document: tantivy.Document | None = None
        self._reading: str | None = None
        self._shown: Shown | None = None

    @property
    def id(self) -> str:
        return str(self._stored().get_first("id"))

    @property
    def evidence_band(self) -> int:
        return int(self._searcher.fast_field_values("evidence_band", [self._address])[0] or 0)

    @property
    def reading(self) -> str:
        if self._reading is None:
            self._reading = bytes(self._stored().get_first("reading") or b"").decode()
        return self._reading

    @property
    def shown(self) -> Shown:
        if self._shown is None:
            self._shown = shown_in(self._stored())
        return self._shown

    def _stored(self) -> tantivy.Document:
        if self._document is None:
            self._document = self._searcher.doc(self._address)
        return self._document


def shown_in(stored: tantivy.Document) -> Shown:
    """What a stored document shows."""
    return Shown(**json.loads(bytes(stored.get_first("shown") or b"{}")))


class EmbeddedFound:
    """The matches of one inquiry."""

    def __init__(
        self,
        view: "View",
        inquiry: Inquiry,
        core: Query | None,
        total: int,
        candidates: list[EmbeddedCandidate],
    ) -> None:
        self.total = total
        self.candidates = candidates
        self._view = view
        self._inquiry = inquiry
        self._core = core

    @property
    def examined(self) -> int:
        return self._view.examined

    @property
    def frequencies(self) -> dict[str, int]:
        return {}

    @property
    def population(self) -> int:
        return int(self._view.searcher.num_docs)

    def facets(self) -> Facets:
        """What is counted under the same filters is counted together, and all of it in one pass: running the question
        costs more than counting."""
        inquiry, builder = self._inquiry, self._view.builder
        chosen = {name: values for name, values in inquiry.filters.one_of.items() if name in inquiry.facets}
        if not all(_PLAIN_VALUE.match(value) for values in chosen.values() for value in values):
            return self._facets_one_by_one()
        rest = inquiry.filters
        for name in chosen:
            rest = rest.without(name)
        groups = {name: chosen.keys() - {name} for name in inquiry.facets}
        return self._view.count_under(groups, chosen, builder.within(self._core, inquiry, rest))

    def _facets_one_by_one(self) -> Facets:
        """The same, for values that are no keys: one pass for all facets without a filter, one for each with one."""
        filters = self._inquiry.filters
        free = [name for name in self._inquiry.facets if name not in filters.one_of]
        counts = self._view.count(free, self._view.builder.within(self._core, self._inquiry, filters))
        for name in set(self._inquiry.facets) - set(free):
            query = self._view.builder.within(self._core, self._inquiry, filters.without(name))
            counts |= self._view.count([name], query)
        return {name: counts[name] for name in self._inquiry.facets}

    def pages(self, identity: str) -> list[tuple[str, list[str]]]:
        found = self._view.identified([identity], PAGES)
        stored = found[0].get_first("pages") if found else None
        return [(name, pages) for name, pages in json.loads(bytes(stored or b"[]"))]


class LiveWords:
    """A word list that may be a few seconds old, with exact words looked up in the index as it is now."""

    def __init__(self, words: WordList, searcher: tantivy.Searcher) -> None:
        self._words = words
        self._searcher = searcher
        self.beginning_with = words.beginning_with
        self.like = words.like

    def frequency(self, word: str) -> int:
        return self._words.frequency(word) or self._searcher.doc_freq("whole", word)

    def has_stem(self, stem: str) -> bool:
        return self._words.has_stem(stem) or bool(self._searcher.doc_freq("whole_stems", stem))


class View:
    """One state of one index. Never changes: a commit gets a new view."""

    def __init__(self, index: tantivy.Index, configuration: Configuration, files: dict[str, int]) -> None:
        self.searcher = index.searcher()
        self.schema = index.schema
        self.examined = int(configuration.ranking["near"]["candidates"])
        self._configuration = configuration
        self._files = files
        self._attachments = bool(self.searcher.doc_freq("part", PAGES))
        self.languages = frozenset(term for term, _ in self.searcher.terms_with_prefix("language", ""))
        self.builder = QueryBuilder(index.schema, configuration, attachments=self._attachments)

    def is_damaged(self) -> bool:
        """Whether a file that is being read has become shorter: reading on would end the process. (A file that
        is gone stays readable while it is open.)"""
        for path, size in self._files.items():
            try:
                if os.stat(path).st_size < size:
                    return True
            except OSError:
                continue
        return False

    def find(self, inquiry: Inquiry) -> EmbeddedFound:
        """All words first; some of them when that brings too little."""
        count = sum(word.scores and word.findable for word in inquiry.words)
        matching = self._configuration.ranking["matching"]
        if count > matching["short"]:
            return self._search(inquiry, math.ceil(count * matching["few"]))
        if not count and inquiry.words and not inquiry.phrases:
            return EmbeddedFound(self, inquiry, Query.empty_query(), 0, [])
        found = self._search(inquiry, None)
        if count > 1 and found.total < matching["enough"] and (inquiry.sort == "relevance" or not found.total):
            return self._search(inquiry, math.ceil(count / 2))
        return found

    def _parts(self, words: Sequence[Word]) -> list[str]:
        """The titles and headings that are this question, or begin with it while it is being typed."""
        if not words or len(words) > _LONGEST_PART:
            return []
        readings = whole_readings(words)
        if not words[-1].open:
            return readings
        return [
            part for text in readings for part, _ in self.searcher.terms_with_prefix("parts", text, limit=_MOST_PARTS)
        ]

    def _search(self, inquiry: Inquiry, needed: int | None) -> EmbeddedFound:
        core = self.builder.words(inquiry.words, self._parts(inquiry.words), needed=needed)
        query = self.builder.within(core, inquiry, inquiry.filters)
        if inquiry.sort == "relevance" and core is not None:
            result = self.searcher.search(query, inquiry.depth)
            scored = [(float(score), address) for score, address in result.hits]
        else:
            field = _SORT_FIELDS[inquiry.sort]
            result = self.searcher.search(query, inquiry.depth, order_by_field=field, order=Order.Desc)
            scored = [(float(-rank), address) for rank, (_, address) in enumerate(result.hits)]
        if inquiry.fits and inquiry.sort == "relevance":
            scored += self._fitting(inquiry, query, scored)
        candidates = [EmbeddedCandidate(self.searcher, score, address) for score, address in scored]
        counting = self.builder.counting(inquiry.words, needed=needed)
        return EmbeddedFound(self, inquiry, counting, _total(result), candidates)

    def _fitting(
        self, inquiry: Inquiry, query: Query, known: Sequence[tuple[float, tantivy.DocAddress]]
    ) -> list[tuple[float, tantivy.DocAddress]]:
        """What fits the deal best among all that matches, and is not among the best matches anyway."""
        fitting = self.builder.fitting(query, inquiry.fits.items())
        seen = {(address.segment_ord, address.doc) for _, address in known}
        lowest = min((score for score, _ in known), default=0.0)
        hits = self.searcher.search(fitting, inquiry.depth, count=False).hits
        return [
            (lowest - rank, address)
            for rank, (_, address) in enumerate(hits, start=1)
            if (address.segment_ord, address.doc) not in seen
        ]

    def count(self, names: Sequence[str], query: Query, size: int = 0) -> Facets:
        """How many documents of `query` have each value of these facets."""
        answer = self.searcher.aggregate(query, self._counting(names, size)) if names else {}
        return {name: _counts(answer[name]) for name in names}

    def count_under(self, groups: Mapping[str, Set[str]], chosen: Mapping[str, frozenset[str]], query: Query) -> Facets:
        """The same in one pass for facets that are each counted under the choices in some other facets: `groups` is
        facet → those other facets, `chosen` facet → plain values."""
        together: dict[frozenset[str], list[str]] = {}
        for name, others in groups.items():
            together.setdefault(frozenset(others), []).append(name)
        wanted: dict[str, Any] = {}
        for number, (others, names) in enumerate(together.items()):
            counting = self._counting(names)
            choices = [_any_of(other, chosen[other]) for other in sorted(others)]
            wanted |= {str(number): {"filter": " AND ".join(choices), "aggs": counting}} if choices else counting
        answer = self.searcher.aggregate(query, wanted) if wanted else {}
        found: Facets = {}
        for number, (others, names) in enumerate(together.items()):
            part = answer[str(number)] if others else answer
            found |= {name: _counts(part[name]) for name in names}
        return {name: found[name] for name in groups}

    def _counting(self, names: Sequence[str], size: int = 0) -> dict[str, Any]:
        limit = size or self._configuration.facet_size
        return {name: {"terms": {"field": name, "size": limit}} for name in names}

    def identified(self, identities: Sequence[str], part: str, scope: Scope | None = None) -> list[tantivy.Document]:
        """The stored documents with these ids, in any order; under a scope only what it may see."""
        clauses = self.builder.identified(identities, part) + (self.builder.visible(scope) if scope else [])
        hits = self.searcher.search(Query.boolean_query(clauses), max(1, len(identities)), count=False).hits
        return [self.searcher.doc(address) for _, address in hits]

    def everything(self) -> list[Shown]:
        """Every document held, whoever may see it."""
        assets = Query.term_query(self.schema, "part", ASSET, "basic")
        hits = self.searcher.search(assets, max(1, self.searcher.num_docs)).hits
        return [EmbeddedCandidate(self.searcher, 0.0, address).shown for _, address in hits]

    def documents(self) -> int:
        return _total(self.searcher.search(Query.term_query(self.schema, "part", ASSET, "basic"), 1))

    def words(self) -> WordList:
        """All words; takes some milliseconds for every ten thousand."""
        words = dict(self.searcher.terms_with_prefix("whole", ""))
        stems = {stem for stem, _ in self.searcher.terms_with_prefix("whole_stems", "")}
        if self._attachments:
            for word, count in self.searcher.terms_with_prefix("attached", ""):
                words[word] = words.get(word, 0) + count
            stems |= {stem for stem, _ in self.searcher.terms_with_prefix("attached_stems", "")}
        return WordList(words, stems)

    @cached_property
    def values(self) -> Facets:
        """The values of all facets that documents for everyone have."""
        live = Query.boolean_query([(Occur.Must, Query.term_query(self.schema, "visible_to", EVERYONE, "basic"))])
        return self.count(self._configuration.facets, live, MOST_VALUES)


def _counts(answer: Mapping[str, Any]) -> dict[str, int]:
    return {str(one["key"]): int(one["doc_count"]) for one in answer["buckets"]}


def _any_of(facet: str, values: frozenset[str]) -> str:
    """In the engine's own language of queries, which is why only plain values come here."""
    return "(" + " OR ".join(f'{facet}:"{value}"' for value in sorted(values)) + ")"


def _total(result: tantivy.SearchResult) -> int:
    return int(getattr(result, "count"))  # noqa: B009  missing from tantivy's stub
