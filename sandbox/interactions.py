"""Clicks, selections and look-ups of options: from a person's act to the app and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.blockkit import check_options
from sandbox.conversations import Conversation, is_reply
from sandbox.delivery import Deliverer, Outcome
from sandbox.errors import RefusedError
from sandbox.escaping import escape_shown
from sandbox.inputs import ENTRY_KEYS, collect_state, initial_entry
from sandbox.messages import list_elements, without_metadata
from sandbox.people import Person
from sandbox.workspace import Workspace

Json = dict[str, Any]


@dataclass
class Surface:
    """Where an act happened: a message, a modal or a Home tab."""

    person: Person
    message: Json | None = None
    conversation: Conversation | None = None
    view: Json | None = None

    @property
    def blocks(self) -> list[Json]:
        """What the surface shows now."""
        shown = self.message if self.message is not None else self.view
        return list((shown or {}).get("blocks") or [])


def person_fields(workspace: Workspace, person: Person) -> Json:
    """Who acted and where, as every interactive payload says it."""
    roster = workspace.roster
    return {
        "user": {
            "id": person.id,
            "username": person.name,
            "name": person.name,
            "team_id": person.team_id,
        },
        "api_app_id": workspace.app_id,
        "token": "sandbox-verification-token",
        "team": {"id": roster.team_id, "domain": roster.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


class Interactions:
    """Sends block_actions and block_suggestion, and shows what went wrong as Slack does."""

    def __init__(self, workspace: Workspace, deliverer: Deliverer) -> None:
        self._workspace = workspace
        self._deliverer = deliverer

    async def act(self, surface: Surface, block_id: str, action_id: str, given: Json) -> str | None:
        """Carry out a person's act on an element; gives the error that Slack would show, if any."""
        block, element = self._get_element(surface, block_id, action_id)
        self._remember(surface, block_id, element, given)
        if block["type"] == "input" and not block.get("dispatch_action"):
            return None
        if not self._workspace.manifest.interactivity:
            self._workspace.entries.violation("A person clicked, but the manifest has interactivity off.")
            return self._toast(surface.person, "This app is not configured to handle interactive responses.")
        action = self._build_action(block_id, element, given)
        payload: Json = {"type": "block_actions", **person_fields(self._workspace, surface.person)}
        view_id = surface.view["id"] if surface.view and surface.view["type"] == "modal" else None
        payload["trigger_id"] = self._workspace.triggers.issue(surface.person.id, view_id)
        payload |= self._surface_fields(surface, with_response_url=True)
        payload["actions"] = [action]
        outcome = await self._deliverer.deliver("interactive", payload)
        return None if outcome.acked else self._toast(surface.person, explain_failure(outcome))

    async def suggest(self, surface: Surface, block_id: str, action_id: str, value: str) -> Json:
        """Options for what was typed into an external select. Raises RefusedError when the app gives none."""
        _, element = self._get_element(surface, block_id, action_id)
        if len(value) < element.get("min_query_length", 3):
            return {"options": []}
        payload: Json = {
            "type": "block_suggestion",
            **person_fields(self._workspace, surface.person),
            **self._typing_fields(surface),
            "action_id": element["action_id"],
            "block_id": block_id,
            "value": value,
        }
        outcome = await self._deliverer.deliver("interactive", payload)
        if not outcome.acked:
            raise RefusedError(self._toast(surface.person, explain_failure(outcome)), 502)
        body = outcome.body if isinstance(outcome.body, dict) else {}
        problems = check_options(body)
        if problems:
            self._workspace.entries.violation(f"Options for {action_id}: {'; '.join(problems[:5])}")
            raise RefusedError("This menu could not load its options.", 502)
        return {"option_groups": body["option_groups"]} if "option_groups" in body else {"options": body["options"]}

    def _toast(self, person: Person, sentence: str) -> str:
        self._workspace.live.publish("toast", person.id, text=sentence, level="error")
        return sentence

    def _get_element(self, surface: Surface, block_id: str, action_id: str) -> tuple[Json, Json]:
        # A click may cross a change on its way; Slack delivers it all the same, with the message as it is now.
        ts = surface.message["ts"] if surface.message is not None else ""
        for blocks in [surface.blocks, *reversed(self._workspace.earlier_blocks.get(ts, []))]:
            for block in blocks:
                for element in list_elements(block):
                    if block.get("block_id") == block_id and element.get("action_id") == action_id:
                        return block, element
        raise RefusedError(f"There is nothing with block_id {block_id!r} and action_id {action_id!r} here.", 404)

    def enter(self, surface: Surface, block_id: str, action_id: str, entry: Json) -> None:
        """Remember what a person has entered so far on a surface, without telling the app."""
        if surface.view is not None:
            self._workspace.modals.enter(surface.view["id"], block_id, action_id, entry)
        else:
            self._message_state(surface).setdefault(block_id, {})[action_id] = entry

    def _remember(self, surface: Surface, block_id: str, element: Json, given: Json) -> None:
        kind = element["type"]
        if kind not in ENTRY_KEYS:
            return
        key, empty = ENTRY_KEYS[kind]
        entry = initial_entry(element) | {key: given.get(key, empty)}
        self.enter(surface, block_id, element["action_id"], entry)

    def _message_state(self, surface: Surface) -> Json:
        if surface.message is None or surface.conversation is None:
            return {}
        key = (surface.conversation.id, surface.message["ts"], surface.person.id)
        return self._workspace.message_state.setdefault(key, {})

    def _build_action(self, block_id: str, element: Json, given: Json) -> Json:
        kind = element["type"]
        action: Json = {
            "type": kind,
            "action_id": element["action_id"],
            "block_id": block_id,
            "action_ts": self._workspace.ids.next_ts(),
        }
        if kind == "button":
            shown = {key: element[key] for key in ("text", "value", "style", "url") if key in element}
            escaped: Json = escape_shown(shown)
            return action | escaped
        key, empty = ENTRY_KEYS.get(kind, ("selected_option", None))
        action[key] = given.get(key, empty)
        return action | {name: element[name] for name in ("placeholder", "timezone") if name in element}

    def _typing_fields(self, surface: Surface) -> Json:
        fields = self._surface_fields(surface, with_response_url=False)
        # Slack does not tell the app here what else was entered: what options depend on is for private_metadata.
        if "view" in fields:
            return fields | {"view": fields["view"] | {"state": {"values": {}}}}
        return {name: value for name, value in fields.items() if name != "state"}

    def _surface_fields(self, surface: Surface, *, with_response_url: bool) -> Json:
        if surface.view is not None:
            entered = self._workspace.modals.entered.get(surface.view["id"], {})
            values = collect_state(surface.blocks, entered)
            view = surface.view | {"state": {"values": values}}
            return {"container": {"type": "view", "view_id": view["id"]}, "view": view}
        message, conversation = surface.message, surface.conversation
        if message is None or conversation is None:
            raise RefusedError("There is no such message.", 404)
        fields: Json = {
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": conversation.id,
                "is_ephemeral": bool(message.get("is_ephemeral")),
            },
            "channel": {"id": conversation.id, "name": conversation_label(conversation)},
            "state": {"values": collect_state(surface.blocks, self._message_state(surface))},
        }
        if not message.get("is_ephemeral"):
            # What only one person sees, Slack keeps nowhere from where it could be given back.
            fields["message"] = escape_shown(without_metadata(message))
        if "thread_ts" in message:
            fields["container"]["thread_ts"] = message["thread_ts"]
        if with_response_url:
            url = self._workspace.response_urls.issue(
                surface.person.id,
                conversation.id,
                message_ts=message["ts"],
                # What answers a click on the head of a thread stands beside it, not in the thread.
                thread_ts=message["thread_ts"] if is_reply(message) else None,
            )
            fields["response_url"] = f"{self._workspace.base_url}/response/{url.id}/{url.secret}"
        return fields


def conversation_label(conversation: Conversation) -> str:
    """The channel name as payloads give it: private ones are not named."""
    if conversation.kind == "im":
        return "directmessage"
    return "privategroup" if conversation.is_private else conversation.name


def explain_failure(outcome: Outcome) -> str:
    """What Slack shows beside an element whose act failed."""
    if outcome.error == "operation_timeout":
        return "Operation timed out. Apps need to respond within 3 seconds."
    if outcome.status is not None:
        return f"This app responded with Status Code {outcome.status}."
    return "This app could not be reached."
