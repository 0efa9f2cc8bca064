"""Small builders for Block Kit, and the one place where people's text is made safe to show."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Block = dict[str, Any]
"""One Block Kit block or element."""

MAX_MESSAGE_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_SECTION_TEXT = 3000
_MAX_FIELD_TEXT = 2000
"""Of a field, and of one text of a context block."""
MAX_MESSAGE_TEXT = 12_000
"""All text of a message's blocks together; Slack refuses more than about 13,200 characters."""
_HALF = re.compile(r"(?:&[a-z]*|<[^<>]*)\Z")
"""The beginning of an escaped sign, a mention or a date, at the end of a text that was cut."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a message shows: `text` for notifications and screen readers, `blocks` for everybody else."""

    text: str
    blocks: list[Block] = field(default_factory=list)
    replaces: bool = False
    """Take the place of the message that was clicked in, if only that person sees it: for turning pages."""
    closes: bool = False
    """Nothing takes the place of what this says: its reader may not see it any more."""


def escape(text: str) -> str:
    """A person's text, so that Slack shows it as it is: no mention, link or broadcast comes out of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str, *, limit: int) -> str:
    """A person's text for plain_text objects and labels, cut to Slack's limit for the place."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def bold(text: str, *, limit: int = 100) -> str:
    """A person's text as a name in markup: its own asterisks, which would end the bold, stand as signs like them."""
    return f"*{escape(plain(text, limit=limit)).replace('*', '∗')}*"


def trim(markup: str, *, limit: int) -> str:
    """Markup cut to Slack's limit for the place. An escaped sign, a mention or a date is kept whole or left out."""
    return markup if len(markup) <= limit else _HALF.sub("", markup[: limit - 1]).rstrip() + "…"


def fit(lines: Sequence[str], limit: int) -> list[str]:
    """As many of the lines as `limit` characters hold, and how many more there are."""
    kept: list[str] = []
    length = 0
    for line in lines:
        length += len(line) + 1
        if length > limit:
            return [*kept, f"…and {len(lines) - len(kept)} more"]
        kept.append(line)
    return kept


def quote(text: str) -> str:
    """A person's text, escaped and drawn as a quotation."""
    return "\n".join(f"> {line}" for line in escape(text).splitlines() or [""])


def mention(user_id: str | None) -> str:
    """A person by mention; “nobody” for None."""
    return f"<@{user_id}>" if user_id else "nobody"


def actor_name(actor: str | None) -> str:
    """Who did something, from the form that records keep (`member:U…`, `operator:ann`, `job:digest`)."""
    if not actor:
        return "nobody"
    kind, _, identity = actor.partition(":")
    if kind == "member":
        return mention(identity)
    if kind == "operator":
        return f"operator {escape(identity)}"
    if kind == "key":
        return f"the API key `{escape(identity)}`"
    return "Keydesk"


def who_text(author_id: str) -> str:
    """Who wrote or approved something, from `Actor.author_id`: a person by mention, an operator by login."""
    return actor_name(author_id) if ":" in author_id else mention(author_id)


def when(instant: datetime, style: str = "{date_short_pretty} at {time}") -> str:
    """An instant, shown by Slack in each reader's own time zone."""
    fallback = instant.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(instant.timestamp())}^{style}|{fallback}>"


def day(instant: datetime) -> str:
    """The day of an instant, in each reader's own time zone."""
    return when(instant, "{date_short_pretty}")


def text_length(blocks: object) -> int:
    """Characters of all text in blocks, as Slack counts them against a message's limit."""
    length, parts = 0, [blocks]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            text = part.get("text")
            length += len(text) if isinstance(text, str) else 0
            parts += part.values()
        elif isinstance(part, list):
            parts += part
    return length


def plain_text(text: str, *, limit: int = 75) -> Block:
    """A plain_text object."""
    return {"type": "plain_text", "text": plain(text, limit=limit), "emoji": True}


def mrkdwn(text: str, *, limit: int = MAX_SECTION_TEXT) -> Block:
    """A mrkdwn object. Whatever people wrote in it must be escaped already."""
    # Verbatim: what looks like an address or a name in people's text stays text.
    return {"type": "mrkdwn", "text": trim(text, limit=limit), "verbatim": True}


def header(text: str) -> Block:
    """A header block."""
    return {"type": "header", "text": plain_text(text, limit=150)}


def section(text: str, *, accessory: Block | None = None, block_id: str | None = None) -> Block:
    """A section block of mrkdwn."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    if accessory:
        block["accessory"] = accessory
    if block_id:
        block["block_id"] = block_id
    return block


def fields(pairs: Iterable[tuple[str, str]]) -> Block:
    """A section of up to ten labelled fields, two in a row; the values are mrkdwn."""
    return {
        "type": "section",
        "fields": [mrkdwn(f"*{label}*\n{value}", limit=_MAX_FIELD_TEXT) for label, value in list(pairs)[:10]],
    }


def context(*texts: str) -> Block:
    """A context block of small mrkdwn lines."""
    return {"type": "context", "elements": [mrkdwn(text, limit=_MAX_FIELD_TEXT) for text in texts[:10]]}


def divider() -> Block:
    """A divider."""
    return {"type": "divider"}


def actions(*elements: Block, block_id: str | None = None) -> Block:
    """An actions block of up to 25 elements."""
    block: Block = {"type": "actions", "elements": list(elements)[:25]}
    if block_id:
        block["block_id"] = block_id
    return block


def confirm(title: str, text: str, yes: str, no: str = "Cancel", *, danger: bool = False) -> Block:
    """A confirmation dialog for a button."""
    dialog: Block = {
        "title": plain_text(title, limit=100),
        "text": mrkdwn(text, limit=300),
        "confirm": plain_text(yes, limit=30),
        "deny": plain_text(no, limit=30),
    }
    if danger:
        dialog["style"] = "danger"
    return dialog


def button(
    text: str, action_id: str, value: str = "", *, style: str | None = None, ask: Block | None = None
) -> Block:
    """A button. `style` is None, `primary` or `danger`; `ask` a confirmation dialog."""
    element: Block = {"type": "button", "text": plain_text(text), "action_id": action_id}
    if value:
        element["value"] = value
    if style:
        element["style"] = style
    if ask:
        element["confirm"] = ask
    return element


def option(text: str, value: str, description: str | None = None) -> Block:
    """One choice of a select, radio or checkbox group."""
    choice: Block = {"text": plain_text(text), "value": value}
    if description:
        choice["description"] = plain_text(description)
    return choice


def overflow(action_id: str, choices: Sequence[tuple[str, str]]) -> Block:
    """A menu of up to five (text, value) choices."""
    return {"type": "overflow", "action_id": action_id, "options": [option(*choice) for choice in choices[:5]]}


def input_block(
    label: str,
    element: Block,
    *,
    block_id: str,
    hint: str | None = None,
    optional: bool = False,
    dispatch: bool = False,
) -> Block:
    """An input of a modal. The block's id is the field's name, so that errors find their way back to it.

    `dispatch`: choosing something in it is also a click, so that the form can follow.
    """
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label, limit=2000),
        "element": element,
    }
    if hint:
        block["hint"] = plain_text(hint, limit=2000)
    if optional:
        block["optional"] = True
    if dispatch:
        block["dispatch_action"] = True
    return block


def static_select(
    choices: Sequence[Block], *, chosen: str | None = None, action_id: str = "value", placeholder: str | None = None
) -> Block:
    """A menu of up to 100 choices; `chosen` is the value of the one that is shown at first."""
    element: Block = {"type": "static_select", "action_id": action_id, "options": list(choices)[:100]}
    initial = next((choice for choice in element["options"] if choice["value"] == chosen), None)
    if initial is not None:
        element["initial_option"] = initial
    if placeholder:
        element["placeholder"] = plain_text(placeholder, limit=150)
    return element


def text_input(
    *,
    initial: str | None = None,
    placeholder: str | None = None,
    multiline: bool = False,
    max_length: int | None = None,
    action_id: str = "value",
) -> Block:
    """A plain_text_input element."""
    element: Block = {"type": "plain_text_input", "action_id": action_id, "multiline": multiline}
    if initial:
        element["initial_value"] = initial
    if placeholder:
        element["placeholder"] = plain_text(placeholder, limit=150)
    if max_length:
        element["max_length"] = max_length
    return element


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    callback_id: str,
    submit: str | None = None,
    close: str = "Close",
    private_metadata: str = "",
    notify_on_close: bool = False,
) -> Block:
    """A modal view. `private_metadata` carries ids, never state and never a secret."""
    view: Block = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title, limit=24),
        "close": plain_text(close, limit=24),
        "blocks": list(blocks)[:MAX_VIEW_BLOCKS],
    }
    if submit:
        view["submit"] = plain_text(submit, limit=24)
    if private_metadata:
        view["private_metadata"] = private_metadata
    if notify_on_close:
        view["notify_on_close"] = True
    return view
