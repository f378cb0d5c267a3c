"""The texts of documents a Meilisearch server found, kept from one keystroke to the next.

The planner reads every candidate. Two keystrokes bring nearly the same ones, so the server names them with their
fingerprints, and only texts that are not here yet travel. A text under its fingerprint never changes; who may see
it is asked of the server every time.
"""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from hub.search.documents import Shown

FIELDS = ["key", "id", "fingerprint", "reading", "shown", "evidence_band"]
_MOST_CHARACTERS = 48_000_000  # kept at once; a usual document has some thousand

Name = tuple[str, str]  # key, fingerprint


class StoredText:
    """What the planner reads of one document."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.name: Name = stored["key"], stored["fingerprint"]
        self.id: str = stored["id"]
        self.reading: str = stored["reading"]
        self.evidence_band: int = stored["evidence_band"]
        self.size = len(stored["reading"]) + 2 * len(stored["shown"])
        self._shown: str = stored["shown"]

    @cached_property
    def shown(self) -> Shown:
        return Shown(**json.loads(self._shown))


class MeiliTexts:
    """Texts by document and fingerprint, those not used for longest dropped first. For any number of threads."""

    def __init__(self, most: int = _MOST_CHARACTERS) -> None:
        self._most = most
        self._size = 0
        self._held: OrderedDict[Name, StoredText] = OrderedDict()
        self._guard = threading.Lock()

    def known(self, hits: Sequence[Mapping[str, Any]]) -> dict[str, StoredText]:
        """Key → text, of those that are here."""
        with self._guard:
            return {hit["key"]: text for hit in hits if (text := self._used((hit["key"], hit["fingerprint"])))}

    def learn(self, documents: Iterable[Mapping[str, Any]]) -> dict[str, StoredText]:
        """Key → text, of these documents as the server stores them."""
        found = [StoredText(one) for one in documents]
        with self._guard:
            for text in found:
                self._keep(text)
        return {text.name[0]: text for text in found}

    def _used(self, name: Name) -> StoredText | None:
        if (text := self._held.get(name)) is not None:
            self._held.move_to_end(name)
        return text

    def _keep(self, text: StoredText) -> None:
        if (before := self._held.pop(text.name, None)) is not None:
            self._size -= before.size
        self._held[text.name] = text
        self._size += text.size
        while self._size > self._most and self._held:
            self._size -= self._held.popitem(last=False)[1].size


def shown_in(stored: Mapping[str, Any]) -> Shown:
    """What a stored document shows."""
    return Shown(**json.loads(stored["shown"]))


def pages_in(stored: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The attachments of a stored document: name, and text by page."""
    return [(name, pages) for name, pages in json.loads(stored["pages"])]
