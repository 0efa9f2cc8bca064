"""What people have entered in a modal or message, read from Slack's `state.values`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from desk.texts import clean_text

_CHOSEN = ("selected_user", "selected_date", "selected_time", "selected_conversation", "selected_channel")
_CHOSEN_MANY = ("selected_users", "selected_conversations", "selected_channels")


@dataclass(frozen=True, slots=True)
class Entered:
    """The inputs of a surface as a person has filled them in, by block id."""

    values: dict[str, dict[str, Any]]
    """Block id → action id → state."""

    def _state(self, block_id: str) -> dict[str, Any]:
        return next(iter(self.values.get(block_id, {}).values()), {})

    def text(self, block_id: str) -> str:
        """A text input's value, fit to be kept (see `desk.texts`); empty when nothing was typed."""
        return clean_text(str(self._state(block_id).get("value") or ""))

    def choice(self, block_id: str) -> str | None:
        """The value of a select, radio group, date (`YYYY-MM-DD`), time (`HH:MM`), user or conversation."""
        return choice_in(self._state(block_id))

    def choices(self, block_id: str) -> list[str]:
        """The values chosen in a multi-select or checkbox group."""
        state = self._state(block_id)
        options = [str(choice["value"]) for choice in state.get("selected_options") or []]
        return options + [str(chosen) for name in _CHOSEN_MANY for chosen in state.get(name) or []]

    def instant(self, block_id: str) -> datetime | None:
        """The instant chosen in a datetimepicker, in UTC."""
        seconds = self._state(block_id).get("selected_date_time")
        return None if seconds is None else datetime.fromtimestamp(int(seconds), UTC)


def choice_in(state: dict[str, Any]) -> str | None:
    """The one value chosen in an element, by its state or by the action of a click."""
    if state.get("selected_option"):
        return str(state["selected_option"]["value"])
    return next((str(state[name]) for name in _CHOSEN if state.get(name)), None)
