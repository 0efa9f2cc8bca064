"""The modal in which a key is asked for: drawn, filled in beforehand, and read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from desk.acting_keys import with_included
from desk.errors import InvalidInputError
from desk.identifiers import new_id
from desk.keys.restrictions import check_networks
from desk.keys.scopes import parse_scopes
from desk.pages.pages import get_page_by_word, list_pages
from desk.people import get_answerer
from desk.reasons import MAXIMUM_KEY_NAME, MAXIMUM_REASON
from desk.requests.approvals import get_approvable, get_deniable
from desk.requests.lookup import extent_now
from desk.requests.offers import policy_here
from desk.requests.requests import get_askable, require_asker
from desk.requests.terms import MAX_PURPOSE, Asked, complete_asked, refuse_unoffered
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId, value_of
from handlers.slack.framework.blocks import Block, context, escape, input_block, mention, modal, section, text_input
from handlers.slack.framework.copies import age_of_copies
from handlers.slack.framework.payloads import ViewSubmission
from handlers.slack.requests.inputs import (
    ALL_PAGES,
    days_input,
    pages_select,
    read_days,
    read_pages,
    read_scopes,
    scope_inputs,
)
from handlers.slack.requests.parsing import TypedRequest
from handlers.slack.requests.restrictions import find_components, read_restrictions, restriction_inputs
from handlers.slack.requests.text import name_in_words, quotation
from storage.models import KeyRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What the modal shows when it opens."""

    name: str = ""
    purpose: str = ""
    scopes: tuple[str, ...] = ()
    pages: tuple[str, ...] | None = ()
    """Page ids; None: all pages."""
    components: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
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
        components=None if request.components is None else tuple(request.components),
        networks=None if request.networks is None else tuple(request.networks),
        lifetime_days=request.lifetime_days,
        holder_id=request.holder_id,
    )


def draft_from_line(tx: Transaction, typed: TypedRequest) -> Draft:
    """What a typed line means: its words looked up. What is missing or unknown is among the problems."""
    require_asker(tx)
    problems = list(typed.problems)
    scopes: tuple[str, ...] = ()
    pages: tuple[str, ...] | None = ()
    components, networks, holder_id = None, None, None
    with _noted(problems):
        policy = policy_here(tx)
        scopes = parse_scopes(typed.scopes, policy.offered_scopes) if typed.scopes else ()
        refuse_unoffered(scopes, policy)
    with _noted(problems):
        pages = _find_pages(tx, typed.pages)
    with _noted(problems):
        components = find_components(tx, pages or None, typed.components)
    with _noted(problems):
        networks = check_networks(typed.networks or None)
    with _noted(problems):
        holder_id = _find_holder(tx, typed)
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
        components=components,
        networks=networks,
        lifetime_days=typed.lifetime_days,
        holder_id=holder_id,
        problems=tuple(problems),
    )


@contextmanager
def _noted(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except InvalidInputError as error:
        problems.append(str(error))


def _find_pages(tx: Transaction, words: Sequence[str]) -> tuple[str, ...] | None:
    if any(word.lower() in {ALL_PAGES, "*"} for word in words):
        return None
    return tuple(dict.fromkeys(get_page_by_word(tx.session, word).id for word in words))


def _find_holder(tx: Transaction, typed: TypedRequest) -> str | None:
    return get_answerer(tx.session, typed.holder) if typed.holder is not None else None


def asked_from_draft(tx: Transaction, draft: Draft) -> Asked:
    """A complete draft as what is asked for."""
    return complete_asked(
        policy_here(tx),
        tx.actor.id,
        name=draft.name,
        purpose=draft.purpose,
        scopes=draft.scopes,
        pages=draft.pages,
        lifetime_days=draft.lifetime_days,
        holder_id=draft.holder_id,
        components=draft.components,
        networks=draft.networks,
    )


def render_request_modal(tx: Transaction, draft: Draft) -> Block:
    """The modal in which the actor asks for a key. Raises NotAllowedError when they may not ask."""
    askable = get_askable(tx)
    maximum = tx.policy.maximum_lifetime.days
    days = min(max(draft.lifetime_days or tx.policy.default_lifetime.days, 1), maximum)
    blocks = (
        [section("\n".join(f":warning: {escape(problem)}" for problem in draft.problems))] if draft.problems else []
    )
    blocks += [
        input_block(
            "Name",
            text_input(
                initial=draft.name[:MAXIMUM_KEY_NAME], placeholder="terraform prod", max_length=MAXIMUM_KEY_NAME
            ),
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
            pages_select(askable.pages, chosen=draft.pages, all_pages=askable.everywhere),
            block_id="pages",
            hint="“All pages” includes those to come.",
        ),
        *age_of_copies(tx, askable.pages),
        *scope_inputs(
            policy_here(tx).offered_scopes, chosen=draft.scopes, hint="The less, the sooner owners say yes."
        ),
        *restriction_inputs(tx, draft.components, draft.networks),
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
        callback_id=CallbackId.REQUEST_NEW,
        submit="Ask",
        close="Cancel",
        private_metadata=new_id(),
    )


def read_asked(tx: Transaction, submission: ViewSubmission) -> Asked:
    """What the submitted modal asks for. Raises InvalidInputError, whose field names the input."""
    pages = read_pages(submission)
    components, networks = read_restrictions(tx, pages, submission)
    return Asked(
        name=submission.entered.name("name"),
        purpose=submission.text("purpose"),
        scopes=read_scopes(submission),
        pages=pages,
        lifetime_days=read_days(submission),
        holder_id=submission.choice("holder") or submission.user_id,
        components=components,
        networks=networks,
    )


def render_change_modal(tx: Transaction, request_id: str) -> Block:
    """The modal in which an owner narrows a request. Raises when they could not approve it now."""
    request = get_approvable(tx, request_id)
    extent = extent_now(tx, request)
    pages = [page for page in list_pages(tx.session) if extent.pages is None or page.id in extent.pages]
    return modal(
        "Change and approve",
        [
            section(f"{mention(request.requester_id)} asks for {name_in_words(request.name)}."),
            input_block(
                "Pages",
                pages_select(pages, chosen=extent.pages, all_pages=extent.pages is None),
                block_id="pages",
            ),
            *age_of_copies(tx, pages),
            *scope_inputs(parse_scopes(with_included(extent.scopes)), chosen=extent.scopes),
            *restriction_inputs(tx, extent.components, extent.networks),
            input_block(
                "Lifetime in days", days_input(extent.lifetime_days, extent.lifetime_days), block_id="lifetime_days"
            ),
            context("An approval can narrow what was asked, never widen it. Who asked is shown what you changed."),
        ],
        callback_id=CallbackId.REQUEST_CHANGE,
        submit="Approve",
        close="Cancel",
        private_metadata=value_of(request.id, request.version),
    )


def render_deny_modal(tx: Transaction, request_id: str) -> Block:
    """The modal in which an owner says why. Raises when they could not deny it now."""
    request = get_deniable(tx, request_id)
    return modal(
        "Deny this request",
        [
            section(f"{mention(request.requester_id)} asks for {name_in_words(request.name)}:"),
            *quotation(request.purpose),
            input_block(
                "Why not?",
                text_input(multiline=True, max_length=MAXIMUM_REASON),
                block_id="reason",
                hint="Who asked is told this, and by whom.",
            ),
        ],
        callback_id=CallbackId.REQUEST_DENY,
        submit="Deny",
        close="Cancel",
        private_metadata=value_of(request.id, request.version),
    )
