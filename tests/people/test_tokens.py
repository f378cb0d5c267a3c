"""Tokens: never wider than the person, nor than the token that makes them; gone when revoked, expired or demoted."""

from datetime import timedelta

import pytest
from sqlmodel import select

from hub import clock
from hub.db import Database
from hub.errors import Conflict, Invalid, NotAllowed, NotFound, NotSignedIn
from hub.events.models import Event
from hub.people import authentication, directory, tokens
from hub.people.models import Token
from hub.people.roles import HUB, Actor, Role, Scope
from tests.factories.people import actor, make_person, make_token

READ, WRITE, USE = Scope.CONTENT_READ, Scope.CONTENT_WRITE, Scope.USAGE_WRITE
DEALS, INSIGHTS, ADMIN = Scope.DEALS_WRITE, Scope.INSIGHTS_READ, Scope.ADMIN


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("reader", {READ, USE, INSIGHTS}),
        ("contributor", {READ, USE, INSIGHTS, WRITE, DEALS}),
        ("approver", {READ, USE, INSIGHTS, WRITE, DEALS}),
        ("admin", {READ, USE, INSIGHTS, WRITE, DEALS, ADMIN}),
    ],
)
def test_a_token_has_at_most_the_scopes_of_the_role(sqlite_database: Database, role: str, allowed: set[Scope]) -> None:
    with sqlite_database.transaction() as session:
        person = make_person(session, role=role)
        for scope in Scope:
            if scope in allowed:
                tokens.create(session, directory.actor_for(person), person, name="t", scopes=[scope])
            else:
                with pytest.raises(NotAllowed, match=f"cannot have {scope}; it can have content:read"):
                    tokens.create(session, directory.actor_for(person), person, name="t", scopes=[READ, scope])


def test_the_secret_is_recognisable_long_and_kept_only_as_digest(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session)
        token, secret = tokens.create(session, directory.actor_for(ana), ana, name="CRM", scopes=[WRITE, READ, READ])
    assert secret.startswith("hub_")
    assert len(secret) == 4 + 43
    with database.reading() as session:
        kept = session.get_one(Token, token.id)
        assert kept.scopes == ["content:read", "content:write"]
        assert kept.expires_at is not None
        assert timedelta(days=364) < kept.expires_at - clock.now() < timedelta(days=366)
        [event] = session.exec(select(Event).where(Event.name == "token.created"))
        assert event.data["person_id"] == ana.id
        assert secret not in f"{kept.model_dump()} {event.model_dump()}"
        assert kept.digest not in str(event.model_dump())
        seen, unnoted = authentication.actor_of_token(session, secret)
        assert (seen.id, seen.token_id, seen.scopes, unnoted) == (ana.id, token.id, frozenset({READ, WRITE}), True)


def test_an_expired_token_opens_nothing_and_says_so(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ana = make_person(session)
        _, secret = tokens.create(session, directory.actor_for(ana), ana, name="t", scopes=[READ], expires_in_days=30)
        with clock.shifted(timedelta(days=29)):
            authentication.actor_of_token(session, secret)
        with clock.shifted(timedelta(days=30)), pytest.raises(NotSignedIn, match="expired on"):
            authentication.actor_of_token(session, secret)


def test_a_token_without_expiry_stays_until_it_is_revoked(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ana = directory.actor_for(make_person(session, role="admin"))
        person = directory.person_with_id(session, ana, ana.id or 0)
        token, secret = tokens.create(session, ana, person, name="t", scopes=[READ], expires_in_days=None)
        with clock.shifted(timedelta(days=10_000)):
            authentication.actor_of_token(session, secret)
        tokens.revoke(session, ana, token.id or 0)
        tokens.revoke(session, ana, token.id or 0)
        with pytest.raises(NotSignedIn, match="revoked"):
            authentication.actor_of_token(session, secret)
        assert len(session.exec(select(Event).where(Event.name == "token.revoked")).all()) == 1


def test_a_demoted_person_s_token_loses_its_power_and_a_promoted_one_s_gains_none(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session, role="contributor")
        secret = make_token(session, ana, [READ, WRITE])
        directory.change_person(session, HUB, ana, role=Role.READER)
        assert authentication.actor_of_token(session, secret)[0].scopes == {READ}
        directory.change_person(session, HUB, ana, role=Role.ADMIN)
        assert authentication.actor_of_token(session, secret)[0].scopes == {READ, WRITE}


def test_a_deactivated_person_s_tokens_open_nothing_until_they_are_back(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session)
        secret = make_token(session, ana)
        directory.change_person(session, HUB, ana, active=False)
        with pytest.raises(NotSignedIn):
            authentication.actor_of_token(session, secret)
        with pytest.raises(Conflict, match="deactivated"):
            tokens.create(session, HUB, ana, name="t", scopes=[READ])
        directory.change_person(session, HUB, ana, active=True)
        assert authentication.actor_of_token(session, secret)[0].id == ana.id


def test_a_token_cannot_hand_on_what_it_has_not(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ana = make_person(session, role="admin")
        using, _ = authentication.actor_of_token(session, make_token(session, ana, [ADMIN, READ]))
        tokens.create(session, using, ana, name="t", scopes=[READ, ADMIN])
        with pytest.raises(NotAllowed, match="has not content:write itself"):
            tokens.create(session, using, ana, name="t", scopes=[READ, WRITE])


def test_a_token_needs_a_scope(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session, pytest.raises(Invalid, match="at least one scope of content:read"):
        tokens.create(session, HUB, make_person(session), name="t", scopes=[])


def test_only_admins_make_see_and_revoke_the_tokens_of_others(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        ana, ben, admin = make_person(session), actor(session, role="approver"), actor(session, role="admin")
        token, _ = tokens.create(session, admin, ana, name="t", scopes=[READ])
        assert token.created_by == admin.id
        with pytest.raises(NotAllowed):
            tokens.create(session, ben, ana, name="t", scopes=[READ])
        with pytest.raises(NotAllowed):
            tokens.tokens_of(session, ben, ana.id, limit=20, cursor=None)
        with pytest.raises(NotFound):
            tokens.revoke(session, ben, token.id or 0)
        assert _names(session, admin, ana.id) == ["t"]
        tokens.revoke(session, admin, token.id or 0)
        assert _names(session, admin, ana.id) == []
        with pytest.raises(NotFound):
            tokens.revoke(session, admin, 999_999)


def test_the_hub_itself_does_not_own_the_tokens_of_nobody(sqlite_database: Database) -> None:
    """An actor without id is not "the same person" as a missing one."""
    with sqlite_database.transaction() as session:
        ana = make_person(session)
        tokens.create(session, HUB, ana, name="by the operator", scopes=[READ])
        assert _names(session, HUB, ana.id) == ["by the operator"]


def test_tokens_come_newest_first_page_by_page(database: Database) -> None:
    with database.transaction() as session:
        ana = make_person(session)
        acting = directory.actor_for(ana)
        for number in range(5):
            tokens.create(session, acting, ana, name=f"t{number}", scopes=[READ])
        first, total, following = tokens.tokens_of(session, acting, ana.id, limit=3, cursor=None)
        rest, _, nothing = tokens.tokens_of(session, acting, ana.id, limit=3, cursor=following)
    assert [token.name for token in [*first, *rest]] == ["t4", "t3", "t2", "t1", "t0"]
    assert (total, nothing) == (5, None)


def _names(session: object, acting: Actor, person_id: int | None) -> list[str]:
    return [token.name for token in tokens.tokens_of(session, acting, person_id, limit=20, cursor=None)[0]]  # type: ignore[arg-type]
