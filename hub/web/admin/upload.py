"""A file on its way into the hub: of any size up to the operator's limit, in parts, never whole in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import BinaryIO

from fastapi import Request
from starlette.datastructures import UploadFile

from hub.errors import Fault, Invalid, TooLarge
from hub.http import Hub
from hub.web.forms import Form

# What surrounds a file in the body: its fields, their names.
AROUND = 100_000
LARGEST_MAPPING = 100_000
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Upload:
    form: Form
    name: str
    size: int
    file: BinaryIO
    mapping: str


@asynccontextmanager
async def uploaded(request: Request) -> AsyncIterator[Upload]:
    """Raises TooLarge naming the command for such files, and Invalid without a file."""
    hub: Hub = request.app.state.hub
    most = hub.settings.max_import_bytes
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > most + AROUND:
        raise TooLarge(too_large(most))
    # Starlette keeps a file beyond a megabyte on the disk.
    async with request.form(max_files=2, max_fields=20) as sent:
        fields = {name: [str(value)] for name, value in sent.multi_items() if isinstance(value, str)}
        form, file = Form(fields), sent.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid("Choose a file to bring in.", errors=[Fault(("body", "file"), "choose a file")])
        if not file.size:
            raise Invalid(f"{_name(file.filename)} is empty.", errors=[Fault(("body", "file"), "this file is empty")])
        yield Upload(form, _name(file.filename), file.size, file.file, await _mapping(sent.get("mapping")))


def too_large(most: int) -> str:
    return (
        f"This page takes files of up to {most / 1_000_000:,.0f} MB. On the hub's own machine a file of any size goes "
        "in with `hub import --deals FILE` (or --stages, --uses, --assets)."
    )


async def _mapping(file: object) -> str:
    if not isinstance(file, UploadFile) or not file.filename:
        return ""
    fault = Fault(("body", "mapping"), "this is no mapping: it is not UTF-8, or too long")
    data = await file.read(LARGEST_MAPPING + 1)
    if len(data) > LARGEST_MAPPING:
        raise Invalid("The mapping is too long.", errors=[fault])
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Invalid("The mapping is not UTF-8.", errors=[fault]) from None


def _name(given: str) -> str:
    """The file's own name, without folders and without what does not print."""
    last = PurePath(given.replace("\\", "/")).name
    return "".join(c if c.isprintable() else " " for c in last).strip()[:_LONGEST_NAME] or "file"
