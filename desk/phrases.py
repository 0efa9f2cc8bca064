"""People and moments, as sentences to people need them: plain text without markup."""

from datetime import timedelta

from desk.transaction import Transaction
from storage.models import Member


def ago(passed: timedelta) -> str:
    """How long ago something was: “just now”, “2 seconds ago”, “3 hours ago”, “5 days ago”."""
    seconds = int(passed.total_seconds())
    if seconds < 1:
        return "just now"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count = seconds // length
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    raise AssertionError("unreachable: a second has passed")


def name_of(tx: Transaction, actor: str | None) -> str:
    """What people call an actor, from the form that records keep or from a Slack user id."""
    if not actor:
        return "nobody"
    kind, _, identity = actor.rpartition(":")
    if kind in {"", "member"}:
        member = tx.session.get(Member, identity)
        return member.name if member else identity
    return f"operator {identity}" if kind == "operator" else "Keydesk"
