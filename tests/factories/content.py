"""Content folders for tests: files by path, a hub that syncs them, and what stands in the folder afterwards."""

from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from sqlmodel import Session, select

from hub.assets import approval, drafts
from hub.assets.models import Asset, ContentFile, Version
from hub.assets.texts import Text, text_of
from hub.blobs import Blobs
from hub.content import check, export, sync
from hub.content.folder import Folder
from hub.content.sync_report import FolderReport
from hub.db import Database
from hub.people.roles import Team
from tests.factories.assets import Cast, make_cast, sign

TAXONOMY = """\
personas:
  - {key: cfo, label: Chief financial officer}
  - {key: cto, label: Chief technology officer}
languages:
  - {key: de, label: German}
use_cases:
  - {key: migration, label: Migration}
"""

# Long enough to be recognised when most of it stays.
PARAGRAPH = "Ask what a late delivery costs them today, in their own figures, and let them say the sum aloud. " * 3


def content_file(body: str = "Ask first.\n", **fields: str) -> str:
    """A content file; fields are YAML as it would be typed."""
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"---\n{lines}---\n{body}"


@dataclass
class Shelf:
    """A content folder and the hub it belongs to."""

    database: Database
    blobs: Blobs
    root: Path
    configured: Path = field(default=Path())

    def __post_init__(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        self.configured = self.root if self.configured == Path() else self.configured

    @property
    def folder(self) -> Folder:
        return Folder.at(self.root, configured=self.configured, max_attachment_bytes=2_000_000)

    def write(self, path: str, text: str | bytes) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)
        return place

    def write_taxonomy(self) -> None:
        self.write("taxonomy.yaml", dedent(TAXONOMY))

    def sync(self, *, retire_missing: bool = False) -> FolderReport:
        report = sync.sync(self.database, self.blobs, self.folder, retire_missing=retire_missing)
        assert report.read == report.new + report.changed + report.unchanged + len(report.rejected)
        return report

    def check(self) -> FolderReport:
        report = check.check(self.database, self.folder)
        assert report.read == report.new + report.changed + report.unchanged + len(report.rejected)
        return report

    def export(self, *, live: bool = False) -> FolderReport:
        report = export.export(self.database, self.blobs, self.folder, live=live)
        assert report.read == report.new + report.changed + report.unchanged + len(report.rejected)
        return report

    def files(self) -> dict[str, bytes]:
        """Every file below the folder, by path."""
        places = (place for place in self.root.rglob("*") if place.is_file())
        return {place.relative_to(self.root).as_posix(): place.read_bytes() for place in places}

    def beside(self, name: str) -> "Shelf":
        """Another folder of the same hub."""
        return Shelf(self.database, self.blobs, self.root.parent / name, self.configured)


def publish_named(session: Session, slug: str) -> Cast:
    """Both teams approve the newest version of an asset that nobody wrote by hand."""
    cast, asset = make_cast(session), asset_named(session, slug)
    approval.submit(session, cast.admin, asset, asset.head_number)
    sign(session, cast.marketing, asset, Team.MARKETING)
    sign(session, cast.sales, asset, Team.SALES)
    return cast


def asset_named(session: Session, slug: str) -> Asset:
    return session.exec(select(Asset).where(Asset.slug == slug)).one()


def head(session: Session, slug: str) -> Version:
    return drafts.head_of(session, asset_named(session, slug))


def text_named(session: Session, slug: str) -> Text:
    return text_of(session, head(session, slug))


def record_at(session: Session, path: str) -> ContentFile:
    return session.exec(select(ContentFile).where(ContentFile.path == path)).one()


def reasons(report: FolderReport) -> dict[str, tuple[int, str]]:
    """What was rejected: line and reason by file."""
    return {it.file: (it.line, it.reason) for it in report.rejected}
