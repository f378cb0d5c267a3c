"""How many questions a page asks the database: pinned, so that a page that grows slow is noticed here."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import event

from tests.factories.assets import Cast, make_live
from tests.web.conftest import deliver
from tests.web.pages import Visitor

Visit = Callable[[Any], Visitor]
# The most that each may ask; one for the session's person and one for the inbox are in all of
# them.
MOST = {
    "/": 13,
    "/?q=costs&persona=cfo": 5,
    "/assets": 9,
    "/assets/objection.too-dear": 22,
    "/assets/objection.too-dear/versions": 7,
    "/assets/objection.too-dear/versions/1": 17,
    "/assets/objection.too-dear/changes?from=1&to=1": 15,
    "/assets/objection.too-dear/history": 10,
    "/inbox": 27,
    "/deals": 12,
    "/uses": 12,
    "/requests": 6,
    "/write": 7,
    "/write/new?kind=faq&copy=new-00000000000000000000000000000000": 7,
    "/assets/draft.costs/edit": 15,
    "/reviews": 6,
    "/reviews/draft.costs/1": 22,
    "/insights": 11,
    "/insights/does-nothing": 10,
    "/insights/money": 4,
    "/insights/hold-outs": 4,
    "/insights/funnel": 4,
    "/insights/outcomes": 5,
    "/insights/sources": 3,
    "/insights/capture": 3,
    "/insights/coverage": 13,
    "/insights/freshness": 8,
    "/insights/search": 8,
    "/insights/runs": 7,
    "/insights/assets/objection.too-dear": 12,
    "/plan": 16,
    "/briefs": 7,
    "/account": 4,
    "/account/tokens": 4,
    "/extension": 3,
    "/styleguide": 2,
}


def asked(app: FastAPI, browser: Visitor, address: str) -> list[str]:
    statements: list[str] = []

    def note(*given: Any) -> None:
        if not given[2].startswith("BEGIN"):
            statements.append(given[2])

    engine = app.state.hub.database.engine
    browser.get(address)  # what is read once a process is not the page's
    event.listen(engine, "before_cursor_execute", note)
    browser.get(address)
    event.remove(engine, "before_cursor_execute", note)
    return statements


@pytest.mark.parametrize(("address", "most"), MOST.items())
def test_a_page_asks_no_more_than_it_needs(app: FastAPI, cast: Cast, visit: Visit, address: str, most: int) -> None:
    statements = asked(app, visit(cast.marketing), address)
    assert len(statements) <= most, "\n".join(statements)


@pytest.mark.parametrize("address", ["/", "/assets", "/assets/objection.too-dear"])
def test_a_bigger_library_asks_no_more(app: FastAPI, cast: Cast, visit: Visit, address: str) -> None:
    browser = visit(cast.marketing)
    before = len(asked(app, browser, address))
    with app.state.hub.database.transaction() as session:
        for number in range(12):
            make_live(session, cast, slug=f"more-{number}", tags={"personas": ["cfo"], "stages": ["decision"]})
    deliver(app)
    assert len(asked(app, browser, address)) == before
