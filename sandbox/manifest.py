"""What the app declares about itself: Slack's app manifest, as far as a workspace acts on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class SlashCommand:
    """One slash command as declared under `features.slash_commands`."""

    command: str
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


@dataclass(frozen=True)
class RequestUrls:
    """Where Slack calls the app in HTTP mode, for each kind of request. None: of that kind it sends nothing."""

    commands: dict[str, str | None] = field(default_factory=dict)
    events: str | None = None
    interactivity: str | None = None
    options: str | None = None

    def find(self, kind: str, payload: dict[str, Any]) -> str | None:
        """Where one delivery goes."""
        if kind == "slash_commands":
            return self.commands.get(str(payload.get("command")))
        if kind == "events_api":
            return self.events
        return self.options if payload.get("type") == "block_suggestion" else self.interactivity


@dataclass(frozen=True)
class Manifest:
    """The parts of an app manifest that change what Slack allows, sends or shows."""

    name: str = "App"
    bot_display_name: str = "app"
    commands: dict[str, SlashCommand] = field(default_factory=dict)
    bot_scopes: tuple[str, ...] = ()
    bot_events: tuple[str, ...] = ()
    interactivity: bool = False
    home_tab_enabled: bool = False
    messages_tab_enabled: bool = False
    messages_tab_read_only: bool = True
    socket_mode_enabled: bool = False
    request_urls: RequestUrls | None = None
    """Those that it declares; None with Socket Mode, and where it declares none."""

    def all_at(self, url: str) -> RequestUrls:
        """As if it declared this one address for every kind of request."""
        return RequestUrls(dict.fromkeys(self.commands, url), url, url, url)


def load_manifest(path: Path) -> Manifest:
    """Read a manifest file. Raises OSError or ValueError when it cannot be used."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict):
        raise ValueError(f"{path} is not an app manifest: its top level is not a mapping")
    return parse_manifest(document)


def parse_manifest(document: dict[str, Any]) -> Manifest:
    """Read a manifest that is already parsed from YAML or JSON. Raises ValueError for what is declared twice."""
    features = document.get("features") or {}
    settings = document.get("settings") or {}
    home = features.get("app_home") or {}
    name = (document.get("display_information") or {}).get("name", "App")
    scopes = ((document.get("oauth_config") or {}).get("scopes") or {}).get("bot") or []
    events = (settings.get("event_subscriptions") or {}).get("bot_events") or []
    commands = features.get("slash_commands") or []
    for what, names in (
        ("slash command", [entry["command"] for entry in commands]),
        ("scope", scopes),
        ("event", events),
    ):
        if twice := sorted({one for one in names if names.count(one) > 1}):
            raise ValueError(f"the {what} {twice[0]} is declared twice")
    return Manifest(
        name=name,
        bot_display_name=(features.get("bot_user") or {}).get("display_name", name),
        commands={entry["command"]: _command(entry) for entry in commands},
        bot_scopes=tuple(scopes),
        bot_events=tuple(events),
        interactivity=bool((settings.get("interactivity") or {}).get("is_enabled", False)),
        home_tab_enabled=bool(home.get("home_tab_enabled", False)),
        messages_tab_enabled=bool(home.get("messages_tab_enabled", False)),
        messages_tab_read_only=bool(home.get("messages_tab_read_only_enabled", True)),
        socket_mode_enabled=bool(settings.get("socket_mode_enabled", False)),
        request_urls=None if settings.get("socket_mode_enabled") else _request_urls(commands, settings),
    )


def _request_urls(commands: list[dict[str, Any]], settings: dict[str, Any]) -> RequestUrls | None:
    interactivity = settings.get("interactivity") or {}
    urls = RequestUrls(
        {entry["command"]: entry.get("url") for entry in commands},
        (settings.get("event_subscriptions") or {}).get("request_url"),
        interactivity.get("request_url"),
        interactivity.get("message_menu_options_url"),
    )
    named = [*urls.commands.values(), urls.events, urls.interactivity, urls.options]
    return urls if any(named) else None


def _command(entry: dict[str, Any]) -> SlashCommand:
    return SlashCommand(
        command=entry["command"],
        description=entry.get("description", ""),
        usage_hint=entry.get("usage_hint", ""),
        should_escape=bool(entry.get("should_escape", False)),
    )
