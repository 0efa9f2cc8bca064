"""From what an app sends to what a message or view holds, refusing what Slack refuses."""

from __future__ import annotations

import json
import re
from typing import Any

from sandbox.blockkit import BLOCKS_TEXT_LIMIT, VIEW_BYTES_LIMIT, check_blocks, check_view, measure_text, measure_view
from sandbox.bodies import Args
from sandbox.conversations import Conversation, is_reply
from sandbox.errors import InvalidBlocksError, SlackError
from sandbox.messages import fill_block_ids
from sandbox.workspace import Workspace

Json = dict[str, Any]
TEXT_TRUNCATED = 40_000
UPDATE_TEXT_LIMIT = 4_000
MARKDOWN_LIMIT = 12_000
METADATA_LIMIT = 16_000
_TS = re.compile(r"\d{9,10}\.\d{6}")


def read_content(args: Args) -> Json:
    """Text, blocks, attachments and metadata of a message. Raises SlackError with Slack's code."""
    blocks = args.structure("blocks", "invalid_blocks_format")
    attachments = args.structure("attachments", "invalid_attachments")
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    content: Json = {"text": args.text("text")[:TEXT_TRUNCATED]}
    if "markdown_text" in args:
        content["blocks"] = _markdown_blocks(args, blocks)
    elif blocks:
        content["blocks"] = blocks
    if attachments:
        if not isinstance(attachments, list):
            raise SlackError("invalid_attachments")
        if len(attachments) > 100:
            raise SlackError("too_many_attachments")
        content["attachments"] = attachments
    if not content["text"] and not content.get("blocks") and not attachments:
        raise SlackError("no_text")
    check_message_content(content)
    if "metadata" in args:
        content["metadata"] = read_metadata(args)
    return content


def _markdown_blocks(args: Args, blocks: Any) -> list[Json]:
    if blocks or args.text("text"):
        raise SlackError("markdown_text_conflict")
    if len(args.text("markdown_text")) > MARKDOWN_LIMIT:
        raise SlackError("msg_too_long")
    return [{"type": "markdown", "text": args.text("markdown_text")}]


def read_metadata(args: Args) -> Json:
    """The metadata of a message; `{}` means that it has none. Raises SlackError."""
    metadata = args.structure("metadata", "invalid_metadata_format")
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if not metadata:
        return {}
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata)) > METADATA_LIMIT:
        raise SlackError("metadata_too_large")
    return metadata


def read_thread(workspace: Workspace, conversation: Conversation, args: Args) -> Json:
    """The arguments `thread_ts` and `reply_broadcast` as message fields. Raises SlackError for no timestamp,
    and for that of no message."""
    thread_ts = args.text("thread_ts")
    if not thread_ts:
        return {}
    if not _TS.fullmatch(thread_ts):
        raise SlackError("invalid_thread_ts")
    parent = conversation.messages.get(thread_ts)
    if parent is None:
        # One that was deleted and had replies is there still, as a tombstone.
        raise SlackError("thread_not_found")
    if is_reply(parent):
        workspace.entries.violation(f"thread_ts {thread_ts} is that of a reply; it has to be the parent's.")
        thread_ts = parent["thread_ts"]
    return {"thread_ts": thread_ts} | ({"subtype": "thread_broadcast"} if args.flag("reply_broadcast") else {})


def check_message_content(content: Json) -> None:
    """Raise SlackError `invalid_blocks` or `msg_blocks_too_long` for blocks that Slack would refuse."""
    blocks = content.get("blocks") or []
    problems = check_blocks(blocks) if blocks else []
    for place, attachment in enumerate(content.get("attachments") or []):
        if isinstance(attachment, dict) and attachment.get("blocks"):
            problems += check_blocks(attachment["blocks"], f"/attachments/{place}/blocks")
    if problems:
        raise InvalidBlocksError("invalid_blocks", problems)
    if measure_text(blocks) > BLOCKS_TEXT_LIMIT:
        raise SlackError("msg_blocks_too_long")


def build_view(workspace: Workspace, view: Any, *, kind: str) -> Json:
    """A view as Slack keeps it, from what the app sent. Raises SlackError for what Slack would refuse."""
    if not isinstance(view, dict):
        raise InvalidBlocksError("invalid_arguments", ["must provide an object [json-pointer:/view]"])
    if measure_view(view) > VIEW_BYTES_LIMIT:
        raise SlackError("view_too_large")
    problems = check_view(view)
    if view.get("type") in ("modal", "home") and view["type"] != kind:
        problems.append(f"unsupported type: {view['type']} [json-pointer:/view/type]")
    if problems:
        raise InvalidBlocksError("invalid_arguments", problems)
    view_id = workspace.ids.next_id("V")
    built: Json = {
        "id": view_id,
        "team_id": workspace.roster.team_id,
        "type": kind,
        "blocks": view["blocks"],
        "private_metadata": view.get("private_metadata") or "",
        "callback_id": view.get("callback_id") or "",
        "state": {"values": {}},
        "hash": workspace.ids.next_hash(),
        "title": view.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
        "clear_on_close": bool(view.get("clear_on_close", False)),
        "notify_on_close": bool(view.get("notify_on_close", False)),
        "close": view.get("close"),
        "submit": view.get("submit"),
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_id": workspace.app_id,
        "external_id": view.get("external_id") or "",
        "app_installed_team_id": workspace.roster.team_id,
        "bot_id": workspace.bot_id,
    }
    fill_block_ids(workspace, built)
    return built


CHANGEABLE = (
    "blocks",
    "private_metadata",
    "callback_id",
    "title",
    "clear_on_close",
    "notify_on_close",
    "close",
    "submit",
    "external_id",
)


def view_changes(built: Json) -> Json:
    """What an update takes over from a newly built view; the view keeps its id and place in the stack."""
    return {key: built[key] for key in CHANGEABLE}
