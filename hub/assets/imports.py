"""Assets from a table of another system: CSV rows, known by their external id, taken in batches.

A row that is as it was changes nothing; one that changed becomes a new version, a draft. Unlike in a content
file an unknown word loses no row: it is added to its vocabulary, unconfirmed. Columns that the hub has no use
for are kept.
"""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any, BinaryIO, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from hub import clock
from hub.assets import approval, drafts, slugs
from hub.assets.csv_rows import Row, Table, columns_for
from hub.assets.drafts import Details, NewAsset
from hub.assets.models import Asset, AssetSlug, Kind, Status, Version
from hub.assets.patience import patiently
from hub.assets.schemas import SUMMARY_LENGTH, TITLE_LENGTH
from hub.assets.texts import Text, texts_of
from hub.db import Database
from hub.errors import HubError, Invalid
from hub.people.roles import HUB, Actor, Deed, require
from hub.taxonomy import terms
from hub.taxonomy.nearest import folded, nearest_names, shown
from hub.taxonomy.schemas import LABEL_LENGTH, TermRef
from hub.taxonomy.vocabulary import terms_of

BATCH = 500
COLUMNS = (
    *(
        "asset_id",
        "title",
        "kind",
        "summary",
        "body",
        "personas",
        "stages",
        "products",
        "industries",
        "competitors",
    ),
    *("regions", "tagged_stage", "language", "published"),
)
_SEVERAL = ("personas", "stages", "products", "industries", "competitors", "regions")
_REASON = "was live before it was imported"
_ID_LENGTH = 200


class Mapping(BaseModel):
    """How another system's table is to be read: their column by ours, and by our column what their values mean."""

    model_config = ConfigDict(extra="forbid")

    columns: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}

    @classmethod
    def read(cls, text: str) -> "Mapping":
        """From TOML: `[assets.columns]` and `[assets.values.kind]`. Raises Invalid."""
        try:
            mapping = cls.model_validate(tomllib.loads(text).get("assets", {}))
        except tomllib.TOMLDecodeError as error:
            raise Invalid(f"The mapping is not TOML: {error}.") from None
        except ValidationError as error:
            place = ".".join(["assets", *(str(part) for part in error.errors()[0]["loc"])])
            raise Invalid(f"The mapping cannot be used: {place}: {error.errors()[0]['msg']}.") from None
        if unknown := sorted(set(mapping.values) - set(COLUMNS)):
            near = ", ".join(nearest_names(unknown[0], COLUMNS))
            raise Invalid(f"The mapping has values of {shown(unknown[0])}, which is no column; nearest: {near}.")
        return mapping


class RejectedRow(BaseModel):
    row: int
    column: str
    reason: str


class ImportReport(BaseModel):
    """`read` is the sum of new, changed, unchanged and rejected. A row is counted as a
    spreadsheet counts, the header being row 1."""

    read: int
    new: int
    changed: int
    unchanged: int
    rejected: list[RejectedRow]
    added_terms: list[TermRef]


def import_assets(
    database: Database,
    file: BinaryIO,
    *,
    actor: Actor = HUB,
    mapping: Mapping = Mapping(),  # noqa: B008 - never changed
    publish: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Read a CSV file to its end. `progress` is told how many of its bytes are done.

    Batches are committed one by one: after an Unavailable the same call goes on from there. Raises NotAllowed, Invalid
    for a file or a mapping that cannot be used at all; what is wrong with single rows stands in the report.
    """
    require(actor, Deed.IMPORT_CONTENT)
    table = Table(file, what="assets")
    columns = columns_for(table.columns, mapping.columns, ours=COLUMNS, required=("asset_id", "title"), what="assets")
    reader = _Reader(columns, mapping)
    total = ImportReport(read=0, new=0, changed=0, unchanged=0, rejected=[], added_terms=[])
    for batch in _batches(table.rows()):
        lines = reader.read(batch, total.rejected)
        if lines:
            _add(total, patiently(_take, database, actor, reader, lines, publish))
        if progress is not None:
            progress(table.position())
    total.read = total.new + total.changed + total.unchanged + len(total.rejected)
    total.rejected.sort(key=lambda it: it.row)
    return total


@dataclass(slots=True)
class _Line:
    """One row as the hub understands it; of `fields` only those that the file has."""

    row: int
    external_id: str
    title: str
    fields: dict[str, str]
    words: dict[str, list[str]]
    tagged_stage: str
    published: date | None
    extra: dict[str, Any]


class _Fault(NamedTuple):
    column: str
    reason: str


class _Refused(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = _Fault(column, reason)


class _Reader:
    """Rows into lines, without a database."""

    def __init__(self, columns: dict[str, str], mapping: Mapping) -> None:
        self._columns = columns
        self._their = {ours: theirs for theirs, ours in columns.items()}
        self._values = {
            column: {folded(theirs): ours for theirs, ours in values.items()}
            for column, values in mapping.values.items()
        }
        self._seen: dict[str, int] = {}

    @property
    def tagging(self) -> list[str]:
        """The vocabularies that the file says something about."""
        there = {name for name in _SEVERAL if name in self._their}
        return sorted(there | ({"stages"} if "tagged_stage" in self._their else set()))

    def column(self, ours: str) -> str:
        """As the file calls it."""
        return self._their.get(ours, ours)

    def read(self, rows: Sequence[Row], rejected: list[RejectedRow]) -> list[_Line]:
        lines = []
        for row in rows:
            try:
                if row.fault is not None:
                    raise _Refused(*row.fault)
                lines.append(self._line(row))
            except _Refused as refused:
                rejected.append(RejectedRow(row=row.number, column=refused.fault.column, reason=refused.fault.reason))
        return lines

    def _line(self, row: Row) -> _Line:
        given = {ours: row.cells.get(theirs, "") for theirs, ours in self._columns.items()}
        body = given.pop("body", None)
        given = {name: self._mapped(name, value.strip()) for name, value in given.items()}
        extra = {name: cell.strip() for name, cell in row.cells.items() if name and name not in self._columns}
        plain = ("title", "summary", "kind", "language")
        fields: dict[str, str] = {name: given[name] for name in plain if name in given}
        if body is not None:
            fields["body"] = body.replace("\r\n", "\n")
        if "kind" in fields:
            fields["kind"] = self._kind(fields["kind"])
        self._require_length("summary", fields.get("summary", ""), SUMMARY_LENGTH)
        published = self._date(given.get("published", ""))
        if published is not None:
            extra["published"] = published.isoformat()
        return _Line(
            row=row.number,
            external_id=self._external_id(given["asset_id"], row.number),
            title=self._required("title", given["title"], TITLE_LENGTH),
            fields=fields,
            words={name: self._several(name, given[name]) for name in _SEVERAL if name in given},
            tagged_stage=given.get("tagged_stage", ""),
            published=published,
            extra={name: value for name, value in extra.items() if value},
        )

    def _mapped(self, column: str, value: str) -> str:
        if column in _SEVERAL:
            return ";".join(self._meaning(column, part.strip()) for part in value.split(";"))
        return self._meaning(column, value)

    def _meaning(self, column: str, value: str) -> str:
        return self._values.get(column, {}).get(folded(value), value)

    def _external_id(self, value: str, row: int) -> str:
        self._required("asset_id", value, _ID_LENGTH)
        first = self._seen.setdefault(value, row)
        if first != row:
            raise _Refused(
                self.column("asset_id"),
                f"{shown(value)} stands in row {first} already; each asset has one row",
            )
        return value

    def _required(self, column: str, value: str, length: int) -> str:
        if not value:
            raise _Refused(self.column(column), f"there is no {column}; every asset needs one")
        return self._require_length(column, value, length)

    def _require_length(self, column: str, value: str, length: int) -> str:
        if len(value) > length:
            reason = f"{column} has {len(value)} characters, at most {length} are allowed; shorten it"
            raise _Refused(self.column(column), reason)
        return value

    def _kind(self, value: str) -> str:
        kind = folded(value).replace(" ", "_") or Kind.NOTE
        if kind not in list(Kind):
            near = ", ".join(nearest_names(kind, [known.value for known in Kind]))
            cure = "map it with [assets.values.kind]"
            raise _Refused(self.column("kind"), f"there is no kind {shown(value)}; nearest: {near}, or {cure}")
        return kind

    def _several(self, column: str, value: str) -> list[str]:
        words = [" ".join(part.split()) for part in value.split(";")]
        if long := next((word for word in words if len(word) > LABEL_LENGTH), None):
            reason = f"{shown(long)} is too long for a word; at most {LABEL_LENGTH} characters are allowed"
            raise _Refused(self.column(column), reason)
        return [word for word in words if word]

    def _date(self, value: str) -> date | None:
        if not value:
            return None
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            raise _Refused(self.column("published"), f"{shown(value)} is no date; write 2027-03-01") from None


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _add(total: ImportReport, batch: ImportReport) -> None:
    total.new += batch.new
    total.changed += batch.changed
    total.unchanged += batch.unchanged
    total.rejected += batch.rejected
    total.added_terms += batch.added_terms


def _take(database: Database, actor: Actor, reader: _Reader, lines: Sequence[_Line], publish: bool) -> ImportReport:
    with database.transaction() as session:
        return _Batch(session, actor, reader, publish).take(lines)


class _Batch:
    """Some lines in one transaction."""

    def __init__(self, session: Session, actor: Actor, reader: _Reader, publish: bool) -> None:
        self._session, self._actor, self._reader, self._publish = session, actor, reader, publish
        self._report = ImportReport(read=0, new=0, changed=0, unchanged=0, rejected=[], added_terms=[])
        self._live: list[tuple[date | None, Asset, Version]] = []

    def take(self, lines: Sequence[_Line]) -> ImportReport:
        words = _WordsAsWritten(self._session, self._actor, self._reader.tagging, lines)
        self._report.added_terms = words.added
        known = self._known([line.external_id for line in lines])
        self._create([line for line in lines if line.external_id not in known], words)
        self._update([(line, known[line.external_id]) for line in lines if line.external_id in known], words)
        self._publish_all()
        return self._report

    def _known(self, ids: Sequence[str]) -> dict[str, Asset]:
        query = select(Asset).where(col(Asset.external_id).in_(ids)).order_by(col(Asset.id)).with_for_update()
        return {asset.external_id or "": asset for asset in self._session.exec(query)}

    # New rows

    def _create(self, lines: Sequence[_Line], words: "_WordsAsWritten") -> None:
        names = _free_slugs(self._session, lines)
        new = [(line, self._new_asset(line, names[line.external_id], words)) for line in lines]
        self._create_all(new)

    def _new_asset(self, line: _Line, slug: str, words: "_WordsAsWritten") -> NewAsset:
        text = words.text_of(line, Text(title=line.title, language="en"))
        details = Details(extra=words.extra_of(line))
        return NewAsset(slug=slug, text=text, details=details, external_id=line.external_id)

    def _create_all(self, new: Sequence[tuple[_Line, NewAsset]]) -> None:
        if not new:
            return
        try:
            with self._session.begin_nested():
                # The worker renders afterwards: thousands of rows should not wait for it.
                made = drafts.create_assets(
                    self._session, self._actor, [asset for _, asset in new], source="import", render=False
                )
        except (HubError, IntegrityError) as error:
            if len(new) > 1:
                for one in new:
                    self._create_all([one])
                return
            self._reject(new[0][0], error)
            return
        self._report.new += len(made)
        if self._publish:
            heads = self._heads(made)
            self._live += [(line.published, it, heads[it.id or 0]) for (line, _), it in zip(new, made, strict=True)]

    # Known rows

    def _update(self, pairs: Sequence[tuple[_Line, Asset]], words: "_WordsAsWritten") -> None:
        heads = self._heads([asset for _, asset in pairs])
        agreed = heads | self._last_imported([it.asset_id for it in heads.values() if it.source != "import"])
        texts = texts_of(self._session, [*{it.id: it for it in (*heads.values(), *agreed.values())}.values()])
        for line, asset in pairs:
            head, last = heads[asset.id or 0], agreed[asset.id or 0]
            try:
                with self._session.begin_nested():
                    changed = self._update_one(line, asset, words, (texts[head.id or 0], texts[last.id or 0]))
            except (HubError, IntegrityError) as error:
                self._reject(line, error)
                continue
            self._report.changed += changed
            self._report.unchanged += not changed
            self._note_live(line, asset, head, changed=changed)

    def _update_one(self, line: _Line, asset: Asset, words: "_WordsAsWritten", texts: tuple[Text, Text]) -> bool:
        """A row that says what it said at the last import has not changed, whatever the hub has written since."""
        head, last = texts
        revision = asset.revision
        text = words.text_of(line, head)
        if not words.text_of(line, last).says_the_same(last) and not text.says_the_same(head):
            drafts.write_version(
                self._session, self._actor, asset, text, base_number=asset.head_number, source="import"
            )
        extra = asset.extra | words.extra_of(line)
        if extra != asset.extra:
            details = replace(drafts.details_of(self._session, asset), extra=extra)
            drafts.change_details(self._session, self._actor, asset, details)
        return asset.revision != revision

    def _heads(self, assets: Sequence[Asset]) -> dict[int, Version]:
        query = select(Version).where(col(Version.id).in_([asset.head_version_id for asset in assets]))
        return {version.asset_id: version for version in self._session.exec(query)}

    def _last_imported(self, asset_ids: Sequence[int]) -> dict[int, Version]:
        query = select(Version).where(col(Version.asset_id).in_(asset_ids), Version.source == "import")
        return {version.asset_id: version for version in self._session.exec(query.order_by(col(Version.number)))}

    # Going live

    def _note_live(self, line: _Line, asset: Asset, head: Version, *, changed: bool) -> None:
        """What is retired stays so, and a text that people wrote in the hub goes live only by their approval."""
        version = drafts.head_of(self._session, asset) if changed else head
        came_by_import = version.source == "import" and version.id != asset.live_version_id
        if self._publish and came_by_import and asset.status != Status.RETIRED:
            self._live.append((line.published, asset, version))

    def _publish_all(self) -> None:
        ordered = sorted(self._live, key=lambda it: it[0] or date.min)
        for day, group in groupby(ordered, key=lambda it: it[0]):
            at = min(datetime.combine(day, time(), UTC), clock.now()) if day is not None else None
            pairs = [(asset, version) for _, asset, version in group]
            approval.publish_imported(self._session, self._actor, pairs, reason=_REASON, at=at)

    def _reject(self, line: _Line, error: HubError | IntegrityError) -> None:
        fault = error.errors[0] if isinstance(error, HubError) and error.errors else None
        ours = str(fault.loc[1]) if fault is not None and len(fault.loc) > 1 else ""
        reason = error.detail if isinstance(error, HubError) else "somebody took its slug in this moment; import again"
        self._report.rejected.append(RejectedRow(row=line.row, column=self._reader.column(ours), reason=reason))


class _WordsAsWritten:
    """The terms that a batch of lines means; unknown ones are added, unconfirmed."""

    def __init__(self, session: Session, actor: Actor, vocabularies: Sequence[str], lines: Sequence[_Line]) -> None:
        self._session, self._actor = session, actor
        self.added: list[TermRef] = []
        self._terms = {
            name: self._take(name, (w for line in lines for w in line.words.get(name, ()))) for name in vocabularies
        }
        self._languages = self._take("languages", (it.fields["language"] for it in lines if it.fields.get("language")))
        self._stages = _deal_stages(session) if any(line.tagged_stage for line in lines) else {}

    def text_of(self, line: _Line, base: Text) -> Text:
        """The line's text; what the file has no column for stays as it is in `base`."""
        fields: dict[str, Any] = dict(line.fields)
        if "language" in fields:
            fields["language"] = self._languages[fields["language"]][1] if fields["language"] else "en"
        tags = dict(base.tags)
        stage = self._stages.get(folded(line.tagged_stage))
        for name in self._terms:
            if name in line.words or (name == "stages" and stage is not None):
                found = [self._terms[name][word] for word in line.words.get(name, ())]
                found += [stage] if name == "stages" and stage is not None else []
                tags[name] = list(dict.fromkeys(found))
        return replace(base, **fields, tags=tags)

    def extra_of(self, line: _Line) -> dict[str, Any]:
        """What has no field of its own; a stage that is none of the buyer's journey too."""
        if line.tagged_stage and folded(line.tagged_stage) not in self._stages:
            return {"tagged_stage": line.tagged_stage} | line.extra
        return line.extra

    def _take(self, vocabulary: str, written: Iterator[str]) -> dict[str, tuple[int, str]]:
        words = list(dict.fromkeys(written))
        if not words:
            return {}
        before = {term.id for term in terms_of(self._session, vocabulary)}
        found = terms.take_as_written(self._session, vocabulary, words, actor=self._actor)
        new = {term.id: term for term in found.values() if term.id not in before}
        self.added += [TermRef(vocabulary=vocabulary, key=it.key, label=it.label) for it in new.values()]
        return {word: (term.id or 0, term.key) for word, term in found.items()}


def _deal_stages(session: Session) -> dict[str, tuple[int, str]]:
    """The buyer-journey stage by what systems call it: its key, label, synonyms and the deal stages mapped to it."""
    stages: dict[str, tuple[int, str]] = {}
    for term in terms_of(session, "stages"):
        names = [term.key, term.label, *term.synonyms, *term.text.get("deal_stages", [])]
        for name in names:
            stages.setdefault(folded(name), (term.id or 0, term.key))
    return stages


def _free_slugs(session: Session, lines: Sequence[_Line]) -> dict[str, str]:
    """A slug that nobody has or had for each line, by external id: from the title, else with the id behind it."""
    choices = {
        line.external_id: [
            slugs.slug_of_title(line.title),
            slugs.slug_of_title(f"{line.title} {line.external_id}"),
        ]
        for line in lines
    }
    wanted = [slug for pair in choices.values() for slug in pair]
    taken = set(session.exec(select(AssetSlug.slug).where(col(AssetSlug.slug).in_(wanted))))
    free = {}
    for external_id, pair in choices.items():
        slug = next((slug for slug in pair if slug not in taken), None) or _numbered(session, pair[1], taken)
        taken.add(slug)
        free[external_id] = slug
    return free


def _numbered(session: Session, slug: str, taken: set[str]) -> str:
    number = 1
    while True:
        number += 1
        choice = slugs.slug_of_title(f"{slug.replace('.', ' ')} {number}")
        if choice not in taken and session.get(AssetSlug, choice) is None:
            return choice
