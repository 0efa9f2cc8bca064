"""Block Kit's limits: what Slack takes at the limit, and refuses one step beyond it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.blockkit import BLOCKS_TEXT_LIMIT, check_message, check_options, check_view, measure_text
from tests.unit.sandbox.probes import Json, actions, button, home, modal, plain, section, text_input


def option(n: int = 0, **more: Any) -> Json:
    """An option."""
    return {"text": plain(f"Option {n}"), "value": str(n), **more}


def select(**more: Any) -> Json:
    """A menu."""
    return {"type": "static_select", "action_id": "pick", "options": [option()]} | more


def field(element: Json) -> Json:
    """An input around an element."""
    return {"type": "input", "block_id": "field", "label": plain("Field"), "element": element}


def context(*elements: Json) -> Json:
    """A line of small print."""
    return {"type": "context", "elements": list(elements)}


def table(rows: int, columns: int, text: str = "x") -> Json:
    """A table."""
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


IMAGE: Json = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}
CHECKBOXES: Json = {"type": "checkboxes", "action_id": "check", "options": [option()]}
CONFIRM: Json = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
RICH: Json = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "hi", "style": {"bold": True}},
                {"type": "user", "user_id": "U0MIA00001"},
                {"type": "link", "url": "https://example.com"},
                {"type": "emoji", "name": "wave"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}],
        },
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
    ],
}

VALID_BLOCKS: dict[str, list[Json]] = {
    "fifty blocks": [{"type": "divider"}] * 50,
    "longest section": [section("x" * 3000)],
    "ten fields of 2,000, less than the total": [{"type": "section", "fields": [plain("x" * 1300)] * 10}],
    "longest header": [{"type": "header", "text": plain("x" * 150)}],
    "ten context elements": [context(*[plain("x")] * 9, IMAGE)],
    "25 buttons": [actions(*[button(f"b{n}") for n in range(25)])],
    "longest button": [actions(button(text=plain("x" * 75), value="x" * 2000, style="danger", confirm=CONFIRM))],
    "link button": [actions(button(url="https://example.com/" + "x" * 2900))],
    "100 options": [actions(select(options=[option(n) for n in range(100)]))],
    "five in overflow": [section(accessory={"type": "overflow", "options": [option(n) for n in range(5)]})],
    "ten checkboxes": [actions(CHECKBOXES | {"options": [option(n) for n in range(10)]})],
    "largest table": [table(100, 20)],
    "longest markdown": [{"type": "markdown", "text": "x" * 12_000}],
    "rich text": [RICH],
    "input in a message": [text_input()],
    "image": [IMAGE | {"title": plain("A")}],
    "initial option": [actions(select(initial_option=option()))],
    "dates": [
        actions(
            {"type": "datepicker", "initial_date": "2026-01-31"},
            {"type": "timepicker", "initial_time": "23:59"},
            {"type": "datetimepicker", "initial_date_time": 1_732_345_678},
        )
    ],
}

INVALID_BLOCKS: dict[str, tuple[list[Any], str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "no type": ([{"text": plain("x")}], "missing required field: type [json-pointer:/blocks/0]"),
    "unknown block": ([{"type": "marquee"}], "unsupported type: marquee [json-pointer:/blocks/0/type]"),
    "not an object": (["text"], "must provide an object [json-pointer:/blocks/0]"),
    "unknown key": ([section(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0]"),
    "empty section": ([{"type": "section"}], "missing required field: text or fields"),
    "empty text": ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "long section": ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    "11 fields": ([{"type": "section", "fields": [plain("x")] * 11}], "no more than 10 items allowed"),
    "long field": ([{"type": "section", "fields": [plain("x" * 2001)]}], "must be less than 2001 characters"),
    "long header": ([{"type": "header", "text": plain("x" * 151)}], "must be less than 151 characters"),
    "mrkdwn header": ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "unsupported type: mrkdwn"),
    "11 in context": (
        [context(*[plain("x")] * 11)],
        "no more than 10 items allowed",
    ),
    "button in context": ([context(button())], "unsupported type: button"),
    "26 buttons": ([actions(*[button(f"b{n}") for n in range(26)])], "no more than 25 items allowed"),
    "no buttons": ([actions()], "no fewer than 1 items required"),
    "long button text": ([actions(button(text=plain("x" * 76)))], "must be less than 76 characters"),
    "mrkdwn button": ([actions(button(text={"type": "mrkdwn", "text": "x"}))], "unsupported type: mrkdwn"),
    "long button value": ([actions(button(value="x" * 2001))], "must be less than 2001 characters"),
    "long url": ([actions(button(url="https://e/" + "x" * 3000))], "must be less than 3001 characters"),
    "no url": ([actions(button(url="javascript:alert(1)"))], "must be a valid URL"),
    "wrong style": ([actions(button(style="fancy"))], "must be a valid enum value"),
    "long action_id": ([actions(button("x" * 256))], "must be less than 256 characters"),
    "long block_id": ([section(block_id="x" * 256)], "must be less than 256 characters"),
    "101 options": ([actions(select(options=[option(n) for n in range(101)]))], "no more than 100 items allowed"),
    "long option": ([actions(select(options=[option(text=plain("x" * 76))]))], "must be less than 76 characters"),
    "long option value": ([actions(select(options=[option(value="x" * 151)]))], "must be less than 151 characters"),
    "no options": ([actions(select(options=None))], "missing required field: options or option_groups"),
    "both options": ([actions(select(option_groups=[]))], "only one of options, option_groups is allowed"),
    "stray initial option": ([actions(select(initial_option=option(9)))], "must match an option"),
    "six in overflow": (
        [section(accessory={"type": "overflow", "options": [option(n) for n in range(6)]})],
        "no more than 5 items allowed",
    ),
    "11 checkboxes": ([actions(CHECKBOXES | {"options": [option(n) for n in range(11)]})], "no more than 10 items"),
    "confirm title": (
        [actions(button(confirm=CONFIRM | {"title": plain("x" * 101)}))],
        "must be less than 101 characters",
    ),
    "confirm text": ([actions(button(confirm=CONFIRM | {"text": plain("x" * 301)}))], "must be less than 301"),
    "confirm button": ([actions(button(confirm=CONFIRM | {"deny": plain("x" * 31)}))], "must be less than 31"),
    "image without alt": ([{"type": "image", "image_url": "https://e.com"}], "missing required field: alt_text"),
    "two images in one": ([IMAGE | {"slack_file": {"id": "F1"}}], "only one of image_url, slack_file is allowed"),
    "wide table": ([table(1, 21)], "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    "long table": ([table(101, 1)], "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    "heavy table": ([table(2, 1, "x" * 5001)], "table must be less than 10001 characters"),
    "two tables": ([table(1, 1), table(1, 1)], "only_one_table_allowed"),
    "markdown in total": ([{"type": "markdown", "text": "x" * 6001}] * 2, "markdown must be less than 12001"),
    "file input in a message": ([field({"type": "file_input"})], "unsupported type: file_input"),
    "text input among buttons": ([actions({"type": "plain_text_input"})], "unsupported type: plain_text_input"),
    "datetimepicker beside a section": ([section(accessory={"type": "datetimepicker"})], "unsupported type"),
    "same block_id": ([section(block_id="a"), section(block_id="a")], "`block_id` a already exists"),
    "same action_id": ([actions(button("a"), button("a"))], "`action_id` a already exists"),
    "bad date": ([actions({"type": "datepicker", "initial_date": "31.01.2026"})], "must match the pattern"),
    "bad time": ([actions({"type": "timepicker", "initial_time": "24:00"})], "must match the pattern"),
    "too early": ([actions({"type": "datetimepicker", "initial_date_time": 1})], "must be greater than"),
    "text that is no text": ([section() | {"text": {"type": "mrkdwn", "text": 5}}], "must be a string"),
    "two focused": (
        [field(select(focus_on_load=True)), field(select(focus_on_load=True)) | {"block_id": "other"}],
        "only one element may have focus_on_load",
    ),
}

VALID_VIEWS: dict[str, Json] = {
    "100 blocks": modal(*[{"type": "divider"}] * 100),
    "longest texts": modal(title="x" * 24, submit=plain("x" * 24), close=plain("x" * 24)),
    "longest ids": modal(private_metadata="x" * 3000, callback_id="x" * 255, external_id="x" * 255),
    "nothing where something may be": modal(private_metadata=None, close=None, notify_on_close=None),
    "file input": modal(field({"type": "file_input", "filetypes": ["csv"], "max_files": 10})),
    "long text input": modal(text_input(max_length=3000, min_length=0, initial_value="x" * 3000)),
    "number": modal(field({"type": "number_input", "is_decimal_allowed": False, "min_value": "1"})),
    "home": home(section(), actions(button()), text_input()),
    "empty home": {"type": "home", "blocks": []},
}

INVALID_VIEWS: dict[str, tuple[Any, str]] = {
    "no view": ("view", "must provide an object [json-pointer:/view]"),
    "wrong type": (modal() | {"type": "window"}, "unsupported type: window [json-pointer:/view/type]"),
    "no title": ({"type": "modal", "blocks": [section()]}, "missing required field: title [json-pointer:/view]"),
    "long title": (modal(title="x" * 25), "must be less than 25 characters [json-pointer:/view/title/text]"),
    "long submit": (modal(submit=plain("x" * 25)), "must be less than 25 characters"),
    "long close": (modal(close=plain("x" * 25)), "must be less than 25 characters"),
    "101 blocks": (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    "long metadata": (modal(private_metadata="x" * 3001), "must be less than 3001 characters"),
    "long callback_id": (modal(callback_id="x" * 256), "must be less than 256 characters"),
    "long external_id": (modal(external_id="x" * 256), "must be less than 256 characters"),
    "input without submit": (modal(text_input(), submit=None), "must define `submit` to use an `input` block"),
    "table in a modal": (modal(table(1, 1)), "unsupported type: table"),
    "markdown in a modal": (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown"),
    "file input at home": (home(field({"type": "file_input"})), "unsupported type: file_input"),
    "title at home": (home() | {"title": plain("x")}, "invalid additional property: title"),
    "long label": (modal(text_input() | {"label": plain("x" * 2001)}), "must be less than 2001 characters"),
    "long hint": (modal(text_input() | {"hint": plain("x" * 2001)}), "must be less than 2001 characters"),
    "long maximum": (modal(text_input(max_length=3001)), "must be less than 3001"),
    "swapped lengths": (modal(text_input(min_length=9, max_length=3)), "min_length must not exceed max_length"),
    "long initial value": (modal(text_input(max_length=3, initial_value="four")), "must be less than 4 characters"),
    "button as an input": (modal(field(button())), "unsupported type: button"),
    "number without its kind": (modal(field({"type": "number_input"})), "is_decimal_allowed"),
    "eleven files": (modal(field({"type": "file_input", "max_files": 11})), "must be less than 11"),
    "heavy": (modal(*[section("x" * 2900)] * 90), "view_too_large"),
    "not a flag": (modal(notify_on_close="yes"), "must be a boolean [json-pointer:/view/notify_on_close]"),
}


@pytest.mark.parametrize("blocks", VALID_BLOCKS.values(), ids=VALID_BLOCKS)
def test_blocks_at_their_limits_are_accepted(blocks: list[Json]) -> None:
    """What is just within Slack's limits has no problems."""
    assert check_message({"text": "x", "blocks": blocks}) == []


@pytest.mark.parametrize(("blocks", "problem"), INVALID_BLOCKS.values(), ids=INVALID_BLOCKS)
def test_blocks_beyond_a_limit_are_named(blocks: list[Any], problem: str) -> None:
    """One step beyond a limit is a problem that says where and which."""
    problems = check_message({"text": "x", "blocks": blocks})
    assert any(problem in each for each in problems), problems


@pytest.mark.parametrize("view", VALID_VIEWS.values(), ids=VALID_VIEWS)
def test_views_at_their_limits_are_accepted(view: Json) -> None:
    """What is just within a view's limits has no problems."""
    assert check_view(view) == []


@pytest.mark.parametrize(("view", "problem"), INVALID_VIEWS.values(), ids=INVALID_VIEWS)
def test_views_beyond_a_limit_are_named(view: Any, problem: str) -> None:
    """One step beyond a view's limit is a problem that says where and which."""
    problems = check_view(view)
    assert any(problem in each for each in problems), problems


def test_the_total_of_text_in_blocks_is_limited() -> None:
    """Each block within its limit can still be too much together, which no library notices."""
    blocks = [section("x" * 2640) for _ in range(5)]
    assert measure_text(blocks) == BLOCKS_TEXT_LIMIT
    assert check_message({"text": "x", "blocks": blocks}) == []
    blocks[0]["text"]["text"] += "x"
    assert check_message({"text": "x", "blocks": blocks})[0].startswith("msg_blocks_too_long")


def test_a_message_needs_something_to_show() -> None:
    """Neither text nor blocks is no message; text alone is one, up to 40,000 characters."""
    assert check_message({"channel": "C0STATUS01"})[0].startswith("no_text")
    assert check_message({"text": "x" * 40_000}) == []
    assert check_message({"text": "x" * 40_001}) != []


def test_blocks_in_attachments_are_checked_too() -> None:
    """A fault within an attachment is found, with a pointer into it."""
    problems = check_message({"text": "x", "attachments": [{"blocks": [{"type": "marquee"}]}]})
    assert problems == ["unsupported type: marquee [json-pointer:/attachments/0/blocks/0/type]"]


def test_options_for_a_menu_are_limited() -> None:
    """An answer to block_suggestion has options or groups of them, a hundred at most."""
    assert check_options({"options": [option(n) for n in range(100)]}) == []
    assert check_options({"options": [option(n) for n in range(101)]}) != []
    assert check_options({"option_groups": [{"label": plain("A"), "options": [option()]}]}) == []
    assert check_options({}) != []


KEYS = [
    "type",
    "text",
    "elements",
    "element",
    "accessory",
    "fields",
    "options",
    "option_groups",
    "initial_option",
    "initial_options",
    "value",
    "label",
    "rows",
    "blocks",
    "title",
    "submit",
    "block_id",
    "action_id",
    "max_length",
    "min_length",
    "initial_value",
]
KINDS = [
    "section",
    "actions",
    "input",
    "table",
    "context",
    "image",
    "modal",
    "home",
    "rich_text",
    "rich_text_section",
    "button",
    "static_select",
    "checkboxes",
    "plain_text_input",
    "plain_text",
    "mrkdwn",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(KINDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
ELEMENT = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)}, optional={key: JSON for key in KEYS if key != "type"}
)


@given(JSON, ELEMENT)
def test_nonsense_is_a_problem_and_never_a_crash(value: Any, element: Json) -> None:
    """Whatever an app sends, the checks answer with sentences."""
    blocks = [value, actions(element), section(accessory=element), text_input() | {"element": element}, element]
    found = check_message({"text": "x", "blocks": blocks, "attachments": value})
    for problems in (found, check_view(value), check_view(modal(*blocks)), check_options(element)):
        assert all("json-pointer" in problem for problem in problems)
