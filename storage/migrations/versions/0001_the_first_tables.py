"""The first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The first tables."""
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=96), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_event")),
    )
    op.create_index(op.f("ix_audit_event_action"), "audit_event", ["action"], unique=False)
    op.create_index("ix_audit_event_subject", "audit_event", ["subject_kind", "subject_id", "seq"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "departure",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("roles_ended", sa.Integer(), nullable=False),
        sa.Column("requests_withdrawn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departure")),
    )
    op.create_index(op.f("ix_departure_user_id"), "departure", ["user_id"], unique=False)
    op.create_table(
        "digest",
        sa.Column("period", sa.String(length=32), nullable=False),
        sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_digest")),
    )
    op.create_table(
        "directory_sync",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directory_sync")),
    )
    op.create_index(op.f("ix_directory_sync_status"), "directory_sync", ["status"], unique=False)
    op.create_table(
        "job_run",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=32), nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("job", "period", name=op.f("pk_job_run")),
    )
    op.create_table(
        "key_request",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("requester_id", sa.String(length=32), nullable=False),
        sa.Column("holder_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("pages", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("lifetime_days", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approvals_needed", sa.Integer(), nullable=False),
        sa.Column("granted_scopes", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("granted_pages", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("granted_lifetime_days", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column("self_approved", sa.Boolean(), nullable=False),
        sa.Column("reminders_sent", sa.Integer(), nullable=False),
        sa.Column("next_reminder_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("client_token", sa.String(length=64), nullable=True),
        sa.CheckConstraint("lifetime_days BETWEEN 1 AND 365", name=op.f("ck_key_request_lifetime_days_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_request")),
        sa.UniqueConstraint("client_token", name=op.f("uq_key_request_client_token")),
    )
    op.create_index(op.f("ix_key_request_requester_id"), "key_request", ["requester_id"], unique=False)
    op.create_index("ix_key_request_status_created_at", "key_request", ["status", "created_at"], unique=False)
    op.create_table(
        "member",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("handle", sa.String(length=255), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("is_primary_owner", sa.Boolean(), nullable=False),
        sa.Column("is_workspace_owner", sa.Boolean(), nullable=False),
        sa.Column("is_bot", sa.Boolean(), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("is_guest", sa.Boolean(), nullable=False),
        sa.Column("is_foreign", sa.Boolean(), nullable=False),
        sa.Column("slack_updated", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_member")),
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("slack_team_id", sa.String(length=32), nullable=True),
        sa.Column("owners_seeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    op.create_table(
        "revision",
        sa.Column("topic", sa.String(length=16), nullable=False),
        sa.Column("value", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("topic", name=op.f("pk_revision")),
    )
    op.create_table(
        "seen_event",
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_seen_event")),
    )
    op.create_index(op.f("ix_seen_event_at"), "seen_event", ["at"], unique=False)
    op.create_table(
        "slack_message",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("conversation", sa.String(length=32), nullable=False),
        sa.Column("facts", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("thread_of", sa.String(length=12), nullable=True),
        sa.Column("channel_id", sa.String(length=32), nullable=True),
        sa.Column("ts", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["thread_of"], ["slack_message.id"], name=op.f("fk_slack_message_thread_of_slack_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_message")),
        sa.UniqueConstraint(
            "kind", "subject_id", "conversation", name=op.f("uq_slack_message_kind_subject_id_conversation")
        ),
    )
    op.create_index("ix_slack_message_place", "slack_message", ["channel_id", "ts"], unique=False)
    op.create_table(
        "user_group",
        sa.Column("group_id", sa.String(length=32), nullable=False),
        sa.Column("handle", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("unreadable_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreadable_reason", sa.String(length=255), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("date_update", sa.BigInteger(), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_user_group")),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("start", sa.String(length=12), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("pages", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("holder_id", sa.String(length=32), nullable=True),
        sa.Column("request_id", sa.String(length=12), nullable=True),
        sa.Column("ticket_id", sa.String(length=12), nullable=True),
        sa.Column("predecessor_id", sa.String(length=12), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("extended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expiry_said_days", sa.Integer(), nullable=True),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_by", sa.String(length=64), nullable=True),
        sa.Column("suspend_reason", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(length=64), nullable=True),
        sa.Column("revoke_reason", sa.Text(), nullable=True),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("kept_by", sa.String(length=64), nullable=True),
        sa.Column("keep_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["predecessor_id"], ["api_key.id"], name=op.f("fk_api_key_predecessor_id_api_key")),
        sa.ForeignKeyConstraint(["request_id"], ["key_request.id"], name=op.f("fk_api_key_request_id_key_request")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_key_sha256")),
    )
    op.create_index("ix_api_key_holder_status", "api_key", ["holder_id", "status"], unique=False)
    op.create_index(op.f("ix_api_key_predecessor_id"), "api_key", ["predecessor_id"], unique=False)
    op.create_index(
        "uq_api_key_ticket",
        "api_key",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("voided_at IS NULL"),
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.create_table(
        "key_request_approval",
        sa.Column("request_id", sa.String(length=12), nullable=False),
        sa.Column("approver_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["key_request.id"], name=op.f("fk_key_request_approval_request_id_key_request")
        ),
        sa.PrimaryKeyConstraint("request_id", "approver_id", name=op.f("pk_key_request_approval")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["slack_message.id"], name=op.f("fk_outbox_message_id_slack_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_lane", "outbox", ["status", "lane", "id"], unique=False)
    op.create_index("ix_outbox_lane_sent_at", "outbox", ["lane", "sent_at"], unique=False)
    op.create_index(op.f("ix_outbox_message_id"), "outbox", ["message_id"], unique=False)
    op.create_index(
        "uq_outbox_lane_sending",
        "outbox",
        ["lane"],
        unique=True,
        sqlite_where=sa.text("status = 'sending'"),
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_table(
        "page",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("organization_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("subdomain", sa.String(length=255), nullable=True),
        sa.Column("domain", sa.String(length=255), nullable=True),
        sa.Column("url", sa.String(length=255), nullable=True),
        sa.Column("page_description", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("configuration", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("announcement_channel", sa.String(length=32), nullable=True),
        sa.Column("second_person", sa.String(length=16), nullable=False),
        sa.Column("second_person_skipped_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_page_organization_id_organization")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page")),
        sa.UniqueConstraint("subdomain", name=op.f("uq_page_subdomain")),
    )
    op.create_table(
        "user_group_member",
        sa.Column("group_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["user_group.group_id"],
            name=op.f("fk_user_group_member_group_id_user_group"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_user_group_member")),
    )
    op.create_index(op.f("ix_user_group_member_user_id"), "user_group_member", ["user_id"], unique=False)
    op.create_table(
        "component",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("page_id", sa.String(length=12), nullable=False),
        sa.Column("group_id", sa.String(length=12), nullable=True),
        sa.Column("is_group", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("showcase", sa.Boolean(), nullable=False),
        sa.Column("only_show_if_degraded", sa.Boolean(), nullable=False),
        sa.Column("automation_email", sa.String(length=255), nullable=True),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["group_id"], ["component.id"], name=op.f("fk_component_group_id_component")),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_component_page_id_page")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component")),
    )
    op.create_index("ix_component_page_position", "component", ["page_id", "group_id", "position"], unique=False)
    op.create_table(
        "incident",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("page_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("impact", sa.String(length=16), nullable=False),
        sa.Column("impact_override", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("monitoring_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("backfilled", sa.Boolean(), nullable=False),
        sa.Column("metadata", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reminder_intervals", sa.String(length=255), nullable=True),
        sa.Column("shortlink", sa.String(length=255), nullable=False),
        sa.Column("created_by", sa.String(length=96), nullable=False),
        sa.Column("scheduled_for", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scheduled_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scheduled_remind_prior", sa.Boolean(), nullable=False),
        sa.Column("scheduled_reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scheduled_auto_in_progress", sa.Boolean(), nullable=False),
        sa.Column("scheduled_auto_completed", sa.Boolean(), nullable=False),
        sa.Column("auto_transition_to_maintenance_state", sa.Boolean(), nullable=False),
        sa.Column("auto_transition_to_operational_state", sa.Boolean(), nullable=False),
        sa.Column("auto_transition_deliver_notifications_at_start", sa.Boolean(), nullable=False),
        sa.Column("auto_transition_deliver_notifications_at_end", sa.Boolean(), nullable=False),
        sa.Column("postmortem_body", sa.Text(), nullable=True),
        sa.Column("postmortem_body_draft", sa.Text(), nullable=True),
        sa.Column("postmortem_body_last_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("postmortem_body_draft_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("postmortem_published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("postmortem_ignored", sa.Boolean(), nullable=False),
        sa.Column("postmortem_notified_subscribers", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_incident_page_id_page")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("number", name=op.f("uq_incident_number")),
    )
    op.create_index("ix_incident_page_created_at", "incident", ["page_id", "created_at"], unique=False)
    op.create_index("ix_incident_page_kind", "incident", ["page_id", "scheduled_for", "created_at"], unique=False)
    op.create_index("ix_incident_page_status", "incident", ["page_id", "status"], unique=False)
    op.create_index("ix_incident_status_scheduled_for", "incident", ["status", "scheduled_for"], unique=False)
    op.create_table(
        "incident_template",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("page_id", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("group_id", sa.String(length=12), nullable=True),
        sa.Column("update_status", sa.String(length=16), nullable=True),
        sa.Column("should_tweet", sa.Boolean(), nullable=False),
        sa.Column("should_send_notifications", sa.Boolean(), nullable=False),
        sa.Column("component_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_incident_template_page_id_page")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_template")),
    )
    op.create_index(op.f("ix_incident_template_page_id"), "incident_template", ["page_id"], unique=False)
    op.create_table(
        "key_announcement",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("key_id", sa.String(length=12), nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("act_on", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_times", sa.Integer(), nullable=False),
        sa.Column("last_period", sa.String(length=32), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_key_announcement_key_id_api_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_announcement")),
    )
    op.create_index(op.f("ix_key_announcement_key_id"), "key_announcement", ["key_id"], unique=False)
    op.create_index("ix_key_announcement_open", "key_announcement", ["closed_at", "act_on"], unique=False)
    op.create_table(
        "key_use",
        sa.Column("key_id", sa.String(length=12), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_write_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_address", sa.String(length=64), nullable=True),
        sa.Column("last_user_agent", sa.String(length=255), nullable=True),
        sa.Column("knock_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("writes", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_key_use_key_id_api_key")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_key_use")),
    )
    op.create_table(
        "key_use_day",
        sa.Column("key_id", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("writes", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_key_use_day_key_id_api_key")),
        sa.PrimaryKeyConstraint("key_id", "day", name=op.f("pk_key_use_day")),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("subject_kind", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.String(length=32), nullable=False),
        sa.Column("page_id", sa.String(length=12), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("end_reason", sa.String(length=255), nullable=True),
        sa.CheckConstraint("role <> 'owner' OR page_id IS NULL", name=op.f("ck_role_grant_owner_is_for_all_pages")),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_role_grant_page_id_page")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grant")),
    )
    op.create_index("ix_role_grant_subject", "role_grant", ["subject_kind", "subject_id", "ended_at"], unique=False)
    op.create_index(
        "uq_role_grant_open_everywhere",
        "role_grant",
        ["role", "subject_kind", "subject_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL AND page_id IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND page_id IS NULL"),
    )
    op.create_index(
        "uq_role_grant_open_on_page",
        "role_grant",
        ["role", "subject_kind", "subject_id", "page_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL AND page_id IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND page_id IS NOT NULL"),
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("collector_id", sa.String(length=32), nullable=False),
        sa.Column("request_id", sa.String(length=12), nullable=True),
        sa.Column("predecessor_id", sa.String(length=12), nullable=True),
        sa.Column("grace_seconds", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key_id", sa.String(length=12), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["predecessor_id"], ["api_key.id"], name=op.f("fk_ticket_predecessor_id_api_key")),
        sa.ForeignKeyConstraint(["request_id"], ["key_request.id"], name=op.f("fk_ticket_request_id_key_request")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
    )
    op.create_index(op.f("ix_ticket_collector_id"), "ticket", ["collector_id"], unique=False)
    op.create_index(op.f("ix_ticket_predecessor_id"), "ticket", ["predecessor_id"], unique=False)
    op.create_index(op.f("ix_ticket_request_id"), "ticket", ["request_id"], unique=False)
    op.create_index("ix_ticket_status_expires_at", "ticket", ["status", "expires_at"], unique=False)
    op.create_table(
        "component_status_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("component_id", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("incident_id", sa.String(length=12), nullable=True),
        sa.Column("actor", sa.String(length=96), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"],
            ["component.id"],
            name=op.f("fk_component_status_change_component_id_component"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_component_status_change")),
    )
    op.create_index(
        "ix_component_status_change_component_at",
        "component_status_change",
        ["component_id", "at", "id"],
        unique=False,
    )
    op.create_table(
        "digest_item",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("period", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("holder_id", sa.String(length=32), nullable=True),
        sa.Column("key_id", sa.String(length=12), nullable=True),
        sa.Column("ticket_id", sa.String(length=12), nullable=True),
        sa.Column("findings", sa.JSON(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_digest_item_key_id_api_key")),
        sa.ForeignKeyConstraint(
            ["period"], ["digest.period"], name=op.f("fk_digest_item_period_digest"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_digest_item_ticket_id_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digest_item")),
        sa.UniqueConstraint("period", "position", name=op.f("uq_digest_item_period_position")),
    )
    op.create_index(op.f("ix_digest_item_key_id"), "digest_item", ["key_id"], unique=False)
    op.create_index(op.f("ix_digest_item_ticket_id"), "digest_item", ["ticket_id"], unique=False)
    op.create_table(
        "incident_component",
        sa.Column("incident_id", sa.String(length=12), nullable=False),
        sa.Column("component_id", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(
            ["component_id"], ["component.id"], name=op.f("fk_incident_component_component_id_component")
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incident.id"],
            name=op.f("fk_incident_component_incident_id_incident"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("incident_id", "component_id", name=op.f("pk_incident_component")),
    )
    op.create_index(op.f("ix_incident_component_component_id"), "incident_component", ["component_id"], unique=False)
    op.create_table(
        "incident_draft",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("page_id", sa.String(length=12), nullable=False),
        sa.Column("incident_id", sa.String(length=12), nullable=True),
        sa.Column("client_token", sa.String(length=64), nullable=True),
        sa.Column("content", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("author_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=96), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_incident_draft_incident_id_incident"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["page_id"], ["page.id"], name=op.f("fk_incident_draft_page_id_page")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_draft")),
        sa.UniqueConstraint("client_token", name=op.f("uq_incident_draft_client_token")),
    )
    op.create_index(op.f("ix_incident_draft_incident_id"), "incident_draft", ["incident_id"], unique=False)
    op.create_index("ix_incident_draft_status", "incident_draft", ["status", "updated_at"], unique=False)
    op.create_table(
        "incident_update",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("incident_id", sa.String(length=12), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("display_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("affected_components", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("deliver_notifications", sa.Boolean(), nullable=False),
        sa.Column("wants_twitter_update", sa.Boolean(), nullable=False),
        sa.Column("custom_tweet", sa.Text(), nullable=True),
        sa.Column("created_by", sa.String(length=96), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incident.id"], name=op.f("fk_incident_update_incident_id_incident"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_update")),
    )
    op.create_index("ix_incident_update_incident", "incident_update", ["incident_id", "display_at"], unique=False)
    op.execute(sa.text("INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, :genesis)").bindparams(genesis="0" * 64))
    op.execute("INSERT INTO revision (topic, value) VALUES ('keys', 0), ('pages', 0), ('incidents', 0)")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'audit events are append-only'; END $$
        """)
        op.execute("""
            CREATE TRIGGER audit_event_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
        """)
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(f"""
                CREATE TRIGGER audit_event_refuses_{change.lower()} BEFORE {change} ON audit_event
                BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
            """)


def downgrade() -> None:
    """Back to before."""
    op.drop_index("ix_incident_update_incident", table_name="incident_update")
    op.drop_table("incident_update")
    op.drop_index("ix_incident_draft_status", table_name="incident_draft")
    op.drop_index(op.f("ix_incident_draft_incident_id"), table_name="incident_draft")
    op.drop_table("incident_draft")
    op.drop_index(op.f("ix_incident_component_component_id"), table_name="incident_component")
    op.drop_table("incident_component")
    op.drop_index(op.f("ix_digest_item_ticket_id"), table_name="digest_item")
    op.drop_index(op.f("ix_digest_item_key_id"), table_name="digest_item")
    op.drop_table("digest_item")
    op.drop_index("ix_component_status_change_component_at", table_name="component_status_change")
    op.drop_table("component_status_change")
    op.drop_index("ix_ticket_status_expires_at", table_name="ticket")
    op.drop_index(op.f("ix_ticket_request_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_predecessor_id"), table_name="ticket")
    op.drop_index(op.f("ix_ticket_collector_id"), table_name="ticket")
    op.drop_table("ticket")
    op.drop_index(
        "uq_role_grant_open_on_page",
        table_name="role_grant",
        sqlite_where=sa.text("ended_at IS NULL AND page_id IS NOT NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND page_id IS NOT NULL"),
    )
    op.drop_index(
        "uq_role_grant_open_everywhere",
        table_name="role_grant",
        sqlite_where=sa.text("ended_at IS NULL AND page_id IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND page_id IS NULL"),
    )
    op.drop_index("ix_role_grant_subject", table_name="role_grant")
    op.drop_table("role_grant")
    op.drop_table("key_use_day")
    op.drop_table("key_use")
    op.drop_index("ix_key_announcement_open", table_name="key_announcement")
    op.drop_index(op.f("ix_key_announcement_key_id"), table_name="key_announcement")
    op.drop_table("key_announcement")
    op.drop_index(op.f("ix_incident_template_page_id"), table_name="incident_template")
    op.drop_table("incident_template")
    op.drop_index("ix_incident_status_scheduled_for", table_name="incident")
    op.drop_index("ix_incident_page_status", table_name="incident")
    op.drop_index("ix_incident_page_kind", table_name="incident")
    op.drop_index("ix_incident_page_created_at", table_name="incident")
    op.drop_table("incident")
    op.drop_index("ix_component_page_position", table_name="component")
    op.drop_table("component")
    op.drop_index(op.f("ix_user_group_member_user_id"), table_name="user_group_member")
    op.drop_table("user_group_member")
    op.drop_table("page")
    op.drop_index(
        "uq_outbox_lane_sending",
        table_name="outbox",
        sqlite_where=sa.text("status = 'sending'"),
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.drop_index(op.f("ix_outbox_message_id"), table_name="outbox")
    op.drop_index("ix_outbox_lane_sent_at", table_name="outbox")
    op.drop_index("ix_outbox_lane", table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("key_request_approval")
    op.drop_index(
        "uq_api_key_ticket",
        table_name="api_key",
        sqlite_where=sa.text("voided_at IS NULL"),
        postgresql_where=sa.text("voided_at IS NULL"),
    )
    op.drop_index(op.f("ix_api_key_predecessor_id"), table_name="api_key")
    op.drop_index("ix_api_key_holder_status", table_name="api_key")
    op.drop_table("api_key")
    op.drop_table("user_group")
    op.drop_index("ix_slack_message_place", table_name="slack_message")
    op.drop_table("slack_message")
    op.drop_index(op.f("ix_seen_event_at"), table_name="seen_event")
    op.drop_table("seen_event")
    op.drop_table("revision")
    op.drop_table("organization")
    op.drop_table("member")
    op.drop_index("ix_key_request_status_created_at", table_name="key_request")
    op.drop_index(op.f("ix_key_request_requester_id"), table_name="key_request")
    op.drop_table("key_request")
    op.drop_table("job_run")
    op.drop_index(op.f("ix_directory_sync_status"), table_name="directory_sync")
    op.drop_table("directory_sync")
    op.drop_table("digest")
    op.drop_index(op.f("ix_departure_user_id"), table_name="departure")
    op.drop_table("departure")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_event_subject", table_name="audit_event")
    op.drop_index(op.f("ix_audit_event_action"), table_name="audit_event")
    op.drop_table("audit_event")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")
