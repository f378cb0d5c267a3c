"""The browser extension as a ZIP file, made from the files that come with the hub: the same files, the same bytes."""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache

from hub import shipped

# Everything lies in one folder, so that unpacking makes a folder to choose and not a heap of files.
FOLDER = "hub-extension"
_WHEN = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP can say: the day it was packed must not make it another file
_READABLE = 0o644 << 16


@dataclass(frozen=True, slots=True)
class ExtensionFile:
    name: str
    version: str
    digest: str
    data: bytes


@lru_cache(maxsize=4)
def extension_file(address: str) -> ExtensionFile:
    """The file that a hub at `address` hands out: it knows the address, so that nobody has to type it."""
    version = shipped.extension_version()
    parts = {
        path.relative_to(shipped.EXTENSION).as_posix(): path.read_bytes()
        for path in shipped.EXTENSION.rglob("*")
        if path.is_file() and not any(part.startswith((".", "__")) for part in path.parts[-3:])
    }
    parts["hub.json"] = json.dumps({"address": address}).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name in sorted(parts):
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _READABLE
            entry.create_system = 3  # else it says on which system it was packed
            file.writestr(entry, parts[name])
    data = packed.getvalue()
    return ExtensionFile(f"hub-extension-{version}.zip", version, hashlib.sha256(data).hexdigest()[:32], data)
