"""From the environment and `.env` to settings: every fault at once, one sentence each."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from bot.settings.masking import hide_passwords, show_setting
from bot.settings.sources import IN_FILE, SECRETS, Source, Written, read_written
from bot.settings.table import GROUPS, PREFIX, RETIRED, Settings
from desk.errors import InvalidInputError

ENV_FILE = Path(".env")


class SettingsError(InvalidInputError):
    """Settings that Keydesk cannot start with. `problems` has one sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems), "'keydesk config' lists every setting with its help.")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class SettingEntry:
    """One setting as `keydesk config` shows it. `shown` has secrets masked."""

    group: str
    variable: str
    default: str
    help: str
    expects: str
    shown: str
    source: str


def _fields() -> dict[str, tuple[str, FieldInfo]]:
    """Variable → group and field, in the order of the table."""
    return {
        variable_of(name): (group.__doc__ or "", field)
        for group in GROUPS
        for name, field in group.model_fields.items()
    }


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else PREFIX + name.upper()


def _name_of(variable: str) -> str:
    """The field of an environment variable."""
    return next(name for name in Settings.model_fields if variable_of(name) == variable)


def _extra(field: FieldInfo, key: str) -> str:
    extra: Any = field.json_schema_extra or {}
    return str(extra[key])


def load_settings(env_file: Path | None = ENV_FILE, *, retired: Mapping[str, str] = RETIRED) -> Settings:
    """The settings of the environment and, where that says nothing, of `env_file`. Raises SettingsError."""
    written = _read(env_file)
    problems = [*_name_problems(written, retired), *written.problems]
    if broken := [variable for variable in _fields() if _is_broken(written.find(variable))]:
        raise SettingsError([*problems, *(f"{variable} is not UTF-8 text." for variable in broken)])
    settings = None
    secrets: dict[str, Any] = {_name_of(variable): text for variable, (text, _) in written.files.items()}
    try:
        settings = Settings(_env_file=env_file, **secrets)  # type: ignore[call-arg]
    except ValidationError as error:
        problems += _value_problems(error, written)
    if settings is not None:
        problems += _pair_problems(settings)
    if settings is None or problems:
        raise SettingsError(problems)
    return settings


def _read(env_file: Path | None) -> Written:
    try:
        return read_written(env_file)
    except UnicodeDecodeError as error:
        raise SettingsError([f"The file {env_file} is not UTF-8 text."]) from error


def _is_broken(found: tuple[str, str] | None) -> bool:
    # What is no UTF-8 comes from the environment as halves of characters, which nothing takes.
    return found is not None and any("\ud800" <= character <= "\udfff" for character in found[0])


def _name_problems(written: Written, retired: Mapping[str, str]) -> list[str]:
    known = list(_fields())
    in_files = {variable + IN_FILE for variable in SECRETS}
    names = sorted({name for name in written.names() if name.startswith(PREFIX)} - {*known, *in_files})
    problems = []
    for name in names:
        if name in retired:
            problems.append(f"{name} is no longer used: {retired[name]}")
            continue
        if name.removesuffix(IN_FILE) in known:
            problems.append(f"{name} is not a setting of Keydesk: only secrets are read from files.")
            continue
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        meant = f"did you mean {close[0]}?" if close else "remove it, or see 'keydesk config' for the names."
        problems.append(f"{name} is not a setting of Keydesk: {meant}")
    return problems


def _value_problems(error: ValidationError, written: Written) -> list[str]:
    fields = _fields()
    problems: dict[str, str] = {}
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        name = str(fault["loc"][0])
        variable = name if name in fields else variable_of(name)
        field = fields[variable][1]
        found = written.find(variable)
        value = f' is "{hide_passwords(found[0])}" but' if found else ""
        if variable in SECRETS:
            value = f" (from {found[1]})" if found and variable in written.files else ""
        problems[variable] = f"{variable}{value} must be {_extra(field, 'expects')}."
    return [problems[variable] for variable in fields if variable in problems]


def _pair_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.default_lifetime_days > settings.maximum_lifetime_days:
        problems.append(
            f"KEYDESK_DEFAULT_LIFETIME_DAYS is {settings.default_lifetime_days} but must not be more than "
            f"KEYDESK_MAXIMUM_LIFETIME_DAYS, which is {settings.maximum_lifetime_days}."
        )
    if settings.rotation_grace_hours > settings.maximum_rotation_grace_days * 24:
        problems.append(
            f"KEYDESK_ROTATION_GRACE_HOURS is {settings.rotation_grace_hours} but must not be more than "
            f"KEYDESK_MAXIMUM_ROTATION_GRACE_DAYS, which is {settings.maximum_rotation_grace_days} days."
        )
    if settings.revoke_suspended_days is not None and settings.suspend_unused_days is None:
        problems.append(
            "KEYDESK_REVOKE_SUSPENDED_DAYS needs KEYDESK_SUSPEND_UNUSED_DAYS: only what was suspended is revoked."
        )
    return problems


def require_slack(settings: Settings) -> None:
    """Raises SettingsError unless the settings are enough to talk with Slack, in Socket Mode or over HTTP."""
    problems = []
    if settings.slack_bot_token is None:
        problems.append("SLACK_BOT_TOKEN is missing: put in the Bot User OAuth Token of your Slack app (xoxb-…).")
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        problems.append(
            "SLACK_APP_TOKEN and SLACK_SIGNING_SECRET are both missing: put in the app-level token (xapp-…) for "
            "Socket Mode, or the signing secret if Slack shall call Keydesk over HTTP."
        )
    if problems:
        raise SettingsError(problems)


def list_settings(env_file: Path | None = ENV_FILE) -> Sequence[SettingEntry]:
    """Every setting with its present value, where that comes from, its default and its help."""
    written = _read(env_file)
    entries = []
    for variable, (group, field) in _fields().items():
        default = "" if field.default is None else str(field.default)
        text, source = written.find(variable) or (default, Source.DEFAULT)
        shown = show_setting(variable, text) if text else text
        expects = _extra(field, "expects")
        entries.append(SettingEntry(group, variable, default, field.description or "", expects, shown, source))
    return entries
