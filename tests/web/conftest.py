"""A small library for the pages: indexed, with its people."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from hub.people.roles import HUB, Team
from hub.taxonomy import terms
from hub.taxonomy.schemas import TermDraft
from tests.factories.assets import Cast, make_cast, make_draft, make_live
from tests.web.pages import Visitor, visitor


@pytest.fixture
def cast(app: FastAPI, client: TestClient) -> Cast:
    with app.state.hub.database.transaction() as session:
        terms.add(session, HUB, "personas", TermDraft(key="cfo", label="Chief <Financial> Officer"))
        cast = make_cast(session)
        authors = {Team.MARKETING: [cast.author.id], Team.SALES: [cast.sales.id]}
        make_live(
            session, cast, slug="objection.too-dear", title="Objection: it costs too much", kind="objection",
            summary="When the price is questioned.", body="Ask first.\n\n### Then\n\nSay what <b>nothing</b> costs.\n",
            tags={"personas": ["cfo"], "stages": ["decision"]}, authors=authors, owner_id=cast.author.id,
        )  # fmt: skip
        make_live(session, cast, slug="faq.price", title="What it costs", kind="faq", tags={"personas": ["cfo"]})
        make_draft(session, cast.author, slug="draft.costs", title="A new word on costs")
    deliver(app)
    return cast


@pytest.fixture
def visit(app: FastAPI, client: TestClient) -> Callable[[Any], Visitor]:
    return lambda who: visitor(app, client, who)


def deliver(app: FastAPI) -> None:
    """What the worker does after a change: the index among it."""
    while app.state.worker.run_once():
        pass
