"""A mapping as the TOML file that `hub import --mapping` reads: what a page has put together, to be kept and read
again."""

import json
from collections.abc import Mapping as Named
from typing import Any

from hub.imports.mapping import SOURCE, Mapping


def written(section: str, mapping: Mapping) -> str:
    """The file with one section. What `mapping.read` makes of it is equal to `mapping`."""
    lines = ["# How a table of another system is read: `hub import --mapping THIS-FILE`, or the page of imports."]
    if mapping.source != SOURCE:
        lines += ["", f"source = {_text(mapping.source)}"]
    told = mapping.model_dump(exclude={"source"}, exclude_defaults=True)
    plain = {name: value for name, value in told.items() if not isinstance(value, dict)}
    if plain:
        lines += ["", f"[{section}]", *(f"{name} = {_value(value)}" for name, value in plain.items())]
    lines += _tables(section, {name: value for name, value in told.items() if isinstance(value, dict)})
    return "\n".join(lines) + "\n"


def _tables(prefix: str, tables: Named[str, Any]) -> list[str]:
    lines = []
    for name, table in tables.items():
        place = f"{prefix}.{_key(name)}"
        plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
        if plain:
            lines += ["", f"[{place}]", *(f"{_key(key)} = {_value(value)}" for key, value in plain.items())]
        lines += _tables(place, {key: value for key, value in table.items() if isinstance(value, dict)})
    return lines


def _key(name: str) -> str:
    bare = name and name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else _text(name)


def _value(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else _text(str(value))


def _text(text: str) -> str:
    """A basic string: JSON's escapes are TOML's too, but for the one control character that JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
