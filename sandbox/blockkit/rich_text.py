"""rich_text blocks, as Slack's own composer writes them."""

from __future__ import annotations

from sandbox.blockkit.objects import ID, TYPE
from sandbox.blockkit.schema import Schema, array, boolean, by_type, choice, integer, object_like, string, url

_MARKS = ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink")
_STYLE = object_like({}, dict.fromkeys(_MARKS, boolean))

_INLINE: dict[str, Schema] = {
    "text": object_like(TYPE | {"text": string(1)}, {"style": _STYLE}),
    "link": object_like(TYPE | {"url": url()}, {"text": string(), "unsafe": boolean, "style": _STYLE}),
    "user": object_like(TYPE | {"user_id": string(1)}, {"style": _STYLE}),
    "usergroup": object_like(TYPE | {"usergroup_id": string(1)}, {"style": _STYLE}),
    "channel": object_like(TYPE | {"channel_id": string(1)}, {"style": _STYLE}),
    "emoji": object_like(TYPE | {"name": string(1)}, {"unicode": string(), "skin_tone": integer(), "style": _STYLE}),
    "broadcast": object_like(TYPE | {"range": choice("here", "channel", "everyone")}),
    "color": object_like(TYPE | {"value": string(1)}),
    "date": object_like(TYPE | {"timestamp": integer(), "format": string(1)}, {"url": url(), "fallback": string()}),
}

_SECTION = object_like(TYPE | {"elements": array(by_type(_INLINE))})
_PARTS: dict[str, Schema] = {
    "rich_text_section": _SECTION,
    "rich_text_list": object_like(
        TYPE
        | {
            "style": choice("bullet", "ordered"),
            "elements": array(by_type({"rich_text_section": _SECTION}), 1),
        },
        {"indent": integer(0, 8), "offset": integer(0), "border": integer(0, 1)},
    ),
    "rich_text_quote": object_like(TYPE | {"elements": array(by_type(_INLINE))}, {"border": integer(0, 1)}),
    "rich_text_preformatted": object_like(
        TYPE | {"elements": array(by_type({name: _INLINE[name] for name in ("text", "link")}))},
        {"border": integer(0, 1), "language": string()},
    ),
}

RICH_TEXT = object_like(TYPE | {"elements": array(by_type(_PARTS), 1)}, {"block_id": ID})
