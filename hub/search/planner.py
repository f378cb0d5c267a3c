"""The planner: one way to answer a question, whichever engine brings the candidates.

It takes the question apart, works out how its words may stand in documents, asks the engine, orders what comes
back (near first, then the engine's score) and says why. The order of the parts of `_order` is the ranking.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from hub.search.alternatives import Speller
from hub.search.analysis import places
from hub.search.answers import Answer, Hit, Match
from hub.search.configuration import Configuration, Rule
from hub.search.documents import Shown
from hub.search.engine import Candidate, Engine, Filters, Found, Inquiry, Scope, Sort, Word
from hub.search.highlights import Marker, snippet
from hub.search.nearness import Chain
from hub.search.question import Names, Notice, Question, by_name, flat, parse, unknown_value
from hub.search.reasons import Ranked, covers, reasons
from hub.search.scoring import score
from hub.search.vocabulary import AnyWord, WordList

KnownValues = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Request:
    """One question of one person. `filters` are those clicked, added to those typed. `deal` is what is known of
    the deal it is asked for: field of the rules → values; `coins` are the documents under a hold-out for which that
    deal is eligible, with whether to suggest them. `facets` None for all, () for none."""

    text: str
    scope: Scope
    filters: Filters = field(default_factory=Filters)
    sort: Sort = "relevance"
    limit: int = 10
    offset: int = 0
    deal: Mapping[str, frozenset[str]] = field(default_factory=dict)
    coins: Mapping[str, bool] = field(default_factory=dict)
    facets: tuple[str, ...] | None = None


class Planner:
    """Answers requests from one engine. `known` lists the values of facets with their labels and synonyms
    (facet → value → other names), so that a typed filter may use any of them; without it the values are those
    found in the index."""

    def __init__(self, engine: Engine, configuration: Configuration, known: KnownValues | None = None) -> None:
        self.engine = engine
        self._configuration = configuration
        self._known = {facet: by_name(values) for facet, values in (known or {}).items()}
        self._by_name = lru_cache(maxsize=32)(lambda values: by_name(dict.fromkeys(values, ())))
        self._depth = int(configuration.ranking["near"]["candidates"])
        self._speller = lru_cache(maxsize=8)(lambda languages: Speller(configuration, languages))

    def answer(self, request: Request) -> Answer:
        """Never raises for anything a person typed; `SearchUnavailable` when the engine cannot answer."""
        question = parse(request.text, self._names(request.text), request.scope.today)
        found, words, ranked = self._asked(question, request)
        if question.phrases and not found.total:
            question = question.unquoted()
            found, words, ranked = self._asked(question, request)
        chain = self._chain(words)
        page = ranked[request.offset : request.offset + request.limit]
        marker = Marker(words)
        hits = tuple(self._hit(one, words, chain, marker, found, request) for one in page)
        match = _match(words, chain, page, hits)
        return Answer(
            question=question,
            hits=hits,
            total=found.total,
            facets=found.facets(),
            match=match,
            suggestion=_suggestion(question, words, chain, [one.candidate for one in page]),
            notices=question.notices + _emptiness(found.total, question),
            engine=self.engine.name,
            deal=request.deal,
            tried=tuple(one.candidate.id for one in ranked if one.tried),
        )

    def meant(self, facet: str, value: str) -> str | None:
        """The value of a facet that somebody means who writes `value`: itself, its label or a synonym; None for one
        that nobody knows. Facets whose values are not listed take any."""
        known = self._listed(facet)
        return value if known is None else known.get(flat(value))

    def unknown(self, facet: str, value: str) -> Notice:
        """What to say about a value that nobody knows."""
        return unknown_value(facet, value, self._listed(facet) or {}, "so nothing matches it")

    # Asking

    def _fits(self, request: Request) -> dict[str, frozenset[str]]:
        fits: dict[str, frozenset[str]] = {}
        for rule in self._configuration.rules:
            if values := request.deal.get(rule.deal):
                fits[rule.asset] = fits.get(rule.asset, frozenset()) | values
        return fits

    def _names(self, text: str) -> Names:
        facets = self._configuration.facets
        if ":" not in text:
            return Names(facets)
        listed = {facet: names for facet in facets if (names := self._listed(facet)) is not None}
        return Names(facets, listed)

    def _listed(self, facet: str) -> Mapping[str, str] | None:
        if facet in self._known:
            return self._known[facet]
        values = self.engine.values(facet)
        return None if values is None else self._by_name(values)

    def _inquiry(self, question: Question, request: Request) -> Inquiry:
        configuration = self._configuration
        return Inquiry(
            text=question.free,
            words=(),
            scope=request.scope,
            filters=_both(request.filters, question.filters),
            phrases=question.phrases,
            excluded=question.excluded,
            fits=self._fits(request),
            sort=request.sort,
            depth=min(max(self._depth, request.offset + request.limit), configuration.most_hits),
            facets=configuration.facets if request.facets is None else request.facets,
        )

    def _asked(self, question: Question, request: Request) -> tuple[Found, tuple[Word, ...], list[Ranked]]:
        inquiry = self._inquiry(question, request)
        speller = self._speller(self.engine.languages())
        vocabulary = self.engine.vocabulary() if question.words else None
        words = speller.words(question, vocabulary)
        found = self.engine.find(replace(inquiry, words=words))
        if vocabulary is None:
            return found, *self._read(question, found, request)
        ranked = self._order(words, found.candidates, found.examined, request)
        if request.sort != "relevance" or any(one.near for one in ranked):
            return found, words, ranked
        if found.total and len(words) == 1 and words[0].known:
            return found, words, ranked  # one right word need not begin a field
        again = speller.words(question, vocabulary, all_typos=True)
        if again == words:
            return found, words, ranked
        return self._near_by_typos(inquiry, again, request) or (found, words, ranked)

    def _read(self, question: Question, found: Found, request: Request) -> tuple[tuple[Word, ...], list[Ranked]]:
        """For an engine that forgives typing by itself: the words as they stand in what it brought, first as
        typed, then, when that explains nothing, with whatever is alike."""
        speller = self._speller(self.engine.languages())
        ranked: list[Ranked] = []
        words: tuple[Word, ...] = ()
        for vocabulary in (AnyWord(), None):
            all_typos = vocabulary is None and question.words not in self._configuration.synonyms
            words = speller.words(question, vocabulary or _words_of(found.candidates), all_typos=all_typos)
            candidates: Sequence[Candidate] = found.candidates
            if words and request.sort == "relevance":
                candidates = score(candidates, words, self._configuration, found.frequencies, found.population)
            ranked = self._order(words, candidates, found.examined, request)
            if not words or (request.sort == "relevance" and any(one.near for one in ranked)):
                break
        return words, ranked

    def _near_by_typos(
        self, inquiry: Inquiry, words: tuple[Word, ...], request: Request
    ) -> tuple[Found, tuple[Word, ...], list[Ranked]] | None:
        """The same with typos tried for known words too; used when that brings something near."""
        found = self.engine.find(replace(inquiry, words=words))
        ranked = self._order(words, found.candidates, found.examined, request)
        return (found, words, ranked) if any(one.near for one in ranked) else None

    # Ordering

    def _order(
        self, words: Sequence[Word], candidates: Sequence[Candidate], examined: int, request: Request
    ) -> list[Ranked]:
        """Near first, then by score, ties by id; before both what fits the deal, among what has all words."""
        if request.sort != "relevance":
            return [Ranked(one, None, *self._fitting(one.shown, request)) for one in candidates]
        chain = self._chain(words)
        examined = len(candidates) if request.deal else examined
        ranked = []
        for at, candidate in enumerate(candidates):
            near = chain.near(candidate.reading) if words and at < examined else None
            if near is not None:
                near = near._replace(evidence=-candidate.evidence_band)
            fits, tried = self._fitting(candidate.shown, request) if request.deal else ((), False)
            ranked.append(Ranked(candidate, near, fits, tried))
        ranked.sort(key=_relevance)
        if request.deal:
            ranked.sort(key=lambda one: _fit(one, chain))
        return ranked

    def _chain(self, words: Sequence[Word]) -> Chain:
        return Chain(words, self._configuration.ranking["near"]["slack"])

    def _fitting(self, shown: Shown, request: Request) -> tuple[tuple[Rule, ...], bool]:
        """The rules by which it fits the deal, none where a hold-out says so; and whether one was asked."""
        fits = tuple(
            rule
            for rule in self._configuration.rules
            if not request.deal.get(rule.deal, frozenset()).isdisjoint(shown.tags.get(rule.asset, ()))
        )
        tried = bool(fits) and shown.id in request.coins
        return () if tried and not request.coins[shown.id] else fits, tried

    # Showing

    def _hit(
        self,
        ranked: Ranked,
        words: Sequence[Word],
        chain: Chain,
        marker: Marker,
        found: Found,
        request: Request,
    ) -> Hit:
        shown = ranked.candidate.shown
        passage = snippet(shown, ranked.candidate.reading, ranked.near, chain, marker, found.pages)
        said = reasons(ranked, words, chain, passage, self._configuration, request.deal)
        return Hit(shown, marker.mark(shown.title, shown.language), passage, said)


def _both(clicked: Filters, typed: Filters) -> Filters:
    one_of = {**typed.one_of}
    for name, values in clicked.one_of.items():
        one_of[name] = one_of.get(name, frozenset()) | values
    none_of = {**typed.none_of}
    for name, values in clicked.none_of.items():
        none_of[name] = none_of.get(name, frozenset()) | values
    return Filters(one_of, none_of, {**typed.between, **clicked.between})


def _words_of(candidates: Sequence[Candidate]) -> WordList:
    words: Counter[str] = Counter()
    stems: set[str] = set()
    for candidate in candidates:
        pairs = [token.partition("|") for token in set(candidate.reading.split())]
        words.update(word for word, _, _ in pairs)
        stems.update(stem for _, _, stem in pairs)
    return WordList(words, stems)


def _fit(one: Ranked, chain: Chain) -> tuple[bool, int]:
    incomplete = one.near is None and not all(chain.coverage(one.candidate.reading))
    return incomplete, -len(one.fits)


def _relevance(one: Ranked) -> tuple[bool, tuple[int, ...], float, str]:
    return one.near is None, one.near or (), -round(one.candidate.score, 5), one.candidate.id


def _match(words: Sequence[Word], chain: Chain, page: Sequence[Ranked], hits: Sequence[Hit]) -> Match:
    if not hits:
        return "none"
    for ranked, hit in zip(page, hits, strict=True):
        covered = covers(ranked, words, chain, hit.snippet)
        if all(has for word, has in zip(words, covered, strict=True) if word.scores):
            return "good"
    return "poor"


def _suggestion(question: Question, words: Sequence[Word], chain: Chain, hits: Sequence[Candidate]) -> str | None:
    """Only words that stand in a hit are suggested: others may come from what this person may not see."""
    better: dict[str, str] = {}
    for word, spellings in _corrections(words).items():
        at = next(number for number, one in enumerate(words) if one.text == word)
        found = (chain.spelt(candidate.reading)[at] for candidate in hits)
        if spelling := next((one for one in found if one in spellings), None):
            better[word] = spelling
    return _replaced(question.free, better) if better else None


def _corrections(words: Sequence[Word]) -> dict[str, set[str]]:
    """For each word the index does not know the ways in which it may have been meant."""
    found: dict[str, set[str]] = {}
    for word in words:
        kinds = {one.kind for one in word.alternatives}
        if not word.known and "prefix" not in kinds:
            meant = {" ".join(one.tokens) for one in word.alternatives if one.kind in ("typo", "joined")}
            found[word.text] = meant
    return found


def _replaced(text: str, better: Mapping[str, str]) -> str:
    parts = []
    at = 0
    for token, start, end in places(text):
        if token in better and start >= at:
            parts += [text[at:start], better[token]]
            at = end
    return "".join([*parts, text[at:]])


def _emptiness(total: int, question: Question) -> tuple[Notice, ...]:
    if total or not (question.filters.one_of or question.filters.none_of or question.filters.between):
        return ()
    return (Notice("filtered_out", "", "Nothing matches with these filters. Take one off to see more."),)
