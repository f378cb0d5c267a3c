"""Documents for search tests: short to write, valid by default."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hub.search.documents import Document, Tag
from hub.search.engine import Filters, Scope
from hub.search.planner import Request

TODAY = date(2026, 11, 1)
_NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def document(identity: str, title: str = "", body: str = "", *, days_old: int = 0, **more: Any) -> Document:
    """`more` are further fields; `personas=["cfo"]` and the like become tags."""
    tags = list(more.pop("tags", ()))
    for plural, field in _PLURALS.items():
        tags += [Tag(field, value, value.replace("-", " ").title()) for value in more.pop(plural, ())]
    return Document(
        id=identity,
        slug=more.pop("slug", identity),
        title=title or identity,
        passages=tuple(body.split("\n\n")) if body else (),
        tags=tuple(tags),
        updated_at=_NOON - timedelta(days=days_old),
        **more,
    )


def request(text: str = "", **more: Any) -> Request:
    """A request by somebody who sees what is live. Facets by name become clicked filters."""
    scope = more.pop("scope", Scope(TODAY))
    one_of: dict[str, frozenset[str]] = {
        name: frozenset(more.pop(name)) for name in ("kind", "persona", "stage", "product") if name in more
    }
    return Request(text, scope, more.pop("filters", None) or Filters(one_of), **more)


_PLURALS = {
    "personas": "persona",
    "stages": "stage",
    "products": "product",
    "industries": "industry",
    "competitors": "competitor",
}
