"""What uses refer to: assets with the versions that were live, and deals, by what callers call them.

A call or an import keeps one `KnownAssets`; deals are looked up for each batch, because there may be any number.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, bindparam, literal, select, union_all
from sqlmodel import Session

from hub.assets.policy import drafts_seen_by
from hub.db import metadata
from hub.deals.changes import wait_for_others
from hub.deals.lines import is_day
from hub.imports.bulk import is_one_of
from hub.people.roles import Actor, Deed, may
from hub.taxonomy.nearest import nearest_names, shown

DealRef = tuple[str, str]  # source, external id
# Comparing an unknown name with every known one takes milliseconds: the first few are explained so.
EXPLAINED = 3
_MOST_COMPARED = 20_000
_MOST_KEPT = 200_000
_LAST_OF_DAY = timedelta(days=1, microseconds=-1)

_assets = metadata.tables["asset"]
_slugs = metadata.tables["asset_slug"]
_versions = metadata.tables["version"]
_publications = metadata.tables["publication"]
_deals = metadata.tables["deal"]

_NAMES: BindParameter[str] = bindparam("names", expanding=True)
_FOUND = union_all(
    select(literal(1).label("rank"), _slugs.c.slug.label("name"), _slugs.c.asset_id.label("id")).where(
        _slugs.c.slug.in_(_NAMES)
    ),
    select(literal(2), _assets.c.external_id, _assets.c.id).where(_assets.c.external_id.in_(_NAMES)),
).subquery()
# Built once, and one for all: building a statement costs more than asking it, and a use must take two milliseconds.
_BY_NAME = (
    select(
        _FOUND.c.name,
        *(_assets.c[name] for name in ("id", "slug", "live_version_id", "head_version_id")),
        *(_publications.c[name] for name in ("version_id", "published_at", "ended_at")),
    )
    .join(_FOUND, _FOUND.c.id == _assets.c.id)
    .outerjoin(_publications, _publications.c.asset_id == _assets.c.id)
    # Where a name is both, the external id comes last and counts.
    .order_by(_FOUND.c.rank, _publications.c.published_at, _publications.c.id)
)
_NUMBERED = select(_versions.c.id).where(
    _versions.c.asset_id == bindparam("asset"), _versions.c.number == bindparam("number")
)
_DEALS = select(_deals.c.source, _deals.c.external_id, _deals.c.id)
_FEW_DEALS = _DEALS.where(_deals.c.external_id.in_(_NAMES))
_FEW = 500


@dataclass(frozen=True, slots=True)
class KnownAsset:
    """`was_live` are (version id, from, to) in the order of publication."""

    id: int
    slug: str
    live_version_id: int | None
    head_version_id: int | None
    was_live: list[tuple[int, datetime, datetime | None]] = field(default_factory=list)

    def version_at(self, moment: datetime) -> int | None:
        """The version that was live then, else the one that is live now, else the newest."""
        end = moment + _LAST_OF_DAY if is_day(moment) else moment
        for version_id, since, until in reversed(self.was_live):
            if since <= end and (until is None or moment < until):
                return version_id
        return self.live_version_id or self.head_version_id


class KnownAssets:
    """Assets by external id or slug (also a former one), as far as this actor may know of them."""

    def __init__(self, actor: Actor, *, explained: int = EXPLAINED) -> None:
        self._actor = actor
        self._found: dict[str, KnownAsset] = {}
        self._explained: dict[str, str] = {}
        self._most_explained = explained
        self._names: list[str] | None = None

    def learn(self, session: Session, names: Iterable[str]) -> None:
        """Look up those that are not known yet."""
        if len(self._found) > _MOST_KEPT:
            self._found.clear()
        wanted = [name for name in dict.fromkeys(names) if name not in self._found]
        if not wanted:
            return
        found: dict[str, KnownAsset] = {}
        for name, asset_id, slug, live, head, *publication in session.connection().execute(_BY_NAME, {"names": wanted}):
            if name not in found or found[name].id != asset_id:
                found[name] = KnownAsset(asset_id, slug, live, head)
            if publication[0] is not None:
                found[name].was_live.append((publication[0], publication[1], publication[2]))
        never_live = {it.id for it in found.values() if not it.live_version_id and not it.was_live}
        hidden = self._hidden(session, never_live)
        self._found |= {name: asset for name, asset in found.items() if asset.id not in hidden}

    def get(self, name: str) -> KnownAsset | None:
        return self._found.get(name)

    def refusal(self, session: Session, name: str) -> str:
        """Why there is no asset by this name, with the nearest ones that the actor may know of."""
        lead = f"there is no asset {shown(name)}"
        if name not in self._explained:
            if len(self._explained) >= self._most_explained:
                return f"{lead}; give its external id or its slug"
            near = nearest_names(name, self._all_names(session))
            self._explained[name] = f"; nearest: {', '.join(near)}" if near else "; there are no assets yet"
        return lead + self._explained[name]

    def _hidden(self, session: Session, asset_ids: Collection[int]) -> set[int]:
        """Of assets that were never live: those whose drafts the actor may not see."""
        if not asset_ids or may(self._actor, Deed.READ_DRAFTS):
            return set()
        seen = select(_assets.c.id).where(_assets.c.id.in_(asset_ids), drafts_seen_by(self._actor))
        return set(asset_ids) - set(session.execute(seen).scalars())

    def _all_names(self, session: Session) -> list[str]:
        if self._names is None:
            query = select(_assets.c.slug, _assets.c.external_id).where(_assets.c.live_version_id.is_not(None))
            rows = session.connection().execute(query.order_by(_assets.c.updated_at.desc()).limit(_MOST_COMPARED))
            self._names = [name for row in rows for name in row if name]
        return self._names


def numbered_version(session: Session, asset: KnownAsset, number: int) -> int | None:
    """The id of the asset's version with this number."""
    found: int | None = (
        session.connection().execute(_NUMBERED, {"asset": asset.id, "number": number}).scalar_one_or_none()
    )
    return found


def known_deals(session: Session, refs: Collection[DealRef]) -> Mapping[DealRef, int]:
    """The ids of those deals that the hub knows. Where one is unknown, writers of deals are waited for: whoever keeps a
    use waiting must know that the deal comes later, and will look for uses that wait for it."""
    if not refs:
        return {}
    found = _deals_by_ref(session, refs)
    if len(found) < len(refs):
        wait_for_others(session)
        if session.get_bind().dialect.name == "postgresql":
            found = _deals_by_ref(session, refs)
    return found


def _deals_by_ref(session: Session, refs: Collection[DealRef]) -> dict[DealRef, int]:
    names = list({external_id for _, external_id in refs})
    connection = session.connection()
    if len(names) > _FEW:
        rows = connection.execute(_DEALS.where(is_one_of(session, _deals.c.external_id, names)))
    else:
        rows = connection.execute(_FEW_DEALS, {"names": names})
    return {(row.source, row.external_id): row.id for row in rows if (row.source, row.external_id) in refs}
