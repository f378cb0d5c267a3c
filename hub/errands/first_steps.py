"""What a new hub still needs before it is of use to two teams: a short list that ticks itself off."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from hub.assets.models import Asset
from hub.deals.models import Deal
from hub.deals.sources import states
from hub.people.models import ConnectedBrowser, Person
from hub.people.roles import Actor, Deed, Team, require
from hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    done: bool


def first_steps(session: Session, actor: Actor, settings: Settings) -> list[Step]:
    """In the order in which they are of use. Seven cheap queries."""
    require(actor, Deed.LOOK_AFTER_HUB)
    can_sign_in = col(Person.password_hash).is_not(None) & col(Person.deactivated_at).is_(None)
    teams = set(session.exec(select(Person.team).where(can_sign_in).distinct()))
    live = select(Asset.id).where(col(Asset.live_version_id).is_not(None)).limit(1)
    return [
        Step("library", _is_there(session, Asset)),
        Step("marketing", Team.MARKETING in teams),
        Step("sales", Team.SALES in teams),
        Step("live", session.exec(live).first() is not None),
        Step("deals", _is_there(session, Deal)),
        Step("crm", any(crm.hears or crm.pulls for crm in states.states(session, actor, settings))),
        Step("extension", session.exec(select(ConnectedBrowser.id).limit(1)).first() is not None),
    ]


def _is_there(session: Session, table: type[Asset] | type[Deal]) -> bool:
    return session.exec(select(table.id).limit(1)).first() is not None
