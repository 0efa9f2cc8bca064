"""What a renderer is."""

from collections.abc import Callable

from desk.transaction import Transaction
from handlers.slack.framework.blocks import Message
from storage.models import SlackMessage

Renderer = Callable[[Transaction, SlackMessage], Message | None]
"""Draws a message from its row, in a read transaction: from the subject's present state, so that what arrives is
never out of date. None: there is nothing to say any more."""
