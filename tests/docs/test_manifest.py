"""The manifest agrees with the code, both ways: nothing that is used is missing, and nothing more is asked for."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.manifest import render_manifest
from bot.settings.table import GivenSettings
from docs.lists.modules import parse_modules
from handlers.slack.app import AREAS
from handlers.slack.framework.action_ids import RETIRED, ActionId, CallbackId, Command
from handlers.slack.framework.areas import join_areas

ROOT = Path(__file__).parents[2]

METHOD_SCOPES: dict[str, frozenset[str]] = {
    # As https://docs.slack.dev/reference/methods lists them for bot tokens.
    "auth_test": frozenset(),
    "apps_connections_open": frozenset(),  # an app-level token's `connections:write`, which no manifest holds
    "chat_postMessage": frozenset({"chat:write"}),
    "chat_update": frozenset({"chat:write"}),
    # Messages go to public channels, private channels and direct messages, never to group messages.
    "conversations_history": frozenset({"channels:history", "groups:history", "im:history"}),
    # Asked of channels alone.
    "conversations_info": frozenset({"channels:read", "groups:read"}),
    "conversations_replies": frozenset({"channels:history", "groups:history", "im:history"}),
    # Only ever with one person.
    "conversations_open": frozenset({"im:write"}),
    "usergroups_list": frozenset({"usergroups:read"}),
    "usergroups_users_list": frozenset({"usergroups:read"}),
    "users_info": frozenset({"users:read"}),
    "users_list": frozenset({"users:read"}),
    "users_lookupByEmail": frozenset({"users:read.email"}),
    "views_open": frozenset(),
    "views_publish": frozenset(),
    "views_push": frozenset(),
    "views_update": frozenset(),
}
BY_SETTING = {"users:read.email": "match_emails"}
"""Scopes that only some want → the setting by which they are asked for."""
EVENT_SCOPES: dict[str, frozenset[str]] = {
    # As https://docs.slack.dev/reference/events lists them.
    "app_home_opened": frozenset(),
    "app_uninstalled": frozenset(),
    "subteam_created": frozenset({"usergroups:read"}),
    "subteam_members_changed": frozenset({"usergroups:read"}),
    "subteam_updated": frozenset({"usergroups:read"}),
    "team_join": frozenset({"users:read"}),
    "tokens_revoked": frozenset(),
    "user_change": frozenset({"users:read"}),
}
WITHOUT_SUBMIT = frozenset(
    {
        CallbackId.NOTICE,
        CallbackId.KEY_SHOW,
        CallbackId.KEYS_LIST,
        CallbackId.DIGEST,
        CallbackId.INCIDENT_SHOW,
        CallbackId.INCIDENTS_LIST,
        CallbackId.DRAFT,
        CallbackId.DRAFT_DOUBLES,
        CallbackId.UPSTREAM_KEYS,
    }
)
"""Modals that only show: Slack submits nothing of them."""


WHOLE = join_areas(AREAS)
"""Everything that is answered; nothing of it twice."""


class _OnceEach(yaml.SafeLoader):
    """Reads YAML in which no key is written twice."""


def _read_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    assert len(keys) == len(set(keys)), f"written twice: {keys}"
    return loader.construct_mapping(node, deep=True)


_OnceEach.add_constructor("tag:yaml.org,2002:map", _read_mapping)


@cache
def manifest() -> dict[str, Any]:
    """The manifest as it is."""
    found: dict[str, Any] = yaml.load((ROOT / "manifest.yml").read_text(encoding="utf-8"), _OnceEach)  # noqa: S506
    return found


def attributes_of_clients() -> Iterator[tuple[str, str]]:
    """Every `client.<name>` and `….client.<name>` in the code, with the file that it is in."""
    for path, tree in parse_modules("client"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and _name_of(node.value) in {"client", "_client"}:
                yield node.attr, path


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


@cache
def used_methods() -> frozenset[str]:
    """The Web API methods that the code calls, as the client's own method names."""
    return frozenset(name for name, _ in attributes_of_clients() if callable(getattr(AsyncWebClient, name, None)))


def asked_scopes() -> list[str]:
    """The scopes that the manifest asks for."""
    scopes: list[str] = manifest()["oauth_config"]["scopes"]["bot"]
    return scopes


def test_every_method_has_known_scopes() -> None:
    """Each Web API method that the code calls is in the table of scopes, and the table holds no other."""
    assert used_methods() == set(METHOD_SCOPES)


def test_methods_are_called_by_name() -> None:
    """No call goes around the client's methods, where this test could not see which method it is."""
    assert [found for found in attributes_of_clients() if found[0] in {"api_call", "_request"}] == []


def test_scopes_are_those_that_are_needed() -> None:
    """The manifest asks for exactly the scopes of the methods, events and commands that are used."""
    needed = {"commands"} if WHOLE.commands else set()
    needed |= {scope for method in used_methods() for scope in METHOD_SCOPES.get(method, ())}
    needed |= {scope for event, _ in WHOLE.events for scope in EVENT_SCOPES.get(event, ())}
    # What a setting brings is asked for where that is set, and nowhere else.
    assert sorted(asked_scopes()) == sorted(needed - set(BY_SETTING))
    for scope, setting in BY_SETTING.items():
        found = yaml.safe_load(render_manifest(GivenSettings.model_validate({setting: "true"})))
        assert set(found["oauth_config"]["scopes"]["bot"]) == {*asked_scopes(), scope}


def test_events_are_those_that_are_listened_to() -> None:
    """The manifest subscribes to exactly the events that are taken, and each one's scope is known."""
    subscribed = manifest()["settings"]["event_subscriptions"]["bot_events"]
    assert sorted(subscribed) == sorted(event for event, _ in WHOLE.events)
    assert set(subscribed) == set(EVENT_SCOPES)


def test_commands_are_those_that_are_answered() -> None:
    """Manifest, vocabulary and areas name the same slash commands, each once, and mentions in them arrive as ids."""
    declared = manifest()["features"]["slash_commands"]
    named = sorted(command["command"] for command in declared)
    assert named == sorted(map(str, Command)) == sorted(str(one.command) for one in WHOLE.commands)
    for command in declared:
        assert command["should_escape"] is True
        assert command["description"]
        assert command["usage_hint"]


def test_every_button_is_answered_or_retired() -> None:
    """Each action id of the vocabulary has a handler, or is a searched menu; none is among the retired ones, which
    no handler answers any more."""
    assert {*dict(WHOLE.actions), *dict(WHOLE.options)} == set(ActionId)
    assert not set(RETIRED) & set(ActionId)
    assert all(RETIRED.values())


def test_every_modal_is_answered() -> None:
    """Each modal that can be submitted has a handler; those that only show have none."""
    assert sorted(set(CallbackId) - WITHOUT_SUBMIT) == sorted(callback_id for callback_id, _ in WHOLE.views)
    assert set(dict(WHOLE.closed)) <= set(CallbackId)


def test_features_that_the_code_relies_on() -> None:
    """Buttons, the Home tab, direct messages and Socket Mode are switched on; what is not used is off."""
    features, settings = manifest()["features"], manifest()["settings"]
    assert settings["interactivity"] == {"is_enabled": True}
    assert features["app_home"]["home_tab_enabled"] is ("views_publish" in used_methods())
    assert features["app_home"]["messages_tab_enabled"] is ("chat_postMessage" in used_methods())
    assert features["app_home"]["messages_tab_read_only_enabled"] is True, "nothing listens to what people write"
    assert settings["socket_mode_enabled"] is ("apps_connections_open" in used_methods())
    assert settings["token_rotation_enabled"] is False
    assert settings["org_deploy_enabled"] is False
    assert set(features) == {"app_home", "bot_user", "slash_commands"}


@pytest.mark.parametrize(
    ("field", "least", "most"), [("name", 1, 35), ("description", 1, 140), ("long_description", 174, 4000)]
)
def test_texts_fit_slacks_limits(field: str, least: int, most: int) -> None:
    """Slack takes the manifest's texts at their length."""
    assert least <= len(manifest()["display_information"][field].strip()) <= most
