"""The places of the hub, in the order of the navigation. Only what there is: a section adds its place here.

A place is shown to those who may do its deed. `thumb` places stand at the bottom of a small screen, five at most.
"""

from dataclasses import dataclass

from hub.people.roles import Actor, Deed, may


@dataclass(frozen=True, slots=True)
class Place:
    """`key` is what a page says it belongs to; `group` is the heading above it."""

    key: str
    name: str
    href: str
    icon: str
    deed: Deed
    group: str = ""
    thumb: bool = False


PLACES = (
    Place("search", "Search", "/", "search", Deed.READ_LIVE, thumb=True),
    Place("assets", "Library", "/assets", "library", Deed.READ_LIVE, thumb=True),
    Place("write", "Write", "/write", "write", Deed.CREATE_ASSET),
    Place("reviews", "Review", "/reviews", "review", Deed.CREATE_ASSET),
    Place("inbox", "Inbox", "/inbox", "inbox", Deed.READ_INBOX, thumb=True),
    Place("deals", "Deals", "/deals", "deals", Deed.READ_DEALS, thumb=True),
    Place("insights", "Insights", "/insights", "insights", Deed.READ_INSIGHTS, group="Results"),
    Place("plan", "Plan", "/plan", "plan", Deed.READ_PLAN, group="Results"),
    Place("taxonomy", "Taxonomy", "/taxonomy", "words", Deed.READ_TAXONOMY, group="Hub"),
    Place("people", "People", "/people", "people", Deed.READ_PEOPLE, group="Hub"),
    Place("imports", "Imports", "/imports", "upload", Deed.IMPORT_CONTENT, group="Hub"),
    Place("events", "Events", "/events", "history", Deed.LOOK_AFTER_HUB, group="Hub"),
    Place("settings", "Settings", "/settings", "admin", Deed.LOOK_AFTER_HUB, group="Hub"),
    Place("health", "Health", "/admin/health", "health", Deed.LOOK_AFTER_HUB, group="Hub"),
    Place("account", "Account", "/account", "person", Deed.OWN_ACCOUNT, group="You", thumb=True),
    Place("tokens", "Tokens", "/account/tokens", "key", Deed.MAKE_TOKEN, group="You"),
    Place("extension", "Extension", "/extension", "download", Deed.READ_LIVE, group="You"),
)


def places_for(actor: Actor) -> list[Place]:
    return [place for place in PLACES if may(actor, place.deed, own=True)]
