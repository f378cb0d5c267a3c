"""Working copies: nothing typed is lost, nobody else sees it, and two windows do not overwrite each other."""

import pytest

from hub.assets import drafts, working_copies
from hub.assets.schemas import AttachmentIn
from hub.assets.typed_fields import Typed, typed_of, understood, understood_change
from hub.assets.working_copies import key_of, new_key
from hub.db import Database
from hub.errors import Conflict, Invalid, NotAllowed, NotFound
from hub.people.roles import HUB, Team
from hub.taxonomy import terms
from hub.taxonomy.schemas import TermDraft
from tests.factories.assets import make_cast, make_draft, make_live


def test_what_was_typed_is_there_again_word_for_word(database: Database) -> None:
    key = new_key()
    typed = Typed(title="Half a ti", body="“Ünï” 🦦\r\n\tx", personas=["no such"], review_by="some day")
    with database.transaction() as session:
        cast = make_cast(session)
        working_copies.keep(session, cast.author, key, typed, base_number=0, revision=0)
    with database.reading() as session:
        copy = working_copies.find(session, cast.author, key)
        assert copy is not None
        assert Typed.model_validate(copy.fields) == typed
        assert working_copies.find(session, cast.marketing, key) is None
        assert [one.title for one in working_copies.mine(session, cast.author)] == ["Half a ti"]
        assert working_copies.mine(session, cast.marketing) == []


def test_an_older_window_cannot_overwrite_what_a_newer_one_kept(database: Database) -> None:
    key = new_key()
    with database.transaction() as session:
        cast = make_cast(session)
        first = working_copies.keep(session, cast.author, key, Typed(title="1"), base_number=0, revision=0)
        assert first.revision == 1
        second = working_copies.keep(session, cast.author, key, Typed(title="2"), base_number=0, revision=1)
        assert second.revision == 2
        with pytest.raises(Conflict) as refused:
            working_copies.keep(session, cast.author, key, Typed(title="old window"), base_number=0, revision=1)
        assert refused.value.extra["revision"] == 2
        assert working_copies.keep(session, cast.author, key, Typed(title="2"), base_number=0, revision=0).revision == 2
        gone = working_copies.keep(session, cast.author, key, Typed(title="mine"), base_number=0, revision=2)
        assert gone.fields["title"] == "mine"


def test_discarding_is_harmless_when_repeated_and_typing_on_begins_anew(database: Database) -> None:
    key = new_key()
    with database.transaction() as session:
        cast = make_cast(session)
        working_copies.keep(session, cast.author, key, Typed(title="1"), base_number=0, revision=0)
        for _ in range(2):
            working_copies.discard(session, cast.author, key)
        assert working_copies.find(session, cast.author, key) is None
        assert working_copies.keep(session, cast.author, key, Typed(title="2"), base_number=0, revision=1).revision == 1


def test_others_see_that_somebody_is_at_it_and_never_what(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author)
        working_copies.keep(session, cast.author, key_of(asset), Typed(body="secret"), base_number=1, revision=0)
        [seen] = working_copies.at_work(session, cast.sales, asset)
        assert (seen.person.name, seen.now) == (cast.author.name, True)
        assert working_copies.at_work(session, cast.author, asset) == []
        with pytest.raises(NotFound):
            working_copies.at_work(session, cast.reader, asset)


def test_only_who_may_write_the_asset_has_a_working_copy_of_it(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        draft, live = make_draft(session, cast.author), make_live(session, cast)
        for asset, error in ((draft, NotFound), (live, NotAllowed)):
            with pytest.raises(error):
                working_copies.keep(session, cast.reader, key_of(asset), Typed(), base_number=1, revision=0)
        for key in ("asset-0", "asset-999999", "new-1", "../x"):
            with pytest.raises(NotFound):
                working_copies.keep(session, cast.author, key, Typed(), base_number=0, revision=0)
        with pytest.raises(NotAllowed):
            working_copies.keep(session, cast.reader, new_key(), Typed(), base_number=0, revision=0)


def test_labels_synonyms_and_names_are_understood(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        draft = TermDraft(key="cfo", label="Finance lead", synonyms=["Money person"])
        terms.add(session, HUB, "personas", draft)
        typed = Typed(
            title="x", personas=["finance LEAD", "money person", "cfo"], stages=["Decision"],
            sales=[cast.sales.name, cast.sales.email or ""], review_by="2027-03-01",
        )  # fmt: skip
        fields = understood(session, typed)
        assert (fields["personas"], fields["stages"]) == (["cfo"], ["decision"])
        assert fields["authors"] == {"marketing": [], "sales": [cast.sales.email]}


def test_unknown_words_people_and_dates_are_all_named_with_the_nearest(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        typed = Typed(stages=["decisoin"], sales=["Nobody At All"], owner=cast.sales.name, review_by="31.12.2027")
        with pytest.raises(Invalid) as refused:
            understood(session, typed)
        by_field = {fault.loc[1]: fault.message for fault in refused.value.errors}
        assert set(by_field) == {"stages", "sales", "review_by"}
        assert "nearest: decision" in by_field["stages"]
        assert "nobody called" in by_field["sales"]


def test_what_a_form_shows_of_an_asset_is_no_change_of_it(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        authors = {Team.MARKETING: [cast.author.id], Team.SALES: [cast.sales.id]}
        asset = make_live(session, cast, body="One.\r\nTwo.\r\n", tags={"stages": ["decision"]}, authors=authors)
        typed = typed_of(session, asset)
        assert typed.says_the_same(typed_of(session, asset))
        assert typed.stages == ["decision"]
        assert typed.body == "One.\nTwo.\n"  # as a browser would send it back
        assert "body" not in understood_change(session, asset, typed)
        assert "body" in understood_change(session, asset, typed.model_copy(update={"body": "Three."}))
        assert drafts.head_of(session, asset).body == "One.\r\nTwo.\r\n"


def test_a_note_about_a_version_is_no_change_of_the_text() -> None:
    one = Typed(title="x", note="because")
    assert one.says_the_same(Typed(title="x "))
    assert not one.says_the_same(Typed(title="x", attachments=[AttachmentIn(digest="0" * 64, name="a.png")]))
