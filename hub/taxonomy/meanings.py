"""What words in an import mean: more generous than a tag, because the row came from a system with words of its own."""

from sqlmodel import Session, select

from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.nearest import folded
from hub.taxonomy.vocabulary import terms_of


class Meanings:
    """Of one vocabulary, as it was when this was made. Keys come first, then former keys, labels and synonyms; a
    synonym that two terms share means neither."""

    def __init__(self, session: Session, vocabulary: str) -> None:
        terms = terms_of(session, vocabulary)
        by_id = {term.id: term for term in terms}
        aliases = session.exec(select(TermAlias).where(TermAlias.vocabulary == vocabulary))
        self._former = {folded(alias.key): by_id[alias.term_id] for alias in aliases}
        self._keys: dict[str, Term] = {}
        self._labels: dict[str, Term] = {}
        self._synonyms: dict[str, Term | None] = {}
        for term in terms:
            self.learn(term)

    def learn(self, term: Term) -> None:
        self._keys.setdefault(folded(term.key), term)
        self._labels.setdefault(folded(term.label), term)
        for synonym in map(folded, term.synonyms):
            self._synonyms[synonym] = term if self._synonyms.get(synonym, term) is term else None

    def of(self, written: str) -> Term | None:
        word = folded(written)
        for shelf in (self._keys, self._former, self._labels):
            if word in shelf:
                return shelf[word]
        return self._synonyms.get(word)
