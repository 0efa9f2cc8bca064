"""Documents of the past that the archive has no room for, kept once somebody asked for them."""

from collections import OrderedDict

from handlers.http.public.document import Document

ROOM = 16 * 1024 * 1024
"""Bytes of such documents that are kept, until the next change."""
_ENTRY = 256
"""Bytes that an address takes at least, also where there is nothing."""
Address = tuple[str, str]


class AskedFor:
    """The documents that were asked for last, as many as there is room for; None: there is nothing at an address."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._known: OrderedDict[Address, Document | None] = OrderedDict()
        self._size = 0

    def __contains__(self, address: Address) -> bool:
        return address in self._known

    def __len__(self) -> int:
        return len(self._known)

    def get(self, address: Address) -> Document | None:
        """What is there. Raises KeyError where nobody asked."""
        self._known.move_to_end(address)
        return self._known[address]

    def keep(self, address: Address, document: Document | None) -> None:
        """Keep what is there; what nobody has asked for the longest makes room."""
        if address in self._known:
            self._size -= _size(address, self._known.pop(address))
        self._known[address] = document
        self._size += _size(address, document)
        while self._size > self._room:
            oldest, gone = self._known.popitem(last=False)
            self._size -= _size(oldest, gone)


def _size(address: Address, document: Document | None) -> int:
    return _ENTRY + sum(map(len, address)) + (document.size if document is not None else 0)
