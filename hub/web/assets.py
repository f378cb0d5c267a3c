"""The library: the list of what a person may see, and one asset with all that is known about it."""

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlmodel import Session, col, select

from hub.assets import drafts, freshness, library, listing
from hub.assets.listing import Filters
from hub.assets.models import Asset, Audience, Confirmation, Kind, Status
from hub.assets.policy import may_on
from hub.assets.schemas import AssetDetail, AssetRow, ConfirmationIn, HeadingOut
from hub.db import id_of
from hub.errors import Invalid
from hub.http import Door, DoorDep, HubRoute, access
from hub.insights import reading as insights
from hub.paging import Page
from hub.people.models import Person
from hub.people.roles import Actor, Deed, Team, may
from hub.search.desk import scope_of
from hub.search.documents import Shown
from hub.search.engine import Filters as SearchFilters
from hub.search.engine import Inquiry, SearchUnavailable
from hub.search.schemas import EvidenceOut
from hub.usage import feedback
from hub.usage.models import Opinion
from hub.usage.schemas import FeedbackOut
from hub.web import pictures, shell, words
from hub.web.feedback import OPINIONS
from hub.web.forms import FormDep
from hub.web.words import Words

router = APIRouter(prefix="/assets", tags=["pages"], route_class=HubRoute, include_in_schema=False)
PER_PAGE = 25
RELATED, SAID = 4, 3
Several = Annotated[list[str], Query(max_length=50)]
_HEADING = re.compile(r'<(/?)h([1-6])((?: [a-z-]+="[^"]*")*)>')
_NO_HEADING = re.compile(r'<th((?: [a-z-]+="[^"]*")*)></th>')  # the empty corner of a table heads nothing
_ID = re.compile(r' id="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Line:
    """One asset of the list."""

    row: AssetRow
    tags: list[str]


@dataclass(frozen=True, slots=True)
class ListPage:
    lines: list[Line]
    total: int
    later: str
    chosen: dict[str, str]
    narrowed: bool
    mine: bool
    statuses: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    personas: list[tuple[str, str]]
    stages: list[tuple[str, str]]
    problem: str


@dataclass(frozen=True, slots=True)
class Author:
    name: str
    team: str


@dataclass(frozen=True, slots=True)
class Related:
    slug: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AssetPage:
    """`asset` is what the API answers for the same address; the rest is what only a page needs."""

    asset: AssetDetail
    html: str
    headings: list[HeadingOut]
    tags: list[tuple[str, str]]
    language: str
    authors: list[Author]
    owner: str
    confirmed: Confirmed | None
    related: list[Related]
    evidence: EvidenceOut | None
    is_draft: bool
    may_see_drafts: bool
    may_confirm: bool
    may_write: bool
    may_retire: bool
    address: str
    embed: str
    feedback_id: str
    said: list[FeedbackOut]
    signs: dict[Opinion, tuple[str, str]]
    opinions: list[tuple[Opinion, str, str, int]]
    teams: tuple[Team, ...] = field(default=(Team.MARKETING, Team.SALES))


@router.get("", **access(Deed.READ_LIVE))
def list_assets(
    door: DoorDep,
    status: Several = [],  # noqa: B006 - FastAPI copies query defaults
    kind: Several = [],  # noqa: B006
    persona: Several = [],  # noqa: B006
    stage: Several = [],  # noqa: B006
    audience: Several = [],  # noqa: B006
    mine: bool = False,
    cursor: str | None = None,
) -> Response:
    """Newest change first. A form sends empty fields for «any»; those filter nothing."""
    asked = {"status": _said(status), "kind": _said(kind), "persona": _said(persona), "stage": _said(stage)}
    asked["audience"] = _said(audience)
    with door.reading() as (session, actor):
        problem, found = "", Page[AssetRow](items=[], total=0, next=None)
        try:
            filters = _filters(asked, [actor.id] if mine and actor.id else [])
            found = listing.list_assets(session, actor, filters, limit=PER_PAGE, cursor=cursor)
        except Invalid as refused:
            problem = refused.detail
        shown = _list_page(words.words(session), asked, found, mine=mine, problem=problem)
    status_code = 422 if problem else 200
    template = "assets/_lines.html" if shell.is_fragment(door.request) else "assets/list.html"
    return shell.page(door, actor, template, shown, here="assets", status=status_code)


@router.get("/{slug}", **access(Deed.READ_LIVE))
def show_asset(
    door: DoorDep, slug: str, version: Annotated[str | None, Query(pattern="^(live|draft)$")] = None
) -> Response:
    """The live text, or the newest draft for those who may see it. Former slugs lead here."""
    with door.reading() as (session, actor):
        asset = library.find(session, slug)
        shown, may_see = library.version_to_show(session, actor, asset, draft=version == "draft")
        detail = library.asset_detail(session, asset, shown, with_draft=may_see)
        page = _asset_page(door, session, actor, asset, detail, may_see=may_see)
    return shell.page(door, actor, "assets/asset.html", page, here="assets")


@router.post("/{slug}/confirmations", **access(Deed.CONFIRM))
def confirm(door: DoorDep, slug: str, form: FormDep) -> Response:
    """«Still right»: the review date moves, text and signatures stay."""
    given = form.read(ConfirmationIn, review_by=form.text("review_by") or None, note=form.text("note"))
    with door.writing() as (session, actor):
        asset = drafts.locked(session, slug)
        freshness.confirm(session, actor, asset, review_by=given.review_by, note=given.note)
        slug = asset.slug
    if shell.is_fragment(door.request):
        return shell.page(door, actor, "assets/_confirmed.html", slug)
    return shell.back(f"/assets/{slug}", told="confirmed")


def under_title(html: str, headings: Sequence[HeadingOut]) -> tuple[str, list[HeadingOut]]:
    """A text below a page's own title: its headings begin at the second level and skip none on the way down, as
    somebody who listens to the page goes by them, and a wide table scrolls by itself, with the keyboard too. The HTML
    is the sanitiser's, so whatever looks like a tag is one."""
    deeper: list[int] = []
    levels: dict[str, int] = {}

    def relevel(tag: re.Match[str]) -> str:
        closing, level, attributes = tag[1], int(tag[2]), tag[3]
        if not closing:
            while deeper and deeper[-1] >= level:
                deeper.pop()
            deeper.append(level)
            if identity := _ID.search(attributes):
                levels[unescape(identity[1])] = 1 + len(deeper)
        return f"<{closing}h{1 + max(1, len(deeper))}{attributes}>"

    shown = _HEADING.sub(relevel, html)
    shown = shown.replace("<table", '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table')
    shown = _NO_HEADING.sub(r"<td\1></td>", shown.replace("</table>", "</table></div>"))
    return shown, [one.model_copy(update={"level": levels.get(one.id, one.level)}) for one in headings]


def people_named(session: Session, names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """(name, team) by what a content file calls people: their address, or their name."""
    wanted = {name.lower() for name in names if "@" in name}
    if not wanted:
        return {}
    query = select(Person.email, Person.name, Person.team).where(col(Person.email).in_(wanted))
    return {str(email): (name, team) for email, name, team in session.exec(query)}


def tags_of(known: Words, row: AssetDetail | AssetRow) -> list[tuple[str, str]]:
    """(facet, label) of every tag, in the order in which pages name them."""
    return [(facet, known.label(name, key)) for facet, name, _ in words.TAGS for key in getattr(row, name)]


def _asset_page(
    door: Door, session: Session, actor: Actor, asset: Asset, detail: AssetDetail, *, may_see: bool
) -> AssetPage:
    known = words.words(session)
    named = people_named(session, [*detail.authors.marketing, *detail.authors.sales, detail.owner or ""])
    html, headings = under_title(detail.html, detail.headings)
    html = pictures.only_from(door.hub.settings.image_origins, html)
    live = detail.live_version == detail.version
    base = door.hub.settings.base_url.rstrip("/")
    counts = feedback.counts(session, asset) if asset.live_version_id else {}
    return AssetPage(
        asset=detail,
        html=html,
        headings=headings,
        tags=tags_of(known, detail),
        language=known.label("languages", detail.language),
        authors=[
            Author(named.get(who.lower(), (_plain_name(who), team))[0], team)
            for team, group in ((Team.MARKETING, detail.authors.marketing), (Team.SALES, detail.authors.sales))
            for who in group
        ],
        owner=named.get((detail.owner or "").lower(), (_plain_name(detail.owner or ""), ""))[0],
        confirmed=_confirmed(session, asset),
        related=_related(door, actor, detail),
        evidence=_evidence(session, asset) if live else None,
        is_draft=not live,
        may_see_drafts=may_see,
        may_write=may_on(session, actor, Deed.WRITE_VERSION, asset),
        may_retire=may(actor, Deed.RETIRE),
        may_confirm=live and detail.status != Status.RETIRED and may_on(session, actor, Deed.CONFIRM, asset),
        address=f"{base}/assets/{detail.slug}",
        embed=f"{base}/embed/{detail.slug}" if live and _may_be_framed(door, detail) else "",
        feedback_id=str(uuid.uuid4()),
        said=feedback.latest(session, actor, asset, limit=SAID) if counts else [],
        signs=OPINIONS,
        opinions=[(one, *OPINIONS[one], counts.get(one, 0)) for one in OPINIONS],
    )


def _may_be_framed(door: Door, detail: AssetDetail) -> bool:
    """Only what may be shown to anybody, and only where an operator named who may frame it."""
    return bool(door.hub.settings.embed_origins) and detail.audience == Audience.SHAREABLE


def _evidence(session: Session, asset: Asset) -> EvidenceOut | None:
    found = insights.evidence_of(session, [id_of(asset)]).get(id_of(asset))
    return EvidenceOut(**found) if found else None


def _plain_name(who: str) -> str:
    """Readers see nobody's e-mail address: of one without a person behind it, the part before the @ remains."""
    return who.partition("@")[0]


def _confirmed(session: Session, asset: Asset) -> Confirmed | None:
    query = (
        select(Confirmation.confirmed_at, Person.name)
        .outerjoin(Person, col(Person.id) == Confirmation.confirmed_by)
        .where(Confirmation.asset_id == asset.id)
        .order_by(col(Confirmation.id).desc())
    )
    row = session.exec(query.limit(1)).first()
    return Confirmed(at=row[0], by=row[1] or "the hub") if row else None


def _related(door: Door, actor: Actor, detail: AssetDetail) -> list[Related]:
    """Live assets that share most tags with this one, from the index; none while search is away."""
    mine = {
        "persona": set(detail.personas),
        "stage": set(detail.stages),
        "product": set(detail.products),
        "competitor": set(detail.competitors),
    }
    tightest = next((name for name in ("competitor", "persona", "product", "stage") if mine[name]), None)
    if tightest is None:
        return []
    filters = SearchFilters({tightest: frozenset(mine[tightest])})
    try:
        found = door.hub.search.engine.find(
            Inquiry(text="", words=(), scope=scope_of(actor, drafts=False), filters=filters, depth=30)
        )
        others = [one.shown for one in found.candidates if one.shown.slug != detail.slug]
    except SearchUnavailable:
        return []

    def shared(other: Shown) -> int:
        same_language = 2 * (other.language == detail.language)
        return same_language + sum(len(mine[name] & set(other.tags.get(name, ()))) for name in mine)

    best = sorted(others, key=shared, reverse=True)[:RELATED]
    return [Related(one.slug, one.title, words.KINDS.get(one.kind, one.kind)) for one in best]


def _said(values: Sequence[str]) -> list[str]:
    return [value for value in values if value]


def _filters(asked: dict[str, list[str]], owner: list[int]) -> Filters:
    """Raises Invalid for a state, kind or audience that there is not, as for an unknown tag."""
    try:
        status = [Status(value) for value in asked["status"]]
        kind = [Kind(value) for value in asked["kind"]]
        audience = [Audience(value) for value in asked["audience"]]
    except ValueError as unknown:
        raise Invalid(f"There is no such filter: {unknown}.") from None
    tags = {"personas": asked["persona"], "stages": asked["stage"]}
    return Filters(status=status, kind=kind, audience=audience, tags=tags, owner=owner)


def _list_page(
    known: Words, asked: dict[str, list[str]], found: Page[AssetRow], *, mine: bool, problem: str
) -> ListPage:
    query: dict[str, Any] = {**asked, "mine": "true" if mine else ""}
    return ListPage(
        lines=[
            Line(row, [label for facet, label in tags_of(known, row) if facet in ("persona", "stage")])
            for row in found.items
        ],
        total=found.total,
        later=shell.address_with("/assets", query | {"cursor": found.next}) if found.next else "",
        chosen={name: values[0] if values else "" for name, values in asked.items()},
        narrowed=any(asked.values()) or mine,
        mine=mine,
        statuses=list(words.STATUSES.items()),
        kinds=sorted(words.KINDS.items(), key=lambda pair: pair[1]),
        personas=known.keys("personas"),
        stages=known.keys("stages"),
        problem=problem,
    )
