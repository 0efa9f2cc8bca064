"""files.*: uploading in Slack's three steps."""

from __future__ import annotations

from sandbox.api.method import Json, Method
from sandbox.bodies import Args
from sandbox.errors import SlackError
from sandbox.messages import app_message, post_message
from sandbox.workspace import Workspace


def files_get_upload_url_external(workspace: Workspace, args: Args) -> Json:
    """Step one: where to send how many bytes."""
    args.require("filename", "length")
    length = args.number("length", 0)
    if length <= 0:
        raise SlackError("invalid_arguments")
    file = add_file(workspace, args.text("filename"), "", length, workspace.bot_user)
    return {"upload_url": f"{workspace.base_url}/upload/{file['id']}", "file_id": file["id"]}


def files_complete_upload_external(workspace: Workspace, args: Args) -> Json:
    """Step three: name the files and share them in a conversation, when one is given."""
    requested = args.structure("files")
    if not isinstance(requested, list) or not requested:
        raise SlackError("invalid_arguments")
    shared = [_complete(workspace, entry) for entry in requested]
    reference = args.text("channel_id") or args.text("channels").partition(",")[0]
    if reference:
        conversation = workspace.conversations.get(reference)
        if conversation is None:
            raise SlackError("channel_not_found")
        if workspace.bot_user not in conversation.members:
            raise SlackError("not_in_channel")
        content: Json = {"text": args.text("initial_comment"), "files": shared, "upload": True}
        if args.text("thread_ts"):
            content["thread_ts"] = args.text("thread_ts")
        post_message(workspace, conversation, app_message(workspace, content))
    return {"files": shared}


def _complete(workspace: Workspace, entry: Json) -> Json:
    file = workspace.files.get(entry.get("id", ""))
    if file is None or file["id"] not in workspace.file_contents:
        raise SlackError("file_not_found")
    file["title"] = entry.get("title") or file["name"]
    return file


def add_file(workspace: Workspace, name: str, mimetype: str, size: int, user: str) -> Json:
    """Register a file whose bytes are still to come."""
    id = workspace.ids.next_id("F")
    extension = name.rpartition(".")[2].lower() if "." in name else "text"
    file: Json = {
        "id": id,
        "created": int(workspace.clock.now()),
        "timestamp": int(workspace.clock.now()),
        "name": name,
        "title": name,
        "mimetype": mimetype or "text/plain",
        "filetype": extension,
        "pretty_type": extension.upper(),
        "user": user,
        "size": size,
        "mode": "hosted",
        "is_external": False,
        "url_private": f"{workspace.base_url}/files/{id}",
        "url_private_download": f"{workspace.base_url}/files/{id}",
    }
    workspace.files[id] = file
    return file


METHODS: dict[str, Method] = {
    "files.getUploadURLExternal": files_get_upload_url_external,
    "files.completeUploadExternal": files_complete_upload_external,
}
