"""A workspace in which every command bears a prefix, and people who type it without being asked to."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.manifest import render_manifest
from bot.settings import GivenSettings
from handlers.slack.framework.action_ids import Command
from sandbox.player import Control, Json

PREFIX = "the-acme-inc-keydesk"
"""As long as one may be."""
_BARE = re.compile(rf"(?<![\w/])(?:{'|'.join(Command)})\b(?!/)")


class PrefixedControl(Control):
    """Whoever is played types the prefix before each command."""

    def call(self, method: str, path: str, body: Json | None = None, /, **query: str) -> Json:
        """As any call."""
        if path == "command" and body is not None:
            body = {**body, "text": f"/{PREFIX}{body['text'].removeprefix('/')}"}
        return super().call(method, path, body, **query)


def write_manifest(folder: Path) -> Path:
    """The manifest of an app whose commands bear the prefix."""
    path = folder / "manifest.yml"
    path.write_text(render_manifest(GivenSettings(command_prefix=PREFIX)), encoding="utf-8")
    return path


def bare_commands(entry: Json) -> Iterator[str]:
    """What the bot sent by which somebody would type a command without its prefix: each with a few words around."""
    sent = entry["args"] if entry["kind"] == "api" else entry.get("response_payload") or entry.get("body")
    text = _unpacked(sent)
    for found in _BARE.finditer(text):
        yield text[max(found.start() - 60, 0) : found.end() + 60]


def _unpacked(sent: Any) -> str:
    """All of it as one text, without the escapes that JSON in JSON has."""
    return json.dumps(sent, ensure_ascii=False).replace("\\", "")
