"""Starting to write from a brief or a request: what a new text begins with, and the tie between the two."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from hub.assets.models import Asset
from hub.people.roles import Actor
from hub.planning import brief_lists, briefs, request_lists, requests
from hub.planning.models import RequestState
from hub.planning.schemas import BriefChange, BriefOut, RequestOut


@dataclass(frozen=True, slots=True)
class Start:
    """`fields` are those of `Typed`; `asked` is what to keep in view while writing, `link` where it stands."""

    fields: dict[str, Any]
    title: str
    asked: str
    link: str


def from_brief(session: Session, actor: Actor, brief_id: int) -> Start:
    """Raises NotFound."""
    brief = brief_lists.read_brief(session, actor, brief_id)
    return Start(_of_brief(brief), brief.title, brief.angle, f"/briefs/{brief.id}")


def from_request(session: Session, actor: Actor, request_id: int) -> Start:
    """Raises NotFound."""
    request = request_lists.read_request(session, actor, request_id)
    notes = "\n".join(ask.note for ask in request.asks if ask.note)
    return Start(_of_request(request), request.needed, notes, f"/requests/{request.id}")


def begun(session: Session, actor: Actor, asset: Asset, *, brief_id: int, request_id: int) -> None:
    """The text is there: its brief follows it from now on, and a request that nobody took is taken by its author."""
    if brief_id:
        briefs.change(session, actor, briefs.locked(session, brief_id), BriefChange(asset=asset.slug))
    if request_id:
        request = requests.locked(session, request_id)
        if requests.state_of(request) == RequestState.OPEN:
            requests.take(session, actor, request)


def _of_brief(brief: BriefOut) -> dict[str, Any]:
    return {
        "title": brief.title,
        "personas": [brief.persona] if brief.persona else [],
        "stages": [brief.stage] if brief.stage else [],
        "marketing": [brief.marketing_author.name],
        "sales": [brief.sales_author.name],
    }


def _of_request(request: RequestOut) -> dict[str, Any]:
    tags = {"personas": request.persona, "stages": request.stage, "competitors": request.competitor}
    tags["products"] = request.product
    return {"title": request.needed} | {name: [word] for name, word in tags.items() if word}
