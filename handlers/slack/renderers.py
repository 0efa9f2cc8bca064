"""Which function draws which message: the outbox names a kind, this finds its renderer.

A renderer reads the subject's present state, so that what arrives is never out of date. Adding a kind: write the
renderer beside its wording, and put it in that module's `RENDERERS`.
"""

from collections.abc import Callable, Mapping

from desk.transaction import Transaction
from handlers.slack.blocks import Message
from storage.models import SlackMessage

Renderer = Callable[[Transaction, SlackMessage], Message | None]
"""Draws a message from its row, in a read transaction. None: there is nothing to say any more."""


def all_renderers() -> Mapping[str, Renderer]:
    """Every kind of message and its renderer."""
    return {}
