"""What the desk says when it says no: one sentence for the person, and a hint of what to do next."""


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


class ConflictError(KeydeskError):
    """Somebody or something was first: the state has moved on since the person looked."""


UNKEPT = (
    "A character in what you typed is broken: it is half of one, or one that stands for nothing.",
    "Type it again rather than paste it; emoji are a frequent cause.",
)
"""What is said where text cannot be kept: the sentence and the hint."""
