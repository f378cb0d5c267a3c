"""What a taxonomy file asks of the hub, statement by statement, before anything is written. `sync` carries it out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from hub.events.models import Event
from hub.events.names import EventName
from hub.people import directory
from hub.people.models import Person
from hub.taxonomy import rows
from hub.taxonomy.comparison import decide
from hub.taxonomy.models import Term, TermAlias
from hub.taxonomy.nearest import shown
from hub.taxonomy.schemas import TermConflict
from hub.taxonomy.taxonomy_file import Statement
from hub.taxonomy.vocabulary import singular

SUBJECT = "taxonomy_file"
OWNERS = {"marketing_owner": "marketing_owner_id", "sales_owner": "sales_owner_id"}


@dataclass
class Plan:
    """`term` is None for a new one. `changes` are by field as the file names them, a text as `text.goals`, an owner by
    id or, when nobody is known by that name, as written."""

    statement: Statement
    term: Term | None
    changes: dict[str, Any] = field(default_factory=dict)
    former_keys: list[str] = field(default_factory=list)
    conflicts: list[TermConflict] = field(default_factory=list)
    refusal: str | None = None
    note: str | None = None
    superfluous: bool = False


class People:
    """Whom a file means, and how a person is written there: by e-mail address, else by name."""

    def __init__(self, session: Session) -> None:
        self._by_address: dict[str, int] = {}
        self._by_name: dict[str, int] = {}
        self._written: dict[int, str] = {}
        stored = session.exec(select(Person.id, Person.email, Person.name).order_by(col(Person.id)))
        for id, email, name in ((row[0] or 0, *row[1:]) for row in stored):
            self._written[id] = email or name
            self._by_name.setdefault(name, id)
            if email:
                self._by_address[email] = id

    def find(self, who: str | None) -> int | str | None:
        if who is None:
            return None
        address = directory.email_of(who)
        return self._by_address.get(address, who) if address else self._by_name.get(who, who)

    def written(self, who: int | str | None) -> str | None:
        return self._written[who] if isinstance(who, int) else who


class Hub:
    """The taxonomy as the hub has it, and what the file said when it was last taken over."""

    def __init__(self, session: Session, file: str) -> None:
        self.people = People(session)
        self.terms = {rows.id_of(term): term for term in session.exec(select(Term))}
        self.keys = {(term.vocabulary, term.key): id for id, term in self.terms.items()}
        self.former = {(it.vocabulary, it.key): it.term_id for it in session.exec(select(TermAlias))}
        self.touched = _touched_by_people(session)
        self.said, self.order = _last_said(session, file, self.terms)

    def fields(self, term: Term) -> dict[str, Any]:
        """As `Statement.stated` names them."""
        owners = {name: getattr(term, column) for name, column in OWNERS.items()}
        texts = {f"text.{name}": text for name, text in term.text.items()}
        return {"label": term.label, "synonyms": term.synonyms} | owners | texts

    def with_people(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.people.find(value) if name in OWNERS else value for name, value in fields.items()}


def plans_for(hub: Hub, statements: Sequence[Statement]) -> list[Plan]:
    """One plan for each statement, in their order."""
    found = _matched(hub, statements)
    plans = [_plan(hub, it, found.get((it.vocabulary, it.key))) for it in statements]
    _settle_former_keys(hub, plans)
    _refuse_double_deal_stages(hub, plans)
    return plans


def _matched(hub: Hub, statements: Sequence[Statement]) -> dict[tuple[str, str], int]:
    """The term of each statement: by its key, else by a key that the term had, else by one that the file says it had.
    Where two statements mean one term (two were merged in the hub) the first of these ways counts."""
    names = [(it.vocabulary, it.key) for it in statements]
    found = {name: hub.keys[name] for name in names if name in hub.keys}
    taken = set(found.values())
    for it, name in zip(statements, names, strict=True):
        if name not in found:
            ways = [hub.former.get(name), *(hub.keys.get((it.vocabulary, key)) for key in it.former_keys)]
            if (id := next((way for way in ways if way is not None and way not in taken), None)) is not None:
                taken.add(id)
                found[name] = id
    return found


def _plan(hub: Hub, statement: Statement, id: int | None) -> Plan:
    stated = hub.with_people(statement.stated())
    if id is not None:
        return _comparison(hub, statement, hub.terms[id], stated)
    if (heir := hub.former.get((statement.vocabulary, statement.key))) is not None:
        note = f"{_called(statement)} is one with {hub.terms[heir].key} in the hub; take it out of the file"
        return Plan(statement, hub.terms[heir], note=note, superfluous=True)
    return Plan(statement, None, stated | {"confirmed": statement.draft.confirmed})


def _comparison(hub: Hub, statement: Statement, term: Term, stated: dict[str, Any]) -> Plan:
    before = hub.with_people(hub.said.get(rows.id_of(term), {}))
    touched = term.confirmed and term.id in hub.touched
    decision = decide(stated, before, hub.fields(term), touched=touched)
    plan = Plan(statement, term, decision.changes)
    if statement.draft.confirmed and not term.confirmed:
        plan.changes["confirmed"] = True
    if term.key in statement.former_keys:
        plan.changes["key"] = statement.key
    elif term.key != statement.key:
        plan.note = f"{_called(statement)} is called {term.key} in the hub; write that key"
    for name, (wish, present) in decision.conflicts.items():
        in_file, in_hub = (hub.people.written(it) if name in OWNERS else it for it in (wish, present))
        place = {"vocabulary": term.vocabulary, "key": term.key, "line": statement.line}
        told = {"field": name.removeprefix("text."), "in_file": in_file, "in_hub": in_hub}
        plan.conflicts.append(TermConflict.model_validate(place | told))
    if plan.conflicts:
        plan.refusal = _both_changed(statement, plan.conflicts)
    return plan


def _both_changed(statement: Statement, conflicts: Sequence[TermConflict]) -> str:
    values = "; ".join(f"{it.field} is {_value(it.in_file)} here and {_value(it.in_hub)} there" for it in conflicts[:3])
    return f"{_called(statement)} was changed in the file and in the hub: {values}. Make the two sides equal"


def _value(value: Any) -> str:
    return shown(", ".join(value) if isinstance(value, list) else value) if value else "nothing"


def _settle_former_keys(hub: Hub, plans: Sequence[Plan]) -> None:
    """Keep of the former keys those that are to be added; refuse one that finds another term."""
    new = {(plan.statement.vocabulary, plan.statement.key): plan for plan in plans if plan.term is None}
    claimed: dict[tuple[str, str], Plan] = {}
    for plan in plans:
        for key in plan.statement.former_keys:
            name = (plan.statement.vocabulary, key)
            holder = hub.keys.get(name, hub.former.get(name))
            if holder is None and name not in new and claimed.setdefault(name, plan) is plan:
                plan.former_keys.append(key)
            elif holder is None or plan.term is None or holder != plan.term.id:
                plan.refusal = f"{key} cannot be a former key of {_called(plan.statement)}: it finds another term"


def _refuse_double_deal_stages(hub: Hub, plans: Sequence[Plan]) -> None:
    """A deal stage is in one stage of the journey. Whoever would add it a second time is refused; as a refused plan
    leaves its term as it is, look again until nothing is left to refuse."""
    while doubled := _first_doubled(hub, [plan for plan in plans if plan.refusal is None]):
        plan, stage, other = doubled
        plan.refusal = f"the deal stage {shown(stage)} belongs to {other} in the hub; a deal stage is in one stage only"


def _first_doubled(hub: Hub, plans: Sequence[Plan]) -> tuple[Plan, str, str] | None:
    field_name = "text.deal_stages"
    moving = [plan for plan in plans if plan.statement.vocabulary == "stages" and field_name in plan.changes]
    planned = {plan.term.id for plan in moving if plan.term is not None}
    staying = [it for id, it in hub.terms.items() if it.vocabulary == "stages" and id not in planned]
    claimed = {stage.casefold(): term.key for term in staying for stage in term.text.get("deal_stages", [])}
    for plan in moving:
        for stage in plan.changes[field_name] or []:
            if claimed.setdefault(stage.casefold(), plan.statement.key) != plan.statement.key:
                return plan, stage, claimed[stage.casefold()]
    return None


def _touched_by_people(session: Session) -> set[int]:
    """The terms that a person has added or changed, whichever way."""
    query = select(Term.id).join(Event, col(Event.subject_id) == Term.id).where(Event.subject_kind == "term")
    # SQLite gives the id of a removed term to the next one: what happened before a term was there isn't its history.
    query = query.where(col(Event.actor_id).is_not(None), col(Event.occurred_at) >= col(Term.created_at))
    return {id for id in session.exec(query.distinct()) if id is not None}


def _last_said(
    session: Session, file: str, terms: Mapping[int, Term]
) -> tuple[dict[int, dict[str, Any]], dict[str, list[int]]]:
    """By term id what the file said about it, and by vocabulary the order of ids."""
    query = select(Event).where(Event.subject_kind == SUBJECT, col(Event.subject_id).is_(None))
    query = query.where(Event.subject_name == file, Event.name == EventName.CONTENT_SYNCED)
    event = session.exec(query.order_by(col(Event.id).desc()).limit(1)).first()
    if event is None:
        return {}, {}
    meant = {id for id, term in terms.items() if term.created_at <= event.occurred_at}
    said = {id: fields for id in meant if (fields := event.data["terms"].get(str(id))) is not None}
    order = {name: [id for id in ids if id in meant] for name, ids in event.data["order"].items()}
    return said, order


def _called(statement: Statement) -> str:
    return f"the {singular(statement.vocabulary)} {statement.key}"
