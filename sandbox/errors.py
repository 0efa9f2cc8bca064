"""What the sandbox refuses, in Slack's codes or in a sentence."""

from __future__ import annotations

from typing import Any


class SlackError(Exception):
    """A Web API refusal: Slack's error code and whatever fields come with it."""

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.fields = fields


class InvalidBlocksError(SlackError):
    """Blocks or a view that Slack would not accept, with one sentence per fault."""

    def __init__(self, code: str, problems: list[str]) -> None:
        super().__init__(
            code,
            errors=problems,
            response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]},
        )
        self.problems = problems


class RefusedError(Exception):
    """A control call that makes no sense, with the sentence for whoever made it."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
