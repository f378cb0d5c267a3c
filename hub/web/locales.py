"""Dates and numbers as the reader is used to them; the words are English for everybody.

What a browser says in Accept-Language decides three things: the order of day, month and year, how numbers are
grouped, and whether noon is 12:00 or 12 pm. A library for all locales would be eight megabytes for these three.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub import clock
from hub.deals.lines import is_day

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# From 999,500 on it is a million: 1,000k reads like a mistake.
_SIZES = ((999_500_000, 1e9, "bn"), (999_500, 1e6, "m"), (999.5, 1e3, "k"))
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_ZONE = re.compile(r"[A-Za-z]+(?:[/_+-][A-Za-z0-9]+){0,4}")
MINUS, THIN = "\u2212", "\u2009"

# Language, or language with region → what stands between thousands and before decimals.
_GROUPED = {
    "de": (".", ","), "es": (".", ","), "it": (".", ","), "nl": (".", ","), "pt": (".", ","), "da": (".", ","),
    "tr": (".", ","), "id": (".", ","), "el": (".", ","), "ro": (".", ","), "fr": (THIN, ","), "pl": (THIN, ","),
    "cs": (THIN, ","), "sk": (THIN, ","), "sv": (THIN, ","), "nb": (THIN, ","), "no": (THIN, ","), "fi": (THIN, ","),
    "ru": (THIN, ","), "uk": (THIN, ","), "bg": (THIN, ","), "hu": (THIN, ","), "de-ch": ("\u2019", "."),
    "de-at": (".", ","), "es-mx": (",", "."), "es-us": (",", "."),
}  # fmt: skip
_YEAR_FIRST = {"ja", "zh", "ko", "sv", "hu", "lt", "en-ca", "en-se"}
_MONTH_FIRST = {"en", "en-us", "en-ph", "es-us"}


@dataclass(frozen=True, slots=True)
class Locale:
    order: str = "day"
    thousands: str = ","
    decimal: str = "."
    twelve_hours: bool = False
    zone: tzinfo = UTC

    def day(self, when: date | datetime) -> str:
        """A moment is on the reader's day; one at exactly 00:00 UTC is a day itself (most sources give no time)."""
        if isinstance(when, datetime) and not is_day(when):
            when = when.astimezone(self.zone)
        month = MONTHS[when.month - 1]
        if self.order == "year":
            return f"{when:%Y-%m-%d}"
        return f"{month} {when.day}, {when.year}" if self.order == "month" else f"{when.day} {month} {when.year}"

    def moment(self, when: datetime) -> str:
        """With the time where the reader is, as their browser said; UTC, and saying so, until it did."""
        when = when.astimezone(self.zone)
        time = f"{when:%I:%M %p}".lstrip("0").lower() if self.twelve_hours else f"{when:%H:%M}"
        return f"{self.day(when)}, {time}" + (" UTC" if self.zone is UTC else "")

    def due(self, when: date) -> str:
        """When something is due: within a month in days, else by its date."""
        return days_from_now(when) if (when - clock.today()).days <= 30 else f"by {self.day(when)}"

    def number(self, value: float, decimals: int = 0) -> str:
        text = f"{abs(value):,.{decimals}f}"
        if len(text.partition(".")[0]) <= len("1,234") and self.thousands == THIN:
            text = text.replace(",", "")  # four digits stand together where a space groups
        text = text.translate({ord(","): self.thousands, ord("."): self.decimal})
        return (MINUS if value < 0 and text.strip("0,." + self.decimal) else "") + text

    def signed(self, value: float, decimals: int = 0) -> str:
        """With + or a real minus; what rounds to nothing is 0."""
        shown = self.number(value, decimals)
        return f"+{shown}" if value > 0 and shown.strip("0,.") else shown

    def percent(self, share: float | None, decimals: int = 0) -> str:
        """A share of one; nothing known is a dash."""
        return "–" if share is None else f"{self.number(100 * share, decimals)}%"

    def money(self, value: float | None, currency: str | None = None) -> str:
        """As short as it can be read: three figures at most, `€410k`. Nothing known is a dash."""
        if value is None:
            return "–"
        size, unit = next(((size, unit) for least, size, unit in _SIZES if abs(value) >= least), (1.0, ""))
        decimals = 1 if unit and abs(value) / size < 9.95 and round(abs(value) / size, 1) % 1 else 0
        sign = _SIGNS.get(currency or "", f"{currency}\u202f" if currency else "")
        return (MINUS if value < 0 else "") + sign + self.number(abs(value) / size, decimals) + unit


def locale_of(accepted: str, *, zone: str = "") -> Locale:
    """From an Accept-Language header; anything that cannot be read is English as in Britain. `zone` is a name like
    Europe/Prague; one that nobody knows is UTC."""
    tag = _first(accepted)
    language = tag.partition("-")[0]
    thousands, decimal = _GROUPED.get(tag) or _GROUPED.get(language) or (",", ".")
    order = "day"
    if tag in _YEAR_FIRST or language in _YEAR_FIRST:
        order = "year"
    elif tag in _MONTH_FIRST:
        order = "month"
    return Locale(
        order,
        thousands,
        decimal,
        twelve_hours=tag in {"en", "en-us", "en-ca", "en-au", "en-ph"},
        zone=zone_named(unquote(zone)),
    )


@lru_cache(maxsize=600)
def zone_named(name: str) -> tzinfo:
    """What a cookie says is not trusted: a name that is no zone, or no name at all, is UTC."""
    try:
        return ZoneInfo(name) if _ZONE.fullmatch(name) else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def ago(when: datetime, now: datetime | None = None) -> str:
    """How long ago, in words. Beyond a year it is said in years, because nobody counts 30 months."""
    seconds = ((now or clock.now()) - when).total_seconds()
    if seconds < 90:
        return "just now"
    for size, unit, until in (
        (60, "minute", 90 * 60),
        (3_600, "hour", 36 * 3_600),
        (86_400, "day", 60 * 86_400),
        (30.4 * 86_400, "month", 700 * 86_400),
    ):
        if seconds < until:
            return f"{counted(round(seconds / size), unit)} ago"
    return f"{counted(round(seconds / (365.25 * 86_400)), 'year')} ago"


def days_from_now(when: date, today: date | None = None) -> str:
    """Words like: today, in 3 days, 4 days ago."""
    days = (when - (today or clock.today())).days
    if days == 0:
        return "today"
    if days in (1, -1):
        return "tomorrow" if days == 1 else "yesterday"
    return f"in {days} days" if days > 0 else f"{-days} days ago"


def counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _first(accepted: str) -> str:
    wanted: list[tuple[float, str]] = []
    for part in accepted[:200].lower().split(","):
        tag, _, rest = part.strip().partition(";")
        if tag and tag != "*" and tag.replace("-", "").isalnum():
            wanted.append((_weight(rest), tag))
    return max(wanted, key=lambda one: one[0])[1] if wanted else "en-gb"


def _weight(rest: str) -> float:
    try:
        return float(rest.strip().removeprefix("q=")) if rest.strip() else 1.0
    except ValueError:
        return 0.0
