"""Assets from a table of another system: CSV rows, known by their external id, taken in batches.

A row that is as it was changes nothing; one that changed becomes a new version, a draft. Unlike in a content
file an unknown word loses no row: it is added to its vocabulary, unconfirmed. Columns that the hub has no use
for are kept.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any, BinaryIO

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from hub import clock
from hub.assets import approval, drafts, slugs
from hub.assets.drafts import Details, NewAsset
from hub.assets.models import Asset, AssetSlug, Status, Version
from hub.assets.texts import Text, texts_of
from hub.content.import_rows import COLUMNS, AssetMapping, Line, LineReader
from hub.db import Database
from hub.errors import HubError
from hub.imports.csv_rows import columns_for, reading
from hub.imports.patience import patiently
from hub.imports.report import ImportReport, Tally
from hub.people.roles import HUB, Actor, Deed, require
from hub.taxonomy import terms
from hub.taxonomy.journey import stages_by_name
from hub.taxonomy.nearest import folded
from hub.taxonomy.schemas import TermRef
from hub.taxonomy.vocabulary import terms_of

BATCH = 500
_REASON = "was live before it was imported"


def import_assets(
    database: Database,
    file: BinaryIO,
    *,
    actor: Actor = HUB,
    mapping: AssetMapping = AssetMapping(),  # noqa: B008 - never changed
    publish: bool = False,
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Read a CSV file to its end. `progress` is told how many of its bytes are done.

    Batches are committed one by one: after an Unavailable the same call goes on from there. Raises NotAllowed, Invalid
    for a file or a mapping that cannot be used at all; what is wrong with single rows stands in the report.
    """
    require(actor, Deed.IMPORT_CONTENT)
    tally = Tally()
    with reading(file, what="assets") as table:
        theirs = columns_for(
            table.columns, mapping.columns, ours=COLUMNS, required=("asset_id", "title"), what="assets"
        )
        reader = LineReader(theirs, mapping, present=table.columns)
        for batch in table.batches(BATCH):
            if lines := reader.read(batch, tally):
                tally.add(patiently(_take, database, actor, reader, lines, publish))
            if progress is not None:
                progress(table.position())
    return tally.report()


def _take(database: Database, actor: Actor, reader: LineReader, lines: Sequence[Line], publish: bool) -> Tally:
    with database.transaction() as session:
        return _Batch(session, actor, reader, publish).take(lines)


class _Batch:
    """Some lines in one transaction."""

    def __init__(self, session: Session, actor: Actor, reader: LineReader, publish: bool) -> None:
        self._session, self._actor, self._reader, self._publish = session, actor, reader, publish
        self._tally = Tally()
        self._live: list[tuple[date | None, Asset, Version]] = []

    def take(self, lines: Sequence[Line]) -> Tally:
        words = _WordsAsWritten(self._session, self._actor, self._reader.tagging, lines)
        self._tally.added_terms = words.added
        known = self._known([line.external_id for line in lines])
        self._create([line for line in lines if line.external_id not in known], words)
        self._update([(line, known[line.external_id]) for line in lines if line.external_id in known], words)
        self._publish_all()
        return self._tally

    def _known(self, ids: Sequence[str]) -> dict[str, Asset]:
        query = select(Asset).where(col(Asset.external_id).in_(ids)).order_by(col(Asset.id)).with_for_update()
        return {asset.external_id or "": asset for asset in self._session.exec(query)}

    # New rows

    def _create(self, lines: Sequence[Line], words: "_WordsAsWritten") -> None:
        names = _free_slugs(self._session, lines)
        new = [(line, self._new_asset(line, names[line.external_id], words)) for line in lines]
        self._create_all(new)

    def _new_asset(self, line: Line, slug: str, words: "_WordsAsWritten") -> NewAsset:
        text = words.text_of(line, Text(title=line.title, language="en"))
        details = Details(extra=words.extra_of(line))
        return NewAsset(slug=slug, text=text, details=details, external_id=line.external_id)

    def _create_all(self, new: Sequence[tuple[Line, NewAsset]]) -> None:
        if not new:
            return
        try:
            with self._session.begin_nested():
                # The worker renders afterwards: thousands of rows should not wait for it.
                made = drafts.create_assets(
                    self._session, self._actor, [asset for _, asset in new], source="import", render=False
                )
        except (HubError, IntegrityError) as error:
            if len(new) > 1:
                for one in new:
                    self._create_all([one])
                return
            self._reject(new[0][0], error)
            return
        self._tally.new += len(made)
        if self._publish:
            heads = self._heads(made)
            self._live += [(line.published, it, heads[it.id or 0]) for (line, _), it in zip(new, made, strict=True)]

    # Known rows

    def _update(self, pairs: Sequence[tuple[Line, Asset]], words: "_WordsAsWritten") -> None:
        heads = self._heads([asset for _, asset in pairs])
        agreed = heads | self._last_imported([it.asset_id for it in heads.values() if it.source != "import"])
        texts = texts_of(self._session, [*{it.id: it for it in (*heads.values(), *agreed.values())}.values()])
        for line, asset in pairs:
            head, last = heads[asset.id or 0], agreed[asset.id or 0]
            try:
                with self._session.begin_nested():
                    changed = self._update_one(line, asset, words, (texts[head.id or 0], texts[last.id or 0]))
            except (HubError, IntegrityError) as error:
                self._reject(line, error)
                continue
            self._tally.changed += changed
            self._tally.unchanged += not changed
            self._note_live(line, asset, head, changed=changed)

    def _update_one(self, line: Line, asset: Asset, words: "_WordsAsWritten", texts: tuple[Text, Text]) -> bool:
        """A row that says what it said at the last import has not changed, whatever the hub has written since."""
        head, last = texts
        revision = asset.revision
        text = words.text_of(line, head)
        if not words.text_of(line, last).says_the_same(last) and not text.says_the_same(head):
            drafts.write_version(
                self._session, self._actor, asset, text, base_number=asset.head_number, source="import"
            )
        extra = asset.extra | words.extra_of(line)
        if extra != asset.extra:
            details = replace(drafts.details_of(self._session, asset), extra=extra)
            drafts.change_details(self._session, self._actor, asset, details)
        return asset.revision != revision

    def _heads(self, assets: Sequence[Asset]) -> dict[int, Version]:
        query = select(Version).where(col(Version.id).in_([asset.head_version_id for asset in assets]))
        return {version.asset_id: version for version in self._session.exec(query)}

    def _last_imported(self, asset_ids: Sequence[int]) -> dict[int, Version]:
        query = select(Version).where(col(Version.asset_id).in_(asset_ids), Version.source == "import")
        return {version.asset_id: version for version in self._session.exec(query.order_by(col(Version.number)))}

    # Going live

    def _note_live(self, line: Line, asset: Asset, head: Version, *, changed: bool) -> None:
        """What is retired stays so, and a text that people wrote in the hub goes live only by their approval."""
        version = drafts.head_of(self._session, asset) if changed else head
        came_by_import = version.source == "import" and version.id != asset.live_version_id
        if self._publish and came_by_import and asset.status != Status.RETIRED:
            self._live.append((line.published, asset, version))

    def _publish_all(self) -> None:
        ordered = sorted(self._live, key=lambda it: it[0] or date.min)
        for day, group in groupby(ordered, key=lambda it: it[0]):
            at = min(datetime.combine(day, time(), UTC), clock.now()) if day is not None else None
            pairs = [(asset, version) for _, asset, version in group]
            approval.publish_imported(self._session, self._actor, pairs, reason=_REASON, at=at)

    def _reject(self, line: Line, error: HubError | IntegrityError) -> None:
        fault = error.errors[0] if isinstance(error, HubError) and error.errors else None
        ours = str(fault.loc[1]) if fault is not None and len(fault.loc) > 1 else ""
        reason = error.detail if isinstance(error, HubError) else "somebody took its slug in this moment; import again"
        self._tally.reject(line.row, self._reader.column(ours), reason)


class _WordsAsWritten:
    """The terms that a batch of lines means; unknown ones are added, unconfirmed."""

    def __init__(self, session: Session, actor: Actor, vocabularies: Sequence[str], lines: Sequence[Line]) -> None:
        self._session, self._actor = session, actor
        self.added: list[TermRef] = []
        self._terms = {
            name: self._take(name, (w for line in lines for w in line.words.get(name, ()))) for name in vocabularies
        }
        self._languages = self._take("languages", (it.fields["language"] for it in lines if it.fields.get("language")))
        self._stages = stages_by_name(session) if any(line.tagged_stage for line in lines) else {}

    def text_of(self, line: Line, base: Text) -> Text:
        """The line's text; what the file has no column for stays as it is in `base`."""
        fields: dict[str, Any] = dict(line.fields)
        if "language" in fields:
            fields["language"] = self._languages[fields["language"]][1] if fields["language"] else "en"
        tags = dict(base.tags)
        stage = self._stages.get(folded(line.tagged_stage))
        for name in self._terms:
            if name in line.words or (name == "stages" and stage is not None):
                found = [self._terms[name][word] for word in line.words.get(name, ())]
                found += [(stage.id or 0, stage.key)] if name == "stages" and stage is not None else []
                tags[name] = list(dict.fromkeys(found))
        return replace(base, **fields, tags=tags)

    def extra_of(self, line: Line) -> dict[str, Any]:
        """What has no field of its own; a stage that is none of the buyer's journey too."""
        if line.tagged_stage and folded(line.tagged_stage) not in self._stages:
            return {"tagged_stage": line.tagged_stage} | line.extra
        return line.extra

    def _take(self, vocabulary: str, written: Iterator[str]) -> dict[str, tuple[int, str]]:
        words = list(dict.fromkeys(written))
        if not words:
            return {}
        before = {term.id for term in terms_of(self._session, vocabulary)}
        found = terms.take_as_written(self._session, vocabulary, words, actor=self._actor)
        new = {term.id: term for term in found.values() if term.id not in before}
        self.added += [TermRef(vocabulary=vocabulary, key=it.key, label=it.label) for it in new.values()]
        return {word: (term.id or 0, term.key) for word, term in found.items()}


def _free_slugs(session: Session, lines: Sequence[Line]) -> dict[str, str]:
    """A slug that nobody has or had for each line, by external id: from the title, else with the id behind it."""
    choices = {
        line.external_id: [
            slugs.slug_of_title(line.title),
            slugs.slug_of_title(f"{line.title} {line.external_id}"),
        ]
        for line in lines
    }
    wanted = [slug for pair in choices.values() for slug in pair]
    taken = set(session.exec(select(AssetSlug.slug).where(col(AssetSlug.slug).in_(wanted))))
    free = {}
    for external_id, pair in choices.items():
        slug = next((slug for slug in pair if slug not in taken), None) or _numbered(session, pair[1], taken)
        taken.add(slug)
        free[external_id] = slug
    return free


def _numbered(session: Session, slug: str, taken: set[str]) -> str:
    number = 1
    while True:
        number += 1
        choice = slugs.slug_of_title(f"{slug.replace('.', ' ')} {number}")
        if choice not in taken and session.get(AssetSlug, choice) is None:
            return choice
