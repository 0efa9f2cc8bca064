"""The forms of a page's texts, look and policy: drawn from a table, and read by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.configuration.lookup import get_configurable_page
from desk.configuration.pages import read_setting
from desk.pages.fields import EMBED_CORNERS, EMBED_FIELDS
from desk.pages.rules import SKIPPING_ROLES, zone_as_given
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import (
    Block,
    context,
    escape,
    input_block,
    modal,
    option,
    plain,
    section,
    static_select,
    text_input,
)
from handlers.slack.framework.metadata import our_window
from handlers.slack.framework.payloads import ViewState
from handlers.slack.pages.inputs import Carried
from storage.models import ApiPosts, Page, SecondPerson

MAX_INPUT = 3000
_LINE, _COLOUR = 255, 7
_NOTHING = "-"
_PICTURE = "A data: address, such as data:image/svg+xml;base64,…, of up to 3,000 characters."
_FLAGS: Mapping[str, tuple[str, bool]] = {
    "hidden_from_search": ("Search engines leave the page out", False),
    "allow_rss_atom_feeds": ("Readers are offered Atom and RSS", True),
}
"""What can be ticked: its words, and whether it is so where nobody said anything."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One input: a line or, with `room`, more; or one of some choices, or a channel."""

    name: str
    label: str
    hint: str = ""
    room: int = _LINE
    choices: Mapping[str, str] | None = None
    is_channel: bool = False
    is_needed: bool = False


_COLOURS = {
    "css_greens": "Operational",
    "css_yellows": "Degraded performance",
    "css_oranges": "Partial outage",
    "css_reds": "Major outage",
    "css_blues": "Under maintenance",
    "css_no_data": "No data",
    "css_body_background_color": "Ground",
    "css_font_color": "Text",
    "css_light_font_color": "Small text",
    "css_link_color": "Links",
    "css_border_color": "Borders",
}
_SECOND_PERSON: Mapping[str, str] = {
    SecondPerson.NEVER: "Whoever writes it publishes it",
    SecondPerson.FIRST_POST: "Somebody else publishes what is new",
    SecondPerson.ALWAYS: "Somebody else publishes everything",
}
_API_POSTS: Mapping[str, str] = {
    ApiPosts.PUBLISH: "What API keys write is published",
    ApiPosts.DRAFT: "It waits for a person",
}
_ROLES = {_NOTHING: "Nobody", **{str(role): str(role) for role in SKIPPING_ROLES}}
_CORNERS = {_NOTHING: EMBED_CORNERS[-1], **{corner: corner for corner in EMBED_CORNERS[:-1]}}
PARTS: Mapping[str, tuple[str, Sequence[Setting]]] = {
    "texts": (
        "Texts and addresses",
        (
            Setting("name", "Name", is_needed=True),
            Setting("headline", "Headline", "Above the components."),
            Setting("page_description", "Description", "Markdown, below the headline.", MAX_INPUT),
            Setting("footer_text", "At the foot", "Markdown.", MAX_INPUT),
            Setting("url", "Your website"),
            Setting("support_url", "Where readers get help"),
            Setting("subdomain", "Short name", "In addresses and commands. Earlier ones go on."),
            Setting("domain", "Domain of its own", "As status.acme.example. The old address goes on."),
            Setting("time_zone", "Time zone", "As Europe/Zurich, or UTC.", is_needed=True),
        ),
    ),
    "look": (
        "Look",
        (
            Setting("transactional_logo", "Logo", _PICTURE, MAX_INPUT),
            Setting("favicon_logo", "Icon in the browser", _PICTURE, MAX_INPUT),
            *(Setting(name, f"Colour: {words}", room=_COLOUR) for name, words in _COLOURS.items()),
            Setting("status_embed_position", "Banner on other sites: corner", choices=_CORNERS),
            *(
                Setting(f"status_embed_{name}", f"Banner: {name.replace('_', ' ')}", room=_COLOUR)
                for name in EMBED_FIELDS[1:]
            ),
        ),
    ),
    "policy": (
        "Policy",
        (
            Setting("second_person", "Who publishes", choices=_SECOND_PERSON),
            Setting(
                "second_person_skipped_by",
                "Who may publish alone",
                "Where the impact is critical; it is announced.",
                choices=_ROLES,
            ),
            Setting("api_posts", "By API", choices=_API_POSTS),
            Setting("announcement_channel", "Channel", "Where each incident has its thread.", is_channel=True),
            Setting(
                "reminder_intervals",
                "Reminders",
                "When an update is due: [1,5,7] after so many hours, 4 every four, [] never. Empty: by impact.",
            ),
        ),
    ),
}
"""The forms: their titles, and what is in them."""
_WITH_FLAGS = "look"
POLICY = "policy"
"""The form that pages which are kept elsewhere have as well."""


def settings_form(tx: Transaction, page_id: str, part: str, *, problem: str = "") -> Block:
    """A form filled in with the page's settings, below what is to be said of what was typed. Raises NotFoundError,
    NotAllowedError."""
    page = get_configurable_page(tx, page_id, policy_only=part == POLICY)
    values = {setting.name: read_setting(page, setting.name) for setting in _settings_of(part)}
    values |= {name: read_setting(page, name) for name in _FLAGS}
    # Who keeps the form as it is renames nothing.
    values |= {"time_zone": zone_as_given(page)}
    return draw_settings(page, part, values, problem=problem)


def draw_settings(page: Page, part: str, values: Mapping[str, Any], *, problem: str = "") -> Block:
    """The form with these values, as of what the page is now."""
    title, settings = PARTS[part]
    blocks = [section(f":warning: {escape(problem)}")] if problem else []
    blocks.append(context(f"On {escape(plain(page.name, limit=_LINE))}"))
    blocks += [_input(setting, values.get(setting.name)) for setting in settings]
    if part == _WITH_FLAGS:
        blocks.append(_flags(values))
        blocks.append(
            context("A larger logo is set by an operator: `keydesk pages set`, or the file of `keydesk seed`.")
        )
    return modal(
        title,
        blocks,
        callback_id=CallbackId.PAGE_SETTINGS,
        submit="Keep",
        close="Cancel",
        private_metadata=Carried(page.id, version=page.version, part=part).pack(),
    )


def _settings_of(part: str) -> Sequence[Setting]:
    with our_window():
        return PARTS[part][1]


def _input(setting: Setting, value: Any) -> Block:
    text = "" if value is None else str(value)
    if len(text) > MAX_INPUT:
        return context(f"{setting.label} has no room here and stays as it is.")
    if setting.choices is not None:
        options = [option(words, str(choice)) for choice, words in setting.choices.items()]
        element = static_select(options, chosen=text or _NOTHING)
    elif setting.is_channel:
        element = {"type": "conversations_select", "action_id": "value", "filter": {"include": ["public", "private"]}}
        element |= {"initial_conversation": text} if text else {}
    else:
        # What a file has set may be longer than what is typed.
        room = max(setting.room, len(text))
        element = text_input(initial=text, multiline=setting.room > _LINE, max_length=room)
    optional = setting.choices is None and not setting.is_needed
    return input_block(setting.label, element, block_id=setting.name, hint=setting.hint or None, optional=optional)


def _flags(values: Mapping[str, Any]) -> Block:
    options = [option(words, name) for name, (words, _) in _FLAGS.items()]
    said = {name: values.get(name) for name in _FLAGS}
    chosen = [name for name, (_, usual) in _FLAGS.items() if (usual if said[name] is None else said[name])]
    element: Block = {"type": "checkboxes", "action_id": "value", "options": options}
    if chosen:
        element["initial_options"] = [one for one in options if one["value"] in chosen]
    return input_block("Readers", element, block_id="flags", optional=True)


def read_settings(entered: ViewState, part: str) -> dict[str, Any]:
    """What a form says, of what it had room for."""
    values: dict[str, Any] = {}
    for setting in _settings_of(part):
        if setting.name in entered.values:
            chosen = setting.choices is not None or setting.is_channel
            value = entered.choice(setting.name) if chosen else entered.name(setting.name)
            values[setting.name] = None if value in (None, "", _NOTHING) else value
    if part == _WITH_FLAGS:
        ticked = entered.choices("flags")
        # What is as it is where nobody said anything is not said.
        values |= {name: None if (name in ticked) is usual else name in ticked for name, (_, usual) in _FLAGS.items()}
    return values
