"""Names to rows and back: terms by key, people, deals and assets that requests and briefs refer to."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from hub.assets import states
from hub.assets.models import Asset, Submission, Version
from hub.assets.schemas import PersonRef
from hub.db import id_of
from hub.deals.models import Deal
from hub.deals.money import units
from hub.errors import Fault, Invalid
from hub.people.models import Person
from hub.people.roles import Team
from hub.planning.schemas import AssetRef, DealRef
from hub.taxonomy import vocabulary
from hub.taxonomy.models import Term

VOCABULARY_OF = {"persona": "personas", "stage": "stages", "competitor": "competitors", "product": "products"}


def term_ids(
    session: Session, keys: Mapping[str, str | None], *, loc: tuple[str, ...] = ("body",), lock: bool = True
) -> dict[str, int | None]:
    """{persona: id, …} for {persona: key, …}; None stays None. Raises Invalid at the field, naming the nearest."""
    wanted = {VOCABULARY_OF[name]: [key] for name, key in keys.items() if key is not None}
    try:
        found = vocabulary.resolve(session, wanted, loc=loc, lock=lock)
    except Invalid as refused:
        field_of = {name: field for field, name in VOCABULARY_OF.items()}
        faults = [Fault((*loc, field_of.get(str(it.loc[len(loc)]), "")), it.message) for it in refused.errors]
        raise Invalid(refused.detail, errors=faults) from None
    return {name: id_of(found[VOCABULARY_OF[name]][0]) if key is not None else None for name, key in keys.items()}


def keys_of(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    wanted = set(ids) - {None}
    if not wanted:
        return {}
    return dict(session.exec(select(Term.id, Term.key).where(col(Term.id).in_(wanted))).all())  # type: ignore[arg-type]


def people_of(session: Session, ids: Iterable[int | None]) -> dict[int, PersonRef]:
    wanted = set(ids) - {None}
    if not wanted:
        return {}
    found = session.exec(select(Person).where(col(Person.id).in_(wanted)))
    return {id_of(one): PersonRef(id=id_of(one), name=one.name, team=Team(one.team)) for one in found}


@dataclass(frozen=True, slots=True)
class AssetState:
    """An asset as a brief sees it: numbers of its newest and its live version, 0 for none."""

    ref: AssetRef
    head: int
    live: int


def assets_of(session: Session, ids: Iterable[int | None]) -> dict[int, AssetState]:
    """With the title that is shown: the live version's, else the newest one's."""
    wanted = set(ids) - {None}
    if not wanted:
        return {}
    shown = func.coalesce(col(Asset.live_version_id), col(Asset.head_version_id))
    query = select(Asset, Version.title, Version.number).join(Version, col(Version.id) == shown)
    return {
        id_of(asset): AssetState(
            AssetRef(slug=asset.slug, title=title, status=states.shown_status(asset.status, asset.expires_on)),
            asset.head_number,
            number if asset.live_version_id is not None else 0,
        )
        for asset, title, number in session.exec(query.where(col(Asset.id).in_(wanted)))
    }


def in_review(session: Session, ids: Iterable[int | None]) -> set[int]:
    """Those of these assets whose newest version waits for review."""
    wanted = set(ids) - {None}
    if not wanted:
        return set()
    waits = select(Submission.asset_id).join(Asset, col(Asset.head_version_id) == Submission.version_id)
    return set(session.exec(waits.where(col(Submission.asset_id).in_(wanted), col(Submission.closed_at).is_(None))))


def deals_of(session: Session, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], DealRef]:
    """A reference for each (source, external id), whether or not the hub knows the deal."""
    found: dict[tuple[str, str], Deal] = {}
    if named:
        # By id alone, which the index takes: a source more is rare, and a long chain of pairs is slow to plan.
        same_id = select(Deal).where(col(Deal.external_id).in_({external_id for _, external_id in named}))
        found = {(deal.source, deal.external_id): deal for deal in session.exec(same_id)}
    return {key: _deal_ref(key, found.get(key)) for key in named}


def _deal_ref(key: tuple[str, str], deal: Deal | None) -> DealRef:
    return DealRef(
        source=key[0],
        external_id=key[1],
        known=deal is not None,
        name=deal and deal.name,
        amount=units(deal.amount) if deal else None,
        currency=deal and deal.currency,
        outcome=deal and deal.outcome,
    )
