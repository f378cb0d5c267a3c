"""The list of the hub's pages: what `create_app` includes. A new section adds its router here and its place, if it has
one in the navigation, to `places`."""

from hub.web import (
    account,
    assets,
    deals,
    embed,
    extension,
    feedback,
    first_start,
    inbox,
    offline,
    requests,
    retirements,
    reviews,
    saved_searches,
    search,
    sign_in,
    static_files,
    styleguide,
    uses,
    versions,
)
from hub.web.admin import events, health, imports, people, settings, taxonomy
from hub.web.insights import routes as insights
from hub.web.plan import routes as plan
from hub.web.writing import conflicts as content_conflicts
from hub.web.writing import editor as writing_editor
from hub.web.writing import mine as writing

ROUTERS = [
    search.router,
    saved_searches.router,
    uses.router,
    deals.router,
    requests.router,
    inbox.router,
    feedback.router,
    embed.router,
    assets.router,
    versions.router,
    writing.router,
    writing_editor.router,
    reviews.router,
    retirements.router,
    content_conflicts.router,
    *insights.ROUTERS,
    *plan.ROUTERS,
    account.router,
    sign_in.router,
    extension.router,
    first_start.router,
    styleguide.router,
    offline.router,
    taxonomy.router,
    people.router,
    imports.router,
    events.router,
    settings.router,
    health.router,
    static_files.router,
]
