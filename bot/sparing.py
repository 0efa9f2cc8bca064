"""Log lines that say again what was said a moment ago: one a minute, with how many there were."""

import logging
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from structlog.typing import EventDict, WrappedLogger

from storage.database import is_away

_SECONDS = 60.0
_MOST = 500
"""How many troubles are told apart at once."""
_AWAY = "_away"
"""Holds, between `mark_away` and the filter, whether a line tells of a database that is away."""
_NEW_EACH_TIME = frozenset({"reference", "at", "exception", "exc_info", "late", "scheduled_at", "repeated"})
_OF_NOTHING_ELSE = _NEW_EACH_TIME | {"event", "level", "logger", "error", "job", "area", "topic", "task"}
"""What a line may hold that says no more than that the database is away: not how much was lost, nor of which key."""
_FOR_SOMEBODY = frozenset({"unexpected_error", "call_failed"})
"""A person was shown the reference of such a line: it is always there, though its traceback is not."""


def mark_away(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor, before errors become text: notes whether one of them says that the database is away."""
    thrown = event.get("exc_info")
    error = thrown[1] if isinstance(thrown, tuple) else thrown if thrown is not True else sys.exception()
    event[_AWAY] = is_away(error) or is_away(event.get("error"))
    return event


def without_mark(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor, before a line is written: the mark of a library's line, which the filter saw without one, goes."""
    event.pop(_AWAY, None)
    return event


@dataclass(slots=True)
class _Said:
    at: float
    since: int = 0


class SparingFilter(logging.Filter):
    """Lets warnings and errors through that are new, and those that are not once a minute.

    Of a database that is away every part of Keydesk says the same, so that it is said once for all of them.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._said: OrderedDict[str, _Said] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is to be written."""
        event = record.msg if isinstance(record.msg, dict) else None
        away = event.pop(_AWAY, False) if event is not None else is_away(record.exc_info and record.exc_info[1])
        if not logging.WARNING <= record.levelno < logging.CRITICAL:
            return True
        trouble = _trouble_of(record, event, away=away)
        now, said = self._monotonic(), self._said.get(trouble)
        if said is None or now - said.at >= _SECONDS:
            self._said[trouble] = _Said(now)
            self._said.move_to_end(trouble)
            if len(self._said) > _MOST:
                self._said.popitem(last=False)
            if said is not None and said.since and event is not None:
                event["repeated"] = said.since
            return True
        if event is not None and event.get("event") in _FOR_SOMEBODY and "reference" in event:
            if isinstance(exception := event.get("exception"), str):
                event["exception"] = _last_line(exception)
            return True
        said.since += 1
        return False


def _trouble_of(record: logging.LogRecord, event: Mapping[str, object] | None, *, away: bool) -> str:
    """What the line is about: two lines of the same say the same."""
    if away and (event is None or event.keys() <= _OF_NOTHING_ELSE):
        return "database"
    if event is None:
        return f"{record.name} {record.getMessage()}"[:1000]
    text = str({key: value for key, value in event.items() if key not in _NEW_EACH_TIME})
    return f"{record.name} {text}{_last_line(str(event.get('exception', '')))}"[:1000]


def _last_line(traceback: str) -> str:
    """What was raised, without what SQLAlchemy says below it."""
    return traceback.partition("\n[SQL: ")[0].partition("\n(Background")[0].rstrip().rpartition("\n")[2]
