"""What callers send and get for terms. Inputs refuse unknown fields; outputs have no defaults.

The same limits hold for a term typed in a page, sent by a program or read from taxonomy.yaml.
"""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from hub.people.roles import Team

NAME_LENGTH = 50
KEY_LENGTH = 100
LABEL_LENGTH = 200
PARAGRAPH_LENGTH = 5_000
MOST_SYNONYMS = 1_000
_KEY = re.compile(r"[a-z0-9]+(?:[-_.][a-z0-9]+)*")
_FIELD = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
# These are fields of every term; a text of the same name could not be told from them in taxonomy.yaml.
RESERVED = frozenset(
    {"key", "label", "synonyms", "owners", "position", "confirmed", "former_keys", "vocabulary", "text"}
)


def one_line(text: str) -> str:
    """Raises ValueError for what cannot be shown or stored: control characters, halves of characters."""
    line = unicodedata.normalize("NFC", " ".join(text.split()))
    if not line:
        raise ValueError("this is empty; write something, or leave the field out")
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in line):
        raise ValueError("control characters cannot be used here; write plain text on one line")
    return line


def _paragraphs(text: str) -> str:
    tidy = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in tidy):
        raise ValueError("control characters cannot be used here, except line breaks and tabs")
    return tidy


def is_vocabulary_name(text: str) -> bool:
    return len(text) <= NAME_LENGTH and _FIELD.fullmatch(text) is not None


def is_key(text: str) -> bool:
    return len(text) <= KEY_LENGTH and _KEY.fullmatch(text) is not None


def _key(text: str) -> str:
    if not is_key(text):
        raise ValueError("a key is words of a-z and 0-9 joined by - or _ or . (say head-of-finance)")
    return text


def _field_name(text: str) -> str:
    if not _FIELD.fullmatch(text) or text in RESERVED:
        raise ValueError(f"{text[:50]!r} cannot name a text: use lower-case words joined by _ (say convinced_by)")
    return text


def distinct(words: list[str], *, besides: str = "") -> list[str]:
    """Of words that differ by case only the first; none that is `besides`."""
    first: dict[str, str] = {}
    for word in words:
        first.setdefault(word.casefold(), word)
    first.pop(besides.casefold(), None)
    return list(first.values())


Key = Annotated[
    str,
    Field(min_length=1, max_length=KEY_LENGTH),
    AfterValidator(_key),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": KEY_LENGTH, "pattern": f"^{_KEY.pattern}$"}),
]
Line = Annotated[str, Field(min_length=1, max_length=LABEL_LENGTH), AfterValidator(one_line)]
Synonyms = Annotated[list[Line], Field(max_length=MOST_SYNONYMS), AfterValidator(distinct)]
Paragraphs = Annotated[str, Field(max_length=PARAGRAPH_LENGTH), AfterValidator(_paragraphs)]
Lines = Annotated[list[Line], Field(max_length=MOST_SYNONYMS), AfterValidator(distinct)]
FieldName = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH), AfterValidator(_field_name)]
Texts = Annotated[dict[FieldName, Paragraphs | Lines], Field(max_length=30)]
Who = Annotated[str, Field(min_length=1, max_length=254), AfterValidator(one_line)]
Position = Annotated[int, Field(strict=True, ge=0, le=1_000_000, description="terms are shown in this order")]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Owners(_Input):
    """Who answers for a term in each team: an e-mail address or a name. null: nobody; left out: as it is."""

    marketing: Who | None = None
    sales: Who | None = None


_PERSONA: dict[str, Any] = {
    "key": "cfo",
    "label": "Chief financial officer",
    "synonyms": ["finance director", "head of finance"],
    "text": {
        "goals": "Hold the cost per order while volume grows.",
        "pains": "Savings that were promised and never came.",
    },
    "owners": {"marketing": "ana@example.com", "sales": "ben@example.com"},
}


class TermDraft(_Input):
    """A new term, at the end of its vocabulary unless `position` says otherwise. Without `key`: made from the label."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PERSONA]})

    key: Key | None = None
    label: Line
    synonyms: Synonyms = []
    text: Texts = {}
    owners: Owners = Owners()
    position: Position | None = None
    confirmed: Annotated[bool, Field(strict=True)] = True


class TermChange(_Input):
    """What is left out stays as it is. In `text` each field stands for itself; an empty one is taken out."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"label": "Finance lead", "text": {"pains": "Month-end takes nine days."}}]}
    )

    label: Line | None = None
    synonyms: Synonyms | None = None
    text: Texts = {}
    owners: Owners = Owners()
    position: Position | None = None


class NewKey(_Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "finance-lead"}]})

    key: Key


class Merge(_Input):
    """The term that stays. It takes over every tag, and the other's label and synonyms as synonyms."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"into": "cfo"}]})

    into: Annotated[str, Field(min_length=1, max_length=KEY_LENGTH)]


class OwnerOut(BaseModel):
    id: int
    name: str
    team: Team


class OwnersOut(BaseModel):
    marketing: OwnerOut | None
    sales: OwnerOut | None


class TermDetail(BaseModel):
    """A term as it is now. `former_keys` still find it; `confirmed` is false for a word that an import brought."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _PERSONA
                | {
                    "vocabulary": "personas",
                    "position": 1,
                    "confirmed": True,
                    "former_keys": ["head-of-finance"],
                    "owners": {"marketing": {"id": 7, "name": "Ana Keller", "team": "marketing"}, "sales": None},
                }
            ]
        }
    )

    vocabulary: str
    key: str
    label: str
    position: int
    synonyms: list[str]
    text: dict[str, str | list[str]]
    owners: OwnersOut
    confirmed: bool
    former_keys: list[str]


class VocabularyDetail(BaseModel):
    name: str
    tags_assets: bool
    terms: list[TermDetail]


class Taxonomy(BaseModel):
    vocabularies: list[VocabularyDetail]


class TermRef(BaseModel):
    vocabulary: str
    key: str
    label: str


class Rejected(BaseModel):
    file: str
    line: int
    reason: str


class TermConflict(BaseModel):
    """A field that somebody changed in the hub and somebody else in the file, since the two last agreed."""

    vocabulary: str
    key: str
    line: int
    field: str
    in_file: Any
    in_hub: Any


class SyncReport(BaseModel):
    """`read` is the sum of new, changed, unchanged and rejected; a conflict is among the rejected.

    `notes` tells what is no fault: a term that the hub calls otherwise by now, an order that was kept.
    """

    file: str
    read: int
    new: int
    changed: int
    unchanged: int
    rejected: list[Rejected]
    added_terms: list[TermRef]
    conflicts: list[TermConflict]
    only_in_hub: list[TermRef]
    notes: list[str]
