"""Events API: what happened in the workspace, told to the app, and told again when it did not listen."""

from __future__ import annotations

import asyncio
from typing import Any

from sandbox.delivery import Deliverer, Retry
from sandbox.people import Person, UserGroup, render_usergroup
from sandbox.scopes import EVENT_SCOPES
from sandbox.workspace import Workspace

Json = dict[str, Any]


class Events:
    """Sends the events that the manifest subscribes, each in the background with Slack's retries."""

    def __init__(self, workspace: Workspace, deliverer: Deliverer) -> None:
        self._workspace = workspace
        self._deliverer = deliverer

    def send(self, subscription: str, event: Json) -> None:
        """Send an event, unless the app did not subscribe it or lacks the scope for it."""
        manifest = self._workspace.manifest
        scope = EVENT_SCOPES.get(subscription)
        if subscription not in manifest.bot_events or (scope and scope not in manifest.bot_scopes):
            return
        self._deliverer.run_in_background(self._deliver(self._wrap(event)))

    def send_user_change(self, person: Person) -> None:
        """Say that something about a person changed, deactivation included."""
        user = self._workspace.render_user(person)
        self.send("user_change", {"type": "user_change", "user": user, "cache_ts": person.updated})

    def send_team_join(self, person: Person) -> None:
        """Say that somebody joined the workspace."""
        user = self._workspace.render_user(person)
        self.send("team_join", {"type": "team_join", "user": user, "cache_ts": person.updated})

    def send_subteam_created(self, group: UserGroup) -> None:
        """Say that a user group was made."""
        subteam = render_usergroup(group, self._workspace.roster.team_id, users=True)
        self.send("subteam_created", {"type": "subteam_created", "subteam": subteam})

    def send_subteam_change(self, group: UserGroup, added: list[str], removed: list[str], previous: int) -> None:
        """Say that a user group changed and, when people came or went, who."""
        team_id = self._workspace.roster.team_id
        subteam = render_usergroup(group, team_id, users=True)
        self.send("subteam_updated", {"type": "subteam_updated", "subteam": subteam})
        if not added and not removed:
            return
        event = {
            "type": "subteam_members_changed",
            "subteam_id": group.id,
            "team_id": team_id,
            "date_previous_update": previous,
            "date_update": group.date_update,
            "added_users": added,
            # Texts, as in the sample of Slack's own documentation.
            "added_users_count": str(len(added)),
            "removed_users": removed,
            "removed_users_count": str(len(removed)),
        }
        self.send("subteam_members_changed", event)

    def send_uninstalled(self) -> None:
        """Say that the app was taken out of the workspace: its tokens first, as Slack does."""
        self.send(
            "tokens_revoked", {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self._workspace.bot_user]}}
        )
        self.send("app_uninstalled", {"type": "app_uninstalled"})

    def _wrap(self, event: Json) -> Json:
        workspace = self._workspace
        team_id = workspace.roster.team_id
        now = workspace.clock.now()
        return {
            "token": "sandbox-verification-token",
            "team_id": team_id,
            "context_team_id": team_id,
            "context_enterprise_id": None,
            "api_app_id": workspace.app_id,
            "event": {"event_ts": f"{now:.6f}", **event},
            "type": "event_callback",
            "event_id": workspace.ids.next_event_id(),
            "event_time": int(now),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": team_id,
                    "user_id": workspace.bot_user,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }

    async def _deliver(self, payload: Json) -> None:
        interruption = self._workspace.interruption
        outcome = await self._deliverer.deliver("events_api", payload)
        for num, delay in enumerate(self._workspace.timing.event_retry_delays, start=1):
            if outcome.acked or outcome.no_retry:
                return
            try:
                async with asyncio.timeout(delay):
                    await interruption.wait()
                return
            except TimeoutError:
                retry = Retry(num, outcome.reason or "unknown_error")
                outcome = await self._deliverer.deliver("events_api", payload, retry=retry)
