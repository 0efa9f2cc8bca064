"""What every request of Slack's has, as far as Keydesk or Bolt reads it. What is not named here may be anything."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

_MAX_INSTANT = 253_402_300_799
"""The last second of the year 9999, after which there are no dates."""
_MAX_NUMBER = 2**53


def _as_number(value: Any) -> Any:
    # Slack writes some numbers as texts.
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20 else value


def _be_text(value: Any) -> str:
    # Half a character in what somebody typed is refused in words, where it would be kept.
    if not isinstance(value, str):
        raise ValueError("no text")
    return value


Text = Annotated[str, PlainValidator(_be_text)]
Word = Annotated[str, StringConstraints(strict=True, max_length=255, pattern=r"^[^\x00-\x1f]+$")]
Number = Annotated[int, BeforeValidator(_as_number), Field(strict=True, ge=0, le=_MAX_NUMBER)]
Instant = Annotated[int, BeforeValidator(_as_number), Field(strict=True, ge=0, le=_MAX_INSTANT)]
Flag = Annotated[bool, Field(strict=True)]
Object = dict[str, Any]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Named(_Shape):
    id: Word


class _Option(_Shape):
    value: Text


class _State(_Shape):
    """What an element holds, or what was done to it."""

    type: Text | None = None
    value: Text | None = None
    selected_option: _Option | None = None
    selected_options: list[_Option] | None = None
    selected_user: Text | None = None
    selected_date: Text | None = None
    selected_time: Text | None = None
    selected_conversation: Text | None = None
    selected_channel: Text | None = None
    selected_users: list[Text] | None = None
    selected_conversations: list[Text] | None = None
    selected_channels: list[Text] | None = None
    selected_date_time: Instant | None = None


class _States(_Shape):
    values: dict[str, dict[str, _State]] | None = None


class _Action(_State):
    action_id: Word
    block_id: Word
    type: Word


class _Block(_Shape):
    type: Word
    block_id: Text


class _View(_Shape):
    id: Word
    type: Literal["modal", "home"]
    callback_id: Text = ""
    private_metadata: Text | None = None
    blocks: list[_Block]
    state: _States | None = None
    hash: Text | None = None
    root_view_id: Text | None = None


class _FilledStates(_States):
    values: dict[str, dict[str, _State]]


class _SubmittedView(_View):
    type: Literal["modal"]
    callback_id: Text
    state: _FilledStates


class _Body(_Shape):
    """What Bolt reads of every body."""

    team: _Shape | Text | None = None
    team_id: Text | None = None
    enterprise: _Shape | Text | None = None
    enterprise_id: Text | None = None
    is_enterprise_install: Flag | Literal["true", "false"] | None = None
    trigger_id: Text | None = None
    token: Text | None = None


class _Interaction(_Body):
    user: _Named
    channel: _Named | None = None


class _BlockActions(_Interaction):
    type: Literal["block_actions"]
    trigger_id: Word
    actions: Annotated[list[_Action], Field(min_length=1)]
    container: Object | None = None
    message: Object | None = None
    response_url: Text | None = None
    state: _States | None = None
    view: _View | None = None


class _ViewSubmission(_Interaction):
    type: Literal["view_submission"]
    view: _SubmittedView


class _ViewClosed(_Interaction):
    type: Literal["view_closed"]
    view: _View


class _BlockSuggestion(_Interaction):
    type: Literal["block_suggestion"]
    action_id: Word
    block_id: Word
    value: Text
    view: _View | None = None


class _Shortcut(_Interaction):
    type: Literal["shortcut", "message_action"]
    callback_id: Word


class _Command(_Body):
    command: Annotated[str, StringConstraints(strict=True, pattern=r"^/\S+$", max_length=255)]
    user_id: Word
    channel_id: Word
    trigger_id: Word
    text: Text = ""
    response_url: Text = ""


class _UrlVerification(_Shape):
    type: Literal["url_verification"]
    challenge: Text


class _RateLimited(_Shape):
    type: Literal["app_rate_limited"]


class _Event(_Shape):
    type: Word
    channel: _Named | Text | None = None
    item: _Shape | None = None
    message: _Shape | None = None


class _Profile(_Shape):
    display_name: Text | None = None
    real_name: Text | None = None


class _Grid(_Shape):
    enterprise_id: Text | None = None
    teams: list[Text] | None = None


class _User(_Named):
    name: Text | None = None
    real_name: Text | None = None
    team_id: Text | None = None
    tz: Text | None = None
    profile: _Profile | None = None
    enterprise_user: _Grid | None = None
    updated: Number | None = None


class _UserEvent(_Event):
    type: Literal["user_change", "team_join"]
    user: _User


class _Group(_Named):
    handle: Text | None = None
    name: Text | None = None
    date_delete: Number | None = None
    date_update: Number | None = None
    users: list[Text] | None = None
    user_count: Number | None = None


class _GroupEvent(_Event):
    type: Literal["subteam_created", "subteam_updated"]
    subteam: _Group


class _MembersEvent(_Event):
    type: Literal["subteam_members_changed"]
    subteam_id: Word
    added_users: list[Text] | None = None
    removed_users: list[Text] | None = None
    added_users_count: Number | None = None
    removed_users_count: Number | None = None
    date_update: Number | None = None
    date_previous_update: Number | None = None


class _HomeEvent(_Event):
    type: Literal["app_home_opened"]
    user: Word
    tab: Text | None = None
    view: _Shape | None = None


class _Authorization(_Shape):
    enterprise_id: Text | None = None
    team_id: Text | None = None
    user_id: Text | None = None
    is_enterprise_install: Flag | None = None


class _EventCallback(_Body):
    type: Literal["event_callback"]
    event_id: Word
    event: Object
    authorizations: list[_Authorization] | None = None


_KINDS: Mapping[str, TypeAdapter[Any]] = {
    "block_actions": TypeAdapter(_BlockActions),
    "view_submission": TypeAdapter(_ViewSubmission),
    "view_closed": TypeAdapter(_ViewClosed),
    "block_suggestion": TypeAdapter(_BlockSuggestion),
    "shortcut": TypeAdapter(_Shortcut),
    "message_action": TypeAdapter(_Shortcut),
    "event_callback": TypeAdapter(_EventCallback),
    "url_verification": TypeAdapter(_UrlVerification),
    "app_rate_limited": TypeAdapter(_RateLimited),
}
_EVENTS: Mapping[str, TypeAdapter[Any]] = {
    "user_change": TypeAdapter(_UserEvent),
    "team_join": TypeAdapter(_UserEvent),
    "subteam_created": TypeAdapter(_GroupEvent),
    "subteam_updated": TypeAdapter(_GroupEvent),
    "subteam_members_changed": TypeAdapter(_MembersEvent),
    "app_home_opened": TypeAdapter(_HomeEvent),
}
_COMMAND = TypeAdapter(_Command)
_ANY_EVENT = TypeAdapter(_Event)


def is_well_formed(payload: Mapping[str, Any]) -> bool:
    """Whether a payload has what all of its kind have, in the types that they have it in."""
    kind = payload.get("type")
    if payload.get("ssl_check") == "1":
        # Slack asks so whether the certificate is good, and says nothing else.
        return True
    try:
        if "command" in payload:
            _COMMAND.validate_python(payload)
            return True
        shape = _KINDS.get(kind) if isinstance(kind, str) else None
        if shape is None:
            return False
        shape.validate_python(payload)
        if kind == "event_callback":
            event = _ANY_EVENT.validate_python(payload["event"])
            _EVENTS.get(event.type, _ANY_EVENT).validate_python(payload["event"])
    except (ValidationError, RecursionError):
        return False
    return True
