"""The planning queue: one list of what to write, promote, fix, test and retire, best first.

Computed when somebody looks, from what is so now; only what people decided about a suggestion is kept (see
docs/decisions/0042).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from hub import clock
from hub.assets.models import Asset, Publication
from hub.db import id_of
from hub.deals.models import Deal, Outcome
from hub.errors import Conflict
from hub.insights.evidence import GOES_WITH_LOSING
from hub.insights.inputs import Inputs
from hub.insights.models import Experiment
from hub.paging import cursor_of, position_of
from hub.people.roles import Actor, Deed, require
from hub.planning import brief_lists, dismissals, evidence, lines, words
from hub.planning.behind import behind
from hub.planning.briefs import Accepted
from hub.planning.cells import Grid, grid
from hub.planning.evidence import Outlook
from hub.planning.lines import Eligible, Further, Line
from hub.planning.models import Brief, BriefState
from hub.planning.schemas import Queue, Range, Subject, Suggestion
from hub.planning.supply import LiveAsset, persona_of_deal
from hub.planning.worth import EFFORT, SuggestionKind
from hub.usage.models import Use

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Filters:
    """`hidden` also shows what was put aside or is planned already."""

    kinds: Collection[SuggestionKind] = ()
    hidden: bool = False


def queue(session: Session, actor: Actor, inputs: Inputs, filters: Filters, *, limit: int, cursor: str | None) -> Queue:
    """Best first. The same few statements whatever the number of rows."""
    require(actor, Deed.READ_PLAN)
    position = position_of(cursor, int)
    begin = max(position[0], 0) if position else 0
    found = _Plan.read(session, inputs)
    planned, aside = _running(session), dismissals.in_force(session)
    wanted = [
        line
        for line in found.lines
        if (not filters.kinds or line.kind in filters.kinds)
        and (filters.hidden or (line.key not in planned and line.key not in aside))
    ]
    page = wanted[begin : begin + limit]
    people = words.people_of(session, [aside[line.key].made_by for line in page if line.key in aside])
    items = [
        item.model_copy(
            update={
                "brief": planned.get(item.key),
                "dismissal": dismissals.shown(aside[item.key], people) if item.key in aside else None,
            }
        )
        for item in _shown(session, found, page)
    ]
    following = cursor_of(begin + limit) if len(wanted) > begin + limit else None
    return Queue(items=items, total=len(wanted), next=following, evidence_of=found.outlook.computed_at)


def accepted(session: Session, actor: Actor, inputs: Inputs, key: str) -> Accepted:
    """The suggestion as it stands now. Raises Conflict when it is not made any more."""
    require(actor, Deed.READ_PLAN)
    found = _Plan.read(session, inputs)
    line = next((line for line in found.lines if line.key == key), None)
    if line is None:
        raise Conflict("This suggestion is not made any more: what it rested on has changed. Look at the queue again.")
    asset = session.get_one(Asset, line.asset.id) if line.asset is not None else None
    return Accepted(_shown(session, found, [line])[0], asset)


@dataclass(frozen=True)
class _Plan:
    outlook: Outlook
    grid: Grid
    lines: Sequence[Line]

    @classmethod
    def read(cls, session: Session, inputs: Inputs) -> "_Plan":
        outlook = evidence.outlook(session)
        found = grid(session, inputs, outlook)
        eligible = Eligible(found)
        candidates = [asset for asset, _ in lines.to_be_promoted(found, eligible)]
        first_use = _first_use(session)
        unused = lines.to_be_retired(found, first_use)
        last_used = _last_used(session, unused)
        further = Further(
            used=_used(session, found, candidates),
            staying=_staying(session, unused, last_used),
            last_used=last_used,
            on_trial=_on_trial(session),
            first_use=first_use,
        )
        return cls(outlook, found, lines.all_lines(found, outlook, eligible, further))


def _used(session: Session, found: Grid, candidates: Sequence[LiveAsset]) -> dict[int, int]:
    """For each asset the open deals that it is for and that use it already."""
    if not candidates:
        return {}
    about = {asset.id: asset.about for asset in candidates}
    known = sql_select(col(Use.asset_id), col(Use.deal_id)).where(
        col(Use.asset_id).in_(about), col(Use.deal_id).is_not(None), col(Use.taken_back_at).is_(None)
    )
    pairs = known.distinct().subquery()
    deals = (
        sql_select(pairs.c.asset_id, persona_of_deal().label("persona"), col(Deal.stage_id))
        .join(pairs, pairs.c.deal_id == col(Deal.id))
        .where(col(Deal.outcome) == Outcome.OPEN)
        .subquery()
    )
    by = (deals.c.asset_id, deals.c.persona, deals.c.stage_id)
    many: dict[int, int] = {}
    for asset_id, persona, stage_id, count in session.execute(sql_select(*by, func.count()).group_by(*by)):
        if about[asset_id].covers(persona, found.journey.get(stage_id or 0)):
            many[asset_id] = many.get(asset_id, 0) + count
    return many


def _first_use(session: Session) -> datetime | None:
    """Of the use that was recorded first; good enough to know whether uses are recorded for long."""
    return session.exec(select(Use.occurred_at).order_by(col(Use.id)).limit(1)).first()


def _last_used(session: Session, candidates: Sequence[LiveAsset]) -> dict[int, datetime]:
    """By any action, viewing too: one look into the index for each."""
    if not candidates:
        return {}
    newest = sql_select(col(Use.occurred_at)).where(
        col(Use.asset_id) == col(Asset.id), col(Use.taken_back_at).is_(None)
    )
    latest = newest.order_by(col(Use.occurred_at).desc()).limit(1).correlate(Asset).scalar_subquery()
    query = sql_select(col(Asset.id), latest).where(col(Asset.id).in_([asset.id for asset in candidates]))
    return {asset_id: last for asset_id, last in session.execute(query) if last is not None}


def _staying(session: Session, candidates: Sequence[LiveAsset], last_used: Mapping[int, datetime]) -> set[int]:
    """Those whose front matter says `required:` (legal, pricing), and those that were used lately or are young."""
    if not candidates:
        return set()
    query = (
        select(Asset.id, Asset.extra, Publication.published_at)
        .outerjoin(Publication, (col(Publication.asset_id) == Asset.id) & col(Publication.ended_at).is_(None))
        .where(col(Asset.id).in_([asset.id for asset in candidates]))
    )
    losing = {asset.id for asset in candidates if asset.verdict == GOES_WITH_LOSING}
    lately = clock.now() - lines.UNUSED
    return {
        asset_id or 0
        for asset_id, extra, since in session.exec(query)
        if extra.get("required")
        or (asset_id not in losing and max(since or clock.now(), last_used.get(asset_id or 0, _NEVER)) >= lately)
    }


def _on_trial(session: Session) -> set[int]:
    return set(session.exec(select(Experiment.asset_id).where(col(Experiment.ended_at).is_(None))))


def _running(session: Session) -> dict[str, int]:
    """Suggestions that a brief plans, by key. What is live makes room for the next one."""
    query = select(Brief).where(col(Brief.ended_at).is_(None), col(Brief.suggestion).is_not(None))
    running = session.exec(query).all()
    states = brief_lists.states_of(session, running)
    return {
        brief.suggestion or "": id_of(brief)
        for brief, state in zip(running, states, strict=True)
        if state != BriefState.LIVE
    }


def _shown(session: Session, found: _Plan, page: Sequence[Line]) -> list[Suggestion]:
    rows = behind(session, page, found.grid.journey, found.grid.terms)
    currency = found.grid.pipeline.currency
    return [
        Suggestion(
            key=line.key,
            kind=line.kind,
            subject=_subject(line),
            value=round(line.worth.value, 2),
            range=Range(low=round(line.worth.low, 2), high=round(line.worth.high, 2)),
            currency=currency,
            effort=EFFORT[line.kind],
            chance=round(line.worth.chance, 4),
            reason=line.reason,
            behind=its,
            brief=None,
            dismissal=None,
        )
        for line, its in zip(page, rows, strict=True)
    ]


def _subject(line: Line) -> Subject:
    if line.asset is not None:
        return Subject(kind="asset", persona=None, stage=None, slug=line.asset.slug, title=line.asset.title)
    persona, stage = (line.cell.persona, line.cell.stage) if line.cell is not None else (None, None)
    return Subject(kind="cell", persona=persona and persona.key, stage=stage and stage.key, slug=None, title=None)
