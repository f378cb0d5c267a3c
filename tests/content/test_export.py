import os
import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from hub.assets import approval, attachments, drafts
from hub.assets.drafts import Details, NewAsset
from hub.assets.models import Asset, Audience, Kind
from hub.assets.texts import AttachedFile, Text, tags_of, text_of
from hub.blobs import Blobs
from hub.db import Database
from hub.people.models import Person
from hub.people.roles import HUB
from hub.taxonomy import vocabulary
from tests.factories.content import Shelf, asset_named, content_file, publish_named, reasons, record_at
from tests.factories.documents import pdf
from tests.factories.taxonomy import make_term

REPOSITORY = Path(__file__).parents[2]
HANDBOOK = Path(os.environ.get("HUB_TEST_HANDBOOK", REPOSITORY.parent / "shared/data/handbook"))


@pytest.fixture
def shelf(database: Database, blobs: Blobs, tmp_path: Path) -> Shelf:
    return Shelf(database, blobs, tmp_path / "content")


@pytest.fixture
def lite(sqlite_database: Database, blobs: Blobs, tmp_path: Path) -> Shelf:
    return Shelf(sqlite_database, blobs, tmp_path / "content")


def rewrite(shelf: Shelf, slug: str, **changes: Any) -> None:
    with shelf.database.transaction() as session:
        asset = asset_named(session, slug)
        before = text_of(session, drafts.head_of(session, asset))
        fields = {name: getattr(before, name) for name in Text.__dataclass_fields__} | changes
        drafts.write_version(session, HUB, asset, Text(**fields), base_number=asset.head_number)


def test_an_untouched_folder_is_left_alone_to_the_byte(shelf: Shelf) -> None:
    shelf.write_taxonomy()
    shelf.write("plain.md", b"# Plain\r\n\r\nTwo  \r\nlines, no end")
    shelf.write("bom.md", b"\xef\xbb\xbf# With a mark\n")
    shelf.write("empty.md", b"")
    shelf.write(
        "odd.md", "---\n# a comment\ntitle:   'Odd'   # why not\npersonas: cfo\nwhen: 2026-01-01\n---\n\n\nText\n"
    )
    before = shelf.files()
    shelf.sync()
    report = shelf.export()
    assert (report.unchanged, report.changed, report.new, report.rejected) == (4, 0, 0, [])
    assert shelf.files() == before
    fresh = shelf.beside("fresh")
    assert fresh.export().new == 4
    del before["taxonomy.yaml"]
    assert fresh.files() == before


def test_what_the_hub_wrote_comes_out_and_the_records_agree(shelf: Shelf) -> None:
    shelf.write("price.md", "# Price\n\nOld.\n")
    shelf.sync()
    rewrite(shelf, "price", body="# Price\n\nNew.\n", title="What it costs")
    assert shelf.export().changed == 1
    written = shelf.files()["price.md"].decode()
    assert "title: What it costs\n" in written
    assert written.endswith("---\n# Price\n\nNew.\n")
    assert shelf.sync().unchanged == 1
    assert shelf.export().unchanged == 1


def test_only_the_body_changed_keeps_the_front_matter_as_it_was_typed(shelf: Shelf) -> None:
    block = "---\n# keep me\ntitle: 'Price'\nsummary: short\n---\n"
    shelf.write("price.md", f"{block}Old.\n")
    shelf.sync()
    rewrite(shelf, "price", body="New.\n")
    shelf.export()
    assert shelf.files()["price.md"].decode() == f"{block}New.\n"


def test_an_asset_made_in_the_hub_gets_a_file_that_leads_back_to_it(shelf: Shelf) -> None:
    with shelf.database.transaction() as session:
        for slug in ("too-dear", "objection.no-time", "plays.q4.renewal"):
            drafts.create_asset(session, HUB, NewAsset(slug=slug, text=Text(title=slug, kind=Kind.VALUE_PROPOSITION)))
    shelf.export()
    written = shelf.files()
    assert {"value-proposition/too-dear.md", "objection/no-time.md", "plays/q4/renewal.md"} <= set(written)
    assert b"slug: too-dear\n" in written["value-proposition/too-dear.md"]
    assert b"slug:" not in written["objection/no-time.md"]
    assert shelf.sync().unchanged == 3


def test_two_assets_that_would_share_a_path_get_one_each(shelf: Shelf) -> None:
    with shelf.database.transaction() as session:
        for slug in ("faq.price", "price"):
            drafts.create_asset(session, HUB, NewAsset(slug=slug, text=Text(title=slug, kind=Kind.FAQ)))
    assert shelf.export().new == 2
    assert len(shelf.files()) == 3  # with taxonomy.yaml
    assert shelf.sync().unchanged == 2


def test_a_renamed_asset_says_its_slug_in_its_file(shelf: Shelf) -> None:
    shelf.write("price.md", content_file(title="Price"))
    shelf.sync()
    with shelf.database.transaction() as session:
        drafts.rename(session, HUB, asset_named(session, "price"), "what-it-costs")
    shelf.export()
    assert b"slug: what-it-costs" in shelf.files()["price.md"]
    assert shelf.sync().unchanged == 1


def test_a_file_edited_since_the_last_sync_is_not_overwritten(shelf: Shelf) -> None:
    shelf.write("price.md", "# Price\n")
    shelf.sync()
    rewrite(shelf, "price", body="# Price in the hub\n")
    shelf.write("price.md", "# Price in the file\n")
    shelf.write("note/mine.md", "# A file the hub has never seen\n")
    with shelf.database.transaction() as session:
        drafts.create_asset(session, HUB, NewAsset(slug="note.mine", text=Text(title="Mine")))
    before = shelf.files()
    report = shelf.export()
    assert set(reasons(report)) == {"price.md", "note/mine.md"}
    assert {path: data for path, data in shelf.files().items() if path != "taxonomy.yaml"} == before


def test_the_live_texts_alone_can_be_exported(shelf: Shelf) -> None:
    shelf.write("live.md", "# Live\n")
    shelf.write("draft.md", "# Draft\n")
    shelf.sync()
    with shelf.database.transaction() as session:
        publish_named(session, "live")
    rewrite(shelf, "live", body="# Not yet\n")
    other = shelf.beside("site")
    assert other.export(live=True).new == 1
    assert other.files() == {"live.md": b"# Live\n"}


def test_a_retired_asset_does_not_come_back_by_an_export(shelf: Shelf) -> None:
    shelf.write("a.md", "# A\n")
    shelf.write("b.md", "# B\n")
    shelf.sync()
    (shelf.root / "b.md").unlink()
    shelf.sync(retire_missing=True)
    shelf.export()
    assert "b.md" not in shelf.files()
    with shelf.database.transaction() as session:
        approval.retire(session, HUB, asset_named(session, "a"))
    assert shelf.export().unchanged == 1  # its file is there, so it is kept equal


def test_an_export_writes_through_no_link(shelf: Shelf, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "too-dear.md").write_text("theirs")
    with shelf.database.transaction() as session:
        drafts.create_asset(session, HUB, NewAsset(slug="objection.too-dear", text=Text(title="Too dear")))
        drafts.create_asset(session, HUB, NewAsset(slug="faq.price", text=Text(title="Price")))
    (shelf.root / "objection").symlink_to(outside)
    (shelf.root / "faq").mkdir()
    (shelf.root / "faq/price.md").symlink_to(outside / "new.md")
    report = shelf.export()
    assert set(reasons(report)) == {"objection/too-dear.md", "faq/price.md"}
    assert {it.name for it in outside.iterdir()} == {"too-dear.md"}
    assert (outside / "too-dear.md").read_text() == "theirs"


def test_what_a_killed_export_left_behind_is_neither_read_nor_kept(shelf: Shelf) -> None:
    shelf.write("a.md", "# A\n")
    shelf.sync()
    rewrite(shelf, "a", body="# B\n")
    shelf.export()
    # Killed between the file and its record: the record still tells of the old file.
    with shelf.database.transaction() as session:
        record_at(session, "a.md").digest = "of another file"
    assert shelf.sync().unchanged == 1
    assert shelf.export().unchanged == 1
    assert not [path for path in shelf.files() if path.endswith(".tmp")]


def test_attachments_come_out_where_they_were_and_beside_the_file_else(shelf: Shelf) -> None:
    shelf.write("decks/first.md", content_file(title="First", attachments="[files/deck.pdf]"))
    shelf.write("decks/files/deck.pdf", pdf(["One"]))
    shelf.sync()
    with shelf.database.transaction() as session:
        read = attachments.read_file(pdf(["Two"]), "sheet.pdf", limit=1_000_000)
        attachments.store(session, shelf.blobs, HUB, read)
        text = Text(title="Made here", attachments=(AttachedFile(read.digest, read.name),))
        drafts.create_asset(session, HUB, NewAsset(slug="faq.sheet", text=text))
    fresh = shelf.beside("fresh")
    assert fresh.export().new == 2
    files = fresh.files()
    assert files["decks/files/deck.pdf"] == pdf(["One"])
    assert files["faq/_files/sheet/sheet.pdf"] == pdf(["Two"])
    assert fresh.sync().unchanged == 2
    assert fresh.export().unchanged == 2


def test_a_taxonomy_with_comments_is_left_alone_while_it_says_the_same(shelf: Shelf) -> None:
    first = b"# Ours\npersonas:\n  - {key: cfo, label: CFO}\n"
    shelf.write("taxonomy.yaml", first)
    shelf.sync()
    shelf.export()
    assert shelf.files()["taxonomy.yaml"] == first
    with shelf.database.transaction() as session:
        make_term(session, "personas", "cto")
    shelf.export()
    assert b"cto" in shelf.files()["taxonomy.yaml"]


def test_an_edited_taxonomy_is_not_overwritten(shelf: Shelf) -> None:
    shelf.write("taxonomy.yaml", "personas:\n  - {key: cfo, label: CFO}\n")
    shelf.sync()
    shelf.write("taxonomy.yaml", "personas:\n  - {key: cfo, label: Finance lead}\n")
    assert "taxonomy.yaml" in reasons(shelf.export())
    assert b"Finance lead" in shelf.files()["taxonomy.yaml"]


def test_a_text_that_no_file_can_hold_is_refused_and_not_written_wrong(shelf: Shelf) -> None:
    with shelf.database.transaction() as session:
        drafts.create_asset(session, HUB, NewAsset(slug="note.bell", text=Text(title="Be\x07ll")))
    report = shelf.export()
    assert "characters" in reasons(report)["note/bell.md"][1]
    assert "note/bell.md" not in shelf.files()


def test_every_file_of_the_handbook_goes_in_and_comes_out_the_same(lite: Shelf) -> None:
    root = HANDBOOK / "content"
    if not root.is_dir():
        pytest.skip("the handbook is not here: name its folder in HUB_TEST_HANDBOOK")
    source = Shelf(lite.database, lite.blobs, root, lite.configured)
    before = {path: data for path, data in source.files().items() if path.endswith(".md")}
    report = source.sync()
    assert (report.new, report.rejected) == (len(before), [])
    fresh = lite.beside("handbook")
    assert fresh.export().new == len(before)
    assert fresh.files() == before
    assert fresh.sync().unchanged == len(before)


# Any asset, out of one hub and into another

_PLAIN = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t")
_LINE = st.text(_PLAIN, min_size=1, max_size=60).map(str.strip).filter(bool)
_BODY = st.one_of(
    st.text(_PLAIN, max_size=300),
    st.sampled_from(["", "---\n", "---\ntitle: not this\n---\n", "# A\r\n\r\nb\r\n", "\ufeff# mark", "no end", "\n\n"]),
)
_DAYS = st.none() | st.dates(date(2020, 1, 1), date(2099, 1, 1))
_PLAIN_VALUE = st.none() | st.booleans() | st.integers() | _LINE | st.floats(allow_nan=False, allow_infinity=False)
_EXTRA = st.dictionaries(
    st.text("abcxyz_", min_size=1, max_size=8).map("x_{}".format),
    _PLAIN_VALUE | st.lists(_PLAIN_VALUE, max_size=3) | st.dictionaries(_LINE, _PLAIN_VALUE, max_size=2),
    max_size=3,
)


@st.composite
def assets(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "title": draw(_LINE),
        "summary": draw(st.just("") | _LINE),
        "body": draw(_BODY),
        "kind": draw(st.sampled_from(list(Kind))),
        "audience": draw(st.sampled_from(list(Audience))),
        "language": draw(st.sampled_from(["en", "de"])),
        "tags": draw(st.fixed_dictionaries({
            "personas": st.lists(st.sampled_from(["cfo", "cto"]), unique=True),
            "stages": st.lists(st.sampled_from(["awareness", "decision"]), unique=True),
            "use_cases": st.lists(st.just("migration"), unique=True),
        })),
        "review_by": draw(_DAYS),
        "expires_on": draw(_DAYS),
        "extra": draw(_EXTRA),
        "authors": draw(st.lists(st.sampled_from(["ana@example.com", "Ben Ö. Osei", "yes"]), unique=True)),
        "owner": draw(st.none() | st.sampled_from(["ana@example.com", "null", "007"])),
        "external_id": draw(st.none() | st.just("7")),
    }  # fmt: skip


def put(session: Session, number: int, given: dict[str, Any]) -> None:
    names = ("title", "summary", "body", "kind", "audience", "language")
    tags = tags_of(vocabulary.resolve(session, given["tags"]))
    authors = drafts.author_ids(session, HUB, {"marketing": given["authors"]})
    owner = drafts.author_ids(session, HUB, {"sales": [given["owner"]]})["sales"][0] if given["owner"] else None
    details = Details(owner, authors, given["review_by"], given["expires_on"], given["extra"])
    external_id = f"{given['external_id']}-{number}" if given["external_id"] else None
    text = Text(**{name: given[name] for name in names}, tags=tags)
    slug = f"a{number}" if number % 2 else f"folder.a{number}"
    drafts.create_asset(session, HUB, NewAsset(slug=slug, text=text, details=details, external_id=external_id))


def everything(session: Session) -> list[tuple[Any, ...]]:
    """All that a file can say, by names instead of numbers of this hub."""
    people = {person.id: person.email or person.name for person in session.exec(select(Person))}
    return [
        (
            asset.slug, asset.external_id, text.title, text.summary, text.body, text.kind, text.audience, text.language,
            text.tag_keys(), asset.review_by, asset.expires_on, asset.extra, list(asset.extra),
            people.get(asset.owner_id), {t: [people[i] for i in ids] for t, ids in details.authors.items()},
        )
        for asset in session.exec(select(Asset).order_by(Asset.slug))
        for text in [text_of(session, drafts.head_of(session, asset))]
        for details in [drafts.details_of(session, asset)]
    ]  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(assets(), min_size=1, max_size=4))
def test_any_asset_reads_back_as_it_was_in_another_hub(sqlite_template: Path, given: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        hubs = []
        for name in ("one", "two"):
            shutil.copy(sqlite_template, folder / f"{name}.sqlite3")
            database = Database(f"sqlite:///{folder}/{name}.sqlite3")
            hubs.append(Shelf(database, Blobs((folder / name).as_uri()), folder / "content"))
        one, two = hubs
        with one.database.transaction() as session:
            for vocabulary_name, key in (
                ("personas", "cfo"), ("personas", "cto"), ("languages", "de"), ("use_cases", "migration"),
            ):  # fmt: skip
                make_term(session, vocabulary_name, key)
            for number, fields in enumerate(given):
                put(session, number, fields)
        report = one.export()
        assert (report.new, report.rejected) == (len(given), [])
        files = one.files()
        assert one.sync().unchanged == len(given)
        brought = two.sync()
        assert (brought.new, brought.rejected) == (len(given), [])
        with one.database.reading() as first, two.database.reading() as second:
            assert everything(first) == everything(second)
        two.export()
        assert two.files() == files
        for hub in hubs:
            hub.database.close()
