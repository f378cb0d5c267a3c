"""What a sync, a check or an export of a content folder has to say. The numbers add up: `read = new + changed
+ unchanged + len(rejected)`; a conflict stands among the rejected as well.
"""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from hub.content.folder import shown
from hub.taxonomy.schemas import SyncReport as TaxonomyReport
from hub.taxonomy.schemas import TermRef

Progress = Callable[[int, int], None]


def unseen(_done: int, _total: int) -> None:
    """For callers who show no progress."""


class RejectedFile(BaseModel):
    file: str
    line: int
    reason: str


class RenamedFile(BaseModel):
    from_path: str = Field(serialization_alias="from")
    to: str
    slug: str


class ConflictingFile(BaseModel):
    file: str
    slug: str
    reason: str


class BrokenLink(BaseModel):
    file: str
    line: int
    target: str


class FolderReport(BaseModel):
    """The same for sync, check and export; lists that a command has no use for stay empty."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: list[RejectedFile] = []
    added_terms: list[TermRef] = []
    renamed: list[RenamedFile] = []
    missing: list[str] = []
    retired: list[str] = []
    conflicts: list[ConflictingFile] = []
    broken_links: list[BrokenLink] = []
    taxonomy: TaxonomyReport | None = None

    def reject(self, file: str, line: int, reason: str) -> None:
        self.rejected.append(RejectedFile(file=shown(file), line=line, reason=reason))

    def add(self, batch: "FolderReport") -> None:
        """What one batch brought."""
        for count in ("new", "changed", "unchanged"):
            setattr(self, count, getattr(self, count) + getattr(batch, count))
        for name in ("rejected", "renamed", "conflicts"):
            getattr(self, name).extend(getattr(batch, name))

    @property
    def refused_something(self) -> bool:
        refused_words = self.taxonomy is not None and bool(self.taxonomy.rejected)
        return bool(self.rejected or self.broken_links or refused_words)

    def finished(self) -> "FolderReport":
        """Sorted as a reader looks things up."""
        self.read = self.new + self.changed + self.unchanged + len(self.rejected)
        self.rejected.sort(key=lambda it: (it.file, it.line))
        self.missing.sort()
        return self

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)
