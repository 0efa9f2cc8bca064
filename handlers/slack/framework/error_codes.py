"""Slack's published error codes, each in one class: whose the trouble is, and so what helps.

Source: the errors that Slack's reference lists for each method that is called (docs.slack.dev/reference/methods). A
test holds the table against those lists, and asks for the list of every method that comes into use.
"""

from collections.abc import Mapping

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from handlers.delivery.deliverer import Trouble

TOKEN_REFUSED = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "org_login_required",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
"""Slack takes nothing from this token any more, whatever is asked: somebody has to install the app again."""

# Most often a permission: it holds for the methods that need it, and the others go on.
_CALL = {
    "accesslimited",
    "deprecated_endpoint",
    "enterprise_is_restricted",
    "forbidden_team",
    "insecure_request",
    "is_bot",
    "method_deprecated",
    "missing_args",
    "missing_scope",
    "not_allowed_token_type",
    "not_implemented",
    "user_is_bot",
    "user_is_restricted",
}
_WAIT = {"rate_limited", "ratelimited"}
# `message_limit_exceeded` says no time to wait; a channel on its way to another workspace is soon there again.
_OUTAGE = {
    "external_channel_migrating",
    "fatal_error",
    "internal_error",
    "message_limit_exceeded",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
}
_PLACE = {
    "access_denied",
    "cannot_dm_bot",
    "channel_is_limited_access",
    "channel_not_found",
    "ekm_access_denied",
    "exchanged_trigger_id",
    "expired_trigger_id",
    "invalid_trigger_id",
    "invalid_user_combination",
    "is_archived",
    "is_inactive",
    "messages_tab_disabled",
    "method_not_supported_for_channel_type",
    "no_permission",
    "no_such_subteam",
    "not_enabled",
    "not_found",
    "not_in_channel",
    "not_in_dm",
    "push_limit_reached",
    "restricted_action",
    "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel",
    "restricted_action_thread_locked",
    "restricted_action_thread_only_channel",
    "team_access_not_granted",
    "team_not_found",
    "thread_not_found",
    "user_disabled",
    "user_not_found",
    "users_not_found",
    "user_not_visible",
}
_MESSAGE = {
    "as_user_not_supported",
    "attachment_payload_limit_exceeded",
    "block_mismatch",
    "cant_broadcast_message",
    "duplicate_external_id",
    "invalid_arg_name",
    "invalid_arguments",
    "invalid_array_arg",
    "invalid_attachments",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_metadata_filter_keys",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "invalid_ts_latest",
    "invalid_ts_oldest",
    "limit_required",
    "markdown_text_conflict",
    "metadata_must_be_sent_from_app",
    "metadata_too_large",
    "missing_profile_id",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_dual_broadcast_content_update",
    "no_text",
    "not_enough_users",
    "pagination_not_available",
    "slack_connect_blocked_file_type",
    "slack_connect_canvas_sharing_blocked",
    "slack_connect_clip_sharing_blocked",
    "slack_connect_file_link_sharing_blocked",
    "slack_connect_file_upload_sharing_blocked",
    "slack_connect_lists_sharing_blocked",
    "too_many_attachments",
    "too_many_contact_cards",
    "too_many_users",
    "users_list_not_supplied",
    "view_too_large",
}
# What another try may mend, and nobody knows: an edit whose message is gone is among them, for then a post helps.
_UNKNOWN = {
    "cannot_reply_to_message",
    "cant_update_message",
    "duplicate_channel_not_found",
    "duplicate_message_not_found",
    "edit_window_closed",
    "hash_conflict",
    "invalid_charset",
    "invalid_cursor",
    "invalid_form_data",
    "invalid_post_type",
    "invalid_thread_ts",
    "list_record_comment_fetch_failed",
    "message_not_found",
    "missing_post_type",
    "streaming_state_conflict",
    "update_failed",
}

CLASSES: Mapping[Trouble, frozenset[str]] = {
    Trouble.ACCOUNT: TOKEN_REFUSED,
    Trouble.CALL: frozenset(_CALL),
    Trouble.WAIT: frozenset(_WAIT),
    Trouble.OUTAGE: frozenset(_OUTAGE),
    Trouble.PLACE: frozenset(_PLACE),
    Trouble.MESSAGE: frozenset(_MESSAGE),
    Trouble.UNKNOWN: frozenset(_UNKNOWN),
}
"""Whose trouble a code is. A *place* is a conversation, a person, a group or an open window."""
_OF = {code: trouble for trouble, codes in CLASSES.items() for code in codes}

MAYBE_CARRIED_OUT = frozenset({"fatal_error", "internal_error", "service_unavailable"})
"""After these nobody knows whether what was asked for has happened."""


def trouble_of(code: str) -> Trouble:
    """The class of an error code; one that Slack has not published is doubtful."""
    return _OF.get(code, Trouble.UNKNOWN)


def code_of(error: SlackApiError) -> str:
    """Slack's error code; without one, as from a proxy between us, the HTTP status."""
    response = error.response
    data = response.data if isinstance(response, AsyncSlackResponse) else response
    if isinstance(data, dict) and data.get("error"):
        return str(data["error"])
    return f"http_{response.status_code}" if isinstance(response, AsyncSlackResponse) else "unknown"
