"""Every table of the hub, imported in one place: for migrations, backups and tests that need the whole schema."""

from hub.assets import models as assets
from hub.db import metadata
from hub.events import models as events
from hub.people import models as people
from hub.taxonomy import models as taxonomy

__all__ = ["assets", "events", "metadata", "people", "taxonomy"]
