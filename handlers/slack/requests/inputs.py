"""Inputs in which a key's reach and lifetime are chosen: drawn and read."""

from collections.abc import Sequence

from desk.errors import InvalidInputError
from desk.keys.scopes import IN_WORDS, is_behind_the_page, parse_scopes
from desk.pages.pages import list_pages
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Block, input_block, option
from handlers.slack.framework.payloads import OptionsRequest, SlackContext, ViewSubmission
from storage.folding import fold
from storage.models import Page, Scope

ALL_PAGES = "all"
"""The value of the choice *All pages*, those to come included."""
_MAX_OPTIONS = 100
_SCOPES = ("scopes", "scopes_behind")
"""The inputs of scopes; the first is there whenever one is."""


def page_option(page: Page) -> Block:
    """A page as a choice."""
    return option(page.name, page.id)


def pages_select(pages: Sequence[Page], *, chosen: Sequence[str] | None, all_pages: bool) -> Block:
    """A multi-select of pages: with all choices in it, or searched for where there are more than Slack takes."""
    everything = [option("All pages", ALL_PAGES)] if all_pages else []
    choices = [page_option(page) for page in pages] + everything
    wanted = {ALL_PAGES} if chosen is None else set(chosen)
    initial = [choice for choice in choices if choice["value"] in wanted][:_MAX_OPTIONS]
    select: Block = {"placeholder": {"type": "plain_text", "text": "Choose pages"}}
    if len(choices) > _MAX_OPTIONS:
        select |= {"type": "multi_external_select", "action_id": ActionId.REQUEST_PAGES, "min_query_length": 0}
    else:
        select |= {"type": "multi_static_select", "action_id": "value", "options": choices}
    if initial:
        select["initial_options"] = initial
    return select


async def page_options(slack: SlackContext, request: OptionsRequest) -> Sequence[Block]:
    """Choices for the searched multi-select: pages whose name or short name holds what was typed."""
    # Options answer a person's typing only; what is chosen is checked when it is submitted.
    wanted = fold(request.text)

    def find(tx: Transaction) -> list[Block]:
        everything = [option("All pages", ALL_PAGES)] if wanted in "all pages" else []
        pages = [page for page in list_pages(tx.session) if wanted in fold(f"{page.name} {page.subdomain or ''}")]
        return [*map(page_option, pages[: _MAX_OPTIONS - len(everything)]), *everything]

    return await slack.desk.read(request.actor, find)


def scope_inputs(scopes: Sequence[Scope], *, chosen: Sequence[str], hint: str | None = None) -> list[Block]:
    """Scopes to tick, in plain words with their names below: of the page, and of what is behind it, as Slack takes no
    more than ten in one place."""
    parts = [
        ("What may it do?", [scope for scope in scopes if not is_behind_the_page(scope)]),
        ("And behind the page?", [scope for scope in scopes if is_behind_the_page(scope)]),
    ]
    shown = [(label, part) for label, part in parts if part]
    return [
        input_block(
            label,
            _checkboxes(part, chosen),
            block_id=block_id,
            hint=hint if place == 0 else None,
            optional=len(shown) > 1,
        )
        for place, (block_id, (label, part)) in enumerate(zip(_SCOPES, shown, strict=False))
    ]


def _checkboxes(scopes: Sequence[Scope], chosen: Sequence[str]) -> Block:
    choices = [option(IN_WORDS[scope].capitalize(), scope.value, scope.value) for scope in scopes]
    element: Block = {"type": "checkboxes", "action_id": "value", "options": choices}
    initial = [choice for choice in choices if choice["value"] in chosen]
    if initial:
        element["initial_options"] = initial
    return element


def read_scopes(submission: ViewSubmission) -> tuple[Scope, ...]:
    """The scopes that were ticked. Raises InvalidInputError (field `scopes`) when none was."""
    return parse_scopes(scope for block_id in _SCOPES for scope in submission.choices(block_id))


def days_input(days: int, maximum: int) -> Block:
    """A whole number of days from 1 to `maximum`."""
    return {
        "type": "number_input",
        "action_id": "value",
        "is_decimal_allowed": False,
        "initial_value": str(days),
        "min_value": "1",
        "max_value": str(maximum),
    }


def read_pages(submission: ViewSubmission) -> tuple[str, ...] | None:
    """The chosen pages; None for all. Raises InvalidInputError when both were chosen."""
    chosen = submission.choices("pages")
    if ALL_PAGES not in chosen:
        return tuple(chosen)
    if len(chosen) > 1:
        raise InvalidInputError("Choose all pages or some of them, not both.", field="pages")
    return None


def read_days(submission: ViewSubmission) -> int:
    """The chosen lifetime in days. Raises InvalidInputError (field `lifetime_days`)."""
    text = submission.text("lifetime_days")
    if not text.isascii() or not text.isdigit() or len(text) > 5:
        raise InvalidInputError("Write a whole number of days.", field="lifetime_days")
    return int(text)
