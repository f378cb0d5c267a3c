"""What comes out of search: hits with marked text, counts, and the reasons for the order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hub.search.documents import Shown
from hub.search.engine import Facets
from hub.search.question import Notice, Question

ReasonCode = Literal[
    "fits_deal",
    "exact",
    "near",
    "words",
    "synonym",
    "spelling",
    "written",
    "attachment",
    "evidence",
    "listed",
]
Match = Literal["good", "poor", "none"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a hit is where it is: `says` in words; `code`, `field`, `words` and `missing` for programs."""

    code: ReasonCode
    says: str
    field: str = ""
    words: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snippet:
    """The best passage as HTML: escaped, matches in `<mark>`. `page` counts from 1, for attachments only."""

    html: str
    source: Literal["body", "summary", "attachment", "none"]
    attachment: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """One asset. `title_html` is escaped and marked; `reasons` the most telling first."""

    shown: Shown
    title_html: str
    snippet: Snippet
    reasons: tuple[Reason, ...]

    @property
    def why(self) -> list[str]:
        return [reason.says for reason in self.reasons]


@dataclass(frozen=True, slots=True)
class Answer:
    """`total` matching documents, of which `hits` are one page. `match` is poor when no hit has all the words.
    `suggestion` is the question with its misspelt words put right, when that was what brought the hits. `tried` are the
    documents under a hold-out that fit the deal, whichever way their coin fell."""

    question: Question
    hits: tuple[Hit, ...]
    total: int
    facets: Facets
    match: Match
    suggestion: str | None
    notices: tuple[Notice, ...]
    engine: str
    deal: Mapping[str, frozenset[str]]
    tried: tuple[str, ...] = ()
