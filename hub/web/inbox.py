"""The inbox: what waits for somebody, done from the list itself, and what they were told."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse, Response

from hub.assets import freshness, library
from hub.assets.schemas import QueueItem, ReminderOut
from hub.errors import HubError
from hub.http import DoorDep, HubRoute, access
from hub.people.roles import SIGNING_TEAMS, Deed, may
from hub.people.schemas import MAX_ID
from hub.planning import inbox, request_lists
from hub.planning.models import RequestState
from hub.planning.schemas import NoticeOut, RequestOut, Waiting
from hub.search.log_reading import searches_of
from hub.usage import answering, matching
from hub.usage.models import Action
from hub.usage.schemas import AnswerIn, ProposalOut, StageQuestionOut
from hub.web import shell, uses
from hub.web.forms import FormDep

router = APIRouter(prefix="/inbox", tags=["pages"], route_class=HubRoute, include_in_schema=False)
PER_PAGE = 20
SHOWN = 10  # of each sort of thing that waits; a link leads to the rest
Id = Annotated[int, Path(ge=1, le=MAX_ID)]


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """One question about a stage, as it stands after a click."""

    question: StageQuestionOut
    problem: HubError | None = None


@dataclass(frozen=True, slots=True)
class NoticePart:
    notice: NoticeOut


@dataclass(frozen=True, slots=True)
class InboxPage:
    """What waits is looked up, never copied: it goes by itself when it is done."""

    questions: list[QuestionPart]
    more_questions: int
    proposals: list[ProposalOut]
    unnamed: int
    reviews: list[QueueItem]
    requests: list[RequestOut]
    more_requests: int
    briefs: list[Waiting]
    reminders: list[ReminderOut]
    notices: list[NoticePart]
    total: int
    unseen: int
    only_new: bool
    later: str
    sells: bool
    did: dict[Action, str] = field(default_factory=lambda: uses.DID)

    @property
    def waits(self) -> bool:
        return bool(
            self.questions or self.proposals or self.reviews or self.requests or self.briefs or self.reminders
        )  # fmt: skip


@router.get("", **access(Deed.READ_INBOX))
def show_inbox(
    door: DoorDep, new: bool = False, cursor: Annotated[str | None, Query(max_length=500)] = None
) -> Response:
    """What waits, and what one was told, the newest first."""
    with door.reading() as (session, actor):
        asked = answering.list_questions(session, actor, state="open", limit=SHOWN, cursor=None)
        unnamed = matching.proposals(session, actor, searches=searches_of, limit=3, cursor=None)
        found = inbox.inbox(session, actor, unseen=new, limit=PER_PAGE, cursor=cursor)
        signs = actor.team in SIGNING_TEAMS and may(actor, Deed.REVIEW)
        wanted = request_lists.Filters(state=(RequestState.OPEN, RequestState.TAKEN))
        open_ones = request_lists.list_requests(session, actor, wanted, limit=100, cursor=None)
        mine = [
            row
            for row in open_ones.items
            if (row.taken_by is not None and row.taken_by.id == actor.id)
            or (row.taken_by is None and row.made_by.id != actor.id and may(actor, Deed.TAKE_REQUEST))
        ]
        shown = InboxPage(
            questions=[QuestionPart(one) for one in asked.items],
            more_questions=asked.total - len(asked.items),
            proposals=unnamed.items,
            unnamed=unnamed.total,
            reviews=library.review_queue(session, actor, team=actor.team)[:SHOWN] if signs else [],
            requests=mine[:SHOWN],
            more_requests=len(mine) - len(mine[:SHOWN]),
            briefs=[one for one in found.waiting if one.kind == "brief"],
            reminders=freshness.reminders_for(session, actor)[:SHOWN],
            notices=[NoticePart(one) for one in found.items],
            total=found.total,
            unseen=found.unseen,
            only_new=new,
            later=_later(found.next, only_new=new),
            sells=actor.team == "sales",
        )
    return shell.page(door, actor, "inbox/inbox.html", shown, here="inbox")


@router.get("/count", **access(Deed.READ_INBOX))
def count(door: DoorDep) -> Response:
    """A number and nothing else: pages ask once a minute."""
    with door.reading() as (session, actor):
        return PlainTextResponse(str(inbox.count(session, actor)), headers={"Cache-Control": "no-store"})


@router.post("/seen", **access(Deed.READ_INBOX))
def see_all(door: DoorDep) -> Response:
    with door.writing() as (session, actor):
        inbox.see_all(session, actor)
    return shell.back("/inbox#told", told="all-seen")


@router.post("/notices/{notice_id}", **access(Deed.READ_INBOX))
def see(door: DoorDep, notice_id: Id, form: FormDep) -> Response:
    """Seen, or new again."""
    with door.writing() as (session, actor):
        notice = inbox.see(session, actor, notice_id, seen=form.text("seen") != "false")
    if shell.is_fragment(door.request):
        return shell.page(door, actor, "inbox/_notice.html", NoticePart(notice))
    return shell.back("/inbox#told")


@router.post("/questions/{question_id}", **access(Deed.ANSWER_STAGE_QUESTION))
def answer(door: DoorDep, question_id: Id, form: FormDep) -> Response:
    """Every click sends the whole answer."""
    none_used = bool(form.text("none_used"))
    problem: HubError | None = None
    try:
        with door.writing() as (session, actor):
            given = form.read(AnswerIn, used=[] if none_used else form.all("used"), none_used=none_used)
            question = answering.answer(session, actor, question_id, used=given.used, none_used=given.none_used)
    except HubError as refused:
        if not shell.is_fragment(door.request) or refused.status != 422:
            raise
        problem = refused
        with door.reading() as (session, actor):
            question = answering.read_question(session, actor, question_id)
    if shell.is_fragment(door.request):
        return shell.page(door, actor, "inbox/_question.html", QuestionPart(question, problem))
    return shell.back("/inbox#questions", told="question-answered")


def _later(cursor: str | None, *, only_new: bool) -> str:
    return shell.address_with("/inbox", {"new": "true" if only_new else "", "cursor": cursor}) if cursor else ""
