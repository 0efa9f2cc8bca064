"""Slash commands: from what a person typed to the app, and its answer back."""

from __future__ import annotations

from typing import Any

from sandbox.bodies import Args
from sandbox.content import read_content
from sandbox.conversations import Conversation
from sandbox.delivery import Deliverer
from sandbox.errors import SlackError
from sandbox.escaping import escape_typed
from sandbox.interactions import conversation_label
from sandbox.messages import app_message, post_ephemeral, post_message
from sandbox.people import Person
from sandbox.workspace import Workspace

Json = dict[str, Any]


class Commands:
    """Sends slash commands and shows what comes back."""

    def __init__(self, workspace: Workspace, deliverer: Deliverer) -> None:
        self._workspace = workspace
        self._deliverer = deliverer

    async def run(self, person: Person, conversation: Conversation, text: str) -> str | None:
        """Run what was typed; gives the error that Slack would show, if any."""
        workspace = self._workspace
        name, _, rest = text.strip().partition(" ")
        command = workspace.manifest.commands.get(name)
        if command is None or "commands" not in workspace.manifest.bot_scopes:
            if command is not None:
                workspace.entries.violation(f"{name} is in the manifest, but the scope commands is not.")
            return self._toast(person, f"{name} is not a valid command.")
        rest = rest.strip()
        url = workspace.response_urls.issue(person.id, conversation.id)
        payload = {
            "token": "sandbox-verification-token",
            "team_id": workspace.roster.team_id,
            "team_domain": workspace.roster.team_domain,
            "channel_id": conversation.id,
            "channel_name": conversation_label(conversation),
            "user_id": person.id,
            "user_name": person.name,
            "command": name,
            "text": escape_typed(workspace, rest, labelled=True) if command.should_escape else rest,
            "api_app_id": workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": f"{workspace.base_url}/response/{url.id}/{url.secret}",
            "trigger_id": workspace.triggers.issue(person.id),
        }
        outcome = await self._deliverer.deliver("slash_commands", payload)
        if not outcome.acked:
            return self._toast(person, f'{name} failed with the error "{outcome.error}"')
        return self._show(name, person, conversation, outcome.body)

    def _show(self, name: str, person: Person, conversation: Conversation, body: Any) -> str | None:
        if isinstance(body, str):
            body = {"text": body}
        if not body:
            return None
        try:
            if not isinstance(body, dict):
                raise SlackError("invalid_command_response")
            content = read_content(Args(body))
        except SlackError as refusal:
            self._workspace.entries.violation(f"{name} was acknowledged with {refusal.code}: {refusal.fields}")
            return self._toast(person, f'{name} failed with the error "{refusal.code}"')
        if body.get("response_type") == "in_channel":
            post_message(self._workspace, conversation, app_message(self._workspace, content))
        else:
            post_ephemeral(self._workspace, conversation, person.id, content)
        return None

    def _toast(self, person: Person, sentence: str) -> str:
        self._workspace.live.publish("toast", person.id, text=sentence, level="error")
        return sentence
