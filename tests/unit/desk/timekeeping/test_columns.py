"""Each stored instant is of a kind: it happened, it is waited for, or it may lie ahead."""

from desk.timekeeping.columns import BEFORE, FOLLOWS, FREE, WAITS, list_columns, list_models, list_stamps

HAPPENED = {
    "Announcement": {"first_announced_at", "closed_at"},
    "ApiKey": {"created_at", "extended_at", "revealed_at", "voided_at", "suspended_at", "revoked_at"},
    "ApiPost": {"made_at"},
    "Approval": {"created_at"},
    "Component": {"created_at", "updated_at", "retired_at"},
    "ComponentStatusChange": {"at"},
    "Delivery": {"created_at", "noticed_at", "first_tried_at", "sent_at"},
    "DeliveryLane": {"sent_at"},
    "Departure": {"left_at", "returned_at"},
    "Digest": {"composed_at"},
    "DirectorySync": {"created_at", "decided_at", "finished_at"},
    "Grant": {"created_at", "ended_at"},
    "Incident": {
        *("created_at", "updated_at", "started_at", "monitoring_at", "resolved_at", "scheduled_reminded_at"),
        *("postmortem_body_last_updated_at", "postmortem_body_draft_updated_at", "postmortem_published_at"),
    },
    "IncidentDraft": {"created_at", "updated_at", "decided_at"},
    "IncidentTemplate": {"created_at", "updated_at"},
    "IncidentUpdate": {"created_at", "updated_at", "display_at"},
    "JobRun": {"finished_at"},
    "KeyRequest": {"created_at", "decided_at"},
    "KeyUse": {
        *("first_used_at", "last_used_at", "last_read_at", "last_write_at", "last_failed_at", "last_refused_at"),
        "knock_told_at",
    },
    "Member": {"synced_at", "forgotten_at"},
    "Organization": {"created_at", "owners_seeded_at"},
    "Page": {"created_at", "updated_at"},
    "PageAddress": {"since"},
    "PageMove": {"begun_at"},
    "SeenEvent": {"at"},
    "SlackMessage": {"created_at"},
    "Ticket": {"created_at", "collected_at"},
    "Upstream": {"created_at", "copied_at", "heard_at"},
    "UpstreamChange": {"created_at", "there_at"},
    "UpstreamKey": {"created_at", "refused_at"},
    "UpstreamPost": {"begun_at", "ended_at"},
    "UpstreamWarning": {"told_at"},
    "UserGroup": {"unreadable_since", "synced_at"},
}


def test_what_is_not_listed_as_lying_ahead_has_happened() -> None:
    """A new column that may lie ahead must be listed, or a later look would take it for a wrong clock's."""
    found = {model.__name__: {column.key for column in list_stamps(model)} for model in list_models()}
    assert {name: columns for name, columns in found.items() if columns} == HAPPENED


def test_lists_name_columns_that_there_are() -> None:
    """No list keeps a column that is gone, and what is followed is a stamp of the same table."""
    known = {str(column) for model in list_models() for column in list_columns(model)}
    assert {str(column) for column in (*WAITS, *FOLLOWS, *FREE, *BEFORE)} <= known
    for column, since in FOLLOWS.items():
        assert column.class_ is since.class_
        assert str(since) in known
