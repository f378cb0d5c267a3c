"""Authors hear of a win on which their asset was used, once, and of nothing else."""

from sqlmodel import col, select

from hub.db import Database
from hub.events.names import EventName
from hub.planning.models import Notice
from hub.planning.notices import Notifier
from hub.usage.models import Action
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import events_named, make_deal
from tests.factories.uses import make_use


def test_a_win_is_told_to_those_who_wrote_what_was_used_on_it(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        mine = make_live(session, cast, slug="faq.price", title="What it costs", owner_id=cast.author.id)
        looked_at = make_live(session, cast, slug="faq.other", title="Looked at", owner_id=cast.marketing.id)
        for name in ("won", "lost"):
            deal = make_deal(session, name, name=f"Cancity {name}", created="2020-01-06")
            make_use(session, cast.sales, mine, deal=deal)
            make_use(session, cast.sales, looked_at, deal=deal, action=Action.VIEWED.value)
            make_deal(session, name, name=f"Cancity {name}", created="2020-01-06", outcome=name, closed="2026-01-06")
    with database.reading() as session:
        events = events_named(session, EventName.DEAL_CLOSED)
    for _ in range(2):
        Notifier(database).react(events)
    with database.reading() as session:
        told = session.exec(select(Notice).order_by(col(Notice.id))).all()
    assert [(one.person_id, one.link) for one in told if one.person_id == cast.author.id] == [
        (cast.author.id, "/deals/csv/won")
    ]
    assert cast.marketing.id not in {one.person_id for one in told if "Looked at" in one.text}
    assert "Cancity won was won. Of yours was used on it: “What it costs”." in {one.text for one in told}
