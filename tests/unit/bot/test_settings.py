"""Settings: where they come from, what is said about wrong ones, and the policy they make."""

import dataclasses
from datetime import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from bot.settings import (
    GROUPS,
    GivenSettings,
    Settings,
    SettingsError,
    Source,
    list_settings,
    load_settings,
    make_policy,
    render_env_example,
    require_slack,
    variable_of,
)
from bot.settings.table import OWN_TO_A_REPLICA
from desk.policy import Policy

ROOT = Path(__file__).parents[3]

# Every setting that feeds the policy, with a value that is not its default.
POLICY_VALUES = {
    "KEYDESK_OWNERS": ("U024BE7LH, W0G9QF9C6", "owners"),
    "KEYDESK_OWNERS_CHANNEL": ("C024BE91L", "owners_channel"),
    "KEYDESK_COMMAND_PREFIX": ("acme-", "name_command"),
    "KEYDESK_TIME_ZONE": ("Europe/Berlin", "time_zone"),
    "KEYDESK_BASE_URL": ("https://keys.example.com/", "base_url"),
    "KEYDESK_MATCH_EMAILS": ("true", "match_emails"),
    "KEYDESK_DEFAULT_ROLE": ("none", "default_role"),
    "KEYDESK_DEFAULT_LIFETIME_DAYS": ("30", "default_lifetime"),
    "KEYDESK_MAXIMUM_LIFETIME_DAYS": ("180", "maximum_lifetime"),
    "KEYDESK_APPROVALS_NEEDED": ("2", "approvals_needed"),
    "KEYDESK_SOLE_OWNER_MAY_APPROVE_OWN": ("true", "sole_owner_may_approve_own"),
    "KEYDESK_KEY_TAKEOVER": ("announce", "key_takeover"),
    "KEYDESK_REQUEST_EXPIRES_DAYS": ("8", "request_expires_after"),
    "KEYDESK_TICKET_LAPSES_DAYS": ("4", "ticket_lapses_after"),
    "KEYDESK_REMINDER_HOURS": ("5", "reminder_after"),
    "KEYDESK_WORKING_HOURS": ("08:30-18:00", "working_hours"),
    "KEYDESK_WORKING_DAYS": ("sun-thu", "working_days"),
    "KEYDESK_ANNOUNCEMENT_CHANNEL": ("C024BE91M", "announcement_channel"),
    "KEYDESK_UPDATE_DUE_CRITICAL_MINUTES": ("15", "update_due_after_critical"),
    "KEYDESK_UPDATE_DUE_MAJOR_MINUTES": ("45", "update_due_after_major"),
    "KEYDESK_UPDATE_DUE_MINOR_MINUTES": ("90", "update_due_after_minor"),
    "KEYDESK_UPDATE_DUE_NONE_MINUTES": ("300", "update_due_after_none"),
    "KEYDESK_KEEP_ADDRESSES_DAYS": ("30", "keep_addresses"),
    "KEYDESK_FORGET_LEFT_DAYS": ("365", "forget_left_after"),
    "KEYDESK_KEEP_OVER_DAYS": ("90", "keep_over"),
    "KEYDESK_DRAFT_EXPIRES_DAYS": ("3", "draft_expires_after"),
    "KEYDESK_INTERNAL_HOSTS": ("*.corp.example, Wiki", "internal_hosts"),
    "KEYDESK_ROTATION_GRACE_HOURS": ("12", "rotation_grace"),
    "KEYDESK_MAXIMUM_ROTATION_GRACE_DAYS": ("10", "maximum_rotation_grace"),
    "KEYDESK_RECENTLY_USED_DAYS": ("3", "recently_used"),
    "KEYDESK_GROUP_SYNC_BRAKE_PERCENT": ("50", "group_sync_brake"),
    "KEYDESK_DIGEST_CHANNEL": ("C1234", "digest_channel"),
    "KEYDESK_DIGEST_DAY": ("Friday", "digest_day"),
    "KEYDESK_DIGEST_TIME": ("16:30", "digest_time"),
    "KEYDESK_NEVER_USED_DAYS": ("2", "never_used_after"),
    "KEYDESK_UNUSED_DAYS": ("60", "unused_after"),
    "KEYDESK_IN_USE_DAYS": ("90", "in_use_within"),
    "KEYDESK_EXPIRING_DAYS": ("7", "expiring_within"),
    "KEYDESK_SUSPEND_UNUSED_DAYS": ("120", "suspend_unused_after"),
    "KEYDESK_REVOKE_SUSPENDED_DAYS": ("30", "revoke_suspended_after"),
}

WRONG_VALUES = [
    ("SLACK_BOT_TOKEN", "xoxp-not-a-bot"),
    ("SLACK_APP_TOKEN", "app"),
    ("SLACK_SIGNING_SECRET", "two words"),
    ("KEYDESK_PORT", "http"),
    ("KEYDESK_PORT", "70000"),
    ("KEYDESK_BASE_URL", "keys.example.com"),
    ("KEYDESK_BASE_URL", "https://example.com/keydesk"),
    ("KEYDESK_BASE_URL", "https://example.com/keydesk/"),
    ("KEYDESK_BASE_URL", "https://somebody@example.com"),
    ("KEYDESK_DATABASE_URL", "mysql://host/name"),
    ("KEYDESK_DATABASE_URL", "sqlite://"),
    ("KEYDESK_TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
    ("KEYDESK_API_CALLS_PER_MINUTE", "6001"),
    ("KEYDESK_API_CALLS_OF_KEYS", "terraform=60"),
    ("KEYDESK_API_CALLS_OF_KEYS", "keyid0000001=60, keyid0000002"),
    ("KEYDESK_API_CALLS_OF_KEYS", "keyid0000001=6001"),
    ("KEYDESK_API_LIMIT_CODE", "421"),
    ("KEYDESK_API_LIMIT_CODE", "often"),
    ("KEYDESK_INTERNAL_HOSTS", "https://wiki.corp.example"),
    ("KEYDESK_USE_FLUSH_SECONDS", "0"),
    ("KEYDESK_LOG_FORMAT", "xml"),
    ("KEYDESK_OWNERS", "@ann"),
    ("KEYDESK_COMMAND_PREFIX", "Acme-"),
    ("KEYDESK_COMMAND_PREFIX", "ac me"),
    ("KEYDESK_COMMAND_PREFIX", "-acme"),
    ("KEYDESK_COMMAND_PREFIX", "x" * 21),
    ("KEYDESK_APP_NAME", "x" * 36),
    ("KEYDESK_APP_NAME", "   "),
    ("KEYDESK_SLACK_PROXY", "proxy.example.com:3128"),
    ("KEYDESK_SLACK_PROXY", "socks5://proxy.example.com:1080"),
    ("KEYDESK_SLACK_PROXY", "http://[proxy:3128"),
    ("KEYDESK_SLACK_PROXY", "http://proxy.example.com:port"),
    ("KEYDESK_SLACK_PROXY", "http://proxy.example.com/path"),
    ("KEYDESK_OWNERS_CHANNEL", "#owners"),
    ("KEYDESK_DEFAULT_ROLE", "owner"),
    ("KEYDESK_TIME_ZONE", "Mars/Olympus"),
    ("KEYDESK_TIME_ZONE", "/etc/localtime"),
    ("KEYDESK_WORKING_HOURS", "17:00-09:00"),
    ("KEYDESK_WORKING_DAYS", "mon-someday"),
    ("KEYDESK_DIGEST_DAY", "8"),
    ("KEYDESK_DIGEST_TIME", "25:00"),
    ("KEYDESK_MAXIMUM_LIFETIME_DAYS", "366"),
    ("KEYDESK_SUSPEND_UNUSED_DAYS", "never"),
    ("KEYDESK_SOLE_OWNER_MAY_APPROVE_OWN", "perhaps"),
    ("KEYDESK_KEY_TAKEOVER", "never"),
]


def problems(env_file: Path | None = None) -> tuple[str, ...]:
    """What is said when the settings are loaded."""
    with pytest.raises(SettingsError) as caught:
        load_settings(env_file)
    return caught.value.problems


def test_without_any_setting_the_policy_is_the_default_one() -> None:
    """The defaults of the settings are those of the policy."""
    assert make_policy(load_settings(None)) == Policy()


def test_every_field_of_the_policy_has_its_setting() -> None:
    """No decision of an organization is out of reach of the settings; what its API serves is none, nor which keys and
    secrets the settings name."""
    named = {"offered_scopes", "named_upstream_keys", "own_secrets"}
    decided = {field.name for field in dataclasses.fields(Policy)} - named
    assert {field for _, field in POLICY_VALUES.values()} == decided


@pytest.mark.parametrize("variable", POLICY_VALUES)
def test_a_setting_reaches_its_field_of_the_policy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting one variable changes exactly one decision."""
    text, changed = POLICY_VALUES[variable]
    monkeypatch.setenv(variable, text)
    if variable == "KEYDESK_REVOKE_SUSPENDED_DAYS":
        monkeypatch.setenv("KEYDESK_SUSPEND_UNUSED_DAYS", "120")
    policy, default = make_policy(load_settings(None)), Policy()
    differing = {f.name for f in dataclasses.fields(Policy) if getattr(policy, f.name) != getattr(default, f.name)}
    assert differing - {"suspend_unused_after"} == {changed} - {"suspend_unused_after"}
    assert changed in differing


def test_texts_become_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Days, times, lists and networks are understood as people write them."""
    for variable, text in {
        "KEYDESK_WORKING_DAYS": "sat-mon, Wed",
        "KEYDESK_WORKING_HOURS": "8:30-18:00",
        "KEYDESK_DIGEST_DAY": "Tue",
        "KEYDESK_OWNERS": "U1AA,, U2BB ",
        "KEYDESK_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
        "KEYDESK_SLACK_API_URL": "http://127.0.0.1:9/api/",
    }.items():
        monkeypatch.setenv(variable, text)
    settings = load_settings(None)
    assert settings.working_days == {5, 6, 0, 2}
    assert settings.working_hours == (time(8, 30), time(18))
    assert settings.digest_day == 1
    assert settings.owners == ("U1AA", "U2BB")
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert settings.slack_api_url == "http://127.0.0.1:9/api"


@pytest.mark.parametrize(("variable", "text"), WRONG_VALUES)
def test_a_wrong_value_is_told_in_one_sentence(variable: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the variable and what is expected, in plain words."""
    monkeypatch.setenv(variable, text)
    (sentence,) = problems()
    assert sentence.startswith(f"{variable} ")
    assert " must be " in sentence
    assert sentence.endswith(".")
    for jargon in ("validation", "input", "type=", "pydantic", "string_"):
        assert jargon not in sentence


def test_all_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One start is enough to learn everything that has to be mended."""
    monkeypatch.setenv("KEYDESK_PORT", "http")
    monkeypatch.setenv("KEYDESK_DIGEST_TIME", "noon")
    monkeypatch.setenv("KEYDESK_PROT", "3000")
    assert problems() == (
        "KEYDESK_PROT is not a setting of Keydesk: did you mean KEYDESK_PORT?",
        'KEYDESK_PORT is "http" but must be a whole number from 1 to 65535.',
        'KEYDESK_DIGEST_TIME is "noon" but must be a time like 09:00.',
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"DEFAULT_LIFETIME_DAYS": "60", "MAXIMUM_LIFETIME_DAYS": "30"},
            "KEYDESK_MAXIMUM_LIFETIME_DAYS, which is 30",
        ),
        ({"ROTATION_GRACE_HOURS": "72", "MAXIMUM_ROTATION_GRACE_DAYS": "1"}, "which is 1 days"),
        ({"REVOKE_SUSPENDED_DAYS": "30"}, "needs KEYDESK_SUSPEND_UNUSED_DAYS"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    values: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two values that are right alone but not together are told, with both names."""
    for name, text in values.items():
        monkeypatch.setenv(f"KEYDESK_{name}", text)
    (sentence,) = problems()
    assert told in sentence


def test_a_secret_is_not_repeated_when_it_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A malformed token or a database password does not end up on a terminal or in a log."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "planted-token")
    monkeypatch.setenv("KEYDESK_DATABASE_URL", "mysql://user:planted-password@host/name")
    told = "\n".join(problems())
    assert "SLACK_BOT_TOKEN must be" in told
    assert "KEYDESK_DATABASE_URL must be" in told
    assert "planted" not in told


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither repr nor the list of settings holds a token, a signing secret or a password."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-planted")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-planted")
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "planted")
    monkeypatch.setenv("KEYDESK_DATABASE_URL", "postgresql://user:planted@host/name")
    shown = {entry.variable: entry.shown for entry in list_settings(None)}
    assert "planted" not in repr(load_settings(None))
    assert "planted" not in repr(shown)
    assert shown["SLACK_BOT_TOKEN"] == "xoxb-…"
    assert shown["SLACK_SIGNING_SECRET"] == "…"
    assert shown["KEYDESK_DATABASE_URL"] == "postgresql://user:***@host/name"


def test_the_environment_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable beats `.env`, `.env` beats the default, and the list says which it was."""
    env_file = tmp_path / ".env"
    env_file.write_text("KEYDESK_PORT=4000\nKEYDESK_HOST=0.0.0.0\nPATH_OF_SOMETHING_ELSE=x\n")
    monkeypatch.setenv("KEYDESK_PORT", "5000")
    settings = load_settings(env_file)
    assert (settings.port, settings.host, settings.log_level) == (5000, "0.0.0.0", "info")  # noqa: S104
    sources = {entry.variable: entry.source for entry in list_settings(env_file)}
    assert sources["KEYDESK_PORT"] is Source.ENVIRONMENT
    assert sources["KEYDESK_HOST"] is Source.ENV_FILE
    assert sources["KEYDESK_LOG_LEVEL"] is Source.DEFAULT


def test_an_empty_variable_is_as_good_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line without a value in `.env` keeps the default, and so does an empty variable."""
    env_file = tmp_path / ".env"
    env_file.write_text("SLACK_BOT_TOKEN=\nKEYDESK_OWNERS_CHANNEL=\n")
    monkeypatch.setenv("KEYDESK_PORT", "")
    settings = load_settings(env_file)
    assert (settings.slack_bot_token, settings.owners_channel, settings.port) == (None, None, 3000)


def test_an_unknown_name_in_the_file_is_told(tmp_path: Path) -> None:
    """A misspelt line of `.env` is not passed over in silence."""
    env_file = tmp_path / ".env"
    env_file.write_text("KEYDESK_UNUSED_DAY=30\n")
    assert problems(env_file) == (
        "KEYDESK_UNUSED_DAY is not a setting of Keydesk: did you mean KEYDESK_UNUSED_DAYS?",
    )


def test_a_retired_setting_says_what_to_do_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of an earlier release is answered with its own sentence."""
    monkeypatch.setenv("KEYDESK_UNUSED_WEEKS", "4")
    with pytest.raises(SettingsError) as caught:
        load_settings(None, retired={"KEYDESK_UNUSED_WEEKS": "count in days, with KEYDESK_UNUSED_DAYS."})
    assert caught.value.problems == (
        "KEYDESK_UNUSED_WEEKS is no longer used: count in days, with KEYDESK_UNUSED_DAYS.",
    )


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, ["SLACK_BOT_TOKEN is missing", "SLACK_APP_TOKEN and SLACK_SIGNING_SECRET are both missing"]),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, ["SLACK_APP_TOKEN and SLACK_SIGNING_SECRET are both missing"]),
        ({"SLACK_APP_TOKEN": "xapp-1"}, ["SLACK_BOT_TOKEN is missing"]),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, []),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}, []),
    ],
)
def test_slack_needs_a_token_and_a_way_in(
    variables: dict[str, str], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Starting takes the bot token, and either the app-level token or the signing secret."""
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    settings = load_settings(None)
    if not told:
        require_slack(settings)
        return
    with pytest.raises(SettingsError) as caught:
        require_slack(settings)
    assert [sentence.startswith(start) for sentence, start in zip(caught.value.problems, told, strict=True)] == [
        True
    ] * len(told)


def test_settings_that_a_program_gives_itself_do_not_look_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo is the same whatever the environment says, even when that is wrong."""
    monkeypatch.setenv("KEYDESK_PORT", "http")
    monkeypatch.setenv("KEYDESK_UNUSED_DAYS", "60")
    given = GivenSettings(host="localhost")
    assert (given.host, given.port, given.unused_days) == ("localhost", 3000, 30)


def test_every_setting_is_listed_once_with_its_help() -> None:
    """The groups together hold every setting, each with a help sentence and what it expects."""
    grouped = [name for group in GROUPS for name in group.model_fields]
    assert sorted(grouped) == sorted(Settings.model_fields)
    assert [entry.variable for entry in list_settings(None)] == [variable_of(name) for name in grouped]
    for entry in list_settings(None):
        assert entry.help.endswith("."), entry.variable
        assert entry.expects, entry.variable


def test_the_example_file_is_up_to_date() -> None:
    """`.env.example` is what `keydesk config --example` writes."""
    assert (ROOT / ".env.example").read_text() == render_env_example()


def test_the_example_file_changes_nothing_when_it_is_used_as_it_is() -> None:
    """Copying the example gives the defaults."""
    assert load_settings(ROOT / ".env.example") == load_settings(None)


def test_the_examples_defaults_are_valid_when_the_marks_are_removed(tmp_path: Path) -> None:
    """Every default that the example shows can be written out as it stands."""
    env_file = tmp_path / ".env"
    lines = (ROOT / ".env.example").read_text().splitlines()
    env_file.write_text("\n".join(line.removeprefix("#") for line in lines if line.startswith("#KEYDESK_")))
    assert load_settings(env_file) == load_settings(None)


def test_what_replicas_may_have_otherwise_is_a_setting() -> None:
    """The page of settings marks these, and nothing that the policy is made of."""
    known = {entry.variable for entry in list_settings(env_file=None)}
    assert known > OWN_TO_A_REPLICA
    assert OWN_TO_A_REPLICA.isdisjoint(POLICY_VALUES)
