"""Where the files are that come with the hub but are no code of it: templates, the starter library, search settings,
the browser extension.

In a checkout the first stand at the top; an installed wheel carries them inside the package.
"""

import json
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    packed = _PACKAGE / "_shipped" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name


# The extension is loaded into browsers as it stands, so it lies in the package as it stands.
EXTENSION = _PACKAGE / "extension"


@cache
def extension_version() -> str:
    return str(json.loads((EXTENSION / "manifest.json").read_text(encoding="utf-8"))["version"])
