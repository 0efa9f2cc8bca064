"""What Slack can do, and which operation of an API does the same; or why none does.

Keydesk's own table names the commands of Slack that its operations are twins of. Those of incidents are in
Statuspage's API, whose table is Statuspage's.
"""

from collections.abc import Mapping

from handlers.slack.framework.action_ids import ActionId

_ID = "pages/{page_id}/incidents/{incident_id}"
_DECIDES = "It is for people to decide: no key does."
_DRAFTS = "A draft waits for people: no key publishes, or takes a word back that waits."
_TEMPLATES = "Statuspage's API makes and lists templates, and has no operation for that."
_HELP = "An API describes itself."

BY_V1: Mapping[str, tuple[str, str]] = {
    "incident new": ("POST", "pages/{page_id}/incidents"),
    "incident update": ("PATCH", _ID),
    "incident resolve": ("PATCH", _ID),
    "incident reopen": ("PATCH", _ID),
    "incident list": ("GET", "pages/{page_id}/incidents"),
    "incident show": ("GET", _ID),
    "incident postmortem": ("PUT", f"{_ID}/postmortem"),
    "incident backfill": ("POST", "pages/{page_id}/incidents"),
    "incident template": ("GET", "pages/{page_id}/incident_templates"),
    "incident template list": ("GET", "pages/{page_id}/incident_templates"),
    "incident template new": ("POST", "pages/{page_id}/incident_templates"),
    "maintenance schedule": ("POST", "pages/{page_id}/incidents"),
    "maintenance start": ("PATCH", _ID),
    "maintenance update": ("PATCH", _ID),
    "maintenance complete": ("PATCH", _ID),
    "maintenance reschedule": ("PATCH", _ID),
    "maintenance extend": ("PATCH", _ID),
    "maintenance reopen": ("PATCH", _ID),
    "maintenance cancel": ("PATCH", _ID),
    "maintenance list": ("GET", "pages/{page_id}/incidents/scheduled"),
    "maintenance show": ("GET", _ID),
}
"""Sub-commands of Slack → the operation of Statuspage's API that does the same."""

NO_OPERATION: Mapping[str, str] = {
    "keys approve": _DECIDES,
    "keys deny": _DECIDES,
    "keys decline": _DECIDES,
    "incident drafts": _DRAFTS,
    "incident template show": _TEMPLATES,
    "incident template edit": _TEMPLATES,
    "incident template save": _TEMPLATES,
    "incident template delete": _TEMPLATES,
    "keys help": _HELP,
    "roles help": _HELP,
    "incident help": _HELP,
    "maintenance help": _HELP,
}
"""Sub-commands that no operation does, and why."""

ACTIONS_BY_OWN: Mapping[str, tuple[str, str]] = {
    ActionId.KEY_ASK: ("POST", "keys/{key_id}/ask-holder"),
    ActionId.REQUEST_WITHDRAW: ("POST", "requests/{request_id}/withdraw"),
    ActionId.DELIVERY_RETRY: ("POST", "deliveries/{delivery_id}/retry"),
    ActionId.INCIDENT_RETRY: ("POST", "deliveries/{delivery_id}/retry"),
    ActionId.DELIVERY_DROP: ("POST", "deliveries/{delivery_id}/drop"),
}
"""Buttons that do what no sub-command does → the operation of Keydesk's own API."""

ACTIONS_BY_V1: Mapping[str, tuple[str, str]] = {ActionId.INCIDENT_NOTHING_NEW: ("PATCH", _ID)}
"""The same, of Statuspage's API."""

NO_ACTION_BY_API: Mapping[str, str] = {
    ActionId.TICKET_COLLECT: "A secret is shown to the person who asked for it, in Slack, and to nobody else.",
    ActionId.INCIDENT_SNOOZE: "A reminder is for people: a client says something new instead.",
    ActionId.DRAFT_PUBLISH: _DRAFTS,
    ActionId.DRAFT_PUBLISH_QUIETLY: _DRAFTS,
    ActionId.DRAFT_EDIT: _DRAFTS,
    ActionId.DRAFT_KEEP: _DRAFTS,
    ActionId.DRAFT_DISCARD: _DRAFTS,
    ActionId.DRAFT_DISCARD_LISTED: _DRAFTS,
    ActionId.DRAFT_DISCARD_ALL: _DRAFTS,
    ActionId.DRAFT_SHOW: _DRAFTS,
    ActionId.DRAFT_SEND_BACK: _DRAFTS,
    ActionId.DRAFT_TAKE_BACK: _DRAFTS,
    ActionId.DRAFT_NEW_ALL_THE_SAME: _DRAFTS,
}
"""Buttons that no operation does, and why, beside those that only draw something in Slack."""
