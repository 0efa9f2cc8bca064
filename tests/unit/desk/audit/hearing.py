"""Who hears of what ends somebody's waiting: by a message of its own, since Slack rings for none that is edited."""

from collections.abc import Mapping

from desk.audit.trail import Action

RINGS: Mapping[Action, tuple[str, str]] = {
    # Whoever asked for a key, and whoever collects one.
    Action.REQUEST_APPROVED: ("one_owner_approves_and_the_key_is_collected", "request.decided"),
    Action.REQUEST_DENIED: ("requests_that_come_to_nothing", "request.decided"),
    Action.REQUEST_EXPIRED: ("a_request_that_nobody_decides", "request.decided"),
    Action.TICKET_LAPSED: ("a_ticket_whose_key_reached_nobody", "ticket.ended"),
    Action.TICKET_RETURNED: ("a_ticket_whose_key_reached_nobody", "ticket.void"),
    Action.TICKET_WITHDRAWN: ("a_rotation_that_the_key_does_not_live_to_see", "key.changed"),
    Action.KEY_VOIDED: ("a_ticket_whose_key_reached_nobody", "ticket.void"),
    Action.KEY_REVEALED: ("one_owner_approves_and_the_key_is_collected", "request.holder_named"),
    # Who answers for a key, who asked about it, and who asked for more time.
    Action.KEY_RENAMED: ("what_an_owner_does_to_a_key", "key.changed"),
    Action.KEY_EXTENDED: ("what_an_owner_does_to_a_key", "key.changed"),
    Action.KEY_SUSPENDED: ("what_an_owner_does_to_a_key", "key.changed"),
    Action.KEY_RESTORED: ("what_an_owner_does_to_a_key", "key.changed"),
    Action.KEY_REVOKED: ("what_an_owner_does_to_a_key", "key.changed"),
    Action.KEY_TRANSFERRED: ("what_an_owner_does_to_a_key", "key.changed"),
    Action.KEY_EXTENSION_DECLINED: ("a_key_that_gets_no_more_time", "key.changed"),
    Action.KEY_KEPT: ("what_an_owner_does_to_a_key", "key.changed"),
    Action.KEY_EXPIRED: ("a_key_that_expires", "key.expiry"),
    Action.KEY_RETIRED: ("a_rotation", "key.retired"),
    # Whose role it is, and owners.
    Action.ROLE_GRANTED: ("roles_come_and_go", "role.granted"),
    Action.ROLE_REVOKED: ("roles_come_and_go", "role.ended"),
    Action.ROLE_EXPIRED: ("roles_come_and_go", "role.ended"),
    Action.OWNERS_APPOINTED: ("from_the_first_owners_to_the_last", "owners.appointed"),
    # Other owners who were asked, who asked for the sync, and who said yes and waits for it to be done.
    Action.SYNC_CONFIRMED: ("a_sync_that_would_take_too_much", "sync.decided"),
    Action.SYNC_CANCELLED: ("a_sync_that_would_take_too_much", "sync.decided"),
    Action.SYNC_APPLIED: ("a_sync_that_would_take_too_much", "sync.decided"),
    # Who wrote a draft.
    Action.DRAFT_PUBLISHED: ("a_draft_that_a_second_person_publishes", "draft.decided"),
    Action.DRAFT_SENT_BACK: ("a_draft_that_a_second_person_publishes", "draft.decided"),
    Action.DRAFT_DISCARDED: ("a_draft_that_an_owner_throws_away", "draft.decided"),
    # Owners, the second time too: what was retried can fail again.
    Action.DELIVERY_DIED: ("messages_that_cannot_be_delivered", "delivery.dead"),
}
"""What ends somebody's waiting: the story in which somebody else does it, or time, and the message that rings."""

ASKS = {
    Action.REQUEST_MADE,
    Action.REQUEST_REMINDED,
    Action.KEY_ASKED,
    Action.KEY_EXTENSION_ASKED,
    Action.KEY_KNOCKED,
    Action.DRAFT_SUBMITTED,
    Action.DRAFT_REMINDED,
    Action.INCIDENT_REMINDED,
    Action.SYNC_STOPPED,
    Action.DIGEST_SENT,
    Action.KEY_ANNOUNCED,
}
"""What begins somebody's waiting, or asks again."""
NEWS = {
    Action.MEMBER_CHANGED,
    Action.MEMBER_LEFT,
    Action.MEMBER_RETURNED,
    Action.GROUP_UNREADABLE,
    Action.GROUP_READABLE,
    Action.GROUP_CHANGED,
    Action.OWNERS_VACANT,
    Action.INCIDENT_CREATED,
    Action.INCIDENT_UPDATED,
    Action.UPSTREAM_KEY_REFUSED,
    Action.KEY_IMPORTED,
}
"""What is told to owners or in the page's channel, and for which nobody waited by name."""
NOBODY_WAITS: Mapping[Action, str] = {
    Action.REQUEST_APPROVAL: "more approvals are needed: the request waits on",
    Action.REQUEST_CHANGED: "an owner narrowed what is asked for, and it waits on",
    Action.MEMBER_FORGOTTEN: "whoever had a name here left, and can read nothing",
    Action.REQUEST_WITHDRAWN: "whoever asked took it back, or left Slack",
    Action.TICKET_MADE: "said with the approval, or by the card that offers the key",
    Action.TICKET_CHANGED: "the old key works for another time, which the card says",
    Action.KEY_CALLED_OFF: "what was announced does not happen: the key goes on as it was",
    Action.TICKET_COLLECTED: "whoever waited holds it",
    Action.KEY_MINTED: "whoever waited sees it",
    Action.KEY_ROTATED: "whoever collected the successor did it",
    Action.DRAFT_EDITED: "a key wrote it; those who read it see on its card by whom it was changed",
    Action.DRAFT_TAKEN_BACK: "its author did it; others were asked, and wait for nothing",
    Action.DRAFT_KEPT: "its author did it",
    Action.DRAFT_EXPIRED: "its author did not come back; the card said until when it was kept",
    Action.DELIVERY_RETRIED: "an owner who waits for it sees it arrive, or hears of the next failure",
    Action.DELIVERY_READDRESSED: "it is itself what its readers hear",
    Action.DELIVERY_DROPPED: "an owner decided that nobody is to hear it",
    Action.INCIDENT_EDITED: "corrects what was said",
    Action.INCIDENT_DELETED: "authors of drafts that wait about it hear so: `draft.decided`",
    Action.INCIDENT_SNOOZED: "whoever was reminded did it",
    Action.PAGE_EDITED: "who changed it did it, and readers see the page",
    Action.COMPONENT_CREATED: "who made it did it, and readers see the page",
    Action.COMPONENT_EDITED: "who changed it did it, and readers see the page",
    Action.COMPONENT_RETIRED: "who retired it did it, and nothing open is about it",
    Action.COMPONENT_RESTORED: "who brought it back did it, and readers see the page",
    Action.COMPONENT_CHANGED: "told with its incident",
    Action.POSTMORTEM_WRITTEN: "nothing is public yet",
    Action.POSTMORTEM_PUBLISHED: "its author did it, or hears of the draft",
    Action.POSTMORTEM_REVERTED: "who took it back did it",
    Action.POSTMORTEM_DELETED: "whoever calls the API did it",
    Action.TEMPLATE_CREATED: "who made it did it",
    Action.TEMPLATE_CHANGED: "who changed it did it",
    Action.TEMPLATE_DELETED: "who deleted it did it",
    Action.MEMBER_JOINED: "nobody was told of anything yet",
    Action.ORGANIZATION_SEEDED: "an operator did it",
    Action.PAGE_SEEDED: "an operator did it",
    Action.ORGANIZATION_RESTORED: "an operator did it, and whose key ends again is told of that",
    Action.PAGE_IMPORTED: "an operator did it",
    Action.UPSTREAM_CONNECTED: "an operator did it",
    Action.UPSTREAM_COPIED: "whoever changed it there did it",
    Action.UPSTREAM_WEBHOOK_SET: "an operator did it",
    Action.UPSTREAM_KEY_ADDED: "an owner did it, or an operator",
    Action.UPSTREAM_KEY_DROPPED: "an owner did it, or an operator",
    Action.CLOCK_SET_RIGHT: "operators read it in the log and in `/readyz`",
}
