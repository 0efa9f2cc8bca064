"""What the desk says when it says no: one sentence for the person, and a hint of what to do next."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


class KeydeskError(Exception):
    """A refusal that a person can read. `hint` says what to do next; both are plain text without markup."""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}".strip()


class NotFoundError(KeydeskError):
    """The thing that was named does not exist, or not any more."""


class NotAllowedError(KeydeskError):
    """The person lacks the role that this needs."""


class InvalidInputError(KeydeskError):
    """Something that was typed or chosen cannot be used. `field` names the input, where there is one."""

    def __init__(self, sentence: str, hint: str = "", *, field: str | None = None) -> None:
        super().__init__(sentence, hint)
        self.field = field
        self.together: Sequence[InvalidInputError] = (self,)
        """This one and whatever else is wrong with the same input."""


class SecretError(InvalidInputError):
    """What was typed holds a secret: nothing of it is repeated anywhere."""


class Problems:
    """Everything that is wrong with an input, to be said at once."""

    def __init__(self) -> None:
        self._found: list[InvalidInputError] = []

    def add(self, sentence: str, hint: str = "", *, field: str | None = None) -> None:
        """One more."""
        self._found.append(InvalidInputError(sentence, hint, field=field))

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """What is refused within the block is one more, and the block ends there."""
        try:
            yield
        except InvalidInputError as error:
            self._found.extend(error.together)

    def refuse(self) -> None:
        """Raises the first, which knows the others, if there is any."""
        if self._found:
            first, self._found[0].together = self._found[0], tuple(self._found)
            raise first


class ConflictError(KeydeskError):
    """Somebody or something was first: the state has moved on since the person looked."""


class LateError(KeydeskError):
    """It took longer than somebody can be kept waiting, and was given up: nothing of it was done, or will be."""

    def __init__(self) -> None:
        super().__init__(
            "This took too long, so nothing was changed.",
            "The database or Slack is slow at the moment: please try again.",
        )


class NoRoomError(KeydeskError):
    """The database has no room for what was to be kept."""

    def __init__(self) -> None:
        super().__init__(
            "The disk of Keydesk's database is full, so nothing was changed.",
            "Tell whoever runs Keydesk, and try again once there is room.",
        )


class CollisionError(KeydeskError):
    """Two transactions waited for each other, and the database ended this one: nothing of it was done."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody changed the same things at the same moment, so nothing of this was done.", "Please try again."
        )


class UnknownOutcomeError(KeydeskError):
    """It is not known whether a change was kept. `find_out` says so, or raises UncertainError while nobody can;
    `number` is that of its transaction, where it has one."""

    def __init__(self, find_out: Callable[[], bool], number: int | None = None) -> None:
        super().__init__(
            "It is not known whether this was done: the database did not answer when it was to be kept.",
            "Look whether it is there before you do it again.",
        )
        self.find_out, self.number = find_out, number


UNKEPT = (
    "A character in what you typed is broken: it is half of one, or one that stands for nothing.",
    "Type it again rather than paste it; emoji are a frequent cause.",
)
"""What is said where text cannot be kept: the sentence and the hint."""
