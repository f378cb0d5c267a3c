"""Single values of CRM payloads: all of HubSpot's are text, and each vendor writes moments in ways of its own."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_RAW = 100_000


class NotUnderstood(ValueError):
    """A payload, or a part of one, that is not as documented; the message says which part."""


def moment(value: Any, name: str) -> datetime:
    """Milliseconds since 1970 as a number or text, or ISO 8601 with or without a zone (UTC then)."""
    text = "" if isinstance(value, bool) else str(value).strip()
    try:
        if re.fullmatch(r"-?\d{9,15}", text):
            return _EPOCH + timedelta(milliseconds=int(text))
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise NotUnderstood(f"{name} is no moment: {text[:40]!r}") from None


def moment_or_none(value: Any, name: str) -> datetime | None:
    return None if value in (None, "") else moment(value, name)


def text_or_none(value: Any, name: str = "this") -> str | None:
    """What a person wrote, on one line. Raises NotUnderstood for what is no single value."""
    if isinstance(value, (dict, list)):
        raise NotUnderstood(f"{name} is no single value: {str(value)[:40]!r}")
    return " ".join(str(value).split()) or None if value is not None else None


def number_or_none(value: Any, name: str = "this") -> str | None:
    """As text: whether it is an amount is for the deal to say."""
    return None if isinstance(value, bool) else text_or_none(value, name)


def flag(value: Any, name: str = "") -> bool | None:  # noqa: ARG001 - read like the others
    return {"true": True, "false": False}.get(str(value).lower())


def several(value: Any) -> list[str]:
    """HubSpot and Salesforce join the values of a multiple choice by semicolons."""
    parts = value if isinstance(value, list) else str(value or "").split(";")
    return list(dict.fromkeys(word for part in parts if (word := text_or_none(part))))


def identity(value: Any, name: str) -> str:
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not _ID.fullmatch(text):
        raise NotUnderstood(f"{name} is no id: {str(value)[:40]!r}")
    return text


def identity_or_none(value: Any, name: str) -> str | None:
    return None if value in (None, "") else identity(value, name)


def stamp_or_none(value: Any, name: str) -> str | None:
    """A moment as it is kept."""
    found = moment_or_none(value, name)
    return found.isoformat() if found is not None else None


Reader = Callable[[Any, str], Any]


def named(record: Mapping[str, Any], readers: Mapping[str, tuple[str, Reader]]) -> dict[str, Any]:
    """What a record says, only that: `readers` give for its field ours and how it is read. Raises NotUnderstood."""
    return {readers[name][0]: readers[name][1](value, name) for name, value in record.items() if name in readers}


def mapped(record: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """The fields that this hub's settings name, as far as the record has them. A dot leads into a record."""
    found = {}
    for ours, theirs in fields.items():
        place: Any = record
        for step in theirs.split("."):
            place = place.get(step, _ABSENT) if isinstance(place, Mapping) else _ABSENT
        if place is not _ABSENT:
            found[ours] = several(place) if ours == "products" else text_or_none(place)
    return found


_ABSENT = object()


def parsed(body: bytes) -> Any:
    """JSON as a webhook sends it. Raises NotUnderstood."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotUnderstood("the body is no JSON in UTF-8") from None


def _refuse(word: str) -> None:
    raise ValueError(word)


def is_storable(value: Any) -> bool:
    """Whether no half of a character and no endless number stands in it: no database takes one."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def digest(value: Any) -> str:
    """An id for what came without one: the same content has the same."""
    data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True).encode()
    return f"content-{blake2b(data, digest_size=16).hexdigest()}"


def raw(payload: Any) -> dict[str, Any]:
    """The field that keeps what was sent beside the deal, unless it is too long for that."""
    if isinstance(payload, dict) and len(json.dumps(payload)) <= _LONGEST_RAW:
        return {"raw": payload}
    return {}
