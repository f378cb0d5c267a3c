"""Backups that are wrong in one place: made from a good one, as somebody would who means harm."""

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.archives.layout import MANIFEST


def changed(
    file: Path,
    to: Path,
    manifest: dict[str, Any] | None = None,
    *,
    members: dict[str, bytes | None] | None = None,
    packed: dict[str, int] | None = None,
    honest: bool = True,
) -> Path:
    """The backup with other members; with `honest` the manifest's sizes and checksums follow them."""
    with zipfile.ZipFile(file) as archive:
        contents: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
        kinds = {info.filename: info.compress_type for info in archive.infolist()}
    contents |= members or {}
    told = json.loads(contents.pop(MANIFEST) or b"")
    if honest:
        for part, name in _parts(told):
            data = contents.get(name)
            if data is not None:
                part |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
                if name.startswith("tables/"):
                    part["rows"] = data.count(b"\n")
    told |= manifest or {}
    with zipfile.ZipFile(to, "w") as out:
        for name, data in contents.items():
            if data is not None:
                out.writestr(name, data, (packed or {}).get(name, kinds.get(name, zipfile.ZIP_STORED)))
        out.writestr(MANIFEST, json.dumps(told))
    return to


def _parts(told: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    yield told["settings"], "settings.json"
    yield from ((table, f"tables/{table['name']}.jsonl") for table in told["tables"])
    yield from ((blob, f"blobs/{blob['key']}") for blob in told["blobs"])


def member(file: Path, name: str) -> bytes:
    with zipfile.ZipFile(file) as archive:
        return archive.read(name)


def row_changed(file: Path, table: str, column: str, value: Any, row: int = 0) -> dict[str, bytes | None]:
    """A table whose row has another value."""
    columns = next(t["columns"] for t in json.loads(member(file, MANIFEST))["tables"] if t["name"] == table)
    lines = member(file, f"tables/{table}.jsonl").splitlines()
    values = json.loads(lines[row])
    values[columns.index(column)] = value
    lines[row] = json.dumps(values).encode()
    return {f"tables/{table}.jsonl": b"\n".join(lines) + b"\n"}


def told(file: Path, part: str) -> Any:
    return json.loads(member(file, MANIFEST))[part]


def blob_name(file: Path) -> str:
    return f"blobs/{told(file, 'blobs')[0]['key']}"


def tables_with(file: Path, table_name: str, /, **changes: Any) -> dict[str, Any]:
    return {"tables": [table | changes if table["name"] == table_name else table for table in told(file, "tables")]}


def blobs_with(file: Path, **changes: Any) -> dict[str, Any]:
    first, *rest = told(file, "blobs")
    return {"blobs": [first | changes, *rest]}
