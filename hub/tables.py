"""Every table of the hub, imported in one place: for migrations, backups and tests that need the whole schema."""

from hub.assets import models as assets
from hub.assets import writing_models as writing
from hub.db import metadata
from hub.deals import models as deals
from hub.deals.sources import models as crm
from hub.errands import models as errands
from hub.events import models as events
from hub.insights import models as insights
from hub.people import models as people
from hub.planning import models as planning
from hub.search import models as search
from hub.taxonomy import models as taxonomy
from hub.usage import models as usage

__all__ = [
    "assets",
    "crm",
    "deals",
    "errands",
    "events",
    "insights",
    "metadata",
    "people",
    "planning",
    "search",
    "taxonomy",
    "usage",
    "writing",
]
