"""Log lines: events with keys and values, readable on a terminal, JSON elsewhere, and never with a secret in them.

Libraries log through the standard library; their lines take the same way.
"""

import contextlib
import logging
import logging.config
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import IO, Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.settings import LogFormat
from bot.sparing import SparingFilter, mark_away, without_mark
from desk.masking import Masker
from desk.secret_shapes import MASK

_OURS = frozenset({"bot", "desk", "handlers", "storage"})
"""Whose debug lines are written. Libraries' hold whole requests and answers, in forms that no mask knows."""
_QUIET = ("httpx", "apscheduler", "asyncio", "aiohttp.access", "sqlalchemy", "alembic")
"""What else says things that nobody needs, below a warning."""
# Bolt says so at every start when it is given a client and an `authorize`, which is what we mean to give it.
_NOISE = ("As you gave `client` as well", "As `installation_store` or `authorize` has been used")

_log = structlog.get_logger(__name__)


def _without_colours(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # uvicorn says its lines a second time, with a terminal's colours.
    event.pop("color_message", None)
    return event


class _MaskSecrets:
    """A processor that masks secrets in every key and value, however deep."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: value if key.startswith("_") else self._masked(value) for key, value in event.items()}

    def _masked(self, value: Any) -> Any:
        match value:
            case None | bool() | int() | float():
                return value
            case Mapping():
                masked = {self._text(key): self._masked(item) for key, item in value.items()}
                return MASK if self._is_spread(value) else masked
            case list() | tuple() | set() | frozenset():
                return MASK if self._is_spread(value) else [self._masked(item) for item in value]
            case BaseException():
                return self._text(f"{type(value).__name__}: {value}")
        return self._text(value)

    def _text(self, value: Any) -> str:
        if isinstance(value, bytes | bytearray | memoryview):
            return self._masker.mask(bytes(value).decode("utf-8", "replace"))
        return self._masker.mask(str(value))

    def _is_spread(self, collection: Any) -> bool:
        # Pieces that are no secret each may be one together.
        return self._text(collection) == MASK


# What happens to our own lines and to those of libraries alike. Tracebacks become text before masking, because an
# exception's words may hold what it choked on.
_PROCESSORS: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    _without_colours,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    mark_away,
    structlog.processors.format_exc_info,
)


def _worth_writing(record: logging.LogRecord) -> bool:
    if record.levelno < logging.INFO:
        return record.name.partition(".")[0] in _OURS
    if record.levelno < logging.WARNING:
        return not record.name.startswith(_QUIET)
    return not (record.name.startswith("slack_bolt") and str(record.msg).startswith(_NOISE))


class _Handler(logging.StreamHandler[IO[str]]):
    """Of a line that cannot be written it says so, and not, as the standard library does, all that was in it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Called within an `except` block."""
        with contextlib.suppress(Exception):
            self.stream.write(f"A line of {record.name} could not be written ({_kind_of(sys.exc_info()[0])}).\n")


def _kind_of(kind: type[BaseException] | None) -> str:
    return kind.__name__ if kind else "no error"


def _say_last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What nobody caught, as a line like any other: Python's own would not be masked."""
    if not issubclass(kind, Exception):
        sys.__excepthook__(kind, error, trace)
        return
    _log.critical("uncaught_error", exc_info=(kind, error, trace))


def _say_of_thread(thrown: threading.ExceptHookArgs) -> None:
    if thrown.exc_value is not None:
        _say_last_words(thrown.exc_type, thrown.exc_value, thrown.exc_traceback)


def configure_logging(
    log_format: LogFormat, level: str, stream: IO[str] | None = None, secrets: Iterable[str] = ()
) -> None:
    """Send every log line of the process, ours and the libraries', to `stream` (standard error).

    What has the shape of a secret is masked, and `secrets` whatever their shape.
    """
    stream = stream or sys.stderr
    processors: tuple[Processor, ...] = (*_PROCESSORS, _MaskSecrets(Masker(secrets)))
    json = log_format is LogFormat.JSON or (log_format is LogFormat.AUTO and not stream.isatty())
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=processors,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, without_mark, renderer],
        use_get_message=True,
    )
    handler = _Handler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(_worth_writing)
    handler.addFilter(SparingFilter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # What it cannot put into such a line, as what a ping holds, Slack's library takes for a broken connection.
    logging.getLogger("slack_bolt").setLevel(logging.INFO if level == "debug" else logging.NOTSET)
    sys.excepthook = _say_last_words
    threading.excepthook = _say_of_thread
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *processors,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
