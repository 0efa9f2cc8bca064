"""Syncs that were asked for, and stopped ones on which owners decide."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from desk.audit.trail import Action, record
from desk.commands import slash
from desk.directory.cards import SYNC_DECIDED, SYNC_DONE, SYNC_STOPPED
from desk.errors import ConflictError, NotFoundError
from desk.identifiers import new_id
from desk.key_powers import require_owner_or
from desk.messages.outbox import list_cards, owners_conversations, refresh_card, send_note
from desk.people import is_reachable, name_of
from desk.permissions import Duty, has_duty, require_duty, require_insider, require_owner
from desk.transaction import Transaction
from storage.locks import lock_people
from storage.models import DirectorySync, Scope, SyncStatus
from storage.transitions import transition

_OPEN = (SyncStatus.STOPPED, SyncStatus.CONFIRMED, SyncStatus.CANCELLED)


def request_sync(tx: Transaction) -> DirectorySync:
    """Ask for a reading of Slack's whole directory; the job does it within a minute.

    For owners, for keys on all pages that manage people, and for who keeps the directory. Raises NotAllowedError.
    """
    lock_people(tx.session)
    if not has_duty(tx, Duty.DIRECTORY):
        require_owner_or(tx, Scope.USERS_WRITE)
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
    """A stopped sync is over: superseded, or applied. Its card says so, and who waits for it is told."""
    decider = [sync.decided_by] if sync.status == SyncStatus.CONFIRMED and sync.decided_by else []
    waiting = [] if sync.status == SyncStatus.CANCELLED else [*_list_waiting(tx, sync), *decider]
    transition(tx.session, sync, allowed=[sync.status], status=status, finished_at=tx.now)
    refresh_card(tx, SYNC_STOPPED, sync.id)
    _tell(tx, sync, waiting=waiting)
    if status == SyncStatus.APPLIED:
        record(tx, Action.SYNC_APPLIED, "sync", sync.id, decided_by=sync.decided_by)


def find_open_sync(tx: Transaction) -> DirectorySync | None:
    """The stopped sync that stands: it waits for an answer, or the answer was not carried out yet, or was no.

    Raises NotAllowedError for who may not look behind the public page.
    """
    require_insider(tx)
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
        raise NotFoundError("There is no such sync any more.", f"Use {slash('roles sync')} for a new one.")
    values = {"status": status, "decided_at": tx.now, "decided_by": str(tx.actor)}
    if not transition(tx.session, sync, allowed=allowed, version=version, **values):
        raise _decided_already(tx, sync)
    refresh_card(tx, SYNC_STOPPED, sync.id)
    # A yes is carried out by the next reading: who waits for the roles hears of that.
    others = [place for place in owners_conversations(tx) if place != tx.actor.user_id]
    _tell(tx, sync, owners=others, waiting=_list_waiting(tx, sync) if status == SyncStatus.CANCELLED else [])
    action = Action.SYNC_CONFIRMED if status == SyncStatus.CONFIRMED else Action.SYNC_CANCELLED
    record(tx, action, "sync", sync.id, fingerprint=sync.fingerprint)
    return sync


def _list_waiting(tx: Transaction, sync: DirectorySync) -> Sequence[str]:
    """Who asked for a reading that stopped with this sync, and waits for what becomes of it, as actors."""
    done = (DirectorySync.status == SyncStatus.DONE, DirectorySync.finished_at >= sync.created_at)
    asked = tx.session.scalars(select(DirectorySync).where(*done).order_by(DirectorySync.created_at)).all()
    return [each.created_by for each in asked if (each.plan or {}).get("stopped") == sync.id]


def _tell(tx: Transaction, sync: DirectorySync, *, waiting: Sequence[str], owners: Sequence[str] = ()) -> None:
    """Tell other owners, and the actors who wait, what became of a stopped sync: Slack rings for no edit."""
    people = [identity for kind, _, identity in (actor.partition(":") for actor in waiting) if kind == "member"]
    reached = [user_id for user_id in people if user_id != tx.actor.user_id and is_reachable(tx, user_id)]
    below = list_cards(tx, SYNC_STOPPED, sync.id)
    facts: dict[str, Any] = {"status": str(sync.status), "by": sync.decided_by}
    send_note(tx, SYNC_DECIDED, sync.id, [*owners, *reached], below=below, **facts)


def _decided_already(tx: Transaction, sync: DirectorySync) -> ConflictError:
    if sync.status == SyncStatus.SUPERSEDED:
        return ConflictError(
            "Slack or the roles have changed since this was shown.", f"Use {slash('roles sync')} to look anew."
        )
    what = "said to leave it as it is" if sync.status == SyncStatus.CANCELLED else "said to apply it"
    return ConflictError(
        f"{name_of(tx, sync.decided_by)} was first and {what}.", f"Use {slash('roles sync')} to look anew."
    )


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
    for sync in tx.session.scalars(select(DirectorySync).where(DirectorySync.id.in_(sync_ids))).all():
        ended: dict[str, Any] = {"status": SyncStatus.DONE, "finished_at": tx.now}
        if report.get("stopped_id"):
            # Whoever asked for this reading waits for what owners say to what it found.
            ended["plan"] = {"stopped": report["stopped_id"]}
        if not transition(tx.session, sync, allowed=[SyncStatus.REQUESTED], **ended):
            continue
        kind, _, user_id = sync.created_by.partition(":")
        if kind == "member" and sync.id != told:
            send_note(tx, SYNC_DONE, sync.id, [user_id], report=report)
