"""The list of the API's resources: what `create_app` includes, in the order in which the API pages show them."""

from hub.api import (
    assets,
    attachments,
    conflicts,
    docs,
    events,
    extension,
    freshness,
    health,
    imports,
    people,
    reviews,
    sessions,
    taxonomy,
    tokens,
)

ROUTERS = [
    assets.router,
    reviews.router,
    freshness.router,
    attachments.router,
    taxonomy.router,
    imports.router,
    conflicts.router,
    extension.router,
    sessions.router,
    people.router,
    tokens.router,
    events.router,
    health.router,
    docs.router,
]
ROOT = health.root
