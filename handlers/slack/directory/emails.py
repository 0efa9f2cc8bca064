"""People found by the e-mail addresses that they have at Slack, where the app may see those."""

from collections.abc import Iterable, Mapping
from functools import partial

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from desk.directory.events import take_user
from desk.errors import KeydeskError
from desk.transaction import Desk
from handlers.slack.directory.reading import SLACK, seen_user, team_of
from handlers.slack.framework.error_codes import code_of
from handlers.slack.framework.retries import UNREACHABLE, problem_of, read_patiently

_UNKNOWN = frozenset({"users_not_found", "user_not_found", "user_not_visible"})


async def find_people(client: AsyncWebClient, desk: Desk, addresses: Iterable[str]) -> Mapping[str, str]:
    """Slack ids by address, in small letters, of those whom Slack knows; what it said of them is kept.

    Raises KeydeskError where Slack does not say.
    """
    wanted = list(dict.fromkeys(address.lower() for address in addresses if address))
    found: dict[str, str] = {}
    try:
        team_id = await team_of(client, desk) if wanted else ""
        for address in wanted:
            if user_id := await _find(client, desk, team_id, address):
                found[address] = user_id
    except UNREACHABLE as error:
        if isinstance(error, SlackApiError) and code_of(error) == "missing_scope":
            raise KeydeskError(
                "Slack does not let Keydesk see e-mail addresses.",
                "Give Slack the manifest that 'keydesk manifest' prints while KEYDESK_MATCH_EMAILS is true, and "
                "install the app again; or set it to false, and owners answer for the keys.",
            ) from error
        raise KeydeskError(
            f"Who has these e-mail addresses could not be asked: {problem_of(error)}.", "Nothing was imported."
        ) from error
    return found


async def _find(client: AsyncWebClient, desk: Desk, team_id: str, address: str) -> str | None:
    try:
        answer = await read_patiently(partial(client.users_lookupByEmail, email=address))
    except SlackApiError as error:
        if code_of(error) in _UNKNOWN:
            return None
        raise
    await desk.write(SLACK, partial(take_user, seen=seen_user(answer["user"], team_id)))
    return str(answer["user"]["id"])
