"""Failures on demand: what goes wrong on the next matching call or delivery."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.errors import RefusedError

CALL_FAULTS = frozenset({"ratelimited", "http_500", "timeout", "drop", "error"})
DELIVERY_FAULTS = frozenset({"duplicate", "drop", "timeout"})
SOCKET_FAULTS = frozenset({"socket_disconnect", "socket_drop"})


@dataclass
class Fault:
    """One failure, used up after `times` matching calls."""

    kind: str
    method: str = "*"
    times: int = 1
    match: str | None = None
    retry_after: int = 1
    seconds: float = 30.0
    carried_out: bool = False
    error: str = "internal_error"
    reason: str = "refresh_requested"


class Faults:
    """The failures that are still to come."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fields: dict[str, Any]) -> Fault:
        """Arm a fault. Raises RefusedError when its fields make no sense."""
        fault = parse_fault(fields)
        self._faults.append(fault)
        return fault

    def take_for_call(self, method: str, args: dict[str, Any]) -> Fault | None:
        """Use up one fault that fits this Web API call, the earliest armed first."""
        return self._take(method, args, CALL_FAULTS, {method, "*"}) if self._faults else None

    def take_for_delivery(self, payload: Any) -> Fault | None:
        """Use up one fault that fits this delivery to the app."""
        return self._take("delivery", payload, DELIVERY_FAULTS, {"delivery"}) if self._faults else None

    def clear(self) -> None:
        """Disarm all."""
        self._faults.clear()

    def list_faults(self) -> list[dict[str, Any]]:
        """The armed faults, as given."""
        return [asdict(fault) for fault in self._faults]

    def _take(self, method: str, args: Any, kinds: frozenset[str], methods: set[str]) -> Fault | None:
        for fault in self._faults:
            if fault.kind not in kinds or fault.method not in methods:
                continue
            if fault.match is not None and fault.match not in json.dumps(args, ensure_ascii=False):
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            return fault
        return None


def parse_fault(fields: dict[str, Any]) -> Fault:
    """Check and build a fault. Raises RefusedError with a sentence."""
    kind, method = fields.get("kind"), fields.get("method", "*")
    unknown = set(fields) - set(Fault.__dataclass_fields__)
    if unknown:
        raise RefusedError(f"A fault has no field {sorted(unknown)[0]!r}.")
    if kind == "duplicate" or (kind in SOCKET_FAULTS and method == "*"):
        method = "delivery"
    allowed = (DELIVERY_FAULTS | SOCKET_FAULTS) if method == "delivery" else CALL_FAULTS
    if kind not in allowed:
        raise RefusedError(f"There is no fault {kind!r} for {method}; there are {', '.join(sorted(allowed))}.")
    return Fault(**{**fields, "method": method})
