"""What a content file says, checked as far as that needs no database: types, lengths, dates and the values of
kind and audience. (Whether a tag is in the vocabulary is `words`; how front matter is cut from a file is
`front_matter`.)
"""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from hub.assets import slugs
from hub.assets.models import Audience, Kind, Status
from hub.assets.schemas import SUMMARY_LENGTH, TITLE_LENGTH
from hub.assets.texts import TAG_FIELDS
from hub.content import front_matter
from hub.content.front_matter import ContentError
from hub.errors import Invalid
from hub.people import directory
from hub.people.roles import SIGNING_TEAMS
from hub.taxonomy.nearest import nearest_names, shown

MOST_VALUES = 100
MOST_AUTHORS = 20
MOST_ATTACHMENTS = 50
VALUE_LENGTH = 200
WHO_LENGTH = 254

# In the order in which an export writes them.
KNOWN = (
    *("title", "slug", "external_id", "kind", "summary", *TAG_FIELDS, "tags", "language", "audience"),
    *("authors", "owner", "review_by", "expires_on", "attachments"),
)


@dataclass(frozen=True, slots=True)
class Stated:
    """A content file's fields and body. Tags by vocabulary, as written; authors by team; attachments as paths below
    the content folder. `extra` are the further keys, in order and fit for JSON; `front_matter` is the block itself."""

    title: str
    summary: str
    body: str
    kind: str = Kind.NOTE
    language: str = "en"
    audience: str = Audience.INTERNAL
    tags: dict[str, list[str]] = field(default_factory=dict)
    authors: dict[str, list[str]] = field(default_factory=dict)
    owner: str | None = None
    review_by: date | None = None
    expires_on: date | None = None
    slug: str | None = None
    external_id: str | None = None
    attachments: tuple[str, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    front_matter: str = ""

    def line_of(self, key: str, value: str | None = None) -> int:
        return line_of(self.front_matter, key, value)

    @property
    def first_body_line(self) -> int:
        return self.front_matter.count("\n") + 1


def read(data: bytes, path: str, *, vocabularies: frozenset[str]) -> Stated:
    """The file's fields. `vocabularies` are further ones that tag assets: a key of that name is a list of tags.

    Raises ContentError with the line of the first fault and, in its reason, those after it.
    """
    file = front_matter.read(data)
    faults: list[ContentError] = []
    fields = _Fields(file.fields, file.source, faults)
    title, summary = _derived(file, path)
    stated = Stated(
        title=fields.line("title", TITLE_LENGTH) or title,
        summary=fields.line("summary", SUMMARY_LENGTH) if "summary" in file.fields else summary,
        body=file.body,
        kind=fields.one_of("kind", [kind.value for kind in Kind]) or Kind.NOTE,
        language=fields.line("language", VALUE_LENGTH) or "en",
        audience=fields.one_of("audience", [audience.value for audience in Audience]) or Audience.INTERNAL,
        tags=fields.tags(vocabularies),
        authors=fields.authors(),
        owner=fields.who("owner"),
        review_by=fields.date("review_by"),
        expires_on=fields.date("expires_on"),
        slug=fields.slug(),
        external_id=fields.line("external_id", VALUE_LENGTH) or None,
        attachments=fields.attachments(path),
        extra=fields.further(vocabularies),
        front_matter=file.source,
    )
    _require_storable(file.fields, faults)
    if faults:
        raise together(faults)
    return stated


def together(faults: Sequence[ContentError]) -> ContentError:
    """One refusal of a file for all that is wrong with it."""
    first, *others = sorted(faults, key=lambda fault: fault.line)
    return ContentError(first.line, "; ".join([first.reason, *(f"line {it.line}: {it.reason}" for it in others[:9])]))


def line_of(source: str, key: str, value: str | None = None) -> int:
    """The line of a key in front matter, or of a value in it where that is found; from 1."""
    lines = source.split("\n")
    name = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*:""")
    start = next((place for place, line in enumerate(lines) if name.match(line)), 0)
    if value:
        start = next((place for place in range(start, len(lines)) if value in lines[place]), start)
    return start + 1


def storable(value: Any) -> Any:
    """The same for a JSON column, which knows no dates."""
    if isinstance(value, Mapping):
        return {key: storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def readable_name(path: str) -> str:
    """A title for a file that has none: `sales/too_dear.md` → Too dear; an index is called as its folder."""
    parts = path.removesuffix(".md").split("/")
    name = parts[-2] if len(parts) > 1 and parts[-1].lower() in {"index", "readme", "_index"} else parts[-1]
    words = " ".join(re.sub(r"[-_.]+", " ", name).split()) or name
    return (words[:1].upper() + words[1:])[:TITLE_LENGTH]


def _derived(file: front_matter.ContentFile, path: str) -> tuple[str, str]:
    """Title and summary of a file that does not say them; "" for the summary when it has none."""
    if file.fields.get("title") and "summary" in file.fields:
        return "", ""
    title, summary = front_matter.title_and_summary(file.body)
    return title or readable_name(path), summary


def _require_storable(fields: Mapping[str, Any], faults: list[ContentError]) -> None:
    # YAML can write halves of characters ("\ud800"), which no database takes.
    if any("\ud800" <= c <= "\udfff" for c in json.dumps(storable(fields), ensure_ascii=False)):
        faults.append(ContentError(1, "the front matter holds an escaped half of a character; take it out"))


class _Fields:
    """The fields of one file, taken one by one; what is wrong is noted and the next one looked at."""

    def __init__(self, fields: Mapping[str, Any], source: str, faults: list[ContentError]) -> None:
        self._fields, self._source, self._faults = fields, source, faults

    def line(self, key: str, length: int) -> str:
        value = self._fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._fault(key, f"{key} must be text; put it in quotes")
            return ""
        text = value.strip()
        if len(text) > length:
            self._fault(key, f"{key} has {len(text)} characters, at most {length} are allowed; shorten it")
        return text

    def one_of(self, key: str, values: Sequence[str]) -> str:
        text = self.line(key, VALUE_LENGTH)
        if text and text not in values:
            near = ", ".join(nearest_names(text, values))
            self._fault(key, f"there is no {key} {shown(text)}; nearest: {near}")
        return text

    def date(self, key: str) -> date | None:
        value = self._fields.get(key)
        if value is None or (type(value) is date):
            return value
        if isinstance(value, str):
            try:
                return date.fromisoformat(value.strip())
            except ValueError:
                pass
        elif isinstance(value, datetime):
            self._fault(key, f"{key} is a day without a time; write {value.date()}")
            return None
        self._fault(key, f"{key} must be a day like 2027-03-01")
        return None

    def who(self, key: str) -> str | None:
        text = self.line(key, WHO_LENGTH)
        return (text if self._is_name(key, text) else None) if text else None

    def slug(self) -> str | None:
        text = self.line("slug", slugs.MAX_LENGTH)
        if text and not slugs.is_slug(text):
            self._fault(
                "slug",
                f"{shown(text)} cannot be a slug; use lower-case ASCII words joined by - and folders by .",
            )
        return text or None

    def tags(self, vocabularies: frozenset[str]) -> dict[str, list[str]]:
        found = {key: self.values(key) for key in (*TAG_FIELDS, *sorted(vocabularies.difference(TAG_FIELDS)))}
        further = self._fields.get("tags")
        if isinstance(further, Mapping):
            for name, values in further.items():
                if name in TAG_FIELDS:
                    self._fault("tags", f"{name} has a field of its own; move it out of tags")
                else:
                    found[str(name)] = [*found.get(str(name), []), *self._texts("tags", values, MOST_VALUES)]
        elif further is not None:
            self._fault("tags", "tags names vocabularies, each with a list: `tags: {use_cases: [migration]}`")
        return {name: values for name, values in found.items() if values}

    def values(self, key: str) -> list[str]:
        return self._texts(key, self._fields.get(key), MOST_VALUES)

    def authors(self) -> dict[str, list[str]]:
        teams = self._fields.get("authors")
        if teams is None:
            return {}
        if not isinstance(teams, Mapping) or not set(teams) <= SIGNING_TEAMS:
            cure = "authors are named by team: `authors: {marketing: [ana@example.com], sales: [ben@example.com]}`"
            self._fault("authors", cure)
            return {}
        named = {str(team): self._texts("authors", names, MOST_AUTHORS) for team, names in teams.items()}
        good = {name for names in named.values() for name in names if self._is_name("authors", name)}
        return {team: names for team, names in named.items() if names and good.issuperset(names)}

    def attachments(self, path: str) -> tuple[str, ...]:
        places = []
        for written in self._texts("attachments", self._fields.get("attachments"), MOST_ATTACHMENTS):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(path), written))
            if written.startswith("/") or place.startswith("../") or place in {".", ".."} or "\\" in written:
                self._fault("attachments", f"{shown(written)} leads out of the folder; put the file inside", written)
            elif place in places:
                self._fault("attachments", f"{shown(written)} is attached twice; name it once", written)
            else:
                places.append(place)
        return tuple(places)

    def further(self, vocabularies: frozenset[str]) -> dict[str, Any]:
        if self._fields.get("status") is not None:
            # Kept and without effect: only approvals change a status. But one that does not exist is a mistake.
            self.one_of("status", [status.value for status in Status])
        further = (key for key in self._fields if key not in KNOWN and key not in vocabularies)
        return {key: storable(self._fields[key]) for key in further}

    def _texts(self, key: str, value: Any, most: int) -> list[str]:
        listed = value if isinstance(value, list) else [] if value is None else [value]
        if any(not isinstance(item, str) for item in listed):
            self._fault(key, f"{key} must be text or a list of texts, like [cfo, cto]; put numbers in quotes")
            return []
        texts = [item.strip() for item in listed]
        if len(texts) > most:
            self._fault(key, f"{key} has {len(texts)} values, at most {most} are allowed")
        if long := next((text for text in texts if len(text) > WHO_LENGTH), None):
            self._fault(key, f"{shown(long)} is too long; at most {WHO_LENGTH} characters are allowed", long)
        return [text for text in texts if text]

    def _is_name(self, key: str, text: str) -> bool:
        try:
            return bool(directory.email_of(text) or directory.name_of(text))
        except Invalid as error:
            self._fault(key, error.detail, text)
            return False

    def _fault(self, key: str, reason: str, value: str | None = None) -> None:
        self._faults.append(ContentError(line_of(self._source, key, value), reason))
