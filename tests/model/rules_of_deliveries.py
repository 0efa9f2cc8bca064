"""A channel that takes no messages for a while: what dies on the way, and what owners do about it."""

from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from desk.messages.dead_letters import drop_delivery, retry_delivery
from storage.models import Delivery, DeliveryStatus
from tests.model.house import CHANNEL, House, owners_mostly

_DEEDS = {"retry": retry_delivery, "drop": drop_delivery}


class RulesOfDeliveries(RuleBasedStateMachine):
    """Announcements die, are told of to owners, and are retried or dropped."""

    house: House

    @rule(is_archived=st.booleans())
    def archive(self, is_archived: bool) -> None:
        """The page's channel is archived, or taken out of the archive."""
        self.house.screens.archived = frozenset({CHANNEL} if is_archived else ())

    @rule(data=st.data(), who=owners_mostly, deed=st.sampled_from(["retry", "retry", "drop"]))
    def settle_dead_letter(self, data: st.DataObject, who: str, deed: str) -> None:
        """Somebody presses *Retry* or *Drop*."""
        letter = self.house.any(data, Delivery, Delivery.status == DeliveryStatus.DEAD)
        if letter is not None:
            self.house.act(who, partial(_DEEDS[deed], subject=letter.subject))
