"""The organization's policy, as the settings say it."""

from datetime import timedelta

from bot.settings.table import Settings
from desk.commands import SlackNames
from desk.policy import Policy


def make_policy(settings: Settings) -> Policy:
    """The policy that the settings describe."""
    return Policy(
        owners=settings.owners,
        owners_channel=settings.owners_channel,
        name_command=SlackNames(settings.command_prefix),
        match_emails=settings.match_emails,
        time_zone=settings.time_zone,
        base_url=settings.base_url,
        default_role=None if settings.default_role == "none" else settings.default_role,
        default_lifetime=timedelta(days=settings.default_lifetime_days),
        maximum_lifetime=timedelta(days=settings.maximum_lifetime_days),
        approvals_needed=settings.approvals_needed,
        sole_owner_may_approve_own=settings.sole_owner_may_approve_own,
        key_takeover=settings.key_takeover,
        request_expires_after=timedelta(days=settings.request_expires_days),
        ticket_lapses_after=timedelta(days=settings.ticket_lapses_days),
        reminder_after=timedelta(hours=settings.reminder_hours),
        working_hours=settings.working_hours,
        working_days=settings.working_days,
        announcement_channel=settings.announcement_channel,
        update_due_after_critical=timedelta(minutes=settings.update_due_critical_minutes),
        update_due_after_major=timedelta(minutes=settings.update_due_major_minutes),
        update_due_after_minor=timedelta(minutes=settings.update_due_minor_minutes),
        update_due_after_none=timedelta(minutes=settings.update_due_none_minutes),
        keep_addresses=_days(settings.keep_addresses_days),
        forget_left_after=_days(settings.forget_left_days),
        keep_over=_days(settings.keep_over_days),
        draft_expires_after=timedelta(days=settings.draft_expires_days),
        internal_hosts=settings.internal_hosts,
        rotation_grace=timedelta(hours=settings.rotation_grace_hours),
        maximum_rotation_grace=timedelta(days=settings.maximum_rotation_grace_days),
        recently_used=timedelta(days=settings.recently_used_days),
        group_sync_brake=settings.group_sync_brake_percent / 100,
        digest_channel=settings.digest_channel,
        digest_day=settings.digest_day,
        digest_time=settings.digest_time,
        never_used_after=timedelta(days=settings.never_used_days),
        unused_after=timedelta(days=settings.unused_days),
        in_use_within=timedelta(days=settings.in_use_days),
        expiring_within=timedelta(days=settings.expiring_days),
        suspend_unused_after=_days(settings.suspend_unused_days),
        revoke_suspended_after=_days(settings.revoke_suspended_days),
    )


def _days(number: int | None) -> timedelta | None:
    return None if number is None else timedelta(days=number)
