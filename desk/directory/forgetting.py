"""People as data: everything that is kept of somebody, and what they were called deleted once they left."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from sqlalchemy import JSON, ColumnElement, String, cast, false, func, inspect, not_, or_, select, update

from desk.audit.trail import Action, record
from desk.directory.leavers import list_live_keys
from desk.errors import ConflictError, NotFoundError
from desk.messages.outbox import refresh
from desk.messages.readers import look_again
from desk.messages.subjects import THE_OWNERS
from desk.people import Standing, standing_of
from desk.permissions import Duty, require_duty, require_owner
from desk.transaction import Actor, Transaction
from storage.locks import lock_people
from storage.models import ApiKey, Base, Departure, KeyStatus, KeyUse, Member
from storage.signals import Topic, signal

NAME = "Somebody who left"
"""What a person is called who was forgotten."""
WITHHELD: Mapping[str, frozenset[str]] = {
    "api_key": frozenset({"sha256", "start"}),
    "upstream": frozenset({"hook_sha256"}),
    "upstream_key": frozenset({"sealed"}),
}
"""Secrets, sealed or hashed, and what they could be recognised by: not of a person, and in no export."""
_PIECE = 500
_MOST = 50


def forget_member(tx: Transaction, user_id: str) -> None:
    """Delete what somebody who left was called, and from where the keys were called that they answered for.

    Ids stay in what was decided and in the audit trail, whose hashes stay whole: they lead to no name any more. Slack
    goes on telling the name, which is not kept again unless they come back. Again does nothing.

    Raises NotAllowedError, NotFoundError for nobody, and ConflictError while they are in the workspace or answer for
    a key that works or could.
    """
    lock_people(tx.session)
    require_owner(tx)
    member = tx.session.get(Member, user_id, with_for_update=True)
    if member is None:
        raise NotFoundError(f"There is nobody {user_id} here.", "Name them by their Slack id.")
    if member.forgotten_at is not None:
        return
    _refuse_present(tx, member)
    _forget(tx, member)


def forget_left(tx: Transaction) -> int:
    """Forget people who left longer ago than policy keeps their names, once nobody waits for their keys; gives how
    many, at most `_MOST`. Raises NotAllowedError."""
    require_duty(tx, Duty.DIRECTORY)
    after = tx.policy.forget_left_after
    if after is None:
        return 0
    lock_people(tx.session)
    left_at = select(func.max(Departure.left_at)).where(Departure.user_id == Member.user_id).scalar_subquery()
    # What `list_live_keys` gives, in SQL.
    ended = or_(ApiKey.status == KeyStatus.REVOKED, ApiKey.retires_at <= tx.now, ApiKey.expires_at <= tx.now)
    holds = select(ApiKey.id).where(ApiKey.holder_id == Member.user_id, not_(func.coalesce(ended, false()))).exists()
    due = select(Member).where(
        Member.is_deleted,
        Member.forgotten_at.is_(None),
        # Who had left before Keydesk met them has no departure.
        func.coalesce(left_at, Member.synced_at) < tx.now - after,
        ~holds,
    )
    members = tx.session.scalars(due.order_by(Member.user_id).limit(_MOST)).all()
    for member in members:
        _forget(tx, member)
    return len(members)


def _forget(tx: Transaction, member: Member) -> None:
    user_id = member.user_id
    member.name, member.handle, member.time_zone = NAME, user_id, "UTC"
    member.is_primary_owner = member.is_workspace_owner = False
    member.forgotten_at = tx.now
    theirs = select(ApiKey.id).where(ApiKey.holder_id == user_id)
    tx.session.execute(
        update(KeyUse).where(KeyUse.key_id.in_(theirs)).values(last_address=None, last_user_agent=None)
    )
    signal(tx.session, Topic.PEOPLE)
    look_again(tx, [user_id])
    refresh(tx, *THE_OWNERS)
    record(tx, Action.MEMBER_FORGOTTEN, "member", user_id)


def _refuse_present(tx: Transaction, member: Member) -> None:
    if standing_of(member) is not Standing.DELETED:
        raise ConflictError(
            f"{member.name} is in the workspace, and Slack would tell the name again.",
            "Deactivate the account in Slack first; Keydesk hears of it by itself.",
        )
    keys = list_live_keys(tx, member.user_id)
    if keys:
        named = ", ".join(f"“{key.name}”" for key in keys[:5])
        raise ConflictError(
            f"{member.name} answers for {len(keys)} {'key' if len(keys) == 1 else 'keys'} still: {named}.",
            "Transfer or revoke them first: nobody could ask who had them.",
        )


def list_person_data(tx: Transaction, user_id: str) -> Iterator[Mapping[str, Any]]:
    """Every row that names a person, table by table: as themselves, as whoever did something, or within its data.

    Each has `table` and the row's columns as they are, but for what `WITHHELD` says. Read it before the transaction
    ends: rows come in pieces. For owners. Raises NotAllowedError, and NotFoundError where nothing names them.
    """
    require_owner(tx)
    rows = _rows_of(tx, user_id)
    first = next(rows, None)
    if first is None:
        raise NotFoundError(f"Nothing here names {user_id}.", "Name them by their Slack id.")
    return chain([first], rows)


def _rows_of(tx: Transaction, user_id: str) -> Iterator[Mapping[str, Any]]:
    for mapper in sorted(Base.registry.mappers, key=lambda one: str(one.local_table)):
        names = [_names(column, user_id) for column in mapper.columns]
        wanted = [name for name in names if name is not None]
        if not wanted:
            continue
        table = str(mapper.local_table)
        shown = [one for one in inspect(mapper).column_attrs if one.key not in WITHHELD.get(table, ())]
        rows = select(*(getattr(mapper.class_, one.key) for one in shown)).where(or_(*wanted))
        for row in tx.session.execute(rows, execution_options={"yield_per": _PIECE}):
            yield {"table": table} | {one.key: value for one, value in zip(shown, row, strict=True)}


def _names(column: Any, user_id: str) -> ColumnElement[bool] | None:
    """That a column is about a person, or has them within its data."""
    if isinstance(column.type, JSON):
        # Their id is within quotation marks there, whether it stands alone or in a list.
        return cast(column, String).contains(f'"{user_id}"')
    if isinstance(column.type, String):
        return or_(column == user_id, column == str(Actor.member(user_id)))
    return None
