"""What is said of a text that names a colleague or leads inside, before everybody can read it."""

from collections.abc import Sequence

from desk.incidents.drafts.leaks import Leak, LeakKind
from handlers.slack.blocks import escape, fit

_MAX_LENGTH = 2000


def render_leaks(leaks: Sequence[Leak], *, limit: int = _MAX_LENGTH) -> str:
    """All warnings, one on each line, and how many more there are; empty when there are none."""
    return "\n".join(fit([f":warning: {render_leak(leak)}" for leak in leaks], limit))


def render_leak(leak: Leak) -> str:
    """One warning, in a sentence."""
    about = leak.about.strip(":") if leak.kind is LeakKind.EMOJI else leak.about
    return _SENTENCES[leak.kind].format(escape(about))


_SENTENCES = {
    LeakKind.PERSON: "It names a person: {}.",
    LeakKind.GROUP: "It names a user group of yours: {}.",
    LeakKind.CHANNEL: "It names a channel that the public cannot see: {}.",
    LeakKind.BROADCAST: "It calls “{}” as one does in Slack; on the page nobody is called.",
    # Between the colons stands something that nobody sees: Slack would draw the emoji, and the page does not.
    LeakKind.EMOJI: "Only your workspace has this emoji, so the page shows its name: :\u200b{}:.",
    LeakKind.INTERNAL_LINK: "The public cannot open this address: {}.",
    LeakKind.SLACK_LINK: "It leads into your Slack workspace: {}.",
    LeakKind.PASSWORD: "An address holds a user name and a password: {}. Take them out.",
}
