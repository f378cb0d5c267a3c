"""What evidence is computed from, as the operator has set it: which actions count as a use, and how money of several
currencies becomes money of one.

One way for all figures: amounts are turned into the base currency at declared rates. Without a rate for a currency its
amounts are unknown, which is said with every figure; they are never added to others.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.errors import Fault, Invalid
from hub.settings import COUNTED_ACTIONS, Settings
from hub.taxonomy.nearest import nearest_names, shown
from hub.usage.models import Action


@dataclass(frozen=True)
class Inputs:
    """`base_currency` "" stands for the one that most deals are in; `rates` say by currency what one unit of it is
    worth in the base currency."""

    actions: tuple[str, ...] = tuple(COUNTED_ACTIONS)
    base_currency: str = ""
    rates: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Inputs":
        """Raises Invalid for an action that there is not, naming the nearest."""
        known = [action.value for action in Action]
        for place, action in enumerate(settings.evidence_counted_actions):
            if action not in known:
                near = ", ".join(nearest_names(action, known))
                fault = Fault(("HUB_EVIDENCE_COUNTED_ACTIONS", place), f"no action {shown(action)}; nearest: {near}")
                raise Invalid(f"The counted actions cannot be used: {fault.message}.", errors=[fault])
        actions = tuple(dict.fromkeys(settings.evidence_counted_actions))
        return cls(actions, settings.base_currency, settings.currency_rates)

    def as_record(self, base: str) -> dict[str, Any]:
        return {"actions": list(self.actions), "base_currency": base, "rates": dict(self.rates)}


@dataclass(frozen=True)
class Money:
    """How amounts become amounts in the base currency. `unrated` are deals by currency whose amounts are left out."""

    base: str
    rates: Mapping[str, float]
    unrated: Mapping[str, int]

    @classmethod
    def of(cls, inputs: Inputs, deals: Mapping[str | None, int]) -> "Money":
        """`deals` are numbers of deals with an amount by currency."""
        base = inputs.base_currency or _most_frequent(deals)
        rates = {**inputs.rates, base: 1.0}
        unrated = {code: many for code, many in deals.items() if code and many and code not in rates}
        return cls(base, rates, dict(sorted(unrated.items())))

    def rate(self, currency: str | None) -> float | None:
        """What one unit is worth; None where nobody said. A deal that names no currency is in the base currency."""
        return 1.0 if not currency else self.rates.get(currency)

    def warnings(self) -> list[str]:
        """A sentence where amounts are left out."""
        if not self.unrated:
            return []
        told = ", ".join(f"{many:,} in {code}" for code, many in self.unrated.items())
        return [
            f"Amounts are in {self.base or 'the currency that most deals are in'}. Deals whose currency has no rate "
            f"count, their amounts do not: {told}. HUB_CURRENCY_RATES gives them one."
        ]


def _most_frequent(deals: Mapping[str | None, int]) -> str:
    named: Collection[str] = [code for code in deals if code]
    return max(named, key=lambda code: (deals[code], code), default="")
