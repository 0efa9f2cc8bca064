"""The Bolt app: every command, button, modal and event registered, in the order in which Bolt looks."""

from collections.abc import Callable, Mapping
from functools import partial

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from desk.transaction import Desk, Transaction
from handlers.slack import digest, home, incidents, keys, maintenances, requests, roles
from handlers.slack.deliveries import messages as deliveries
from handlers.slack.directory import events
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.blocks import Block
from handlers.slack.framework.listeners import answer_clicks, on_action
from handlers.slack.framework.messages import Renderer
from handlers.slack.framework.payloads import EnsureKnown, SlackContext
from handlers.slack.incidents import backfill, postmortems
from handlers.slack.incidents.drafts.actions import DrawEditor, draw_editor, press_edit
from handlers.slack.maintenances.cancelling import draw_cancel_editor, is_cancellation
from handlers.slack.maintenances.moving import draw_move_editor, is_move
from handlers.slack.maintenances.scheduling import draw_plan_editor
from storage.models import DraftKind, IncidentDraft


def _draw_update_editor(tx: Transaction, draft: IncidentDraft) -> Block:
    if is_move(draft):
        return draw_move_editor(tx, draft)
    return draw_cancel_editor(tx, draft) if is_cancellation(draft) else draw_editor(tx, draft)


_EDITORS: Mapping[DraftKind, DrawEditor] = {
    DraftKind.INCIDENT: draw_editor,
    DraftKind.MAINTENANCE: draw_plan_editor,
    DraftKind.UPDATE: _draw_update_editor,
    DraftKind.BACKFILL: backfill.edit_form,
    DraftKind.POSTMORTEM: postmortems.edit_form,
}


def _register_editing(slack: SlackContext) -> None:
    """*Edit* on every preview and card of a draft."""
    on_action(slack, ActionId.DRAFT_EDIT, partial(press_edit, _EDITORS))


AREAS: tuple[Callable[[SlackContext], None], ...] = (
    deliveries.register,
    requests.register,
    keys.register,
    roles.register,
    digest.register,
    incidents.register,
    maintenances.register,
    _register_editing,
    home.register,
    events.register,
)
"""`register` of each area."""


def create_bolt_app(
    desk: Desk, client: AsyncWebClient, *, signing_secret: str, identity: AuthorizeResult, ensure_known: EnsureKnown
) -> AsyncApp:
    """The app that answers Slack, over HTTP and Socket Mode alike.

    `identity` is what Slack's `auth.test` said of the bot's token at start; asking it again at each request, as
    Bolt would, costs a call to Slack per click. The acknowledgement follows the commit.
    """

    async def authorize() -> AuthorizeResult:
        return identity

    app = AsyncApp(
        client=client,
        signing_secret=signing_secret,
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=bool(signing_secret),
    )
    front = SlackContext(app, desk, client, ensure_known)
    for register in AREAS:
        register(front)
    answer_clicks(front)
    return app


_AREAS: tuple[Mapping[str, Renderer], ...] = (
    deliveries.RENDERERS,
    digest.RENDERERS,
    incidents.RENDERERS,
    keys.RENDERERS,
    requests.RENDERERS,
    roles.RENDERERS,
)


def all_renderers() -> Mapping[str, Renderer]:
    """Every kind of message and its renderer."""
    merged: dict[str, Renderer] = {}
    for area in _AREAS:
        twice = merged.keys() & area.keys()
        assert not twice, f"two renderers for {twice}"
        merged.update(area)
    return merged
