"""What an admin sees and does about people: who is here and who was only named, everybody's tokens, signing out."""

import pytest

from hub.db import Database
from hub.errors import NotAllowed
from hub.people import directory, passwords, sign_in, tokens
from hub.people.directory import Standing
from hub.people.roles import HUB, Role, Scope, Team
from tests.factories.people import PASSWORD, actor, make_person, sign_in_headers


def test_people_are_narrowed_by_team_role_and_standing(database: Database) -> None:
    with database.transaction() as session:
        make_person(session, name="Ana", team="marketing", role="approver", password=PASSWORD)
        make_person(session, name="Ben", team="sales", role="reader", password=PASSWORD)
        directory.find_or_add(session, "Cara Named", actor=HUB)
        gone = make_person(session, name="Dan", password=PASSWORD)
        directory.change_person(session, HUB, gone, active=False)
        admin = actor(session, team="other", role="admin", name="Zed")

        def names(**narrowed: object) -> list[str]:
            found, total, _ = directory.people(session, admin, q="", limit=50, cursor=None, **narrowed)  # type: ignore[arg-type]
            assert total == len(found)
            return [person.name for person in found]

        assert names(standing=Standing.ACTIVE) == ["Ana", "Ben"]
        assert names(standing=Standing.NAMED) == ["Cara Named", "Zed"]
        assert names(standing=Standing.DEACTIVATED) == ["Dan"]
        assert names(team=Team.MARKETING) == ["Ana"]
        assert names(role=Role.READER, standing=Standing.ACTIVE) == ["Ben"]
        assert directory.count_by_standing(session, admin) == {
            Standing.ACTIVE: 2, Standing.NAMED: 2, Standing.DEACTIVATED: 1,
        }  # fmt: skip


def test_an_admin_sees_everybodys_tokens_and_pages_through_them(database: Database) -> None:
    with database.transaction() as session:
        people = [make_person(session) for _ in range(3)]
        made = [tokens.create(session, HUB, one, name="t", scopes=[Scope.CONTENT_READ])[0] for one in people]
        tokens.revoke(session, HUB, made[0].id or 0)
        admin = actor(session, role="admin")
        first, total, following = tokens.all_tokens(session, admin, limit=1, cursor=None)
        rest, _, end = tokens.all_tokens(session, admin, limit=1, cursor=following)
        assert [(token.id, person.id) for token, person in [*first, *rest]] == [
            (made[2].id, people[2].id), (made[1].id, people[1].id),
        ]  # fmt: skip
        assert (total, end) == (2, None)
        with pytest.raises(NotAllowed):
            tokens.all_tokens(session, actor(session, role="approver"), limit=1, cursor=None)


def test_an_admin_signs_somebody_out_everywhere(database: Database) -> None:
    with database.transaction() as session:
        person = make_person(session, password=PASSWORD)
        for _ in range(2):
            sign_in_headers(session, person)
        admin = actor(session, role="admin")
        assert sign_in.count_sessions(session, admin, person) == 2
        with pytest.raises(NotAllowed):
            sign_in.end_all_sessions(session, directory.actor_for(person), person)
        assert sign_in.end_all_sessions(session, admin, person) == 2
        assert sign_in.end_all_sessions(session, admin, person) == 0
        assert sign_in.count_sessions(session, admin, person) == 0


def test_a_made_up_password_is_good_and_another_one_each_time() -> None:
    made = {passwords.made_up() for _ in range(50)}
    assert len(made) == 50
    for one in made:
        passwords.require_good(one, email="ana@example.com", name="Ana")
