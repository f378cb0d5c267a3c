"""Which content helps to win: lifts with honest ranges, from arrays of deals, stage entries and uses.

Pure arithmetic: no database, no web, nothing read or written. `estimate` is the entrance; the docstrings of what it
returns say what each array holds. The method compares only deals that finished the same stage, puts how much content
was used beside the assets, and shrinks all assets together.
"""

from hub.insights.evidence.cells import CellFindings
from hub.insights.evidence.findings import Findings
from hub.insights.evidence.guards import Guards
from hub.insights.evidence.hold_out import Assignments, HoldOut, read_hold_out
from hub.insights.evidence.minimum import Counted, Minimum, Missing
from hub.insights.evidence.nightly import Evidence, Start, estimate
from hub.insights.evidence.outlook import Outlook
from hub.insights.evidence.pipeline import OpenDeals, PassRates, Pipeline
from hub.insights.evidence.placebo import FalseAlarms, false_alarms
from hub.insights.evidence.rows import Dropped
from hub.insights.evidence.sentences import Caution, Fact, cautions, fact_of_asset, fact_of_cell, sentence
from hub.insights.evidence.tables import ADVANCED, LOST, MISSING, OPEN, WON, Deals, History, StageEntries, Uses
from hub.insights.evidence.today import with_new_rows
from hub.insights.evidence.verdicts import GOES_WITH_LOSING, NO_EVIDENCE, PROMISING, PROVEN, TOO_EARLY, WATCH

__all__ = [
    "ADVANCED",
    "GOES_WITH_LOSING",
    "LOST",
    "MISSING",
    "NO_EVIDENCE",
    "OPEN",
    "PROMISING",
    "PROVEN",
    "TOO_EARLY",
    "WATCH",
    "WON",
    "Assignments",
    "Caution",
    "CellFindings",
    "Counted",
    "Deals",
    "Dropped",
    "Evidence",
    "Fact",
    "FalseAlarms",
    "Findings",
    "Guards",
    "History",
    "HoldOut",
    "Minimum",
    "Missing",
    "OpenDeals",
    "Outlook",
    "PassRates",
    "Pipeline",
    "StageEntries",
    "Start",
    "Uses",
    "cautions",
    "estimate",
    "fact_of_asset",
    "fact_of_cell",
    "false_alarms",
    "read_hold_out",
    "sentence",
    "with_new_rows",
]
