"""Which engine this hub uses, and where."""

from hub.errors import Invalid
from hub.search.configuration import BadConfiguration, Configuration
from hub.search.embedded import EmbeddedEngine
from hub.search.engine import Engine
from hub.settings import Settings
from hub.shipped import folder


def load_configuration() -> Configuration:
    """The files of `search/`. Raises Invalid that names the file and the place."""
    try:
        return Configuration.load(folder("search"))
    except BadConfiguration as fault:
        raise Invalid(f"The search settings cannot be used: {fault}") from fault


def open_engine(settings: Settings, configuration: Configuration) -> Engine:
    """A Meilisearch server when one is set, else an index in the data directory. Opening needs no server."""
    if settings.meili_url:
        from hub.search.meili import MeiliEngine  # its client takes a third of a second to import

        key = settings.meili_key.get_secret_value() or None
        return MeiliEngine(settings.meili_url, key, configuration, prefix=settings.meili_index)
    return EmbeddedEngine(settings.data_dir / "search", configuration)
