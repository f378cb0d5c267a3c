"""Finding, adding and changing people."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from hub import clock
from hub.db import Database
from hub.errors import Conflict, Invalid, NotAllowed, NotFound
from hub.events.models import Event
from hub.people import directory, passwords
from hub.people.models import Person, SignInSession
from hub.people.roles import HUB, Actor, Role, Team
from tests.factories.people import PASSWORD, actor, make_person, sign_in_headers


def _events(session: Session, person: Person) -> list[tuple[str, dict[str, Any]]]:
    events = session.exec(select(Event).where(Event.subject_kind == "person", Event.subject_id == person.id))
    return [(event.name, event.data) for event in events]


def _add(session: Session, by: Actor = HUB, email: str = "ana@example.com", **changes: Any) -> Person:
    given: dict[str, Any] = {"name": "Ana", "team": Team.SALES, "role": Role.READER, "password": None, **changes}
    return directory.add_person(session, by, email=email, **given)


# --- find or add --------------------------------------------------------------------------------------


def test_an_unknown_address_becomes_a_person_without_sign_in(database: Database) -> None:
    with database.transaction() as session:
        person = directory.find_or_add(session, " Ana.Silva@Example.com ", actor=HUB, team=Team.SALES)
    with database.reading() as session:
        kept = session.get_one(Person, person.id)
        assert (kept.email, kept.name, kept.team, kept.role) == (
            "ana.silva@example.com",
            "Ana Silva",
            "sales",
            "reader",
        )
        assert kept.password_hash is None
        [(name, data)] = _events(session, kept)
        assert name == "person.added"
        assert data["after"] == {
            "email": "ana.silva@example.com",
            "name": "Ana Silva",
            "team": "sales",
            "role": "reader",
            "active": True,
            "can_sign_in": False,
        }


def test_a_known_address_is_found_however_it_is_written(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session, email="ana@example.com")
        assert directory.find_or_add(session, "ANA@example.COM", actor=HUB) is ana


def test_a_name_is_found_exactly_and_the_first_of_two_is_taken(database: Database) -> None:
    with database.transaction() as session:
        first = make_person(session, name="Ben Okafor")
        make_person(session, name="Ben Okafor")
        assert directory.find_or_add(session, "  Ben   Okafor ", actor=HUB) is first
        assert directory.find_or_add(session, "ben okafor", actor=HUB) is not first


@pytest.mark.parametrize("name", ["Bob @ Sales", "@bob", "O'Brien", "李小龍", "<script>alert(1)</script>", "a@b@c"])
def test_what_is_no_address_is_a_name(sqlite_database: Database, name: str) -> None:
    with sqlite_database.transaction() as session:
        person = directory.find_or_add(session, name, actor=HUB)
        assert (person.email, person.name) == (None, name)
        assert directory.find_or_add(session, name, actor=HUB) is person


@pytest.mark.parametrize("name", ["", " \t\n", "\x00", "x" * 201])
def test_a_name_that_cannot_be_kept_is_refused(sqlite_database: Database, name: str) -> None:
    with sqlite_database.transaction() as session, pytest.raises(Invalid, match="1 to 200 characters"):
        directory.find_or_add(session, name, actor=HUB)


@settings(deadline=None)
@given(st.text(max_size=260))
def test_the_form_in_which_a_name_or_an_address_is_kept_is_stable(text: str) -> None:
    """What was found or added once is found again: tidying the tidied changes nothing."""
    if address := directory.email_of(text):
        assert directory.email_of(address) == address
        assert "\x00" not in address
    try:
        name = directory.name_of(text)
    except Invalid:
        return
    assert directory.name_of(name) == name
    assert name.isprintable()


def test_two_imports_at_once_add_an_owner_once(database: Database) -> None:
    def bring_in() -> None:
        with database.transaction() as session:
            for number in range(5):
                directory.find_or_add(session, f"Owner {number}", actor=HUB)
                directory.find_or_add(session, f"owner.{number}@example.com", actor=HUB)

    threads = [threading.Thread(target=bring_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        names = session.exec(select(Person.name)).all()
    assert len(names) == len(set(names)) == 10


# --- adding -------------------------------------------------------------------------------------------


def test_an_added_person_can_sign_in_with_the_password(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ana = _add(session, email="Ana@Example.com", role=Role.ADMIN, password=PASSWORD)
        assert ana.email == "ana@example.com"
        assert passwords.verified(PASSWORD, ana.password_hash) == (True, None)
        [(_, data)] = _events(session, ana)
        assert data["after"]["can_sign_in"] is True
        assert "argon2" not in str(data)


def test_a_taken_address_is_a_conflict(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session, email="ana@example.com")
    with database.transaction() as session, pytest.raises(Conflict) as refused:
        _add(session)
    assert refused.value.extra["person"] == ana.id


def test_somebody_whom_an_import_brought_is_taken_over(database: Database) -> None:
    with database.transaction() as session:
        brought = directory.find_or_add(session, "ana@example.com", actor=HUB)
    with database.transaction() as session:
        ana = _add(session, name="Ana Silva", team=Team.MARKETING, role=Role.APPROVER)
        assert (ana.id, ana.name, ana.team, ana.role) == (brought.id, "Ana Silva", "marketing", "approver")
        [_, (name, data)] = _events(session, ana)
        assert name == "person.changed"
        assert data == {
            "before": {"name": "ana", "team": "other", "role": "reader"},
            "after": {"name": "Ana Silva", "team": "marketing", "role": "approver"},
        }


def test_somebody_who_was_deactivated_is_not_taken_over(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        brought = directory.find_or_add(session, "ana@example.com", actor=HUB)
        directory.change_person(session, HUB, brought, active=False)
        with pytest.raises(Conflict):
            _add(session)


@pytest.mark.parametrize(
    "email", ["ana", "@example.com", "ana@", "a b@example.com", "ana@x\x00.com", f"{'x' * 250}@b.io"]
)
def test_what_is_no_address_is_refused_with_its_place(sqlite_database: Database, email: str) -> None:
    with sqlite_database.transaction() as session, pytest.raises(Invalid) as refused:
        _add(session, email=email)
    assert refused.value.errors[0].loc == ("body", "email")


@pytest.mark.parametrize("role", ["reader", "contributor", "approver"])
def test_only_admins_add_and_change_people(sqlite_database: Database, role: str) -> None:
    with sqlite_database.transaction() as session:
        somebody, ana = actor(session, role=role), make_person(session)
        with pytest.raises(NotAllowed):
            _add(session, somebody)
        with pytest.raises(NotAllowed):
            directory.change_person(session, somebody, ana, role=Role.ADMIN)


# --- changing -----------------------------------------------------------------------------------------


def test_a_change_tells_before_and_after_of_what_changed(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session, team="sales", role="reader", name="Ana")
        directory.change_person(session, HUB, ana, role=Role.APPROVER, team=Team.SALES, name="Ana")
        assert _events(session, ana) == [
            ("person.changed", {"before": {"role": "reader"}, "after": {"role": "approver"}})
        ]


def test_a_change_that_changes_nothing_leaves_no_event(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ana = make_person(session, role="reader")
        directory.change_person(session, HUB, ana, role=Role.READER, active=True)
        assert _events(session, ana) == []


def test_deactivation_ends_the_sessions_and_is_harmless_when_repeated(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session)
        sign_in_headers(session, ana)
        directory.change_person(session, HUB, ana, active=False)
        since = ana.deactivated_at
        assert session.exec(select(SignInSession)).all() == []
        with clock.shifted(timedelta(days=1)):
            directory.change_person(session, HUB, ana, active=False)
        assert ana.deactivated_at == since
        directory.change_person(session, HUB, ana, active=True)
        assert ana.deactivated_at is None
        assert [data["after"] for _, data in _events(session, ana)] == [{"active": False}, {"active": True}]


@pytest.mark.parametrize("change", [{"role": Role.APPROVER}, {"active": False}])
def test_the_last_active_admin_stays(database: Database, change: dict[str, Any]) -> None:
    with database.transaction() as session:
        ana, gone = make_person(session, role="admin", name="Ana"), make_person(session, role="admin")
        directory.change_person(session, HUB, gone, active=False)
        with pytest.raises(Conflict, match="Ana is the last active admin"):
            directory.change_person(session, HUB, ana, **change)
        directory.change_person(session, HUB, gone, **change)
        make_person(session, role="admin")
        directory.change_person(session, HUB, ana, **change)


def test_two_admins_who_demote_each_other_leave_one(database: Database) -> None:
    with database.transaction() as session:
        both = [make_person(session, role="admin").id for _ in range(2)]
    ready = threading.Barrier(2)
    refused: list[Conflict] = []

    def demote(person_id: int) -> None:
        with database.transaction() as session:
            ready.wait()
            try:
                directory.change_person(session, HUB, session.get_one(Person, person_id), role=Role.READER)
            except Conflict as error:
                refused.append(error)

    threads = [threading.Thread(target=demote, args=(person_id,)) for person_id in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with database.reading() as session:
        assert len(session.exec(select(Person).where(Person.role == "admin")).all()) == 1


def test_an_owner_known_by_name_can_be_given_an_address_that_is_free(database: Database) -> None:
    with database.transaction() as session:
        ben = directory.find_or_add(session, "Ben", actor=HUB)
        make_person(session, email="ana@example.com")
        with pytest.raises(Conflict):
            directory.change_person(session, HUB, ben, email="Ana@example.com")
        directory.change_person(session, HUB, ben, email="Ben@example.com")
        assert ben.email == "ben@example.com"
        assert directory.person_by_email(session, "BEN@example.com") is ben


def test_nobody_with_an_address_is_not_found(sqlite_database: Database) -> None:
    with sqlite_database.reading() as session:
        for address in ("ana@example.com", "Ana", ""):
            with pytest.raises(NotFound):
                directory.person_by_email(session, address)


# --- looking up ---------------------------------------------------------------------------------------


def test_people_come_by_name_page_by_page(database: Database) -> None:
    names = ["Ana", "Ben", "Ben", "Cleo", "Dora", "dora", "Éva"]
    with database.transaction() as session:
        asking = actor(session, name="Zoe")
        for name in reversed(names):
            make_person(session, name=name)
    seen: list[Person] = []
    cursor = None
    with database.reading() as session:
        while True:
            page, total, cursor = directory.people(session, asking, q="", limit=3, cursor=cursor)
            assert total == 8
            seen += page
            if cursor is None:
                break
    assert sorted(person.name for person in seen) == sorted([*names, "Zoe"])
    assert len({person.id for person in seen}) == 8


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("an", ["Ana Silva", "Anaïs Örn"]),
        ("SIL", ["Ana Silva"]),
        ("ör", ["Anaïs Örn"]),
        ("na", []),
        ("%", []),
        ("_", []),
        ("100%", ["100% Sure"]),
        (" ana silva ", ["Ana Silva"]),
        ("\x00", ["100% Sure", "Ana Silva", "Anaïs Örn"]),
    ],
)
def test_people_are_found_by_the_beginning_of_a_word(database: Database, q: str, found: list[str]) -> None:
    with database.transaction() as session:
        asking = make_person(session, name="100% Sure")
        make_person(session, name="Ana Silva")
        make_person(session, name="Anaïs Örn")
    with database.reading() as session:
        page, total, _ = directory.people(session, directory.actor_for(asking), q=q, limit=20, cursor=None)
    assert sorted(person.name for person in page) == found
    assert total == len(found)
