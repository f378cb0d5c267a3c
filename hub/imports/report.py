"""What an import tells at its end, the same for every table."""

from dataclasses import dataclass, field

from pydantic import BaseModel

from hub.taxonomy.schemas import TermRef

# A file of which every row is wrong must not fill the memory with reasons: these say what is the matter.
MOST_LISTED = 100_000


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """`row` as a spreadsheet counts, the header being row 1; `column` as the file calls it."""

    row: int
    column: str
    reason: str


class ImportReport(BaseModel):
    """`read` is the sum of new, changed, unchanged and `rejected_rows`. Of the rejected rows the first 100,000 are
    listed in `rejected`. `added_terms` are words that nobody knew: as written, unconfirmed."""

    read: int
    new: int
    changed: int
    unchanged: int
    rejected_rows: int
    rejected: list[RejectedRow]
    added_terms: list[TermRef]


@dataclass
class Tally:
    """The report while it grows. `rejected_rows` counts all, `rejected` holds the first of them."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected_rows: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    added_terms: list[TermRef] = field(default_factory=list)

    def reject(self, row: int, column: str, reason: str) -> None:
        self.rejected_rows += 1
        if len(self.rejected) < MOST_LISTED:
            self.rejected.append(RejectedRow(row, column, reason))

    def add(self, batch: "Tally") -> None:
        self.new += batch.new
        self.changed += batch.changed
        self.unchanged += batch.unchanged
        self.rejected_rows += batch.rejected_rows
        self.rejected += batch.rejected[: MOST_LISTED - len(self.rejected)]
        self.added_terms += batch.added_terms

    def report(self) -> ImportReport:
        return ImportReport(
            read=self.new + self.changed + self.unchanged + self.rejected_rows,
            new=self.new,
            changed=self.changed,
            unchanged=self.unchanged,
            rejected_rows=self.rejected_rows,
            rejected=sorted(self.rejected, key=lambda it: it.row),
            added_terms=self.added_terms,
        )


class Refused(Exception):
    """A row is of no use: in which of our columns, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason
