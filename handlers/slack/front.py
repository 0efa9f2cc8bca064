"""The Bolt app: every command, button, modal and event registered, in the order in which Bolt looks."""

from collections.abc import Callable

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from desk.transaction import Desk
from handlers.slack import deliveries, digest, editing, events, home, incidents, keys, maintenances, requests, roles
from handlers.slack.doors import answer_clicks
from handlers.slack.incoming import EnsureKnown, Front

AREAS: tuple[Callable[[Front], None], ...] = (
    deliveries.register,
    requests.register,
    keys.register,
    roles.register,
    digest.register,
    incidents.register,
    maintenances.register,
    editing.register,
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
    front = Front(app, desk, client, ensure_known)
    for register in AREAS:
        register(front)
    answer_clicks(front)
    return app
