"""The components on one page, with made-up data: where the next page's author looks first."""

from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import Response

from hub.http import DoorDep, HubRoute, access
from hub.people.roles import Deed
from hub.web import shell

router = APIRouter(tags=["pages"], route_class=HubRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownEvidence:
    """As `search.schemas.EvidenceOut`; `missing` is how many deals are wanted before there is an answer."""

    verdict: str
    lift: float
    low: float
    high: float
    deals: int
    missing: int = 0


@dataclass(frozen=True, slots=True)
class StyleguidePage:
    evidence: tuple[ShownEvidence, ...]
    colours: tuple[tuple[str, str], ...]
    icons: tuple[str, ...]


EVIDENCE = (
    ShownEvidence("proven", 4.9, 2.1, 7.8, 143),
    ShownEvidence("promising", 2.4, -0.3, 5.6, 61),
    ShownEvidence("no_evidence", 0.3, -2.2, 2.7, 97),
    ShownEvidence("watch", -1.8, -4.6, 0.7, 88),
    ShownEvidence("goes_with_losing", -4.0, -6.8, -1.2, 74),
    ShownEvidence("too_early", 0.0, 0.0, 0.0, 14, missing=6),
    ShownEvidence("proven", 9.0, 4.0, 15.5, 41),
)
COLOURS = (
    ("paper", "the page"), ("card", "what can be carried away"), ("sunk", "behind the page"), ("ink", "text"),
    ("ink-2", "second text"), ("ink-3", "remarks"), ("accent", "the one main action, Marketing"),
    ("accent-soft", "chosen"), ("sales", "Sales"), ("mark", "found words"), ("proven", "proven, added"),
    ("promising", "promising"), ("neutral", "no evidence, too early"), ("watch", "watch, overdue"),
    ("losing", "goes with losing, removed"), ("focus", "focus"),
)  # fmt: skip
ICONS = (
    "search", "library", "inbox", "write", "review", "deals", "insights", "plan", "words", "admin", "copy", "link",
    "check", "close", "proven", "promising", "too-early", "watch", "losing", "no-evidence", "light", "dark", "system",
    "sign-out", "key", "person", "file", "download", "history", "clock", "fresh", "overdue", "attachment", "compare",
    "filter", "urgent", "imported", "offline", "lock", "help", "info", "down", "right", "left", "up", "external",
    "plus", "trash", "retired", "image", "repeat", "warning", "eye", "bookmark", "send",
    "spoken", "worked", "did-not", "objection", "embed",
    "bold", "italic", "heading", "list", "quote", "code", "table", "note",
    "upload", "health", "people",
)  # fmt: skip


@router.get("/styleguide", **access(Deed.READ_LIVE))
def show_styleguide(door: DoorDep) -> Response:
    with door.reading() as (_, actor):
        pass
    return shell.page(door, actor, "styleguide/styleguide.html", StyleguidePage(EVIDENCE, COLOURS, ICONS))
