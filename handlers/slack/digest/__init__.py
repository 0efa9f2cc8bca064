"""The digest: shown on request, sent each week, turned page by page."""

from desk.digest.sent import CARD
from desk.messages.readers import is_for_owner
from handlers.slack.digest.actions import render_card, show_all, turn_page
from handlers.slack.framework.action_ids import ActionId
from handlers.slack.framework.areas import Area

AREA = Area(
    # Those on its lines belong to keys.
    actions=[
        (ActionId.DIGEST_PAGE, show_all),
        (ActionId.DIGEST_PREVIOUS, turn_page),
        (ActionId.DIGEST_NEXT, turn_page),
    ],
    messages=[(CARD, render_card)],
    readers=[(CARD, is_for_owner)],
)
