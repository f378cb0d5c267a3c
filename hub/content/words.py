"""All words of the vocabularies, looked up once for many files or rows, so that a batch needs no query for
each tag.

(`vocabulary.resolve` answers the same for a single asset; here the refusals name a line of a file as well.)
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import Session, col, select

from hub.content.fields import Stated, together
from hub.content.front_matter import ContentError
from hub.taxonomy import vocabulary
from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.nearest import nearest_names, shown
from hub.taxonomy.vocabulary import BUILTIN_VOCABULARIES, TAGGING_EXCLUDED

Tags = dict[str, list[tuple[int, str]]]


class Words:
    """The terms as they were when this was made, by key and by former key."""

    def __init__(
        self, terms: Iterable[Term], former: Mapping[tuple[str, str], Term], *, beside: "Words | None" = None
    ) -> None:
        """`beside` are further words; the ones given here count before them."""
        self._shelves: dict[str, list[Term]] = {}
        self._found: dict[tuple[str, str], Term] = {**(beside._found if beside else {}), **former}
        own = {(term.vocabulary, term.key): term for term in terms}
        others = (term for shelf in beside._shelves.values() for term in shelf) if beside else ()
        for term in (*own.values(), *(term for term in others if (term.vocabulary, term.key) not in own)):
            self._shelves.setdefault(term.vocabulary, []).append(term)
            self._found[term.vocabulary, term.key] = term

    @classmethod
    def of(cls, session: Session) -> "Words":
        """Two queries."""
        query = select(Term).order_by(col(Term.vocabulary), col(Term.position), col(Term.key))
        terms = {term.id: term for term in session.exec(query)}
        aliases = session.exec(select(TermAlias))
        return cls(
            terms.values(),
            {(it.vocabulary, it.key): terms[it.term_id] for it in aliases if it.term_id in terms},
        )

    @property
    def tagging(self) -> frozenset[str]:
        """The vocabularies whose names are fields of content files."""
        return frozenset({*self._shelves, *BUILTIN_VOCABULARIES}) - TAGGING_EXCLUDED

    def tags(self, stated: Stated) -> Tags:
        """The terms of a file's tags. Raises ContentError naming the nearest ones for each that is unknown."""
        faults = [*self._language_faults(stated), *self._vocabulary_faults(stated.tags, stated)]
        tags: Tags = {}
        for name, keys in stated.tags.items():
            for key in keys:
                if (term := self._found.get((name, key))) is not None:
                    pair = (term.id or 0, term.key)
                    if pair not in tags.setdefault(name, []):
                        tags[name].append(pair)
                elif name in self.tagging:
                    reason = vocabulary.refusal(name, key, self._shelves.get(name, []))
                    faults.append(ContentError(stated.line_of(_field(stated, name), key), reason))
        if faults:
            raise together(faults)
        return tags

    def language(self, stated: Stated) -> str:
        """The present key; `tags` has refused an unknown one."""
        return self._found["languages", stated.language].key

    def hold(self, session: Session, groups: Iterable[Tags]) -> None:
        """Keep these terms from being merged or removed until the transaction ends. Raises Invalid if one is gone."""
        used: dict[str, list[str]] = {}
        for name, key in sorted({(name, key) for tags in groups for name, terms in tags.items() for _, key in terms}):
            used.setdefault(name, []).append(key)
        if used:
            vocabulary.resolve(session, used, lock=True)

    def _language_faults(self, stated: Stated) -> Sequence[ContentError]:
        if ("languages", stated.language) in self._found:
            return ()
        reason = vocabulary.refusal("languages", stated.language, self._shelves.get("languages", []))
        return (ContentError(stated.line_of("language"), reason),)

    def _vocabulary_faults(self, tags: Mapping[str, Sequence[str]], stated: Stated) -> Iterable[ContentError]:
        for name in tags:
            if name not in self.tagging:
                near = ", ".join(nearest_names(name, self.tagging))
                yield ContentError(
                    stated.line_of("tags", name), f"assets are not tagged by {shown(name)}; nearest: {near}"
                )


def _field(stated: Stated, vocabulary_name: str) -> str:
    """Where a tag stands: in a field of its own, or under `tags`."""
    own = stated.line_of(vocabulary_name) > 1
    return vocabulary_name if own else "tags"
