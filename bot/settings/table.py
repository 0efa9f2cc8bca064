"""Every setting, once: its variable, type, default and help. The rest of the package and the documentation read it.

A default is written as the text one would put into the variable, and goes through the same parser.
"""

from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.settings.values import (
    Address,
    AppName,
    AppToken,
    BaseUrl,
    BotToken,
    CallBudgets,
    ChannelId,
    CommandPrefix,
    DatabaseUrl,
    DatedKeys,
    EncryptionKeys,
    HostPatterns,
    Hours,
    LimitCode,
    Networks,
    ProxyAddress,
    SigningSecret,
    TimeOfDay,
    UserIds,
    Weekday,
    Weekdays,
    Zone,
)
from desk.policy import Takeover

PREFIX = "KEYDESK_"
OWN_TO_A_REPLICA = frozenset(
    {
        *("KEYDESK_HOST", "KEYDESK_PORT", "KEYDESK_MANAGEMENT_HOST", "KEYDESK_MANAGEMENT_PORT"),
        *("KEYDESK_SHUTDOWN_SECONDS", "KEYDESK_LOG_FORMAT", "KEYDESK_LOG_LEVEL", "KEYDESK_SLACK_PROXY"),
        "KEYDESK_OTLP_ENDPOINT",
        *("KEYDESK_SECRETS_FOLDER", "KEYDESK_DATA_FOLDER", "KEYDESK_PUBLIC_FOLDER", "KEYDESK_DATABASE_THREADS"),
        *("KEYDESK_TRUSTED_PROXIES", "KEYDESK_USE_FLUSH_SECONDS", "KEYDESK_UPSTREAM_CA_FILE"),
    }
)
"""What each replica may have otherwise. All else must be alike, or what people see depends on which one answers."""


def _setting(default: str | None, expects: str, help: str, *, variable: str | None = None, **limits: Any) -> Any:
    """A field whose faults are told as "must be <expects>". `variable` is for names without our prefix."""
    return Field(
        default,
        validate_default=True,
        validation_alias=variable,
        description=help,
        json_schema_extra={"expects": expects},
        **limits,
    )


def _number(default: int | float, low: int | float, high: int | float, unit: str, help: str) -> Any:
    kind = "a whole number" if isinstance(default, int) else "a number"
    of_unit = f" of {unit}" if unit else ""
    return _setting(str(default), f"{kind}{of_unit} from {low} to {high}", help, ge=low, le=high)


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"
    PRETTY = "pretty"
    JSON = "json"


class _Group(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


class SlackSettings(_Group):
    """Slack"""

    slack_bot_token: BotToken | None = _setting(
        None,
        "a token that begins with xoxb-",
        "Bot User OAuth Token of your Slack app, from its page OAuth & Permissions.",
        variable="SLACK_BOT_TOKEN",
    )
    slack_app_token: AppToken | None = _setting(
        None,
        "a token that begins with xapp-",
        "App-level token with the scope connections:write. When it is set, Keydesk uses Socket Mode and Slack needs "
        "no way in; without it Slack calls BASE_URL/slack/events.",
        variable="SLACK_APP_TOKEN",
    )
    slack_signing_secret: SigningSecret | None = _setting(
        None,
        "a word without blanks",
        "Signing Secret of your Slack app, from its page Basic Information. Needed without an app-level token.",
        variable="SLACK_SIGNING_SECRET",
    )
    app_name: AppName = _setting(
        "Keydesk",
        "a name of 1 to 35 characters in one line",
        "What the app is called in Slack: `keydesk manifest` writes it into the manifest.",
    )
    command_prefix: CommandPrefix = _setting(
        "",
        "up to 20 lower-case letters, digits, - and _, beginning with a letter or digit, like acme-",
        "What the slash commands begin with, as in /acme-keys. Command names are one namespace per workspace, and "
        "the app that was installed last wins in silence: set it where another app answers /keys or /incident. Give "
        "Slack the manifest of `keydesk manifest` after a change.",
    )
    slack_api_url: Address = _setting(
        "https://slack.com/api",
        "an address that begins with http:// or https://",
        "Where Slack's Web API is; another address is for trying Keydesk against a local workspace.",
    )
    slack_proxy: ProxyAddress | None = _setting(
        None,
        "an address like http://proxy.example.com:3128 or http://user:password@proxy.example.com:3128",
        "Proxy by which Slack is reached: its Web API, the socket of Socket Mode, and answers to clicks. Without it "
        "HTTPS_PROXY, HTTP_PROXY and ALL_PROXY count, but for what NO_PROXY names and for this machine.",
        repr=False,
    )


class SecretFileSettings(_Group):
    """Secrets in files"""

    secrets_folder: Path | None = _setting(
        None,
        "the path of a folder",
        "Folder whose files each hold one secret and are called as its variable, in capitals or small letters, like "
        "/run/secrets/slack_bot_token. A single file is named by its variable with _FILE behind it, like "
        "SLACK_BOT_TOKEN_FILE. Both are for the secrets alone: "
        "SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, KEYDESK_SLACK_PROXY, KEYDESK_DATABASE_URL, "
        "KEYDESK_DATABASE_DIRECT_URL, "
        "KEYDESK_ENCRYPTION_KEYS and KEYDESK_STATUSPAGE_KEYS. "
        "What the environment or .env says comes before the folder.",
    )


class ServerSettings(_Group):
    """Server"""

    host: str = _setting("127.0.0.1", "a host name or an address", "Address to listen on; 0.0.0.0 for all.")
    port: int = _number(3000, 1, 65535, "", "Port to listen on.")
    management_port: int | None = _setting(
        None,
        "a whole number from 0 to 65535, or empty",
        "Port of an address of its own for /readyz and Prometheus' /metrics, which the other one has not then, and "
        "for /healthz; 0 picks a free one. Empty: there is none, and there are no metrics.",
        ge=0,
        le=65535,
    )
    management_host: str = _setting(
        "127.0.0.1", "a host name or an address", "Where KEYDESK_MANAGEMENT_PORT is; 0.0.0.0 for all."
    )
    base_url: BaseUrl = _setting(
        "http://127.0.0.1:3000",
        "an address that begins with http:// or https://, without a path",
        "Where people and API clients reach Keydesk; it is shown in messages and in the curl line of a new key. The "
        "first one that is not of this machine alone names the entries of feeds and calendars for good.",
    )
    trusted_proxies: Networks = _setting(
        "",
        "addresses or networks separated by commas, like 127.0.0.1, 10.0.0.0/8",
        "Proxies whose X-Forwarded-For is believed when the client's address of a key's use is noted.",
    )
    shutdown_seconds: float = _number(
        20.0, 1, 300, "seconds", "How long a stop may take to finish what is in hand before it is cut off."
    )
    log_format: LogFormat = _setting(
        "auto", "auto, pretty or json", "Form of log lines; auto is pretty on a terminal and JSON elsewhere."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "debug, info, warning or error", "The least important log lines that are written."
    )
    otlp_endpoint: Address | None = _setting(
        None,
        "an address like http://127.0.0.1:4318",
        "OpenTelemetry collector that traces are sent to, by OTLP over HTTP. It needs the extra "
        "keydesk[opentelemetry]; whatever else there is to choose, OpenTelemetry reads from its own variables, as "
        "OTEL_TRACES_SAMPLER and OTEL_EXPORTER_OTLP_HEADERS. Empty: nothing is traced.",
    )


class StorageSettings(_Group):
    """Storage"""

    database_url: DatabaseUrl = _setting(
        "sqlite:///keydesk.db",
        "an address like sqlite:///keydesk.db or postgresql://user:password@host/name",
        "The database. SQLite is enough for one machine, PostgreSQL lets several replicas share the work.",
        repr=False,
    )
    database_direct_url: DatabaseUrl | None = _setting(
        None,
        "an address like postgresql://user:password@host/name",
        "Where PostgreSQL itself is, if KEYDESK_DATABASE_URL leads to a pooler like PgBouncer in transaction mode: "
        "notifications come over a connection of their own, and nothing is prepared on those of the pooler.",
        repr=False,
    )
    data_folder: Path = _setting(
        ".", "the path of a folder", "Folder of Keydesk's own files; a relative SQLite path begins here."
    )
    database_threads: int = _number(
        4,
        1,
        64,
        "threads",
        "How many database transactions may run at the same time in this process for people who wait, and as many "
        "for the rest.",
    )
    public_folder: Path | None = _setting(
        None,
        "the path of a folder",
        "Folder into which every public document is written too, for a file server or CDN to show while Keydesk is "
        "down; a relative path begins in the data folder.",
    )
    use_flush_seconds: float = _number(
        1.0, 0.1, 60, "seconds", "How often uses of keys are written down. A kill can lose at most this much of them."
    )
    key_trust_seconds: float = _number(
        5.0,
        2,
        300,
        "seconds",
        "When for this long the database could not say whether keys were revoked elsewhere, each API call asks it for"
        " its own key, and gets 503 where it does not answer.",
    )
    api_calls_per_minute: int = _number(
        0,
        0,
        6000,
        "",
        "How many calls of the API each key has within a minute, in each process; 0 for as many as it likes. "
        "Statuspage's own is 60.",
    )
    api_calls_of_keys: CallBudgets = _setting(
        "",
        "keys and numbers from 0 to 6000, like keyid0000001=300, keyid0000002=0",
        "Keys that have another number of calls within a minute, by id; 0 for as many as they like.",
    )
    api_limit_code: LimitCode = _setting(
        "420",
        "420 or 429",
        "What a call too many is answered. Statuspage says 420; some clients wait as told after 429 alone.",
    )


class PeopleSettings(_Group):
    """People"""

    owners: UserIds = _setting(
        "",
        "Slack user ids separated by commas, like U024BE7LH, U0G9QF9C6",
        "Who become owners at the first start; without it the workspace's own owners do.",
    )
    owners_channel: ChannelId | None = _setting(
        None,
        "a Slack channel id like C024BE91L (channel details, at the bottom)",
        "Channel for requests and alerts; without it every owner gets them by direct message.",
    )
    match_emails: bool = _setting(
        "false",
        "true or false",
        "Whether who answers for an imported key is looked for at Slack by e-mail address; otherwise owners answer. "
        "The app's manifest then asks for the scope users:read.email: give Slack that of `keydesk manifest`.",
    )
    default_role: Literal["integrator", "none"] = _setting(
        "integrator", "integrator or none", "What full members have without a grant; integrators may hold keys."
    )
    time_zone: Zone = _setting(
        "UTC", "the IANA name of a time zone, like Europe/Berlin", "Time zone of the organization."
    )
    working_hours: Hours = _setting(
        "09:00-17:00", "two times of one day, like 09:00-17:00", "Reminders go out between these times only."
    )
    working_days: Weekdays = _setting(
        "mon-fri", "days of the week like mon-fri or mon,wed,fri", "Reminders go out on these days only."
    )
    group_sync_brake_percent: int = _number(
        25,
        1,
        100,
        "percent",
        "A synchronisation of user groups that would take roles from more of the people stops and asks an owner.",
    )

    keep_addresses_days: int | None = _setting(
        "90",
        "a whole number of days from 1 to 3650, or empty",
        "How long the address and the client of a key's last use are kept; empty: for good.",
        ge=1,
        le=3650,
    )
    forget_left_days: int | None = _setting(
        None,
        "a whole number of days from 1 to 3650, or empty",
        "How long after somebody left Slack what they were called is deleted, once none of their keys waits for "
        "another holder; empty: when an operator types 'keydesk people forget'.",
        ge=1,
        le=3650,
    )
    keep_over_days: int | None = _setting(
        "400",
        "a whole number of days from 60 to 3650, or empty",
        "How long what is over is kept: where messages are, decided drafts, digests, uses of each day; empty: for "
        "good. Never deleted: keys, requests, incidents, the audit trail.",
        ge=60,
        le=3650,
    )


class RequestSettings(_Group):
    """Requests"""

    approvals_needed: int = _number(1, 1, 10, "owners", "How many owners must approve a request.")
    sole_owner_may_approve_own: bool = _setting(
        "false", "true or false", "Whether the only owner may approve their own request; it is announced then."
    )
    key_takeover: Takeover = _setting(
        "request",
        "request or announce",
        "What rotating does when the new secret would go to somebody whom too few owners approved for the key, as "
        "after a transfer to oneself: request asks the owners as for any key; announce hands it over and "
        "tells all owners.",
    )
    request_expires_days: int = _number(7, 1, 90, "days", "A request that nobody decides expires after this.")
    ticket_lapses_days: int = _number(3, 1, 30, "days", "An approved key that nobody collects lapses after this.")
    reminder_hours: int = _number(
        4, 1, 168, "hours", "First reminder of an open request; each further one waits twice as long."
    )


class KeySettings(_Group):
    """Keys"""

    default_lifetime_days: int = _number(90, 1, 365, "days", "Lifetime that the request form proposes.")
    maximum_lifetime_days: int = _number(365, 1, 365, "days", "Longest lifetime that can be asked for.")
    rotation_grace_hours: int = _number(
        24, 0, 720, "hours", "How long the old key goes on working after a rotation, unless one says otherwise."
    )
    maximum_rotation_grace_days: int = _number(30, 0, 30, "days", "Longest such time that one can choose.")
    recently_used_days: int = _number(
        7, 0, 365, "days", "Revoking a key that was used within this time is warned about."
    )


class IncidentSettings(_Group):
    """Incidents"""

    announcement_channel: ChannelId | None = _setting(
        None,
        "a Slack channel id like C024BE91L (channel details, at the bottom)",
        "Channel in which each incident has its thread, for pages that name none of their own in the seed file.",
    )
    update_due_critical_minutes: int = _number(
        30,
        5,
        1440,
        "minutes",
        "When an open incident of critical impact has been without an update for this long, whoever spoke last is "
        "reminded; then the channel is. Statuspage's reminder_intervals of an incident come first.",
    )
    update_due_major_minutes: int = _number(60, 5, 1440, "minutes", "The same for major impact.")
    update_due_minor_minutes: int = _number(120, 5, 1440, "minutes", "The same for minor impact.")
    update_due_none_minutes: int = _number(240, 5, 1440, "minutes", "The same for no impact.")
    draft_expires_days: int = _number(
        7,
        1,
        365,
        "days",
        "A draft that its author neither publishes nor changes for so long is thrown away; *Keep* on its card makes "
        "that four times as long.",
    )
    internal_hosts: HostPatterns = _setting(
        "",
        "host names separated by commas, where * stands for any part, like *.corp.example, wiki.acme.example",
        "Hosts that the public cannot reach: an update that names one is warned about before it is published. "
        "Private addresses, localhost and names like db.internal always are.",
    )


class DigestSettings(_Group):
    """Digest"""

    digest_channel: ChannelId | None = _setting(
        None,
        "a Slack channel id like C024BE91L (channel details, at the bottom)",
        "Channel of the weekly digest; without it the digest goes where requests go.",
    )
    digest_day: Weekday = _setting("monday", "a day of the week like monday", "Day of the weekly digest.")
    digest_time: TimeOfDay = _setting("09:00", "a time like 09:00", "Its time of day, in the time zone above.")
    never_used_days: int = _number(1, 0, 365, "days", "A key that was never used is listed once it is this old.")
    unused_days: int = _number(30, 1, 3650, "days", "A key without a use for this long is listed as unused.")
    in_use_days: int = _number(
        182, 1, 3650, "days", "Of a key without a use for this long the digest says to suspend it rather than to ask."
    )
    expiring_days: int = _number(14, 1, 365, "days", "A key that expires within this time is listed.")
    suspend_unused_days: int | None = _setting(
        None,
        "a whole number of days from 1 to 3650, or empty",
        "Suspend a key without a use for this long, on a date that two digests announce; empty: never.",
        ge=1,
        le=3650,
    )
    revoke_suspended_days: int | None = _setting(
        None,
        "a whole number of days from 1 to 3650, or empty",
        "Revoke what was suspended so for this long, on a second announced date; empty: never.",
        ge=1,
        le=3650,
    )


class UpstreamSettings(_Group):
    """A Statuspage elsewhere"""

    encryption_keys: EncryptionKeys | None = _setting(
        None,
        "keys that `keydesk upstream encryption-key` makes, with commas between",
        "What keys of Statuspage are sealed with in the database: with the first, and opened with any. To change it, "
        "put a new one before the old, restart, type `keydesk upstream reseal`, and take the old one away.",
        repr=False,
    )
    statuspage_keys: DatedKeys | None = _setting(
        None,
        "keys of 8 or more characters with commas between, each perhaps with its last day and how many calls a "
        "minute it is good for, like key@2027-01-31/120",
        "Keys by which Statuspage knows Keydesk, beside those that the database keeps.",
        repr=False,
    )
    upstream_wait_seconds: float = _number(
        10.0, 0, 60, "seconds", "How long a call waits for its turn at Statuspage, before it is told to come again."
    )
    upstream_cache_seconds: float = _number(
        0.0,
        0,
        60,
        "seconds",
        "How long what one caller has read at Statuspage is answered to others with the same rights; 0: not at all.",
    )
    upstream_ca_file: Path | None = _setting(
        None,
        "the path of a file",
        "Certificates of authorities, in PEM, that are trusted at Statuspage beside those that the machine trusts.",
    )


GROUPS: tuple[type[_Group], ...] = (
    SlackSettings,
    SecretFileSettings,
    ServerSettings,
    StorageSettings,
    PeopleSettings,
    RequestSettings,
    KeySettings,
    IncidentSettings,
    DigestSettings,
    UpstreamSettings,
)


class Settings(
    SlackSettings,
    SecretFileSettings,
    ServerSettings,
    StorageSettings,
    PeopleSettings,
    RequestSettings,
    KeySettings,
    IncidentSettings,
    DigestSettings,
    UpstreamSettings,
):
    """All settings. Make them with `load_settings`, which tells faults in sentences."""


class GivenSettings(Settings):
    """Settings that a program gives itself, as the demo does: environment and `.env` are not looked at."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was given, and nothing else."""
        return (init_settings,)


RETIRED: dict[str, str] = {}
"""Variables of earlier releases, each with a sentence on what to do now."""
