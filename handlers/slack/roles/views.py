"""The modal in which owners grant a role without typing a command."""

from collections.abc import Sequence

from desk.errors import InvalidInputError
from desk.people import Subject, SubjectWord
from desk.reasons import MAXIMUM_REASON
from desk.roles.lists import ALLOWS, NAMES
from desk.roles.orders import GrantOrder
from desk.roles.roles import AnyPage, PageChoice
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.blocks import (
    Block,
    context,
    escape,
    input_block,
    modal,
    option,
    plain_text,
    section,
    static_select,
    text_input,
)
from handlers.slack.framework.payloads import ViewSubmission
from handlers.slack.roles.parsing import StartedGrant
from storage.models import Page, Role, SubjectKind, UserGroup

_ALL = "all"
_GOOD = "good"
_OWNERS = "Owners are owners of all pages."
_SPANS = (("8 hours", "8h"), ("24 hours", "24h"), ("7 days", "7d"), ("30 days", "30d"), ("90 days", "90d"))
_MOST_OPTIONS = 100


def grant_form(pages: Sequence[Page], started: StartedGrant, *, subject: Subject | None = None) -> Block:
    """Whom, which role, where, until when and why; `subject` is who was named, and the page is given by its id."""
    person: Block = {"type": "users_select", "action_id": "value", "placeholder": plain_text("Choose a person")}
    group: Block = {
        "type": "external_select",
        "action_id": ActionId.ROLE_GROUP,
        "min_query_length": 0,
        "placeholder": plain_text("Choose a group"),
    }
    if subject is not None and subject.kind == SubjectKind.GROUP:
        group["initial_option"] = option(subject.name, subject.id)
    elif subject is not None:
        person["initial_user"] = subject.id
    roles = [option(NAMES[role], role, ALLOWS[role]) for role in Role]
    places = [*(option(page.name, page.id) for page in pages[: _MOST_OPTIONS - 1]), option("All pages", _ALL)]
    is_open = isinstance(started.page, AnyPage) and len(pages) > 1
    spans = [option("For good", _GOOD), *(option(text, value) for text, value in _SPANS)]
    span = started.ends if started.ends in dict(_SPANS).values() else None
    date = {"type": "datepicker", "action_id": "value", "placeholder": plain_text("Choose a day")}
    unsaid = [started.ends] if started.ends and not span else []
    blocks = [
        *(section(f":warning: Choose anew how long: “{escape(ends)}”.") for ends in unsaid),
        input_block("Person", person, block_id="subject", optional=True),
        input_block("Or user group", group, block_id="group", optional=True),
        input_block("Role", static_select(roles, chosen=started.role), block_id="role"),
        input_block(
            "Where",
            static_select(places, chosen=None if is_open else _place(started.page)),
            block_id="page",
            hint=_OWNERS,
        ),
        input_block("For how long", static_select(spans, chosen=span or _GOOD), block_id="ends"),
        input_block("Or until the end of", date, block_id="date", optional=True),
        input_block(
            "Why",
            text_input(initial=started.reason or None, max_length=MAXIMUM_REASON),
            block_id="reason",
            optional=True,
        ),
        context("The person is told by direct message. Granting a role again changes its end."),
    ]
    return modal("Grant a role", blocks, callback_id=CallbackId.ROLE_GRANT, submit="Grant", close="Cancel")


def _place(page: PageChoice) -> str:
    return page if isinstance(page, str) else _ALL


def group_options(groups: Sequence[UserGroup]) -> list[Block]:
    """User groups to choose from."""
    return [option(f"@{group.handle}", group.group_id, group.name or None) for group in groups[:_MOST_OPTIONS]]


def read_grant(submission: ViewSubmission) -> GrantOrder:
    """The order in a submitted form. Raises InvalidInputError (fields are the inputs' block ids)."""
    person, group, role = submission.choice("subject"), submission.choice("group"), submission.choice("role")
    if person and group:
        raise InvalidInputError("Choose a person or a group, not both.", field="group")
    if not person and not group:
        raise InvalidInputError("Choose a person or a group.", field="subject")
    if role is None:
        raise InvalidInputError("Choose a role.", field="role")
    page, span, date = submission.choice("page"), submission.choice("ends"), submission.choice("date")
    if page is None:
        raise InvalidInputError("Choose a page, or all of them.", field="page")
    if date and span and span != _GOOD:
        raise InvalidInputError("Choose a length of time or a day, not both.", field="date")
    return GrantOrder(
        subject=SubjectWord("user", person) if person else SubjectWord("group", group or ""),
        role=Role(role),
        page=None if page == _ALL else page,
        ends=date or (None if span == _GOOD else span),
        reason=submission.text("reason"),
    )
