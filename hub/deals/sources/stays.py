"""From moments to stays. A stage that closes deals is no stay: it ends the one before, as won or lost, so that "Closed
lost" is never counted as a stage that a deal got through.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.deals.models import Outcome, StageResult
from hub.deals.schemas import MOST_STAGES
from hub.deals.sources.said import Moment


@dataclass(frozen=True, slots=True)
class Stage:
    """`outcome` is what being in it makes of a deal; None when the CRM has not told."""

    label: str
    pipeline: str = ""
    position: int | None = None
    outcome: Outcome | None = None

    @property
    def ends(self) -> StageResult | None:
        """How a stay ends that is followed by this stage, if it closes the deal."""
        return _RESULTS.get(self.outcome) if self.outcome is not None else None


@dataclass(slots=True)
class Stay:
    stage: Stage
    entered: datetime
    left: datetime | None = None
    result: StageResult | None = None

    def said(self) -> dict[str, Any]:
        return {"stage": self.stage.label, "entered": self.entered, "left": self.left, "result": self.result}

    def end(self, at: datetime, result: StageResult | None) -> None:
        if self.left is None:
            self.left, self.result = max(at, self.entered), result


_RESULTS = {Outcome.WON: StageResult.ADVANCED, Outcome.LOST: StageResult.LOST}


def stays(moments: Iterable[Moment], stages: Mapping[Moment, Stage]) -> list[Stay]:
    """The stays in the order of time, from moments in that order: the newest ones, when there are more than a deal may
    have. A deal that is reopened is in the stage again in which it was closed."""
    found: list[Stay] = []
    for moment in moments:
        at, kind, value = moment
        last = found[-1] if found else None
        if kind == "left":
            if last is not None:
                last.end(at, StageResult(value) if value else None)
        elif kind == "outcome":
            if value != Outcome.OPEN and last is not None:
                last.end(at, _RESULTS[Outcome(value)])
            elif value == Outcome.OPEN and last is not None and last.left is not None:
                found.append(Stay(last.stage, at))
        elif (stage := stages[moment]).ends is not None:
            if last is not None:
                last.end(at, stage.ends)
        elif last is None or last.left is not None or not _same(last.stage, stage):
            if last is not None:
                last.end(at, _passed(last.stage, stage))
            found.append(Stay(stage, at))
    return _apart(found)[-MOST_STAGES:]


def _passed(before: Stage, after: Stage) -> StageResult | None:
    """By the CRM's own order, within one pipeline; otherwise the hub's order of stages decides later."""
    if before.position is None or after.position is None or before.pipeline != after.pipeline:
        return None
    return StageResult.ADVANCED if after.position > before.position else None


def _same(before: Stage, after: Stage) -> bool:
    return _key(before) == _key(after)


def _key(stage: Stage) -> str:
    return " ".join(stage.label.casefold().split())


def _apart(found: list[Stay]) -> list[Stay]:
    """A stage that was entered twice at one moment is one stay: the later says how it went on."""
    return list({(_key(it.stage), it.entered): it for it in found}.values())
