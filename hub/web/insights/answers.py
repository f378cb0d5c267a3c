"""One question, three answers: a page, its table as CSV, its picture as SVG.

The picture stands alone: with its title, what it rests on, and colours of its own, for slides and for print. Pages
offer it as PNG too, which the browser makes of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode

from fastapi import Query
from fastapi.responses import Response

from hub.http import Door
from hub.people.roles import Actor
from hub.web import shell
from hub.web.insights import csv_file
from hub.web.insights.questions import BY_KEY, GROUPS, QUESTIONS, Question
from hub.web.locales import Locale, locale_of

File = Annotated[Literal["csv", "svg"] | None, Query(alias="as", description="a file instead of the page")]


@dataclass(frozen=True, slots=True)
class Table:
    """What a page shows, for a spreadsheet."""

    columns: Sequence[str]
    rows: Sequence[Sequence[csv_file.Cell]]


@dataclass(frozen=True, slots=True)
class Offered:
    """Where a page's files are, none of which has to be there."""

    csv: str
    svg: str
    name: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question in its surroundings: the others, and the files of its answer."""

    question: Question
    groups: Sequence[str]
    questions: Sequence[Question]
    files: Offered


def asked(door: Door, key: str, *, csv: bool = True, svg: bool = True) -> Asked:
    question = BY_KEY[key]
    files = Offered(_as(door, "csv") if csv else "", _as(door, "svg") if svg else "", f"hub-{key}")
    return Asked(question, GROUPS, QUESTIONS, files)


def answer(
    door: Door, actor: Actor, shown: Any, template: str, *, file: str | None, table: Table | None, fragment: str = ""
) -> Response:
    """The page `insights/{template}.html`, or the file that was asked for. `shown.asked` is the question; the fragment
    is for htmx."""
    key = shown.asked.question.key
    if file == "csv" and table is not None:
        return csv_file.answer(f"hub-{key}", table.columns, table.rows)
    if file == "svg":
        return _picture(door, key, template, shown)
    if fragment and shell.is_fragment(door.request):
        return shell.page(door, actor, fragment, shown, here="insights")
    return shell.page(door, actor, f"insights/{template}.html", shown, here="insights")


@dataclass(frozen=True, slots=True)
class _Paper:
    """What a picture needs of a page's surroundings."""

    locale: Locale


def _picture(door: Door, key: str, template: str, shown: Any) -> Response:
    locale = locale_of(door.request.headers.get("accept-language", ""))
    text = shell.TEMPLATES.get_template(f"insights/pictures/{template}.svg").render(frame=_Paper(locale), page=shown)
    return Response(
        text,
        media_type="image/svg+xml",
        headers={
            "Content-Disposition": f'attachment; filename="hub-{key}.svg"',
            "Cache-Control": "private, no-cache",
            # Opened by itself it may use its own style and nothing else.
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        },
    )


def _as(door: Door, form: str) -> str:
    """This page's own address with its filters, as a file."""
    kept = [(name, value) for name, value in parse_qsl(door.request.url.query) if name not in {"as", "cursor"}]
    return f"{door.request.url.path}?{urlencode([*kept, ('as', form)])}"
