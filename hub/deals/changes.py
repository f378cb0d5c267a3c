"""Writing what a source says of deals: many lines at once, each made equal to what is said, and nothing for those that
are as they were. Stage entries are `history`'s.

Writers of deals wait for each other (on SQLite they hold the write lock anyway), so that two imports of the same file,
or an import and a webhook, cannot add a deal twice or lock each other out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, text
from sqlmodel import Session

from hub import clock
from hub.db import metadata
from hub.deals import history
from hub.deals.lines import WORDS, Columns, DealLine
from hub.deals.models import Outcome
from hub.deals.words import MOST_NEW_WORDS, MOST_PEOPLE, Lookup
from hub.imports.bulk import insert_rows, is_one_of, update_rows
from hub.imports.report import Refused
from hub.taxonomy.nearest import shown
from hub.taxonomy.schemas import TermRef
from hub.taxonomy.vocabulary import singular

_ADVISORY_LOCK = 7_203_117  # any fixed number of its own
_deals = metadata.tables["deal"]
_products = metadata.tables["deal_product"]
_states = metadata.tables["deal_state"]
_entries = metadata.tables["stage_entry"]

_TOLD = tuple(column for _, column in WORDS.values())
_MUTABLE = (
    *("name", "account_id", "owner_id", "stage_id", "amount", "currency", "outcome", "no_decision"),
    *("created_at", "closed_at", "source_updated_at", "extra"),
    *_TOLD,
)
_STATE = ("owner_id", "stated_stage_id", "amount", "currency", "outcome", "no_decision", "closed_at")
_BLANK: dict[str, Any] = dict.fromkeys(_MUTABLE) | {"name": "", "no_decision": False, "extra": {}}

Change = dict[str, list[Any]]  # by field: [before, after]


@dataclass
class Changes:
    """What lines did to deals. `new` are ids; `refused` are (place, column, reason)."""

    new: list[int] = field(default_factory=list)
    changed: dict[int, Change] = field(default_factory=dict)
    unchanged: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    added_terms: list[TermRef] = field(default_factory=list)

    @property
    def counts(self) -> tuple[int, int, int]:
        return len(self.new), len(self.changed), self.unchanged


def wait_for_others(session: Session) -> None:
    """One writer of deals at a time."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def take_deals(session: Session, lookup: Lookup, lines: Sequence[DealLine]) -> Changes:
    """Make the deals equal to the lines, each of another deal. Whether the caller may is for the caller to ask, and to
    wait for others first."""
    done = Changes()
    _learn(lookup, lines)
    known = known_deals(session, lookup.source, [line.external_id for line in lines])
    now = clock.now()
    new, changed = [], []
    for line in lines:
        before = known.get(line.external_id)
        try:
            said = _said(lookup, line)
        except Refused as refused:
            done.refused.append((line.place, refused.column, refused.reason))
            continue
        if before is None:
            new.append((line, _values(lookup, line, _BLANK, said)))
        elif is_stale(line.columns.get("source_updated_at"), before["source_updated_at"]):
            done.unchanged += 1
        else:
            changed.append((line, before, _values(lookup, line, {name: before[name] for name in _MUTABLE}, said)))
    _insert(session, lookup, new, now, done)
    _update(session, lookup, changed, now, done)
    done.added_terms = lookup.added
    return done


def known_deals(session: Session, source: str, external_ids: Sequence[str]) -> dict[str, Columns]:
    """The rows of these deals, by external id."""
    query = select(_deals).where(is_one_of(session, _deals.c.external_id, external_ids), _deals.c.source == source)
    return {row["external_id"]: row for row in session.connection().execute(query).mappings()}


def is_stale(said: datetime | None, known: datetime | None) -> bool:
    """Whether a source has told something newer already: what it sends may overtake itself on the way."""
    return said is not None and known is not None and said < known


def _learn(lookup: Lookup, lines: Sequence[DealLine]) -> None:
    for name, (vocabulary, _) in WORDS.items():
        lookup.learn_terms(vocabulary, [line.words.get(name, "") for line in lines])
    lookup.learn_terms("products", [word for line in lines for word in line.products or ()])
    lookup.learn_people([line.owner for line in lines if line.owner])
    lookup.learn_accounts([line.account for line in lines if line.account is not None])


def _said(lookup: Lookup, line: DealLine) -> dict[str, Any]:
    """What the line says, by the deal's columns. Raises Refused for a word or an owner that there was no room for."""
    said = line.columns.copy()
    for name, word in line.words.items():
        vocabulary, column = WORDS[name]
        said[column] = term_id = lookup.term(vocabulary, word)
        if term_id is None and word:
            raise Refused(name, _too_many(vocabulary, word))
    for word in line.products or ():
        if lookup.term("products", word) is None:
            raise Refused("products", _too_many("products", word))
    if line.owner is not None:
        said["owner_id"] = owner_id = lookup.person(line.owner)
        if owner_id is None and line.owner:
            reason = f"{shown(line.owner)} cannot become a person: too long, or the {MOST_PEOPLE:,} owners are used up"
            raise Refused("owner", reason)
    if line.account is not None:
        said["account_id"] = lookup.account(line.account)
    return said


def _too_many(vocabulary: str, word: str) -> str:
    new = f"the file brings more than {MOST_NEW_WORDS:,} new words for {vocabulary.replace('_', ' ')}"
    return f"{new}, so {shown(word)} is not added; is this the column of a {singular(vocabulary)}?"


def _values(lookup: Lookup, line: DealLine, before: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """The deal's columns as they are to be."""
    values = before | said
    if line.extra:
        values["extra"] = before["extra"] | line.extra
    if values["outcome"] != Outcome.LOST:
        values["no_decision"] = False
    elif "outcome" in said or "lost_reason_id" in said:
        reason = values["lost_reason_id"]
        values["no_decision"] = line.no_decision or (reason is not None and reason == lookup.no_decision())
    return values


# New deals


def _insert(
    session: Session, lookup: Lookup, new: Sequence[tuple[DealLine, dict[str, Any]]], now: datetime, done: Changes
) -> None:
    if not new:
        return
    stamps = {"source": lookup.source, "learnt_at": now, "updated_at": now}
    rows = [
        values | stamps | {"external_id": line.external_id, "stage_id": values["stated_stage_id"]}
        for line, values in new
    ]
    insert_rows(session, _deals, rows)
    there = history.deals_of(session, lookup.source, [line.external_id for line, _ in new])
    ids = {external_id: deal.id for external_id, deal in there.items()}
    products = [
        {"deal_id": ids[line.external_id], "term_id": term_id}
        for line, _ in new
        for term_id in _product_ids(lookup, line)
    ]
    insert_rows(session, _products, products)
    history.adopt_waiting(session, lookup.source, there)
    done.new = list(ids.values())


def _product_ids(lookup: Lookup, line: DealLine) -> list[int]:
    ids = (lookup.term("products", word) for word in line.products or ())
    return list(dict.fromkeys(term_id for term_id in ids if term_id is not None))


# Known deals


def _update(
    session: Session,
    lookup: Lookup,
    pairs: Sequence[tuple[DealLine, Columns, dict[str, Any]]],
    now: datetime,
    done: Changes,
) -> None:
    if not pairs:
        return
    products = _update_products(session, lookup, [(line, before["id"]) for line, before, _ in pairs])
    with_history = _with_history(session, (it[1]["id"] for it in pairs if _differs(it[1], it[2], "stated_stage_id")))
    rows: list[dict[str, Any]] = []
    states: list[tuple[Columns, dict[str, Any], datetime]] = []
    for line, before, values in pairs:
        deal_id = before["id"]
        if deal_id not in with_history and _differs(before, values, "stated_stage_id"):
            values["stage_id"] = values["stated_stage_id"]
        change: Change = {name: [before[name], values[name]] for name in _MUTABLE if before[name] != values[name]}
        if any(name in change for name in _STATE):
            states.append((before, values, line.columns.get("source_updated_at") or now))
        if change:
            rows.append(values | {"id": deal_id, "updated_at": now})
        if deal_id in products:
            change["products"] = products[deal_id]
        if change:
            done.changed[deal_id] = change
        else:
            done.unchanged += 1
    update_rows(session, _deals, rows)
    _keep_states(session, states, now)


def _keep_states(session: Session, changed: Sequence[tuple[Columns, Columns, datetime]], now: datetime) -> None:
    """(before, after, since when). The first change of a deal keeps what was so before as well: most deals of a large
    import never change, and need no row here."""
    query = select(_states.c.deal_id).where(is_one_of(session, _states.c.deal_id, [it[0]["id"] for it in changed]))
    kept = set(session.connection().execute(query.distinct()).scalars()) if changed else set()
    rows = []
    for before, after, since in changed:
        if before["id"] not in kept:
            first = {"effective_at": before["created_at"] or before["learnt_at"], "learnt_at": before["learnt_at"]}
            rows.append({name: before[name] for name in _STATE} | first | {"deal_id": before["id"]})
        now_so = {"effective_at": since, "learnt_at": now, "deal_id": before["id"]}
        rows.append({name: after[name] for name in _STATE} | now_so)
    insert_rows(session, _states, rows)


def _differs(before: Columns, values: Columns, column: str) -> bool:
    return bool(before[column] != values[column])


def _with_history(session: Session, deal_ids: Iterable[int]) -> set[int]:
    wanted = list(deal_ids)
    if not wanted:
        return set()
    query = select(_entries.c.deal_id).where(
        is_one_of(session, _entries.c.deal_id, wanted), _entries.c.superseded_at.is_(None)
    )
    return set(session.connection().execute(query.distinct()).scalars())


def _update_products(
    session: Session, lookup: Lookup, pairs: Sequence[tuple[DealLine, int]]
) -> dict[int, list[list[int]]]:
    """By deal id [before, after] of those whose products changed."""
    said = {deal_id: set(_product_ids(lookup, line)) for line, deal_id in pairs if line.products is not None}
    if not said:
        return {}
    there: dict[int, set[int]] = {deal_id: set() for deal_id in said}
    query = select(_products.c.deal_id, _products.c.term_id).where(is_one_of(session, _products.c.deal_id, said))
    for deal_id, term_id in session.connection().execute(query):
        there[deal_id].add(term_id)
    changed = {it: [sorted(there[it]), sorted(ids)] for it, ids in said.items() if ids != there[it]}
    if changed:
        session.connection().execute(delete(_products).where(is_one_of(session, _products.c.deal_id, changed)))
        rows = [{"deal_id": deal_id, "term_id": it} for deal_id, (_, after) in changed.items() for it in after]
        insert_rows(session, _products, rows)
    return changed
