"""The one sentence that says why a suggestion is made: with its numbers, and no more certainty than they have."""

from hub.planning.worth import REACH, Lift

_TENTH = 0.0005  # what is shown as a tenth of a point


def money(amount: float, currency: str | None) -> str:
    """To two or three digits, as people say it: 412,345.67 → 410,000."""
    digits = max(0, len(f"{abs(amount):.0f}") - 2)
    return f"{round(amount, -digits):,.0f}{f' {currency}' if currency else ''}"


def points(lift: float) -> str:
    shown = f"{lift * 100:+.1f}"
    return f"{'0.0' if float(shown) == 0 else shown} {'point' if abs(lift * 100) == 1 else 'points'}"


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def to_write(
    where: str,
    *,
    amount: str,
    deals: int,
    current: int,
    best: float | None,
    demand: tuple[int, int, int],
    good_share: float,
) -> str:
    """`demand` is (searches, those that found nothing, people who asked)."""
    there = (
        f"the best of {counted(current, 'current asset')} lifts by about {points(best)}"
        if current and best is not None and best > 0
        else f"nothing of {counted(current, 'current asset')} is known to help"
        if current
        else "nothing current is there"
    )
    searches, nothing, people = demand
    asked = (
        [f"{nothing:,} of {counted(searches, 'search')} found nothing".replace("searchs", "searches")]
        if nothing
        else []
    )
    asked += [f"{counted(people, 'person')} asked for content".replace("persons", "people")] if people else []
    wanted = f"; {' and '.join(asked)}" if asked else ""
    return (
        f"About {amount} of open pipeline sits {where} ({counted(deals, 'deal')}) and {there}{wanted}. "
        f"About one new asset in {max(round(1 / max(good_share, 0.01)), 1)} turns out good."
    )


def to_promote(title: str, lift: Lift, *, deals: int, verdict: str) -> str:
    known = "is proven to help" if verdict == "proven" else "promises to help"
    return (
        f"“{title}” {known} ({_ranged(lift)}), and {counted(deals, 'open deal')} that it is made for "
        f"{'has' if deals == 1 else 'have'} not seen it; about {REACH:.0%} of them can be reached."
    )


def to_fix(title: str, lift: Lift, *, uses: int, target: float) -> str:
    return (
        f"“{title}” is used {uses:,} times a quarter and does little ({_ranged(lift)}), "
        f"where good content brings about {points(target)}."
    )


def to_test(title: str, lift: Lift, *, n: int) -> str:
    leans = "may help" if lift.mean >= _TENTH else "may help or not"
    return (
        f"“{title}” {leans} ({_ranged(lift)}, {counted(n, 'finished use')}): "
        "showing it in every second eligible deal would tell."
    )


def to_retire(title: str, *, days: int | None, lift: Lift | None, uses: int) -> str:
    if lift is not None:
        return f"“{title}” goes with losing ({_ranged(lift)}) and is used {uses:,} times a quarter: look at it first."
    seen = f"for {days:,} days" if days is not None else "since it is live"
    return f"“{title}” was not used {seen}; it is only found in vain."


def _ranged(lift: Lift) -> str:
    return f"{points(lift.mean)}, likely {points(lift.low)} to {points(lift.high)}"
