"""Rules by which the browser extension knows the records of a CRM that it does not know by itself, as the hub's admin
writes them: `_sites.json` in the content folder.

A rule is data: names of hosts and parts of addresses, no regular expression and no code. What is wrong is left out and
said; the extension checks every rule again before it uses it.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

FILE = "_sites.json"
_MOST_BYTES, _MOST_RULES = 65_536, 100
_KINDS = "digits|word|guid|salesforce-opportunity"
_ID = rf"\{{id:(?:{_KINDS})\}}"
_PART = rf"(?:\*|{_ID}|[^/{{}}*]+)"

Host = Annotated[
    str,
    # One `*` a part of the name, and none in the last two parts; or no `*` at all.
    StringConstraints(
        max_length=253,
        pattern=r"^(?:(?:[A-Za-z0-9-]*\*?[A-Za-z0-9-]*\.)+[A-Za-z0-9-]+\.[A-Za-z0-9-]+|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)(?::[0-9]{1,5})?$",
    ),
]
AddressPath = Annotated[str, StringConstraints(max_length=300, pattern=rf"^(?:/{_PART})*(?:/\*\*)?/?$", min_length=1)]
Parameter = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=rf"^(?:\*|{_ID}|[^{{}}*]+)$")]


class RecordAddress(BaseModel):
    """`{id:KIND}` stands exactly once, in path, query or hash."""

    model_config = ConfigDict(extra="forbid")

    path: AddressPath
    query: Annotated[dict[str, Parameter], Field(max_length=20)] = {}
    hash: AddressPath | None = None

    @model_validator(mode="after")
    def _has_one_id(self) -> "RecordAddress":
        if sum(text.count("{id:") for text in (self.path, self.hash or "", *self.query.values())) != 1:
            raise ValueError(f"should hold {{id:KIND}} exactly once; a KIND is {_KINDS.replace('|', ', ')}")
        return self


class SiteRule(BaseModel):
    """Pages on these hosts at these addresses are deals of `source`, the source that the deals were imported with."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    source: Annotated[str, StringConstraints(max_length=50, pattern=r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$")]
    hosts: Annotated[list[Host], Field(min_length=1, max_length=50)]
    records: Annotated[list[RecordAddress], Field(min_length=1, max_length=50)]
    http: Annotated[bool, Field(strict=True)] = False


def read(content: Path) -> tuple[list[SiteRule], list[str]]:
    """The rules of the content folder, and what is wrong with others, each with its place."""
    try:
        with (content / FILE).open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return [], []
    except OSError as problem:
        return [], [f"{FILE}: {problem.strerror}"]
    return _read(text)


@lru_cache(maxsize=4)
def _read(text: bytes) -> tuple[list[SiteRule], list[str]]:
    """Checked once for each time that it changed: every browser asks for it."""
    if len(text) > _MOST_BYTES:
        return [], [f"{FILE}: larger than {_MOST_BYTES // 1024} KiB, so nothing of it is read."]
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as problem:
        return [], [f"{FILE}: {problem}"]
    if not isinstance(given, list):
        return [], [f"{FILE}: should be a list of rules: [{{name, source, hosts, records}}]."]
    rules, faults = [], [f"{FILE}: only the first {_MOST_RULES} rules are read."] if len(given) > _MOST_RULES else []
    for place, rule in enumerate(given[:_MOST_RULES]):
        try:
            rules.append(SiteRule.model_validate(rule))
        except ValidationError as problem:
            faults += [f"{FILE}[{place}]{_at(one)}: {one['msg']}" for one in problem.errors()]
    return rules, faults


def _at(fault: Any) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"])
