"""What Slack tells unasked: people and user groups that changed.

An event is dealt with once; one that could not be is sent again.
"""

from functools import partial
from typing import Any

from desk.directory.events import Taken, take_group_event, take_members_event, take_read_group, take_user_event
from desk.directory.groups import MembershipChange
from handlers.slack.directory.reading import SLACK, read_group, seen_group, seen_user, team_of
from handlers.slack.framework.payloads import SlackContext


async def user_change(slack: SlackContext, event_id: str, event: dict[str, Any]) -> Taken:
    """Somebody's profile or standing changed; deactivation arrives here, too."""
    seen = seen_user(event["user"], await team_of(slack.client, slack.desk))
    return await slack.desk.write(SLACK, partial(take_user_event, event_id=event_id, seen=seen))


async def team_join(slack: SlackContext, event_id: str, event: dict[str, Any]) -> Taken:
    """Somebody is new."""
    seen = seen_user(event["user"], await team_of(slack.client, slack.desk))
    return await slack.desk.write(SLACK, partial(take_user_event, event_id=event_id, seen=seen, joined=True))


async def subteam_changed(slack: SlackContext, event_id: str, event: dict[str, Any]) -> Taken:
    """A user group is new or was described anew. Large ones arrive without all of their people and are read."""
    seen = seen_group(event["subteam"])
    if seen.users is None and not seen.is_disabled:
        return await _read(slack, event_id, seen.group_id)
    taken = await slack.desk.write(SLACK, partial(take_group_event, event_id=event_id, seen=seen))
    return await _read(slack, event_id, seen.group_id) if taken is Taken.UNCLEAR else taken


async def subteam_members_changed(slack: SlackContext, event_id: str, event: dict[str, Any]) -> Taken:
    """People were put into a user group or taken out; the event names these people only."""
    change = membership_change(event)
    taken = await slack.desk.write(SLACK, partial(take_members_event, event_id=event_id, change=change))
    return await _read(slack, event_id, change.group_id) if taken is Taken.UNCLEAR else taken


def membership_change(event: dict[str, Any]) -> MembershipChange:
    """A `subteam_members_changed` event. Slack writes its counts as numbers or as texts."""
    added = frozenset(map(str, event.get("added_users") or ()))
    removed = frozenset(map(str, event.get("removed_users") or ()))
    previous = event.get("date_previous_update")
    return MembershipChange(
        group_id=str(event["subteam_id"]),
        added=added,
        removed=removed,
        date_update=int(event.get("date_update") or 0),
        date_previous_update=int(previous) if previous else None,
        is_complete=int(event.get("added_users_count") or len(added)) == len(added)
        and int(event.get("removed_users_count") or len(removed)) == len(removed),
    )


async def _read(slack: SlackContext, event_id: str, group_id: str) -> Taken:
    seen = await read_group(slack.client, slack.desk, group_id)
    return await slack.desk.write(SLACK, partial(take_read_group, event_id=event_id, seen=seen))
