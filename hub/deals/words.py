"""What deals refer to, by what a source calls it: terms, owners, accounts. Looked up once for each name and import;
what nobody knows is added, so that no deal is lost to it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, insert, select

from hub.deals.lines import NO_DECISION
from hub.deals.models import Account
from hub.errors import Invalid
from hub.people import directory
from hub.people.roles import Actor, Team
from hub.taxonomy import rows, terms, vocabulary
from hub.taxonomy.meanings import Meanings
from hub.taxonomy.nearest import folded
from hub.taxonomy.schemas import TermRef

# A column of ids that was taken for a column of words must not fill the taxonomy, nor the list of people.
MOST_NEW_WORDS = 2_000
MOST_PEOPLE = 10_000
_MOST_KEPT = 200_000


@dataclass
class Names:
    """The ids behind names. One import keeps one; what a transaction learns is kept once it is committed."""

    source: str
    terms: dict[str, dict[str, int]] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    accounts: dict[tuple[str, str], int] = field(default_factory=dict)
    new_words: Counter[str] = field(default_factory=Counter)
    stamp: str = ""

    def forget(self) -> None:
        """After a transaction that was rolled back, or when a term went meanwhile: ids may be nobody's."""
        self.terms.clear()
        self.people.clear()
        self.accounts.clear()
        self.stamp = ""


class Lookup:
    """The names of one transaction. Terms come first, then people: the order in which others lock them too."""

    def __init__(self, session: Session, actor: Actor, names: Names) -> None:
        self._session, self._actor, self._names = session, actor, names
        self.added: list[TermRef] = []
        self._no_decision: int | None = None
        stamp = vocabulary.stamp(session)
        if stamp != names.stamp:  # a term was renamed, merged or removed since the last batch
            names.terms.clear()
            names.stamp = stamp

    @property
    def source(self) -> str:
        return self._names.source

    def learn_terms(self, name: str, written: Iterable[str]) -> None:
        """Look up these words of a vocabulary, and add the unknown ones as far as there is room."""
        known = self._names.terms.setdefault(name, {})
        wanted = [word for word in dict.fromkeys(written) if word and word not in known]
        if not wanted:
            return
        if name == "deal_stages":
            self._add_mapped_stages(wanted)
        meanings = Meanings(self._session, name)
        unknown = [word for word in wanted if meanings.of(word) is None]
        too_many = set(unknown[max(0, MOST_NEW_WORDS - self._names.new_words[name]) :])
        taken = [word for word in wanted if word not in too_many]
        found = terms.take_as_written(self._session, name, taken, actor=self._actor)
        new = {term.id: term for word in unknown if (term := found.get(word)) is not None}
        self.added += [TermRef(vocabulary=name, key=term.key, label=term.label) for term in new.values()]
        known |= {word: rows.id_of(term) for word, term in found.items()}
        if new:
            self._names.stamp = vocabulary.stamp(self._session)

    def term(self, name: str, word: str) -> int | None:
        """The id of the term of a word that was learnt; None for no word, and for one that there was no room for."""
        return self._names.terms[name].get(word)

    def no_decision(self) -> int | None:
        """The id of the lost reason that means that nobody won, if there is one."""
        if self._no_decision is None:
            term = Meanings(self._session, "lost_reasons").of(NO_DECISION)
            self._no_decision = (term and term.id) or 0
        return self._no_decision or None

    def learn_people(self, written: Iterable[str]) -> None:
        known = self._names.people
        for name in dict.fromkeys(written):
            if name not in known and len(known) < MOST_PEOPLE:
                try:
                    person = directory.find_or_add(self._session, name, actor=self._actor, team=Team.SALES)
                except Invalid:
                    continue
                known[name] = person.id or 0

    def person(self, name: str) -> int | None:
        """None for a name that cannot be one, and for one that there was no room for."""
        return self._names.people.get(name)

    def learn_accounts(self, written: Iterable[tuple[str, str]]) -> None:
        """By (how the source knows it, its name). One whose name changed is renamed."""
        if len(self._names.accounts) > _MOST_KEPT:
            self._names.accounts.clear()
        wanted = {key: name for key, name in written if key and (key, name) not in self._names.accounts}
        if not wanted:
            return
        there = self._accounts(wanted)
        if missing := [key for key in wanted if key not in there]:
            source = self._names.source
            new = [{"source": source, "external_id": key, "name": wanted[key]} for key in missing]
            self._session.execute(insert(Account), new)
            there |= self._accounts(missing)
        for key, account in there.items():
            if account.name != wanted[key]:
                account.name = wanted[key]
            self._names.accounts[key, wanted[key]] = account.id or 0
        self._session.flush()

    def account(self, account: tuple[str, str]) -> int | None:
        return self._names.accounts.get(account) if account[0] else None

    def _accounts(self, keys: Collection[str]) -> dict[str, Account]:
        query = select(Account).where(Account.source == self._names.source, col(Account.external_id).in_(keys))
        return {account.external_id: account for account in self._session.exec(query)}

    def _add_mapped_stages(self, words: Sequence[str]) -> None:
        """A deal stage that the taxonomy maps to a stage of the buyer's journey is known, also when it comes for the
        first time."""
        mapped = {
            folded(stage): stage
            for term in vocabulary.terms_of(self._session, "stages")
            for stage in term.text.get("deal_stages", [])
        }
        named = [mapped[folded(word)] for word in words if folded(word) in mapped]
        if all(Meanings(self._session, "deal_stages").of(stage) for stage in named):
            return
        rows.wait_for_others(self._session)
        meanings = Meanings(self._session, "deal_stages")
        taken = set(rows.taken_keys(self._session, "deal_stages"))
        position = rows.next_position(self._session, "deal_stages")
        for stage in named:
            if meanings.of(stage) is None:
                taken.add(key := rows.key_from(stage, taken))
                fields = {"label": stage, "position": position, "confirmed": True}
                meanings.learn(rows.add_term(self._session, self._actor, "deal_stages", key, fields))
                position += 1
