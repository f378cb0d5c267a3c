"""How far the two engines agree: the same library, the same questions, side by side.

Three hundred invented assets. What must be equal is asserted as equal; what may differ (Meilisearch decides which
words to drop) is held to a share, and the questions that differ most are named in the failure.
"""

import random
from collections.abc import Callable, Iterator
from itertools import product

import pytest

from hub.search.configuration import Configuration
from hub.search.documents import Document
from hub.search.embedded import EmbeddedEngine
from hub.search.engine import Filters
from hub.search.planner import Planner
from tests.factories.search import document, request
from tests.search.engine_contract import ids
from tests.search.test_meili import make_engine, server

__all__ = ["make_engine", "server"]

_WHAT = ["Objection", "Battlecard", "Case study", "One-pager", "Checklist", "Playbook", "Story", "Script"]
_TOPIC = [
    "security reviews", "annual pricing", "vendor migration", "data residency", "single invoices", "slow onboarding",
    "contract renewal", "hidden costs", "legacy integrations", "audit trails", "support response", "missing features",
]  # fmt: skip
_WHOM = ["for banks", "for hospitals", "in retail", "for public buyers"]
_SENTENCES = [
    "Ask what the delay costs every month.", "Show the figures of a customer alike.", "Never discount before the demo.",
    "Bring an engineer to the second meeting.", "The finance team wants a range and no promise.",
    "Offer a pilot with a clear end.", "Write down who decides and when.", "Compare three years, never one.",
]  # fmt: skip

Pair = tuple[Planner, Planner]


def assets() -> list[Document]:
    chance = random.Random(3)
    found = []
    for number, (what, topic, whom) in enumerate(product(_WHAT, _TOPIC, _WHOM)):
        found.append(
            document(
                f"a{number}",
                f"{what}: {topic} {whom}",
                "\n\n".join(chance.sample(_SENTENCES, 4)),
                headings=(f"Why {topic} matter", f"What to say {whom}"),
                kind=chance.choice(["objection", "battlecard", "case_study"]),
                personas=chance.sample(["cfo", "cto", "ciso", "buyer"], 2),
                stages=[chance.choice(["awareness", "decision"])],
                days_old=number,
            )
        )
    return found


@pytest.fixture(scope="module")
def pair(
    make_engine: Callable[[Configuration], object],
    tmp_path_factory: pytest.TempPathFactory,
    configuration: Configuration,
) -> Iterator[Pair]:
    planners = []
    for engine in (
        EmbeddedEngine(tmp_path_factory.mktemp("parity"), configuration),
        make_engine(configuration),
    ):
        engine.rebuild(assets())  # type: ignore[attr-defined]
        planners.append(Planner(engine, configuration))  # type: ignore[arg-type]
    yield planners[0], planners[1]
    for planner in planners:
        planner.engine.close()


@pytest.mark.parametrize(
    "one_of",
    [
        {},
        {"kind": {"objection"}},
        {"persona": {"cfo", "cto"}},
        {"kind": {"case_study"}, "stage": {"decision"}},
    ],
)
def test_filters_find_and_count_the_same(pair: Pair, one_of: dict[str, set[str]]) -> None:
    filters = Filters({name: frozenset(values) for name, values in one_of.items()})
    ours, theirs = (planner.answer(request("", filters=filters, limit=400)) for planner in pair)
    assert set(ids(ours)) == set(ids(theirs))
    assert ours.facets == theirs.facets
    assert ours.total == theirs.total


@pytest.mark.parametrize("word", ["pricing", "banks", "battlecard", "pilot", "residency"])
def test_single_words_find_as_many(pair: Pair, word: str) -> None:
    ours, theirs = (planner.answer(request(f"{word} ")).total for planner in pair)
    assert ours == theirs


def first_hits_agree(pair: Pair, questions: list[str]) -> tuple[float, list[str]]:
    differing = []
    for question in questions:
        ours, theirs = (ids(planner.answer(request(question)))[:1] for planner in pair)
        if ours != theirs:
            differing.append(f"{question!r}: {ours} {theirs}")
    return 1 - len(differing) / len(questions), differing[:10]


def sample(count: int) -> list[str]:
    return [one.title for one in random.Random(5).sample(assets(), count)]


def test_exact_titles_have_the_same_first_hit(pair: Pair) -> None:
    share, differing = first_hits_agree(pair, sample(60))
    assert share >= 0.98, differing


def test_misspelt_titles_have_the_same_first_hit(pair: Pair) -> None:
    misspelt = [title[:-3] + title[-2] + title[-3] + title[-1] for title in sample(60)]
    share, differing = first_hits_agree(pair, misspelt)
    assert share >= 0.93, differing


def test_unfinished_titles_have_the_same_first_hit(pair: Pair) -> None:
    share, differing = first_hits_agree(pair, [title[:-2] for title in sample(60)])
    assert share >= 0.93, differing


def overlap(pair: Pair, questions: list[str]) -> tuple[float, list[str]]:
    shares = []
    for question in questions:
        ours, theirs = (set(ids(planner.answer(request(question)))) for planner in pair)
        shares.append((len(ours & theirs) / max(1, len(ours | theirs), min(10, len(ours))), question))
    return sum(share for share, _ in shares) / len(shares), [
        f"{share:.2f} {text}" for share, text in sorted(shares)[:10]
    ]


def test_the_first_ten_for_titles_are_mostly_the_same(pair: Pair) -> None:
    share, worst = overlap(pair, sample(40))
    assert share >= 0.8, worst


def test_the_first_ten_while_typing_are_mostly_the_same(pair: Pair) -> None:
    typed = [" ".join(title.split()[1 : 2 + number % 3])[:-1] for number, title in enumerate(sample(40))]
    share, worst = overlap(pair, typed)
    assert share >= 0.65, worst


def test_the_newest_are_the_same(pair: Pair) -> None:
    ours, theirs = (ids(planner.answer(request("pricing", sort="newest"))) for planner in pair)
    assert ours == theirs
