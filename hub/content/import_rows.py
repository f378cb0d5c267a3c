"""What the rows of an imported table say, in our columns or a mapping's, checked as far as that needs no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.assets.models import Kind
from hub.assets.schemas import SUMMARY_LENGTH, TITLE_LENGTH
from hub.imports import cells
from hub.imports.csv_rows import Row
from hub.imports.mapping import Mapping, Meaning, read_lines
from hub.imports.report import Refused, Tally
from hub.imports.seen import Seen
from hub.taxonomy.nearest import folded, nearest_names, shown
from hub.taxonomy.schemas import LABEL_LENGTH

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
_ID_LENGTH = 200


class AssetMapping(Mapping):
    """`[assets.columns]` and `[assets.values.kind]`."""

    @classmethod
    def of(cls, text: str) -> "AssetMapping":
        return cls.read(text, section="assets", ours=COLUMNS)


@dataclass(slots=True)
class Line:
    """One row as the hub understands it; of `fields` only those that the file has."""

    row: int
    external_id: str
    title: str
    fields: dict[str, str]
    words: dict[str, list[str]]
    tagged_stage: str
    published: date | None
    extra: dict[str, Any]


class LineReader:
    """Rows into lines, without a database."""

    def __init__(self, columns: dict[str, str], mapping: AssetMapping, *, present: Sequence[str]) -> None:
        self._there = {*columns, *mapping.defaults}
        self._meaning = Meaning(columns, mapping, present=present, several=_SEVERAL)
        self._seen = Seen()

    @property
    def tagging(self) -> list[str]:
        """The vocabularies that the file says something about."""
        there = {name for name in _SEVERAL if name in self._there}
        return sorted(there | ({"stages"} if "tagged_stage" in self._there else set()))

    def column(self, ours: str) -> str:
        """As the file calls it."""
        return self._meaning.column(ours)

    def read(self, rows: Sequence[Row], tally: Tally) -> list[Line]:
        return list(read_lines(rows, self._line, self._meaning, tally))

    def _line(self, row: Row) -> Line:
        given = self._meaning.of(row)
        extra: dict[str, Any] = {**self._meaning.left_over(row)}
        plain = ("title", "summary", "kind", "language")
        fields: dict[str, str] = {name: given[name] for name in plain if name in given}
        if "body" in given:
            fields["body"] = self._meaning.untouched(row, "body").replace("\r\n", "\n")
        if "kind" in fields:
            fields["kind"] = self._kind(fields["kind"])
        cells.bounded("summary", fields.get("summary", ""), SUMMARY_LENGTH)
        published = self._date(given.get("published", ""))
        if published is not None:
            extra["published"] = published.isoformat()
        return Line(
            row=row.number,
            external_id=self._external_id(given["asset_id"], row.number),
            title=cells.required("title", given["title"], TITLE_LENGTH, of="asset"),
            fields=fields,
            words={name: self._several(name, given[name]) for name in _SEVERAL if name in given},
            tagged_stage=given.get("tagged_stage", ""),
            published=published,
            extra=extra,
        )

    def _external_id(self, value: str, row: int) -> str:
        cells.required("asset_id", value, _ID_LENGTH, of="asset")
        first = self._seen.first(value, row)
        if first != row:
            raise Refused("asset_id", f"{shown(value)} stands in row {first} already; each asset has one row")
        return value

    def _kind(self, value: str) -> str:
        kind = folded(value).replace(" ", "_") or Kind.NOTE
        if kind not in list(Kind):
            near = ", ".join(nearest_names(kind, [known.value for known in Kind]))
            cure = "map it with [assets.values.kind]"
            raise Refused("kind", f"there is no kind {shown(value)}; nearest: {near}, or {cure}")
        return kind

    def _several(self, column: str, value: str) -> list[str]:
        words = self._meaning.several(column, value)
        if long := next((word for word in words if len(word) > LABEL_LENGTH), None):
            reason = f"{shown(long)} is too long for a word; at most {LABEL_LENGTH} characters are allowed"
            raise Refused(column, reason)
        return words

    def _date(self, value: str) -> date | None:
        if not value:
            return None
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            raise Refused("published", f"{shown(value)} is no date; write 2027-03-01") from None
