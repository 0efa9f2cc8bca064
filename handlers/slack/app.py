"""The Bolt app, and the areas that it is made of."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from desk.commands import UNPREFIXED, Naming, named
from desk.transaction import Desk, Transaction
from handlers.slack import (
    deliveries,
    digest,
    directory,
    home,
    incidents,
    keys,
    maintenances,
    pages,
    requests,
    roles,
    upstreams,
)
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.afterwards import Afterwards
from handlers.slack.framework.areas import Area, join_areas
from handlers.slack.framework.blocks import Block
from handlers.slack.framework.client import find_silence
from handlers.slack.framework.messages import Renderer, guarded
from handlers.slack.framework.outcomes import take_over_questions
from handlers.slack.framework.payloads import EnsureKnown, SlackContext
from handlers.slack.framework.requests import name_request, what_is_asked
from handlers.slack.framework.routing import listen
from handlers.slack.incidents import backfill, postmortems
from handlers.slack.incidents.drafts.actions import DrawEditor, draw_editor, press_edit
from handlers.slack.maintenances.cancelling import draw_cancel_editor, is_cancellation
from handlers.slack.maintenances.moving import draw_move_editor, is_move
from handlers.slack.maintenances.scheduling import draw_plan_editor
from handlers.upstream.access import UpstreamAccess
from storage.deadline import answer_within
from storage.models import DraftKind, IncidentDraft
from storage.open_questions import OpenQuestions


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


AREAS: tuple[Area, ...] = (
    deliveries.AREA,
    directory.AREA,
    requests.AREA,
    keys.AREA,
    roles.AREA,
    digest.AREA,
    incidents.AREA,
    maintenances.AREA,
    upstreams.AREA,
    pages.AREA,
    # *Edit* on a draft: the form that it came from, of incidents and maintenances alike.
    Area(actions=[(ActionId.DRAFT_EDIT, partial(press_edit, _EDITORS))]),
    home.AREA,
)
"""Everything that Keydesk answers in Slack, and every message that it draws."""


OnAnswered = Callable[[str, str, float], None]
"""Told of an answer to Slack: of what kind the request was, its name, and the seconds that it took."""

Around = Callable[[str, str], AbstractContextManager[object]]
"""What goes on while a request of a kind and name is answered."""

ANSWER_SECONDS = 2.5
"""Slack waits three seconds from its click to our answer, and the way there and back takes some of them."""


class PunctualApp(AsyncApp):
    """An app that gives each request one deadline, for whatever its answer waits for, and names commands as they are
    called in the workspace."""

    answer_seconds = ANSWER_SECONDS
    name_command: Naming = UNPREFIXED
    on_answered: OnAnswered | None = None
    around: Around | None = None
    events: frozenset[str] = frozenset()

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Answer one request, over HTTP or Socket Mode."""
        began = time.monotonic()
        try:
            with self._around(req), answer_within(self.answer_seconds) as deadline, named(self.name_command):
                deadline.request = name_request(req.body)
                return await super().async_dispatch(req)
        finally:
            if self.on_answered is not None:
                self.on_answered(*what_is_asked(req.body, self.events), time.monotonic() - began)

    def _around(self, req: AsyncBoltRequest) -> AbstractContextManager[object]:
        return nullcontext() if self.around is None else self.around(*what_is_asked(req.body, self.events))


def create_bolt_app(
    desk: Desk,
    client: AsyncWebClient,
    *,
    signing_secret: str,
    identity: AuthorizeResult,
    ensure_known: EnsureKnown,
    afterwards: Afterwards | None = None,
    upstream: UpstreamAccess | None = None,
    questions: OpenQuestions | None = None,
    answer_seconds: float = ANSWER_SECONDS,
    on_answered: OnAnswered | None = None,
    around: Around | None = None,
) -> PunctualApp:
    """The app that answers Slack, over HTTP and Socket Mode alike, within `answer_seconds`.

    `on_answered` hears of each answer, and `around` is entered for the time that one takes.

    `identity` is what Slack's `auth.test` said of the bot's token at start; asking it again at each request, as
    Bolt would, costs a call to Slack per click. The acknowledgement follows the commit.
    """

    async def authorize() -> AuthorizeResult:
        return identity

    app = PunctualApp(
        client=client,
        signing_secret=signing_secret,
        authorize=authorize,
        process_before_response=True,
        # What comes over HTTP was verified at the door (`framework.door`), and no app here has functions.
        request_verification_enabled=False,
        attaching_function_token_enabled=False,
        # Else it looks for a name in the source of everything that is loaded, which takes a third of a second.
        name="keydesk",
        # Its own would be named after this file, and take the root's level: at debug it writes whole requests.
        logger=logging.getLogger("slack_bolt"),
    )
    app.name_command = desk.policy.name_command
    app.answer_seconds = answer_seconds
    app.on_answered = on_answered
    app.around = around
    whole = join_areas(AREAS)
    app.events = frozenset(event for event, _ in whole.events)
    desk = replace(desk, find_silence=partial(find_silence, client))
    slack = SlackContext(desk, client, ensure_known, afterwards or Afterwards(), upstream, questions)
    if questions is not None:
        take_over_questions(desk, slack.afterwards, questions)
    listen(app, slack, whole)
    return app


def all_renderers() -> Mapping[str, Renderer]:
    """Every kind of message in the outbox, and what draws it for whoever may read it. Raises DoubledError."""
    whole = join_areas(AREAS)
    readers = dict(whole.readers)
    return {kind: guarded(render, readers.get(kind)) for kind, render in whole.messages}
