"""Keys, requests and the digest."""

from collections.abc import Sequence

from handlers.http.own.operation import Operation, Reach, reads, writes
from handlers.http.own.shapes import digest, keys, requests
from handlers.http.own.shapes.base import Paged, Part, Versioned

OF_KEYS: Sequence[Operation] = (
    reads("me", "The key that asks.", keys.Me, None),
    reads("info", "What one has to know to ask for a key and to use it.", keys.Info, None, "keys info"),
    reads("keys", "Keys by name.", Part[keys.Key], "keys", "keys list", "keys mine", query=keys.KeysAsked),
    reads("keys/{key_id}", "Everything about one key.", keys.KeyInDetail, "keys", "keys show"),
    writes("keys/{key_id}/rename", "Call it something else.", keys.Key, "keys", "keys rename", body=keys.Named),
    writes(
        "keys/{key_id}/rotate",
        "Have it replaced: whoever answers for it collects the new one in Slack.",
        keys.Rotation,
        "keys",
        "keys rotate",
        body=keys.Rotated,
    ),
    writes(
        "keys/{key_id}/suspend",
        "Stop it until it is restored.",
        keys.Key,
        "keys",
        "keys suspend",
        body=keys.Reasoned,
    ),
    writes("keys/{key_id}/restore", "Let it work again.", keys.Key, "keys", "keys restore", body=Versioned),
    writes(
        "keys/{key_id}/revoke",
        "End it for good; of one that was used lately, only where that is confirmed.",
        keys.Key,
        "keys",
        "keys revoke",
        body=keys.Revoked,
    ),
    writes("keys/{key_id}/extend", "Let it live longer.", keys.Key, "keys", "keys extend", body=keys.Extended),
    writes(
        "keys/{key_id}/ask-for-extension",
        "Ask owners to let it live longer, for its holder.",
        keys.Key,
        "keys",
        "keys extend",
        body=keys.MoreTime,
    ),
    writes(
        "keys/{key_id}/keep", "Leave it out of digests for a while.", keys.Key, "keys", "keys keep", body=keys.Kept
    ),
    writes(
        "keys/{key_id}/transfer",
        "Make somebody else answer for it.",
        keys.Key,
        "keys",
        "keys transfer",
        body=keys.Transferred,
    ),
    writes("keys/{key_id}/ask-holder", "Ask whoever answers for it whether it is still needed.", keys.Key, "keys"),
    reads("digest", "What the digest would say now.", digest.Digest, "keys", "keys digest", reach=Reach.EVERYTHING),
    reads("requests", "What waits for a decision.", Part[requests.Request], "keys", "keys requests", query=Paged),
    writes(
        "requests",
        "Ask for a key. Owners decide in Slack, and the person in whose name it is collects it there.",
        requests.Request,
        "keys",
        "keys request",
        body=requests.Ask,
        success=201,
    ),
    reads("requests/{request_id}", "One request, whatever became of it.", requests.Request, "keys"),
    writes("requests/{request_id}/withdraw", "Take back a request of its holder's.", requests.Request, "keys"),
)
