"""Requests: asked once, joined by others, taken, and closed in one of two ways."""

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from hub import clock
from hub.assets import approval, drafts
from hub.db import Database, id_of
from hub.errors import Conflict, Invalid, Moved, NotAllowed, NotFound
from hub.people.roles import HUB
from hub.planning import request_lists, requests
from hub.planning.models import Request, RequestAsk, RequestState
from hub.planning.request_lists import Filters
from hub.planning.schemas import JoinIn, RequestIn, RequestOut
from hub.taxonomy import terms, vocabulary
from tests.factories.assets import make_draft, make_live
from tests.factories.deals import make_deal
from tests.factories.planning import log_search
from tests.planning.conftest import Stage

NEEDED = "An answer for a CFO who would rather do nothing"


def given(**fields: Any) -> RequestIn:
    return RequestIn.model_validate({"needed": NEEDED, "persona": "cfo", "stage": "decision"} | fields)


def all_of(database: Database, stage: Stage, **filters: Any) -> list[RequestOut]:
    with database.reading() as session:
        return request_lists.list_requests(session, stage.rep, Filters(**filters), limit=50, cursor=None).items


def test_a_request_says_who_needs_what_for_which_deal(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        make_deal(session, "D-7", name="Two sites", amount=1234.5, currency="EUR")
        sent = given(deal={"source": "csv", "external_id": "D-7"}, question="doing nothing", note="They stall.")
        _, is_new = requests.ask(session, stage.rep, sent)
    assert is_new
    [shown] = all_of(database, stage)
    [ask] = shown.asks
    assert (shown.state, shown.needed, shown.persona, shown.stage) == (RequestState.OPEN, NEEDED, "cfo", "decision")
    assert (ask.person.name, ask.question, ask.note) == ("Rosa Rep", "doing nothing", "They stall.")
    assert ask.deal is not None
    assert (ask.deal.known, ask.deal.name, ask.deal.amount) == (True, "Two sites", 1234.5)


def test_a_deal_that_the_hub_does_not_know_yet_is_kept_by_its_name(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        requests.ask(session, stage.rep, given(deal={"source": "salesforce", "external_id": "0065"}))
    [shown] = all_of(database, stage)
    assert shown.asks[0].deal is not None
    assert (shown.asks[0].deal.external_id, shown.asks[0].deal.known) == ("0065", False)


def test_the_same_call_sent_twice_makes_one_request(database: Database, stage: Stage) -> None:
    sent = given(id=uuid.uuid4())
    with database.transaction() as session:
        first, _ = requests.ask(session, stage.rep, sent)
        again, is_new = requests.ask(session, stage.rep, sent.model_copy(update={"needed": "Something else by now"}))
        assert (again.id, is_new) == (first.id, False)


def test_a_call_that_comes_again_after_the_request_was_closed_opens_no_new_one(
    database: Database, stage: Stage
) -> None:
    sent = given(id=uuid.uuid4())
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, sent)
        requests.decline(session, stage.cast.marketing, request, "We have one.")
        assert requests.ask(session, stage.rep, sent) == (request, False)


@pytest.mark.parametrize("words", [NEEDED.upper(), "Do nothing would rather: an answer for a CFO who"])
def test_who_asks_for_the_same_joins_the_open_request(database: Database, stage: Stage, words: str) -> None:
    with database.transaction() as session:
        requests.ask(session, stage.rep, given(due_on=clock.today() + timedelta(days=20)))
        soon = clock.today() + timedelta(days=5)
        _, is_new = requests.ask(session, stage.other_rep, given(needed=words, due_on=soon))
    assert not is_new
    [shown] = all_of(database, stage)
    assert [ask.person.name for ask in shown.asks] == ["Rosa Rep", "Otto Other"]
    assert shown.due_on == soon, "the nearest date counts"


def test_other_terms_make_another_request(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        requests.ask(session, stage.rep, given())
        assert requests.ask(session, stage.other_rep, given(competitor="tilvane"))[1]
        assert requests.ask(session, stage.other_rep, given(stage=None))[1]


def test_me_too_joins_once(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, given())
        requests.join(session, stage.other_rep, request, JoinIn(note="Same here."))
        requests.join(session, stage.other_rep, request, JoinIn(note="Still."))
    [shown] = all_of(database, stage)
    assert [ask.note for ask in shown.asks] == ["", "Same here."]


def test_two_who_ask_at_the_same_moment_make_one_request(database: Database, stage: Stage) -> None:
    barrier = threading.Barrier(2)
    trouble: list[Exception] = []

    def ask(who: Any) -> None:
        barrier.wait()
        try:
            with database.transaction() as session:
                requests.ask(session, who, given())
        except Exception as error:
            trouble.append(error)

    threads = [threading.Thread(target=ask, args=(who,)) for who in (stage.rep, stage.other_rep)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trouble == []
    [shown] = all_of(database, stage)
    assert {ask.person.name for ask in shown.asks} == {"Rosa Rep", "Otto Other"}


def test_the_question_is_taken_from_ones_own_search_and_nobody_elses(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        mine, theirs = log_search(session, "my words"), log_search(session, "secret words")
        mine.person_id, theirs.person_id = stage.rep.id, stage.other_rep.id
        session.flush()
        requests.ask(session, stage.rep, given(search_id=mine.id, question="typed"))
        requests.ask(session, stage.rep, given(needed="Another one", search_id=theirs.id, question="typed"))
        requests.ask(session, stage.rep, given(needed="A third one", search_id="f" * 32, question="typed"))
        asks = session.exec(select(RequestAsk).order_by(RequestAsk.id)).all()  # type: ignore[arg-type]
        assert [(ask.question, ask.search_id) for ask in asks] == [
            ("my words", mine.id),
            ("typed", None),
            ("typed", None),
        ]


def test_unknown_words_and_past_dates_are_refused_at_their_place(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        with pytest.raises(Invalid) as refused:
            requests.ask(session, stage.rep, given(persona="cfoo"))
        assert refused.value.errors[0].loc == ("body", "persona")
        assert "cfo" in refused.value.errors[0].message
        with pytest.raises(Invalid) as late:
            requests.ask(session, stage.rep, given(due_on=clock.today() - timedelta(days=1)))
        assert late.value.errors[0].loc == ("body", "due_on")


def test_a_taken_request_is_its_takers_until_they_give_it_back(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, given())
        with pytest.raises(NotAllowed):
            requests.take(session, stage.rep, request)
        requests.take(session, stage.cast.author, request)
        requests.take(session, stage.cast.author, request)
        assert requests.state_of(request) == RequestState.TAKEN
        with pytest.raises(Conflict, match="Somebody else took"):
            requests.take(session, stage.cast.sales, request)
        requests.give_back(session, stage.cast.author, request)
        requests.give_back(session, stage.cast.author, request)
        assert requests.state_of(request) == RequestState.OPEN


def test_an_approver_may_give_back_what_somebody_else_left_lying(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, given())
        requests.take(session, stage.cast.sales, request)
        with pytest.raises(NotAllowed):
            requests.give_back(session, stage.cast.author, request)
        requests.give_back(session, stage.cast.marketing, request)
        assert request.taken_by is None


def test_only_a_live_asset_fulfils_a_request(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, given())
        make_draft(session, stage.cast.author, slug="draft")
        live = make_live(session, stage.cast, slug="live")
        with pytest.raises(Conflict, match="is not live"):
            requests.fulfil(session, stage.cast.author, request, "draft")
        with pytest.raises(NotFound):
            requests.fulfil(session, stage.cast.author, request, "nowhere")
        requests.fulfil(session, stage.cast.author, request, "live")
        requests.fulfil(session, stage.cast.author, request, "live")
        assert (requests.state_of(request), request.answer_id) == (RequestState.FULFILLED, live.id)
        with pytest.raises(Conflict, match="fulfilled already"):
            requests.decline(session, stage.cast.author, request, "Too late.")


def test_a_draft_that_one_may_not_see_is_not_there(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, given())
        make_draft(session, stage.cast.marketing, slug="hidden")
        with pytest.raises(NotFound):
            requests.fulfil(session, stage.cast.author, request, "hidden")


def test_a_retired_asset_fulfils_nothing_and_an_old_slug_leads_on(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, given())
        asset = make_live(session, stage.cast, slug="old-name")
        drafts.rename(session, stage.cast.marketing, asset, "new-name")
        with pytest.raises(Moved):
            requests.fulfil(session, stage.cast.author, request, "old-name")
        approval.retire(session, stage.cast.marketing, asset)
        with pytest.raises(Conflict, match="is not live"):
            requests.fulfil(session, stage.cast.author, request, "new-name")


def test_ones_own_request_may_be_taken_back_while_nobody_joined(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        alone, _ = requests.ask(session, stage.rep, given())
        requests.decline(session, stage.rep, alone, "Found it after all.")
        assert requests.state_of(alone) == RequestState.DECLINED
        joined, is_new = requests.ask(session, stage.rep, given())
        assert is_new, "what was declined may be asked for again"
        requests.join(session, stage.other_rep, joined, JoinIn())
        with pytest.raises(NotAllowed):
            requests.decline(session, stage.rep, joined, "Never mind.")


def test_what_is_closed_cannot_be_joined_or_taken(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, given())
        requests.decline(session, stage.cast.author, request, "We have one.")
        with pytest.raises(Conflict, match="declined"):
            requests.join(session, stage.other_rep, request, JoinIn())
        with pytest.raises(Conflict, match="declined"):
            requests.take(session, stage.cast.author, request)


def test_the_hub_itself_asks_for_nothing(database: Database, stage: Stage) -> None:
    with database.transaction() as session, pytest.raises(Conflict, match="by a person"):
        requests.ask(session, HUB, given())


def test_filters_narrow_and_overdue_ones_are_shown(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        late, _ = requests.ask(session, stage.rep, given(due_on=clock.today()))
        other, _ = requests.ask(session, stage.other_rep, given(needed="Something else", persona="it-security"))
        requests.take(session, stage.cast.author, other)
    ids = {"late": id_of(late), "other": id_of(other)}

    def found(**filters: Any) -> list[int]:
        return [shown.id for shown in all_of(database, stage, **filters)]

    assert found() == [ids["other"], ids["late"]]
    assert found(mine=True) == [ids["late"]]
    assert found(state=[RequestState.TAKEN]) == [ids["other"]]
    assert found(state=[RequestState.TAKEN, RequestState.OPEN]) == [ids["other"], ids["late"]]
    assert found(persona=["cfo"]) == [ids["late"]]
    assert found(taken_by=stage.cast.author.id) == [ids["other"]]
    assert found(overdue=True) == []
    with clock.shifted(timedelta(days=1)):
        assert found(overdue=True) == [ids["late"]]
        assert [shown.overdue for shown in all_of(database, stage, mine=True)] == [True]


def test_a_list_is_read_page_by_page(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        for number in range(5):
            requests.ask(session, stage.rep, given(needed=f"Need number {number}"))
    seen: list[str] = []
    cursor = None
    while True:
        with database.reading() as session:
            page = request_lists.list_requests(session, stage.rep, Filters(), limit=2, cursor=cursor)
        seen += [it.needed for it in page.items]
        assert page.total == 5
        if (cursor := page.next) is None:
            break
    assert seen == [f"Need number {number}" for number in (4, 3, 2, 1, 0)]


def test_a_word_that_a_request_names_cannot_be_removed_but_merged(database: Database, stage: Stage) -> None:
    with database.transaction() as session:
        request, _ = requests.ask(session, stage.rep, given())
        cfo = vocabulary.find(session, "personas", "cfo")
        with pytest.raises(Conflict, match="1 request"):
            terms.remove(session, stage.cast.marketing, cfo)
        into = vocabulary.find(session, "personas", "it-security")
        terms.merge(session, stage.cast.marketing, cfo, into=into)
        assert session.get_one(Request, request.id).persona_id == into.id
