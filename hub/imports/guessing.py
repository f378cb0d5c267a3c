"""What somebody else's columns and words probably mean, so that a person has to correct little. A guess is shown and
can be changed; nothing is imported by a guess alone.
"""

from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz

from hub.taxonomy.nearest import folded

# What other systems call our columns, folded; the likeliest first.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "deal_id": ("deal id", "opportunity id", "record id", "deal", "opportunity", "id"),
    "asset_id": ("asset id", "content id", "document id", "asset", "content", "id"),
    "event_id": ("event id", "use id", "activity id", "view id", "id"),
    "owner": ("owner", "deal owner", "opportunity owner", "sales agent", "account executive", "rep", "salesperson"),
    "outcome": ("outcome", "status", "deal status", "won lost", "is won", "result"),
    "name": ("deal name", "opportunity name", "name", "title"),
    "account": ("account", "account name", "company", "company name", "customer", "organisation", "organization"),
    "industry": ("industry", "sector", "vertical"),
    "segment": ("segment", "company size", "tier"),
    "buyer_persona": ("buyer persona", "persona", "contact role", "buyer role"),
    "competitor": ("competitor", "main competitor", "primary competitor"),
    "source": ("source", "lead source", "original source", "deal source"),
    "amount": ("amount", "value", "deal value", "close value", "arr", "acv", "revenue"),
    "currency": ("currency", "currency code", "deal currency"),
    "created": ("created", "create date", "created at", "created date", "engage date", "opened", "date created"),
    "closed": ("closed", "close date", "closed at", "closed date", "date closed"),
    "products": ("products", "product", "product name"),
    "stage": ("stage", "deal stage", "stage name", "pipeline stage", "phase"),
    "lost_reason": ("lost reason", "closed lost reason", "reason lost", "loss reason"),
    "entered": ("entered", "entered at", "date entered", "start date", "from"),
    "left": ("left", "left at", "exited", "date exited", "end date", "to", "until"),
    "result": ("result", "stage result", "outcome"),
    "title": ("title", "name", "asset name", "document name", "headline"),
    "kind": ("kind", "type", "asset type", "content type", "category"),
    "summary": ("summary", "description", "abstract", "teaser"),
    "body": ("body", "text", "content", "markdown"),
    "personas": ("personas", "persona", "buyer persona", "audience"),
    "stages": ("stages", "buyer stage", "journey stage", "funnel stage"),
    "industries": ("industries", "industry", "sector", "vertical"),
    "competitors": ("competitors", "competitor"),
    "regions": ("regions", "region", "country"),
    "tagged_stage": ("tagged stage", "deal stage", "sales stage"),
    "language": ("language", "lang", "locale"),
    "published": ("published", "publish date", "published at", "date published"),
    "date": ("date", "occurred at", "timestamp", "time", "when", "viewed at", "sent at"),
    "action": ("action", "activity", "event", "event type", "type"),
    "person": ("person", "user", "user email", "rep", "owner", "sender", "who"),
    "channel": ("channel", "via", "medium"),
    "recorded": ("recorded", "recorded at", "logged at"),
}
_LIKE = 88.0


def columns(ours: Sequence[str], theirs: Sequence[str]) -> dict[str, str]:
    """Their column by ours, where one is likely. Each of theirs is taken once."""
    by_name = {folded(name): name for name in reversed(theirs) if name}
    found: dict[str, str] = {}
    for way in (_same, _also, _alike):
        for name in ours:
            if name not in found:
                there = way(name, [it for it in by_name if by_name[it] not in found.values()])
                if there is not None:
                    found[name] = by_name[there]
    return {name: found[name] for name in ours if name in found}


def meaning(word: str, choices: Sequence[str]) -> str:
    """The one of `choices` that a word probably means, "" when none is likely: `Closed Won` → won."""
    written = folded(word)
    parts = written.split()
    for choice in choices:
        if folded(choice) == written or folded(choice) in parts:
            return choice
    scored = [(fuzz.ratio(written, folded(choice)), choice) for choice in choices]
    best = max(scored, default=(0.0, ""))
    return best[1] if best[0] >= _LIKE else ""


def _same(ours: str, theirs: Sequence[str]) -> str | None:
    return folded(ours) if folded(ours) in theirs else None


def _also(ours: str, theirs: Sequence[str]) -> str | None:
    return next((name for name in _ALSO.get(ours, ()) if name in theirs), None)


def _alike(ours: str, theirs: Sequence[str]) -> str | None:
    scored = [(fuzz.ratio(name, also), name) for name in theirs for also in (folded(ours), *_ALSO.get(ours, ()))]
    best = max(scored, default=(0.0, ""))
    return best[1] if best[0] >= _LIKE else None
