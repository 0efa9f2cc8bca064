"""Every action id, callback id and command: listed once and kept for ever, since old messages keep their buttons.

Button values are `<id>` or `<id>:<version>`, made by `value_of` and read by `Click.subject` and `Click.version`.
"""

from enum import StrEnum


class Command(StrEnum):
    """Slash commands, as in `manifest.yml`."""

    KEYS = "/keys"
    ROLES = "/roles"
    INCIDENT = "/incident"
    MAINTENANCE = "/maintenance"
    PAGE = "/page"


class ActionId(StrEnum):
    """Buttons, menus and selects in messages, modals and the Home tab."""

    # Key requests
    REQUEST_OPEN = "request.open"
    REQUEST_APPROVE = "request.approve"
    REQUEST_CHANGE = "request.change"
    REQUEST_DENY = "request.deny"
    REQUEST_WITHDRAW = "request.withdraw"
    REQUEST_PAGES = "request.pages"
    TICKET_COLLECT = "ticket.collect"

    # Keys
    KEY_MENU = "key.menu"
    KEY_SHOW = "key.show"
    KEY_RENAME = "key.rename"
    KEY_EXTEND = "key.extend"
    KEY_ROTATE = "key.rotate"
    KEY_SUSPEND = "key.suspend"
    KEY_RESTORE = "key.restore"
    KEY_REVOKE = "key.revoke"
    KEY_TRANSFER = "key.transfer"
    KEY_KEEP = "key.keep"
    KEY_ASK = "key.ask"
    KEY_DECLINE = "key.decline"
    KEY_STILL_NEEDED = "key.still_needed"
    KEY_NOT_NEEDED = "key.not_needed"
    KEY_REVOKE_CONFIRM = "key.revoke.confirm"
    KEYS_PAGE = "keys.page"
    KEYS_PREVIOUS = "keys.page.previous"
    KEYS_NEXT = "keys.page.next"
    KEYS_UNUSED = "keys.unused"
    KEYS_INFO = "keys.info"

    # Roles and people
    SYNC_CONFIRM = "sync.confirm"
    SYNC_CANCEL = "sync.cancel"
    ROLES_LIST = "roles.list"
    ROLES_LIST_ALL = "roles.list.all"
    ROLES_OWNERS = "roles.owners"
    ROLES_PREVIOUS = "roles.page.previous"
    ROLES_NEXT = "roles.page.next"
    ROLES_SYNC = "roles.sync"
    ROLE_GRANT = "role.grant"
    ROLE_REVOKE = "role.revoke"
    ROLE_SURE = "role.sure"
    """A change of owners that was asked about is meant."""
    ROLE_GROUP = "role.group"
    LEAVER_KEYS = "leaver.keys"
    LEAVER_PREVIOUS = "leaver.page.previous"
    LEAVER_NEXT = "leaver.page.next"

    # Delivery
    DELIVERY_RETRY = "delivery.retry"
    DELIVERY_DROP = "delivery.drop"

    # Incidents and maintenances
    INCIDENT_NEW = "incident.new"
    INCIDENT_UPDATE = "incident.update"
    INCIDENT_RESOLVE = "incident.resolve"
    INCIDENT_REOPEN = "incident.reopen"
    INCIDENT_SHOW = "incident.show"
    INCIDENT_POSTMORTEM = "incident.postmortem"
    INCIDENT_POSTMORTEM_BACK = "incident.postmortem.take_back"
    INCIDENT_TEMPLATE = "incident.template"
    """Keep this incident's words as a template."""
    TEMPLATE_NEW = "template.new"
    TEMPLATE_EDIT = "template.edit"
    TEMPLATE_PAGE = "template.page"
    """The page in a template's form."""
    INCIDENT_NOTHING_NEW = "incident.nothing_new"
    INCIDENT_SNOOZE = "incident.snooze"
    INCIDENT_RETRY = "incident.retry"
    """Send an announcement again that could not be delivered."""
    UPSTREAM_RETRY = "upstream.retry"
    """Try again what a Statuspage elsewhere did not take."""
    UPSTREAM_EDIT = "upstream.edit"
    """The same, in other words."""
    INCIDENT_CHOSEN = "incident.chosen"
    """Of several, the one that a typed line means."""
    INCIDENT_LIST = "incident.list"
    INCIDENTS_PREVIOUS = "incidents.page.previous"
    INCIDENTS_NEXT = "incidents.page.next"
    MAINTENANCE_NEW = "maintenance.new"
    MAINTENANCE_START = "maintenance.start"
    MAINTENANCE_COMPLETE = "maintenance.complete"
    MAINTENANCE_CANCEL = "maintenance.cancel"
    MAINTENANCE_RESCHEDULE = "maintenance.reschedule"
    MAINTENANCE_CHOSEN = "maintenance.chosen"
    MAINTENANCE_PAGE = "maintenance.page"
    MAINTENANCE_TEMPLATE = "maintenance.template"
    MAINTENANCE_WINDOW = "maintenance.window"
    """The start or the end in a form."""

    # Their forms
    FORM_PAGE = "form.page"
    FORM_COMPONENTS = "form.components"
    FORM_TEMPLATE = "form.template"
    FORM_STATUS = "form.status"

    # Drafts
    DRAFT_PUBLISH = "draft.publish"
    DRAFT_PUBLISH_QUIETLY = "draft.publish_quietly"
    DRAFT_EDIT = "draft.edit"
    DRAFT_KEEP = "draft.keep"
    DRAFT_DISCARD = "draft.discard"
    DRAFT_DISCARD_LISTED = "draft.discard_listed"
    DRAFT_DISCARD_ALL = "draft.discard_all"
    DRAFT_SHOW = "draft.show"
    DRAFT_SEND_BACK = "draft.send_back"
    DRAFT_TAKE_BACK = "draft.take_back"
    DRAFT_NEW_ALL_THE_SAME = "draft.new_all_the_same"
    DRAFT_UPDATE_THAT = "draft.update_that"

    # Pages and components
    PAGE_OPEN = "page.open"
    PAGE_PREVIOUS = "page.page.previous"
    PAGE_NEXT = "page.page.next"
    PAGE_RETIRED = "page.retired"
    """What is not on the page any more, and the sheet before."""
    PAGE_RETIRED_NEXT = "page.retired.next"
    PAGE_TEXTS = "page.texts"
    PAGE_LOOK = "page.look"
    PAGE_POLICY = "page.policy"
    PAGE_GROUP = "page.group"
    """The group in a component's form."""
    PAGE_MEMBERS = "page.members"
    """What is in a group, in its form."""
    COMPONENT_NEW = "component.new"
    COMPONENT_GROUP_NEW = "component.group.new"
    COMPONENT_CHANGE = "component.change"
    COMPONENT_RETIRE = "component.retire"
    COMPONENT_RESTORE = "component.restore"

    # Keydesk's own keys of Statuspage
    UPSTREAM_KEYS = "upstream_key.list"
    UPSTREAM_KEY_ADD = "upstream_key.add"
    UPSTREAM_KEY_REPLACE = "upstream_key.replace"
    UPSTREAM_KEY_DROP = "upstream_key.drop"

    # Digest
    DIGEST_PAGE = "digest.page"
    DIGEST_PREVIOUS = "digest.page.previous"
    DIGEST_NEXT = "digest.page.next"


class CallbackId(StrEnum):
    """Modals."""

    REQUEST_NEW = "request.new"
    REQUEST_CHANGE = "request.change"
    REQUEST_DENY = "request.deny"
    TICKET_COLLECT = "ticket.collect"
    KEY_RENAME = "key.rename"
    KEY_EXTEND = "key.extend"
    KEY_ROTATE = "key.rotate"
    KEY_SUSPEND = "key.suspend"
    KEY_REVOKE = "key.revoke"
    KEY_TRANSFER = "key.transfer"
    KEY_KEEP = "key.keep"
    KEY_DECLINE = "key.decline"
    KEY_IMPORT = "key.import"
    KEY_SHOW = "key.show"
    KEYS_LIST = "keys.list"
    ROLE_GRANT = "role.grant"
    INCIDENT_NEW = "incident.new"
    INCIDENT_UPDATE = "incident.update"
    INCIDENT_SHOW = "incident.show"
    INCIDENT_BACKFILL = "incident.backfill"
    INCIDENT_POSTMORTEM = "incident.postmortem"
    INCIDENT_TEMPLATE = "incident.template"
    UPSTREAM_EDIT = "upstream.edit"
    UPSTREAM_KEYS = "upstream_key.list"
    UPSTREAM_KEY = "upstream_key.new"
    """A key of Statuspage, to be tried."""
    TEMPLATE = "template"
    """A template, new or edited."""
    INCIDENTS_LIST = "incidents.list"
    MAINTENANCE_SCHEDULE = "maintenance.schedule"
    MAINTENANCE_CANCEL = "maintenance.cancel"
    MAINTENANCE_RESCHEDULE = "maintenance.reschedule"
    DRAFT = "draft"
    """A preview."""
    DRAFT_SEND_BACK = "draft.send_back"
    DRAFT_DOUBLES = "draft.doubles"
    """What is open already where a new incident would be."""
    COMPONENT = "component"
    """A component, new, changed or brought back."""
    COMPONENT_GROUP = "component.group"
    PAGE_SETTINGS = "page.settings"
    DIGEST = "digest"
    NOTICE = "notice"


_MOST_DIGITS = 10

RETIRED: dict[str, str] = {}
"""Action ids of earlier releases → a sentence that says what to do now."""


def number_in(text: str) -> int | None:
    """A version or other number that a button carries; None for anything that Keydesk would not have put there."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def value_of(subject_id: str, version: int | None = None) -> str:
    """A button's value: the id of what it acts on and, where it matters, the version that was shown."""
    return subject_id if version is None else f"{subject_id}:{version}"
