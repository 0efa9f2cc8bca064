"""The preview again: where a press of *Publish* came too late, and where an author takes a draft back."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from desk.errors import ConflictError
from desk.incidents.drafts.drafts import find_draft, take_back
from desk.incidents.drafts.steps import list_steps
from desk.transaction import Transaction
from handlers.slack.action_ids import ActionId
from handlers.slack.blocks import Block
from handlers.slack.incidents.deciding import press_publish, press_publish_quietly
from handlers.slack.incidents.preview import preview_view
from handlers.slack.incoming import Click, ClickHandler, Front
from handlers.slack.surfaces import show_modal


async def press_take_back(front: Front, click: Click) -> None:
    """*Take back*: the draft waits for nobody any more, and its author has its preview with every button."""
    view = await front.desk.write(click.actor, lambda tx: preview_view(tx, take_back(tx, click.subject)))
    await show_modal(front, click, view)


async def _publish_or_show(publish: Callable[[Front, Click], Awaitable[None]], front: Front, click: Click) -> None:
    """Publish or, where the draft does not fit any more, show what it says, why, and what the person can do."""
    try:
        await publish(front, click)
    except ConflictError as refusal:
        problem = str(refusal)
        view = await front.desk.read(click.actor, lambda tx: _still_to_do(tx, click.subject, problem))
        if view is None:
            raise
        await show_modal(front, click, view)


def _still_to_do(tx: Transaction, draft_id: str, problem: str) -> Block | None:
    draft = find_draft(tx, draft_id)
    if draft is None or not list_steps(tx, draft):
        return None
    return preview_view(tx, draft, problem=problem)


BUTTONS: Mapping[ActionId, ClickHandler] = {
    ActionId.DRAFT_PUBLISH: partial(_publish_or_show, press_publish),
    ActionId.DRAFT_PUBLISH_QUIETLY: partial(_publish_or_show, press_publish_quietly),
    ActionId.DRAFT_TAKE_BACK: press_take_back,
}
