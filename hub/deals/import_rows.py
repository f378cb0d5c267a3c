"""What the rows of tables of deals and stages say, checked as far as that needs no database."""

from datetime import datetime
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from hub.deals import money
from hub.deals.lines import ID_LENGTH, NAME_LENGTH, WORDS, DealLine, StageLine, is_over_before, settle
from hub.deals.models import Outcome, StageResult
from hub.imports import cells
from hub.imports.csv_rows import Row
from hub.imports.joins import Join
from hub.imports.mapping import Mapping, Meaning
from hub.imports.report import Refused
from hub.imports.seen import Seen
from hub.taxonomy.nearest import folded, nearest_names, shown
from hub.taxonomy.schemas import LABEL_LENGTH

DEAL_COLUMNS = (
    *("deal_id", "owner", "outcome", "name", "account", "segment", "industry", "buyer_persona", "competitor"),
    *("source", "amount", "currency", "created", "closed", "products", "stage", "lost_reason"),
)
STAGE_COLUMNS = ("deal_id", "stage", "entered", "left", "result")
DEAL_REQUIRED = ("deal_id", "owner", "outcome", "created")
STAGE_REQUIRED = ("deal_id", "stage", "entered")
SEVERAL = ("products",)
MOST_PRODUCTS = 100

# As CRMs write them; "no decision" is a lost deal that nobody won.
_OUTCOMES = {
    **dict.fromkeys(("open", "in progress", "pending"), Outcome.OPEN),
    **dict.fromkeys(("won", "closed won", "closedwon"), Outcome.WON),
    **dict.fromkeys(("lost", "closed lost", "closedlost", "no decision", "closed no decision"), Outcome.LOST),
}
_NO_DECISION = frozenset({"no decision", "closed no decision"})
_RESULTS = {
    **dict.fromkeys(("advanced", "won"), StageResult.ADVANCED),
    "lost": StageResult.LOST,
}
Pattern = Annotated[str, Field(max_length=100)]


class DatedMapping(Mapping):
    """`dates` is strptime's pattern of the dates, where they are not ISO 8601: `%d.%m.%Y`."""

    dates: Pattern = ""


class DealMapping(DatedMapping):
    """For amounts like 1.234,50 `decimal_comma` is true. `join` names small tables in the same folder."""

    decimal_comma: bool = False
    join: dict[str, Join] = Field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> "DealMapping":
        return cls.read(text, section="deals", ours=DEAL_COLUMNS)


class StageMapping(DatedMapping):
    @classmethod
    def of(cls, text: str) -> "StageMapping":
        return cls.read(text, section="stages", ours=STAGE_COLUMNS)


class DealReader:
    """Rows of a table of deals into lines. A deal has one row in a file; one that is there twice says nothing new."""

    def __init__(self, meaning: Meaning, mapping: DealMapping) -> None:
        self._meaning, self._mapping = meaning, mapping
        self._seen = Seen()

    def line(self, row: Row) -> DealLine | None:
        given = self._meaning.of(row)
        line = DealLine(_external_id(given["deal_id"]), extra=self._meaning.left_over(row), place=row.number)
        self._read_outcome(line, given["outcome"])
        self._read_columns(line, given)
        owner = "" if cells.is_nothing(given["owner"]) else given["owner"]
        line.owner = cells.required("owner", owner, NAME_LENGTH, of="deal")
        for name in WORDS:
            if name in given:
                line.words[name] = cells.word(name, given[name])
        if not line.words.get("stage", " "):  # a deal is always in some stage; an empty cell says nothing of it
            del line.words["stage"]
        if "account" in given:
            account = "" if cells.is_nothing(given["account"]) else " ".join(given["account"].split())
            line.account = (cells.bounded("account", account, NAME_LENGTH), account)
        if "products" in given:
            line.products = self._products(given["products"])
        settle(line)
        if first := self._seen.other(line.external_id, row.number, tuple(row.cells.values())):
            raise Refused("deal_id", f"{shown(line.external_id)} stands in row {first} too, and otherwise; keep one")
        return line if first is None else None

    def _read_outcome(self, line: DealLine, cell: str) -> None:
        word = _word_of(cell)
        if (outcome := _OUTCOMES.get(word)) is None:
            raise Refused("outcome", _no_such("outcome", cell, [it.value for it in Outcome], "deals"))
        line.columns["outcome"] = outcome.value
        line.no_decision = word in _NO_DECISION

    def _read_columns(self, line: DealLine, given: dict[str, str]) -> None:
        columns = line.columns
        if "name" in given:
            columns["name"] = cells.bounded("name", " ".join(given["name"].split()), NAME_LENGTH)
        if "amount" in given:
            columns["amount"] = money.amount("amount", given["amount"], decimal_comma=self._mapping.decimal_comma)
        if "currency" in given:
            columns["currency"] = money.currency("currency", given["currency"])
        created = columns["created_at"] = cells.moment("created", given["created"], self._mapping.dates)
        if "closed" in given:
            closed = columns["closed_at"] = cells.moment("closed", given["closed"], self._mapping.dates)
            self._require_order(created, closed)

    def _require_order(self, created: datetime | None, closed: datetime | None) -> None:
        if created is not None and closed is not None and is_over_before(created, closed):
            raise Refused("closed", f"the deal closed on {closed:%Y-%m-%d}, before it was created ({created:%Y-%m-%d})")

    def _products(self, cell: str) -> list[str]:
        words = [cells.word("products", word) for word in self._meaning.several("products", cell)]
        found = list(dict.fromkeys(word for word in words if word))
        if len(found) > MOST_PRODUCTS:
            raise Refused("products", f"the deal has {len(found)} products; at most {MOST_PRODUCTS} are kept")
        return found


class StageReader:
    """Rows of a table of stage entries into lines. A deal enters a stage once at a moment; a row that is there twice
    says nothing new."""

    def __init__(self, meaning: Meaning, mapping: StageMapping) -> None:
        self._meaning, self._mapping = meaning, mapping
        self._seen = Seen()

    def line(self, row: Row) -> StageLine | None:
        given = self._meaning.of(row)
        external_id = _external_id(given["deal_id"])
        stage = cells.required("stage", cells.word("stage", given["stage"]), LABEL_LENGTH, of="stage entry")
        entered = cells.moment("entered", given["entered"], self._mapping.dates)
        left = cells.moment("left", given.get("left", ""), self._mapping.dates)
        result = self._result(given.get("result", ""))
        if entered is None:
            raise Refused(
                "entered", "there is no date on which the deal entered the stage; every stage entry needs one"
            )
        if left is not None and is_over_before(entered, left):
            raise Refused(
                "left", f"the deal left the stage on {_shown(left)}, before it entered it ({_shown(entered)})"
            )
        if result is not None and left is None:
            raise Refused("left", f"the stage is {result}, but there is no date on which the deal left it")
        if first := self._seen.other((external_id, _word_of(stage), entered), row.number, tuple(row.cells.values())):
            raise Refused("entered", f"row {first} has the deal enter this stage at that moment too; keep one of them")
        return StageLine(external_id, stage, entered, left, result, row.number) if first is None else None

    def _result(self, cell: str) -> str | None:
        if cells.is_nothing(cell):
            return None
        if (result := _RESULTS.get(_word_of(cell))) is None:
            raise Refused("result", _no_such("result", cell, [it.value for it in StageResult], "stages"))
        return result.value


def _word_of(cell: str) -> str:
    return _folded(cell[:LABEL_LENGTH])


_folded = lru_cache(maxsize=20_000)(folded)  # a file has few distinct words


def _external_id(cell: str) -> str:
    return cells.required("deal_id", cell, ID_LENGTH, of="row")


def _no_such(column: str, cell: str, known: list[str], section: str) -> str:
    if not cell:
        return f"there is no {column}; write one of {', '.join(known)}"
    near = ", ".join(nearest_names(cell, known))
    return f"there is no {column} {shown(cell)}; nearest: {near}, or map it with [{section}.values.{column}]"


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
