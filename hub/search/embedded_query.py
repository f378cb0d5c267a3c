"""An `Inquiry` as tantivy queries, built from parts: no text is ever parsed as query syntax."""

from collections.abc import Iterable, Sequence

import tantivy
from tantivy import FieldType, Occur, Query

from hub.search.configuration import Configuration
from hub.search.engine import Alternative, Filters, Inquiry, Phrase, Scope, Word

Clause = tuple[Occur, Query]
_WHOLE_PART = 100.0  # above any sum of BM25: a title or heading typed word for word is always a candidate
_DATE_FIELDS = {"updated": "updated_day", "review_by": "review_by", "expires_on": "expires_on"}


class QueryBuilder:
    """Queries over one schema. `attachments` is whether any document has text of files: only then is it asked."""

    def __init__(self, schema: tantivy.Schema, configuration: Configuration, *, attachments: bool) -> None:
        self._schema = schema
        self._ranking = configuration.ranking
        self._weights = configuration.ranking["weights"]
        self._attachments = attachments

    def words(self, words: Sequence[Word], parts: Sequence[str], *, needed: int | None) -> Query | None:
        """Documents with all the scoring words, or with `needed` of them, those with one of `parts` for a title
        or heading before the others; None when there is nothing to look for."""
        core = _together([self._group(word) for word in words if word.scores and word.findable], needed)
        if core is None:
            return None
        helpers = [(Occur.Should, query) for word in words if not word.scores for query in self._helpers(word)]
        if parts:
            helpers.append((Occur.Should, Query.const_score_query(self._one_of("parts", parts), _WHOLE_PART)))
        return Query.boolean_query([(Occur.Must, core), *helpers]) if helpers else core

    def counting(self, words: Sequence[Word], *, needed: int | None) -> Query | None:
        """The documents of `words`, without what only the order needs: half the cost where all are visited."""
        return _together([self._any_of(word) for word in words if word.scores and word.findable], needed)

    def within(self, core: Query | None, inquiry: Inquiry, filters: Filters) -> Query:
        """`core` (or everything) under visibility, expiry, filters, phrases and exclusions."""
        clauses = [(Occur.Must, core)] if core is not None else []
        clauses += self.visible(inquiry.scope)
        clauses += self._filters(filters)
        clauses += [(Occur.Must, _unscored(self._phrase(phrase))) for phrase in inquiry.phrases]
        clauses += [(Occur.MustNot, self._phrase(phrase)) for phrase in inquiry.excluded]
        return Query.boolean_query(clauses)

    def visible(self, scope: Scope) -> list[Clause]:
        """What this person may see today."""
        unexpired = Query.range_query(
            self._schema, "expires_on", FieldType.Integer, lower_bound=scope.today.toordinal()
        )
        return [
            (Occur.Must, _unscored(self._one_of("visible_to", scope.seen_by))),
            (Occur.Must, _unscored(unexpired)),
        ]

    def identified(self, identities: Iterable[str], part: str) -> list[Clause]:
        return [
            (Occur.Must, _unscored(self._one_of("id", identities))),
            (Occur.Must, _unscored(self._one_of("part", (part,)))),
        ]

    def fitting(self, query: Query, fits: Iterable[tuple[str, frozenset[str]]]) -> Query:
        """The documents of `query` that fit a deal in any way, those that fit in more ways before the others."""
        ways = [(Occur.Should, Query.const_score_query(self._one_of(name, values), 1_000.0)) for name, values in fits]
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.boolean_query(ways))])

    def _group(self, word: Word) -> Query:
        ways = [self._as_typed(word)]
        longer = [one for one in word.alternatives if one.kind == "prefix"]
        others = [one for one in word.alternatives if one.kind != "prefix"]
        scored = int(self._ranking["expansion"]["prefixes"])
        ways += [_weighed(self._alternative(one), one.weight / one.part) for one in (*others, *longer[:scored])]
        if rest := longer[scored:]:
            ways.append(Query.const_score_query(self._any_word(rest), rest[0].weight / 10))
        if self._attachments:
            attached = [self._term("attached_stems", stem) for stem in word.stems]
            ways.append(_weighed(_best(attached), self._weights["attachment"]))
        return _best(ways)

    def _any_of(self, word: Word) -> Query:
        ways = [self._term("whole_stems", stem) for stem in word.stems]
        ways += [self._alternative(one) for one in word.alternatives if one.kind != "prefix"]
        if longer := [one for one in word.alternatives if one.kind == "prefix"]:
            ways.append(self._any_word(longer))
        if self._attachments:
            ways += [self._term("attached_stems", stem) for stem in word.stems]
        return ways[0] if len(ways) == 1 else Query.boolean_query([(Occur.Should, way) for way in ways])

    def _as_typed(self, word: Word) -> Query:
        boosts = self._ranking["fields"]
        plain: list[Clause] = [(Occur.Should, self._term("whole", word.text))]
        plain += [
            (Occur.Should, _weighed(self._term(name, word.text), boosts[name]))
            for name in ("title", "headings", "summary")
        ]
        stem = _best([self._term("whole_stems", stem) for stem in word.stems])
        written = _weighed(Query.boolean_query(plain), self._weights["plain"])
        return Query.boolean_query([(Occur.Should, stem), (Occur.Should, written)])

    def _alternative(self, other: Alternative) -> Query:
        return _best([self._exactly(name, other.tokens) for name in self._texts()])

    def _any_word(self, alternatives: Sequence[Alternative]) -> Query:
        words = [one.tokens[0] for one in alternatives]
        return _best([self._one_of(name, words) for name in self._texts()])

    def _helpers(self, word: Word) -> list[Query]:
        boosts = self._ranking["stop_words"]
        return [_weighed(self._term(name, word.text), boosts[name]) for name in ("title", "headings")]

    def _texts(self) -> tuple[str, ...]:
        return ("whole", "attached") if self._attachments else ("whole",)

    def _phrase(self, phrase: Phrase) -> Query:
        return _best([self._exactly(name, phrase) for name in self._texts()])

    def _exactly(self, name: str, words: Sequence[str]) -> Query:
        if len(words) == 1:
            return self._term(name, words[0])
        return Query.phrase_query(self._schema, name, list(words))

    def _filters(self, filters: Filters) -> list[Clause]:
        clauses = [(Occur.Must, _unscored(self._one_of(name, values))) for name, values in filters.one_of.items()]
        clauses += [(Occur.MustNot, self._one_of(name, values)) for name, values in filters.none_of.items()]
        for name, (low, high) in filters.between.items():
            between = Query.range_query(
                self._schema, _DATE_FIELDS[name], FieldType.Integer, lower_bound=low, upper_bound=high
            )
            clauses.append((Occur.Must, _unscored(between)))
        return clauses

    def _one_of(self, name: str, values: Iterable[str]) -> Query:
        listed = sorted(values)
        if len(listed) == 1:
            return Query.term_query(self._schema, name, listed[0], "basic")
        return Query.term_set_query(self._schema, name, listed)

    def _term(self, name: str, word: str) -> Query:
        return Query.term_query(self._schema, name, word, "freq")


def _together(groups: Sequence[Query], needed: int | None) -> Query | None:
    if not groups:
        return None
    if needed is None or needed >= len(groups):
        return Query.boolean_query([(Occur.Must, group) for group in groups])
    return Query.boolean_query([(Occur.Should, group) for group in groups], minimum_number_should_match=needed)


def _best(queries: Sequence[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.disjunction_max_query(queries)


def _weighed(query: Query, weight: float) -> Query:
    return Query.boost_query(query, weight)


def _unscored(query: Query) -> Query:
    return Query.const_score_query(query, 0.0)
