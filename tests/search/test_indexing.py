"""The index is a projection: equal to the library after any change, and every difference is named."""

import shutil
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import Session, select

from hub import clock
from hub.assets import approval, attachments, drafts
from hub.assets.drafts import Details, NewAsset
from hub.assets.models import Asset
from hub.assets.texts import AttachedFile, Text
from hub.blobs import Blobs
from hub.db import Database, id_of
from hub.errors import Unavailable
from hub.events.models import Event
from hub.people.roles import HUB, Actor
from hub.search import projection
from hub.search.configuration import Configuration
from hub.search.desk import scope_of
from hub.search.documents import EVERYONE
from hub.search.embedded import EmbeddedEngine
from hub.search.indexing import Indexer
from hub.search.meili import MeiliEngine
from hub.search.planner import Planner, Request
from hub.taxonomy import terms, vocabulary
from hub.taxonomy.schemas import TermDraft
from tests.factories.assets import Cast, make_cast, make_draft, make_live, next_draft, publish
from tests.factories.documents import pdf


@pytest.fixture
def engine(tmp_path: Path, configuration: Configuration) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine(tmp_path / "search", configuration)
    yield engine
    engine.close()


@pytest.fixture
def indexer(database: Database, engine: EmbeddedEngine) -> Indexer:
    return Indexer(database, engine)


def react(database: Database, indexer: Indexer) -> None:
    """As the worker does, with everything that happened so far, in any case more than once."""
    with database.reading() as session:
        events = list(session.exec(select(Event)))
    indexer.react(events)


def found(
    engine: EmbeddedEngine, configuration: Configuration, who: Actor, text: str, *, drafts: bool = False
) -> list[str]:
    answer = Planner(engine, configuration).answer(Request(text, scope_of(who, drafts=drafts)))
    return sorted(hit.shown.id for hit in answer.hits)


def test_a_published_asset_is_found_and_a_draft_is_not(
    database: Database, indexer: Indexer, engine: EmbeddedEngine, configuration: Configuration
) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        live = make_live(session, cast, title="Zebra pricing")
        make_draft(session, cast.author, title="Zebra discounts")
    react(database, indexer)
    assert found(engine, configuration, cast.reader, "zebra") == [projection.live_id(id_of(live))]


def test_a_draft_is_found_by_its_author_and_by_reviewers_when_they_ask(
    database: Database, indexer: Indexer, engine: EmbeddedEngine, configuration: Configuration
) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        draft = make_draft(session, cast.author, title="Zebra discounts")
    react(database, indexer)
    mine = [projection.draft_id(id_of(draft))]
    for who, with_drafts, without in (
        (cast.author, mine, []),
        (cast.sales, mine, []),
        (cast.admin, mine, []),
        (cast.reader, [], []),
    ):
        assert found(engine, configuration, who, "zebra", drafts=True) == with_drafts
        assert found(engine, configuration, who, "zebra") == without


def test_the_live_text_stays_found_while_a_newer_draft_is_written(
    database: Database, indexer: Indexer, engine: EmbeddedEngine, configuration: Configuration
) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, title="Zebra pricing")
        next_draft(session, cast.author, asset, title="Giraffe pricing")
    react(database, indexer)
    number = id_of(asset)
    assert found(engine, configuration, cast.reader, "zebra") == [projection.live_id(number)]
    assert found(engine, configuration, cast.reader, "giraffe", drafts=True) == []
    assert found(engine, configuration, cast.author, "giraffe", drafts=True) == [projection.draft_id(number)]


def test_a_retired_asset_is_gone_and_one_brought_back_is_there(
    database: Database, indexer: Indexer, engine: EmbeddedEngine, configuration: Configuration
) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast, title="Zebra pricing")
        approval.retire(session, cast.sales, asset)
    react(database, indexer)
    assert found(engine, configuration, cast.reader, "zebra") == []
    with database.transaction() as session:
        approval.bring_back(session, cast.sales, session.get_one(Asset, asset.id))
    react(database, indexer)
    assert found(engine, configuration, cast.reader, "zebra") != []


def test_an_asset_is_gone_the_day_after_its_last_one_without_anybody_doing_anything(
    database: Database, indexer: Indexer, engine: EmbeddedEngine, configuration: Configuration
) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        make_live(session, cast, title="Zebra pricing", expires_on=clock.today())
    react(database, indexer)
    assert len(found(engine, configuration, cast.reader, "zebra")) == 1
    with clock.shifted(timedelta(days=1)):
        assert found(engine, configuration, cast.reader, "zebra") == []


def test_a_renamed_or_merged_term_takes_its_assets_along(
    database: Database, indexer: Indexer, engine: EmbeddedEngine, configuration: Configuration
) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        terms.add(session, HUB, "personas", TermDraft(key="cfo", label="Chief Financial Officer"))
        terms.add(session, HUB, "personas", TermDraft(key="treasurer", label="Treasurer"))
        make_live(session, cast, title="Pricing", tags={"personas": ["treasurer"]})
    react(database, indexer)
    assert found(engine, configuration, cast.reader, "financial officer") == []
    with database.transaction() as session:
        old, new = (vocabulary.find(session, "personas", key) for key in ("treasurer", "cfo"))
        terms.merge(session, HUB, old, into=new)
    react(database, indexer)
    assert len(found(engine, configuration, cast.reader, "financial officer")) == 1
    assert len(found(engine, configuration, cast.reader, "treasurer")) == 1, "it became a synonym"


def test_the_text_of_an_attached_file_is_found_with_its_page(
    database: Database, indexer: Indexer, engine: EmbeddedEngine, configuration: Configuration, blobs: Blobs
) -> None:
    file = attachments.read_file(pdf(["Lions.", "Zebras sleep standing."]), "zoo.pdf", limit=1_000_000)
    with database.transaction() as session:
        cast = make_cast(session)
        attachments.store(session, blobs, cast.author, file)
        text = Text(title="Animals", summary="", body="Nothing.\n", attachments=(AttachedFile(file.digest, file.name),))
        asset = drafts.create_asset(session, cast.author, NewAsset(slug="zoo", text=text, details=Details()))
        publish(session, cast, asset)
    react(database, indexer)
    answer = Planner(engine, configuration).answer(Request("zebras", scope_of(cast.reader, drafts=False)))
    assert (answer.hits[0].snippet.attachment, answer.hits[0].snippet.page) == ("zoo.pdf", 2)


def test_a_check_names_every_difference(database: Database, indexer: Indexer, engine: EmbeddedEngine) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        assets = [make_live(session, cast, slug=slug) for slug in ("missing", "different", "equal", "extra")]
    react(database, indexer)
    assert indexer.check() == []
    with database.transaction() as session:
        session.get_one(Asset, assets[3].id).live_version_id = None
        session.get_one(Asset, assets[3].id).status = "retired"
        session.get_one(Asset, assets[1].id).external_id = "changed-behind-the-back"
    engine.delete([projection.live_id(id_of(assets[0]))])
    assert [(one.what, one.slug) for one in indexer.check()] == [
        ("different", "different"),
        ("extra", "extra"),
        ("missing", "missing"),
    ]
    assert indexer.rebuild() == 3
    assert indexer.check() == []


def test_how_many_is_what_a_rebuild_brings(database: Database, indexer: Indexer) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        next_draft(session, cast.author, asset)
        make_draft(session, cast.author)
    with database.reading() as session:
        assert projection.how_many(session) == 3
    assert indexer.rebuild() == 3


def test_an_index_of_other_settings_is_built_anew_by_itself(
    database: Database, engine: EmbeddedEngine, configuration: Configuration, tmp_path: Path
) -> None:
    with database.transaction() as session:
        make_live(session, make_cast(session))
    Indexer(database, engine).make_current()
    assert (engine.health().state, engine.health().documents) == ("ok", 1)
    changed = Configuration(
        settings={**configuration.settings, "stopWords": ["zebra"]},
        ranking=configuration.ranking,
        synonyms=configuration.synonyms,
        written_synonyms=configuration.written_synonyms,
        stop_words=configuration.stop_words,
        rules=configuration.rules,
    )
    other = EmbeddedEngine(tmp_path / "search", changed)
    assert other.health().state == "stale"
    Indexer(database, other).make_current()
    assert (other.health().state, other.health().documents) == ("ok", 1)
    other.close()


def test_a_deleted_index_comes_back_by_itself(database: Database, indexer: Indexer, tmp_path: Path) -> None:
    with database.transaction() as session:
        make_live(session, make_cast(session), slug="back")
    indexer.make_current()
    shutil.rmtree(tmp_path / "search")
    indexer.make_current()
    assert indexer.check() == []


def test_events_that_change_no_text_write_nothing(database: Database, indexer: Indexer, engine: EmbeddedEngine) -> None:
    with database.transaction() as session:
        make_live(session, make_cast(session))
    react(database, indexer)
    before = engine.view()
    react(database, indexer)
    assert engine.view() is before


def test_an_engine_that_is_away_keeps_the_events_waiting(database: Database, configuration: Configuration) -> None:
    with database.transaction() as session:
        make_live(session, make_cast(session))
    away = MeiliEngine("http://127.0.0.1:9", None, configuration, timeout=0.5)
    with pytest.raises(Unavailable):
        react(database, Indexer(database, away))


class LibraryAndIndex(RuleBasedStateMachine):
    """Arbitrary changes of a library, delivered late, twice and in part: afterwards the index is equal."""

    database: Database
    configuration: Configuration
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.engine = EmbeddedEngine(self.folder / uuid.uuid4().hex, self.configuration)
        self.indexer = Indexer(self.database, self.engine)
        with self.database.transaction() as session:
            self.cast: Cast = make_cast(session)
        self.assets: list[int] = []
        with self.database.reading() as session:  # other runs left events behind
            self.delivered = max((event.id or 0 for event in session.exec(select(Event))), default=0)

    @rule(title=st.sampled_from(["zebra", "price", "Übergröße", "競合"]), live=st.booleans())
    def write(self, title: str, live: bool) -> None:
        with self.database.transaction() as session:
            made = (
                make_live(session, self.cast, title=title)
                if live
                else make_draft(session, self.cast.author, title=title)
            )
        self.assets.append(id_of(made))

    @precondition(lambda self: self.assets)
    @rule(data=st.data())
    def change(self, data: st.DataObject) -> None:
        with self.database.transaction() as session:
            asset = session.get_one(Asset, data.draw(st.sampled_from(self.assets)))
            step = data.draw(st.sampled_from(["draft", "publish", "retire", "return"]))
            self._step(session, asset, step)

    def _step(self, session: Session, asset: Asset, step: str) -> None:
        if step == "draft" and asset.status != "retired":
            next_draft(session, self.cast.author, asset, title="giraffe")
        elif step == "publish" and asset.head_version_id != asset.live_version_id and asset.status != "retired":
            publish(session, self.cast, asset)
        elif step == "retire" and asset.status == "published":
            approval.retire(session, self.cast.sales, asset)
        elif step == "return" and asset.status == "retired":
            approval.bring_back(session, self.cast.sales, asset)

    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        with self.database.reading() as session:
            events = list(session.exec(select(Event).where(Event.id > self.delivered)))  # type: ignore[operator]
        some = events[: data.draw(st.integers(0, len(events)))]
        self.indexer.react(data.draw(st.permutations(some)))
        if some:
            self.delivered = some[-1].id or 0

    @invariant()
    def drafts_are_for_everyone_never(self) -> None:
        for document in projection.all_documents(self.database):
            assert (EVERYONE in document.visible_to) == (not document.id.endswith(".draft"))

    def teardown(self) -> None:
        react(self.database, self.indexer)
        assert self.indexer.check() == []
        self.engine.close()


def test_after_any_changes_the_index_is_equal(
    sqlite_database: Database, configuration: Configuration, tmp_path: Path
) -> None:
    machine = type(
        "Machine",
        (LibraryAndIndex,),
        {"database": sqlite_database, "configuration": configuration, "folder": tmp_path},
    )
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
