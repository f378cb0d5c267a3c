"""What the rows of an imported table say, in our columns or a mapping's, checked as far as that needs no database."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hub.assets.models import Kind
from hub.assets.schemas import SUMMARY_LENGTH, TITLE_LENGTH
from hub.content.csv_rows import Row
from hub.errors import Invalid
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


class _Refused(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


class LineReader:
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

    def read(self, rows: Sequence[Row], rejected: list[RejectedRow]) -> list[Line]:
        lines = []
        for row in rows:
            try:
                if row.fault is not None:
                    raise _Refused(*row.fault)
                lines.append(self._line(row))
            except _Refused as refused:
                rejected.append(RejectedRow(row=row.number, column=refused.column, reason=refused.reason))
        return lines

    def _line(self, row: Row) -> Line:
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
        return Line(
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
