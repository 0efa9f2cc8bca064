"""API keys: what they are, how to find them, what people do to them and what time does to them."""

from desk.keys.cards import refresh_key_cards
from desk.keys.changes import (
    extend_key,
    find_recent_use,
    rename_key,
    restore_key,
    revoke_key,
    suspend_key,
    transfer_key,
)
from desk.keys.lookup import (
    KeyFilter,
    KeyView,
    ListedKey,
    count_keys,
    find_key_by_word,
    find_use,
    get_key,
    get_key_by_word,
    list_keys,
)
from desk.keys.questions import ask_for_extension, ask_holder, keep_key
from desk.keys.refusals import RecentlyUsedError, RecentUse
from desk.keys.rotation import begin_rotation, find_successor, find_waiting_rotation
from desk.keys.rules import (
    Change,
    KeyState,
    decide_change,
    is_retiring,
    list_changes,
    person_of,
    standing_of,
    state_of,
)
from desk.keys.sweep import sweep_keys

__all__ = [
    "Change",
    "KeyFilter",
    "KeyState",
    "KeyView",
    "ListedKey",
    "RecentUse",
    "RecentlyUsedError",
    "ask_for_extension",
    "ask_holder",
    "begin_rotation",
    "count_keys",
    "decide_change",
    "extend_key",
    "find_key_by_word",
    "find_recent_use",
    "find_successor",
    "find_use",
    "find_waiting_rotation",
    "get_key",
    "get_key_by_word",
    "is_retiring",
    "keep_key",
    "list_changes",
    "list_keys",
    "person_of",
    "refresh_key_cards",
    "rename_key",
    "restore_key",
    "revoke_key",
    "standing_of",
    "state_of",
    "suspend_key",
    "sweep_keys",
    "transfer_key",
]
