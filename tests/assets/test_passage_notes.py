"""Notes on passages: bound to words of one version, told to its authors, and never on what is not there."""

import pytest

from hub.assets import library, passage_notes
from hub.db import Database
from hub.errors import Invalid, NotFound
from hub.events.deliver import Subscriber, Worker
from hub.planning import inbox
from hub.planning.notices import EVENTS, Notifier
from tests.factories.assets import make_cast, make_draft, next_draft

BODY = "# Why\n\nA late *delivery*  costs.\n\n| them | us |\n| --- | --- |\n| slow | fast |\n"


@pytest.mark.parametrize(
    "quote", ["late delivery costs", "A late\ndelivery  costs.", "Why", "slow fast", "When to use it"]
)
def test_any_words_as_they_are_seen_can_be_noted(database: Database, quote: str) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, body=BODY)
        version = library.version_of(session, asset, 1)
        passage_notes.add(session, cast.sales, asset, version, quote=quote, text="Says who?")
        [note] = passage_notes.notes_on(session, cast.author, asset, version)
        assert (note.text, note.person.name, note.settled_at) == ("Says who?", cast.sales.name, None)


def test_words_that_are_not_in_this_version_are_refused(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, body=BODY)
        next_draft(session, cast.author, asset, body="Another text.\n")
        for number, quote in ((1, "Another text"), (2, "late delivery"), (1, "   "), (1, "*delivery*")):
            version = library.version_of(session, asset, number)
            with pytest.raises(Invalid):
                passage_notes.add(session, cast.sales, asset, version, quote=quote, text="x")


def test_notes_stand_in_the_order_of_the_text_and_are_settled(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, body=BODY)
        version = library.version_of(session, asset, 1)
        for quote in ("fast", "late"):
            passage_notes.add(session, cast.sales, asset, version, quote=quote, text=quote)
        notes = passage_notes.notes_on(session, cast.sales, asset, version)
        assert [one.quote for one in notes] == ["late", "fast"]
        for _ in range(2):
            passage_notes.settle(session, cast.author, asset, version, notes[0].id, settled=True)
        assert passage_notes.notes_on(session, cast.sales, asset, version)[0].settled_at is not None
        with pytest.raises(NotFound):
            passage_notes.settle(session, cast.author, asset, version, 999_999, settled=True)


def test_who_may_not_see_the_draft_sees_and_writes_no_note(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, body=BODY)
        version = library.version_of(session, asset, 1)
        with pytest.raises(NotFound):
            passage_notes.notes_on(session, cast.reader, asset, version)
        with pytest.raises(NotFound):
            passage_notes.add(session, cast.reader, asset, version, quote="late", text="x")


def test_authors_find_a_note_in_their_inbox_that_leads_to_the_review(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, slug="late", body=BODY)
        passage_notes.add(session, cast.sales, asset, library.version_of(session, asset, 1), quote="late", text="Who?")
    worker = Worker(database, subscribers=(Subscriber("notices", EVENTS, Notifier(database).react),), jobs=())
    while worker.run_once():
        pass
    with database.reading() as session:
        [told] = inbox.inbox(session, cast.author, unseen=False, limit=5, cursor=None).items
        assert told.link == "/reviews/late/1"
        assert "Who?" in told.text
        assert inbox.inbox(session, cast.sales, unseen=False, limit=5, cursor=None).items == []
