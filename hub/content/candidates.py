"""A content file on its way into the hub: read, checked and rendered before any transaction is open, because
attached files and renderings take their time and nobody should wait for them.
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.assets import attachments, renderings, slugs
from hub.assets.attachments import ReadFile
from hub.assets.extraction import safe_name
from hub.assets.rendering import Rendering, RenderingError
from hub.assets.texts import AttachedFile
from hub.blobs import digest_of
from hub.content import fields as content_fields
from hub.content.fields import Stated
from hub.content.folder import FileRefused, Folder, digest_of_parts
from hub.content.front_matter import ContentError
from hub.errors import HubError, Invalid


@dataclass(slots=True)
class Candidate:
    """`unread` are attached files that the hub does not have yet; `moved_from` is the path it had before."""

    path: str
    digest: str
    text: str
    stated: Stated
    attached: tuple[AttachedFile, ...] = ()
    unread: list[ReadFile] = field(default_factory=list)
    rendering: Rendering | None = None
    moved_from: str | None = None

    @property
    def slug(self) -> str:
        return self.stated.slug or slugs.slug_of_path(self.path)


def read(folder: Folder, path: str, *, vocabularies: frozenset[str], is_stored: Callable[[str], bool]) -> Candidate:
    """`is_stored` says whether the hub has an attachment by its digest. Raises ContentError with the line."""
    try:
        data = folder.read(path)
    except FileRefused as refused:
        raise ContentError(1, refused.reason) from refused
    return from_data(folder, path, data, vocabularies=vocabularies, is_stored=is_stored)


def from_data(
    folder: Folder, path: str, data: bytes, *, vocabularies: frozenset[str], is_stored: Callable[[str], bool]
) -> Candidate:
    """The same for bytes that were read already. Raises ContentError."""
    stated = content_fields.read(data, path, vocabularies=vocabularies)
    candidate = Candidate(path, "", data.decode(), stated)
    for place in stated.attachments:
        _attach(candidate, folder, place, is_stored)
    candidate.digest = digest_of_parts(data, [file.digest for file in candidate.attached])
    return candidate


def render(candidate: Candidate) -> Rendering:
    """Raises ContentError with the line in the file."""
    try:
        return renderings.rendered(candidate.stated.body, path=candidate.path, attachments=candidate.attached)
    except Invalid as error:
        raise error_in_body(candidate.stated, error) from error


def error_in_body(stated: Stated, error: HubError) -> ContentError:
    """A refusal of the text as one that names the line of the file, where it is known."""
    cause = error.__cause__
    if isinstance(cause, RenderingError):
        return ContentError(stated.first_body_line + cause.line - 1, cause.reason)
    fault = error.errors[0] if error.errors else None
    key = str(fault.loc[1]) if fault is not None and len(fault.loc) > 1 else "title"
    return ContentError(stated.line_of(key), error.detail)


def _attach(candidate: Candidate, folder: Folder, place: str, is_stored: Callable[[str], bool]) -> None:
    name = posixpath.basename(place)
    line = candidate.stated.line_of("attachments", name)
    if any(file.name == safe_name(name) for file in candidate.attached):
        raise ContentError(line, f"a second attachment is called {name}; give it another name")
    try:
        data = folder.read_attachment(place)
        digest = digest_of(data)
        if not is_stored(digest):
            candidate.unread.append(attachments.read_file(data, name, limit=folder.max_attachment_bytes))
    except FileRefused as refused:
        raise ContentError(line, f"the attachment {name} {refused.reason}") from refused
    except HubError as refused:
        raise ContentError(line, refused.detail) from refused
    candidate.attached = (*candidate.attached, AttachedFile(digest, safe_name(name), place))
