"""Slack's people and groups, read through the Web API and handed to the desk in its own words."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from desk.directory.events import remember_team, take_read_group, take_user
from desk.directory.groups import SeenGroup
from desk.errors import KeydeskError, NotAllowedError
from desk.pages.pages import find_organization
from desk.people import SeenUser
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.delivery.deliverer import Trouble
from handlers.slack.framework.error_codes import code_of, trouble_of
from handlers.slack.framework.retries import UNREACHABLE, problem_of, read_patiently
from storage.deadline import find_seconds_left
from storage.models import Member, UserGroup

_log = structlog.get_logger(__name__)

SLACK = Actor.job(JobName.SLACK)
"""Who acts when Slack says that something changed."""
_PAGE = 200
_FRESH_DAYS = 7
_PATIENCE_SECONDS = 2.0
"""A click has to be answered within three seconds, whatever Slack does."""
_REFRESH_SECONDS = 0.7
"""Somebody who is known is served as they were known, rather than kept waiting until their time is over."""


def seen_user(user: Mapping[str, Any], team_id: str) -> SeenUser:
    """A user object of Slack's. Deactivated ones lack most fields."""
    profile = user.get("profile") or {}
    handle = str(user.get("name") or user["id"])
    name = profile.get("display_name") or user.get("real_name") or profile.get("real_name") or handle
    return SeenUser(
        user_id=str(user["id"]),
        team_id=str(user.get("team_id") or ""),
        name=str(name),
        handle=handle,
        time_zone=str(user.get("tz") or "UTC"),
        is_primary_owner=bool(user.get("is_primary_owner")),
        is_workspace_owner=bool(user.get("is_owner")),
        # Slackbot does not say that it is a bot.
        is_bot=bool(user.get("is_bot")) or user["id"] == "USLACKBOT",
        is_deleted=bool(user.get("deleted")),
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_foreign=_is_foreign(user, team_id),
        updated=int(user.get("updated") or 0),
    )


def _is_foreign(user: Mapping[str, Any], team_id: str) -> bool:
    if user.get("is_stranger"):
        return True
    # On Enterprise Grid a colleague's own workspace may be another one of the same organization.
    grid = user.get("enterprise_user") or {}
    ours = {user.get("team_id"), grid.get("enterprise_id"), *(grid.get("teams") or ())}
    return bool(team_id) and bool(ours - {None, ""}) and team_id not in ours


def seen_group(group: Mapping[str, Any]) -> SeenGroup:
    """A user group object of Slack's. Its people are taken over only when Slack names every one of them."""
    is_disabled = bool(int(group.get("date_delete") or 0))
    return SeenGroup(
        group_id=str(group["id"]),
        handle=str(group.get("handle") or group["id"]),
        name=str(group.get("name") or ""),
        is_disabled=is_disabled,
        date_update=int(group.get("date_update") or 0),
        users=None if is_disabled else _everybody(group),
    )


def _everybody(group: Mapping[str, Any]) -> frozenset[str] | None:
    users, count = group.get("users"), group.get("user_count")
    # Slack cuts the list at 500, and counts in numbers or in texts.
    if users is None or count is None or int(count) != len(users):
        return None
    return frozenset(str(user_id) for user_id in users)


async def team_of(client: AsyncWebClient, desk: Desk) -> str:
    """Slack's id of our workspace (or Enterprise Grid organization); asked once and then kept."""
    team_id = await desk.read(SLACK, _find_team)
    if team_id is None:
        said = await client.auth_test()
        team_id = str(said.get("team_id") or said.get("enterprise_id") or "")
        name = str(said.get("team") or said.get("enterprise_name") or "Slack")
        await desk.write(SLACK, partial(remember_team, team_id=team_id, team_name=name))
    return team_id


def _find_team(tx: Transaction) -> str | None:
    organization = find_organization(tx.session)
    return organization.slack_team_id if organization else None


_SYNCED_AT = select(Member.synced_at).where(Member.user_id == bindparam("person"))


class Acquaintances:
    """Makes sure that the desk has met a person, before anything is decided for them.

    Whom it met in the last days it remembers, and looks for others in the database. Slack is asked about strangers.
    """

    def __init__(self, *, most: int = 10_000) -> None:
        self._most = most
        self._synced_at: OrderedDict[str, datetime] = OrderedDict()

    async def __call__(self, client: AsyncWebClient, desk: Desk, user_id: str) -> None:
        """Raises KeydeskError when nobody knows the person and Slack does not say who it is."""
        if _is_fresh(desk, self._synced_at.get(user_id)):
            return
        synced_at = await ensure_known(client, desk, user_id)
        if synced_at is not None:
            self._synced_at[user_id] = synced_at
            if len(self._synced_at) > self._most:
                self._synced_at.popitem(last=False)


async def ensure_known(client: AsyncWebClient, desk: Desk, user_id: str) -> datetime | None:
    """Make sure that the desk has met a person. Costs one look into the database; Slack is asked about strangers.

    Gives when Slack told of them, where that was known before. Raises KeydeskError when nobody knows the person and
    Slack does not say who it is.
    """
    synced_at = await desk.read(SLACK, lambda tx: _synced_at(tx.session, user_id))
    if _is_fresh(desk, synced_at):
        return synced_at
    try:
        most = _PATIENCE_SECONDS if synced_at is None else _REFRESH_SECONDS
        async with asyncio.timeout(find_seconds_left(most=most)):
            await read_user(client, desk, user_id)
    except UNREACHABLE as error:
        _log.warning("person_not_read", user_id=user_id, error=problem_of(error))
        if synced_at is None:
            raise _stranger(error) from error
    return synced_at


def _is_fresh(desk: Desk, synced_at: datetime | None) -> bool:
    return synced_at is not None and (desk.clock.now() - synced_at).days < _FRESH_DAYS


def _synced_at(session: Session, user_id: str) -> datetime | None:
    found: datetime | None = session.scalar(_SYNCED_AT, {"person": user_id})
    return found


def _stranger(error: Exception) -> KeydeskError:
    if isinstance(error, SlackApiError) and code_of(error) in {"user_not_found", "user_not_visible"}:
        return NotAllowedError("Slack does not show me who you are.", "Keydesk serves the members of one workspace.")
    if isinstance(error, SlackApiError) and trouble_of(code_of(error)) in {Trouble.ACCOUNT, Trouble.CALL}:
        hint = f"Tell whoever runs Keydesk: {problem_of(error)}, and the app has to be installed again."
        return KeydeskError("Slack does not let me ask who you are.", hint)
    return KeydeskError("I could not ask Slack who you are.", "Please try again in a minute.")


async def read_user(client: AsyncWebClient, desk: Desk, user_id: str) -> None:
    """Ask Slack about one person and keep the answer."""
    team_id = await team_of(client, desk)
    answer = await client.users_info(user=user_id)
    await desk.write(SLACK, partial(take_user, seen=seen_user(answer["user"], team_id)))


async def read_people(client: AsyncWebClient, team_id: str) -> AsyncIterator[list[SeenUser]]:
    """Everybody in the workspace, deactivated people included, a page at a time."""
    cursor: str | None = None
    while True:
        answer = await read_patiently(partial(client.users_list, limit=_PAGE, cursor=cursor, team_id=team_id or None))
        yield [seen_user(user, team_id) for user in answer["members"]]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


async def read_groups(
    client: AsyncWebClient, team_id: str, *, granted: Collection[str], versions: Mapping[str, int]
) -> Sequence[SeenGroup]:
    """Every user group with its people. Those that were granted something are read one by one as well.

    A group that cannot be read has a `problem`; it is never given as empty.
    """
    try:
        answer = await read_patiently(
            partial(
                client.usergroups_list,
                include_users=True,
                include_count=True,
                include_disabled=True,
                team_id=team_id or None,
            )
        )
    except UNREACHABLE as error:
        return [SeenGroup(group_id=one, handle=one, name="", problem=problem_of(error)) for one in sorted(granted)]
    found = {group["id"]: seen_group(group) for group in answer["usergroups"]}
    for group_id in granted:
        found.setdefault(group_id, SeenGroup(group_id=group_id, handle=group_id, name=""))
    return [
        replace(
            await _with_people(client, seen, team_id, is_granted=group_id in granted), version=versions.get(group_id)
        )
        for group_id, seen in sorted(found.items())
    ]


async def _with_people(client: AsyncWebClient, seen: SeenGroup, team_id: str, *, is_granted: bool) -> SeenGroup:
    if seen.is_disabled or (seen.users is not None and not is_granted):
        return seen
    try:
        answer = await read_patiently(
            partial(client.usergroups_users_list, usergroup=seen.group_id, team_id=team_id or None)
        )
    except UNREACHABLE as error:
        return replace(seen, users=None, problem=problem_of(error))
    return replace(seen, users=frozenset(str(user_id) for user_id in answer["users"]))


async def read_group(client: AsyncWebClient, desk: Desk, group_id: str) -> SeenGroup:
    """One user group as Slack has it now; with a `problem` when it cannot be read."""
    version = await desk.read(SLACK, lambda tx: _version(tx.session, group_id))
    team_id = await team_of(client, desk)
    groups = await read_groups(client, team_id, granted=[group_id], versions={})
    return replace(next(group for group in groups if group.group_id == group_id), version=version)


def _version(session: Session, group_id: str) -> int | None:
    group = session.get(UserGroup, group_id)
    return group.version if group else None


async def ensure_group_known(client: AsyncWebClient, desk: Desk, group_id: str) -> None:
    """Make sure that the desk knows a group that somebody named. Raises KeydeskError when it cannot be read."""
    if await desk.read(SLACK, lambda tx: tx.session.get(UserGroup, group_id)) is not None:
        return
    try:
        async with asyncio.timeout(find_seconds_left(most=_PATIENCE_SECONDS)):
            seen = await read_group(client, desk, group_id)
        problem = seen.problem
    except UNREACHABLE as error:
        problem = problem_of(error)
    if problem is not None:
        raise KeydeskError(f"I could not read that group: {problem}.", "Please try again in a minute.")
    await desk.write(SLACK, partial(take_read_group, event_id=None, seen=seen))
