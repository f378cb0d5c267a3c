"""An `Inquiry` in Meilisearch's terms: filter expressions, the question as it understands it, and documents.

Whatever a person typed is quoted or stripped of the two signs Meilisearch reads as syntax, `"` and `-`.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hub.search.configuration import Configuration
from hub.search.documents import Document, Shown, Texts, day, tag_texts
from hub.search.engine import Filters, Inquiry, Phrase, Scope

RECORD_VERSION = 2  # of what `record` holds: a change rebuilds

Expression = list[str | list[str]]


def key(identity: str) -> str:
    """A document's primary key: Meilisearch takes only letters, digits, `-` and `_`."""
    return hashlib.blake2b(identity.encode("utf-8", "replace"), digest_size=16).hexdigest()


def record(document: Document, configuration: Configuration) -> dict[str, Any]:
    """A document as Meilisearch holds it: what it searches and filters by, and what only the hub reads."""
    texts = Texts.of(document)
    facets = {name: document.values(name) for name in configuration.facets}
    pages = [[file.name, list(file.pages)] for file in document.attachments]
    content = {
        "key": key(document.id),
        "id": document.id,
        "title": document.title,
        "summary": document.summary,
        "headings": list(document.headings),
        "body": "\n".join(document.passages),
        "tag_text": tag_texts(document),
        "attachment_text": [page for name, texts_of in pages for page in (name, *texts_of)],
        "updated": document.updated(),
        "review_by": day(document.review_by),
        "expires_on": day(document.expires_on),
        "evidence_band": document.evidence_band,
        "evidence": document.evidence,
        "standing": (document.evidence_band << 40) + document.updated(),
        "visible_to": list(document.visible_to),
        "fingerprint": document.fingerprint(),
        "reading": texts.read(texts.stemmed(document.language)),
        "shown": json.dumps(Shown.of(document, texts).as_json(), ensure_ascii=False),
        "pages": json.dumps(pages, ensure_ascii=False),
        **facets,
    }
    return {name: _clean(value) for name, value in content.items()}


def expression(filters: Filters, scope: Scope) -> Expression:
    """Visibility, expiry and filters; the parts all hold, of an inner list one does."""
    found: Expression = [
        f"visible_to IN {_listed(scope.seen_by)}",
        f"expires_on >= {scope.today.toordinal()}",
    ]
    found += [f"{name} IN {_listed(values)}" for name, values in filters.one_of.items()]
    found += [f"{name} NOT IN {_listed(values)}" for name, values in filters.none_of.items()]
    for name, (low, high) in filters.between.items():
        found += _between(name, low, high)
    return found


def fitting(fits: Mapping[str, frozenset[str]]) -> list[str]:
    """Documents that fit a deal in any way."""
    return [f"{name} IN {_listed(values)}" for name, values in fits.items()]


def keys(identities: Iterable[str]) -> str:
    return f"key IN {_listed(identities)}"


def typed(inquiry: Inquiry) -> str:
    """The whole question as Meilisearch reads one."""
    return " ".join(part for part in (plain(inquiry.text), restrictions(inquiry)) if part)


def plain(text: str) -> str:
    """Free text without signs that would be read as syntax."""
    words = text.replace('"', " ").split()
    return " ".join(bare for word in words if (bare := word.lstrip("-")))


def restrictions(inquiry: Inquiry) -> str:
    """Phrases that must stand there, and what must not."""
    return " ".join([*map(_quoted, inquiry.phrases), *(f"-{_quoted(one)}" for one in inquiry.excluded)])


def _quoted(phrase: Phrase) -> str:
    return f'"{" ".join(phrase)}"'


def _listed(values: Iterable[str]) -> str:
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in sorted(values))
    return "[" + ", ".join(f'"{_clean(value)}"' for value in escaped) + "]"


def _between(name: str, low: int | None, high: int | None) -> list[str]:
    first = low if low is None or name != "updated" else _seconds(low)
    last = high if high is None or name != "updated" else _seconds(high + 1) - 1
    found = [] if first is None else [f"{name} >= {first}"]
    return found if last is None else [*found, f"{name} <= {last}"]


def _seconds(ordinal: int) -> int:
    bounded = min(max(ordinal, 1), date.max.toordinal() - 1)
    midnight = datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=bounded - 1)
    return int(midnight.timestamp())


def _clean(value: Any) -> Any:
    """Without what JSON over UTF-8 cannot carry."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return [_clean(one) for one in value] if isinstance(value, list) else value
