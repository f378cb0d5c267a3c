"""How the Meilisearch engine finds candidates: a short question as typed, a long one word by word.

The server ranks short questions very well. Of long ones it drops words from the end until something matches, so
that leading words like "what" decide; there every rare word is asked for by itself in one multi-search, and the
union is scored by BM25.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.search import meili_query
from hub.search.configuration import Configuration
from hub.search.documents import Shown
from hub.search.engine import Facets, Filters, Inquiry, Sort
from hub.search.meili_index import fetched
from hub.search.meili_server import MeiliServer
from hub.search.meili_texts import FIELDS, MeiliTexts, StoredText, pages_in

_MOST_WORDS = 16  # of a long question, the longest first: the server has no cheap figure for the rarest
_BY_WORD = 60  # candidates for each
_MOST_READ = {True: 64, False: 160}  # candidates of a short and of a long question that are read and scored
_NAMED = ["key", "id", "fingerprint"]  # of a hit; its texts are asked for when they are not known yet
_SORTS: dict[Sort, list[str]] = {"newest": ["updated:desc"], "evidence": ["evidence:desc"]}
_EMPTY_SORT = ["standing:desc"]

Hit = Mapping[str, Any]


class MeiliCandidate:
    """A document that the server found."""

    __slots__ = ("_stored", "score")

    def __init__(self, stored: StoredText, score: float) -> None:
        self.score = score
        self._stored = stored

    @property
    def id(self) -> str:
        return self._stored.id

    @property
    def reading(self) -> str:
        return self._stored.reading

    @property
    def evidence_band(self) -> int:
        return self._stored.evidence_band

    @property
    def shown(self) -> Shown:
        return self._stored.shown


class MeiliFound:
    """The matches of one inquiry. `frequencies` are of the question's words, as far as the server counted them,
    among `population` documents."""

    def __init__(
        self,
        candidates: list[MeiliCandidate],
        total: int,
        facets: Facets,
        frequencies: Mapping[str, int],
        population: int,
        examined: int,
        pages: Callable[[str], list[tuple[str, list[str]]]],
    ) -> None:
        self.examined = examined
        self.candidates = candidates
        self.total = total
        self.frequencies = frequencies
        self.population = population
        self.pages = pages
        self._facets = facets

    def facets(self) -> Facets:
        return self._facets


class MeiliFinder:
    """Asks one index of a server."""

    def __init__(self, server: MeiliServer, index: str, configuration: Configuration) -> None:
        self._server = server
        self._index = index
        self._matching = configuration.ranking["matching"]
        self._examined = int(configuration.ranking["near"]["candidates"])
        self._texts = MeiliTexts()

    def find(self, inquiry: Inquiry, population: Callable[[], int]) -> MeiliFound:
        short = sum(word.scores for word in inquiry.words) <= self._matching["short"]
        if short or inquiry.sort != "relevance":
            found = self._find_all_words(inquiry, population)
            enough = found.total >= self._matching["enough"] or len(inquiry.words) < 2
            if enough or (inquiry.sort != "relevance" and found.total):
                return found
        return self._find_some_words(inquiry, population())

    def pages(self, identity: str) -> list[tuple[str, list[str]]]:
        """Of one that was found, so that this person may see it."""
        request = {"ids": [meili_query.key(identity)], "fields": ["pages"], "limit": 1}
        found = self._server.ask(lambda client: fetched(client, self._index, request))
        return [page for one in found for page in pages_in(one)]

    def _find_all_words(self, inquiry: Inquiry, population: Callable[[], int]) -> MeiliFound:
        base = {"indexUid": self._index, "q": meili_query.typed(inquiry), "matchingStrategy": "all"}
        conditions = meili_query.expression(inquiry.filters, inquiry.scope)
        free = [name for name in inquiry.facets if name not in inquiry.filters.one_of]
        first = {
            **base,
            "filter": conditions,
            "limit": inquiry.depth,
            "facets": free,
            "attributesToRetrieve": _NAMED,
        }
        if inquiry.sort != "relevance" or not inquiry.words:
            first["sort"] = _SORTS.get(inquiry.sort, _EMPTY_SORT)
        queries = [first, *self._own_counts(base, inquiry)]
        if inquiry.fits:
            fit = [*conditions, meili_query.fitting(inquiry.fits)]
            queries.append({**first, "filter": fit, "facets": []})
        answers = self._ask(queries)
        hits = list(answers[0]["hits"])
        if inquiry.fits:
            seen = {hit["id"] for hit in hits}
            hits += [hit for hit in answers[-1]["hits"] if hit["id"] not in seen]
        return MeiliFound(
            candidates=[MeiliCandidate(one, -float(rank)) for rank, one in enumerate(self._read(hits, inquiry))],
            total=int(answers[0]["estimatedTotalHits"]),
            facets=_counts(inquiry.facets, answers),
            frequencies={},
            population=population(),
            examined=self._examined,
            pages=self.pages,
        )

    def _own_counts(self, base: Mapping[str, Any], inquiry: Inquiry) -> list[dict[str, Any]]:
        """For each facet with a filter its counts under the others."""
        return [
            {
                **base,
                "filter": meili_query.expression(inquiry.filters.without(name), inquiry.scope),
                "limit": 0,
                "facets": [name],
            }
            for name in inquiry.facets
            if name in inquiry.filters.one_of
        ]

    def _find_some_words(self, inquiry: Inquiry, population: int) -> MeiliFound:
        """The question as typed, the server dropping words, and each of its words by itself."""
        words = self._longest(inquiry)
        restrictions = meili_query.restrictions(inquiry)
        base = {
            "indexUid": self._index,
            "filter": meili_query.expression(inquiry.filters, inquiry.scope),
            "attributesToRetrieve": _NAMED,
        }
        whole = {
            **base,
            "q": meili_query.typed(inquiry),
            "matchingStrategy": "last",
            "limit": inquiry.depth,
        }
        singly = [
            {**base, "q": f"{word} {restrictions}".strip(), "matchingStrategy": "all", "limit": _BY_WORD}
            for word in words
        ]
        dropped, *answers = self._ask([whole, *singly])
        frequencies = {word: int(answer["estimatedTotalHits"]) for word, answer in zip(words, answers, strict=True)}
        hits = {hit["key"]: hit for answer in (dropped, *answers) for hit in answer["hits"]}
        votes = {hit["key"]: math.inf for hit in dropped["hits"]}
        for word, answer in zip(words, answers, strict=True):
            weight = math.log(1 + population / (1 + frequencies[word]))
            for hit in answer["hits"]:
                votes[hit["key"]] = votes.get(hit["key"], 0.0) + weight
        read = [key for key, _ in sorted(votes.items(), key=lambda item: (-item[1], item[0]))]
        read = read[: _MOST_READ[len(words) <= self._matching["short"]]]
        return self._union(inquiry, sorted(votes), [hits[key] for key in read], frequencies, population)

    def _longest(self, inquiry: Inquiry) -> list[str]:
        unique = dict.fromkeys(word.text for word in inquiry.words if word.scores)
        return sorted(unique, key=lambda text: -len(text))[:_MOST_WORDS]

    def _union(
        self,
        inquiry: Inquiry,
        keys: Sequence[str],
        read: Sequence[Hit],
        frequencies: Mapping[str, int],
        population: int,
    ) -> MeiliFound:
        base = {"indexUid": self._index, "q": "", "filter": [meili_query.keys(keys)]}
        free = [name for name in inquiry.facets if name not in inquiry.filters.one_of]
        longer = {"indexUid": self._index, "q": meili_query.typed(inquiry), "matchingStrategy": "last"}
        queries = [*self._own_counts(longer, inquiry)]
        if free:
            queries.append({**base, "limit": 0, "facets": free})
        answers = self._ask(queries) if queries else []
        return MeiliFound(
            candidates=[MeiliCandidate(one, 0.0) for one in self._read(read, inquiry)],
            total=len(keys),
            facets=_counts(inquiry.facets, answers),
            frequencies=frequencies,
            population=population,
            examined=len(read),
            pages=self.pages,
        )

    def _read(self, hits: Sequence[Hit], inquiry: Inquiry) -> list[StoredText]:
        """The texts of these hits, in order; without those that this person may not see any more."""
        known = self._texts.known(hits)
        unknown = [hit["key"] for hit in hits if hit["key"] not in known]
        if unknown:
            seen = meili_query.expression(Filters(), inquiry.scope)
            request = {"filter": [*seen, meili_query.keys(unknown)], "fields": FIELDS, "limit": len(unknown)}
            known |= self._texts.learn(self._server.ask(lambda client: fetched(client, self._index, request)))
        return [known[hit["key"]] for hit in hits if hit["key"] in known]

    def _ask(self, queries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        answers: list[dict[str, Any]] = self._server.ask(lambda client: client.multi_search(queries))["results"]
        return answers


def _counts(names: Sequence[str], answers: Sequence[Mapping[str, Any]]) -> Facets:
    found: Facets = {name: {} for name in names}
    for answer in answers:
        found |= answer.get("facetDistribution") or {}
    return {name: found[name] for name in names}
