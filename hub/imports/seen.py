"""Which keys a file has had so far, in which row first and with what beside them: forty bytes a key at most, where a
dict takes three hundred.
"""

from array import array
from collections.abc import Hashable

_64_BITS = 0xFFFF_FFFF_FFFF_FFFF


class Seen:
    """Open addressing over 64-bit hashes. Two keys of a million that share one are a chance of one in forty million
    (Python salts the hashes of texts, so nobody can look for such a pair)."""

    def __init__(self) -> None:
        self._make_room(1 << 10)
        self._count = 0

    def first(self, key: Hashable, row: int) -> int:
        """The row that had this key first: an earlier one, or `row` itself."""
        place = self._place(hash(key) & _64_BITS, row, 0)
        return self._rows[place]

    def other(self, key: Hashable, row: int, contents: Hashable) -> int | None:
        """None for the first row with this key, 0 for one that repeats it with the same contents, else the number of
        the first one."""
        said = hash(contents) & _64_BITS
        place = self._place(hash(key) & _64_BITS, row, said)
        if self._rows[place] == row:
            return None
        return 0 if self._contents[place] == said else self._rows[place]

    def _place(self, wanted: int, row: int, said: int) -> int:
        """Where the key stands; it is put there when it is new."""
        if 2 * self._count >= len(self._hashes):
            self._grow()
        hashes, rows, mask = self._hashes, self._rows, self._mask
        place = wanted & mask
        while rows[place]:
            if hashes[place] == wanted:
                return place
            place = (place + 1) & mask
        hashes[place], rows[place], self._contents[place] = wanted, row, said
        self._count += 1
        return place

    def _grow(self) -> None:
        held = zip(self._hashes, self._rows, self._contents, strict=True)
        self._make_room(2 * len(self._hashes))
        self._count = 0
        for wanted, row, said in held:
            if row:
                self._place(wanted, row, said)

    def _make_room(self, size: int) -> None:
        self._hashes, self._contents = array("Q", bytes(8 * size)), array("Q", bytes(8 * size))
        self._rows = array("I", bytes(4 * size))
        self._mask = size - 1
