"""What somebody gives with a change of a key: filled in in its form, or typed behind its command.

Each is read when it is asked for. Raises InvalidInputError whose field is the form's input.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from desk.commands import slash
from desk.durations import parse_duration
from desk.errors import InvalidInputError
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import number_in
from handlers.slack.framework.payloads import ViewState
from handlers.slack.keys.parsing import Said, read_person, read_until
from storage.models import ApiKey


@dataclass(frozen=True, slots=True)
class FormInputs:
    """Of a submitted form."""

    state: ViewState
    zone: tzinfo
    """The person's own."""
    version: int | None
    """That of the key that the person saw."""
    confirmed: bool
    """Whether they go on all the same: they were warned."""
    is_typed: bool = False
    """Whether the answer stands by itself, not in the place of the form."""

    def name(self) -> str:
        """A new name."""
        return self.state.name("name")

    def reason(self) -> str:
        """Why; empty where that was not said."""
        return self.state.text("reason")

    def until(self) -> datetime:
        """Until when; a typed span counts from now."""
        return end_of_day(self.state.choice("until"), self.zone)

    def longer(self) -> datetime:
        """The same; a typed span counts from when the key expires."""
        return self.until()

    def grace(self) -> timedelta | None:
        """How long the old secret works on; None: as policy has it."""
        seconds = number_in(self.state.choice("grace") or "")
        if seconds is None:
            raise InvalidInputError("Choose how long the old key works on.", field="grace")
        return timedelta(seconds=seconds)

    def person(self) -> str:
        """The Slack id of whoever is named."""
        return self.state.choice("holder") or ""


@dataclass(frozen=True, slots=True)
class TypedInputs:
    """Of a typed line; and of a button that needs no form, with which nothing but the key is said."""

    tx: Transaction
    key: ApiKey
    said: Said
    version: int | None = None
    is_typed: bool = True

    @property
    def confirmed(self) -> bool:
        return self.said.confirmed

    def name(self) -> str:
        name = self.said.text("to")
        if not name:
            raise InvalidInputError(
                "What is its new name?", f"Write: {slash(f'keys rename {self.key.start} to “new name”')}."
            )
        return name

    def reason(self) -> str:
        return self.said.reason

    def until(self) -> datetime:
        return read_until(self.tx, self.said)

    def longer(self) -> datetime:
        return read_until(self.tx, self.said, expires_at=self.key.expires_at)

    def grace(self) -> timedelta | None:
        text = self.said.text("grace")
        return parse_duration(text) if text else None

    def person(self) -> str:
        return read_person(self.tx, self.said.parts.get("to", []))


Inputs = FormInputs | TypedInputs


def end_of_day(date: str | None, zone: tzinfo) -> datetime:
    """The last minute of a day that was picked, in the person's zone. Raises InvalidInputError (`until`)."""
    try:
        picked = datetime.strptime(date or "", "%Y-%m-%d").date()  # noqa: DTZ007 - the zone follows
    except ValueError:
        raise InvalidInputError("Choose a day.", field="until") from None
    return datetime.combine(picked, time(23, 59), tzinfo=zone).astimezone(UTC)
