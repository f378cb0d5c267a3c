"""Renderings of versions: made once per version and kept. Derived data, so a new renderer may make them anew."""

import html
import posixpath
from collections.abc import Collection, Sequence
from dataclasses import asdict
from urllib.parse import unquote

from sqlmodel import Session, col, delete, select

from hub.assets import slugs
from hub.assets.models import AssetSlug, ContentFile, Rendering, Version, VersionAttachment, VersionLink
from hub.assets.rendering import RENDERER, Passage, RenderingError, render
from hub.assets.rendering import Rendering as Rendered
from hub.assets.texts import AttachedFile
from hub.db import id_of
from hub.errors import Fault, Invalid


def rendered(body: str, *, path: str | None, attachments: Sequence[AttachedFile]) -> Rendered:
    """The safe HTML of a body. Raises Invalid, with the line, for a body that cannot be rendered within bounds."""
    files = {file.name: file.digest for file in attachments} | {
        file.path: file.digest for file in attachments if file.path
    }

    def resolve(target: str) -> str | None:
        plain = unquote(target.partition("#")[0])
        for name in (plain.removeprefix("attachment:"), posixpath.normpath(_beside(path, plain))):
            if name in files:
                return attachment_url(files[name])
        fragment = target.partition("#")[2]
        slug = slug_of_target(target, path)
        return None if slug is None else f"/assets/{slug}" + (f"#{fragment}" if fragment else "")

    try:
        return render(body, resolve=resolve)
    except RenderingError as error:
        fault = Fault(("body", "body"), f"line {error.line}: {error.reason}")
        raise Invalid(f"The text cannot be rendered: line {error.line}: {error.reason}", errors=[fault]) from error


def rendered_or_plain(body: str, *, path: str | None, attachments: Sequence[AttachedFile]) -> Rendered:
    """For texts that are stored already: one that an older renderer could do and this one cannot is shown as it was
    typed, and holds up nothing else."""
    try:
        return rendered(body, path=path, attachments=attachments)
    except Invalid:
        return Rendered(f"<pre>{html.escape(body)}</pre>", (), (), (Passage("", body),), len(body.split()))


def attachment_url(digest: str) -> str:
    return f"/api/v1/attachments/{digest}"


def slug_of_target(target: str, path: str | None) -> str | None:
    """The slug that a link between assets names, None when it names none: `asset:SLUG`, `/assets/SLUG`, or the
    relative path of another content file (`../objection/too-dear.md`)."""
    plain = unquote(target.partition("#")[0].partition("?")[0])
    for prefix in ("asset:", "/assets/"):
        if plain.startswith(prefix):
            slug = plain.removeprefix(prefix).strip("/")
            return slug if slugs.is_slug(slug) else None
    if plain.endswith(".md") and not plain.startswith("/"):
        return slugs.slug_of_path(posixpath.normpath(_beside(path, plain)).lstrip("./").removesuffix(".md"))
    return None


def keep(session: Session, versions: Sequence[tuple[Version, Rendered, str | None]]) -> None:
    """Store renderings and the links they found; (version, rendering, path) each."""
    wanted = {
        version.id: {slug for link in made.links if (slug := slug_of_target(link.target, path)) is not None}
        for version, made, path in versions
    }
    known = slug_owners(session, {slug for group in wanted.values() for slug in group})
    session.exec(delete(VersionLink).where(col(VersionLink.version_id).in_(list(wanted))))
    for version, made, _ in versions:
        session.add(_row(version, made))
        for slug in sorted(wanted[version.id]):
            session.add(VersionLink(version_id=id_of(version), target=slug[:200], target_asset_id=known.get(slug)))


def connect(session: Session, slugs_of_new: dict[str, int]) -> None:
    """Links that waited for an asset by this slug find it now."""
    query = select(VersionLink).where(
        col(VersionLink.target).in_(slugs_of_new), col(VersionLink.target_asset_id).is_(None)
    )
    for link in session.exec(query):
        link.target_asset_id = slugs_of_new[link.target]


def slug_owners(session: Session, wanted: set[str]) -> dict[str, int]:
    """Asset ids by present or former slug."""
    rows = session.exec(select(AssetSlug.slug, AssetSlug.asset_id).where(col(AssetSlug.slug).in_(wanted)))
    return dict(rows.all())


def add_missing(session: Session, *, asset_ids: Collection[int] | None = None, limit: int = 200) -> int:
    """Render versions that have no rendering by the present renderer (bulk imports leave them for later, a new
    renderer makes all of them anew); returns how many were made."""
    query = (
        select(Version, Rendering, ContentFile.path)
        .outerjoin(Rendering, col(Rendering.version_id) == Version.id)
        .outerjoin(ContentFile, col(ContentFile.asset_id) == Version.asset_id)
        .where(col(Rendering.version_id).is_(None) | (col(Rendering.renderer) != RENDERER))
        .limit(limit)
    )
    if asset_ids is not None:
        query = query.where(col(Version.asset_id).in_(asset_ids))
    rows = session.exec(query).all()
    files = _attached(session, [version.id for version, _, _ in rows if version.id is not None])
    fresh: list[tuple[Version, Rendered, str | None]] = []
    # A file may stand in two folders that were synced: the join then gives its version twice.
    for version, old, path in {row[0].id: row for row in rows}.values():
        made = rendered_or_plain(version.body, path=path, attachments=files.get(version.id or 0, []))
        if old is None:
            fresh.append((version, made, path))
        else:
            old.sqlmodel_update(_row(version, made).model_dump(exclude={"version_id"}))
    keep(session, fresh)
    return len(rows)


def _attached(session: Session, version_ids: list[int]) -> dict[int, list[AttachedFile]]:
    files: dict[int, list[AttachedFile]] = {}
    for row in session.exec(select(VersionAttachment).where(col(VersionAttachment.version_id).in_(version_ids))):
        files.setdefault(row.version_id, []).append(AttachedFile(row.digest, row.name, row.path))
    return files


def _row(version: Version, made: Rendered) -> Rendering:
    return Rendering(
        version_id=id_of(version),
        renderer=RENDERER,
        html=made.html,
        headings=[asdict(heading) for heading in made.headings],
        passages=[asdict(passage) for passage in made.passages],
        words=made.words,
    )


def _beside(path: str | None, target: str) -> str:
    return posixpath.join(posixpath.dirname(path or ""), target)
