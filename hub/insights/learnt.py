"""What a run learnt, as bytes and back: numbers and arrays in numpy's own format, never pickled objects.

Only the classes that `Learnt` is made of can come out, whatever the bytes say.
"""

import io
import json
import zlib
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, get_args, get_type_hints

import numpy as np

from hub.insights.evidence import Evidence, Start
from hub.insights.evidence.linear_algebra import matrix
from hub.insights.evidence.tables import Floats
from hub.insights.loading import Known

_LEVEL = 1  # most of it are random digits: more effort makes it hardly smaller


@dataclass(frozen=True)
class Learnt:
    """The evidence of a run, and what its indexes stand for."""

    evidence: Evidence
    known: Known

    def as_bytes(self) -> bytes:
        arrays: dict[str, Any] = {}
        tree = _taken_apart(self, arrays)
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, tree=np.frombuffer(json.dumps(tree).encode(), np.uint8), **arrays)
        return zlib.compress(file.getvalue(), _LEVEL)

    @classmethod
    def of(cls, data: bytes) -> "Learnt":
        """Raises ValueError for what is no such state, or one of an older version of the hub."""
        try:
            with np.load(io.BytesIO(zlib.decompress(data)), allow_pickle=False) as arrays:
                put = _put_together(json.loads(arrays["tree"].tobytes()), arrays)
        except (zlib.error, KeyError, TypeError, OSError) as error:
            raise ValueError("the state of an earlier run cannot be read") from error
        if not isinstance(put, cls):
            raise ValueError("the state of an earlier run cannot be read")
        return put

    def start_for(self, known: Known) -> Start:
        """Where the fits of the next run may begin, whatever came or went since."""
        before = self.evidence.start
        effects: Floats = np.zeros(len(known.asset_ids))
        _, here, there = np.intersect1d(known.asset_ids, self.known.asset_ids, return_indices=True)
        effects[here] = before.effects[there]
        return Start(before.baseline, effects)


def _taken_apart(value: Any, arrays: dict[str, Any]) -> Any:
    if is_dataclass(value):
        parts = {field.name: _taken_apart(getattr(value, field.name), arrays) for field in fields(value)}
        return {"class": type(value).__name__, "parts": parts}
    if isinstance(value, np.ndarray):
        return {"array": _add(arrays, value)}
    if hasattr(value, "tocsr"):
        places = value.tocoo()
        names = [_add(arrays, part) for part in (places.data, places.row, places.col)]
        return {"sparse": names, "shape": list(places.shape)}
    if isinstance(value, dict):
        return {"dict": {key: _taken_apart(part, arrays) for key, part in value.items()}}
    if isinstance(value, np.generic):
        return {"value": value.item()}
    if value is None or isinstance(value, bool | int | float | str):
        return {"value": value}
    raise TypeError(f"a state cannot hold a {type(value).__name__}")


def _add(arrays: dict[str, Any], array: Any) -> str:
    name = f"a{len(arrays)}"
    arrays[name] = array
    return name


def _put_together(tree: dict[str, Any], arrays: Any) -> Any:
    if "class" in tree:
        made = _CLASSES[tree["class"]]
        return made(**{name: _put_together(part, arrays) for name, part in tree["parts"].items()})
    if "array" in tree:
        return arrays[tree["array"]]
    if "sparse" in tree:
        values, rows, columns = (arrays[name] for name in tree["sparse"])
        return matrix(values, rows, columns, tuple(tree["shape"]))
    if "dict" in tree:
        return {key: _put_together(part, arrays) for key, part in tree["dict"].items()}
    return tree["value"]


def _classes(root: type) -> dict[str, type]:
    """The data classes that a class is made of, itself among them, by name."""
    found: dict[str, type] = {}
    waiting: list[Any] = [root]
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if isinstance(kind, type) and is_dataclass(kind) and kind.__name__ not in found:
            found[kind.__name__] = kind
            waiting += get_type_hints(kind).values()
    return found


_CLASSES = _classes(Learnt)
