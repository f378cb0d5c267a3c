"""What the rows of a table of uses say, checked as far as that needs no database."""

from hub.deals.import_rows import DatedMapping
from hub.imports import cells
from hub.imports.csv_rows import Row
from hub.imports.mapping import Meaning
from hub.imports.report import Refused
from hub.imports.seen import Seen
from hub.taxonomy.nearest import folded, nearest_names, shown
from hub.usage.lines import ASSET_LENGTH, CHANNEL_LENGTH, ID_LENGTH, UseLine
from hub.usage.models import Action

COLUMNS = ("event_id", "deal_id", "asset_id", "date", "action", "person", "channel", "recorded")
REQUIRED = ("event_id", "asset_id", "date")
# A source that does not say what was done with an asset counts what went to the buyer.
UNSAID = Action.SHARED
_ACTIONS = {it.value: it.value for it in Action} | {
    **dict.fromkeys(("view", "open", "opened"), "viewed"),
    **dict.fromkeys(("copy",), "copied"),
    **dict.fromkeys(("insert",), "inserted"),
    **dict.fromkeys(("share",), "shared"),
    **dict.fromkeys(("send", "emailed"), "sent"),
    **dict.fromkeys(("present",), "presented"),
    **dict.fromkeys(("said", "call", "spoken on a call"), "spoken"),
}


class UseMapping(DatedMapping):
    """`source` is the system that the uses and their deals come from."""

    @classmethod
    def of(cls, text: str) -> "UseMapping":
        return cls.read(text, section="uses", ours=COLUMNS)


class UseReader:
    """Rows of a table of uses into lines. `recorded` is when the other system wrote the use down. A use that is there
    twice says nothing new."""

    def __init__(self, meaning: Meaning, mapping: UseMapping) -> None:
        self._meaning, self._mapping = meaning, mapping
        self._seen = Seen()

    def line(self, row: Row) -> UseLine | None:
        given = self._meaning.of(row)
        occurred = cells.moment("date", given["date"], self._mapping.dates)
        if occurred is None:
            raise Refused("date", "there is no date; every use needs one")
        deal = given.get("deal_id", "")
        person = given.get("person", "")
        line = UseLine(
            external_id=cells.required("event_id", given["event_id"], ID_LENGTH, of="use"),
            asset=cells.required("asset_id", given["asset_id"], ASSET_LENGTH, of="use"),
            action=_action(given.get("action", "")),
            occurred_at=occurred,
            channel=_channel(given.get("channel", "")),
            deal=None if cells.is_nothing(deal) else (self._mapping.source, cells.bounded("deal_id", deal, ID_LENGTH)),
            person=None if cells.is_nothing(person) else person,
            recorded_at=cells.moment("recorded", given.get("recorded", ""), self._mapping.dates),
            place=row.number,
        )
        if first := self._seen.other(line.external_id, row.number, tuple(row.cells.values())):
            raise Refused("event_id", f"{shown(line.external_id)} stands in row {first} too, and otherwise; keep one")
        return line if first is None else None


def _action(cell: str) -> str:
    if (known := _ACTIONS.get(cell)) is not None:
        return known
    if cells.is_nothing(cell):
        return UNSAID.value
    if (action := _ACTIONS.get(folded(cell))) is None:
        near = ", ".join(nearest_names(cell, [it.value for it in Action]))
        raise Refused(
            "action", f"there is no action {shown(cell)}; nearest: {near}, or map it with [uses.values.action]"
        )
    return action


def _channel(cell: str) -> str | None:
    return None if cells.is_nothing(cell) else cells.bounded("channel", " ".join(cell.split()).lower(), CHANNEL_LENGTH)
