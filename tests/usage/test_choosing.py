"""The deals that are offered when somebody says on which one they used an asset, and where an asset was used."""

from hub.db import Database, id_of
from hub.search.log_reading import searches_of
from hub.usage import choosing, taking_back, where_used
from hub.usage.choosing import DealChoice
from tests.factories.assets import make_cast, make_live
from tests.factories.deals import make_deal
from tests.factories.uses import make_use


def names(found: list[DealChoice]) -> list[str]:
    return [one.deal.external_id for one in found]


def test_the_deal_at_hand_comes_first_then_the_likely_then_ones_own_open_ones(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset, other = (make_live(session, cast, slug=slug) for slug in ("faq.price", "faq.other"))
        make_deal(session, "quiet", owner=cast.sales.email, created="2020-01-06")
        used = make_deal(session, "busy", owner=cast.sales.email, created="2020-01-06")
        make_deal(session, "closed", owner=cast.sales.email, outcome="won", closed="2027-01-12")
        make_deal(session, "foreign")
        make_use(session, cast.sales, other, deal=used)
        first = [("csv", "foreign"), ("csv", "gone")]
        found = choosing.offered(session, cast.sales, id_of(asset), first=first, searches=searches_of)
    assert names(found)[:2] == ["foreign", "busy"]
    assert set(names(found)) == {"foreign", "busy", "quiet"}
    assert "you used other assets on it about then" in found[1].why


def test_deals_are_found_by_a_part_of_name_account_or_id_ones_own_open_ones_first(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        make_deal(session, "d-1", name="Cancity north", outcome="won", closed="2027-01-12", owner=cast.sales.email)
        make_deal(session, "d-2", name="Renewal", account={"name": "Cancity"}, owner=cast.sales.email)
        make_deal(session, "cancity-3", name="Other")
        make_deal(session, "d-4", name="Elsewhere")
        assert names(choosing.called(session, cast.sales, " cancity ")) == ["d-2", "d-1", "cancity-3"]
        assert names(choosing.called(session, cast.sales, "50%_")) == []


def test_an_asset_was_used_on_each_deal_once_the_last_use_first(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, slug="faq.price")
        deals = [make_deal(session, f"d-{number}") for number in range(3)]
        for deal in (deals[0], deals[1], deals[0]):
            make_use(session, cast.sales, asset, deal=deal)
        gone = make_use(session, cast.sales, asset, deal=deals[2])
        taking_back.take_back(session, cast.sales, gone.external_id)
        make_use(session, cast.sales, asset)
        pages, cursor = [], None
        while True:
            page = where_used.deals_of(session, cast.reader, asset, limit=1, cursor=cursor)
            pages += [(one.deal.external_id, one.uses) for one in page.items]
            if (cursor := page.next) is None:
                break
    assert pages == [("d-0", 2), ("d-1", 1)]
    assert page.total == 2
