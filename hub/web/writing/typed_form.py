"""The editor's form as a browser posts it, with or without script, files and all."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from hub.assets.schemas import AttachmentIn
from hub.assets.texts import TAG_FIELDS
from hub.assets.typed_fields import AUTHOR_TEAMS, Typed
from hub.errors import Invalid
from hub.web.forms import Form

MOST_FILES = 10
MOST_FIELDS = 2_000
PLAIN = ("title", "slug", "kind", "summary", "body", "language", "audience", "owner", "review_by", "expires_on", "note")
LISTS = (*TAG_FIELDS, *map(str, AUTHOR_TEAMS))
_BETWEEN = re.compile(r"[,;\n]")
_ATTACHED = re.compile(r"([0-9a-f]{64}) (.{1,200})")


@dataclass(frozen=True, slots=True)
class EditorForm:
    """`files` are those that were chosen for upload: (name, bytes)."""

    form: Form
    files: list[tuple[str, bytes]]

    @property
    def deed(self) -> str:
        return self.form.text("deed")

    def number(self, name: str) -> int:
        text = self.form.text(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0

    def typed(self) -> Typed:
        """Raises Invalid only for what no browser sends."""
        return self.form.read(
            Typed,
            **{name: self.form.text(name) for name in PLAIN},
            **{name: self._words(name) for name in LISTS},
            attachments=[
                AttachmentIn(digest=found[1], name=found[2])
                for value in self.form.all("attachment")
                if (found := _ATTACHED.fullmatch(value))
            ],
        )

    def _words(self, name: str) -> list[str]:
        """What is ticked, and what is typed beside it, several with commas between."""
        more = [word for text in self.form.all(f"more_{name}") for word in _BETWEEN.split(text)]
        return list(dict.fromkeys(word.strip() for word in (*self.form.all(name), *more) if word.strip()))


async def _editor_form(request: Request) -> EditorForm:
    try:
        async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=9_000_000) as sent:
            fields: dict[str, list[str]] = {}
            files: list[tuple[str, bytes]] = []
            for name, value in sent.multi_items():
                if isinstance(value, UploadFile):
                    if value.filename:
                        files.append((value.filename, await value.read()))
                else:
                    fields.setdefault(name, []).append(value)
    except ValueError as wrong:
        raise Invalid(f"The form cannot be read: {wrong}.") from wrong
    return EditorForm(Form(fields), files)


EditorFormDep = Annotated[EditorForm, Depends(_editor_form)]
