"""What people have before their eyes: every message drawn when it leaves, as the delivery worker draws it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlalchemy import select, update

from desk.incidents.announcements import UPDATE_CARD
from desk.messages.dead_letters import bury
from desk.messages.readers import close_copy
from desk.transaction import Actor, Desk, JobName, Transaction
from handlers.slack.app import all_renderers
from handlers.slack.framework.blocks import Message
from handlers.slack.framework.messages import Renderer
from storage.models import ApiKey, Channel, Delivery, DeliveryStatus, KeyStatus, SlackMessage, Ticket
from storage.outbox import Claim
from storage.slack_messages import Place, keep_place
from tests.clock import HeldClock

DELIVERY = Actor.job(JobName.DELIVERY)


@dataclass(slots=True)
class Screen:
    """A message in Slack."""

    id: str
    kind: str
    subject: str
    conversation: str
    posted_at: datetime
    drawn_at: datetime
    message: Message

    @property
    def words(self) -> str:
        """All that can be read on it."""
        return f"{self.message.text} {self.message.blocks}"


AS_OF_ITS_DRAWING: Mapping[str, str] = {
    "digest.card": "how keys are used, and an earlier digest stays what it was",
    "draft.mine": "who may publish it",
    "draft.review": "what else is planned for that time",
}
"""Cards that show something of their surroundings besides their subject, and what: that is as it was when they were
drawn, is drawn anew with whatever happens to the subject, and is looked at again when somebody presses."""
_USES = re.compile(r"([Nn]ever|[Ll]ast) used[^;\n]*")
_SPEAKERS = re.compile(r"API key (\*[^*]*\*|“[^”]*”)")
_AS_OF_ITS_DRAWING = ("*Notice*", "Nothing unusual", "ollected")
"""Parts of a request's cards that are as of their drawing, too: which keys are like it, and, once its key was
collected, what became of that."""


def _readable(message: Message) -> object:
    """What people read. The values of buttons are not: a press is judged by what is so then."""

    def strip(part: object) -> object:
        if isinstance(part, str):
            # A use is noted every second, and brings no card up to date. What a key was called that spoke, it was.
            return _SPEAKERS.sub("", _USES.sub("", part))
        if isinstance(part, dict):
            return {name: strip(value) for name, value in part.items() if name not in {"value", "block_id"}}
        return [strip(one) for one in part] if isinstance(part, list) else part

    follows = [block for block in message.blocks if not any(part in str(block) for part in _AS_OF_ITS_DRAWING)]
    return message.text, strip(follows)


def _note(tx: Transaction, subject: str, drawn: Screen | None) -> None:
    """Note what the worker notes when Slack has taken a message, or there was nothing to say."""
    of_subject = (Delivery.subject == subject, Delivery.status == DeliveryStatus.PENDING)
    tx.session.execute(update(Delivery).where(*of_subject).values(status=DeliveryStatus.SENT, sent_at=tx.now))
    if drawn is None:
        return
    keep_place(tx.session, subject, Place(drawn.conversation, subject), won=True)
    if drawn.message.closes:
        close_copy(tx, subject)


def _bury(tx: Transaction, subject: str, drawn: Screen) -> None:
    """Give up what waits of a message, as the worker does where Slack refuses it for good."""
    rows = tx.session.scalars(
        select(Delivery).where(Delivery.subject == subject, Delivery.status == DeliveryStatus.PENDING)
    ).all()
    for row in rows:
        row.status, row.claimed_by, row.attempts, row.lease_until = DeliveryStatus.SENDING, "w", 1, tx.now
        tx.session.flush()
        claim = Claim(
            delivery_id=row.id,
            organization_id=row.organization_id,
            channel=Channel.SLACK,
            lane=row.lane,
            subject=subject,
            payload=row.payload,
            worker="w",
            attempts=1,
            lease_until=tx.now,
            first_tried_at=None,
            uncertain_since=None,
        )
        assert bury(tx, claim, error="is_archived", what=drawn.message.text, uncertain=False)


@dataclass(slots=True)
class Screens:
    """Slack, as it looks to everybody. `rings` are the new messages, in order: those that notify somebody."""

    shown: dict[str, Screen] = field(default_factory=dict)
    rings: list[Screen] = field(default_factory=list)
    archived: frozenset[str] = frozenset()
    """Places that take no messages: what is for them dies."""
    renderers: Mapping[str, Renderer] = field(default_factory=all_renderers)

    def deliver(self, desk: Desk, look: Callable[[Screen], None]) -> None:
        """Draw whatever waits, in order, and let `look` judge each drawing; what that causes is drawn as well."""
        waiting = select(Delivery.subject, Delivery.lane).where(Delivery.status == DeliveryStatus.PENDING)
        while True:
            with desk.database.read() as session:
                rows = session.execute(waiting.order_by(Delivery.id)).all()
            if not rows:
                return
            for subject, lane in dict.fromkeys(map(tuple, rows)):
                drawn = self._draw(desk, subject)
                if lane in self.archived and drawn is not None:
                    desk.write_now(DELIVERY, partial(_bury, subject=subject, drawn=drawn))
                    continue
                desk.write_now(DELIVERY, partial(_note, subject=subject, drawn=drawn))
                if drawn is not None:
                    self._show(drawn)
                    look(drawn)

    def _show(self, drawn: Screen) -> None:
        known = self.shown.get(drawn.id)
        if known is None:
            self.rings.append(drawn)
        else:
            drawn.posted_at = known.posted_at
        self.shown[drawn.id] = drawn

    def _draw(self, desk: Desk, message_id: str) -> Screen | None:
        def draw(tx: Transaction) -> Screen | None:
            row = tx.session.get_one(SlackMessage, message_id)
            message = self.renderers[row.kind](tx, row)
            if message is None:
                return None
            return Screen(row.id, row.kind, row.subject_id, row.conversation, tx.now, tx.now, message)

        return desk.read_now(DELIVERY, draw)

    def list_stale(self, desk: Desk) -> Sequence[tuple[Screen, Message | None]]:
        """The cards that would look different had they been drawn at the same instant from what the database says
        now: something that they show has changed, or their reader may not see them any more, and nothing brought
        them up to date."""
        stale = []
        given_up = (DeliveryStatus.DEAD, DeliveryStatus.DROPPED)
        with desk.database.read() as session:
            lost = set(session.scalars(select(Delivery.subject).where(Delivery.status.in_(given_up))))
            # Whether a secret arrived is said within seconds of its window.
            unsaid = (ApiKey.revealed_at.is_(None), ApiKey.voided_at.is_(None), ApiKey.status != KeyStatus.REVOKED)
            of_windows = (
                select(Ticket.id, Ticket.request_id).join(ApiKey, ApiKey.ticket_id == Ticket.id).where(*unsaid)
            )
            open_windows = {subject for row in session.execute(of_windows) for subject in row}
        for screen in self.shown.values():
            if screen.message.closes or screen.id in lost or screen.subject in open_windows:
                continue
            then = replace(desk, clock=HeldClock(screen.drawn_at))
            again = self._draw(then, screen.id)
            closes = again is not None and again.message.closes
            # A note was said once, and so was what a later card has taken the place of.
            is_said = ":" in screen.subject or screen.kind in AS_OF_ITS_DRAWING
            # What was said of an incident that is deleted stands below a head which says so.
            is_said |= again is None and screen.kind == UPDATE_CARD
            if not closes and is_said:
                continue
            if again is None or _readable(again.message) != _readable(screen.message):
                stale.append((screen, again.message if again else None))
        return stale
