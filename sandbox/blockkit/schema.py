"""Small checks that combine into Block Kit's rules. Each adds Slack's own sentences to a list of problems."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Schema = Callable[[Any, str, list[str]], None]
Rule = Callable[[dict[str, Any], str, list[str]], None]


def object_like(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None, *rules: Rule) -> Schema:
    """An object with these fields and no others, which also keeps `rules`."""
    optional = optional or {}

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            problems.append(f"must provide an object [json-pointer:{pointer}]")
            return
        for name in required:
            if value.get(name) is None:
                problems.append(f"missing required field: {name} [json-pointer:{pointer}]")
        for name, field in value.items():
            schema = required.get(name) or optional.get(name)
            if schema is None:
                problems.append(f"invalid additional property: {name} [json-pointer:{pointer}]")
            elif field is not None:
                schema(field, f"{pointer}/{name}", problems)
        for rule in rules:
            rule(value, pointer, problems)

    return check


def by_type(schemas: Mapping[str, Schema]) -> Schema:
    """An object whose `type` says which of these rules it keeps."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, dict):
            problems.append(f"must provide an object [json-pointer:{pointer}]")
            return
        kind = value.get("type")
        if kind is None:
            problems.append(f"missing required field: type [json-pointer:{pointer}]")
        elif not isinstance(kind, str) or kind not in schemas:
            problems.append(f"unsupported type: {kind} [json-pointer:{pointer}/type]")
        else:
            schemas[kind](value, pointer, problems)

    return check


def string(low: int = 0, high: int | None = None, *, pattern: str | None = None) -> Schema:
    """A text of `low` to `high` characters."""
    form = re.compile(pattern) if pattern else None

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, str):
            problems.append(f"must be a string [json-pointer:{pointer}]")
        elif len(value) < low:
            problems.append(f"must be more than {low - 1} characters [json-pointer:{pointer}]")
        elif high is not None and len(value) > high:
            problems.append(f"must be less than {high + 1} characters [json-pointer:{pointer}]")
        elif form is not None and not form.fullmatch(value):
            problems.append(f"must match the pattern {form.pattern} [json-pointer:{pointer}]")

    return check


def url(high: int = 3000) -> Schema:
    """A web address."""
    length = string(1, high)

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        length(value, pointer, problems)
        if isinstance(value, str) and not re.match(r"(https?://[^\s/]|mailto:|slack://)", value):
            problems.append(f"must be a valid URL [json-pointer:{pointer}]")

    return check


def integer(low: int | None = None, high: int | None = None) -> Schema:
    """A whole number from `low` to `high`."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            problems.append(f"must be an integer [json-pointer:{pointer}]")
        elif low is not None and value < low:
            problems.append(f"must be greater than {low - 1} [json-pointer:{pointer}]")
        elif high is not None and value > high:
            problems.append(f"must be less than {high + 1} [json-pointer:{pointer}]")

    return check


def boolean(value: Any, pointer: str, problems: list[str]) -> None:
    """A yes or no."""
    if not isinstance(value, bool):
        problems.append(f"must be a boolean [json-pointer:{pointer}]")


def anything(value: Any, pointer: str, problems: list[str]) -> None:
    """Whatever there is; somebody else checks it, or nobody does."""


def choice(*allowed: str) -> Schema:
    """One of these texts."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if value not in allowed:
            problems.append(f"must be a valid enum value [json-pointer:{pointer}]")

    return check


def array(item: Schema, low: int = 0, high: int | None = None) -> Schema:
    """A list of `low` to `high` items."""

    def check(value: Any, pointer: str, problems: list[str]) -> None:
        if not isinstance(value, list):
            problems.append(f"must provide an array [json-pointer:{pointer}]")
            return
        if len(value) < low:
            problems.append(f"no fewer than {low} items required [json-pointer:{pointer}]")
        if high is not None and len(value) > high:
            problems.append(f"no more than {high} items allowed [json-pointer:{pointer}]")
        for place, entry in enumerate(value):
            item(entry, f"{pointer}/{place}", problems)

    return check


def exactly_one(*names: str) -> Rule:
    """Exactly one of these fields is there."""

    def check(value: dict[str, Any], pointer: str, problems: list[str]) -> None:
        given = [name for name in names if value.get(name) is not None]
        if not given:
            problems.append(f"missing required field: {' or '.join(names)} [json-pointer:{pointer}]")
        elif len(given) > 1:
            problems.append(f"only one of {', '.join(names)} is allowed [json-pointer:{pointer}]")

    return check


def at_least_one(*names: str) -> Rule:
    """At least one of these fields is there."""

    def check(value: dict[str, Any], pointer: str, problems: list[str]) -> None:
        if all(value.get(name) is None for name in names):
            problems.append(f"missing required field: {' or '.join(names)} [json-pointer:{pointer}]")

    return check
