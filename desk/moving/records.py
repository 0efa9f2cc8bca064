"""What a Statuspage elsewhere has, as it is taken over: columns by their names here."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedComponent:
    """A component or group."""

    id: str
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedPage:
    """A page with its components, groups first."""

    id: str
    name: str
    columns: Columns = field(default_factory=dict)
    components: Sequence[MovedComponent] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedTemplate:
    """Words kept for the next time."""

    id: str
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedUpdate:
    """One thing that was said."""

    id: str
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedIncident:
    """An incident or a maintenance, open or past, with its updates, the newest first."""

    id: str
    columns: Columns
    components: Sequence[str] = ()
    updates: Sequence[MovedUpdate] = ()


Moved = MovedPage | MovedComponent | MovedTemplate | MovedIncident


def digest_of(record: Moved) -> str:
    """Tells whether something is as it was when it was taken over."""
    text = json.dumps(asdict(record), sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
