"""Every operation of the own API: what a call needs, carries and answers, and what does the same in Slack.

Routes, the description, the page about the API and its tests read this table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from desk.keys.check import Need
from handlers.http.own.shapes import keys, people, trail
from handlers.http.own.shapes.base import Given, Nothing, Paged, Part, Query, Shape, Versioned

Key = tuple[str, str]
"""An operation's method and path."""


class Reach(StrEnum):
    """What a call is about, of which the key must be for all pages."""

    OWN = "own"
    """Whatever is on the key's pages, and nothing else is seen."""
    THING = "thing"
    """One thing, with pages of its own."""
    EVERYTHING = "everything"
    """All that there is, on pages to come as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `path` has no leading slash and no version, as in `keys/{key_id}/suspend`."""

    method: str
    path: str
    does: str
    """In a sentence."""
    need: Need | None
    """What a key must be allowed; None: nothing but to work."""
    answer: type[Shape]
    body: type[Given] | None = None
    """None: it takes none."""
    query: type[Query] = Query
    success: int = 200
    twins: Sequence[str] = ()
    """The commands and sub-commands of Slack that do the same."""
    reach: Reach = Reach.OWN

    @property
    def key(self) -> Key:
        """The method and the path."""
        return self.method, self.path


def _read(path: str, does: str, answer: type[Shape], resource: str | None, *twins: str, **more: object) -> Operation:
    need = Need(resource, write=False) if resource is not None else None
    given = {"reach": Reach.THING if "_id}" in path else Reach.OWN} | more
    return Operation(method="GET", path=path, does=does, need=need, answer=answer, twins=twins, **given)  # type: ignore[arg-type]


def _write(path: str, does: str, answer: type[Shape], resource: str, *twins: str, **more: object) -> Operation:
    given = {"body": Nothing, "reach": Reach.THING} | more
    need = Need(resource, write=True)
    return Operation(method="POST", path=path, does=does, need=need, answer=answer, twins=twins, **given)  # type: ignore[arg-type]


_OF_KEYS: Sequence[Operation] = (
    _read("me", "The key that asks.", keys.Me, None),
    _read("info", "What one has to know to ask for a key and to use it.", keys.Info, None, "keys info"),
    _read("keys", "Keys by name.", Part[keys.Key], "keys", "keys list", "keys mine", query=keys.KeysAsked),
    _read("keys/{key_id}", "Everything about one key.", keys.KeyInDetail, "keys", "keys show"),
    _write("keys/{key_id}/rename", "Call it something else.", keys.Key, "keys", "keys rename", body=keys.Named),
    _write(
        "keys/{key_id}/rotate",
        "Have it replaced: whoever answers for it collects the new one in Slack.",
        keys.Rotation,
        "keys",
        "keys rotate",
        body=keys.Rotated,
    ),
    _write(
        "keys/{key_id}/suspend",
        "Stop it until it is restored.",
        keys.Key,
        "keys",
        "keys suspend",
        body=keys.Reasoned,
    ),
    _write("keys/{key_id}/restore", "Let it work again.", keys.Key, "keys", "keys restore", body=Versioned),
    _write(
        "keys/{key_id}/revoke",
        "End it for good; of one that was used lately, only where that is confirmed.",
        keys.Key,
        "keys",
        "keys revoke",
        body=keys.Revoked,
    ),
    _write("keys/{key_id}/extend", "Let it live longer.", keys.Key, "keys", "keys extend", body=keys.Extended),
    _write(
        "keys/{key_id}/ask-for-extension",
        "Ask owners to let it live longer, for its holder.",
        keys.Key,
        "keys",
        "keys extend",
        body=keys.MoreTime,
    ),
    _write(
        "keys/{key_id}/keep", "Leave it out of digests for a while.", keys.Key, "keys", "keys keep", body=keys.Kept
    ),
    _write(
        "keys/{key_id}/transfer",
        "Make somebody else answer for it.",
        keys.Key,
        "keys",
        "keys transfer",
        body=keys.Transferred,
    ),
    _write("keys/{key_id}/ask-holder", "Ask whoever answers for it whether it is still needed.", keys.Key, "keys"),
    _read("digest", "What the digest would say now.", keys.Digest, "keys", "keys digest", reach=Reach.EVERYTHING),
    _read("requests", "What waits for a decision.", Part[keys.Request], "keys", "keys requests", query=Paged),
    _write(
        "requests",
        "Ask for a key. Owners decide in Slack, and the person in whose name it is collects it there.",
        keys.Request,
        "keys",
        "keys request",
        body=keys.Ask,
        success=201,
    ),
    _read("requests/{request_id}", "One request, whatever became of it.", keys.Request, "keys"),
    _write("requests/{request_id}/withdraw", "Take back a request of its holder's.", keys.Request, "keys"),
)
_OF_PEOPLE: Sequence[Operation] = (
    _read("roles", "Who was given which role.", Part[people.Grant], "users", "roles list", query=people.GrantsAsked),
    _read(
        "roles/{role}/holders",
        "The people who have a role, and by which grants.",
        people.RoleHolders,
        "users",
        "roles who",
        query=people.HoldersAsked,
    ),
    _write("roles/grant", "Give a role.", people.GrantMade, "users", "roles grant", body=people.GrantWanted),
    _write("roles/revoke", "Take a role away.", people.Grant, "users", "roles revoke", body=people.RevocationWanted),
    _write(
        "roles/sync",
        "Have people and groups read from Slack again, within a minute.",
        people.Sync,
        "users",
        "roles sync",
        success=202,
        reach=Reach.EVERYTHING,
    ),
)
_OF_THE_TRAIL: Sequence[Operation] = (
    _read(
        "audit",
        "What was recorded, oldest first.",
        trail.Events,
        "audit",
        query=trail.EventsAsked,
        reach=Reach.EVERYTHING,
    ),
    _read(
        "audit/verify",
        "Whether an event was edited, removed, added or moved.",
        trail.Proof,
        "audit",
        query=trail.VerifyAsked,
        reach=Reach.EVERYTHING,
    ),
    _read(
        "deliveries/dead",
        "Messages that could not be delivered.",
        trail.Letters,
        "deliveries",
        reach=Reach.EVERYTHING,
    ),
    _write("deliveries/{delivery_id}/retry", "Try one again.", trail.Settled, "deliveries", reach=Reach.EVERYTHING),
    _write("deliveries/{delivery_id}/drop", "Never send one.", trail.Settled, "deliveries", reach=Reach.EVERYTHING),
)
FAMILIES: Mapping[str, Sequence[Operation]] = {
    "Keys": _OF_KEYS,
    "Roles": _OF_PEOPLE,
    "Audit trail and dead letters": _OF_THE_TRAIL,
}
OPERATIONS: Sequence[Operation] = tuple(one for family in FAMILIES.values() for one in family)


def list_needs() -> frozenset[Need]:
    """What the operations need: a scope that nothing needs opens nothing."""
    return frozenset(one.need for one in OPERATIONS if one.need is not None)
