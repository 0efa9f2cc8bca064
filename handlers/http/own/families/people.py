"""Roles, the audit trail, and messages that could not be delivered."""

from collections.abc import Sequence

from handlers.http.own.operation import Operation, Reach, reads, writes
from handlers.http.own.shapes import people, trail
from handlers.http.own.shapes.base import Part

OF_PEOPLE: Sequence[Operation] = (
    reads("roles", "Who was given which role.", Part[people.Grant], "users", "roles list", query=people.GrantsAsked),
    reads(
        "roles/{role}/holders",
        "The people who have a role, and by which grants.",
        people.RoleHolders,
        "users",
        "roles who",
        query=people.HoldersAsked,
    ),
    writes("roles/grant", "Give a role.", people.GrantMade, "users", "roles grant", body=people.GrantWanted),
    writes("roles/revoke", "Take a role away.", people.Grant, "users", "roles revoke", body=people.RevocationWanted),
    writes(
        "roles/sync",
        "Have people and groups read from Slack again, within a minute.",
        people.Sync,
        "users",
        "roles sync",
        success=202,
        reach=Reach.EVERYTHING,
    ),
)
OF_THE_TRAIL: Sequence[Operation] = (
    reads(
        "audit",
        "What was recorded, oldest first.",
        trail.Events,
        "audit",
        query=trail.EventsAsked,
        reach=Reach.EVERYTHING,
    ),
    reads(
        "audit/verify",
        "Whether an event was edited, removed, added or moved.",
        trail.Proof,
        "audit",
        query=trail.VerifyAsked,
        reach=Reach.EVERYTHING,
    ),
    reads(
        "deliveries/dead",
        "Messages that could not be delivered.",
        trail.Letters,
        "deliveries",
        reach=Reach.EVERYTHING,
    ),
    writes("deliveries/{delivery_id}/retry", "Try one again.", trail.Settled, "deliveries", reach=Reach.EVERYTHING),
    writes("deliveries/{delivery_id}/drop", "Never send one.", trail.Settled, "deliveries", reach=Reach.EVERYTHING),
)
