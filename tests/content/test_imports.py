import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, col, func, select

from hub.assets import approval, drafts
from hub.assets.models import Asset, Publication, Rendering, Status, Version
from hub.assets.texts import text_of
from hub.content import imports
from hub.content.import_rows import AssetMapping
from hub.db import Database
from hub.errors import Invalid, NotAllowed
from hub.imports.report import ImportReport
from hub.people.roles import HUB
from hub.taxonomy.models import Term
from tests.factories.assets import make_cast
from tests.factories.taxonomy import make_term


def bring(database: Database, text: str | bytes, *, publish: bool = False, mapping: str = "") -> ImportReport:
    data = text if isinstance(text, bytes) else text.encode()
    report = imports.import_assets(database, io.BytesIO(data), publish=publish, mapping=AssetMapping.of(mapping))
    assert report.read == report.new + report.changed + report.unchanged + len(report.rejected)
    return report


def imported(session: Session, external_id: str) -> Asset:
    return session.exec(select(Asset).where(Asset.external_id == external_id)).one()


def refused(report: ImportReport) -> dict[int, tuple[str, str]]:
    return {it.row: (it.column, it.reason) for it in report.rejected}


FULL = """\
asset_id,title,kind,summary,body,personas,stages,competitors,tagged_stage,language,published,Bundle
D-1,Price talk,Case Study,For finance.,"# Price

Two lines.",cfo;CTO ,decision,Acme,Negotiation,en,2024-05-01,7
"""


def test_a_row_becomes_a_draft_with_all_its_columns(database: Database) -> None:
    with database.transaction() as session:
        make_term(session, "personas", "cfo", label="Chief financial officer")
    report = bring(database, FULL)
    assert (report.read, report.new, report.rejected) == (1, 1, [])
    assert {(it.vocabulary, it.label) for it in report.added_terms} == {("personas", "CTO"), ("competitors", "Acme")}
    with database.reading() as session:
        asset = imported(session, "D-1")
        text = text_of(session, drafts.head_of(session, asset))
        assert (asset.slug, asset.status, text.kind, text.summary) == (
            "price-talk",
            Status.DRAFT,
            "case_study",
            "For finance.",
        )
        assert text.body == "# Price\n\nTwo lines."
        assert text.tag_keys() == {"personas": ["cfo", "cto"], "stages": ["decision"], "competitors": ["acme"]}
        assert asset.extra == {"tagged_stage": "Negotiation", "Bundle": "7", "published": "2024-05-01"}
        confirmed = dict(session.exec(select(Term.key, Term.confirmed).where(col(Term.vocabulary) == "personas")).all())
        assert confirmed == {"cfo": True, "cto": False}


def test_a_stage_of_another_system_tags_where_it_is_mapped(database: Database) -> None:
    with database.transaction() as session:
        stage = session.exec(select(Term).where(Term.vocabulary == "stages", Term.key == "decision")).one()
        stage.text = stage.text | {"deal_stages": ["Negotiation"]}
    bring(database, "asset_id,title,tagged_stage\n1,A,negotiation\n2,B,Discovery\n3,C,Awareness\n")
    with database.reading() as session:
        tags = [text_of(session, drafts.head_of(session, imported(session, id))).tag_keys() for id in "123"]
        assert tags == [{"stages": ["decision"]}, {}, {"stages": ["awareness"]}]
        assert imported(session, "2").extra == {"tagged_stage": "Discovery"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_is_read_as_spreadsheets_write_it(sqlite_database: Database, delimiter: str, mark: bytes) -> None:
    rows = [["asset_id", "Title", "summary"], ["1", "Größe", '"one, two; three\tfour"'], ["", "", ""], ["2", "B", ""]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    report = bring(sqlite_database, mark + text.encode())
    assert (report.read, report.new) == (2, 2)
    with sqlite_database.reading() as session:
        version = drafts.head_of(session, imported(session, "1"))
        assert (version.title, version.summary) == ("Größe", "one, two; three\tfour")


def test_importing_again_changes_only_what_changed(database: Database) -> None:
    bring(database, "asset_id,title,body,personas,shelf\n1,A,Old,cfo,x\n2,B,Same,cfo,x\n3,C,Same,cfo,x\n")
    report = bring(database, "asset_id,title,body,personas,shelf\n1,A,New,cfo,x\n2,B,Same,cfo,x\n3,C,Same,cfo,y\n")
    assert (report.new, report.changed, report.unchanged) == (0, 2, 1)
    with database.reading() as session:
        assert [imported(session, id).head_number for id in "123"] == [2, 1, 1]
        assert imported(session, "3").extra == {"shelf": "y"}


def test_a_column_that_is_left_out_stays_as_it_is(database: Database) -> None:
    bring(database, "asset_id,title,body,personas\n1,A,Text,cfo\n")
    assert bring(database, "asset_id,title\n1,A\n").unchanged == 1
    assert bring(database, "asset_id,title,body\n1,A,Text\n").unchanged == 1


def test_what_the_hub_wrote_since_the_import_is_not_undone_by_the_same_row(database: Database) -> None:
    row = "asset_id,title,body\n1,A,Text\n"
    bring(database, row)
    with database.transaction() as session:
        asset = imported(session, "1")
        text = text_of(session, drafts.head_of(session, asset))
        drafts.write_version(session, HUB, asset, type(text)(title="A", body="Better"), base_number=1)
    assert bring(database, row).unchanged == 1
    assert bring(database, "asset_id,title,body\n1,A,Newer\n").changed == 1
    with database.reading() as session:
        asset = imported(session, "1")
        bodies = session.exec(select(Version.body).where(Version.asset_id == asset.id).order_by(col(Version.number)))
        assert bodies.all() == ["Text", "Better", "Newer"]


def test_publishing_records_an_imported_approval_with_its_date(database: Database) -> None:
    text = "asset_id,title,body,published\n1,A,Old,2024-05-01\n2,B,Old,\n"
    bring(database, text)
    report = bring(database, text, publish=True)
    assert report.unchanged == 2
    bring(database, text, publish=True)
    with database.reading() as session:
        rows = session.exec(select(Publication).order_by(col(Publication.asset_id))).all()
        assert [row.kind for row in rows] == ["imported", "imported"]
        assert str(rows[0].published_at.date()) == "2024-05-01"
        assert imported(session, "1").status == Status.PUBLISHED


def test_publishing_brings_no_retired_asset_back_and_no_unsigned_text_live(database: Database) -> None:
    text = "asset_id,title,body\n1,A,Old\n2,B,Old\n"
    bring(database, text)
    with database.transaction() as session:
        approval.retire(session, HUB, imported(session, "1"))
        two = imported(session, "2")
        base = text_of(session, drafts.head_of(session, two))
        drafts.write_version(session, HUB, two, type(base)(title="B", body="Written in the hub"), base_number=1)
    bring(database, text, publish=True)
    with database.reading() as session:
        assert session.exec(select(func.count()).select_from(Publication)).one() == 0
        assert imported(session, "1").status == Status.RETIRED


def test_rows_that_cannot_be_used_are_named_and_the_others_come_in(database: Database) -> None:
    text = (
        "asset_id,title,kind,summary,published,personas\n"
        ",No id,,,,\n"
        "2,,,,,\n"
        "3,C,poster,,,\n"
        f"4,D,,{'s' * 501},,\n"
        "5,E,,,soon,\n"
        "6,F,,,,\n"
        "6,F again,,,,\n"
        "8,H,,,,,,too many\n"
        "9,I\x01,,,,\n"
        f"10,J,,,,{'p' * 201}\n"
        f"11,{'t' * 201},,,,\n"
        "12,L,,,,\n"
    )
    report = bring(database, text)
    found = refused(report)
    assert report.new == 2
    assert {row: column for row, (column, _) in found.items()} == {
        2: "asset_id", 3: "title", 4: "kind", 5: "summary", 6: "published", 8: "asset_id", 9: "", 10: "title",
        11: "personas", 12: "title",
    }  # fmt: skip
    assert "row 7" in found[8][1]
    assert "nearest" in found[4][1]


def test_bytes_that_are_no_utf_8_refuse_their_row_only(sqlite_database: Database) -> None:
    report = bring(sqlite_database, b"asset_id,title\n1,Gr\xf6\xdfe\n2,B\n")
    assert report.new == 1
    assert "UTF-8" in refused(report)[2][1]


def test_a_quote_that_never_ends_is_one_refusal(sqlite_database: Database) -> None:
    report = bring(sqlite_database, 'asset_id,title\n1,A\n2,"' + "x" * 1_100_000 + "\n3,C\n")
    assert report.new >= 1
    assert "quotes" in refused(report)[3][1]


def test_equal_titles_get_slugs_of_their_own(database: Database) -> None:
    bring(database, "asset_id,title\nA 1,Price\nA 2,Price\nA 3,Price A 2\n")
    with database.reading() as session:
        slugs = {asset.external_id: asset.slug for asset in session.exec(select(Asset))}
        assert slugs == {"A 1": "price", "A 2": "price-a-2", "A 3": "price-a-2-a-3"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("title\nA\n", "asset_id"),
        ("asset_id,title,title\n1,A,B\n", "twice"),
        ("", "empty"),
        ("\n1,A\n", "empty"),
        (",".join(f"c{n}" for n in range(300)), "300 columns"),
    ],
)
def test_a_file_of_another_shape_is_refused_as_a_whole(sqlite_database: Database, text: str, part: str) -> None:
    with pytest.raises(Invalid, match=part):
        bring(sqlite_database, text)


def test_a_mapping_renames_columns_and_values(sqlite_database: Database) -> None:
    mapping = """
        [assets.columns]
        asset_id = "Nr."
        title = "Name"
        [assets.values.kind]
        "Fallstudie" = "case_study"
        [assets.values.personas]
        "Kaufmann" = "cfo"
    """
    bring(sqlite_database, 'Nr.;Name;kind;personas\n1;A;fallstudie;"Kaufmann;CTO"\n', mapping=mapping)
    with sqlite_database.reading() as session:
        text = text_of(session, drafts.head_of(session, imported(session, "1")))
        assert (text.kind, text.tag_keys()) == ("case_study", {"personas": ["cfo", "cto"]})


@pytest.mark.parametrize(
    ("mapping", "part"),
    [
        ("[assets.columns]\ntitel = 'x'", "nearest: title"),
        ("[assets.columns]\nsummary = 'Abstract'", "no column summary"),
        ("[assets.values.kinds]\na = 'b'", "nearest: kind"),
        ("[assets]\nrows = 1", "assets.rows"),
        ("[assets", "TOML"),
    ],
)
def test_a_mapping_that_fits_nothing_is_refused(sqlite_database: Database, mapping: str, part: str) -> None:
    with pytest.raises(Invalid, match=part):
        bring(sqlite_database, "asset_id,title\n1,A\n", mapping=mapping)


def test_a_batch_with_one_bad_row_keeps_the_others(database: Database) -> None:
    with database.transaction() as session:
        make_cast(session)
    bring(database, "asset_id,title,body\n1,A,x\n2,B,x\n")
    report = bring(database, f"asset_id,title,body\n1,A,{'>' * 300} deep\n2,B,new\n")
    assert (report.changed, list(refused(report))) == (1, [2])


def test_renderings_are_left_to_the_worker(sqlite_database: Database) -> None:
    bring(sqlite_database, "asset_id,title,body\n1,A,# Text\n")
    with sqlite_database.reading() as session:
        assert session.exec(select(func.count()).select_from(Rendering)).one() == 0


def test_only_an_admin_imports(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
    with pytest.raises(NotAllowed):
        imports.import_assets(sqlite_database, io.BytesIO(b"asset_id,title\n"), actor=cast.marketing)


class Endless(io.RawIOBase):
    """A CSV that is written while it is read, so that nothing but the reader can hold it."""

    def __init__(self, rows: Iterator[bytes]) -> None:
        self._rows, self._left, self._read = rows, b"", 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while len(self._left) < len(buffer) and (row := next(self._rows, b"")):
            self._left += row
        given, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(given)] = given
        self._read += len(given)
        return len(given)

    def tell(self) -> int:
        return self._read


def test_a_long_file_is_read_row_by_row(sqlite_database: Database, tmp_path: Path) -> None:
    def rows() -> Iterator[bytes]:
        yield b"asset_id,title,body\n"
        for number in range(20_000):
            yield b"%d,,%s\n" % (number, b"x" * 2_000)  # no title: read, judged, forgotten

    tracemalloc.start()
    report = imports.import_assets(sqlite_database, io.BufferedReader(Endless(rows())))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(report.rejected) == 20_000
    assert peak < 40_000_000 - 10_000_000  # of forty megabytes, the refusals are most of what is kept
