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
    Place("account", "Account", "/account", "person", Deed.OWN_ACCOUNT, group="You", thumb=True),
    Place("tokens", "Tokens", "/account/tokens", "key", Deed.MAKE_TOKEN, group="You"),
)


def places_for(actor: Actor) -> list[Place]:
    return [place for place in PLACES if may(actor, place.deed, own=True)]
