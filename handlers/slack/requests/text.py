"""What a request's messages say alike: what is asked for, what was changed, and what there is to notice."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from desk.durations import in_words
from desk.keys.restrictions import list_restrictions
from desk.keys.rules import KeyState, state_of
from desk.keys.scopes import IN_WORDS
from desk.messages.reach import list_places_of_owners
from desk.people import member_name
from desk.permissions import ask_an_owner
from desk.requests.risks import Risk, RiskNote, list_risk_notes
from desk.requests.terms import Extent
from desk.transaction import Transaction
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actor_name,
    bold,
    day,
    escape,
    mention,
    plain,
    quote,
    section,
    text_length,
    when,
)
from handlers.slack.framework.hearing import why_unheard
from storage.models import ApiKey, KeyRequest, Page, Scope

_SHOWN_PAGES = 10
_LONGEST_FACT = 600
_LINE_ENDS = "\n\u2028\u2029"
_QUOTE_LIMIT = 2900
"""Characters of one quotation: below the 3,000 of a section, whatever escaping adds."""


def quotation(text: str, *, beside: Sequence[Block] = ()) -> list[Block]:
    """A person's text as a quotation, in as many sections as Slack's limit asks for.

    It is whole unless the message would become longer than Slack takes, with the blocks `beside` it.
    """
    left = MAX_MESSAGE_TEXT - text_length(list(beside))
    pieces, length = [""], 0
    for mark in text:
        # Each line of a quotation begins with "> ".
        cost = len(escape(mark)) + (2 if mark in _LINE_ENDS else 0)
        left -= cost
        if left < 0:
            pieces[-1] += "…"
            break
        if length + cost > _QUOTE_LIMIT:
            pieces.append("")
            length = 0
        pieces[-1] += mark
        length += cost
    return [section(quote(piece)) for piece in pieces]


def name_in_words(name: str) -> str:
    """A key's name, set off from the sentence."""
    return bold(name, limit=len(name))


def pages_in_words(tx: Transaction, pages: Sequence[str] | None) -> str:
    """The pages of a key by name; of many, the first and how many more."""
    if pages is None:
        return "*all pages*, those to come included"
    shown = list(pages)[:_SHOWN_PAGES]
    found = tx.session.execute(select(Page.id, Page.name).where(Page.id.in_(shown)))
    names = {row.id: row.name for row in found}
    words = ", ".join(escape(plain(names.get(page_id, page_id), limit=60)) for page_id in shown)
    more = len(pages) - len(shown)
    return f"{words} and {more} more" if more else words


def restrictions_in_words(
    tx: Transaction, components: Sequence[str] | None, networks: Sequence[str] | None
) -> list[tuple[str, str]]:
    """Named components and addresses of a key as facts among others; none where it has neither."""
    found = list_restrictions(tx.session, components, networks)
    return [(label, escape(plain(words, limit=_LONGEST_FACT))) for label, words in found]


def reach_in_words(tx: Transaction, of: Extent | ApiKey) -> list[tuple[str, str]]:
    """Where a key may do what its scopes say, as facts among others."""
    return [("Pages", pages_in_words(tx, of.pages)), *restrictions_in_words(tx, of.components, of.networks)]


def scopes_in_words(scopes: Sequence[str]) -> str:
    """Scopes as a list of what the key may do."""
    return "\n".join(f"• {IN_WORDS[Scope(scope)]} (`{scope}`)" for scope in scopes)


def days_in_words(days: int) -> str:
    """A lifetime: `1 day`, `90 days`."""
    return "1 day" if days == 1 else f"{days} days"


def changes_in_words(tx: Transaction, asked: Extent, granted: Extent) -> str:
    """What owners narrowed, in lines; empty when they granted what was asked."""
    lines = []
    without = [scope for scope in asked.scopes if scope not in granted.scopes]
    if without:
        lines.append(f"• without {', '.join(f'`{scope}`' for scope in without)}")
    if granted.pages != asked.pages:
        now, before = pages_in_words(tx, granted.pages), pages_in_words(tx, asked.pages)
        lines.append(f"• for {now} (asked: {before})")
    had = restrictions_in_words(tx, asked.components, asked.networks)
    lines += [
        f"• {label[0].lower()}{label[1:]} {words}"
        for label, words in restrictions_in_words(tx, granted.components, granted.networks)
        if (label, words) not in had
    ]
    if granted.lifetime_days != asked.lifetime_days:
        lines.append(f"• for {days_in_words(granted.lifetime_days)} instead of {days_in_words(asked.lifetime_days)}")
    return "\n".join(lines)


_SAID = {
    Risk.MAY_NOT_HOLD: "*Who asks may not hold such a key any more*: it cannot be approved until they have the role.",
    Risk.HOLDER_MAY_NOT: "Who was to answer for it may not hold it any more: whoever collects it will.",
    Risk.WRITES: "It can *change* things, not only read them.",
    Risk.MANAGES_USERS: "It *manages the organization's users*: who has it can let others in.",
    Risk.CONFIGURES: "It *changes the page itself*: its name, its look, its address.",
    Risk.TOUCHES_SUBSCRIBERS: "It reaches *subscribers*: it reads, adds and removes their addresses.",
    Risk.LETS_PEOPLE_IN: "It decides *who may see the page*, and reads their addresses.",
    Risk.READS_PEOPLE: "It reads *personal data*: names and addresses of people.",
    Risk.MANAGES_KEYS: "It *changes API keys*: who has it can stop what others rely on.",
    Risk.READS_THE_TRAIL: "It reads *the audit trail*: who did what, and when.",
    Risk.SAME_NAME_ASKED: "Another open request asks for a key of this name.",
}


def risk_in_words(tx: Transaction, note: RiskNote, *, holder_id: str, days: int) -> str:
    """One thing to notice, as owners read it."""
    if note.risk is Risk.ALL_PAGES:
        return "It reaches *all pages*, those to come included."
    if note.risk in _SAID:
        return _SAID[note.risk]
    if note.risk is Risk.A_YEAR:
        return f"It lives for {days_in_words(days)}: a year."
    if note.risk is Risk.LONGER_THAN_DEFAULT:
        return f"It lives for {days_in_words(days)}, longer than the usual {tx.policy.default_lifetime.days}."
    if note.risk is Risk.LONGER_THAN_ALLOWED:
        return f"It was asked for longer than keys may live now: approving grants {days_in_words(days)}."
    if note.risk is Risk.OTHER_HOLDER:
        return f"Somebody else is to answer for it: {mention(holder_id)}."
    assert note.key is not None, note.risk
    key = name_in_words(plain(note.key.name, limit=80))
    held = (
        f"held by {escape(member_name(tx.session, note.key.holder_id))}" if note.key.holder_id else "held by nobody"
    )
    if note.risk is Risk.SAME_NAME_KEY:
        return f"An active key has this name already: {key}, `{note.key.id}`, {held}."
    if note.risk is Risk.SIMILAR_UNUSED and note.unused_for is not None:
        idle = days_in_words(note.unused_for.days)
        used = f"has not been used for {idle}" if note.key.last_used_at else f"was never used in its {idle}"
        return f"A key for the same pages and purpose exists and {used}: {key}, {held}."
    return f"A key for the same pages and purpose exists and is in use: {key}, {held}."


def life_in_words(tx: Transaction, key: ApiKey) -> str:
    """What became of a key that was collected: “it works until …”, or how it ended."""
    state = state_of(key, tx.now)
    if state is KeyState.REVOKED:
        return f"it was revoked by {actor_name(key.revoked_by)}" if key.revoked_by else "it was rotated and has ended"
    if state is KeyState.EXPIRED:
        return f"it expired {day(key.expires_at)}"
    if key.retires_at is not None:
        return f"it was rotated and works until {when(key.retires_at)}"
    works = f"works until {day(key.expires_at)}"
    return f"it is suspended; restored, it {works}" if state is KeyState.SUSPENDED else f"it {works}"


def taken_over(request: KeyRequest) -> list[tuple[str, str]]:
    """What becomes of the key that is taken over, as a fact among others; none where none is."""
    return [("The old key", works_on(request.grace_seconds))] if request.replaces_id else []


def works_on(grace_seconds: int | None) -> str:
    """What becomes of a key whose successor was collected: “works on for 24 hours”."""
    return f"works on for {in_words(timedelta(seconds=grace_seconds))}" if grace_seconds else "stops at once"


def takeover_asked(tx: Transaction, request: KeyRequest) -> Message:
    """What an owner is told who would have taken a key over alone."""
    name = name_in_words(request.name)
    if unheard := owners_unheard(tx):
        text = (
            f":warning: You were never approved for {name}, so other owners have to agree. Your request is kept, but"
        )
        return Message(
            f"Owners were not told that you ask for {escape(request.name)}", [section(f"{text} {unheard}")]
        )
    others = "another owner" if request.approvals_needed == 1 else f"{request.approvals_needed} other owners"
    text = (
        f":envelope: You were never approved for {name}, so its secret is not yours to take alone: owners were asked "
        f"for a key that is like it. When {others} approved, you collect it in your direct messages with me. "
        f"When you have collected it, the old one {works_on(request.grace_seconds)}."
    )
    return Message(f"Owners were asked whether you may take over {escape(request.name)}", [section(text)])


def owners_unheard(tx: Transaction, places: Sequence[str] | None = None) -> str | None:
    """That owners do not hear of what is asked in these places, or else where they are asked now, why, and what to
    do; None where they do."""
    why = why_unheard(tx, list_places_of_owners(tx) if places is None else places)
    return f"owners were not told of it: {why}. {escape(ask_an_owner(tx))}" if why else None


def asked_message(tx: Transaction, request: KeyRequest) -> Message:
    """What somebody is told who has just asked for a key; also when its name leads nowhere but to others."""
    found = {note.risk for note in list_risk_notes(tx, request)}
    alike = {
        Risk.SAME_NAME_ASKED: "another open request asks for a key of this name",
        Risk.SAME_NAME_KEY: "an active key has this name already",
    }
    said = " and ".join(words for risk, words in alike.items() if risk in found)
    hint = f" :warning: Mind that {said}: owners see that too." if said else ""
    if unheard := owners_unheard(tx):
        text = f":warning: Your request for {name_in_words(request.name)} is kept, but {unheard}{hint}"
        return Message(f"Owners were not told that you ask for {escape(request.name)}", [section(text)])
    text = f":envelope: Owners were asked for {name_in_words(request.name)}."
    return Message(
        f"Owners were asked for your API key: {escape(request.name)}",
        [section(f"{text} You will hear from me in a direct message when they have decided.{hint}")],
    )
