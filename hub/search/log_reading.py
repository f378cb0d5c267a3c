"""What the search log says: questions nothing answered, one's own recent ones, and how well search does.

Both teams see the same rows, and none of them names who asked.
"""

from datetime import UTC, datetime, time, timedelta
from statistics import median

from sqlalchemy import and_, literal, tuple_
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, func, select

from hub import clock
from hub.paging import Page, cursor_of, position_of
from hub.people.roles import Actor, Deed, require
from hub.search.models import Search
from hub.search.schemas import RecentQuestion, SearchFigures, UnansweredQuestion
from hub.usage.lately import Searched

MOST_MEASURED = 5_000  # the newest searches that medians are taken of


def unanswered(
    session: Session, actor: Actor, *, match: str | None, days: int, limit: int, cursor: str | None
) -> Page[UnansweredQuestion]:
    """Questions of the last days that found nothing or no text with all their words, the most asked first."""
    require(actor, Deed.READ_SEARCHES)
    wanted = [match] if match else ["none", "poor"]
    since = clock.now() - timedelta(days=days)
    asked = and_(col(Search.match).in_(wanted), col(Search.answered_at) >= since, col(Search.folded) != "")
    groups = (
        sql_select(
            col(Search.folded).label("folded"),
            col(Search.match).label("match"),
            func.count().label("searches"),
            func.count(func.distinct(Search.person_id)).label("people"),
            func.max(col(Search.answered_at)).label("last"),
        )
        .where(asked)
        .group_by(col(Search.folded), col(Search.match))
        .subquery()
    )
    order = (groups.c.searches.desc(), groups.c.folded, groups.c.match)
    query = sql_select(groups)
    if position := position_of(cursor, int, str, str):
        searches, folded, kind = position
        later = tuple_(groups.c.folded, groups.c.match) > tuple_(literal(folded), literal(kind))
        query = query.where((groups.c.searches < searches) | ((groups.c.searches == searches) & later))
    rows = session.execute(query.order_by(*order).limit(limit + 1)).all()
    total = session.execute(select(func.count()).select_from(groups)).scalar_one()
    examples = _examples(session, [row.folded for row in rows[:limit]], since)
    items = [
        UnansweredQuestion(
            question=examples[row.folded].question,
            match=row.match,
            searches=row.searches,
            people=row.people,
            last_asked_at=examples[row.folded].answered_at,
            filters=examples[row.folded].filters,
        )
        for row in rows[:limit]
    ]
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = cursor_of(last.searches, last.folded, last.match)
    return Page[UnansweredQuestion](items=items, total=total, next=following)


def recent(session: Session, actor: Actor, *, limit: int = 8) -> list[RecentQuestion]:
    """The caller's own last questions, each once, newest first."""
    require(actor, Deed.READ_LIVE)
    mine = select(Search).where(Search.person_id == actor.id, col(Search.folded) != "")
    rows = session.exec(mine.order_by(col(Search.answered_at).desc()).limit(limit * 5)).all()
    newest = {row.folded: row for row in reversed(rows)}.values()
    ordered = sorted(newest, key=lambda row: row.answered_at, reverse=True)[:limit]
    return [
        RecentQuestion(question=row.question, filters=row.filters, total=row.total, asked_at=row.answered_at)
        for row in ordered
    ]


def searches_of(session: Session, person_id: int, since: datetime, until: datetime) -> list[Searched]:
    """What somebody looked for in this time, the newest 500: a hint at what they used on a deal."""
    query = select(Search.answered_at, Search.chosen_asset_id, Search.deal).where(
        Search.person_id == person_id, col(Search.answered_at) >= since, col(Search.answered_at) <= until
    )
    rows = session.exec(query.order_by(col(Search.answered_at).desc()).limit(500))
    return [Searched(at, asset_id, deal) for at, asset_id, deal in rows]


def figures(session: Session, actor: Actor, *, days: int) -> SearchFigures:
    """How search did in the last days: counts of all, medians of the newest."""
    require(actor, Deed.READ_SEARCHES)
    since = clock.today() - timedelta(days=days)
    asked = and_(col(Search.answered_at) >= datetime.combine(since, time(), UTC), col(Search.folded) != "")
    count = func.count()
    searches, people, nothing, poor, chosen = session.execute(
        sql_select(
            count,
            func.count(func.distinct(Search.person_id)),
            count.filter(col(Search.match) == "none"),
            count.filter(col(Search.match) == "poor"),
            func.count(col(Search.chosen_at)),
        ).where(asked)
    ).one()
    columns = select(Search.took_ms, Search.asked_at, col(Search.chosen_at), col(Search.chosen_position))
    newest = session.exec(columns.where(asked).order_by(col(Search.answered_at).desc()).limit(MOST_MEASURED)).all()
    taken = [row for row in newest if row[2] is not None and row[3] is not None]
    return SearchFigures(
        since=since,
        searches=searches,
        people=people,
        without_hits=nothing,
        poor=poor,
        chosen=chosen,
        click_through=_share(chosen, searches),
        first_chosen=_share(sum(position == 1 for *_, position in taken), len(taken)),
        median_position=_median([float(position) for *_, position in taken if position]),
        median_seconds_to_choice=_median([(at - begun).total_seconds() for _, begun, at, _ in taken if at]),
        median_ms=_median([ms for ms, *_ in newest]),
        figures_from=len(newest),
    )


def _examples(session: Session, folded: list[str], since: datetime) -> dict[str, Search]:
    """For each group its newest search."""
    rows = session.exec(
        select(Search)
        .where(col(Search.folded).in_(folded), col(Search.answered_at) >= since)
        .order_by(col(Search.answered_at))
    )
    return {row.folded: row for row in rows}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _median(values: list[float]) -> float | None:
    return round(median(values), 2) if values else None
