"""The board of briefs: what is moved by hand, in which order things stand, and who was faster."""

from typing import Any

import pytest
from sqlmodel import Session

from hub.assets import approval
from hub.db import Database, id_of
from hub.errors import Conflict, NotAllowed
from hub.planning import board, briefs
from hub.planning.models import Brief, BriefState
from hub.planning.schemas import BriefChange, BriefIn
from hub.planning.worth import SuggestionKind
from tests.factories.assets import make_draft, publish
from tests.planning.conftest import Stage

PLANNED, WRITING, IN_REVIEW, LIVE = board.COLUMNS


def plan(session: Session, stage: Stage, title: str, **more: Any) -> Brief:
    given = {"title": title, "marketing_author": "ana@example.com", "sales_author": "ben@example.com"}
    return briefs.plan(session, stage.cast.author, BriefIn.model_validate(given | more))


def lanes(session: Session, stage: Stage) -> dict[str, list[str]]:
    return {column.state: [it.brief.title for it in column.cards] for column in board.board(session, stage.rep)}


def move(session: Session, stage: Stage, brief: Brief, to: BriefState, **more: Any) -> None:
    seen = more.pop("seen", briefs.state_now(session, brief))
    board.move(session, stage.cast.author, brief, to=to, seen=seen, **more)


def test_a_new_brief_stands_first_and_is_put_where_people_want_it(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        first, second, third = (plan(session, stage, title) for title in ("One is planned", "Two is", "Three is"))
        assert lanes(session, stage)[PLANNED] == ["Three is", "Two is", "One is planned"]
        move(session, stage, third, PLANNED, above=id_of(first))
        assert lanes(session, stage)[PLANNED] == ["Two is", "One is planned", "Three is"]
        move(session, stage, first, PLANNED)
        assert lanes(session, stage)[PLANNED] == ["One is planned", "Two is", "Three is"]
        move(session, stage, first, PLANNED)
        assert lanes(session, stage)[PLANNED] == ["One is planned", "Two is", "Three is"]
        plan(session, stage, "Four is new")
        assert lanes(session, stage)[PLANNED][0] == "Four is new"
        assert second.place == 2


def test_a_brief_is_taken_into_work_and_given_back_by_hand(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief = plan(session, stage, "The cost of doing nothing")
        move(session, stage, brief, WRITING)
        assert lanes(session, stage)[WRITING] == ["The cost of doing nothing"]
        move(session, stage, brief, PLANNED)
        assert lanes(session, stage)[WRITING] == []
        with pytest.raises(NotAllowed):
            board.move(session, stage.rep, brief, to=WRITING, seen=PLANNED)


def test_what_follows_from_the_text_is_moved_by_nobody(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief = plan(session, stage, "The cost of doing nothing")
        for to, cure in ((IN_REVIEW, "once its draft is submitted"), (LIVE, "once both teams approved")):
            with pytest.raises(Conflict, match=cure):
                move(session, stage, brief, to)
        asset = make_draft(session, stage.cast.author, slug="doing-nothing")
        briefs.change(session, stage.cast.author, brief, BriefChange(asset="doing-nothing"))
        with pytest.raises(Conflict, match="has a text, so it stays in work"):
            move(session, stage, brief, PLANNED)
        approval.submit(session, stage.cast.author, asset, 1)
        assert lanes(session, stage)[IN_REVIEW] == ["The cost of doing nothing"]
        approval.withdraw(session, stage.cast.author, asset, 1)
        publish(session, stage.cast, asset)
        assert lanes(session, stage)[LIVE] == ["The cost of doing nothing"]
        with pytest.raises(Conflict, match="is live"):
            move(session, stage, brief, WRITING)


def test_what_needs_no_text_is_done_by_hand(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief = plan(session, stage, "Show the deck")
        brief.kind = SuggestionKind.PROMOTE
        [card] = board.board(session, stage.rep)[0].cards
        assert card.moves == (WRITING, LIVE)
        move(session, stage, brief, LIVE)
        assert lanes(session, stage)[LIVE] == ["Show the deck"]


def test_who_saw_an_old_board_is_told_what_has_changed(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        brief, other = plan(session, stage, "The cost of doing nothing"), plan(session, stage, "Another one")
        move(session, stage, brief, WRITING)
        with pytest.raises(Conflict, match="is in work by now"):
            move(session, stage, brief, LIVE, seen=PLANNED)
        move(session, stage, brief, WRITING, seen=PLANNED)  # two who want the same do not disagree
        with pytest.raises(Conflict, match="moved on meanwhile"):
            move(session, stage, brief, WRITING, above=id_of(other))
        briefs.drop(session, stage.cast.author, other, "not needed")
        assert "Another one" not in str(lanes(session, stage))
        with pytest.raises(Conflict, match="is dropped by now"):
            move(session, stage, other, WRITING, seen=PLANNED)
