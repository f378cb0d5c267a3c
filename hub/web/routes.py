"""The list of the hub's pages: what `create_app` includes. A new section adds its router here and its place, if it has
one in the navigation, to `places`."""

from hub.web import account, assets, first_start, offline, search, sign_in, static_files, styleguide, versions

ROUTERS = [
    search.router,
    assets.router,
    versions.router,
    account.router,
    sign_in.router,
    first_start.router,
    styleguide.router,
    offline.router,
    static_files.router,
]
