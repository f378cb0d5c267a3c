"""A Meilisearch index's settings: what we want, what it was built with, and how the server's differ.

A setting may be changed on the server by anybody with its key, so what the server says is compared field by field
with what it said when the index was built, brought up to date with `search/`.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from hub.search.analysis import ANALYSIS_VERSION
from hub.search.configuration import PLANNER_VERSION, Configuration
from hub.search.meili_query import RECORD_VERSION

Differences = dict[str, tuple[Any, Any]]  # field → ours, theirs

IN_PLACE = frozenset(
    {
        "displayedAttributes", "distinctAttribute", "faceting", "pagination", "rankingRules", "searchCutoffMs",
        "synonyms", "typoTolerance",
    }
)  # fmt: skip
_UNORDERED = frozenset(
    {
        "dictionary", "disableOnAttributes", "disableOnWords", "displayedAttributes", "filterableAttributes",
        "nonSeparatorTokens", "separatorTokens", "sortableAttributes", "stopWords", "synonyms",
    }
)  # fmt: skip


def wanted(configuration: Configuration) -> dict[str, Any]:
    """`search/settings.json` and the synonyms; beside the attributes people filter by those the hub needs."""
    given = dict(configuration.settings)
    given["synonyms"] = dict(configuration.written_synonyms)
    given["filterableAttributes"] = [*given["filterableAttributes"], "key", "put_during"]
    given["sortableAttributes"] = [*given["sortableAttributes"], "standing"]
    return given


def built_with(configuration: Configuration) -> str:
    """Changes when an index built under it would have to be built again; what can be changed in place is no part."""
    settled = {name: value for name, value in wanted(configuration).items() if name not in IN_PLACE}
    content = json.dumps([settled, ANALYSIS_VERSION, PLANNER_VERSION, RECORD_VERSION], sort_keys=True)
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def differences(configuration: Configuration, built: Mapping[str, Any], theirs: Mapping[str, Any]) -> Differences:
    """The fields in which the server's settings are not what they should be. `built` are those the server had when
    the index was built: they know the fields that we leave to it. Fields of other versions are left alone."""
    ours = dict(built)
    for name, value in wanted(configuration).items():
        if name in IN_PLACE:
            ours[name] = value if name == "synonyms" else _over(built.get(name), value)
    return {
        name: (value, theirs[name])
        for name, value in sorted(ours.items())
        if name in theirs and _comparable(name, value) != _comparable(name, theirs[name])
    }


def told(ours: Any, theirs: Any) -> tuple[str, str]:
    """A difference as a log can hold it: of objects only the keys that differ, of long values the beginning."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        names = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
        ours = {name: ours[name] for name in sorted(names & ours.keys())}
        theirs = {name: theirs[name] for name in sorted(names & theirs.keys())}
    return json.dumps(ours, ensure_ascii=False)[:300], json.dumps(theirs, ensure_ascii=False)[:300]


def _over(under: Any, value: Any) -> Any:
    """`value`, with what it leaves out from `under`."""
    if isinstance(under, dict) and isinstance(value, dict) and under.keys() >= value.keys():
        return under | {name: _over(under[name], one) for name, one in value.items()}
    return value


def _comparable(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _comparable(name if name in _UNORDERED else inner, one) for inner, one in value.items()}
    return sorted(value) if isinstance(value, list) and name in _UNORDERED else value
