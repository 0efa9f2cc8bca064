"""All tables."""

from storage.models.audit import AuditEvent, AuditHead
from storage.models.base import Base
from storage.models.digests import Act, Announcement, Digest, DigestItem
from storage.models.directory import Departure, DirectorySync, SyncStatus
from storage.models.incidents import (
    ComponentStatusChange,
    DraftKind,
    DraftStatus,
    Incident,
    IncidentComponent,
    IncidentDraft,
    IncidentStatus,
    IncidentTemplate,
    IncidentUpdate,
)
from storage.models.jobs import JobRun, Revision, SeenEvent
from storage.models.keys import (
    ApiKey,
    Approval,
    KeyRequest,
    KeyStatus,
    KeyUse,
    KeyUseDay,
    RequestStatus,
    Scope,
    Ticket,
    TicketStatus,
)
from storage.models.messages import (
    Audience,
    Channel,
    Delivery,
    DeliveryLane,
    DeliveryStatus,
    MessageSubject,
    SlackMessage,
)
from storage.models.pages import Component, ComponentStatus, Organization, Page, SecondPerson
from storage.models.people import Grant, Member, Role, SubjectKind, UserGroup, UserGroupMember

__all__ = [
    "Act",
    "Announcement",
    "ApiKey",
    "Approval",
    "Audience",
    "AuditEvent",
    "AuditHead",
    "Base",
    "Channel",
    "Component",
    "ComponentStatus",
    "ComponentStatusChange",
    "Delivery",
    "DeliveryLane",
    "DeliveryStatus",
    "Departure",
    "Digest",
    "DigestItem",
    "DirectorySync",
    "DraftKind",
    "DraftStatus",
    "Grant",
    "Incident",
    "IncidentComponent",
    "IncidentDraft",
    "IncidentStatus",
    "IncidentTemplate",
    "IncidentUpdate",
    "JobRun",
    "KeyRequest",
    "KeyStatus",
    "KeyUse",
    "KeyUseDay",
    "Member",
    "MessageSubject",
    "Organization",
    "Page",
    "RequestStatus",
    "Revision",
    "Role",
    "Scope",
    "SecondPerson",
    "SeenEvent",
    "SlackMessage",
    "SubjectKind",
    "SyncStatus",
    "Ticket",
    "TicketStatus",
    "UserGroup",
    "UserGroupMember",
]
