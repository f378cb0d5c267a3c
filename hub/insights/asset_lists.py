"""The list of assets that marketing and sales both read: what helps, what does nothing, what nobody uses, what is hot
but stale. Only what the caller may know of is listed, and nothing here counts uses or deals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Float, and_, cast, or_, tuple_
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from hub import clock
from hub.assets import states
from hub.assets.models import Asset, VersionTag
from hub.db import id_of
from hub.errors import Fault, Invalid
from hub.insights.asset_figures import Sources, figures_of, may_be_known
from hub.insights.basis import basis_of, run_shown
from hub.insights.evidence import PROMISING, PROVEN, TOO_EARLY
from hub.insights.models import AssetUse, CellKind, EvidenceCell
from hub.insights.schemas import AssetFigures, AssetsPage, CellOut, Sort, Verdict, Which
from hub.paging import cursor_of, position_of
from hub.people.roles import Actor, Deed, require
from hub.taxonomy import vocabulary
from hub.taxonomy.journey import stages_of_deal_stages
from hub.taxonomy.models import Term
from hub.taxonomy.nearest import nearest_names, shown

_LISTS = ("used", "does_nothing", "never_used", "hot_but_stale")
_UNKNOWN = -1e18  # sorts after every figure


@dataclass(frozen=True)
class Question:
    """Which assets to list. `stage` is a deal stage or a stage of the buyer's journey, `persona` a key: those with
    evidence there, and verdict and order by what is known there. Tags narrow by what the asset is tagged with. What is
    not known comes last, whichever end is first."""

    sort: Sort = "low"
    verdict: Sequence[Verdict] = ()
    stage: str | None = None
    persona: str | None = None
    product: str | None = None
    competitor: str | None = None
    which: Which | None = None
    run: int | None = None
    worst_first: bool = False


def list_assets(session: Session, actor: Actor, asked: Question, *, limit: int, cursor: str | None) -> AssetsPage:
    """Best first. The same few statements whatever the number of rows. Raises NotAllowed, Invalid for an unknown word
    and for a cell of an old run, NotFound, Conflict for a run that cannot be shown."""
    require(actor, Deed.READ_INSIGHTS)
    run = run_shown(session, asked.run)
    rows = _Rows(session, asked)
    conditions = [may_be_known(actor), *rows.conditions()]
    value = rows.value()
    query = rows.sources.figures(value).where(*conditions)
    if position := position_of(cursor, float, int):
        query = query.where(tuple_(-value, col(Asset.id)) > tuple_(-position[0], position[1]))
    found = session.execute(query.order_by(value.desc(), col(Asset.id)).limit(limit + 1)).all()
    total = session.execute(rows.sources.of(func.count()).where(*conditions)).scalar_one()
    page = found[:limit]
    cells = rows.cells([id_of(row[0]) for row in page])
    following = cursor_of(float(page[-1][5]), id_of(page[-1][0])) if len(found) > limit else None
    items = [
        AssetFigures(**figures_of(asset, title, kind, found_row, used, cells.get(id_of(asset), [])))
        for asset, title, kind, found_row, used, _ in page
    ]
    return AssetsPage(items=items, total=total, next=following, basis=basis_of(run))


class _Rows:
    """The tables that a question is answered from, and its conditions."""

    def __init__(self, session: Session, asked: Question) -> None:
        self._session, self._asked = session, asked
        self.sources = Sources(asked.run)
        self._terms = {kind: ids for kind, ids in self._cells_asked_for().items() if ids is not None}
        if self._terms and asked.run is not None:
            raise Invalid("An old run is listed by asset only. Ask for one asset to see its stages and personas then.")

    def conditions(self) -> list[ColumnElement[bool]]:
        asked = self._asked
        conditions: list[ColumnElement[bool]] = []
        wanted = self._verdicts()
        if wanted is not None and not self._terms:
            conditions.append(func.coalesce(self.sources.evidence.verdict, TOO_EARLY).in_(wanted))
        for kind, ids in self._terms.items():
            cell = self._cell(kind, ids)
            if wanted is not None:
                cell = cell.where(col(EvidenceCell.verdict).in_(wanted))
            conditions.append(cell.exists())
        for name, key in (("products", asked.product), ("competitors", asked.competitor)):
            if key is not None:
                conditions.append(_is_tagged(vocabulary.find(self._session, name, key)))
        if asked.which in _LISTS:
            conditions.append(self._list(asked.which))
        return conditions

    def value(self) -> ColumnElement[float]:
        """What the rows are sorted by; within a stage or for a persona, what is known there."""
        asked, found = self._asked, None
        if asked.sort in ("low", "lift", "n") and self._terms:
            kind, ids = next(iter(self._terms.items()))
            column = col(getattr(EvidenceCell, asked.sort))
            found = self._cell(kind, ids, func.max(column)).scalar_subquery()
        elif asked.sort in ("uses", "recent"):
            found = col(getattr(AssetUse, asked.sort))
        else:
            found = getattr(self.sources.evidence, asked.sort)
        found = cast(found, Float)
        return func.coalesce(-found if asked.worst_first else found, _UNKNOWN)

    def cells(self, asset_ids: Sequence[int]) -> dict[int, list[CellOut]]:
        """The cells that were asked for, by asset."""
        if not self._terms:
            return {}
        places = [
            and_(col(EvidenceCell.kind) == kind, col(EvidenceCell.term_id).in_(ids))
            for kind, ids in self._terms.items()
        ]
        query = (
            select(EvidenceCell, Term.label)
            .join(Term, col(Term.id) == col(EvidenceCell.term_id))
            .where(col(EvidenceCell.asset_id).in_(asset_ids), or_(*places))
            .order_by(col(EvidenceCell.kind).desc(), col(EvidenceCell.n).desc())
        )
        found: dict[int, list[CellOut]] = {}
        for cell, label in self._session.exec(query):
            shown_cell = CellOut(**cell.model_dump(exclude={"asset_id", "term_id"}), label=label)
            found.setdefault(cell.asset_id, []).append(shown_cell)
        return found

    def _cells_asked_for(self) -> dict[CellKind, list[int] | None]:
        asked = self._asked
        persona = vocabulary.find(self._session, "personas", asked.persona).id if asked.persona else None
        return {
            CellKind.STAGE: _deal_stages(self._session, asked.stage) if asked.stage else None,
            CellKind.PERSONA: [persona] if persona is not None else None,
        }

    def _cell(self, kind: CellKind, ids: Sequence[int], *columns: Any) -> Any:
        query = sql_select(*(columns or (col(EvidenceCell.asset_id),)))
        here = and_(col(EvidenceCell.kind) == kind, col(EvidenceCell.term_id).in_(ids))
        return query.where(col(EvidenceCell.asset_id) == col(Asset.id), here).correlate(Asset)

    def _verdicts(self) -> Sequence[str] | None:
        """Of the asset, or of what is known at the stage and for the persona that are asked for; None for any."""
        wanted = list(self._asked.verdict) or None
        if self._asked.which != "helps":
            return wanted
        return [verdict for verdict in (PROVEN, PROMISING) if wanted is None or verdict in wanted]

    def _list(self, which: Which | None) -> ColumnElement[bool]:
        if which == "used":
            return col(self.sources.evidence.n) > 0
        used = func.coalesce(col(AssetUse.uses), 0)
        if which == "does_nothing":
            return and_(self.sources.evidence.as_good_as_other, used > 0)
        if which == "never_used":
            return and_(states.is_live(), used == 0)
        return and_(states.is_live(), col(AssetUse.recent) > 0, col(Asset.review_by) < clock.today())


def _is_tagged(term: Term) -> ColumnElement[bool]:
    tags = sql_select(col(VersionTag.version_id)).where(col(VersionTag.term_id) == term.id)
    return func.coalesce(col(Asset.live_version_id), col(Asset.head_version_id)).in_(tags)


def _deal_stages(session: Session, key: str) -> list[int]:
    """The deal stages that a key means: itself, or those that the taxonomy maps to a stage of the buyer's journey.
    Raises Invalid, naming the nearest."""
    own = {term.key: id_of(term) for term in vocabulary.terms_of(session, "deal_stages")}
    found = [own[key]] if key in own else []
    found += [stage_id for stage_id, term in stages_of_deal_stages(session).items() if term.key == key]
    journey = {term.key for term in vocabulary.terms_of(session, "stages")}
    if not found and key not in journey:
        near = ", ".join(nearest_names(key, {*own, *journey}))
        fault = Fault(("query", "stage"), f"there is no stage {shown(key)}; nearest: {near}")
        raise Invalid(f"The filter cannot be used: {fault.message}.", errors=[fault])
    return found
