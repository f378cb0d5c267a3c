"""The stage on which planning is tested: people of both teams, words, and an empty library."""

from dataclasses import dataclass

import pytest
from sqlmodel import Session

from hub.db import Database
from hub.people.roles import Actor
from tests.factories.assets import Cast, make_cast
from tests.factories.people import actor
from tests.factories.planning import make_words


@dataclass
class Stage:
    """`rep` and `other_rep` may only read; the others are the cast of joint approval."""

    cast: Cast
    rep: Actor
    other_rep: Actor


@pytest.fixture
def stage(database: Database) -> Stage:
    with database.transaction() as session:
        return set_up(session)


def set_up(session: Session) -> Stage:
    make_words(session)
    return Stage(
        cast=make_cast(session),
        rep=actor(session, team="sales", role="reader", name="Rosa Rep", email="rosa@example.com"),
        other_rep=actor(session, team="sales", role="reader", name="Otto Other", email="otto@example.com"),
    )
