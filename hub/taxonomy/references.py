"""Everything that refers to a term, found from the schema itself.

The taxonomy stands below assets and deals and may not import them; a foreign key to `term.id` is all that it needs
to know, so tables that come later are covered without a word here. (All tables are known once `hub.tables` is
imported, as every entrance does; were one not, its foreign key would refuse the merge rather than lose a tag.)
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    CursorResult,
    Delete,
    ForeignKey,
    FromClause,
    Table,
    UniqueConstraint,
    Update,
    delete,
    exists,
    func,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import object_mapper
from sqlmodel import Session

from hub.db import metadata
from hub.taxonomy.models import Term

# Former keys follow their term, but they are no use of it.
_ALIASES = "term_alias"


def repoint(session: Session, old: Term, new: Term) -> dict[str, int]:
    """Make every reference to `old` one to `new`; answers how many rows of each table changed.

    Where a row for `new` is there already (a version tagged with both), the one for `old` goes.
    """
    session.flush()
    moved: Counter[str] = Counter()
    for table, column in _references():
        for rest in _unique_companions(table, column):
            moved[table.name] += _run(session, delete(table).where(column == old.id, _twin(table, column, rest, new)))
        moved[table.name] += _run(session, update(table).where(column == old.id).values({column.name: new.id}))
    for loaded in list(session.identity_map.values()):  # these must not go on showing the old reference
        if cast(Table, object_mapper(loaded).local_table).name in moved:
            session.expire(loaded)
    return {table: count for table, count in moved.items() if count and table != _ALIASES}


def uses(session: Session, term: Term) -> dict[str, int]:
    """How many assets, deals and so on use a term, by the name of the thing; empty when nothing does."""
    session.flush()
    counted: Counter[str] = Counter()
    for table, column in _references():
        if table.name != _ALIASES:
            _count(session, counted, table, column, column == term.id)
    for table, column in _written(term.vocabulary):
        _count(session, counted, table, column, column == term.key)
    return {name: count for name, count in counted.items() if count}


def uses_of_all(session: Session, vocabulary: str) -> dict[int, dict[str, int]]:
    """As `uses`, for every term of a vocabulary by its id. One query."""
    session.flush()
    terms = metadata.tables["term"]
    ways = [(table, column, terms.c.id) for table, column in _references() if table.name != _ALIASES]
    ways += [(table, column, terms.c.key) for table, column in _written(vocabulary)]
    queries = []
    for table, column, by in ways:
        name, rows, identity = _thing(table, column)
        counts = select(terms.c.id, literal(name).label("name"), func.count(identity.distinct()).label("count"))
        of_it = counts.select_from(rows.join(terms, by == column)).where(terms.c.vocabulary == vocabulary)
        queries.append(of_it.group_by(terms.c.id))
    counted: dict[int, Counter[str]] = {}
    for term_id, name, count in session.execute(union_all(*queries)):
        counted.setdefault(term_id, Counter())[name] += count
    return {term_id: dict(of_term) for term_id, of_term in counted.items()}


def in_words(used: dict[str, int]) -> str:
    """{"asset": 3, "deal": 1, "use": 2} → 3 assets, 1 deal and 2 uses."""
    counted = [f"{count:,} {name}{'' if count == 1 else 's'}" for name, count in sorted(used.items())]
    return " and ".join([", ".join(counted[:-1]), *counted[-1:]]) if len(counted) > 1 else "".join(counted)


def _references() -> Iterator[tuple[Table, Column[Any]]]:
    target: Column[Any] = metadata.tables["term"].c.id
    for table in metadata.sorted_tables:
        for column in table.columns:
            if column.references(target):
                yield table, column


def _written(vocabulary: str) -> Iterator[tuple[Table, Column[Any]]]:
    """A language is signed as part of a version, so it stands there as a word and not as a reference."""
    if vocabulary == "languages":
        for table in metadata.sorted_tables:
            column = table.columns.get("language")
            if column is not None and not column.foreign_keys:
                yield table, column


def _unique_companions(table: Table, column: Column[Any]) -> Iterator[list[Column[Any]]]:
    """For each rule of uniqueness that the column is part of: the other columns of that rule."""
    rules = [list(table.primary_key.columns)]
    rules += [list(rule.columns) for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    rules += [list(index.columns) for index in table.indexes if index.unique]
    for rule in rules:
        names = [part.name for part in rule]
        if column.name in names:
            yield [part for part in rule if part.name != column.name]


def _twin(table: Table, column: Column[Any], rest: list[Column[Any]], new: Term) -> ColumnElement[bool]:
    twin = table.alias()
    same = [twin.columns[part.name] == part for part in rest]
    return exists().where(twin.columns[column.name] == new.id, *same)


def _count(
    session: Session, counted: Counter[str], table: Table, column: Column[Any], condition: ColumnElement[bool]
) -> None:
    name, rows, identity = _thing(table, column)
    query = select(func.count(identity.distinct())).select_from(rows).where(condition)
    counted[name] += session.execute(query).scalar_one()


def _thing(table: Table, column: Column[Any]) -> tuple[str, FromClause, Column[Any]]:
    """What people call the rows that refer, those rows, and by what they are counted: a link stands for what it
    links, a version for its asset, a stage entry for its deal."""
    thing, rows = table, cast(FromClause, table)
    if (link := _other_end(table, column)) is not None:
        thing = link.column.table
        rows = rows.join(thing, link.parent == link.column)
    whole = next((name for name in ("asset", "deal") if f"{name}_id" in thing.columns), None)
    identity = thing.columns[f"{whole}_id"] if whole else next(iter(thing.primary_key.columns))
    return whole or thing.name.replace("_", " "), rows, identity


def _other_end(table: Table, column: Column[Any]) -> ForeignKey | None:
    """Of a link (its primary key is the term and one other reference): that other reference."""
    others = [part for part in table.primary_key.columns if part.name != column.name]
    if not column.primary_key or len(others) != 1:
        return None
    return next(iter(others[0].foreign_keys), None)


def _run(session: Session, statement: Update | Delete) -> int:
    """How many rows it changed."""
    return cast(CursorResult[Any], session.execute(statement)).rowcount
