"""Reading what a client sent: JSON, form and multipart bodies, and Slack's loose argument types."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.requests import Request

from sandbox.errors import SlackError

Json = dict[str, Any]


async def read_args(request: Request) -> Json:
    """The arguments of a Web API call, from query and body. Raises SlackError for an unreadable body."""
    args: Json = dict(parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True))
    body = await request.body()
    if not body:
        return args
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json":
        return args | _read_json(body)
    if content_type == "multipart/form-data":
        async with request.form() as form:
            return args | {key: value for key, value in form.items() if not isinstance(value, UploadFile)}
    if content_type == "application/x-www-form-urlencoded":
        return args | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    raise SlackError("invalid_post_type")


def _read_json(body: bytes) -> Json:
    try:
        parsed = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(parsed, dict):
        raise SlackError("json_not_object")
    return parsed


class Args:
    """The arguments of one call, read as Slack reads them: numbers and flags may come as text."""

    def __init__(self, values: Json) -> None:
        self.values = values

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """The argument as text, empty when it was not given."""
        value = self.values.get(name)
        return "" if value is None else str(value)

    def require(self, *names: str) -> None:
        """Raise SlackError `invalid_arguments` unless all are given."""
        missing = [name for name in names if self.values.get(name) in (None, "")]
        if missing:
            messages = [f"[ERROR] missing required field: {name}" for name in missing]
            raise SlackError("invalid_arguments", response_metadata={"messages": messages})

    def flag(self, name: str, default: bool = False) -> bool:
        """The argument as a yes or no."""
        value = self.values.get(name)
        return default if value is None else value in (True, 1, "1", "true", "True")

    def number(self, name: str, default: int) -> int:
        """The argument as a whole number. Raises SlackError `invalid_arguments`."""
        try:
            return int(self.values.get(name) or default)
        except (TypeError, ValueError):
            raise SlackError("invalid_arguments") from None

    def structure(self, name: str, error: str = "invalid_arguments") -> Any:
        """The argument as an object or list, which forms carry as JSON text. Raises SlackError with `error`."""
        value = self.values.get(name)
        if not isinstance(value, str):
            # A copy, for what is kept of it goes on changing while the journal says what was sent.
            return json.loads(json.dumps(value))
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error) from None

    def list_of_text(self, name: str) -> list[str]:
        """The argument as a list, which forms carry separated by commas."""
        value = self.values.get(name)
        if isinstance(value, list):
            return [str(item) for item in value]
        return [part.strip() for part in str(value or "").split(",") if part.strip()]
