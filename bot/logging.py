"""Log lines: events with keys and values, readable on a terminal, JSON elsewhere, and never with a secret in them.

Libraries log through the standard library; their lines take the same way.
"""

import logging
import logging.config
import re
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.settings import LogFormat

# A key by its prefix (its first characters alone are public: they name it), Slack's tokens, a password in an address.
_SECRET = re.compile(r"\b(kd_)\w{12,}|\b(xox[a-z][-.]|xapp-)[\w.%-]+|(://[^/\s:@]*:)[^/\s@]+(?=@)")
# Request bodies and headers are theirs at debug level; a token in a form we do not know must not pass that way.
_QUIET = {
    "slack_sdk": "INFO",
    "slack_bolt": "INFO",
    "httpx": "WARNING",
    "apscheduler": "WARNING",
    "asyncio": "WARNING",
}
# Bolt says so at every start when it is given a client and an `authorize`, which is what we mean to give it.
_NOISE = ("As you gave `client` as well", "As `installation_store` or `authorize` has been used")


def mask(text: str) -> str:
    """`text` with everything that looks like a Keydesk key, a Slack token or a password in an address cut out."""
    return _SECRET.sub(lambda match: f"{match[match.lastindex or 0]}[masked]", text)


def _masked(value: Any) -> Any:
    match value:
        case str():
            return mask(value)
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {_masked(key): _masked(item) for key, item in value.items()}
        case bytes():
            return mask(value.decode("utf-8", "replace"))
        case Sequence() | set() | frozenset():
            return [_masked(item) for item in value]
        case BaseException():
            return mask(f"{type(value).__name__}: {value}")
    return mask(str(value))


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor that masks secrets in every key and value, however deep."""
    return {key: value if key.startswith("_") else _masked(value) for key, value in event.items()}


# What happens to our own lines and to those of libraries alike. Tracebacks become text before masking, because an
# exception's words may hold what it choked on.
_PROCESSORS: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    mask_secrets,
)


def _worth_writing(record: logging.LogRecord) -> bool:
    return not (record.name.startswith("slack_bolt") and str(record.msg).startswith(_NOISE))


def configure_logging(log_format: LogFormat, level: str, stream: IO[str] | None = None) -> None:
    """Send every log line of the process, ours and the libraries', to `stream` (standard error)."""
    stream = stream or sys.stderr
    json = log_format is LogFormat.JSON or (log_format is LogFormat.AUTO and not stream.isatty())
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), timestamp_key="at", exception_formatter=structlog.dev.plain_traceback
        )
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_PROCESSORS,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        use_get_message=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.addFilter(_worth_writing)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(logging.getLevelName(least), root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
