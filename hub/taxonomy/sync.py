"""taxonomy.yaml into the hub and back. The file is a door: neither side overwrites the other blindly.

What the file said when it was last taken over is kept (in the event of that sync). Field by field, the side that has
changed since wins; where both have, the term stays as it is in the hub and is reported with both values. Terms that
stand only in the hub are left alone and listed: a file removes nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlmodel import Session, col, select

from hub.errors import HubError
from hub.events.names import EventName
from hub.events.record import record
from hub.people.roles import Actor, Deed, require
from hub.taxonomy import catalogue, rows, taxonomy_file, terms
from hub.taxonomy.comparison import order_to_take
from hub.taxonomy.models import Term
from hub.taxonomy.plans import OWNERS, SUBJECT, Hub, People, Plan, plans_for
from hub.taxonomy.schemas import Owners, Rejected, SyncReport, TermConflict, TermRef
from hub.taxonomy.vocabulary import BUILTIN_VOCABULARIES, terms_of

_TEAMS = {name.removesuffix("_owner"): name for name in OWNERS}


def sync_file(session: Session, actor: Actor, text: str, *, name: str = "taxonomy.yaml") -> SyncReport:
    """Bring a file's terms in. What is wrong with it stands in the report, with its line, and stops nothing else.

    Raises NotAllowed. A file that changes nothing writes nothing.
    """
    require(actor, Deed.IMPORT_CONTENT)
    rows.wait_for_others(session)
    content = taxonomy_file.read(text, name=name)
    sync = _Sync(session, actor, name, Hub(session, name), rejected=content.rejected)
    for plan in plans_for(sync.hub, content.statements):
        sync.carry_out(plan)
    sync.put_in_order()
    sync.remember()
    return sync.report()


def export_text(session: Session) -> str:
    """All terms as a taxonomy.yaml. Syncing it changes nothing; an empty hub gets the same terms from it."""
    found = list(session.exec(select(Term).order_by(col(Term.vocabulary), col(Term.position), col(Term.key))))
    shelves = [*BUILTIN_VOCABULARIES, *sorted({term.vocabulary for term in found} - set(BUILTIN_VOCABULARIES))]
    found.sort(key=lambda term: shelves.index(term.vocabulary))
    former, people = catalogue.former_keys(session, found), People(session)
    return taxonomy_file.write([_as_written(term, former.get(term.id, []), people) for term in found])


@dataclass
class _Sync:
    """One file on its way in, and what has come of it so far."""

    session: Session
    actor: Actor
    file: str
    hub: Hub
    rejected: list[Rejected]
    added: list[Term] = field(default_factory=list)
    changed: int = 0
    unchanged: int = 0
    conflicts: list[TermConflict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    said: dict[int, dict[str, Any]] = field(default_factory=dict)
    in_file: dict[str, list[Term]] = field(default_factory=lambda: defaultdict(list))
    positions: dict[str, int] = field(default_factory=dict)

    def carry_out(self, plan: Plan) -> None:
        if plan.term is not None and not plan.superfluous:
            self.in_file[plan.term.vocabulary].append(plan.term)
        if plan.note is not None:
            self.notes.append(f"line {plan.statement.line}: {plan.note}")
        self.conflicts += plan.conflicts
        if plan.refusal is not None:
            self._reject(plan, plan.refusal)
            return
        try:
            self._write(plan)
        except HubError as error:
            self._reject(plan, error.errors[0].message if error.errors else error.detail)

    def put_in_order(self) -> None:
        """Show terms in the file's order, new ones after the one before them, unless the hub's was changed there."""
        new = {rows.id_of(term) for term in self.added}
        for vocabulary, listed in self.in_file.items():
            known = [rows.id_of(term) for term in listed if term.id not in new]
            present = [rows.id_of(term) for term in terms_of(self.session, vocabulary) if term.id not in new]
            touched = not self.hub.touched.isdisjoint(known)
            wish = order_to_take(known, self.hub.order.get(vocabulary), present, touched=touched)
            if wish is not None or new.intersection(rows.id_of(term) for term in listed):
                self._number(_arranged(present, wish, [rows.id_of(term) for term in listed], new), new)

    def remember(self) -> None:
        """What the file says now is what both sides agreed on last; where it was refused, what it said before."""
        said = {str(id): fields for id, fields in (self.hub.said | self.said).items()}
        order = self.hub.order | {name: [rows.id_of(it) for it in listed] for name, listed in self.in_file.items()}
        if self.said != {id: self.hub.said.get(id) for id in self.said} or order != self.hub.order:
            subject = (SUBJECT, None, self.file)
            told = {"terms": said, "order": order}
            record(self.session, EventName.CONTENT_SYNCED, actor_id=self.actor.id, subject=subject, **told)
            self.session.flush()

    def report(self) -> SyncReport:
        seen = {term.id for listed in self.in_file.values() for term in listed}
        return SyncReport(
            file=self.file,
            read=len(self.added) + self.changed + self.unchanged + len(self.rejected),
            new=len(self.added),
            changed=self.changed,
            unchanged=self.unchanged,
            rejected=sorted(self.rejected, key=lambda it: it.line),
            added_terms=[_ref(term) for term in self.added],
            conflicts=self.conflicts,
            only_in_hub=[_ref(term) for term in self.hub.terms.values() if term.id not in seen],
            notes=self.notes,
        )

    def _reject(self, plan: Plan, reason: str) -> None:
        self.rejected.append(Rejected(file=self.file, line=plan.statement.line, reason=reason))

    def _write(self, plan: Plan) -> None:
        columns = self._columns(plan)
        if plan.superfluous:
            self.unchanged += 1
            return
        if plan.term is None:
            term = self._add(plan, columns)
        else:
            term = plan.term
            changed = self._change(plan, term, columns)
            self.changed += changed
            self.unchanged += not changed
        rows.add_former_keys(self.session, self.actor, term, plan.former_keys)
        self.said[rows.id_of(term)] = plan.statement.stated()

    def _columns(self, plan: Plan) -> dict[str, Any]:
        """The changes as columns of `Term`. Adds people who are not here yet; raises Invalid for an owner that cannot
        be one, before anything of the term is written."""
        columns = {name: value for name, value in plan.changes.items() if name in {"label", "confirmed"}}
        if "synonyms" in plan.changes:
            columns["synonyms"] = plan.changes["synonyms"] or []
        owners = plan.statement.draft.owners
        named = {team: getattr(owners, team) for team, name in _TEAMS.items() if name in plan.changes}
        columns |= terms.owner_ids(self.session, self.actor, Owners(**named), present=plan.term)
        prefix = "text."
        if texts := {name.removeprefix(prefix): it for name, it in plan.changes.items() if name.startswith(prefix)}:
            present = plan.term.text if plan.term is not None else {}
            columns["text"] = {name: text for name, text in (present | texts).items() if text}
        return columns

    def _add(self, plan: Plan, columns: dict[str, Any]) -> Term:
        vocabulary, key = plan.statement.vocabulary, plan.statement.key
        if vocabulary not in self.positions:
            self.positions[vocabulary] = rows.next_position(self.session, vocabulary)
        position = self.positions[vocabulary]
        term = rows.add_term(self.session, self.actor, vocabulary, key, columns | {"position": position})
        self.positions[vocabulary] += 1
        self.added.append(term)
        self.in_file[vocabulary].append(term)
        return term

    def _change(self, plan: Plan, term: Term, columns: dict[str, Any]) -> bool:
        key = plan.changes.get("key", term.key)
        renamed = key != term.key
        if renamed:
            terms.rename(self.session, self.actor, term, key=key)
        return rows.update_term(self.session, self.actor, term, columns) or renamed or bool(plan.former_keys)

    def _number(self, ids: Sequence[int], new: set[int]) -> None:
        """Give rising positions, changing only what a walk from the first to the last must."""
        by_id = self.hub.terms | {rows.id_of(term): term for term in self.added}
        shown = [by_id[id] for id in ids]
        if all(before.position < after.position for before, after in pairwise(shown)):
            return
        last = -1
        for term in shown:
            if term.id in new or term.position <= last:
                rows.update_term(self.session, self.actor, term, {"position": last + 1})
            last = term.position


def _arranged(present: Sequence[int], wish: Sequence[int] | None, listed: Sequence[int], new: set[int]) -> list[int]:
    """`present` with those in `wish` in that order in each other's places, and new ones after those that they follow
    in the file."""
    following: dict[int | None, list[int]] = defaultdict(list)
    anchor = None
    for id in listed:
        if id in new:
            following[anchor].append(id)
        else:
            anchor = id
    moving, order = set(wish or ()), iter(wish or ())
    settled = [next(order) if id in moving else id for id in present]
    arranged = [it for id in settled for it in (id, *following[id])]
    return arranged + following[None] if anchor is None else following[None] + arranged


def _as_written(term: Term, former: Sequence[str], people: People) -> dict[str, Any]:
    owners = {team: people.written(getattr(term, OWNERS[name])) for team, name in _TEAMS.items()}
    fields = {
        "synonyms": term.synonyms,
        **term.text,
        "owners": {team: who for team, who in owners.items() if who},
        "former_keys": list(former),
    }
    written = {"vocabulary": term.vocabulary, "key": term.key, "label": term.label}
    return written | {name: it for name, it in fields.items() if it} | ({} if term.confirmed else {"confirmed": False})


def _ref(term: Term) -> TermRef:
    return TermRef(vocabulary=term.vocabulary, key=term.key, label=term.label)
