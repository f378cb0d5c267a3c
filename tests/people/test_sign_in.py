"""Signing in: claim, proof, session; and the end of sessions."""

from datetime import timedelta

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import Session, select

from hub import clock
from hub.db import Database
from hub.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn, TooMany
from hub.events.models import Event
from hub.people import authentication, directory, passwords, sign_in
from hub.people.models import Person, SignInSession
from hub.people.rate_limits import Limiter
from hub.people.roles import HUB
from hub.settings import Settings
from tests.factories.people import PASSWORD, actor, make_person

ANOTHER = "nine larks hum low tunes"


def _sign_in(session: Session, person: Person, password: str = PASSWORD, **options: str) -> str:
    """The three steps in one session, which only a test may do: nobody else waits for it."""
    proof = sign_in.prove(sign_in.claim(session, person.email or ""), password)
    return sign_in.begin(session, proof, days=14, **options)[1]


def test_the_secret_opens_until_it_expires(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session, password=PASSWORD)
        secret = _sign_in(session, ana)
    with database.reading() as session:
        assert authentication.actor_of_session(session, secret).id == ana.id
        with clock.shifted(timedelta(days=13, hours=23)):
            assert authentication.actor_of_session(session, secret).id == ana.id
        with clock.shifted(timedelta(days=14)), pytest.raises(NotSignedIn):
            authentication.actor_of_session(session, secret)


def test_only_the_digest_of_the_secret_is_kept(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        secret = _sign_in(session, make_person(session, password=PASSWORD))
        row = session.exec(select(SignInSession)).one()
        assert len(secret) == 43
        assert secret not in str(row.model_dump())
        assert secret not in str([event.model_dump() for event in session.exec(select(Event))])


def test_wrong_password_unknown_address_and_nobody_to_sign_in_get_one_answer(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        make_person(session, email="ana@example.com", password=PASSWORD)
        make_person(session, email="nopassword@example.com")
        gone = make_person(session, email="gone@example.com", password=PASSWORD)
        directory.change_person(session, HUB, gone, active=False)
        told = set()
        tries = [
            ("ana@example.com", ANOTHER),
            ("nobody@example.com", PASSWORD),
            ("nopassword@example.com", PASSWORD),
            ("gone@example.com", PASSWORD),
            ("no address", PASSWORD),
            ("", PASSWORD),
        ]
        for email, password in tries:
            with pytest.raises(NotSignedIn) as refused:
                sign_in.prove(sign_in.claim(session, email), password)
            told.add(refused.value.detail)
        assert len(told) == 1


def test_a_proof_no_longer_holds_when_the_password_was_changed_or_the_person_deactivated(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session, password=PASSWORD)
        proof = sign_in.prove(sign_in.claim(session, ana.email or ""), PASSWORD)
        directory.change_person(session, HUB, ana, active=False)
        with pytest.raises(NotSignedIn):
            sign_in.begin(session, proof, days=14)
        directory.change_person(session, HUB, ana, active=True)
        sign_in.set_password(session, HUB, ana, passwords.hashed(ANOTHER, email=None, name="Ana"))
        with pytest.raises(NotSignedIn):
            sign_in.begin(session, proof, days=14)


def test_a_hash_of_an_older_make_is_replaced_on_the_way_in(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ana = make_person(session)
        ana.password_hash = Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
        session.flush()
        _sign_in(session, ana)
        assert ana.password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        _sign_in(session, ana)


def test_signing_in_again_replaces_the_browsers_session_and_forgets_the_expired(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ana = make_person(session, password=PASSWORD)
        kept, replaced = _sign_in(session, ana), _sign_in(session, ana)
        _sign_in(session, ana, replacing=replaced)
        assert authentication.actor_of_session(session, kept)
        with pytest.raises(NotSignedIn):
            authentication.actor_of_session(session, replaced)
        with clock.shifted(timedelta(days=15)):
            _sign_in(session, ana)
            assert len(session.exec(select(SignInSession)).all()) == 1


def test_a_browser_cannot_replace_the_session_of_somebody_else(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        theirs = _sign_in(session, make_person(session, password=PASSWORD))
        _sign_in(session, make_person(session, password=PASSWORD), replacing=theirs)
        assert authentication.actor_of_session(session, theirs)


def test_changing_the_password_ends_all_sessions_but_the_one_that_asks(database: Database) -> None:
    with database.transaction() as session:
        ana, ben = make_person(session, password=PASSWORD), make_person(session, password=PASSWORD)
        here, elsewhere, bens = _sign_in(session, ana), _sign_in(session, ana), _sign_in(session, ben)
        acting = authentication.actor_of_session(session, here)
        proof = sign_in.prove_again(sign_in.claim_again(session, acting), PASSWORD)
        new = sign_in.new_password(acting, current=PASSWORD, new=ANOTHER)
        sign_in.change_password(session, acting, proof, new)
        assert authentication.actor_of_session(session, here)
        assert authentication.actor_of_session(session, bens)
        with pytest.raises(NotSignedIn):
            authentication.actor_of_session(session, elsewhere)
        with pytest.raises(NotSignedIn):
            _sign_in(session, ana, PASSWORD)
        assert _sign_in(session, ana, ANOTHER)
        with pytest.raises(Conflict, match="meanwhile"):
            sign_in.change_password(session, acting, proof, new)
        [changed] = session.exec(select(Event).where(Event.name == "person.password_changed"))
        assert changed.data == {"sessions_ended": 1}


def test_the_current_password_must_be_right_and_the_new_one_new_and_good(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        acting = directory.actor_for(make_person(session, password=PASSWORD))
        with pytest.raises(NotAllowed) as wrong:
            sign_in.prove_again(sign_in.claim_again(session, acting), ANOTHER)
    assert wrong.value.errors[0].loc == ("body", "current")
    for new in (PASSWORD, "short"):
        with pytest.raises(Invalid) as refused:
            sign_in.new_password(acting, current=PASSWORD, new=new)
        assert refused.value.errors[0].loc == ("body", "new")


def test_an_admin_who_sets_a_password_ends_that_persons_sessions(database: Database) -> None:
    with database.transaction() as session:
        admin, ana = actor(session, role="admin"), make_person(session, password=PASSWORD)
        theirs = _sign_in(session, ana)
        sign_in.set_password(session, admin, ana, passwords.hashed(ANOTHER, email=None, name="Ana"))
        with pytest.raises(NotSignedIn):
            authentication.actor_of_session(session, theirs)
        assert _sign_in(session, ana, ANOTHER)


def test_a_person_without_an_address_gets_no_password(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ben = directory.find_or_add(session, "Ben", actor=HUB)
        with pytest.raises(Conflict, match="no e-mail address"):
            sign_in.set_password(session, HUB, ben, passwords.hashed(ANOTHER, email=None, name="Ben"))


def test_one_sees_and_ends_ones_own_sessions_only(database: Database) -> None:
    with database.transaction() as session:
        ana, ben = make_person(session, password=PASSWORD), make_person(session, password=PASSWORD)
        first, second = _sign_in(session, ana, user_agent="Firefox"), _sign_in(session, ana, user_agent="x" * 999)
        _sign_in(session, ben)
        acting = authentication.actor_of_session(session, first)
        rows, total, following = sign_in.sessions_of(session, acting, limit=1, cursor=None)
        assert (total, len(rows[0].user_agent)) == (2, 200)
        rest, _, nothing = sign_in.sessions_of(session, acting, limit=1, cursor=following)
        assert (rest[0].user_agent, nothing) == ("Firefox", None)
        with pytest.raises(NotFound):
            sign_in.end_session(session, directory.actor_for(ben), rows[0].id or 0)
        sign_in.end_session(session, acting, rows[0].id or 0)
        with pytest.raises(NotSignedIn):
            authentication.actor_of_session(session, second)
        sign_in.sign_out(session, acting)
        with pytest.raises(NotSignedIn):
            authentication.actor_of_session(session, first)


# --- holding strangers back ---------------------------------------------------------------------------


def _tries_until_held_back(limiter: Limiter, email: str, client: str, most: int = 200) -> int:
    for number in range(most):
        try:
            sign_in.hold_back(limiter, "5/minute", email=email, client=client)
        except TooMany:
            return number
    return most


def test_a_stranger_who_guesses_one_password_holds_back_only_himself(sqlite_database: Database) -> None:
    limiter = Limiter(Settings(), sqlite_database)
    assert _tries_until_held_back(limiter, "ana@example.com", "203.0.113.7") == 5
    for _ in range(100):  # going on is of no use, and takes nothing from the others' share
        assert _tries_until_held_back(limiter, "ana@example.com", "203.0.113.7") == 0
    sign_in.hold_back(limiter, "5/minute", email="ana@example.com", client="198.51.100.4")


def test_a_stranger_who_tries_many_people_is_held_back_at_ten_times_the_rate(sqlite_database: Database) -> None:
    limiter = Limiter(Settings(), sqlite_database)
    tried = sum(_tries_until_held_back(limiter, f"p{n}@example.com", "203.0.113.7", most=1) for n in range(80))
    assert tried == 50


def test_strangers_in_many_places_are_held_back_at_ten_times_the_rate_and_for_a_minute(
    sqlite_database: Database,
) -> None:
    limiter = Limiter(Settings(), sqlite_database)
    tried = sum(_tries_until_held_back(limiter, "ana@example.com", f"203.0.113.{n}", most=1) for n in range(80))
    assert tried == 50
    with clock.shifted(timedelta(seconds=61)):
        sign_in.hold_back(limiter, "5/minute", email="ana@example.com", client="198.51.100.4")


@pytest.mark.parametrize("spelling", ["ANA@Example.COM", " Ana@example.com\t", "an\u212b@example.com"])
def test_another_spelling_of_an_address_is_no_fresh_set_of_guesses(sqlite_database: Database, spelling: str) -> None:
    kept = directory.email_of(spelling) or ""
    limiter = Limiter(Settings(), sqlite_database)
    assert _tries_until_held_back(limiter, kept, "203.0.113.7") == 5
    assert _tries_until_held_back(limiter, spelling, "203.0.113.7") == 0
