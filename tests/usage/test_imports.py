import tracemalloc
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, col, func, select

from hub import clock
from hub.db import Database
from hub.errors import Invalid, NotAllowed
from hub.events.models import Event
from hub.people.models import Person
from hub.usage import imports, matching
from hub.usage.import_rows import UseMapping
from hub.usage.models import Use
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import bring_deals, deal_named, make_deal, refused, table
from tests.factories.people import actor
from tests.factories.uses import bring_uses, day, use_named

COLUMNS = "event_id,deal_id,asset_id,date,action,person,channel"


@pytest.fixture
def hub(database: Database) -> Database:
    with database.transaction() as session:
        make_live(session, make_cast(session), slug="price-talk", external_id="A1")
        make_live(session, make_cast(session), slug="deck", external_id="A2")
        make_deal(session, "D1")
    return database


def test_a_row_becomes_a_use_with_all_its_columns(hub: Database) -> None:
    report = bring_uses(hub, table(COLUMNS, [("1", "D1", "A1", "2025-02-03T10:30:00Z", "Send", "Ben Ode", "Mail")]))
    assert (report.read, report.new, report.rejected) == (1, 1, [])
    with hub.reading() as session:
        use = use_named(session, "1")
        person = session.get_one(Person, use.person_id)
        assert (use.deal_id, use.action, use.channel) == (deal_named(session, "D1").id, "sent", "mail")
        assert (use.occurred_at, use.said_at) == (day("2025-02-03T10:30:00"), None)
        assert (person.name, person.password_hash) == ("Ben Ode", None)
        assert use.version_id is not None


def test_only_the_needed_columns_need_to_be_there(hub: Database) -> None:
    report = bring_uses(hub, "event_id;asset_id;date\n1;price-talk;2025-02-03\n")
    assert report.new == 1
    with hub.reading() as session:
        use = use_named(session, "1")
        assert (use.deal_id, use.deal_ref, use.person_id, use.action, use.channel) == (
            None,
            None,
            None,
            "shared",
            "import",
        )
        assert (use.occurred_at, use.recorded_at) == (day("2025-02-03"), None)


def test_importing_again_changes_only_what_changed(hub: Database) -> None:
    rows = [(n, "D1", "A1", "2025-02-03", "sent", "Ben", "mail") for n in range(5)]
    assert bring_uses(hub, table(COLUMNS, rows)).new == 5
    assert bring_uses(hub, table(COLUMNS, rows)).unchanged == 5
    rows[3] = (3, "D9", "A2", "2025-02-04", "viewed", "Ana", "phone")
    report = bring_uses(hub, table(COLUMNS, rows))
    assert (report.changed, report.unchanged) == (1, 4)
    assert bring_uses(hub, table(COLUMNS, rows)).unchanged == 5
    with hub.reading() as session:
        use = use_named(session, "3")
        assert (use.deal_id, use.deal_ref, use.action, use.channel) == (None, "D9", "viewed", "phone")
        assert use.occurred_at == day("2025-02-04")


def test_what_a_table_says_nothing_of_stays(hub: Database) -> None:
    bring_uses(hub, table(COLUMNS, [("1", "D1", "A1", "2025-02-03", "sent", "Ben", "mail")]))
    report = bring_uses(hub, "event_id,asset_id,date,action\n1,A1,2025-02-03,sent\n")
    assert report.unchanged == 1
    with hub.reading() as session:
        use = use_named(session, "1")
        assert use.deal_id is not None
        assert use.person_id is not None
        assert use.channel == "mail"


@pytest.mark.parametrize(
    ("cells", "column", "part"),
    [
        (("", "D1", "A1", "2025-01-01", "sent"), "event_id", "there is no event_id"),
        (("1", "D1", "", "2025-01-01", "sent"), "asset_id", "there is no asset_id"),
        (("1", "D1", "price-tolk", "2025-01-01", "sent"), "asset_id", "nearest: price-talk"),
        (("1", "D1", "A1", "", "sent"), "date", "there is no date"),
        (("1", "D1", "A1", "1.2.2025", "sent"), "date", "no date"),
        (("1", "D1", "A1", "2025-01-01", "sended"), "action", "nearest: sent"),
        (("1" * 201, "D1", "A1", "2025-01-01", "sent"), "event_id", "at most 200"),
        (("1", "D" * 201, "A1", "2025-01-01", "sent"), "deal_id", "at most 200"),
    ],
)
def test_a_row_of_no_use_is_refused_with_its_place_and_reason(
    hub: Database, cells: tuple[str, ...], column: str, part: str
) -> None:
    report = bring_uses(hub, table("event_id,deal_id,asset_id,date,action", [("0", "", "A1", "2025-01-01", ""), cells]))
    assert (report.new, report.rejected_rows) == (1, 1)
    told, reason = refused(report)[3]
    assert told == column
    assert part in reason


def test_a_use_that_stands_there_twice_is_one_and_two_of_one_id_are_told(hub: Database) -> None:
    rows = [("1", "A1", "2025-01-01"), ("1", "A1", "2025-01-01"), ("1", "A2", "2025-01-01")]
    for new, unchanged in ((1, 1), (0, 2)):
        report = bring_uses(hub, table("event_id,asset_id,date", rows))
        assert (report.new, report.unchanged) == (new, unchanged)
        assert refused(report) == {4: ("event_id", '"1" stands in row 2 too, and otherwise; keep one')}


def test_columns_values_source_and_dates_are_mapped(hub: Database) -> None:
    mapping = """
source = "crm"
[uses]
dates = "%d.%m.%Y"
[uses.columns]
event_id = "Id"
asset_id = "Content"
date = "When"
action = "What"
[uses.values.action]
"Vorgestellt" = "presented"
[uses.defaults]
channel = "show-pad"
"""
    assert bring_uses(hub, "Id\tContent\tWhen\tWhat\n7\tA1\t03.02.2025\tVorgestellt\n", mapping=mapping).new == 1
    with hub.reading() as session:
        use = use_named(session, "7", source="crm")
        assert (use.action, use.channel, use.occurred_at) == ("presented", "show-pad", day("2025-02-03"))


@pytest.mark.parametrize(("text", "part"), [("asset_id,date\n", "event_id"), ("", "empty")])
def test_a_file_that_cannot_be_used_at_all_is_said(hub: Database, text: str, part: str) -> None:
    with pytest.raises(Invalid, match=part):
        bring_uses(hub, text)


def test_uses_wait_for_deals_that_come_later(hub: Database) -> None:
    bring_uses(hub, table(COLUMNS, [("1", "D7", "A1", "2025-02-03", "sent", "", "")]))
    bring_deals(hub, "deal_id,owner,outcome,created\nD7,Ana,open,2025-01-01\n")
    assert bring_uses(hub, table(COLUMNS, [("1", "D7", "A1", "2025-02-03", "sent", "", "")])).unchanged == 1
    with hub.reading() as session:
        assert use_named(session, "1").deal_id == deal_named(session, "D7").id


def test_a_deal_that_somebody_named_is_not_overruled_by_a_table(hub: Database) -> None:
    bring_uses(hub, table(COLUMNS, [("1", "", "A1", "2025-02-03", "sent", "Ben", "")]))
    with hub.transaction() as session:
        make_deal(session, "D2")
        use = use_named(session, "1")
        matching.name_deal(session, actor(session, role="admin"), str(use.id), ("csv", "D2"))
    assert bring_uses(hub, table(COLUMNS, [("1", "D1", "A1", "2025-02-03", "sent", "Ben", "")])).unchanged == 1
    with hub.reading() as session:
        assert use_named(session, "1").deal_id == deal_named(session, "D2").id


def test_when_a_source_wrote_it_down_is_kept(hub: Database) -> None:
    tomorrow = (clock.now() + timedelta(days=1)).date()
    bring_uses(hub, f"event_id,asset_id,date,recorded\n1,A1,2025-01-01,2025-02-01\n2,A1,2025-01-01,{tomorrow}\n")
    with hub.reading() as session:
        first, second = session.exec(select(Use).order_by(col(Use.external_id)))
        assert first.recorded_at == day("2025-02-01")
        assert second.recorded_at == second.arrived_at


def test_many_uses_are_told_of_batch_by_batch(hub: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 100)
    bring_uses(hub, table(COLUMNS, [(n, "D1", "A1", "2025-02-03", "sent", "", "") for n in range(250)]))
    with hub.reading() as session:
        events = session.exec(select(Event).where(Event.name == "use.imported").order_by(col(Event.id))).all()
        assert [event.data["count"] for event in events] == [100, 100, 50]
        assert session.exec(select(func.count()).select_from(Use)).one() == 250


def test_who_may_not_import_is_refused(hub: Database) -> None:
    with hub.transaction() as session:
        ben = actor(session, role="approver")
    with pytest.raises(NotAllowed):
        imports.import_uses(hub, _Lines(0), actor=ben, mapping=UseMapping())  # type: ignore[arg-type]


class _Lines:
    """A file of so many uses, made while it is read: its own size must not count as memory."""

    def __init__(self, rows: int) -> None:
        self._lines: Iterator[bytes] = self._made(rows)
        self._left = b""
        self.closed = False

    def _made(self, rows: int) -> Iterator[bytes]:
        yield b"event_id,deal_id,asset_id,date,action\n"
        for number in range(rows):
            yield f"{number},D{number},{'A1' if number % 10 else 'A9'},2025-01-{number % 28 + 1:02},sent\n".encode()

    def read1(self, size: int) -> bytes:
        while len(self._left) < size and (line := next(self._lines, b"")):
            self._left += line
        answer, self._left = self._left[:size], self._left[size:]
        return answer

    read = read1

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def flush(self) -> None: ...

    def tell(self) -> int:
        return 0


def test_memory_does_not_grow_with_the_rows(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for twenty bytes a row to know repeated ids by, and the reasons of those that are refused."""
    monkeypatch.setattr(imports, "BATCH", 500)
    with sqlite_database.transaction() as session:
        make_live(session, make_cast(session), external_id="A1")
    peaks = []
    for rows in (1_000, 6_000):
        tracemalloc.start()
        report = imports.import_uses(sqlite_database, _Lines(rows))  # type: ignore[arg-type]
        assert report.rejected_rows == rows // 10
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 5_000 * 300


def _count(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Use)).one()


def test_after_a_run_that_was_killed_the_next_one_does_the_rest(hub: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "BATCH", 100)
    text = table(COLUMNS, [(n, "D1", "A1", "2025-02-03", "sent", "Ben", "") for n in range(250)])

    class Killed(BaseException):
        pass

    def stop(done: int) -> None:
        raise Killed

    import io

    with pytest.raises(Killed):
        imports.import_uses(hub, io.BytesIO(text.encode()), progress=stop)
    with hub.reading() as session:
        assert _count(session) == 100
    report = bring_uses(hub, text)
    assert (report.new, report.unchanged) == (150, 100)
