"""All tables."""

from storage.models.base import Base
from storage.models.digests import Act, Announcement, Digest, DigestItem
from storage.models.directory import Departure, DirectorySync, SyncStatus
from storage.models.keys import (
    ApiKey,
    Approval,
    KeyRequest,
    KeyStatus,
    KeyUse,
    KeyUseDay,
    RequestStatus,
    Ticket,
    TicketStatus,
)
from storage.models.machinery import (
    AuditEvent,
    AuditHead,
    DeliveryStatus,
    JobRun,
    OutboxRow,
    Revision,
    SeenEvent,
    SlackMessage,
)
from storage.models.pages import Component, ComponentStatus, Organization, Page
from storage.models.people import Grant, Member, Role, SubjectKind, UserGroup, UserGroupMember

__all__ = [
    "Act",
    "Announcement",
    "ApiKey",
    "Approval",
    "AuditEvent",
    "AuditHead",
    "Base",
    "Component",
    "ComponentStatus",
    "DeliveryStatus",
    "Departure",
    "Digest",
    "DigestItem",
    "DirectorySync",
    "Grant",
    "JobRun",
    "KeyRequest",
    "KeyStatus",
    "KeyUse",
    "KeyUseDay",
    "Member",
    "Organization",
    "OutboxRow",
    "Page",
    "RequestStatus",
    "Revision",
    "Role",
    "SeenEvent",
    "SlackMessage",
    "SubjectKind",
    "SyncStatus",
    "Ticket",
    "TicketStatus",
    "UserGroup",
    "UserGroupMember",
]
