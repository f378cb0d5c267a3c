"""Imports on bad days: files of a million rows, rows that are mostly wrong, two imports at once, a hub that is held."""

import io
import sqlite3
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import func, select

from hub.db import Database
from hub.deals import imports
from hub.deals.imports import import_deals, import_stages
from hub.deals.models import Deal, StageEntry
from hub.errors import Unavailable
from hub.imports import patience, report
from hub.imports.report import ImportReport
from hub.people.roles import HUB
from hub.taxonomy import terms
from hub.taxonomy.models import Term
from tests.factories.deals import bring_deals, bring_stages, everything, table

HEAD = "deal_id,owner,outcome,created,amount,segment"


class Endless(io.RawIOBase):
    """A CSV that is written while it is read, so that nothing but the reader can hold it."""

    def __init__(self, head: str, rows: Iterator[str]) -> None:
        self._rows, self._left, self._read = rows, f"{head}\n".encode(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while len(self._left) < len(buffer) and (row := next(self._rows, "")):
            self._left += f"{row}\n".encode()
        given, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(given)] = given
        self._read += len(given)
        return len(given)

    def tell(self) -> int:
        return self._read


def bring(database: Database, head: str, rows: Iterator[str]) -> ImportReport:
    return import_deals(database, io.BufferedReader(Endless(head, rows)))


def deals(rows: int) -> Iterator[str]:
    """Every tenth is wrong, in one of five ways."""
    wrong = ("-1", "inf", "1e30", "x", "1,2,3")
    for number in range(rows):
        amount = f'"{wrong[number // 10 % 5]}"' if number % 10 == 0 else f"{number % 9_000}.50"
        yield f"D{number},rep{number % 50},open,2027-01-11,{amount},smb"


def test_every_tenth_row_wrong_is_told_row_by_row_and_the_others_come_in(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MOST_LISTED", 1_000)
    done = bring(sqlite_database, HEAD, deals(20_000))
    assert (done.read, done.new, done.rejected_rows) == (20_000, 18_000, 2_000)
    assert len(done.rejected) == 1_000
    assert [(it.row, it.column) for it in done.rejected[:2]] == [(2, "amount"), (12, "amount")]
    again = bring(sqlite_database, HEAD, deals(20_000))
    assert (again.new, again.unchanged, again.rejected_rows) == (0, 18_000, 2_000)


def test_memory_stays_flat_however_long_the_file_is(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MOST_LISTED", 100)
    bring(sqlite_database, HEAD, deals(4_000))  # what is made once is made now

    def peak(rows: int) -> int:
        tracemalloc.start()
        bring(sqlite_database, HEAD, deals(rows))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    short, long = peak(6_000), peak(24_000)
    # Three kinds of things grow: where each id was first (some dozen bytes), and nothing else.
    assert long - short < 18_000 * 150


def test_a_history_that_was_lost_is_kept_by_the_hub(database: Database) -> None:
    stages = "deal_id,stage,entered,left,result"
    bring_deals(database, table(HEAD, [("1", "Ana", "open", "2027-01-01", "5", "smb")]))
    bring_stages(database, table(stages, [("1", "Demo", "2027-01-05", "2027-01-09", "advanced")]))
    with database.reading() as session:
        before = everything(session)
    assert bring_stages(database, table(stages, [])).read == 0
    assert bring_deals(database, table(HEAD, [])).read == 0
    with database.reading() as session:
        assert everything(session) == before


def test_one_owner_with_all_deals_and_many_deals_of_one_account_are_no_trouble(database: Database) -> None:
    rows = [(number, "Ana", "won", "2027-01-01", "Cancity") for number in range(3_000)]
    assert bring_deals(database, table("deal_id,owner,outcome,created,account", rows)).new == 3_000


def test_two_imports_of_the_same_file_at_once_make_each_deal_once(database: Database) -> None:
    text = table(HEAD, [(n, f"rep {n % 7}", "open", "2027-01-01", "5", f"s{n % 5}") for n in range(3_000)])
    stages = table("deal_id,stage,entered", [(n, "Demo", "2027-01-05") for n in range(3_000)])
    together = threading.Barrier(4)
    reports: list[ImportReport] = []

    def run(read: Any, data: str) -> None:
        together.wait()
        reports.append(read(database, io.BytesIO(data.encode())))

    works = [(import_deals, text), (import_deals, text), (import_stages, stages), (import_stages, stages)]
    threads = [threading.Thread(target=run, args=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((it.new, it.unchanged) for it in reports) == sorted([*[(it.new, 3_000 - it.new) for it in reports]])
    assert sum(it.new for it in reports) == 6_000
    with database.reading() as session:
        assert session.exec(select(func.count()).select_from(Deal)).one() == 3_000
        assert session.exec(select(func.count()).select_from(StageEntry)).one() == 3_000


def test_terms_that_are_merged_while_an_import_runs_lose_no_deal(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "BATCH", 50)
    rows = [(n, "Ana", "open", "2027-01-01", "5", ("small", "tiny")[n % 2]) for n in range(500)]
    merged = False

    def merge(_: int) -> None:
        nonlocal merged
        if not merged:
            merged = True
            with database.transaction() as session:
                tiny, small = (session.exec(select(Term).where(Term.key == key)).one() for key in ("tiny", "small"))
                terms.merge(session, HUB, tiny, into=small)

    data = io.BytesIO(table(HEAD, rows).encode())
    assert import_deals(database, data, progress=merge).new == 500
    with database.reading() as session:
        segments = session.exec(select(Term.key).join(Deal, Deal.segment_id == Term.id).distinct()).all()  # type: ignore[arg-type]
        assert segments == ["small"]


def test_a_hub_that_is_held_for_a_moment_is_waited_for_and_else_named(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "WAITS", (0.01,))
    database = Database(sqlite_url, busy_seconds=0.05)
    text = table(HEAD, [(n, "Ana", "open", "2027-01-01", "5", "new word") for n in range(10)])
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="Another process"):
        bring_deals(database, text)
    other.execute("ROLLBACK")
    other.close()
    assert bring_deals(database, text).new == 10
    database.close()


def test_what_a_failed_batch_had_looked_up_is_looked_up_again(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terms, people and accounts that a batch added are gone when it is rolled back."""
    failed = False
    take = imports.take_deals

    def stumble(*given: Any) -> Any:
        nonlocal failed
        done = take(*given)
        if not failed:
            failed = True
            raise Unavailable("Another process holds the database.")
        return done

    monkeypatch.setattr(patience, "WAITS", (0.0,))
    monkeypatch.setattr(imports, "take_deals", stumble)
    head = "deal_id,owner,outcome,created,segment,account"
    done = bring_deals(
        sqlite_database, table(head, [(n, f"rep {n}", "open", "2027-01-01", "smb", "A") for n in range(9)])
    )
    assert (done.new, [it.key for it in done.added_terms]) == (9, ["smb"])
    with sqlite_database.reading() as session:
        assert session.connection().exec_driver_sql("PRAGMA foreign_key_check").all() == []
