"""Answers that took long to make, kept for as long as nothing that they tell of has changed."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.http.answers import Answer
from storage.models import Revision
from storage.signals import Topic

ROOM = 32 * 1024 * 1024
"""Bytes of all answers together: lists of incidents have up to some hundred thousand each."""
_ENTRY = 500
_CURRENT = select(Revision.value).where(Revision.topic == Topic.PAGES)


class RememberedAnswers:
    """The answers that were asked for last, as many as there is room for, by what was asked.

    Each call reads how often pages have changed so far, so that an answer is never older than the database is, in
    whatever process somebody wrote.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._lock = threading.Lock()
        self._known: OrderedDict[Hashable, tuple[int, Answer]] = OrderedDict()
        self._size = 0

    def get(self, session: Session, asked: Hashable, make: Callable[[], Answer]) -> Answer:
        """What was answered before, or what `make` reads in the session now."""
        # The revision first: when a commit comes in between, the answer looks older than it is, never newer.
        current = session.scalars(_CURRENT).one()
        with self._lock:
            revision, answer = self._known.get(asked, (None, None))
            if answer is not None and revision == current:
                self._known.move_to_end(asked)
                return answer
        answer = make()
        with self._lock:
            self._keep(asked, current, answer)
        return answer

    def _keep(self, asked: Hashable, revision: int, answer: Answer) -> None:
        _, before = self._known.pop(asked, (None, None))
        self._size -= _size(before) if before is not None else 0
        self._known[asked] = (revision, answer)
        self._size += _size(answer)
        while self._size > self._room:
            _, (_, gone) = self._known.popitem(last=False)
            self._size -= _size(gone)


def _size(answer: Answer) -> int:
    return _ENTRY + len(answer.body)
