"""Pages and components in Slack: `/page`, its lists and forms."""

from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.areas import Area
from handlers.slack.pages import actions, inputs
from handlers.slack.pages.commands import PAGES

AREA = Area(
    commands=[PAGES],
    actions=[
        (ActionId.PAGE_OPEN, actions.open_page),
        (ActionId.PAGE_PREVIOUS, actions.open_page),
        (ActionId.PAGE_NEXT, actions.open_page),
        (ActionId.PAGE_RETIRED, actions.open_retired),
        (ActionId.PAGE_RETIRED_NEXT, actions.open_retired),
        (ActionId.PAGE_TEXTS, actions.open_texts),
        (ActionId.PAGE_LOOK, actions.open_look),
        (ActionId.PAGE_POLICY, actions.open_policy),
        (ActionId.COMPONENT_NEW, actions.new_component),
        (ActionId.COMPONENT_GROUP_NEW, actions.new_group),
        (ActionId.COMPONENT_CHANGE, actions.change_component),
        (ActionId.COMPONENT_RETIRE, actions.retire),
        (ActionId.COMPONENT_RESTORE, actions.restore),
    ],
    views=[
        (CallbackId.COMPONENT, actions.submit_component),
        (CallbackId.COMPONENT_GROUP, actions.submit_group),
        (CallbackId.PAGE_SETTINGS, actions.submit_settings),
    ],
    options=[(ActionId.PAGE_GROUP, inputs.offer_groups), (ActionId.PAGE_MEMBERS, inputs.offer_members)],
)
