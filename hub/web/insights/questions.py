"""The questions that insights answer, in the order of their navigation."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """`key` names its downloads too; `lead` is what it says, in a sentence."""

    key: str
    group: str
    name: str
    title: str
    href: str
    lead: str


QUESTIONS = (
    Question(
        "helps", "Content", "What helps", "What helps to win", "/insights",
        "Points of win rate compared with deals just like them: same stage, time in stage, size, segment, industry, "
        "competitor, owner and amount of other content.",
    ),
    Question(
        "does-nothing", "Content", "Does nothing", "Used, and does nothing", "/insights/does-nothing",
        "Assets whose whole range lies close to none: they are about as good as other content. Fix them, or use the "
        "time for something else.",
    ),
    Question(
        "never-used", "Content", "Never used", "Live, and never used", "/insights/never-used",
        "Live assets without a single counted use. They may not be found, not be known, or not be needed.",
    ),
    Question(
        "hot-but-stale", "Content", "Hot but stale", "Hot, and past its review date", "/insights/hot-but-stale",
        "Used in the last 90 days although nobody confirmed that it is still right. Read these first.",
    ),
    Question(
        "money", "Content", "Where money passed", "Where the money passed", "/insights/money",
        "Won amounts handed out to the content that was there, by the usual models side by side. It says who was "
        "there. It is not evidence of what helped.",
    ),
    Question(
        "hold-outs", "Content", "Hold-outs", "Hold-outs", "/insights/hold-outs",
        "The one cure for doubt: suggest an asset in a part of the eligible deals, by a coin, and compare.",
    ),
    Question(
        "funnel", "Deals", "Funnel", "How deals pass each stage", "/insights/funnel",
        "The share of deals that moved on from each stage, and the share that deals like them were expected to.",
    ),
    Question(
        "outcomes", "Deals", "Win rate and time", "Win rate and cycle time", "/insights/outcomes",
        "How deals ended, month by month, with the range that the number of deals allows.",
    ),
    Question(
        "sources", "Deals", "Lead sources", "Close rate by lead source", "/insights/sources",
        "As counted, and adjusted: how often all closed deals would be won if all had come from that source.",
    ),
    Question(
        "capture", "Deals", "Capture rate", "How much use is captured", "/insights/capture",
        "The share of stage changes of which the hub knows what was used, or that nothing was. Evidence compares won "
        "with lost deals, so both must be captured alike.",
    ),
    Question(
        "coverage", "Library", "Coverage", "Where content is missing", "/insights/coverage",
        "Every persona at every stage: what is live, what is wanted, and the open money that waits there.",
    ),
    Question(
        "freshness", "Library", "Freshness", "How fresh the library is", "/insights/freshness",
        "Live assets within their review date, past it, and without one.",
    ),
    Question(
        "search", "Library", "Search", "How search does", "/insights/search",
        "Whether people find and take what they look for, and what they looked for in vain. Nobody is named.",
    ),
    Question(
        "how-we-know", "Behind the figures", "How do we know?", "How do we know?", "/insights/how-we-know",
        "What is compared with what, what the words mean, what guards against fooling ourselves, and what nobody can "
        "know from watching.",
    ),
    Question(
        "runs", "Behind the figures", "Computations", "Computations", "/insights/runs",
        "The evidence is computed every night. Every run keeps what it found, so an old report can be read as it was.",
    ),
)  # fmt: skip
BY_KEY = {one.key: one for one in QUESTIONS}
GROUPS = tuple(dict.fromkeys(one.group for one in QUESTIONS))
