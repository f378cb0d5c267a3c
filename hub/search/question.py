"""What a person typed, taken apart: free words, "quoted phrases", -exclusions and field:value filters.

Nothing here can fail and nothing is passed to an engine as its own syntax. What cannot be understood stays text,
and a `Notice` says so.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from hub.search.analysis import tokens
from hub.search.engine import Filters, Phrase

MOST_CHARACTERS = 4_000
MOST_WORDS = 128
MOST_FILTERS = 50

_PIECE = re.compile(
    r"""(?P<minus>-)?(?:(?P<field>[^\W\d][\w-]{0,30}):(?P<value>"[^"]*"?|[^\s"]+)|"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))"""
)
_ADDRESS_SCHEMES = frozenset({"http", "https", "mailto", "ftp", "tel"})
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_DAYS_BACK = re.compile(r"(?:last-?)?(\d{1,4})-?(d|days?|w|weeks?|m|months?|y|years?)", re.IGNORECASE)
_UNIT_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_FRESH = {
    "yes": True,
    "true": True,
    "fresh": True,
    "no": False,
    "false": False,
    "stale": False,
    "overdue": False,
}
DATE_NAMES = {
    "updated": "updated", "changed": "updated", "review": "review_by", "review_by": "review_by",
    "expires": "expires_on", "expires_on": "expires_on",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in the question that was not done as typed: a stable `code`, the `part` it is about, and words
    for the person, with the `nearest` right ones."""

    code: str
    part: str
    says: str
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """The facets a question may name, and their values: facet → folded value, label or synonym → value. A facet
    whose values are not listed takes any."""

    facets: tuple[str, ...]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def by_name(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Folded value, label or synonym → value, of one facet's values with their other names."""
    names = {flat(value): value for value in values}
    for value, others in values.items():
        for other in others:
            names.setdefault(flat(other), value)
    return names


@dataclass(frozen=True, slots=True)
class Question:
    """`words` are the folded tokens of everything free, in order; `quoted` the places of those inside quotes;
    `free` the same as typed, for an engine that wants it; `open_ended` when the last word may be unfinished."""

    free: str
    words: tuple[str, ...]
    quoted: frozenset[int]
    phrases: tuple[Phrase, ...]
    excluded: tuple[Phrase, ...]
    filters: Filters
    notices: tuple[Notice, ...]
    open_ended: bool

    def unquoted(self) -> "Question":
        """The same with the words of its phrases free, and a notice that says so."""
        quoted = ", ".join(f"“{' '.join(phrase)}”" for phrase in self.phrases)
        notice = Notice("phrase_not_found", quoted, f"Nothing has exactly {quoted}; the words were searched.")
        return replace(self, phrases=(), quoted=frozenset(), notices=(*self.notices, notice))


def parse(text: str, names: Names, today: date) -> Question:
    """Take `text` apart. Never raises."""
    reader = _Reader(names, today)
    if len(text) > MOST_CHARACTERS:
        reader.notice("too_long", "", f"Only the first {MOST_CHARACTERS:,} characters were searched.")
        text = text[:MOST_CHARACTERS]
    text = text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate cannot leave this process
    for piece in _PIECE.finditer(text):
        reader.take(piece)
    return reader.question(text)


class _Reader:
    def __init__(self, names: Names, today: date) -> None:
        self._names = names
        self._today = today
        self._free: list[str] = []
        self._words: list[str] = []
        self._quoted: set[int] = set()
        self._phrases: list[Phrase] = []
        self._excluded: list[Phrase] = []
        self._one_of: dict[str, set[str]] = {}
        self._none_of: dict[str, set[str]] = {}
        self._between: dict[str, tuple[int | None, int | None]] = {}
        self._notices: list[Notice] = []
        self._ends_free = False

    def notice(self, code: str, part: str, says: str, nearest: Sequence[str] = ()) -> None:
        self._notices.append(Notice(code, part, says, tuple(nearest)))

    def question(self, text: str) -> Question:
        if len(self._words) > MOST_WORDS:
            self.notice("too_many_words", "", f"Only the first {MOST_WORDS} words were searched.")
        words = tuple(self._words[:MOST_WORDS])
        return Question(
            free=" ".join(self._free),
            words=words,
            quoted=frozenset(at for at in self._quoted if at < len(words)),
            phrases=tuple(self._phrases),
            excluded=tuple(self._excluded),
            filters=Filters(
                {name: frozenset(values) for name, values in self._one_of.items()},
                {name: frozenset(values) for name, values in self._none_of.items()},
                dict(self._between),
            ),
            notices=tuple(self._notices),
            open_ended=self._ends_free and not text[-1:].isspace() and len(self._words) <= MOST_WORDS,
        )

    def take(self, piece: re.Match[str]) -> None:
        excluded = piece["minus"] is not None
        self._ends_free = False
        if piece["phrase"] is not None:
            self._take_phrase(piece["phrase"], excluded=excluded)
        elif piece["field"] is not None:
            self._take_filter(piece, piece["field"].casefold(), piece["value"].strip('"'), excluded=excluded)
        elif excluded:
            self._exclude(piece["word"])
        else:
            self._take_words(piece["word"])

    def _take_words(self, text: str) -> None:
        if found := tokens(text):
            self._words += found
            self._free.append(text)
            self._ends_free = text[-1:].isalnum()

    def _take_phrase(self, text: str, *, excluded: bool) -> None:
        if not (found := tuple(tokens(text)[:MOST_WORDS])):
            return
        if excluded:
            self._exclude(text)
            return
        self._quoted.update(range(len(self._words), len(self._words) + len(found)))
        self._words += found
        self._phrases.append(found)
        self._free.append(text)

    def _exclude(self, text: str) -> None:
        if (found := tuple(tokens(text))) and len(self._excluded) < MOST_FILTERS:
            self._excluded.append(found)

    def _take_filter(self, piece: re.Match[str], name: str, value: str, *, excluded: bool) -> None:
        facet = _facet(name, self._names.facets)
        if facet is not None:
            self._take_values(facet, value, excluded=excluded)
        elif name in ("fresh", "freshness"):
            self._take_freshness(value, excluded=excluded)
        elif name in DATE_NAMES:
            self._take_dates(DATE_NAMES[name], name, value)
        else:
            self._take_unknown(piece, name, excluded=excluded)

    def _take_unknown(self, piece: re.Match[str], name: str, *, excluded: bool) -> None:
        whole = piece.group().removeprefix("-")
        if name not in _ADDRESS_SCHEMES:
            known = [*self._names.facets, *DATE_NAMES, "fresh"]
            listed = ", ".join([*self._names.facets, "updated", "review", "expires", "fresh"])
            self.notice(
                "unknown_filter",
                piece.group(),
                f"There is no filter “{name}”, so it was searched as words. The filters are {listed}.",
                _nearest(name, known),
            )
        if excluded:
            self._exclude(whole)
        else:
            self._take_words(whole)

    def _take_values(self, facet: str, value: str, *, excluded: bool) -> None:
        known = self._names.values.get(facet)
        kept = self._none_of if excluded else self._one_of
        for single in filter(None, (part.strip() for part in value.split(","))):
            if len(kept.get(facet, ())) >= MOST_FILTERS:
                self.notice("too_many_values", facet, f"Only {MOST_FILTERS} values of {facet} were used.")
                return
            found = single if known is None else known.get(flat(single))
            if found is None:
                self._unknown_value(facet, single, known or {})
            else:
                kept.setdefault(facet, set()).add(found)

    def _unknown_value(self, facet: str, value: str, known: Mapping[str, str]) -> None:
        self._notices.append(unknown_value(facet, value, known, "this filter was left out"))

    def _take_freshness(self, value: str, *, excluded: bool) -> None:
        fresh = _FRESH.get(value.casefold())
        if fresh is None:
            self.notice("unknown_value", f"fresh:{value}", "Freshness is fresh:yes or fresh:no.", ("yes", "no"))
            return
        today = self._today.toordinal()
        self._narrow("review_by", *((today, None) if fresh is not excluded else (None, today - 1)))

    def _take_dates(self, field_name: str, name: str, value: str) -> None:
        bounds = read_dates(value, self._today)
        if bounds is None:
            self.notice(
                "unknown_date",
                f"{name}:{value}",
                f"“{value}” is no date; this filter was left out. Write {name}:2026-05, {name}:>2026-05-01, "
                f"{name}:2026-01..2026-03 or {name}:30d.",
            )
        else:
            self._narrow(field_name, *bounds)

    def _narrow(self, name: str, low: int | None, high: int | None) -> None:
        had_low, had_high = self._between.get(name, (None, None))
        lows = [bound for bound in (low, had_low) if bound is not None]
        highs = [bound for bound in (high, had_high) if bound is not None]
        self._between[name] = (max(lows, default=None), min(highs, default=None))


def unknown_value(facet: str, value: str, known: Mapping[str, str], done: str) -> Notice:
    """A value of a filter that nobody knows, with the nearest ones; `done` is what became of the filter."""
    nearest = list(dict.fromkeys(known[name] for name in _nearest(flat(value), list(known))))
    hint = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
    says = f"No {facet} is called “{value}”; {done}.{hint}"
    return Notice("unknown_value", f"{facet}:{value}", says, tuple(nearest))


def read_dates(value: str, today: date) -> tuple[int | None, int | None] | None:
    """First and last day (ordinals) of "2026", "2026-05", ">=2026-05-01", "2026-01..2026-03", "30d", "today";
    None for anything else."""
    if ".." in value:
        first, _, last = value.partition("..")
        low, high = _span(first), _span(last)
        if (first and low is None) or (last and high is None) or not (first or last):
            return None
        return (low[0] if low else None, high[1] if high else None)
    if value[:1] in "<>" and value:
        span = _span(value.lstrip("<>="))
        return None if span is None else _open_span(value, span)
    if value.casefold() == "today":
        return today.toordinal(), today.toordinal()
    if back := _DAYS_BACK.fullmatch(value):
        days = int(back[1]) * _UNIT_DAYS[back[2][0].lower()]
        return (max(date.min, today - timedelta(days=min(days, 700_000))).toordinal(), None)
    return _span(value)


def _open_span(value: str, span: tuple[int, int]) -> tuple[int | None, int | None]:
    inclusive = value[1:2] == "="
    if value[0] == ">":
        return (span[0] if inclusive else span[1] + 1, None)
    return (None, span[1] if inclusive else span[0] - 1)


def _span(text: str) -> tuple[int, int] | None:
    if not (match := _DATE.fullmatch(text)):
        return None
    year, month, single = (int(part) if part else None for part in match.groups())
    try:
        first = date(year or 0, month or 1, single or 1)
        if single:
            return first.toordinal(), first.toordinal()
        after = date(first.year + (not month or month == 12), (month or 12) % 12 + 1, 1)
        return first.toordinal(), after.toordinal() - 1
    except ValueError:
        return None


def _facet(name: str, facets: Sequence[str]) -> str | None:
    for spelling in (name, name.replace("-", "_"), name.removesuffix("s"), name.removesuffix("ies") + "y"):
        if spelling in facets:
            return spelling
    return None


def flat(text: str) -> str:
    """As names of facet values are compared."""
    return " ".join(tokens(text)) or text.casefold()


def _nearest(text: str, known: Sequence[str]) -> list[str]:
    edits = max(1, len(text) // 3)
    close = [word for word, _, _ in extract(text, known, scorer=OSA.distance, score_cutoff=edits, limit=3)]
    return close or [word for word in known if text and word.startswith(text)][:3]
