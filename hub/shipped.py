"""Where the files are that come with the hub but are no code: templates, the starter library, search settings.

In a checkout they stand at the top; an installed wheel carries them inside the package.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    packed = _PACKAGE / "_shipped" / name
    return packed if packed.is_dir() else _PACKAGE.parent / name
