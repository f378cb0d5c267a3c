"""A small company with planted truths, computed once: pages over it show real figures."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from hub.db import Database
from hub.insights.evidence import History
from hub.insights.inputs import Inputs
from hub.insights.rollups import Figures
from tests.factories.assets import Cast, make_cast
from tests.factories.worlds import planted_world
from tests.insights.stored_worlds import computed, rounded, store
from tests.web.pages import Visitor, visitor


@cache
def a_world() -> History:
    return rounded(planted_world(3, deals=500, assets=10, owners=8, helping=3, effect=1.6).history)


@pytest.fixture(scope="session")
def company_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Cast]:
    """A database to copy: computing it takes seconds."""
    path = tmp_path_factory.mktemp("company") / "hub.sqlite3"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        cast = make_cast(session)
    store(database, a_world(), currency="EUR")
    computed(database, placebo=True)
    Figures(database, Inputs()).refresh()
    database.close()
    return path, cast


@pytest.fixture
def company(app: FastAPI, company_template: tuple[Path, Cast]) -> Cast:
    path, cast = company_template
    own = app.state.hub.database.engine.url.database
    with closing(sqlite3.connect(path)) as made, closing(sqlite3.connect(own)) as its:
        made.backup(its)
    return cast


@pytest.fixture
def visit(app: FastAPI, client: TestClient) -> Callable[[Any], Visitor]:
    return lambda who: visitor(app, client, who)
