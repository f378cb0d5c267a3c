"""The library as the extension carries it: live and unexpired assets, and the words that a page is matched with."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, func, select

from hub import clock
from hub.assets import states
from hub.assets.models import Asset, Rendering, Version
from hub.assets.schemas import ExtensionLibrary, LibraryCard, LibraryEvidence, VocabularyWord
from hub.assets.sites import SiteRule
from hub.assets.texts import TAG_FIELDS, current_tags
from hub.taxonomy import vocabulary
from hub.taxonomy.models import Term

# What pages are matched with, and what filters are labelled with.
WORDS = ("personas", "stages", "products", "competitors", "industries", "regions", "languages")


def stamp(session: Session) -> str:
    """Changes whenever the answer would: an asset goes live, changes or expires, a term changes, a day begins."""
    live = select(func.count(), func.sum(Asset.revision), func.max(Asset.updated_at)).where(states.is_live())
    count, revisions, newest = session.exec(live).one()
    moment = newest.isoformat() if newest else ""
    return f"{count}-{revisions or 0}-{moment}-{vocabulary.stamp(session)}-{clock.today()}"


def library_for_extension(
    session: Session, *, evidence: Mapping[int, Mapping[str, Any]], rules: Sequence[SiteRule] = ()
) -> ExtensionLibrary:
    """`evidence`: of each asset, by its id, what is known of its help; from the room that knows."""
    query = (
        select(Asset, Version, Rendering.html)
        .join(Version, col(Version.id) == Asset.live_version_id)
        .outerjoin(Rendering, col(Rendering.version_id) == Version.id)
        .where(states.is_live())
        .order_by(col(Asset.slug))
    )
    rows = session.exec(query).all()
    tags = current_tags(session, [version.id for _, version, _ in rows if version.id is not None])
    terms = (
        select(Term)
        .where(col(Term.vocabulary).in_(WORDS))
        .order_by(col(Term.vocabulary), col(Term.position), col(Term.key))
    )
    return ExtensionLibrary(
        made_at=clock.now(),
        assets=[
            _card(asset, version, html or "", tags.get(version.id or 0, {}), evidence.get(asset.id or 0))
            for asset, version, html in rows
        ],
        vocabulary=[
            VocabularyWord(vocabulary=term.vocabulary, key=term.key, words=[term.label, *term.synonyms])
            for term in session.exec(terms)
        ],
        rules=list(rules),
    )


def _card(
    asset: Asset,
    version: Version,
    html: str,
    tags: dict[str, list[tuple[int, str]]],
    evidence: Mapping[str, Any] | None,
) -> LibraryCard:
    return LibraryCard(
        slug=asset.slug,
        title=version.title,
        kind=version.kind,
        summary=version.summary,
        body=version.body,
        html=html,
        **{name: [key for _, key in tags.get(name, ())] for name in TAG_FIELDS},
        language=version.language,
        audience=version.audience,
        version=version.number,
        review_by=asset.review_by,
        expires_on=asset.expires_on,
        evidence=LibraryEvidence(**evidence) if evidence else None,
    )
