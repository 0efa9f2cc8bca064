"""What is said of a text that names a colleague or leads inside, before everybody can read it."""

from collections.abc import Sequence

from desk.incidents.leaks import Leak, LeakKind
from handlers.slack.blocks import escape, fit

_MAX_LENGTH = 2000


def render_leaks(leaks: Sequence[Leak], *, limit: int = _MAX_LENGTH) -> str:
    """All warnings, one on each line, and how many more there are; empty when there are none."""
    return "\n".join(fit([f":warning: {render_leak(leak)}" for leak in leaks], limit))


def render_leak(leak: Leak) -> str:
    """One warning, in a sentence."""
    return _SENTENCES[leak.kind](escape(leak.about))


def _names_a_person(name: str) -> str:
    return f"It names a person: {name}."


def _names_a_group(handle: str) -> str:
    return f"It names a user group of yours: {handle}."


def _names_a_channel(name: str) -> str:
    return f"It names a channel that the public cannot see: {name}."


def _calls_everybody(audience: str) -> str:
    return f"It calls “{audience}” as one does in Slack; on the page nobody is called."


def _has_your_own_emoji(name: str) -> str:
    # Between the colons stands something that nobody sees: Slack would draw the emoji, and the page does not.
    return f"Only your workspace has this emoji, so the page shows its name: :\u200b{name.strip(':')}:."


def _leads_inside(address: str) -> str:
    return f"The public cannot open this address: {address}."


def _leads_into_slack(address: str) -> str:
    return f"It leads into your Slack workspace: {address}."


def _holds_a_password(address: str) -> str:
    return f"An address holds a user name and a password: {address}. Take them out."


_SENTENCES = {
    LeakKind.PERSON: _names_a_person,
    LeakKind.GROUP: _names_a_group,
    LeakKind.CHANNEL: _names_a_channel,
    LeakKind.BROADCAST: _calls_everybody,
    LeakKind.EMOJI: _has_your_own_emoji,
    LeakKind.INTERNAL_LINK: _leads_inside,
    LeakKind.SLACK_LINK: _leads_into_slack,
    LeakKind.PASSWORD: _holds_a_password,
}
