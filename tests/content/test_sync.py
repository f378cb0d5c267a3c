import os
import sqlite3
import threading
from datetime import date
from pathlib import Path

import pytest
from sqlmodel import col, func, select

from hub import db
from hub.assets import approval, drafts, freshness
from hub.assets.drafts import NewAsset
from hub.assets.models import Asset, AssetSlug, ContentFile, Rendering, Status, Version, VersionLink
from hub.assets.texts import Text
from hub.blobs import Blobs
from hub.content.sync_report import FolderReport
from hub.db import Database
from hub.errors import Conflict, NotFound, Unavailable
from hub.events.models import Event
from hub.imports import patience
from hub.people.models import Person
from hub.people.roles import HUB
from tests.factories.assets import make_cast
from tests.factories.content import (
    PARAGRAPH,
    Shelf,
    asset_named,
    content_file,
    head,
    publish_named,
    reasons,
    record_at,
    text_named,
)
from tests.factories.documents import pdf


@pytest.fixture
def shelf(database: Database, blobs: Blobs, tmp_path: Path) -> Shelf:
    return Shelf(database, blobs, tmp_path / "content")


@pytest.fixture
def lite(sqlite_database: Database, blobs: Blobs, tmp_path: Path) -> Shelf:
    """For what no second database can make different."""
    return Shelf(sqlite_database, blobs, tmp_path / "content")


def test_a_file_becomes_a_draft_with_every_field_it_states(shelf: Shelf) -> None:
    shelf.write_taxonomy()
    fields = {
        "title": '"Objection: too dear"',
        "kind": "objection",
        "summary": "For the finance lead.",
        "personas": "[cfo, cto]",
        "stages": "decision",
        "tags": "{use_cases: [migration]}",
        "language": "de",
        "audience": "shareable",
        "authors": "{marketing: [ana@example.com], sales: [Ben Osei]}",
        "owner": "ana@example.com",
        "review_by": "2027-03-01",
        "expires_on": "2027-09-30",
        "external_id": "DAM-7",
        "reviewed": "2026-01-02",
    }
    shelf.write("objection/too-dear.md", content_file("Ask first.\n", **fields))
    report = shelf.sync()
    assert (report.new, report.rejected) == (1, [])
    with shelf.database.reading() as session:
        asset, text = asset_named(session, "objection.too-dear"), text_named(session, "objection.too-dear")
        assert (text.title, text.kind, text.summary) == ("Objection: too dear", "objection", "For the finance lead.")
        assert (text.language, text.audience, text.body) == ("de", "shareable", "Ask first.\n")
        assert text.tag_keys() == {"personas": ["cfo", "cto"], "stages": ["decision"], "use_cases": ["migration"]}
        assert (asset.review_by, asset.expires_on) == (date(2027, 3, 1), date(2027, 9, 30))
        assert (asset.status, asset.external_id) == (Status.DRAFT, "DAM-7")
        assert asset.extra == {"reviewed": "2026-01-02"}
        details = drafts.details_of(session, asset)
        named = {team: [session.get_one(Person, id).name for id in ids] for team, ids in details.authors.items()}
        assert named == {"marketing": ["ana"], "sales": ["Ben Osei"]}
        assert details.owner_id == details.authors["marketing"][0]


def test_a_plain_file_gives_its_heading_and_first_paragraph(lite: Shelf) -> None:
    lite.write("pricing/Discount_rules.md", "# Discounts\n\nNever more than *ten* percent.\n\n## Why\n")
    lite.write("pricing/no-heading/index.md", "")
    lite.sync()
    with lite.database.reading() as session:
        text = text_named(session, "pricing.discount-rules")
        assert (text.title, text.summary, text.kind) == ("Discounts", "Never more than ten percent.", "note")
        assert text.body.startswith("# Discounts\n")
        assert text_named(session, "pricing.no-heading.index").title == "No heading"


def test_syncing_again_changes_nothing_and_asks_the_database_for_all_files_at_once(lite: Shelf) -> None:
    for number in range(30):
        lite.write(f"note-{number}.md", f"# Note {number}\n")
    lite.sync()
    statements: list[str] = []
    db.event.listen(lite.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    report = lite.sync()
    assert (report.unchanged, report.new, report.changed) == (30, 0, 0)
    assert len([it for it in statements if not it.startswith(("BEGIN", "PRAGMA"))]) == 1


def test_a_changed_file_becomes_a_version_and_the_live_one_stays(shelf: Shelf) -> None:
    shelf.write("price.md", content_file("Old.\n", title="Price"))
    shelf.sync()
    with shelf.database.transaction() as session:
        publish_named(session, "price")
        live = asset_named(session, "price").live_version_id
    shelf.write("price.md", content_file("New.\n", title="Price"))
    assert shelf.sync().changed == 1
    with shelf.database.reading() as session:
        asset = asset_named(session, "price")
        assert (asset.head_number, asset.live_version_id, asset.status) == (2, live, Status.PUBLISHED)
        assert head(session, "price").source == "file"


def test_a_change_of_details_alone_makes_no_version(shelf: Shelf) -> None:
    shelf.write("price.md", content_file(title="Price", review_by="2027-01-01", team_note="a"))
    shelf.sync()
    shelf.write("price.md", content_file(title="Price", review_by="2027-06-01", team_note="b"))
    assert shelf.sync().changed == 1
    with shelf.database.reading() as session:
        asset = asset_named(session, "price")
        assert (asset.head_number, asset.review_by) == (1, date(2027, 6, 1))
        assert asset.extra == {"team_note": "b"}


def test_what_the_hub_changed_beside_the_text_survives_a_new_text(shelf: Shelf) -> None:
    shelf.write("price.md", content_file("Old.\n", title="Price", review_by="2027-01-01"))
    shelf.sync()
    with shelf.database.transaction() as session:
        cast = publish_named(session, "price")
        freshness.confirm(session, cast.admin, asset_named(session, "price"), review_by=date(2027, 8, 1))
    shelf.write("price.md", content_file("New.\n", title="Price", review_by="2027-01-01"))
    report = shelf.sync()
    assert (report.changed, report.conflicts) == (1, [])
    with shelf.database.reading() as session:
        asset = asset_named(session, "price")
        assert (asset.review_by, asset.head_number) == (date(2027, 8, 1), 2)


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        (content_file(title="A", kind="objektion"), 3, "objection"),
        (content_file(title="A", audience="everyone"), 3, "nearest"),
        (content_file(title="A", status="publishd"), 3, "published"),
        (content_file(title="A", personas="[cfo, ctx]"), 3, "cto"),
        ("---\ntitle: A\npersonas:\n  - cfo\n  - ctx\n---\n", 5, "cto"),
        (content_file(title="A", personas="5"), 3, "quotes"),
        (content_file(title="2027"), 2, "quotes"),
        (content_file(title="A" * 201), 2, "201 characters"),
        (content_file(title="A", summary="B" * 501), 3, "501 characters"),
        (content_file(title="A", language="kl"), 3, "language"),
        (content_file(title="A", tags="{moods: [happy]}"), 3, "moods"),
        (content_file(title="A", tags="{personas: [cfo]}"), 3, "field of its own"),
        (content_file(title="A", segments="[smb]", tags="{segments: [smb]}"), 4, "segments"),
        (content_file(title="A", review_by="soon"), 3, "2027-03-01"),
        (content_file(title="A", review_by="2027-03-01T10:00:00"), 3, "2027-03-01"),
        (content_file(title="A", authors="[ana@example.com]"), 3, "marketing"),
        (content_file(title="A", owner="{name: Ana}"), 3, "text"),
        (content_file(title="A", slug="Too Dear"), 3, "lower-case"),
        (content_file(title="A", attachments="[../../etc/passwd]"), 3, "out of the folder"),
        (content_file(title="A", attachments="[deck.pdf]"), 3, "deck.pdf"),
        ("---\ntitle: [A\n---\n", 3, "YAML"),
        ("---\na: &a [x, x]\nb: [*a, *a]\n---\n", 2, "anchors"),
        ("---\n" + "".join(f"key{n}: {n}\n" for n in range(10_000)) + "---\n", 1, "front matter"),
        ("A title\n" + ">" * 200 + " deep\n", 2, "nest"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line_and_the_others_come_in(
    lite: Shelf, text: str, line: int, part: str
) -> None:
    lite.write_taxonomy()
    lite.write("bad.md", text)
    lite.write("good.md", "# Good\n")
    report = lite.sync()
    assert report.new == 1
    assert part in reasons(report)["bad.md"][1]
    assert reasons(report)["bad.md"][0] == line


def test_all_that_is_wrong_with_a_file_is_said_at_once(lite: Shelf) -> None:
    lite.write("bad.md", content_file(kind="nope", title="A", review_by="never"))
    line, reason = reasons(lite.sync())["bad.md"]
    assert line == 2
    assert "kind" in reason
    assert "line 4" in reason


def test_files_no_one_should_read_are_refused_and_stop_nothing(lite: Shelf, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("# Secret\n")
    lite.write("good.md", "# Good\n")
    (lite.root / "link.md").symlink_to(tmp_path / "secret.md")
    (lite.root / "outside").symlink_to(tmp_path)
    (lite.root / "inner.md").symlink_to(lite.root / "good.md")
    (lite.root / "folder.md").mkdir()
    os.mkfifo(lite.root / "pipe.md")
    (lite.root / "nowhere.md").symlink_to(lite.root / "gone.md")
    with (lite.root / "huge.md").open("wb") as file:
        file.truncate(50_000_000)
    lite.write("latin.md", "# Gr\xfc\xdfe\n".encode("latin-1"))
    Path(os.fsdecode(os.fsencode(lite.root) + b"/odd-\xff.md")).write_text("# Odd\n")
    report = lite.sync()
    refused = reasons(report)
    assert set(refused) == {
        "link.md", "outside", "folder.md", "pipe.md", "nowhere.md", "huge.md", "latin.md", "odd-\\xff.md",
    }  # fmt: skip
    assert "out of the folder" in refused["link.md"][1]
    assert "50,000,000 bytes" in refused["huge.md"][1]
    assert "UTF-8" in refused["latin.md"][1]
    # The inner link is another name for the same text; both are assets of their own.
    assert report.new == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_the_right_to_read_it_is_refused(lite: Shelf) -> None:
    lite.write("closed.md", "# Closed\n").chmod(0)
    assert "right" in reasons(lite.sync())["closed.md"][1]


def test_templates_and_hidden_folders_are_no_content(lite: Shelf) -> None:
    for path in ("_templates/note.md", ".git/x.md", ".hidden.md", "a/_b/c.md", "notes.txt"):
        lite.write(path, "# Not this\n")
    assert lite.sync().read == 0


def test_a_folder_that_is_not_there_is_said(lite: Shelf) -> None:
    lite.root.rmdir()
    with pytest.raises(NotFound, match="no folder"):
        lite.sync()


def test_two_files_with_one_slug_keep_the_first_and_name_it(shelf: Shelf) -> None:
    shelf.write("too dear.md", "# One\n")
    shelf.write("too-dear.md", "# Two\n")
    report = shelf.sync()
    assert report.new == 1
    assert "too dear.md" in reasons(report)["too-dear.md"][1]
    shelf.write("Too-Dear.md", "# Three\n")
    again = shelf.sync()
    assert (again.unchanged, len(again.rejected)) == (1, 2)


def test_a_slug_of_an_asset_made_in_the_hub_is_not_taken_from_it(shelf: Shelf) -> None:
    with shelf.database.transaction() as session:
        drafts.create_asset(session, HUB, NewAsset(slug="price", text=Text(title="Made here")))
    shelf.write("price.md", "# Another\n")
    assert "`slug:`" in reasons(shelf.sync())["price.md"][1]
    shelf.write("price.md", content_file(title="Another", slug="price-list"))
    assert shelf.sync().new == 1
    with shelf.database.reading() as session:
        assert asset_named(session, "price-list").id != asset_named(session, "price").id


def test_links_by_path_lead_to_an_asset_that_says_another_slug(shelf: Shelf) -> None:
    shelf.write("a.md", "# A\n\nSee [B](b.md).\n")
    shelf.write("b.md", content_file(title="B", slug="bee"))
    shelf.sync()
    with shelf.database.reading() as session:
        links = session.exec(select(VersionLink.target, VersionLink.target_asset_id)).all()
        assert links == [("b", asset_named(session, "bee").id)]


def test_links_to_files_of_a_later_batch_find_their_target(lite: Shelf) -> None:
    lite.write("a.md", "# A\n\nSee [the last](z.md).\n")
    for number in range(120):
        lite.write(f"m{number:03}.md", f"# {number}\n")
    lite.write("z.md", "# Z\n")
    lite.sync()
    with lite.database.reading() as session:
        assert session.exec(select(VersionLink.target_asset_id)).all() == [asset_named(session, "z").id]
        assert session.exec(select(func.count()).select_from(Rendering)).one() == 122


# Renames


def test_a_renamed_file_keeps_its_asset_and_the_old_slug_redirects(shelf: Shelf) -> None:
    shelf.write("sales/price.md", "# Price\n\nSee [note](note.md).\n")
    shelf.sync()
    (shelf.root / "sales/price.md").rename(shelf.write("deals/cost.md", ""))
    report = shelf.sync()
    assert [(it.from_path, it.to, it.slug) for it in report.renamed] == [
        ("sales/price.md", "deals/cost.md", "deals.cost")
    ]
    assert (report.changed, report.new, report.missing) == (1, 0, [])
    with shelf.database.reading() as session:
        asset = asset_named(session, "deals.cost")
        assert asset.head_number == 1
        assert set(session.exec(select(AssetSlug.slug))) == {"sales.price", "deals.cost"}
        assert record_at(session, "deals/cost.md").asset_id == asset.id
        assert session.exec(select(VersionLink.target)).all() == ["deals.note"]
    assert shelf.sync().unchanged == 1


def test_a_file_renamed_and_edited_is_recognised_by_its_text(shelf: Shelf) -> None:
    shelf.write("old.md", content_file(f"{PARAGRAPH}\nOld end.\n", title="Price"))
    shelf.write("other.md", content_file("Something else entirely. " * 20, title="Other"))
    shelf.sync()
    (shelf.root / "old.md").unlink()
    shelf.write("new.md", content_file(f"{PARAGRAPH}\nNew end.\n", title="Price"))
    report = shelf.sync()
    assert [(it.from_path, it.to) for it in report.renamed] == [("old.md", "new.md")]
    with shelf.database.reading() as session:
        assert head(session, "new").number == 2


def test_a_renamed_file_that_says_its_slug_keeps_it(shelf: Shelf) -> None:
    shelf.write("old.md", content_file("Short.\n", title="Price", slug="price"))
    shelf.sync()
    (shelf.root / "old.md").unlink()
    shelf.write("new.md", content_file("Quite another text.\n", title="Cost", slug="price"))
    assert [(it.to, it.slug) for it in shelf.sync().renamed] == [("new.md", "price")]


def test_a_new_file_that_is_not_like_the_missing_one_is_new(lite: Shelf) -> None:
    lite.write("old.md", f"# A\n\n{PARAGRAPH}")
    lite.sync()
    (lite.root / "old.md").unlink()
    lite.write("new.md", "# B\n\n" + "What the competitor says about security and how to answer. " * 8)
    report = lite.sync()
    assert (report.new, report.missing, report.renamed) == (1, ["old.md"], [])


# Missing files


def test_a_missing_file_is_reported_and_nothing_is_retired_unasked(shelf: Shelf) -> None:
    shelf.write("a.md", "# A\n")
    shelf.write("b.md", "# B\n")
    shelf.sync()
    (shelf.root / "b.md").unlink()
    assert shelf.sync().missing == ["b.md"]
    assert shelf.sync().missing == ["b.md"]
    with shelf.database.reading() as session:
        assert asset_named(session, "b").status == Status.DRAFT
    report = shelf.sync(retire_missing=True)
    assert report.retired == ["b"]
    with shelf.database.reading() as session:
        assert asset_named(session, "b").status == Status.RETIRED
    assert shelf.sync().missing == []


def test_a_file_that_returns_brings_back_what_the_sync_retired(shelf: Shelf) -> None:
    shelf.write("a.md", "# A\n")
    place = shelf.write("b.md", "# B\n")
    shelf.sync()
    place.unlink()
    shelf.sync(retire_missing=True)
    shelf.write("b.md", "# B\n")
    assert shelf.sync().changed == 1
    with shelf.database.reading() as session:
        assert asset_named(session, "b").status == Status.DRAFT


def test_a_file_that_returns_leaves_what_a_person_retired_retired(shelf: Shelf) -> None:
    shelf.write("a.md", "# A\n")
    place = shelf.write("b.md", "# B\n")
    shelf.sync()
    with shelf.database.transaction() as session:
        approval.retire(session, make_cast(session).admin, asset_named(session, "b"), note="wrong")
    place.unlink()
    shelf.sync(retire_missing=True)
    shelf.write("b.md", "# B\n")
    shelf.sync()
    with shelf.database.reading() as session:
        assert asset_named(session, "b").status == Status.RETIRED


def test_an_empty_folder_retires_nothing(lite: Shelf) -> None:
    lite.write("a.md", "# A\n").rename(lite.write("b.md", ""))
    lite.sync()
    (lite.root / "b.md").unlink()
    with pytest.raises(Conflict, match="Nothing was retired"):
        lite.sync(retire_missing=True)


def test_files_below_a_folder_that_cannot_be_entered_are_not_missing(lite: Shelf, tmp_path: Path) -> None:
    lite.write("a.md", "# A\n")
    lite.write("sub/b.md", "# B\n")
    lite.sync()
    (lite.root / "sub").rename(tmp_path / "elsewhere")
    (lite.root / "sub").symlink_to(tmp_path / "elsewhere")
    report = lite.sync(retire_missing=True)
    assert report.missing == []
    assert "sub" in reasons(report)


# Attachments


def test_an_attachment_comes_in_and_its_change_is_a_new_version(shelf: Shelf) -> None:
    shelf.write("decks/first.md", content_file(title="First", attachments="[files/deck.pdf]"))
    shelf.write("decks/files/deck.pdf", pdf(["Page one"]))
    assert shelf.sync().new == 1
    assert shelf.sync().unchanged == 1
    shelf.write("decks/files/deck.pdf", pdf(["Page one, better"]))
    assert shelf.sync().changed == 1
    with shelf.database.reading() as session:
        text = text_named(session, "decks.first")
        assert [(it.name, it.path) for it in text.attachments] == [("deck.pdf", "decks/files/deck.pdf")]
        assert head(session, "decks.first").number == 2


def test_an_attachment_that_cannot_be_read_refuses_its_file_only(lite: Shelf) -> None:
    lite.write("bad.md", content_file(title="Bad", attachments="[deck.pdf]"))
    lite.write("deck.pdf", b"MZ not a PDF")
    lite.write("good.md", "# Good\n")
    report = lite.sync()
    assert report.new == 1
    assert reasons(report)["bad.md"][0] == 3


# Trouble


def test_two_syncs_at_once_make_each_asset_once(shelf: Shelf) -> None:
    for number in range(150):
        shelf.write(f"{number}.md", f"# {number}\n")
    reports: list[FolderReport] = []
    threads = [threading.Thread(target=lambda: reports.append(shelf.sync())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(report.new for report in reports) == 150
    assert [report.rejected for report in reports] == [[], [], []]
    with shelf.database.reading() as session:
        assert session.exec(select(func.count()).select_from(Version)).one() == 150


def test_a_batch_that_finds_the_database_held_is_tried_again(sqlite_url: str, blobs: Blobs, tmp_path: Path) -> None:
    shelf = Shelf(Database(sqlite_url, busy_seconds=0.05), blobs, tmp_path / "content")
    shelf.write("a.md", "# A\n")
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("ROLLBACK"))
    timer.start()
    try:
        assert shelf.sync().new == 1
    finally:
        timer.join()
        other.close()
        shelf.database.close()


def test_a_database_that_stays_held_ends_the_sync_with_a_clear_error(
    sqlite_url: str, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "WAITS", (0.01,))
    shelf = Shelf(Database(sqlite_url, busy_seconds=0.05), blobs, tmp_path / "content")
    shelf.write("a.md", "# A\n")
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="Another process"):
        shelf.sync()
    other.execute("ROLLBACK")
    other.close()
    assert shelf.sync().new == 1
    shelf.database.close()


def test_a_record_that_was_lost_is_made_again_without_a_version(shelf: Shelf) -> None:
    shelf.write("a.md", content_file(title="A", review_by="2027-01-01"))
    shelf.sync()
    with shelf.database.transaction() as session:
        session.delete(record_at(session, "a.md"))
    report = shelf.sync()
    assert (report.unchanged, report.new, report.rejected) == (1, 0, [])
    assert shelf.sync().unchanged == 1
    with shelf.database.reading() as session:
        assert session.exec(select(func.count()).select_from(Version)).one() == 1


def test_a_wrong_taxonomy_stops_no_file(lite: Shelf) -> None:
    lite.write("taxonomy.yaml", "personas:\n  - {key: cfo, label: Finance}\n  - {label: No key}\n")
    lite.write("a.md", content_file(title="A", personas="[cfo]"))
    report = lite.sync()
    assert report.new == 1
    assert report.taxonomy is not None
    assert [it.line for it in report.taxonomy.rejected] == [3]
    assert report.refused_something


def test_markup_in_names_and_titles_stays_text(lite: Shelf) -> None:
    lite.write("<img src=x onerror=alert(1)>.md", "# <script>alert(1)</script>\n")
    assert lite.sync().new == 1
    with lite.database.reading() as session:
        record = session.exec(select(ContentFile)).one()
        assert record.path == "<img src=x onerror=alert(1)>.md"
        rendering = session.exec(select(Rendering)).one()
        assert "<script" not in rendering.html


def test_a_sync_is_one_event_and_an_idle_one_is_none(lite: Shelf) -> None:
    lite.write("a.md", "# A\n")
    lite.sync()
    lite.sync()
    with lite.database.reading() as session:
        events = session.exec(select(Event).where(col(Event.name) == "content.synced")).all()
        assert [event.data for event in events] == [{"new": 1, "changed": 0, "retired": 0}]


# Check


def test_a_check_writes_nothing_and_says_what_a_sync_would_refuse(lite: Shelf) -> None:
    lite.write_taxonomy()
    lite.write("a.md", content_file("See [B](b.md) and [C](c.md#top).\n", title="A", personas="[cfo]"))
    lite.write("b.md", "# B\n")
    lite.write("B.md", "# Another B\n")
    lite.write("bad.md", content_file(title="Bad", personas="[cfx]"))
    before = Path(str(lite.database.engine.url.database)).read_bytes()
    report = lite.check()
    assert (report.new, len(report.rejected)) == (2, 2)
    assert "cfo" in reasons(report)["bad.md"][1]
    assert "B.md" in reasons(report)["b.md"][1]
    assert [(it.file, it.line, it.target) for it in report.broken_links] == [("a.md", 5, "c.md#top")]
    assert Path(str(lite.database.engine.url.database)).read_bytes() == before


def test_a_check_counts_what_would_change(lite: Shelf) -> None:
    for name in "abc":
        lite.write(f"{name}.md", f"# {name}\n")
    lite.sync()
    lite.write("b.md", "# changed\n")
    (lite.root / "c.md").unlink()
    lite.write("d.md", "# new\n")
    report = lite.check()
    assert (report.new, report.changed, report.unchanged, report.missing) == (1, 1, 1, ["c.md"])


def test_more_files_than_fit_a_batch_all_come_in(lite: Shelf) -> None:
    for number in range(250):
        lite.write(f"n/{number}.md", f"# {number}\n")
    lite.write("n/100b.md", content_file(title="Bad", kind="nope"))
    report = lite.sync()
    assert (report.new, len(report.rejected)) == (250, 1)
    with lite.database.reading() as session:
        for table in (Asset, ContentFile, Rendering):
            assert session.exec(select(func.count()).select_from(table)).one() == 250
