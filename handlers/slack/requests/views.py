"""The modal in which a key is asked for: drawn, filled in beforehand, and read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from desk.errors import InvalidInputError, NotAllowedError
from desk.identifiers import new_id
from desk.keys.scopes import IN_WORDS, parse_scopes
from desk.pages.pages import get_page_by_word, list_pages
from desk.people import get_subject
from desk.permissions import ask_an_owner, may_hold_key
from desk.requests.requests import list_askable_pages, require_asker
from desk.requests.terms import MAX_NAME, MAX_PURPOSE, Asked
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.blocks import Block, escape, input_block, modal, option, section, text_input
from handlers.slack.framework.payloads import OptionsRequest, SlackContext, ViewSubmission
from handlers.slack.requests.parsing import TypedRequest
from storage.models import KeyRequest, Page, Scope, SubjectKind

ALL_PAGES = "all"
"""The value of the choice *All pages*, those to come included."""
_MAX_OPTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the modal shows when it opens."""

    name: str = ""
    purpose: str = ""
    scopes: tuple[str, ...] = ()
    pages: tuple[str, ...] | None = ()
    """Page ids; None: all pages."""
    lifetime_days: int | None = None
    holder_id: str | None = None
    problems: tuple[str, ...] = ()
    """Sentences that are shown above the inputs."""

    def with_problem(self, problem: str) -> "Draft":
        """The same with one sentence more above the inputs."""
        return replace(self, problems=(*self.problems, problem))


def draft_from_request(request: KeyRequest) -> Draft:
    """The same once more."""
    return Draft(
        name=request.name,
        purpose=request.purpose,
        scopes=tuple(request.scopes),
        pages=None if request.pages is None else tuple(request.pages),
        lifetime_days=request.lifetime_days,
        holder_id=request.holder_id,
    )


def draft_from_line(tx: Transaction, typed: TypedRequest) -> Draft:
    """What a typed line means: its words looked up. What is missing or unknown is among the problems."""
    require_asker(tx)
    problems = list(typed.problems)
    scopes: tuple[str, ...] = ()
    pages: tuple[str, ...] | None = ()
    holder_id = None
    try:
        scopes = parse_scopes(typed.scopes) if typed.scopes else ()
    except InvalidInputError as error:
        problems.append(str(error))
    try:
        pages = _find_pages(tx, typed.pages)
    except InvalidInputError as error:
        problems.append(str(error))
    try:
        holder_id = _find_holder(tx, typed)
    except InvalidInputError as error:
        problems.append(str(error))
    missing = [
        what
        for what, said in (
            ("a name", typed.name),
            ("what it is for (because …)", typed.purpose),
            ("scopes (scope:read)", typed.scopes),
            ("pages (page:all)", typed.pages),
        )
        if not said
    ]
    if missing and not typed.is_empty:
        problems.append(f"Still needed: {', '.join(missing)}.")
    return Draft(
        name=typed.name or "",
        purpose=typed.purpose or "",
        scopes=scopes,
        pages=pages,
        lifetime_days=typed.lifetime_days,
        holder_id=holder_id,
        problems=tuple(problems),
    )


def _find_pages(tx: Transaction, words: Sequence[str]) -> tuple[str, ...] | None:
    if any(word.lower() in {ALL_PAGES, "*"} for word in words):
        return None
    return tuple(dict.fromkeys(get_page_by_word(tx.session, word).id for word in words))


def _find_holder(tx: Transaction, typed: TypedRequest) -> str | None:
    if typed.holder is None:
        return None
    subject = get_subject(tx.session, typed.holder)
    if subject.kind != SubjectKind.USER:
        raise InvalidInputError("A person answers for a key, not a user group.", field="holder")
    return subject.id


def asked_from_draft(tx: Transaction, draft: Draft) -> Asked:
    """A complete draft as what is asked for; policy gives what was not said."""
    return Asked(
        name=draft.name,
        purpose=draft.purpose,
        scopes=parse_scopes(draft.scopes),
        pages=draft.pages,
        lifetime_days=tx.policy.default_lifetime.days if draft.lifetime_days is None else draft.lifetime_days,
        holder_id=draft.holder_id or tx.actor.id,
    )


def render_request_modal(tx: Transaction, draft: Draft) -> Block:
    """The modal in which the actor asks for a key. Raises NotAllowedError when they may not ask."""
    roles = require_asker(tx)
    pages = list_askable_pages(tx)
    everywhere = may_hold_key(roles, None)
    if not pages and not everywhere:
        raise NotAllowedError("There is no page for which you may hold a key.", ask_an_owner(tx))
    maximum = tx.policy.maximum_lifetime.days
    days = min(max(draft.lifetime_days or tx.policy.default_lifetime.days, 1), maximum)
    blocks = (
        [section("\n".join(f":warning: {escape(problem)}" for problem in draft.problems))] if draft.problems else []
    )
    blocks += [
        input_block(
            "Name",
            text_input(initial=draft.name[:MAX_NAME], placeholder="terraform prod", max_length=MAX_NAME),
            block_id="name",
            hint="After what will use it: people find the key by this name.",
        ),
        input_block(
            "What is it for?",
            text_input(initial=draft.purpose[:MAX_PURPOSE], multiline=True, max_length=MAX_PURPOSE),
            block_id="purpose",
            hint="Owners read this when they decide.",
        ),
        input_block(
            "Pages",
            pages_select(pages, chosen=draft.pages, all_pages=everywhere),
            block_id="pages",
            hint="“All pages” includes those to come.",
        ),
        input_block(
            "What may it do?",
            scope_checkboxes(tuple(Scope), chosen=draft.scopes),
            block_id="scopes",
            hint="The less, the sooner owners say yes.",
        ),
        input_block(
            "Lifetime in days",
            days_input(days, maximum),
            block_id="lifetime_days",
            hint=f"Counted from when it is collected; at most {maximum}.",
        ),
        input_block(
            "Who answers for it?",
            {"type": "users_select", "action_id": "value", "initial_user": draft.holder_id or tx.actor.id},
            block_id="holder",
            hint="The key belongs to the organization. This person is asked when it goes unused or expires.",
        ),
    ]
    return modal(
        "Ask for an API key",
        blocks,
        callback_id=str(CallbackId.REQUEST_NEW),
        submit="Ask",
        close="Cancel",
        private_metadata=new_id(),
    )


def page_option(page: Page) -> Block:
    """A page as a choice."""
    return option(page.name, page.id)


def pages_select(pages: Sequence[Page], *, chosen: Sequence[str] | None, all_pages: bool) -> Block:
    """A multi-select of pages: with all choices in it, or searched for where there are more than Slack takes."""
    everything = [option("All pages", ALL_PAGES)] if all_pages else []
    choices = everything + [page_option(page) for page in pages]
    wanted = {ALL_PAGES} if chosen is None else set(chosen)
    initial = [choice for choice in choices if choice["value"] in wanted][:_MAX_OPTIONS]
    select: Block = {"placeholder": {"type": "plain_text", "text": "Choose pages"}}
    if len(choices) > _MAX_OPTIONS:
        select |= {"type": "multi_external_select", "action_id": str(ActionId.REQUEST_PAGES), "min_query_length": 0}
    else:
        select |= {"type": "multi_static_select", "action_id": "value", "options": choices}
    if initial:
        select["initial_options"] = initial
    return select


async def page_options(slack: SlackContext, request: OptionsRequest) -> Sequence[Block]:
    """Choices for the searched multi-select: pages whose name or short name holds what was typed."""
    # Options answer a person's typing only; what is chosen is checked when it is submitted.
    wanted = request.text.lower()

    def find(tx: Transaction) -> list[Block]:
        everything = [option("All pages", ALL_PAGES)] if wanted in "all pages" else []
        pages = [page for page in list_pages(tx.session) if wanted in f"{page.name} {page.subdomain or ''}".lower()]
        return (everything + [page_option(page) for page in pages])[:_MAX_OPTIONS]

    return await slack.desk.read(request.actor, find)


def scope_checkboxes(scopes: Sequence[Scope], *, chosen: Sequence[str]) -> Block:
    """Scopes to tick, in plain words with their names below."""
    choices = [option(IN_WORDS[scope].capitalize(), scope.value, scope.value) for scope in scopes]
    element: Block = {"type": "checkboxes", "action_id": "value", "options": choices}
    initial = [choice for choice in choices if choice["value"] in chosen]
    if initial:
        element["initial_options"] = initial
    return element


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


def read_asked(submission: ViewSubmission) -> Asked:
    """What the submitted modal asks for. Raises InvalidInputError, whose field names the input."""
    return Asked(
        name=submission.text("name"),
        purpose=submission.text("purpose"),
        scopes=parse_scopes(submission.choices("scopes")),
        pages=read_pages(submission),
        lifetime_days=read_days(submission),
        holder_id=submission.choice("holder") or submission.user_id,
    )
