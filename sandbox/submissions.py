"""Modals submitted and closed, and what the app answers."""

from __future__ import annotations

from typing import Any

from sandbox.content import build_view
from sandbox.delivery import Deliverer
from sandbox.errors import InvalidBlocksError, RefusedError, SlackError
from sandbox.inputs import check_entries, collect_state
from sandbox.interactions import person_fields
from sandbox.people import Person
from sandbox.views import publish_stack, update_view
from sandbox.workspace import Workspace

Json = dict[str, Any]
TROUBLE = "We had some trouble connecting. Try again?"


class Submissions:
    """Sends view_submission and view_closed, and obeys the response_action."""

    def __init__(self, workspace: Workspace, deliverer: Deliverer) -> None:
        self._workspace = workspace
        self._deliverer = deliverer

    async def submit(self, person: Person, view: Json, given: Json) -> Json:
        """Submit a modal as its person filled it in; gives the control call's answer."""
        if view.get("submit") is None and any(block.get("type") == "input" for block in view["blocks"]):
            raise RefusedError("This modal has no submit button.")
        entered = self._workspace.modals.entered.get(view["id"], {})
        for block_id, entries in given.items():
            entered = entered | {block_id: {**entered.get(block_id, {}), **entries}}
        values = collect_state(view["blocks"], entered)
        problems = check_entries(view["blocks"], values)
        if problems:
            return {"ok": False, "errors": problems}
        self._workspace.modals.entered[view["id"]] = entered
        payload: Json = {
            "type": "view_submission",
            **person_fields(self._workspace, person),
            "trigger_id": self._workspace.triggers.issue(person.id, view["id"]),
            "view": view | {"state": {"values": values}},
            "response_urls": self._response_urls(person, view, values),
        }
        outcome = await self._deliverer.deliver("interactive", payload)
        if not outcome.acked:
            return self._trouble(person)
        try:
            return self._obey(person, view, outcome.body)
        except InvalidBlocksError as refusal:
            self._workspace.entries.violation(
                f"view_submission answered with {refusal.code}: {'; '.join(refusal.problems[:5])}"
            )
        except SlackError as refusal:
            self._workspace.entries.violation(f"view_submission answered with {refusal.code}")
        return self._trouble(person)

    async def close(self, person: Person, view: Json, *, everything: bool) -> None:
        """Close a modal, or the whole stack, and tell the app when it asked to be told."""
        modals = self._workspace.modals
        states = {
            shown["id"]: collect_state(shown["blocks"], modals.entered.get(shown["id"], {}))
            for shown in modals.list_stack(person.id)
        }
        closed = modals.clear(person.id) if everything else modals.close(person.id, view["id"])
        publish_stack(self._workspace, person.id)
        for gone in closed:
            if not gone["notify_on_close"]:
                continue
            payload: Json = {
                "type": "view_closed",
                **person_fields(self._workspace, person),
                "view": gone | {"state": {"values": states[gone["id"]]}},
                "is_cleared": everything,
            }
            await self._deliverer.deliver("interactive", payload)

    def _trouble(self, person: Person) -> Json:
        self._workspace.live.publish("toast", person.id, text=TROUBLE, level="error")
        return {"ok": False, "error": TROUBLE}

    def _obey(self, person: Person, view: Json, body: Any) -> Json:
        workspace = self._workspace
        if body in (None, "", {}):
            workspace.modals.close(person.id, view["id"])
            publish_stack(workspace, person.id)
            return {"ok": True}
        action = body.get("response_action") if isinstance(body, dict) else None
        if action == "errors":
            return {"ok": False, "errors": self._check_errors(view, body.get("errors"))}
        if action == "clear":
            workspace.modals.clear(person.id)
        elif action == "update":
            built = build_view(workspace, body.get("view"), kind="modal")
            if workspace.modals.find_view(view["id"]) is None:
                raise SlackError("not_found")
            update_view(workspace, view, built)
        elif action == "push":
            built = build_view(workspace, body.get("view"), kind="modal")
            workspace.modals.push(person.id, built)
            workspace.live.publish("view_opened", person.id, view=built)
        else:
            raise SlackError(f"an unknown response_action: {str(body)[:200]}")
        publish_stack(workspace, person.id)
        return {"ok": True}

    def _check_errors(self, view: Json, errors: Any) -> dict[str, str]:
        inputs = {block["block_id"] for block in view["blocks"] if block.get("type") == "input"}
        if not isinstance(errors, dict) or not errors:
            raise SlackError("no errors")
        stray = sorted(set(errors) - inputs)
        if stray:
            raise SlackError(f"errors for {stray[0]!r}, which is no input block of the view")
        if not all(isinstance(text, str) and text for text in errors.values()):
            raise SlackError("errors that are not text")
        return {str(block_id): str(text) for block_id, text in errors.items()}

    def _response_urls(self, person: Person, view: Json, values: Json) -> list[Json]:
        urls = []
        for block in view["blocks"]:
            element = block.get("element") or {}
            if not element.get("response_url_enabled"):
                continue
            entry = values[block["block_id"]][element["action_id"]]
            channel = entry.get("selected_conversation") or entry.get("selected_channel")
            if channel:
                url = self._workspace.response_urls.issue(person.id, channel)
                urls.append(
                    {
                        "block_id": block["block_id"],
                        "action_id": element["action_id"],
                        "channel_id": channel,
                        "response_url": f"{self._workspace.base_url}/response/{url.id}/{url.secret}",
                    }
                )
        return urls
