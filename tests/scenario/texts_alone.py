"""What the text alone of each kind of message must say: who or what it is about, and what happened or is asked.

Phones and screen readers give nothing else. Each kind has its sentences; a text that is none of them fails, and so
does a kind that is not here.
"""

import re
from collections.abc import Iterable, Mapping
from re import Pattern

CLOSED = "You may not see this message any more"
_NAME = r"“.+”"
_WHO = r"(?:<@\w+>|operator .+|Keydesk(?: itself)?|the API key .+)"
_DRAFT = rf"(?:a new (?:incident|maintenance)|an update of|an incident of the past|the postmortem of) {_NAME}.*"
_ON_PAGE = r".+ on .+"
_ANSWERED = (
    r"(?: It was asked again later: see the newer message about it\."
    r"| :\w+: (?:Kept until|Suspended by|Revoked by|Rotated;|It expired) .+"
    rf"| {_WHO} answers for it now\.)"
)
_BECAME = rf"(?:(?:Published|Sent back|Thrown away) by {_WHO}|Open again): {_DRAFT}"
_STATUS = "(?:Investigating|Identified|Monitoring|Resolved|Scheduled|In progress|Verifying|Completed|Cancelled)"
_SETTLED = "(?:let it be tried again|dropped it|Delivered after all|need not go there|sent it on to)"

SAYS: Mapping[str, tuple[str, ...]] = {
    "upstream.key_refused": (
        rf"Statuspage does not take Keydesk's key {_NAME} any more\. (?:Calls go on|There is no).+",
    ),
    "upstream.refused": (rf"Statuspage did not take .+ {_NAME} on .+\. .+",),
    "upstream.key_expires": (
        rf":hourglass: Keydesk's key {_NAME} of Statuspage expires .+, within (?:a|\d+) days?\.",
    ),
    "channel.trouble": (
        r":warning: Keydesk cannot post to <#\w+> \(.+\)\. .+\.",
        r".+(?:can post to <#\w+> again|Nothing names <#\w+>|could not post to <#\w+>).*",
    ),
    "change.outcome": (
        r":\w+: A moment ago nobody knew whether this was done\. It was(?: not, please do it again)?: .+",
    ),
    "delivery.dead": (
        r"A message could not be delivered to .+: .+",
        rf"A message could not be delivered at first to .+\. .*{_SETTLED}.*",
    ),
    "digest.card": (
        r"Key digest: (?:\d+ of \d+ working keys want a look)?(?: and )?(?:\d+ approved keys? w\w+ never collected)?"
        r"\. Say of each whether it is still needed, or suspend or revoke it",
        r"Key digest: Nothing new to decide about \d+ working keys",
        r":sunny: .+(?:Nothing to do|Ask for the first one).+",
    ),
    "draft.again": (rf"{_WHO} asks you again to publish {_DRAFT}",),
    "draft.decided": (
        rf"{_WHO} (?:published|sent back|threw away) {_DRAFT}",
        rf"{_WHO} deleted its incident, so your draft about {_NAME} is gone",
    ),
    "draft.late": (rf"{_WHO} still waits for somebody to publish {_DRAFT}, and nobody has decided", _BECAME),
    "draft.mine": (
        rf"(?:Waits for a second person|(?:Not public yet|Sent back to you), kept for you until .+): {_DRAFT}",
        _BECAME,
        rf"The draft about {_NAME} is gone: its incident was deleted\.",
    ),
    "draft.outdated": (rf"Nobody can publish {_DRAFT} as it is: the incident has changed since you wrote it",),
    "draft.reminder": (rf"{_WHO} still waits for somebody to publish {_DRAFT}", _BECAME),
    "draft.review": (
        rf"{_WHO} asks you to publish {_DRAFT}",
        _BECAME,
        rf"The draft about {_NAME} is gone: its incident was deleted\.",
    ),
    "group.disabled": (r"The user group \*@.+\* (?:was switched off|is on again) in Slack: its grants .+\.",),
    "group.readable": (r"I can read the user group \*@.+\* again\.",),
    "group.unreadable": (r"I can't read who is in the user group \*@.+\*: .+ Its people keep their roles\.",),
    "incident.alone": (rf"{_WHO} published {_NAME} without a second person: please read it now",),
    "incident.head": (rf"{_STATUS}: {_ON_PAGE}", rf"Deleted: {_ON_PAGE}"),
    "incident.reminder": (rf"(?:Time for an update|Update due|.+): {_ON_PAGE}",),
    "incident.said": (rf".+: {_STATUS}(?:\. .+)?",),
    "key.ask": (rf"{_WHO} asks: is the key {_NAME} still needed\?{_ANSWERED}?",),
    "key.changed": (
        rf"Key {_NAME} (?:was (?:restored|suspended|revoked)|is being taken over|gets no more time) by {_WHO}.*",
        rf"Key {_NAME} was (?:extended|kept) until .+ by {_WHO}.*",
        rf"Key {_NAME} was renamed from {_NAME} by {_WHO}.*",
        rf"Key {_NAME} was transferred to <@\w+> by {_WHO}.*",
    ),
    "key.expiry": (rf"Key {_NAME} (?:expires in \d+ days|has expired)",),
    "key.extension": (rf"{_WHO} asks for more time for the key {_NAME}, until .+",),
    "key.knock": (
        rf"The suspended key {_NAME} was used, and refused: (?:restore or revoke it, .+|it was .+|it has .+)",
    ),
    "key.taken_over": (rf"Key {_NAME} was taken over by {_WHO}",),
    "key.retired": (rf"The old key {_NAME} has stopped working",),
    "member.changed": (r"<@\w+> was .+ and is .+ now\. Their grants .+\.",),
    "member.left": (
        r".+ left Slack(?: and came back)?: (?:\d+ of their \d+ keys? wait for somebody to answer for them"
        r"|every key .+ dealt with|nothing waits for owners)",
    ),
    "member.returned": (r"<@\w+> is active in Slack again\. .+\.",),
    "owner.ended": (
        rf"{_WHO} ended the grant by which .+ was \*owner\*\.(?: They still are: .+)?",
        r"(?:The time of .+ as \*owner\* is over|A grant by which .+ was \*owner\* has run out)\.(?: They .+)?",
    ),
    "owner.granted": (rf"{_WHO} made .+ \*owner\*.+",),
    "owners.appointed": (
        r"<@\w+>.*: .*owner.+\.",
        r"You are an \*owner\* of Keydesk.*: .+\.",
    ),
    "owners.none": (r"\*Keydesk has no owner\.\* .+\.",),
    "request.card": (
        rf"<@\w+> asks for an API key: {_NAME}",
        rf"<@\w+> asks for an API key: {_NAME} \((?:approved|denied|withdrawn) by {_WHO}\)",
        rf"<@\w+> asks for an API key: {_NAME} \(expired(?: by {_WHO})?\)",
    ),
    "request.decided": (
        rf"Your request for the API key {_NAME} (?:was (?:approved|denied|withdrawn) by {_WHO}.*|has expired: .+)",
    ),
    "key.imported": (rf"{_WHO} imported (?:the key {_NAME}|\d+ keys), made elsewhere: .+ works here from now on.*",),
    "key.made": (rf"{_WHO} made an API key on the server, {_NAME}, and <@\w+> answers for it",),
    "request.holder_named": (rf"You answer for a new API key, {_NAME}, which <@\w+> collected",),
    "request.mine": (
        rf"You asked for an API key: {_NAME}\. It waits for an owner",
        rf"You collected your API key {_NAME}",
        rf"Your API key {_NAME} (?:is ready to be collected|was taken back|was not collected in time)",
        rf"Your request for {_NAME} (?:has expired|was (?:denied|withdrawn) by {_WHO})",
    ),
    "request.reminder": (
        rf"Please decide: <@\w+> still waits for an API key, {_NAME}",
        rf"(?:Approved|Denied|Withdrawn|Expired)(?: by {_WHO})?: the request of <@\w+> for the API key {_NAME}",
    ),
    "request.self_approved": (rf"<@\w+> approved their own request for an API key: {_NAME}",),
    "role.ended": (
        rf"(?:{_WHO} ended your role as \*.+\*.*|Your time as \*.+\*.* is over)\.(?: You still have it: .+)?",
        rf"A grant that made you \*.+\*.* (?:has run out|was ended by {_WHO})\. You still are: .+",
    ),
    "role.granted": (rf"You are now \*.+\*.*, says {_WHO}.*\.",),
    "sync.decided": (
        rf"{_WHO} said \*(?:Apply|Leave as is)\* to the sync that would take roles from \d+ of \d+ people: .+",
        rf"Applied, as {_WHO} said: the sync that would take roles from \d+ of \d+ people",
        r"Settled without a decision: the sync that would take roles from \d+ of \d+ people\. .+",
    ),
    "sync.done": (r"The sync (?:is done|stopped and asks): read \d+ people and \d+ user groups from Slack.*",),
    "sync.stopped": (r"A sync with Slack stopped: it would take roles from \d+ of \d+ people\. .+",),
    "ticket.ended": (
        rf"Your API key {_NAME} was not collected in time, so none was made.*",
        rf"Your API key {_NAME} was taken back by {_WHO} before you collected it.*",
    ),
    "ticket.mine": (
        rf"You collected the new API key {_NAME}",
        rf"The new API key {_NAME} (?:is ready to be collected|was taken back|was not collected in time)",
        rf"The new API key {_NAME} waits for the old one",
    ),
    "ticket.not_opened": (rf"Slack could not open the window for your API key {_NAME}: nothing was made, please .+",),
    "ticket.void": (rf"Your API key {_NAME} did not reach you: .+ is void.*",),
}
"""Every kind of message, with what its text may be from beginning to end."""

_SENTENCES: Mapping[str, Pattern[str]] = {
    kind: re.compile("|".join(f"(?:{sentence})" for sentence in sentences), re.DOTALL)
    for kind, sentences in SAYS.items()
}


def list_dumb(kind: str, texts: Iterable[str]) -> list[str]:
    """The texts of a kind that do not say what they are about and what happened or is asked.

    A copy that was closed must not: its reader may not see that any more.
    """
    return [f"{kind}: {text}" for text in texts if text != CLOSED and not _SENTENCES[kind].fullmatch(text)]
