"""Whether there is enough to say anything at all, and what is missing."""

from dataclasses import dataclass

import numpy as np

from hub.insights.evidence.rows import Rows


@dataclass(frozen=True)
class Minimum:
    """The least a page of evidence is shown for."""

    finished: int = 300
    lost: int = 60
    advanced: int = 60
    owners: int = 5


@dataclass(frozen=True)
class Counted:
    """Finished stages, how they ended, and the owners of their deals."""

    finished: int
    lost: int
    advanced: int
    owners: int


@dataclass(frozen=True)
class Missing:
    """How many more of each are needed; nothing when all are 0."""

    finished: int
    lost: int
    advanced: int
    owners: int

    def __bool__(self) -> bool:
        return max(self.finished, self.lost, self.advanced, self.owners) > 0

    def sentence(self) -> str:
        """For a person; empty when nothing is missing."""
        wanted = {
            "finished stages": self.finished,
            "of them lost": self.lost,
            "of them advanced": self.advanced,
            "owners of deals": self.owners,
        }
        parts = [f"{many} more {what}" for what, many in wanted.items() if many]
        return f"Not enough finished deals: {', '.join(parts)} needed." if parts else ""


def count(rows: Rows) -> Counted:
    owners = rows.situations.owner
    advanced = int(rows.advanced.sum())
    return Counted(len(rows), len(rows) - advanced, advanced, len(np.unique(owners[owners >= 0])))


def missing(counted: Counted, minimum: Minimum) -> Missing:
    names = ("finished", "lost", "advanced", "owners")
    return Missing(*(max(getattr(minimum, name) - getattr(counted, name), 0) for name in names))
