"""Syncs that were asked for, and stopped ones on which owners decide."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.directory.cards import SYNC_DONE, SYNC_STOPPED
from desk.errors import ConflictError, NotFoundError
from desk.identifiers import new_id
from desk.messages.outbox import refresh_card, send_note
from desk.people import name_of
from desk.permissions import Duty, has_duty, require_duty, require_owner
from desk.transaction import Transaction
from storage.locks import lock_people
from storage.models import DirectorySync, SyncStatus
from storage.transitions import transition

_OPEN = (SyncStatus.STOPPED, SyncStatus.CONFIRMED, SyncStatus.CANCELLED)


def request_sync(tx: Transaction) -> DirectorySync:
    """Ask for a reading of Slack's whole directory; the job does it within a minute.

    For owners, and for who keeps the directory. Raises NotAllowedError.
    """
    if not has_duty(tx, Duty.DIRECTORY):
        require_owner(tx)
    waiting = tx.session.scalars(
        select(DirectorySync).where(
            DirectorySync.status == SyncStatus.REQUESTED, DirectorySync.created_by == str(tx.actor)
        )
    ).first()
    if waiting is not None:
        return waiting
    sync = DirectorySync(id=new_id(), status=SyncStatus.REQUESTED, created_at=tx.now, created_by=str(tx.actor))
    tx.session.add(sync)
    tx.session.flush()
    return sync


def close_sync(tx: Transaction, sync: DirectorySync, status: SyncStatus) -> None:
    """A stopped sync is over: superseded, or applied. Its card says so."""
    transition(tx.session, sync, allowed=[sync.status], status=status, finished_at=tx.now)
    refresh_card(tx, SYNC_STOPPED, sync.id)
    if status == SyncStatus.APPLIED:
        record(tx, Action.SYNC_APPLIED, "sync", sync.id, decided_by=sync.decided_by)


def find_open_sync(tx: Transaction) -> DirectorySync | None:
    """The stopped sync that stands: it waits for an answer, or the answer was not carried out yet, or was no."""
    return tx.session.scalars(
        select(DirectorySync)
        .where(DirectorySync.status.in_(_OPEN))
        .order_by(DirectorySync.created_at.desc())
        .limit(1)
    ).first()


def confirm_sync(tx: Transaction, sync_id: str, version: int | None) -> DirectorySync:
    """An owner says yes: the next reading that finds the very same plan carries it out.

    Raises NotAllowedError and ConflictError.
    """
    return _decide(tx, sync_id, version, SyncStatus.CONFIRMED, [SyncStatus.STOPPED, SyncStatus.CANCELLED])


def cancel_sync(tx: Transaction, sync_id: str, version: int | None) -> DirectorySync:
    """An owner says to leave everybody as they are; the same plan is not asked about again.

    Raises NotAllowedError and ConflictError.
    """
    return _decide(tx, sync_id, version, SyncStatus.CANCELLED, [SyncStatus.STOPPED, SyncStatus.CONFIRMED])


def _decide(
    tx: Transaction, sync_id: str, version: int | None, status: SyncStatus, allowed: Sequence[SyncStatus]
) -> DirectorySync:
    lock_people(tx.session)
    require_owner(tx)
    sync = tx.session.get(DirectorySync, sync_id)
    if sync is None:
        raise NotFoundError("There is no such sync any more.", "Type /roles sync for a new one.")
    values = {"status": status, "decided_at": tx.now, "decided_by": str(tx.actor)}
    if not transition(tx.session, sync, allowed=allowed, version=version, **values):
        raise _decided_already(tx, sync)
    refresh_card(tx, SYNC_STOPPED, sync.id)
    action = Action.SYNC_CONFIRMED if status == SyncStatus.CONFIRMED else Action.SYNC_CANCELLED
    record(tx, action, "sync", sync.id, fingerprint=sync.fingerprint)
    return sync


def _decided_already(tx: Transaction, sync: DirectorySync) -> ConflictError:
    if sync.status == SyncStatus.SUPERSEDED:
        return ConflictError(
            "Slack or the roles have changed since this was shown.", "Type /roles sync to look anew."
        )
    what = "said to leave it as it is" if sync.status == SyncStatus.CANCELLED else "said to apply it"
    return ConflictError(f"{name_of(tx, sync.decided_by)} was first and {what}.", "Type /roles sync to look anew.")


def list_due_syncs(tx: Transaction) -> Sequence[str]:
    """Ids of the readings that somebody asked for, or that have to follow an owner's yes."""
    require_duty(tx, Duty.DIRECTORY)
    due = (SyncStatus.REQUESTED, SyncStatus.CONFIRMED)
    return tx.session.scalars(select(DirectorySync.id).where(DirectorySync.status.in_(due))).all()


def finish_requests(
    tx: Transaction, sync_ids: Collection[str], report: Mapping[str, Any], *, told: str | None
) -> None:
    """The readings that were asked for are done. Members who asked are told, except `told`, who sees it already."""
    require_duty(tx, Duty.DIRECTORY)
    requests = tx.session.scalars(
        select(DirectorySync).where(DirectorySync.id.in_(sync_ids), DirectorySync.status == SyncStatus.REQUESTED)
    ).all()
    for sync in requests:
        transition(tx.session, sync, allowed=[SyncStatus.REQUESTED], status=SyncStatus.DONE, finished_at=tx.now)
        kind, _, user_id = sync.created_by.partition(":")
        if kind == "member" and sync.id != told:
            send_note(tx, SYNC_DONE, sync.id, [user_id], report=report)
