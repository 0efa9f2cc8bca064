"""Reasons and names as people give them, made fit to be kept: one rule for each, whatever they are for. Pure."""

from desk.errors import UNKEPT, InvalidInputError
from desk.masking import refuse_secrets
from desk.texts import can_be_kept, clean_line, clean_text, find_control

MAXIMUM_REASON = 1000
"""Characters. Messages show what has room on them, and whoever asks is shown all of it."""
MAXIMUM_KEY_NAME = 100
"""Characters of an API key's name."""


def check_reason(reason: str, *, ask: str | None = "Say why, in a few words: others will wonder.") -> str:
    """The reason, fit to be kept; without one InvalidInputError says `ask`. Where that is None, it may be left out.

    Raises InvalidInputError (field `reason`) for a secret in it, too, and when it is too long.
    """
    text = clean_text(reason)
    refuse_broken(text, field="reason")
    refuse_secrets(text, field="reason")
    if not text and ask is not None:
        raise InvalidInputError(ask, field="reason")
    if len(text) > MAXIMUM_REASON:
        raise InvalidInputError(f"A reason has at most {MAXIMUM_REASON} characters.", field="reason")
    return text


def check_name(
    name: str, *, of: str, limit: int, hint: str, too_long: str = "Shorten it.", field: str = "name"
) -> str:
    """The name in one line, fit to be kept: `of` says of what it is, `hint` what a good one says.

    Raises InvalidInputError (`field`) without one, for a sign that no screen shows or a secret in it, and when it is
    longer than `limit`.
    """
    line = clean_line(name)
    if line:
        refuse_unseen(name, field=field)
    # In one line, one that is broken over lines is none any more.
    refuse_secrets(line, name, field=field)
    if not line:
        raise InvalidInputError(f"{of} needs a name.", hint, field=field)
    if len(line) > limit:
        raise InvalidInputError(
            f"The name has {len(line)} characters, and at most {limit} fit.", too_long, field=field
        )
    return line


def refuse_broken(text: str, *, field: str | None = None) -> None:
    """Raises InvalidInputError (`field`) for half a character, which no database takes."""
    if not can_be_kept(text):
        raise InvalidInputError(*UNKEPT, field=field)


def refuse_unseen(text: str, *, field: str | None = None) -> None:
    """As `refuse_broken`, also for a sign that no screen shows, where dropping it might change what is meant."""
    refuse_broken(text, field=field)
    control = find_control(text)
    if control is not None:
        raise InvalidInputError(
            f"That holds a sign that no screen shows ({control}).", "Type it again rather than paste it.", field=field
        )


def check_key_name(name: str) -> str:
    """An API key's name, asked for or changed. Raises InvalidInputError (field `name`)."""
    return check_name(name, of="A key", limit=MAXIMUM_KEY_NAME, hint="Name it after what will use it.")
