"""Rows that go past the ORM are the rows that it would have written, on both databases."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from hub.db import Database, metadata
from hub.deals.models import Account, Deal
from hub.imports.bulk import insert_rows, is_one_of, update_rows

NOW = datetime(2027, 3, 1, 12, 30, 0, 250_000, tzinfo=UTC)
ODD = "a\tb\\N\\n 🦦 “q” 'x' \\ 100%"


def values(**fields: Any) -> dict[str, Any]:
    blank = {"source": "csv", "outcome": "open", "no_decision": False, "learnt_at": NOW, "updated_at": NOW}
    return blank | {"name": "", "external_id": "1", "amount": None, "created_at": None, "extra": {}} | fields


def deals(session: Session) -> list[Deal]:
    return list(session.exec(select(Deal).order_by(Deal.external_id)))  # type: ignore[arg-type]


def test_values_come_back_as_they_were_given(database: Database) -> None:
    table = metadata.tables["deal"]
    with database.transaction() as session:
        insert_rows(
            session,
            table,
            [
                values(name=ODD, amount=10**15, created_at=NOW, extra={"a": [1, None, ODD]}, no_decision=True),
                values(external_id="2"),
            ],
        )
        insert_rows(session, table, [])
    with database.reading() as session:
        one, two = deals(session)
        assert (one.name, one.amount, one.created_at, one.no_decision) == (ODD, 10**15, NOW, True)
        assert one.extra == {"a": [1, None, ODD]}
        assert (two.amount, two.created_at, two.currency, two.no_decision, two.extra) == (None, None, None, False, {})


def test_an_update_changes_the_rows_that_are_named(database: Database) -> None:
    table = metadata.tables["deal"]
    with database.transaction() as session:
        insert_rows(session, table, [values(external_id=str(number)) for number in range(3)])
        ids = [deal.id for deal in deals(session)]
        update_rows(session, table, [{"id": ids[1], "amount": 5, "closed_at": NOW, "extra": {"x": ODD}}])
        update_rows(session, table, [])
    with database.reading() as session:
        assert [(it.amount, it.closed_at, it.extra) for it in deals(session)] == [
            (None, None, {}),
            (5, NOW, {"x": ODD}),
            (None, None, {}),
        ]


def test_a_broken_rule_is_the_error_that_an_insert_gives(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        insert_rows(session, metadata.tables["deal"], [values(), values()])
    with pytest.raises(IntegrityError), database.transaction() as session:
        insert_rows(session, metadata.tables["deal"], [values(owner_id=987_654)])
    with database.reading() as session:
        assert deals(session) == []


def test_any_number_of_values_is_one_parameter(database: Database) -> None:
    table = metadata.tables["account"]
    with database.transaction() as session:
        rows = [{"source": "csv", "external_id": f"{number} {ODD}", "name": "x"} for number in range(5)]
        insert_rows(session, table, rows)
        wanted = [f"{number} {ODD}" for number in range(3, 70_000)]
        found = session.exec(select(Account).where(is_one_of(session, table.c.external_id, wanted))).all()
        assert sorted(it.external_id[0] for it in found) == ["3", "4"]
        ids = [it.id for it in found]
        assert len(session.exec(select(Account).where(is_one_of(session, table.c.id, ids))).all()) == 2
        assert session.exec(select(Account).where(is_one_of(session, table.c.id, []))).all() == []
