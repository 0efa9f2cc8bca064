"""A past for the demo's workspace, so that the digest has something to say on the first day."""

from desk.seeds import PastKey, plant_past_key
from desk.transaction import Transaction

PAST: tuple[PastKey, ...] = (
    PastKey(
        name="metrics push",
        purpose="Sends response times every five minutes",
        scopes=("metrics:write",),
        holder_id="U0MAX00001",
        made=80,
        expires_in=120,
        daily_calls=(280, 288, 287, 288, 281, 288, 288, 264, 288, 288, 288, 279, 288, 288),
        address="192.0.2.17",
        user_agent="metrics-relay/2.4",
    ),
    PastKey(
        name="old dashboard",
        purpose="Wall screen in the second floor kitchen",
        scopes=("read",),
        holder_id="U0INES0001",
        made=300,
        expires_in=60,
        daily_calls=(40, 44, 41, 12, 3, 1),
        quiet_for=205,
        writes=False,
        address="198.51.100.9",
        user_agent="Mozilla/5.0 (X11; Linux armv7l)",
    ),
    PastKey(
        name="deploy hook",
        purpose="Opens a maintenance when a deployment starts",
        scopes=("read", "maintenances:write"),
        holder_id="U0DAN00001",
        made=120,
        expires_in=9,
        daily_calls=(2, 0, 1, 3, 0, 2, 1, 1, 0, 4, 2),
        quiet_for=1,
        address="203.0.113.40",
        user_agent="curl/8.9.1",
    ),
    PastKey(
        name="incident bot trial",
        purpose="Trying out an incident bot",
        scopes=("read", "incidents:write", "components:write"),
        holder_id="U0MAX00001",
        made=25,
        expires_in=65,
        daily_calls=(3, 9, 6, 2, 1, 1, 2),
        quiet_for=2,
        writes=False,
        address="192.0.2.88",
        user_agent="python-requests/2.32",
    ),
    PastKey(
        name="nightly export",
        purpose="Was meant for the data warehouse",
        scopes=("read",),
        holder_id="U0MIA00001",
        made=40,
        expires_in=50,
    ),
)


def write_history(tx: Transaction) -> int:
    """Write the keys of `PAST` with their uses; gives their number."""
    for past in PAST:
        plant_past_key(tx, past)
    return len(PAST)
