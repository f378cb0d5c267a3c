from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from hub.assets import drafts, intake, library
from hub.assets.models import AssetSlug, Rendering, VersionLink
from hub.assets.schemas import AssetDraft, DetailsChange, VersionDraft
from hub.assets.texts import AttachedFile, Text, content_hash
from hub.db import Database
from hub.errors import Conflict, Invalid, Moved, NotAllowed
from hub.people.roles import HUB
from hub.taxonomy import terms, vocabulary
from hub.taxonomy.schemas import TermDraft
from tests.factories.assets import make_cast, make_draft, make_live, make_text, next_draft

texts = st.builds(
    Text,
    title=st.text(min_size=1, max_size=20),
    summary=st.text(max_size=20),
    body=st.text(max_size=50),
    kind=st.sampled_from(["note", "faq"]),
    audience=st.sampled_from(["internal", "shareable"]),
    tags=st.dictionaries(
        st.sampled_from(["personas", "stages"]),
        st.lists(st.tuples(st.integers(1, 3), st.sampled_from("abc")), max_size=3, unique_by=lambda term: term[1]),
    ),
    attachments=st.lists(st.builds(AttachedFile, st.sampled_from("01"), st.sampled_from("xy")), max_size=2).map(tuple),
)


@given(texts, texts)
def test_two_texts_have_one_hash_only_when_all_that_is_signed_is_equal(one: Text, other: Text) -> None:
    def signed(text: Text) -> tuple[object, ...]:
        keys = {name: sorted(values) for name, values in text.tag_keys().items()}
        files = [(file.digest, file.name) for file in text.attachments]
        return (text.title, text.summary, text.body, text.kind, text.language, text.audience, keys, files)

    assert (content_hash(one) == content_hash(other)) == (signed(one) == signed(other))


def test_two_people_editing_at_once_lose_nothing(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, title="Price", body="One.\nTwo.\n")
        drafts.write_version(
            session, cast.marketing, asset, make_text(session, title="Price", body="One.\nThree.\n"), base_number=1
        )
        mine = make_text(session, title="Price", body="Zero.\nOne.\nTwo.\n")
        with pytest.raises(Conflict) as refused:
            drafts.write_version(session, cast.author, asset, mine, base_number=1)
        told = refused.value.extra
        assert (told["newer"]["version"], told["newer"]["body"]) == (2, "One.\nThree.\n")
        assert told["newer"]["created_by"] == cast.marketing.name
        assert told["yours"]["body"] == "Zero.\nOne.\nTwo.\n"
        assert "-Two." in told["changed_meanwhile"]
        assert "+Three." in told["changed_meanwhile"]
        merged = drafts.write_version(session, cast.author, asset, mine, base_number=2)
        assert (merged.number, asset.head_number) == (3, 3)


def test_saving_the_same_text_again_makes_no_version(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, title="Same", body="Same.\n")
        again = drafts.write_version(
            session,
            cast.author,
            asset,
            make_text(session, title="Same", body="Same.\n"),
            base_number=1,
        )
        assert (again.number, asset.head_number) == (1, 1)


def test_a_version_based_on_one_that_never_was_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author)
        with pytest.raises(Conflict, match="has no version 7"):
            drafts.write_version(session, cast.author, asset, make_text(session), base_number=7)


def test_what_a_version_leaves_out_stays_as_it_was(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        draft = AssetDraft(
            title="Dear", body="Old.\n", stages=["decision"], kind="faq", authors={"sales": ["ben@example.com"]}
        )
        asset = intake.create(session, cast.author, draft)
        intake.next_version(session, cast.author, asset, VersionDraft(base_version=1, body="New.\n"))
        shown = library.asset_detail(session, asset, asset.head_version_id or 0, with_draft=True)
        assert (shown.title, shown.body, shown.stages, shown.kind) == ("Dear", "New.\n", ["decision"], "faq")
        assert shown.authors.sales == ["ben@example.com"]


def test_a_renamed_term_keeps_its_tags_and_voids_no_signature(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        term = terms.add(session, HUB, "personas", TermDraft(key="cfo", label="CFO"))
        asset = make_live(session, cast, title="T", body="B", tags={"personas": ["cfo"]})
        before = library.asset_detail(session, asset, asset.live_version_id or 0, with_draft=False)
        terms.rename(session, HUB, term, key="finance-lead")
        session.expire_all()
        after = library.asset_detail(session, asset, asset.live_version_id or 0, with_draft=False)
        assert after.personas == ["finance-lead"]
        assert after.publication is not None
        assert (after.content_hash, after.publication.kind) == (before.content_hash, "joint")
        same = next_draft(
            session, cast.author, asset, title="T", body="B", tags={"personas": ["cfo"]}, summary=after.summary
        )
        assert same.number == 1


def test_an_unknown_tag_is_refused_with_the_nearest_ones(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        with pytest.raises(Invalid) as refused:
            intake.create(session, cast.author, AssetDraft(title="T", stages=["decison"]))
        [fault] = refused.value.errors
        assert fault.loc == ("body", "stages", 0)
        assert "nearest: decision" in fault.message


def test_a_taken_slug_is_refused_even_when_it_is_only_a_former_one(database: Database) -> None:
    with database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, slug="first")
        drafts.rename(session, cast.author, asset, "second")
        for taken in ("first", "second"):
            with pytest.raises(Conflict, match="already"):
                make_draft(session, cast.author, slug=taken)
        drafts.rename(session, cast.author, asset, "first")
        assert asset.slug == "first"
        assert len(session.exec(select(AssetSlug)).all()) == 2


def test_a_former_slug_leads_to_the_present_one(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author, slug="old")
        drafts.rename(session, cast.author, asset, "new")
        with pytest.raises(Moved) as moved:
            library.find(session, "old")
        assert (moved.value.old, moved.value.new) == ("old", "new")


@pytest.mark.parametrize("slug", ["", "UPPER", "a/b", "a b", "-a", "a..b", "ä", "a" * 201, "..", "a\n"])
def test_what_cannot_be_a_slug_is_refused_with_the_rule(sqlite_database: Database, slug: str) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_draft(session, cast.author)
        with pytest.raises(Invalid, match="cannot be a slug"):
            drafts.rename(session, cast.author, asset, slug)


def test_links_between_assets_survive_a_change_of_slug(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        rival = make_draft(session, cast.author, slug="rival")
        asset = make_draft(session, cast.author, body="[one](asset:rival) [two](/assets/rival#top) [no](asset:gone)\n")
        drafts.rename(session, cast.author, rival, "competitor")
        links = {link.target: link.target_asset_id for link in session.exec(select(VersionLink))}
        assert links == {"rival": rival.id, "gone": None}
        html = session.exec(select(Rendering.html).where(Rendering.version_id == asset.head_version_id)).one()
        assert 'href="/assets/rival"' in html
        shown = library.asset_detail(session, asset, asset.head_version_id or 0, with_draft=True)
        assert shown.broken_links == ["gone"]


def test_dates_and_people_change_without_a_new_version(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        asset = make_live(session, cast)
        intake.change_details(
            session,
            cast.author,
            asset,
            DetailsChange(review_by=date(2030, 1, 1), authors={"marketing": ["ana@example.com"]}),
        )
        intake.change_details(session, cast.author, asset, DetailsChange(owner="ben@example.com"))
        shown = library.asset_detail(session, asset, asset.live_version_id or 0, with_draft=False)
        assert (shown.version, shown.review_by, shown.owner) == (1, date(2030, 1, 1), "ben@example.com")
        assert shown.authors.marketing == ["ana@example.com"]
        with pytest.raises(NotAllowed):
            intake.change_details(session, cast.reader, asset, DetailsChange(expires_on=date(2040, 1, 1)))


def test_the_same_word_may_stand_in_a_field_and_not_under_tags(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as session:
        cast = make_cast(session)
        with pytest.raises(Invalid) as refused:
            intake.create(session, cast.author, AssetDraft(title="T", tags={"stages": ["decision"]}))
        assert "use 'stages'" in refused.value.errors[0].message
        assert vocabulary.resolve(session, {}) == {}
        assert session.exec(select(col(Rendering.version_id))).all() == []
