"""What Slack can do, and what does the same on the command line; or why nothing does."""

from collections.abc import Mapping

from handlers.slack.framework.action_ids import ActionId, CallbackId

_HELP = "A command explains itself with --help."
_OWN = "It is somebody's own, and nobody's at a terminal: an operator answers for no key."
_TURNS = "A terminal prints the whole list."
_FORM = "It redraws a form while that is filled in; here everything is an option of the command."
_CHOICE = "Of several, one is named on the command line, whose refusal lists them."

NO_COMMAND: Mapping[str, str] = {
    "keys mine": _OWN,
    "keys help": _HELP,
    "roles help": _HELP,
    "incident help": _HELP,
    "maintenance help": _HELP,
}
"""Sub-commands of Slack that the command line has not, and why."""

ACTIONS: Mapping[str, str] = {
    ActionId.REQUEST_OPEN: "requests ask",
    ActionId.REQUEST_APPROVE: "requests approve",
    ActionId.REQUEST_CHANGE: "requests approve --days",
    ActionId.REQUEST_DENY: "requests deny",
    ActionId.KEY_SHOW: "keys show",
    ActionId.KEY_RENAME: "keys rename",
    ActionId.KEY_EXTEND: "keys extend",
    ActionId.KEY_ROTATE: "keys rotate",
    ActionId.KEY_SUSPEND: "keys suspend",
    ActionId.KEY_RESTORE: "keys restore",
    ActionId.KEY_REVOKE: "keys revoke",
    ActionId.KEY_REVOKE_CONFIRM: "keys revoke --yes",
    ActionId.KEY_TRANSFER: "keys transfer",
    ActionId.KEY_KEEP: "keys keep",
    ActionId.KEY_ASK: "keys ask",
    ActionId.KEY_DECLINE: "keys decline",
    ActionId.KEY_STILL_NEEDED: "keys keep",
    ActionId.KEY_NOT_NEEDED: "keys revoke",
    ActionId.KEYS_PAGE: "keys list",
    ActionId.KEYS_UNUSED: "keys list --view",
    ActionId.KEYS_INFO: "info",
    ActionId.SYNC_CONFIRM: "roles sync --apply",
    ActionId.SYNC_CANCEL: "roles sync --leave",
    ActionId.ROLES_LIST: "roles list --of",
    ActionId.ROLES_LIST_ALL: "roles list",
    ActionId.ROLES_OWNERS: "roles who",
    ActionId.ROLES_SYNC: "roles sync",
    ActionId.ROLE_GRANT: "roles grant",
    ActionId.ROLE_REVOKE: "roles revoke",
    ActionId.LEAVER_KEYS: "keys list --holder",
    ActionId.DELIVERY_RETRY: "deliveries retry",
    ActionId.DELIVERY_DROP: "deliveries drop",
    ActionId.INCIDENT_NEW: "incident new",
    ActionId.INCIDENT_UPDATE: "incident update",
    ActionId.INCIDENT_RESOLVE: "incident resolve",
    ActionId.INCIDENT_REOPEN: "incident reopen",
    ActionId.INCIDENT_SHOW: "incident show",
    ActionId.INCIDENT_POSTMORTEM: "incident postmortem",
    ActionId.INCIDENT_POSTMORTEM_BACK: "incident postmortem --take-back",
    ActionId.INCIDENT_TEMPLATE: "templates save",
    ActionId.TEMPLATE_NEW: "templates new",
    ActionId.TEMPLATE_EDIT: "templates edit",
    ActionId.INCIDENT_NOTHING_NEW: "incident nothing-new",
    ActionId.INCIDENT_SNOOZE: "incident snooze",
    ActionId.INCIDENT_RETRY: "deliveries retry",
    ActionId.INCIDENT_LIST: "incident list",
    ActionId.MAINTENANCE_NEW: "maintenance schedule",
    ActionId.MAINTENANCE_START: "maintenance start",
    ActionId.MAINTENANCE_COMPLETE: "maintenance complete",
    ActionId.MAINTENANCE_CANCEL: "maintenance cancel",
    ActionId.MAINTENANCE_RESCHEDULE: "maintenance reschedule",
    ActionId.DRAFT_PUBLISH: "drafts publish",
    ActionId.DRAFT_PUBLISH_QUIETLY: "drafts publish --quietly",
    ActionId.DRAFT_EDIT: "drafts edit",
    ActionId.DRAFT_KEEP: "drafts keep",
    ActionId.DRAFT_DISCARD: "drafts discard",
    ActionId.DRAFT_DISCARD_LISTED: "drafts discard",
    ActionId.DRAFT_DISCARD_ALL: "drafts discard --all",
    ActionId.DRAFT_SHOW: "drafts show",
    ActionId.DRAFT_SEND_BACK: "drafts send-back",
    ActionId.DRAFT_TAKE_BACK: "drafts take-back",
    ActionId.DRAFT_NEW_ALL_THE_SAME: "drafts publish --another",
    ActionId.DRAFT_UPDATE_THAT: "incident update",
    ActionId.DIGEST_PAGE: "digest --dry-run",
}
"""Buttons and menus → the command, with the option that makes it the same."""

NO_ACTION: Mapping[str, str] = {
    ActionId.REQUEST_WITHDRAW: "Who asked takes it back; an operator denies it.",
    ActionId.TICKET_COLLECT: "A secret is shown to the person who asked for it, in Slack, and to nobody else.",
    ActionId.REQUEST_PAGES: _FORM,
    ActionId.KEY_MENU: "It offers the buttons beside a key, each of which is here.",
    ActionId.KEYS_PREVIOUS: _TURNS,
    ActionId.KEYS_NEXT: _TURNS,
    ActionId.ROLES_PREVIOUS: _TURNS,
    ActionId.ROLES_NEXT: _TURNS,
    ActionId.ROLE_SURE: "What is typed at a terminal is meant: an operator is asked nothing about owners.",
    ActionId.LEAVER_PREVIOUS: _TURNS,
    ActionId.LEAVER_NEXT: _TURNS,
    ActionId.INCIDENT_CHOSEN: _CHOICE,
    ActionId.MAINTENANCE_CHOSEN: _CHOICE,
    ActionId.INCIDENTS_PREVIOUS: _TURNS,
    ActionId.INCIDENTS_NEXT: _TURNS,
    ActionId.TEMPLATE_PAGE: _FORM,
    ActionId.MAINTENANCE_PAGE: _FORM,
    ActionId.MAINTENANCE_TEMPLATE: _FORM,
    ActionId.MAINTENANCE_WINDOW: _FORM,
    ActionId.FORM_PAGE: _FORM,
    ActionId.FORM_COMPONENTS: _FORM,
    ActionId.FORM_TEMPLATE: _FORM,
    ActionId.FORM_STATUS: _FORM,
    ActionId.ROLE_GROUP: _FORM,
    ActionId.DIGEST_PREVIOUS: _TURNS,
    ActionId.DIGEST_NEXT: _TURNS,
}
"""Buttons and menus that have no command, and why."""

VIEWS: Mapping[str, str] = {
    CallbackId.REQUEST_NEW: "requests ask --purpose",
    CallbackId.REQUEST_CHANGE: "requests approve --scope",
    CallbackId.REQUEST_DENY: "requests deny --reason",
    CallbackId.KEY_RENAME: "keys rename",
    CallbackId.KEY_EXTEND: "keys extend",
    CallbackId.KEY_ROTATE: "keys rotate --grace",
    CallbackId.KEY_SUSPEND: "keys suspend --reason",
    CallbackId.KEY_REVOKE: "keys revoke --reason",
    CallbackId.KEY_TRANSFER: "keys transfer",
    CallbackId.KEY_KEEP: "keys keep --reason",
    CallbackId.KEY_DECLINE: "keys decline --reason",
    CallbackId.ROLE_GRANT: "roles grant --until",
    CallbackId.INCIDENT_NEW: "incident new --body",
    CallbackId.INCIDENT_UPDATE: "incident update --body",
    CallbackId.INCIDENT_BACKFILL: "incident backfill --at",
    CallbackId.INCIDENT_POSTMORTEM: "incident postmortem --body-file",
    CallbackId.INCIDENT_TEMPLATE: "templates save --as",
    CallbackId.TEMPLATE: "templates new --title",
    CallbackId.MAINTENANCE_SCHEDULE: "maintenance schedule --from",
    CallbackId.MAINTENANCE_CANCEL: "maintenance cancel --body",
    CallbackId.MAINTENANCE_RESCHEDULE: "maintenance reschedule --until",
    CallbackId.DRAFT_SEND_BACK: "drafts send-back --reason",
}
"""Forms that are submitted → the command and an option that stands for what they ask."""

NO_VIEW: Mapping[str, str] = {
    CallbackId.TICKET_COLLECT: "A secret is shown to the person who asked for it, in Slack, and to nobody else.",
}
"""Forms that have no command, and why."""
