"""Which listener answers what Slack sends."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse

from handlers.slack.framework.areas import Area
from handlers.slack.framework.listeners import (
    Listener,
    on_actions,
    on_closed,
    on_command,
    on_event,
    on_options,
    on_submission,
)
from handlers.slack.framework.payloads import SlackContext


def listen(app: AsyncApp, slack: SlackContext, area: Area) -> None:
    """Connect everything that the area answers with Bolt. The acknowledgement follows the answer."""
    app.use(Interactions(slack, area))
    for event_type, take in area.events:
        on_event(app, slack, event_type, take)


class Interactions(AsyncMiddleware):
    """Finds by its name what somebody clicked or typed. What is not found here, Bolt gets.

    Bolt would try one listener after another, and make for each whatever it could ask for, which takes longer than
    many an answer.
    """

    def __init__(self, slack: SlackContext, area: Area) -> None:
        name_command = slack.desk.policy.name_command
        self._act = on_actions(slack, area)
        self._commands = {
            name_command(one.command.removeprefix("/")): on_command(slack, one) for one in area.commands
        }
        self._by_callback = {
            "view_submission": {str(name): on_submission(slack, area, handler) for name, handler in area.views},
            "view_closed": {str(name): on_closed(slack, handler) for name, handler in area.closed},
        }
        self._options = {str(name): on_options(slack, handler) for name, handler in area.options}

    async def async_process(
        self, *, req: AsyncBoltRequest, resp: BoltResponse, next: Callable[[], Awaitable[BoltResponse]]
    ) -> BoltResponse | None:
        """Answer one request, or hand it on."""
        listener = self._find(req.body)
        if listener is None:
            return await next()
        await listener(req.context.ack, req.body)
        return req.context.ack.response

    def _find(self, body: dict[str, Any]) -> Listener | None:
        kind = body.get("type")
        if kind == "block_actions":
            return self._act
        if kind == "block_suggestion":
            return self._options.get(body["action_id"])
        if kind in self._by_callback:
            return self._by_callback[kind].get(body["view"]["callback_id"])
        return self._commands.get(body.get("command", ""))
