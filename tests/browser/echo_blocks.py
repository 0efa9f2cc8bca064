"""Every kind of block, element and mrkdwn that the sandbox's page promises to draw."""

from typing import Any

Json = dict[str, Any]

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt;bold&lt;/b&gt;"


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text, "emoji": True}


def mrkdwn(text: str) -> Json:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def section(text: str, **more: Any) -> Json:
    """A section block with mrkdwn."""
    return {"type": "section", "text": mrkdwn(text), **more}


def option(value: str, label: str | None = None) -> Json:
    """An option whose label is its value unless told."""
    return {"text": plain(label or value), "value": value}


def element(kind: str, action_id: str, placeholder: str | None = None, **more: Any) -> Json:
    """An interactive element."""
    return {
        "type": kind,
        "action_id": action_id,
        **({"placeholder": plain(placeholder)} if placeholder else {}),
        **more,
    }


def entry(block_id: str, label: str, field: Json, **more: Any) -> Json:
    """An input block."""
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": field, **more}


def _rich(text: str, **style: bool) -> Json:
    return {"type": "text", "text": text, **({"style": style} if style else {})}


TEXTS: list[Json] = [
    {"type": "header", "text": plain("A header :key:")},
    section(
        "*bold* _italic_ ~struck~ `code` :tada: snake_case_name 2*3*4\n"
        "> quoted <https://example.com/a_b|a link>\n"
        "<@U0MIA00001> <#C0STATUS01> <!subteam^S0PLATFORM>\n"
        "<!date^1893456000^{date_num}|fallback>\n"
        "```curl https://example.com \\\n  -H 'Authorization: OAuth x'```"
    ),
    {"type": "section", "fields": [mrkdwn("*Scopes*\nread"), mrkdwn("*Lifetime*\n90 days")]},
    section(HOSTILE),
    {"type": "divider"},
    {"type": "context", "elements": [mrkdwn("a _small_ note")]},
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [_rich("Rich "), _rich("strong", bold=True)]},
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {"type": "rich_text_section", "elements": [_rich("first point")]},
                    {"type": "rich_text_section", "elements": [_rich("second point")]},
                ],
            },
            {"type": "rich_text_preformatted", "elements": [_rich("kd_preformatted")]},
            {"type": "rich_text_quote", "elements": [_rich("a rich quote")]},
        ],
    },
]

MARKDOWN: list[Json] = [
    {
        "type": "markdown",
        "text": "## Weekly digest\n\n1. **one**\n2. two\n\n| key | uses |\n|---|---|\n| prod | 12 |",
    },
]

TABLE: list[Json] = [
    {
        "type": "table",
        "rows": [
            [{"type": "raw_text", "text": "Key"}, {"type": "raw_text", "text": "Last used"}],
            [{"type": "raw_text", "text": "terraform prod"}, {"type": "raw_text", "text": "today"}],
        ],
    },
]

UNKNOWN: list[Json] = [
    {
        "type": "video",
        "title": plain("A video"),
        "video_url": "https://example.com/v",
        "thumbnail_url": "https://example.com/t.png",
        "alt_text": "a video",
    },
]

CONTROLS: list[Json] = [
    {
        "type": "actions",
        "elements": [
            element("button", "approve", text=plain("Approve"), style="primary", value="r1"),
            element(
                "button",
                "deny",
                text=plain("Deny"),
                style="danger",
                value="r2",
                confirm={
                    "title": plain("Deny the request?"),
                    "text": plain("Nobody gets a key."),
                    "confirm": plain("Yes, deny"),
                    "deny": plain("Keep it"),
                },
            ),
            element("button", "open", text=plain("Open the form")),
            element("overflow", "more", options=[option("info", "Show details"), option("similar", "Find similar")]),
        ],
    },
    {
        "type": "actions",
        "elements": [
            element(
                "static_select", "page", "Choose a page", options=[option("acme", "Acme"), option("beta", "Beta")]
            ),
            element("external_select", "incident", "Find an incident", min_query_length=2),
            element("conversations_select", "where", "Choose a conversation"),
            element("channels_select", "channel", "Choose a channel"),
        ],
    },
    section(
        "Which scopes?",
        accessory=element(
            "multi_static_select", "scopes", "Choose scopes", options=[option("read"), option("write")]
        ),
    ),
    section("Which people?", accessory=element("multi_users_select", "team", "Choose people")),
    section("When?", accessory=element("datepicker", "day", "Choose a day")),
    {
        "type": "actions",
        "elements": [
            element("timepicker", "time", "Choose a time"),
            element("datetimepicker", "moment"),
            element("users_select", "who", "Choose a person"),
        ],
    },
    {
        "type": "actions",
        "elements": [
            element("checkboxes", "extras", options=[option("tell", "Tell the owners"), option("log", "Log it")]),
            element("radio_buttons", "speed", options=[option("slow", "Slow"), option("fast", "Fast")]),
        ],
    },
]

GALLERY: list[list[Json]] = [TEXTS, MARKDOWN, TABLE, UNKNOWN, CONTROLS]

FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": plain("Ask for a key"),
    "submit": plain("Ask"),
    "close": plain("Cancel"),
    "notify_on_close": True,
    "blocks": [
        entry(
            "name", "Name", element("plain_text_input", "name", max_length=60), hint=plain("Where the key will live")
        ),
        entry("why", "Reason", element("plain_text_input", "why", multiline=True), optional=True),
        entry(
            "pages",
            "Pages",
            element(
                "multi_static_select",
                "pages",
                "Choose pages",
                options=[option("acme", "Acme"), option("eu", "Acme EU")],
            ),
        ),
        entry(
            "life",
            "Lifetime",
            element("static_select", "life", options=[option("30", "30 days"), option("90", "90 days")]),
            dispatch_action=True,
            optional=True,
        ),
        entry("until", "Until", element("datepicker", "until"), optional=True),
        entry("mail", "Contact", element("email_text_input", "mail"), optional=True),
        {"type": "actions", "elements": [element("button", "push", text=plain("One more"))]},
    ],
}

NOTE: Json = {
    "type": "modal",
    "callback_id": "note",
    "title": plain("Your key"),
    "close": plain("Done"),
    "blocks": [section("Shown *once*: `kd_secret`")],
}

FACES: list[Json] = [
    entry(
        "page",
        "Page",
        element("static_select", "face", options=[option("acme", "Acme"), option("beta", "Beta")]),
        dispatch_action=True,
    ),
    entry("title", "Title", element("plain_text_input", "title")),
    entry("start", "Start", element("datetimepicker", "start", initial_date_time=1893585645)),
    entry("hour", "Hour", element("timepicker", "hour", timezone="Europe/Paris"), optional=True),
    entry(
        "impact",
        "Impact",
        element("radio_buttons", "impact", options=[option("minor", "Minor"), option("major", "Major")]),
    ),
]


def planner(page: str) -> Json:
    """A form whose components are those of a page."""
    parts = entry("parts." + page, "Components", element("multi_external_select", "parts", min_query_length=0))
    return {
        "type": "modal",
        "callback_id": "planner",
        "private_metadata": page,
        "title": plain("Plan"),
        "submit": plain("Go"),
        "blocks": [*FACES, parts],
    }


PUSHED: Json = {
    "type": "modal",
    "callback_id": "pushed",
    "title": plain("On top"),
    "submit": plain("Finish"),
    "notify_on_close": True,
    "blocks": [
        entry("more", "More", element("plain_text_input", "more"), optional=True),
        entry("calls", "Calls a day", element("number_input", "calls", is_decimal_allowed=False), optional=True),
        entry("proof", "Proof", element("file_input", "proof", max_files=2), optional=True),
        {"type": "actions", "elements": [element("button", "push", text=plain("One more"))]},
    ],
}

HOME: Json = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Welcome home")},
        {"type": "actions", "elements": [element("button", "refresh", text=plain("Refresh"), value="now")]},
    ],
}
