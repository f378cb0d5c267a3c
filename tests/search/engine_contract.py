"""What every engine must do behind the planner. `test_embedded.py` and `test_meili.py` run it on theirs.

Their module gives `make_engine`; the fixtures are in `conftest.py`. Where an engine differs a test is overridden there
with a skip that says why.
"""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from hub.search.answers import Answer
from hub.search.configuration import Configuration
from hub.search.documents import REVIEWERS, person
from hub.search.engine import Engine, Filters, Scope
from hub.search.planner import Planner
from tests.factories.search import TODAY, document, request


class EngineContract:
    """The suite."""

    # Finding

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("Objection: it costs too much", "too-dear"),
            ("battlecard acme", "battlecard-acme"),
            ("audit logs", "security-faq"),
            ("what to answer", "too-dear"),
            ("handbo", "handbook"),
            ("hand", "handbook"),
            ("hanbdook", "handbook"),
            ("secuirty questions", "security-faq"),
            ("koln", "koeln"),
            ("KÖLN", "koeln"),
            ("buro koln", "koeln"),
            ("nos tarifs approuves", "tarifs"),
            ("approuver", "tarifs"),
            ("東京都の価格交渉", "tokyo"),
            ("価格交渉", "tokyo"),
            ("bursar", "labelled"),
            ("finance lead", "labelled"),
            ("flamingo", "report"),
        ],
    )
    def test_a_question_finds_its_asset_first(self, filled: Planner, text: str, first: str) -> None:
        assert ids(filled.answer(request(text)))[:1] == [first]

    def test_stems_are_found_in_their_language(self, filled: Planner) -> None:
        assert "battlecard-acme" in ids(filled.answer(request("winning losing")))
        assert "koeln" in ids(filled.answer(request("haus preis")))

    def test_a_synonym_finds_what_is_said_otherwise_and_says_so(self, filled: Planner) -> None:
        answer = filled.answer(request("pricey"))
        assert "expensive" in ids(answer)
        assert "synonym “pricey” → “expensive”" in hit(answer, "expensive").why

    def test_a_word_that_has_a_synonym_is_no_typing_mistake(self, engine: Engine, configuration: Configuration) -> None:
        engine.put([document("price", "Prices"), document("expensive", "Objection: too expensive")])
        engine.settle()
        answer = Planner(engine, configuration).answer(request("pricey"))
        assert ids(answer)[:1] == ["expensive"]
        assert answer.suggestion is None

    def test_a_stem_that_is_a_stop_word_finds_not_everything(
        self, engine: Engine, configuration: Configuration
    ) -> None:
        other = document("sich", "Wer sich fragt", "Man fragt sich, was das soll.", language="de")
        engine.put([other, document("sicher", "Fragen zur Sicherheit", "Daten liegen in der EU.", language="de")])
        engine.settle()
        assert ids(Planner(engine, configuration).answer(request("sicherheit"))) == ["sicher"]

    def test_a_synonym_of_several_words_works_both_ways(self, filled: Planner) -> None:
        assert "security-faq" in ids(filled.answer(request("sso")))
        assert "too-dear" in ids(filled.answer(request("chief financial officer")))

    def test_only_stop_words_still_find_something(self, filled: Planner) -> None:
        assert "too-dear" in ids(filled.answer(request("why they say so")))
        assert filled.answer(request("what to")).total > 0

    def test_a_long_question_finds_its_asset(self, filled: Planner) -> None:
        text = "how do we show a bank that the onboarding of new people pays back within nine months or so?"
        assert ids(filled.answer(request(text)))[:1] == ["case-bank"]

    def test_nothing_is_found_for_gibberish(self, filled: Planner) -> None:
        answer = filled.answer(request("qqxxqzz wwxkjq"))
        assert (answer.total, answer.hits, answer.match) == (0, (), "none")

    def test_an_empty_question_lists_the_best_proven_first(self, filled: Planner) -> None:
        answer = filled.answer(request("   "))
        assert answer.total == 15
        assert ids(answer)[0] == "twin-b"

    # Typing rules

    @pytest.mark.parametrize(
        ("word", "typed", "found"),
        [
            ("deck", "dekk", False),
            ("price", "prixe", True),
            ("price", "orice", False),
            ("price", "prxxe", False),
            ("marketing", "markxtxng", True),
            ("marketing", "narketing", True),
            ("20261", "20262", False),
        ],
    )
    def test_typos_are_forgiven_by_length(
        self, engine: Engine, configuration: Configuration, word: str, typed: str, found: bool
    ) -> None:
        engine.put([document("one", f"About {word}")])
        engine.settle()
        assert bool(Planner(engine, configuration).answer(request(typed + " ")).total) is found

    def test_a_better_spelling_is_suggested(self, filled: Planner) -> None:
        answer = filled.answer(request("secuirty questions "))
        assert answer.suggestion == "security questions"

    def test_a_draft_s_words_are_never_suggested(self, engine: Engine, configuration: Configuration) -> None:
        engine.put([document("secret", "Projectzeus", visible_to=(person(1),))])
        engine.settle()
        assert Planner(engine, configuration).answer(request("projectzeuz ")).suggestion is None

    def test_every_word_with_the_typed_beginning_is_found(self, engine: Engine, configuration: Configuration) -> None:
        engine.put(document(f"d{n}", f"Offer con{chr(97 + n % 26)}{chr(97 + n // 26)}") for n in range(100))
        engine.settle()
        assert Planner(engine, configuration).answer(request("offer con")).total == 100

    # Syntax

    def test_a_phrase_must_stand_as_it_is(self, filled: Planner) -> None:
        assert set(ids(filled.answer(request('"audit logs"')))) == {"battlecard-acme", "security-faq"}
        assert ids(filled.answer(request('"two years"'))) == ["security-faq"]

    def test_a_phrase_that_stands_nowhere_is_searched_as_words_with_a_notice(self, filled: Planner) -> None:
        answer = filled.answer(request('"logs audit years"'))
        assert "security-faq" in ids(answer)
        assert [notice.code for notice in answer.notices] == ["phrase_not_found"]

    def test_an_excluded_word_is_not_there(self, filled: Planner) -> None:
        assert set(ids(filled.answer(request("audit logs -acme")))) == {"security-faq"}
        assert "security-faq" not in ids(filled.answer(request('audit -"two years"')))

    def test_typed_filters_narrow(self, filled: Planner) -> None:
        assert set(ids(filled.answer(request("persona:cto")))) == {"battlecard-acme", "case-bank"}
        assert set(ids(filled.answer(request("persona:cto,ciso")))) == {
            "battlecard-acme",
            "case-bank",
            "security-faq",
        }
        assert set(ids(filled.answer(request("persona:cto kind:battlecard")))) == {"battlecard-acme"}
        assert ids(filled.answer(request("persona:cto -kind:battlecard"))) == ["case-bank"]

    def test_dates_and_freshness_narrow(self, filled: Planner) -> None:
        assert ids(filled.answer(request("updated:<2026-09-01"))) == ["handbook"]
        assert ids(filled.answer(request("fresh:no"))) == ["stale"]
        assert "stale" not in ids(filled.answer(request("fresh:yes", limit=50)))
        assert filled.answer(request("updated:2026-10-01")).total == 14

    def test_an_unknown_filter_or_value_is_explained(self, filled: Planner) -> None:
        answer = filled.answer(request("personna:cfo price"))
        assert [(n.code, n.nearest[:1]) for n in answer.notices] == [("unknown_filter", ("persona",))]
        answer = filled.answer(request("persona:cfoo price"))
        assert [(n.code, n.nearest) for n in answer.notices] == [("unknown_value", ("cfo",))]
        assert answer.total > 0

    @pytest.mark.parametrize(
        "text",
        [
            '"', "-", "--", ":", "persona:", '"unclosed', "a:b:c", "(price", "price AND (", "price~2", "pri*ce",
            "title:[a TO z]", "\\", "'; DROP TABLE", "persona:\"", 'kind:"a" OR', "visible_to:reviewers",
            "visible_to = x", "id:draft", "{\"$gt\": 1}", "\x00", "\ud800", "price\x00", "😀", "\u202eprice",
            "-price", "- price", "updated:nonsense", "updated:..", "updated:0000", "updated:9999d", "fresh:maybe",
            "price " * 200, "a" * 100_000, "x y " * 25_000, "é" * 5_000, "𝕡𝕣𝕚𝕔𝕖", "\U0010ffff", "ﷺ", "ก" * 300,
        ],
    )  # fmt: skip
    def test_nothing_that_is_typed_raises_or_shows_what_is_hidden(self, filled: Planner, text: str) -> None:
        answer = filled.answer(request(text, limit=50))
        assert {"draft", "gone"}.isdisjoint(ids(answer))

    # Who sees what

    def test_a_draft_is_found_only_when_asked_for_by_those_who_may(self, filled: Planner) -> None:
        author = frozenset({person(7)})
        reviewer = frozenset({person(9), REVIEWERS})
        assert filled.answer(request("zebra")).total == 0
        assert filled.answer(request("zebra", scope=Scope(TODAY, author))).total == 0
        for groups in (author, reviewer):
            assert ids(filled.answer(request("zebra", scope=Scope(TODAY, groups, drafts=True)))) == ["draft"]
        stranger = Scope(TODAY, frozenset({person(8)}), drafts=True)
        assert filled.answer(request("zebra", scope=stranger)).total == 0

    def test_what_expired_is_not_found_from_the_next_day(self, filled: Planner) -> None:
        last_day = Scope(TODAY.replace(month=10))
        assert ids(filled.answer(request("zebra", scope=last_day))) == ["gone"]
        assert filled.answer(request("zebra", scope=Scope(last_day.today + timedelta(days=1)))).total == 0

    def test_hidden_documents_are_not_counted(self, filled: Planner) -> None:
        assert "chief-of-secrets" not in filled.answer(request("")).facets["persona"]
        assert "chief-of-secrets" not in (filled.engine.values("persona") or ())
        drafts = Scope(TODAY, frozenset({person(7)}), drafts=True)
        assert filled.answer(request("", scope=drafts)).facets["persona"]["chief-of-secrets"] == 1

    def test_fetching_by_id_obeys_the_scope(self, filled: Planner) -> None:
        found = filled.engine.fetch(["handbook", "draft", "gone", "unknown", "tokyo"], Scope(TODAY))
        assert [one.id for one in found] == ["handbook", "tokyo"]

    # Counting

    def test_facets_count_what_is_found(self, filled: Planner) -> None:
        facets = filled.answer(request("audit logs")).facets
        assert facets["kind"] == {"battlecard": 1, "faq": 1}
        assert facets["persona"] == {"cto": 1, "ciso": 1}

    def test_a_facet_s_own_filter_does_not_shrink_it(self, filled: Planner) -> None:
        everything = filled.answer(request("")).facets
        narrowed = filled.answer(request("", kind=["faq"])).facets
        assert narrowed["kind"] == everything["kind"]
        assert narrowed["persona"] == {"ciso": 1}

    def test_pages_are_parts_of_one_list(self, filled: Planner) -> None:
        everything = ids(filled.answer(request("", limit=50)))
        pages = [ids(filled.answer(request("", limit=4, offset=at))) for at in range(0, 16, 4)]
        assert [one for page in pages for one in page] == everything
        assert len(set(everything)) == 15

    def test_the_newest_come_first_when_asked(self, filled: Planner) -> None:
        assert ids(filled.answer(request("", sort="newest", limit=50)))[-1] == "handbook"

    # Order and reasons

    def test_of_two_alike_the_better_proven_comes_first_and_says_so(self, filled: Planner) -> None:
        answer = filled.answer(request("renewal email alpha"))
        assert ids(answer)[:2] == ["twin-b", "twin-a"]
        assert "proven to help in Decision" in hit(answer, "twin-b").why
        assert "proven to help in Decision" not in hit(answer, "twin-a").why

    def test_evidence_never_beats_an_exact_title(self, engine: Engine, configuration: Configuration) -> None:
        engine.put(
            [
                document("exact", "Renewal pricing"),
                document("proven", "Renewal pricing for enterprise buyers", evidence_band=4),
                document("off", "Enterprise", "Somewhere renewal, and elsewhere pricing.", evidence_band=4),
            ]
        )
        engine.settle()
        answer = Planner(engine, configuration).answer(request("renewal pricing"))
        assert ids(answer) == ["exact", "proven", "off"]
        assert [one.reasons[0].code for one in answer.hits] == ["exact", "near", "words"]

    def test_a_deal_brings_what_fits_it_first_and_says_so(self, filled: Planner) -> None:
        deal = {
            "persona": frozenset({"cfo"}),
            "stage": frozenset({"decision"}),
            "competitor": frozenset({"acme"}),
        }
        answer = filled.answer(request("", deal=deal))
        assert set(ids(answer)[:2]) == {"too-dear", "case-bank"}
        assert "fits the deal's persona: Cfo" in hit(answer, "case-bank").why
        assert "about the deal's competitor: Acme" in hit(answer, "battlecard-acme").why
        first = filled.answer(request("price", deal={"competitor": frozenset({"acme"})}))
        assert ids(first)[0] == "battlecard-acme"

    def test_a_poor_match_is_called_one(self, filled: Planner) -> None:
        assert filled.answer(request("audit logs")).match == "good"
        answer = filled.answer(request("audit submarine "))
        assert answer.match == "poor"
        assert answer.hits[0].reasons[0].missing == ("submarine",)

    # What is shown

    def test_marks_stand_only_on_matches_and_leave_the_text_whole(self, filled: Planner) -> None:
        for text in ("audit logs", "price", "bold claim", "東京", "tarifs", "onboarding time"):
            for one in filled.answer(request(text)).hits:
                assert html.unescape(re.sub("</?mark>", "", one.title_html)) == one.shown.title
        answer = filled.answer(request("audit logs"))
        assert hit(answer, "security-faq").snippet.html.count("<mark>") == 2

    def test_html_of_an_asset_stays_text(self, filled: Planner) -> None:
        one = hit(filled.answer(request("bold pricing claim")), "html")
        assert one.title_html == "Use &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;"
        assert one.snippet.html.startswith("A &lt;b&gt;<mark>bold</mark>&lt;/b&gt; <mark>pricing</mark>")

    def test_a_match_in_an_attachment_names_file_and_page(self, filled: Planner) -> None:
        one = hit(filled.answer(request("flamingo")), "report")
        assert (one.snippet.attachment, one.snippet.page) == ("benchmark.pdf", 4)
        assert one.why == ["has flamingo", "in the attached benchmark.pdf, page 4"]
        assert filled.answer(request("flamingo")).match == "good"
        assert "<mark>flamingo</mark>" in one.snippet.html

    # Changing

    def test_a_put_replaces_and_a_delete_removes(self, engine: Engine, configuration: Configuration) -> None:
        planner = Planner(engine, configuration)
        engine.put([document("one", "First words"), document("two", "Other words")])
        engine.put([document("one", "Second wording")])
        engine.settle()
        assert ids(planner.answer(request("first"))) == []
        assert ids(planner.answer(request("second"))) == ["one"]
        engine.delete(["one", "never-there"])
        engine.settle()
        assert ids(planner.answer(request(""))) == ["two"]
        assert engine.health().documents == 1

    def test_fingerprints_tell_what_is_held(self, engine: Engine) -> None:
        documents = [document("one", "First"), document("two", "Second", visible_to=(person(1),))]
        engine.put(documents)
        engine.settle()
        assert engine.fingerprints() == {one.id: one.fingerprint() for one in documents}

    def test_a_rebuild_replaces_everything_and_reports_progress(
        self, engine: Engine, configuration: Configuration
    ) -> None:
        engine.put([document("old", "Old words")])
        engine.settle()
        seen: list[int] = []
        assert engine.rebuild([document(f"new-{n}", "New words") for n in range(3)], seen.append) == 3
        planner = Planner(engine, configuration)
        assert seen[-1] == 3
        assert ids(planner.answer(request("old "))) == []
        assert planner.answer(request("new ")).total == 3
        assert engine.health().state == "ok"

    def test_what_changes_during_a_rebuild_is_not_lost(self, engine: Engine, configuration: Configuration) -> None:
        engine.put([document("kept", "Kept"), document("dropped", "Dropped")])
        engine.settle()
        planner = Planner(engine, configuration)
        during: list[list[str]] = []

        def documents() -> Any:
            yield document("kept", "Kept")
            yield document("dropped", "Dropped")
            engine.put([document("late", "Late arrival"), document("kept", "Kept and changed")])
            engine.delete(["dropped"])
            engine.settle()
            during.append(sorted(ids(planner.answer(request("")))))

        engine.rebuild(documents())
        assert during == [["kept", "late"]]
        assert sorted(ids(planner.answer(request("")))) == ["kept", "late"]
        assert ids(planner.answer(request("changed"))) == ["kept"]

    def test_ten_thousand_values_of_a_facet_do_no_harm(self, engine: Engine, configuration: Configuration) -> None:
        engine.put(document(f"d{n}", "Same", personas=[f"p{n}-{m}" for m in range(25)]) for n in range(400))
        engine.settle()
        answer = Planner(engine, configuration).answer(request("same"))
        assert answer.total == 400
        assert len(answer.facets["persona"]) == configuration.facet_size
        filtered = Planner(engine, configuration).answer(request("persona:p3-7"))
        assert ids(filtered) == ["d3"]

    def test_values_that_look_like_syntax_are_values(self, engine: Engine, configuration: Configuration) -> None:
        odd = ['a"b', "a\\", "x] OR id EXISTS", "O'Hara", "日本", "a,b", " "]
        engine.put(document(f"d{n}", "Odd", products=[value]) for n, value in enumerate(odd))
        engine.settle()
        planner = Planner(engine, configuration)
        for number, value in enumerate(odd):
            clicked = request("", filters=Filters({"product": frozenset({value})}))
            assert ids(planner.answer(clicked)) == [f"d{number}"]


def ids(answer: Answer) -> list[str]:
    return [one.shown.id for one in answer.hits]


def hit(answer: Answer, identity: str) -> Any:
    return next(one for one in answer.hits if one.shown.id == identity)
