"""YAML read node by node, so that every mistake can be named with its line."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

import yaml

T = TypeVar("T")

_ID = re.compile(r"[a-z0-9]{12}")
_MAX_NAME = 255
_TAG = "tag:yaml.org,2002:"


class Mistakes:
    """Collects what is wrong with a file, in the order of its lines."""

    def __init__(self) -> None:
        self._found: list[tuple[int, str]] = []

    def add(self, node: yaml.Node, sentence: str) -> None:
        """Something is wrong at this node."""
        self._found.append((node.start_mark.line + 1, sentence))

    def sentences(self) -> Sequence[str]:
        """One sentence per mistake, beginning with its line."""
        return [f"Line {line}: {sentence}" for line, sentence in sorted(self._found, key=lambda found: found[0])]


class Fields:
    """A mapping whose fields are asked for one by one; what nobody asked for is a mistake."""

    def __init__(self, node: yaml.Node, what: str, mistakes: Mistakes) -> None:
        self.node = node
        self._what = what
        self._mistakes = mistakes
        self._left: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        self._known: list[str] = []
        self.taken_back: set[str] = set()
        """Fields that are there and empty: what an earlier file set there is not to be any more."""
        if not isinstance(node, yaml.MappingNode):
            mistakes.add(node, f"{what} must be fields with values, as in `name: Acme`.")
            return
        for key, value in node.value:
            name = str(key.value)
            if name in self._left:
                mistakes.add(key, f"`{name}` is there twice in {what}.")
            self._left[name] = (key, value)

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def find(self, name: str) -> yaml.Node | None:
        """The field's value; None when it is absent or empty."""
        self._known.append(name)
        _, value = self._left.pop(name, (None, None))
        blank = isinstance(value, yaml.ScalarNode) and not str(value.value).strip()
        if value is not None and (blank or value.tag == f"{_TAG}null"):
            self.taken_back.add(name)
            return None
        return value

    def text(self, name: str, *, required: bool = False, limit: int | None = _MAX_NAME) -> str | None:
        """A field of text; quotes are not needed, not even around numbers."""
        value = self.find(name)
        if value is None:
            if required and isinstance(self.node, yaml.MappingNode):
                self._mistakes.add(self.node, f"{self._what} needs a `{name}`.")
            return None
        if not isinstance(value, yaml.ScalarNode):
            self._mistakes.add(value, f"`{name}` of {self._what} must be text.")
            return None
        text = str(value.value).strip()
        if limit is not None and len(text) > limit:
            self._mistakes.add(value, f"`{name}` of {self._what} has {len(text)} characters; at most {limit} fit.")
        return text

    def identifier(self, name: str = "id") -> str | None:
        """A field with a Statuspage id."""
        value = self.find(name)
        if value is None:
            return None
        text = str(value.value)
        if not isinstance(value, yaml.ScalarNode) or not _ID.fullmatch(text):
            self._mistakes.add(
                value, f"`{name}` of {self._what} must be 12 small letters and digits, as Statuspage's are."
            )
            return None
        return text

    def flag(self, name: str) -> bool | None:
        """A field that is true or false."""
        value = self.find(name)
        if value is None:
            return None
        if value.tag != f"{_TAG}bool":
            self._mistakes.add(value, f"`{name}` of {self._what} must be true or false.")
            return None
        return bool(yaml.SafeLoader.bool_values[str(value.value).lower()])

    def day(self, name: str) -> date | None:
        """A field with a date, as 2026-03-02."""
        value = self.find(name)
        if value is None:
            return None
        try:
            return date.fromisoformat(str(value.value))
        except ValueError:
            self._mistakes.add(value, f"`{name}` of {self._what} must be a date as in 2026-03-02.")
            return None

    def chosen(self, name: str, choices: Mapping[str, T], default: T) -> T:
        """A field with one of a few words."""
        value = self.find(name)
        if value is None:
            return default
        if str(value.value) not in choices:
            words = ", ".join(choices)
            self._mistakes.add(value, f"“{value.value}” is no `{name}`; {self._what} may have: {words}.")
            return default
        return choices[str(value.value)]

    def each(self, name: str, read: Callable[[yaml.Node], T | None]) -> tuple[T, ...]:
        """A field with a list; `read` makes something of each entry, or None after noting a mistake."""
        value = self.find(name)
        if value is None:
            return ()
        if not isinstance(value, yaml.SequenceNode):
            self._mistakes.add(value, f"`{name}` of {self._what} must be a list, each entry behind a dash.")
            return ()
        entries = [read(node) for node in value.value]
        return tuple(entry for entry in entries if entry is not None)

    def plain(self, names: Sequence[str]) -> dict[str, Any]:
        """Those of the named fields that are there, with whatever plain value they have."""
        found: dict[str, Any] = {}
        for name in names:
            value = self.find(name)
            if value is None:
                continue
            if isinstance(value, yaml.ScalarNode):
                loaded = yaml.safe_load(yaml.serialize(value))
                found[name] = loaded if isinstance(loaded, bool | int | float | str) else str(value.value)
            else:
                self._mistakes.add(value, f"`{name}` of {self._what} must be a single value.")
        return found

    def end(self) -> None:
        """Call it when every field was asked for."""
        for name, (key, _) in self._left.items():
            self._mistakes.add(key, f"{self._what} has no field `{name}`; it may have: {', '.join(self._known)}.")
