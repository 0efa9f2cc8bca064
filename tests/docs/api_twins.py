"""What Slack can do, and which operation of an API does the same; or why none does.

Keydesk's own table names the commands of Slack that its operations are twins of.
"""

from collections.abc import Mapping

from handlers.slack.framework.action_ids import ActionId, CallbackId

_DECIDES = "It is for people to decide: no key does."
_DRAFTS = "A draft waits for people: a key sees and throws away its own, and publishes, changes and keeps none."
_HELP = "An API describes itself."

_UPSTREAM = "Owners and operators alone have to do with what Statuspage knows Keydesk by: no key could get at it."

NO_OPERATION: Mapping[str, str] = {
    "keys approve": _DECIDES,
    "keys deny": _DECIDES,
    "keys decline": _DECIDES,
    "keys help": _HELP,
    "keys import": "A value that was made elsewhere is let in by people alone: a key would make another one.",
    "roles help": _HELP,
    "incident help": _HELP,
    "maintenance help": _HELP,
    "page policy": "People alone change the rules by which incidents are published: a key would get round them.",
    "page help": _HELP,
    "keys statuspage": _UPSTREAM,
}
"""Sub-commands that no operation does, and why."""

ACTIONS_BY_OWN: Mapping[str, tuple[str, str]] = {
    ActionId.KEY_ASK: ("POST", "keys/{key_id}/ask-holder"),
    ActionId.REQUEST_WITHDRAW: ("POST", "requests/{request_id}/withdraw"),
    ActionId.DELIVERY_RETRY: ("POST", "deliveries/{delivery_id}/retry"),
    ActionId.INCIDENT_RETRY: ("POST", "deliveries/{delivery_id}/retry"),
    ActionId.UPSTREAM_RETRY: ("POST", "deliveries/{delivery_id}/retry"),
    ActionId.DELIVERY_DROP: ("POST", "deliveries/{delivery_id}/drop"),
    CallbackId.COMPONENT: ("POST", "pages/{page_id}/components/{component_id}/change"),
    ActionId.INCIDENT_NOTHING_NEW: ("POST", "pages/{page_id}/incidents/{incident_id}/update"),
    ActionId.DRAFT_SHOW: ("GET", "drafts/{draft_id}"),
    ActionId.DRAFT_DISCARD: ("POST", "drafts/{draft_id}/discard"),
    ActionId.DRAFT_DISCARD_LISTED: ("POST", "drafts/{draft_id}/discard"),
}
"""Buttons that do what no sub-command does → the operation of Keydesk's own API."""

NO_ACTION_BY_API: Mapping[str, str] = {
    ActionId.TICKET_COLLECT: "A secret is shown to the person who asked for it, in Slack, and to nobody else.",
    ActionId.INCIDENT_SNOOZE: "A reminder is for people: a client says something new instead.",
    **dict.fromkeys(
        (
            ActionId.UPSTREAM_KEY_ADD,
            ActionId.UPSTREAM_KEY_REPLACE,
            ActionId.UPSTREAM_KEY_DROP,
            CallbackId.UPSTREAM_KEY,
        ),
        _UPSTREAM,
    ),
    ActionId.UPSTREAM_EDIT: "Its author is told, and writes it anew; a client says it once more.",
    ActionId.DRAFT_PUBLISH: _DRAFTS,
    ActionId.DRAFT_PUBLISH_QUIETLY: _DRAFTS,
    ActionId.DRAFT_EDIT: _DRAFTS,
    ActionId.DRAFT_KEEP: _DRAFTS,
    ActionId.DRAFT_DISCARD_ALL: _DRAFTS,
    ActionId.DRAFT_SEND_BACK: _DRAFTS,
    ActionId.DRAFT_TAKE_BACK: _DRAFTS,
    ActionId.DRAFT_NEW_ALL_THE_SAME: _DRAFTS,
}
"""Buttons that no operation does, and why, beside those that only draw something in Slack."""
