"""Settings: where they come from, what they may be, and the policy that they make."""

from bot.settings.example import render_env_example
from bot.settings.loading import (
    ENV_FILE,
    SettingEntry,
    SettingsError,
    list_settings,
    load_settings,
    require_slack,
    variable_of,
)
from bot.settings.policy import make_policy
from bot.settings.sources import SECRETS, Source
from bot.settings.table import GROUPS, PREFIX, RETIRED, GivenSettings, LogFormat, Settings
from bot.settings.values import is_proxy

__all__ = [
    "ENV_FILE",
    "GROUPS",
    "PREFIX",
    "RETIRED",
    "SECRETS",
    "GivenSettings",
    "LogFormat",
    "SettingEntry",
    "Settings",
    "SettingsError",
    "Source",
    "is_proxy",
    "list_settings",
    "load_settings",
    "make_policy",
    "render_env_example",
    "require_slack",
    "variable_of",
]
