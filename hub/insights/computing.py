"""Computing the evidence: the whole of it at night and on demand, and what is new during the day.

A run that is killed leaves the last complete one as it was; the next one starts over, cheaply, from where the last
complete one ended. Reading, fitting and writing are apart: the database is held for the first and the last only.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import structlog
from sqlmodel import Session, select

from hub.db import Database
from hub.deals.models import Deal
from hub.errors import Conflict
from hub.insights import experiments, found, keeping, turns
from hub.insights.attribution import Attribution, attribute
from hub.insights.close_rates import close_rates
from hub.insights.evidence import Evidence, Start, estimate, false_alarms, with_new_rows
from hub.insights.evidence.tables import ADVANCED, LOST, History
from hub.insights.found import Words
from hub.insights.inputs import Inputs
from hub.insights.learnt import Learnt
from hub.insights.loading import Loaded, changed_deals, load, load_changed, newest_entry
from hub.insights.models import EvidenceState, RunReason, RunState
from hub.insights.pipeline_figures import pass_rates
from hub.insights.runs import Running, end_dead, is_asked, is_due, is_running
from hub.taxonomy.vocabulary import terms_of

log = structlog.get_logger(__name__)
Progress = Callable[[float, str], None]

EVERY = timedelta(seconds=30)
LEASE = timedelta(minutes=30)
_MOST_CHANGED = 5_000  # deals; after a larger import the whole run is the right thing
_LOADED, _FITTED, _CREDITED, _TESTED = 0.15, 0.6, 0.7, 0.95
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Computer:
    """Computes with one set of inputs. Of any number of processes one computes at a time."""

    def __init__(self, database: Database, inputs: Inputs) -> None:
        self._database, self._inputs = database, inputs

    def compute(
        self,
        *,
        reason: RunReason = RunReason.COMMAND,
        asked_by: int | None = None,
        progress: Progress | None = None,
        placebo: bool = True,
    ) -> int:
        """A whole run; answers its id. `placebo` is the false-alarm test, half of the work. Raises Conflict when one is
        going on."""
        with turns.only_one(self._database):
            run = Running.begin(self._database, reason, asked_by)
            try:
                self._run(run, _Told(run, progress), placebo=placebo)
            except Exception as error:
                run.end(RunState.FAILED, str(error)[:500])
                raise
            except BaseException:
                run.end(RunState.INTERRUPTED)
                raise
            return run.id

    def do_what_is_due(self) -> None:
        """For the worker: a run that somebody asked for, last night's, or what is new since. Nothing when another
        process is at it."""
        try:
            self._end_dead_run()
            with self._database.reading() as session:
                asked, due = is_asked(session), is_due(session) and _has_deals(session)
            if asked or due:
                self.compute(reason=RunReason.ASKED if asked else RunReason.NIGHTLY)
            else:
                self.add_new_rows()
        except Conflict:
            log.info("evidence is being computed elsewhere")

    def add_new_rows(self) -> int:
        """Stages that finished since the last run move what is shown, under that run's model; its own rows stay.
        Answers for how many assets. Raises Conflict when a run is going on."""
        with self._database.reading() as session:
            state = session.exec(select(EvidenceState)).first()
            if state is None or newest_entry(session) <= state.seen_entry_id:
                return 0
        with turns.only_one(self._database):
            with self._database.reading() as session:
                if len(changed_deals(session, state.base_entry_id)) > _MOST_CHANGED:
                    return 0
                try:
                    learnt = Learnt.of(state.learnt)
                except ValueError as error:
                    log.warning("the day's stages wait for the next run", reason=str(error))
                    return 0
                loaded = load_changed(session, self._inputs, learnt.known, after_entry=state.base_entry_id)
            evidence = with_new_rows(learnt.evidence, loaded.history)
            return self._keep_today(state.run_id, loaded, evidence)

    def _end_dead_run(self) -> None:
        """A run whose process died says that it runs; who gets its turn knows better. Raises Conflict when it lives."""
        with self._database.reading() as session:
            if not is_running(session):
                return
        with turns.only_one(self._database), self._database.transaction() as session:
            end_dead(session)

    def _run(self, run: Running, tell: "_Told", *, placebo: bool) -> None:
        tell(0.0, "reading deals and uses")
        with self._database.reading() as session:
            loaded = load(session, self._inputs)
            start = _start(session, loaded)
        evidence = estimate(loaded.history, start=start, progress=tell.part(_LOADED, _FITTED))
        tell(_FITTED, "following the money")
        credit = attribute(loaded.history)
        tell(_CREDITED, "testing for false alarms")
        alarms = asdict(false_alarms(loaded.history)) if placebo and not evidence.missing else None
        tell(_TESTED, "writing")
        learnt = Learnt(evidence, loaded.known).as_bytes() if not evidence.missing else None
        with self._database.transaction() as session:
            words = Words.of(terms_of(session, "deal_stages", "personas"))
            rows = found.asset_rows(evidence, loaded.known)
            found.add_credit(rows, credit)
            cells = found.add_cells(rows, evidence, loaded.known, words)
            keeping.keep_run(session, run.id, rows, cells)
            if learnt is not None:
                keeping.keep_state(session, run.id, learnt, loaded.newest_entry_id)
            figures = _figures(session, loaded, evidence, credit)
            figures |= {"placebo": alarms, "verdicts": found.verdict_counts(rows)}
            run.complete(session, self._facts(loaded, evidence) | {"figures": figures})

    def _facts(self, loaded: Loaded, evidence: Evidence) -> dict[str, Any]:
        return {
            "cut_off": loaded.cut_off,
            "missing": evidence.missing.sentence(),
            "inputs": self._inputs.as_record(loaded.money.base),
            "read": loaded.counts | found.dropped(evidence),
            "warnings": loaded.money.warnings(),
        }

    def _keep_today(self, run_id: int, loaded: Loaded, evidence: Evidence) -> int:
        rows = found.asset_rows(evidence, loaded.known)
        with self._database.transaction() as session:
            state = session.get(EvidenceState, run_id, with_for_update=True)
            if state is None:
                return 0
            state.seen_entry_id = loaded.newest_entry_id
            return keeping.keep_today(session, run_id, rows)


class _Told:
    """Tells the run's row and whoever waits."""

    def __init__(self, run: Running, progress: Progress | None) -> None:
        self._run, self._progress = run, progress

    def __call__(self, share: float, doing: str) -> None:
        self._run.tell(share, doing)
        if self._progress is not None:
            self._progress(share, doing)

    def part(self, begin: float, end: float) -> Progress:
        return lambda share, doing: self(begin + share * (end - begin), doing)


def _start(session: Session, loaded: Loaded) -> Start | None:
    state = session.exec(select(EvidenceState)).first()
    try:
        return Learnt.of(state.learnt).start_for(loaded.known) if state is not None else None
    except ValueError as error:
        log.warning("the run starts from nothing", reason=str(error))
        return None


def _figures(session: Session, loaded: Loaded, evidence: Evidence, credit: Attribution) -> dict[str, Any]:
    """What was found of the pipeline itself, with words as they are now: an old report shows what it showed."""
    first, last = _span(loaded.history)
    model = evidence.model
    return {
        "finished": asdict(evidence.counted),
        "missing": asdict(evidence.missing),
        "from": first,
        "to": last,
        **pass_rates(session, loaded, evidence),
        "sources": [asdict(one) for one in close_rates(loaded.history, evidence)],
        "outlook": {"target": 100 * evidence.outlook.target, "good_share": evidence.outlook.good_share},
        "bias": {"mean": model.bias.mean, "spread": model.bias.spread},
        "carried": model.carried,
        "touched": {"deals": credit.touched, "won_amount": round(credit.won_amount, 2)},
        "experiments": experiments.read_all(session, loaded, evidence),
    }


def _span(history: History) -> tuple[str | None, str | None]:
    """The days on which the first and the last finished stage ended."""
    entries = history.entries
    over = (entries.result == LOST) | (entries.result == ADVANCED)
    left = entries.left[over & np.isfinite(entries.left)]
    if not len(left):
        return None, None
    first, last = (_EPOCH + timedelta(days=float(day)) for day in (left.min(), left.max()))
    return first.date().isoformat(), last.date().isoformat()


def _has_deals(session: Session) -> bool:
    return session.exec(select(Deal.id).limit(1)).first() is not None
