"""Uses without a deal: which deals are proposed, why, and that nothing is anybody's until somebody says so."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from hub import clock
from hub.db import Database
from hub.deals.models import Deal
from hub.errors import Conflict, NotAllowed, NotFound
from hub.people.roles import HUB, Actor
from hub.usage import matching, taking_back
from hub.usage.lately import Searched, no_searches
from hub.usage.listing import are_recalled
from hub.usage.schemas import ProposalOut
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import make_deal
from tests.factories.people import actor
from tests.factories.taxonomy import make_term
from tests.factories.uses import make_use, use_named


def a_deal(session: Session, external_id: str, owner: Actor | None = None, **fields: object) -> Deal:
    given = {"created": "2020-01-01"} | fields | ({"owner": owner.email} if owner is not None else {})
    return make_deal(session, external_id, **given)


def proposed(session: Session, who: Actor, searches: object = no_searches) -> list[ProposalOut]:
    return matching.proposals(session, who, searches=searches, limit=20, cursor=None).items  # type: ignore[arg-type]


def test_ones_only_deal_is_proposed_and_not_taken(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        use = make_use(session, cast.reader, make_live(session, cast))
        a_deal(session, "mine", cast.reader, name="Acme renewal")
        a_deal(session, "hers", cast.sales)
        [found] = proposed(session, cast.reader)
        assert [(it.deal.external_id, it.deal.name, it.why) for it in found.deals] == [
            ("mine", "Acme renewal", ["your only deal then"])
        ]
        session.refresh(use)
        assert use.deal_id is None


def test_what_somebody_did_about_then_says_which_of_their_deals(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        cast = make_cast(session)
        asset, other = make_live(session, cast), make_live(session, cast)
        deals = [a_deal(session, f"D{n}", cast.reader) for n in range(3)]
        make_use(session, cast.reader, other, deal=deals[1], occurred_at=now - timedelta(minutes=20))
        make_use(session, cast.reader, asset, occurred_at=now - timedelta(minutes=5))

        def searches(_: Session, person_id: int, since: datetime, until: datetime) -> Sequence[Searched]:
            assert since < now < until
            return [Searched(now - timedelta(hours=3), None, "csv/D2")] if person_id == cast.reader.id else []

        [found] = proposed(session, cast.reader, searches)
        assert [it.deal.external_id for it in found.deals] == ["D1", "D2", "D0"]
        assert found.deals[0].why == ["you used other assets on it about then", "your deal"]
        assert found.deals[1].why == ["your deal", "you searched for this deal about then"]


def test_the_account_and_the_tags_of_the_asset_count(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        make_term(session, "competitors", "tilvane", label="Tilvane")
        asset = make_live(
            session, cast, title="Offer to Brennhof AG against Tilvane", tags={"competitors": ["tilvane"]}
        )
        make_use(session, cast.reader, asset)
        a_deal(session, "D0", cast.reader)
        a_deal(session, "D1", cast.reader, account={"name": "Brennhof AG"}, competitor="tilvane")
        [found] = proposed(session, cast.reader)
        assert found.deals[0].deal.external_id == "D1"
        assert found.deals[0].why == ["the asset names Brennhof AG", "your deal", "it is tagged Tilvane"]


def test_a_deal_that_was_over_or_had_not_begun_is_not_proposed(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        cast = make_cast(session)
        make_use(session, cast.reader, make_live(session, cast), occurred_at=now - timedelta(days=5))
        a_deal(session, "over", cast.reader, outcome="lost", closed=(now - timedelta(days=6)).isoformat())
        a_deal(session, "later", cast.reader, created=(now - timedelta(days=2)).isoformat())
        [found] = proposed(session, cast.reader)
        assert found.deals == []


def test_the_same_id_from_another_source_is_proposed(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        make_use(session, cast.reader, make_live(session, cast), deal=("csv", "006"))
        a_deal(session, "006", source="crm")
        [found] = proposed(session, cast.reader)
        assert found.use.deal is not None
        assert not found.use.deal.known
        assert [it.deal.source for it in found.deals] == ["crm"]


def test_nobody_is_shown_what_others_used(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        use = make_use(session, cast.reader, make_live(session, cast))
        a_deal(session, "D1", cast.sales)
        assert proposed(session, cast.sales) == []
        with pytest.raises(NotFound):
            matching.name_deal(session, cast.sales, str(use.id), ("csv", "D1"))


def test_one_click_makes_the_use_the_deals(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        use = make_use(session, cast.reader, make_live(session, cast), deal=("csv", "006"))
        deal = a_deal(session, "D1", cast.reader)
        shown = matching.name_deal(session, cast.reader, use.external_id, ("csv", "D1"))
        assert shown.deal is not None
        assert (shown.deal.external_id, shown.recalled) == ("D1", False)
        assert (use.deal_id, use.deal_ref, use.deal_named_by) == (deal.id, None, cast.reader.id)
        first = use.deal_named_at
        matching.name_deal(session, cast.reader, use.external_id, ("csv", "D1"))
        assert use.deal_named_at == first
        assert proposed(session, cast.reader) == []


def test_that_it_was_on_no_deal_is_an_answer_too(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        use = make_use(session, cast.reader, make_live(session, cast))
        a_deal(session, "D1", cast.reader)
        assert matching.name_deal(session, cast.reader, use.external_id, None).deal is None
        assert proposed(session, cast.reader) == []


def test_who_brings_a_use_to_a_deal_after_its_close_knows_how_it_ended(database: Database) -> None:
    now = clock.now()
    with database.transaction() as session:
        cast = make_cast(session)
        with clock.shifted(timedelta(days=-20)):
            use = make_use(session, cast.reader, make_live(session, cast))
        a_deal(session, "D1", cast.reader, outcome="won", closed=(now - timedelta(days=2)).isoformat())
        assert matching.name_deal(session, cast.reader, use.external_id, ("csv", "D1")).recalled
        assert are_recalled(session, [use]) == [True]


def test_what_was_taken_back_or_is_nobodys_deal_is_said(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        use = make_use(session, cast.reader, make_live(session, cast))
        with pytest.raises(NotFound, match="no deal"):
            matching.name_deal(session, cast.reader, use.external_id, ("csv", "D9"))
        taking_back.take_back(session, cast.reader, use.external_id)
        with pytest.raises(Conflict, match="taken back"):
            matching.name_deal(session, cast.reader, use.external_id, None)


def test_only_approvers_say_it_for_others_and_only_admins_take_back(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        use = make_use(session, cast.reader, make_live(session, cast), deal=a_deal(session, "D1"))
        a_deal(session, "D2")
        other = actor(session, role="contributor")
        with pytest.raises(NotAllowed):
            matching.name_deal(session, other, str(use.id), ("csv", "D2"))
        assert matching.name_deal(session, cast.sales, str(use.id), ("csv", "D2")).deal
        with pytest.raises(NotAllowed):
            taking_back.take_back(session, cast.sales, str(use.id))
        assert taking_back.take_back(session, HUB, str(use.id)).taken_back_at
        assert use_named(session, use.external_id, source=f"person:{cast.reader.id}").taken_back_at


@given(st.lists(st.floats(0, 1), max_size=4))
def test_reasons_add_up_in_any_order_and_never_to_more_than_certainty(weights: list[float]) -> None:
    scores = {matching.likelihood([(it, "") for it in order]) for order in permutations(weights)}
    assert max(scores) - min(scores) <= 0.001
    assert 0 <= min(scores) <= max(scores) <= 1
