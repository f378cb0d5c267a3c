"""The four tables that can be imported, for whoever must treat them alike: what they are called, which columns they
have, how a row is read, how the whole file is taken."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sqlalchemy import func, select
from sqlmodel import Session, col

from hub.assets.models import Asset, Kind
from hub.content import import_rows as asset_rows
from hub.content.import_rows import AssetMapping, LineReader
from hub.content.imports import import_assets
from hub.db import Database
from hub.deals import import_rows as deal_rows
from hub.deals.import_rows import DealMapping, DealReader, StageMapping, StageReader
from hub.deals.imports import import_deals, import_stages
from hub.deals.models import Deal, Outcome, StageResult
from hub.imports.bulk import is_one_of
from hub.imports.csv_rows import Row
from hub.imports.mapping import Mapping as Rules
from hub.imports.mapping import Meaning, read_lines
from hub.imports.report import ImportReport, Tally
from hub.people.roles import Actor
from hub.usage import import_rows as use_rows
from hub.usage.import_rows import UseMapping, UseReader
from hub.usage.imports import import_uses
from hub.usage.joining import join_waiting
from hub.usage.models import Action
from hub.usage.models import uses as use_table

Progress = Callable[[int], None]
ReadRows = Callable[[dict[str, str], Any, Sequence[str], Sequence[Row], Tally], Sequence[Any]]
Take = Callable[[Database, BinaryIO, Actor, Any, bool, Progress], ImportReport]
Known = Callable[[Session, Rules, Sequence[Any]], int]


@dataclass(frozen=True)
class Importable:
    """`meanings` are the columns whose words have to be ours, with the words; `otherwise` those for which a value
    may be said where the file has none. `known` counts the lines that the hub knows already."""

    name: str
    columns: Sequence[str]
    required: Sequence[str]
    rules: type[Rules]
    read: ReadRows
    take: Take
    known: Known
    meanings: Mapping[str, Sequence[str]]
    otherwise: Sequence[str] = ()
    explained: Mapping[str, str] = field(default_factory=dict)

    def rules_of(self, text: str) -> Rules:
        """The mapping of this table in a mapping file. Raises Invalid."""
        return self.rules.read(text, section=self.name, ours=self.columns)


def _assets(columns: dict[str, str], rules: Any, present: Sequence[str], rows: Sequence[Row], tally: Tally) -> Any:
    return LineReader(columns, rules, present=present).read(rows, tally)


def _deals(columns: dict[str, str], rules: Any, present: Sequence[str], rows: Sequence[Row], tally: Tally) -> Any:
    meaning = Meaning(columns, rules, present=present, several=deal_rows.SEVERAL)
    return list(read_lines(rows, DealReader(meaning, rules).line, meaning, tally))


def _stages(columns: dict[str, str], rules: Any, present: Sequence[str], rows: Sequence[Row], tally: Tally) -> Any:
    meaning = Meaning(columns, rules, present=present)
    return list(read_lines(rows, StageReader(meaning, rules).line, meaning, tally))


def _uses(columns: dict[str, str], rules: Any, present: Sequence[str], rows: Sequence[Row], tally: Tally) -> Any:
    meaning = Meaning(columns, rules, present=present)
    return list(read_lines(rows, UseReader(meaning, rules).line, meaning, tally))


def _known_assets(session: Session, _: Rules, lines: Sequence[Any]) -> int:
    ids = [line.external_id for line in lines]
    return _count(session, select(func.count()).where(is_one_of(session, Asset.__table__.c.external_id, ids)))  # type: ignore[attr-defined]


def _known_deals(session: Session, rules: Rules, lines: Sequence[Any]) -> int:
    ids = {line.external_id for line in lines}
    there = is_one_of(session, Deal.__table__.c.external_id, list(ids))  # type: ignore[attr-defined]
    return _count(session, select(func.count()).where(there, col(Deal.source) == rules.source))


def _known_uses(session: Session, rules: Rules, lines: Sequence[Any]) -> int:
    there = is_one_of(session, use_table.c.external_id, [line.external_id for line in lines])
    return _count(session, select(func.count()).where(there, use_table.c.source == rules.source))


def _count(session: Session, query: Any) -> int:
    return int(session.connection().execute(query).scalar_one())


def _take_assets(
    database: Database, file: BinaryIO, actor: Actor, rules: Any, publish: bool, progress: Progress
) -> ImportReport:
    return import_assets(database, file, actor=actor, mapping=rules, publish=publish, progress=progress)


def _take_deals(
    database: Database, file: BinaryIO, actor: Actor, rules: Any, _: bool, progress: Progress
) -> ImportReport:
    report = import_deals(database, file, actor=actor, mapping=rules, progress=progress)
    join_waiting(database)
    return report


def _take_stages(
    database: Database, file: BinaryIO, actor: Actor, rules: Any, _: bool, progress: Progress
) -> ImportReport:
    return import_stages(database, file, actor=actor, mapping=rules, progress=progress)


def _take_uses(
    database: Database, file: BinaryIO, actor: Actor, rules: Any, _: bool, progress: Progress
) -> ImportReport:
    return import_uses(database, file, actor=actor, mapping=rules, progress=progress)


TABLES: Mapping[str, Importable] = {
    "deals": Importable(
        "deals", deal_rows.DEAL_COLUMNS, deal_rows.DEAL_REQUIRED, DealMapping, _deals, _take_deals, _known_deals,
        meanings={"outcome": [it.value for it in Outcome]},
        otherwise=("outcome", "owner", "currency"),
        explained={
            "deal_id": "The CRM's own id: by it a deal is known when it comes again.",
            "owner": "An e-mail address or a name; who is not known becomes a person without sign-in.",
            "outcome": "open, won or lost. Where the file has the stage only, choose the stage here too.",
            "products": "Several with ; between them.",
            "stage": "The stage it is in now; the history is a table of its own.",
        },
    ),
    "stages": Importable(
        "stages", deal_rows.STAGE_COLUMNS, deal_rows.STAGE_REQUIRED, StageMapping, _stages, _take_stages,
        lambda *_: 0,
        meanings={"result": [it.value for it in StageResult]},
        explained={"left": "Empty while the deal is still there.", "result": "advanced, lost, or empty."},
    ),
    "uses": Importable(
        "uses", use_rows.COLUMNS, use_rows.REQUIRED, UseMapping, _uses, _take_uses, _known_uses,
        meanings={"action": [it.value for it in Action]},
        otherwise=("action", "channel"),
        explained={
            "event_id": "The other system's id of the use: by it a use is known when it comes again.",
            "asset_id": "The id under which the asset was imported, or its name in addresses.",
            "deal_id": "A use whose deal is not there yet waits for it.",
        },
    ),
    "assets": Importable(
        "assets", asset_rows.COLUMNS, ("asset_id", "title"), AssetMapping, _assets, _take_assets, _known_assets,
        meanings={"kind": [it.value for it in Kind]},
        otherwise=("kind", "language"),
        explained={
            "asset_id": "The other system's id: by it an asset is known when it comes again.",
            "personas": "Several with ; between them, as in all tags.",
            "published": "Since when it is live elsewhere.",
        },
    ),
}  # fmt: skip
