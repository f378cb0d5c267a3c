"""How pages call things: kinds, states and teams by their English names, terms by their labels."""

from collections.abc import Mapping
from types import MappingProxyType

from sqlmodel import Session

from hub.assets.models import Kind, Status
from hub.people.roles import Role, Team
from hub.search.desk import FACETS
from hub.taxonomy import vocabulary

KINDS: Mapping[str, str] = MappingProxyType(
    {str(kind): kind.replace("_", " ").capitalize() for kind in Kind}
    | {Kind.EMAIL_TEMPLATE: "E-mail", Kind.ONE_PAGER: "One-pager", Kind.FAQ: "FAQ"}
)
STATUSES: Mapping[str, str] = MappingProxyType(
    {
        Status.DRAFT: "Draft",
        Status.IN_REVIEW: "In review",
        Status.PUBLISHED: "Live",
        Status.EXPIRED: "Expired",
        Status.RETIRED: "Retired",
    }
)
AUDIENCES: Mapping[str, str] = MappingProxyType({"internal": "Internal", "shareable": "May be shared"})
TEAMS: Mapping[str, str] = MappingProxyType({Team.SALES: "Sales", Team.MARKETING: "Marketing", Team.OTHER: "Other"})
ROLES: Mapping[str, str] = MappingProxyType({role: role.capitalize() for role in Role})
# What is tagged, in the order in which a page names it: the facet of search, the field of an asset, what it is called.
TAGS = (
    ("persona", "personas", "Persona"),
    ("stage", "stages", "Stage"),
    ("product", "products", "Product"),
    ("industry", "industries", "Industry"),
    ("competitor", "competitors", "Competitor"),
    ("region", "regions", "Region"),
)
_VOCABULARIES = (*FACETS.values(), "regions", "languages")


class Words:
    """The labels of all terms, as of one state of the taxonomy."""

    def __init__(self, labels: Mapping[tuple[str, str], str]) -> None:
        self._labels = labels

    def label(self, name: str, key: str) -> str:
        """What the term `key` of the vocabulary is called; a key that nobody knows stays as it is."""
        return self._labels.get((name, key), key)

    def keys(self, name: str) -> list[tuple[str, str]]:
        """(key, label) of a vocabulary, in its order."""
        return [(key, label) for (of, key), label in self._labels.items() if of == name]


_known: tuple[int, str, Words] = (0, "", Words({}))


def words(session: Session) -> Words:
    """Today's words; the terms are read anew only when one changed. One cheap query, else two."""
    global _known
    where, stamp = id(session.get_bind()), vocabulary.stamp(session)
    if _known[:2] != (where, stamp):
        terms = vocabulary.terms_of(session, *_VOCABULARIES)
        _known = where, stamp, Words({(term.vocabulary, term.key): term.label for term in terms})
    return _known[2]


def initials(name: str) -> str:
    parts = [part for part in name.split() if part[:1].isalnum()]
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper() or "?"
