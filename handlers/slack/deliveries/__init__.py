"""Messages that could not be delivered, and changes of which nobody knew."""

from desk.messages.channels import CHANNEL_TROUBLE
from desk.messages.dead_letters import DEAD_LETTER
from desk.messages.outcomes import OUTCOME
from desk.messages.readers import is_for_owner
from handlers.slack.deliveries.actions import drop, retry
from handlers.slack.deliveries.messages import render_channel_trouble, render_dead_letter, render_outcome
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.areas import Area

AREA = Area(
    actions=[(ActionId.DELIVERY_RETRY, retry), (ActionId.DELIVERY_DROP, drop)],
    messages=[
        (DEAD_LETTER, render_dead_letter),
        (CHANNEL_TROUBLE, render_channel_trouble),
        (OUTCOME, render_outcome),
    ],
    readers=[(DEAD_LETTER, is_for_owner), (CHANNEL_TROUBLE, is_for_owner)],
)
