"""How the hub is: what waits, what failed and is tried again, what a new hub still needs, how CRMs are connected."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import col, select, update

from hub import clock
from hub.db import Database
from hub.deals.sources import receipts, states
from hub.deals.sources.said import Said
from hub.errands import condition, first_steps
from hub.errors import NotAllowed
from hub.events.models import OutboxRow
from hub.people.roles import HUB
from hub.settings import Settings
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import make_deal
from tests.factories.people import PASSWORD, actor, make_person


@pytest.fixture
def here(database: Database, tmp_path: Path) -> Settings:
    url = database.engine.url.render_as_string(hide_password=False)
    return Settings(data_dir=tmp_path, database_url=url, content_dir=tmp_path)


def test_what_could_not_be_delivered_is_listed_and_tried_again(database: Database, here: Settings) -> None:
    with database.transaction() as session:
        admin = actor(session, role="admin")
        make_live(session, make_cast(session), slug="faq.price")
    with database.transaction() as session:
        wrong = select(OutboxRow.id).limit(1)
        late = {"error": "search: away", "attempts": 4, "due_at": clock.now() + timedelta(hours=1)}
        session.exec(update(OutboxRow).where(col(OutboxRow.id).in_(session.exec(wrong).all())).values(**late))
    with database.reading() as session:
        found = condition.condition(session, admin, here)
    [failed] = found.outbox.listed
    assert (found.outbox.failed, failed.reason, failed.attempts) == (1, "search: away", 4)
    assert found.outbox.waiting > 1
    assert found.revision
    assert found.database_size
    with database.transaction() as session:
        assert condition.try_again(session, admin) == 1
    with database.reading() as session:
        assert session.exec(select(OutboxRow).where(col(OutboxRow.due_at) > clock.now())).all() == []


def test_only_an_admin_sees_how_the_hub_is(database: Database, here: Settings) -> None:
    with database.transaction() as session:
        approver = actor(session, role="approver")
        for deed in (condition.condition, first_steps.first_steps):
            with pytest.raises(NotAllowed):
                deed(session, approver, here)
        with pytest.raises(NotAllowed):
            condition.try_again(session, approver)


def test_the_first_steps_tick_themselves_off(database: Database, here: Settings) -> None:
    def done() -> set[str]:
        with database.reading() as session:
            return {step.key for step in first_steps.first_steps(session, HUB, here) if step.done}

    assert done() == set()
    with database.transaction() as session:
        make_person(session, team="sales", password=PASSWORD)
        make_person(session, team="marketing")  # cannot sign in yet
        make_deal(session, "d1")
    assert done() == {"sales", "deals"}
    with database.transaction() as session:
        make_live(session, make_cast(session), slug="faq.price")
    assert done() == {"sales", "deals", "library", "live"}


def test_a_crm_is_connected_when_its_settings_are_and_says_what_is_missing(database: Database, here: Settings) -> None:
    with database.transaction() as session:
        receipts.take_event(session, "hubspot", Said("1", {"dealname": "x"}, reason="no moment"))
    given = {"hubspot_client_secret": SecretStr("s"), "pipedrive_password": SecretStr("p")}
    settings = here.model_copy(update={**given, "salesforce_url": "https://x.example"})
    with database.reading() as session:
        hubspot, salesforce, pipedrive = states.states(session, HUB, settings)
    assert (hubspot.hears, hubspot.pulls, hubspot.missing) == (True, False, ["HUB_HUBSPOT_TOKEN"])
    assert hubspot.failures == 1
    assert hubspot.heard_at is not None
    assert (salesforce.hears, salesforce.pulls) == (False, False)
    assert "HUB_SALESFORCE_URL" not in salesforce.missing
    assert (pipedrive.hears, pipedrive.pulls, pipedrive.missing, pipedrive.heard_at) == (True, None, [], None)
