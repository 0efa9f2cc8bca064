"""Key requests in Slack: asked for, decided, collected."""

from collections.abc import Mapping
from functools import partial

from desk.requests import cards as request_cards
from handlers.slack.framework.action_ids import ActionId, CallbackId
from handlers.slack.framework.listeners import on_action, on_closed, on_options, on_submission
from handlers.slack.framework.messages import Renderer
from handlers.slack.framework.payloads import SlackContext
from handlers.slack.requests.actions import (
    press_approve,
    press_change,
    press_deny,
    press_withdraw,
    submit_change,
    submit_deny,
)
from handlers.slack.requests.collecting import close_window, press_collect, submit_stored
from handlers.slack.requests.commands import ask_by_command, press_ask, submit_request
from handlers.slack.requests.messages import (
    render_holder_named,
    render_my_request,
    render_my_ticket,
    render_not_opened,
    render_self_approval,
    render_void,
)
from handlers.slack.requests.owners_card import render_owners_card, render_reminder
from handlers.slack.requests.views import page_options

__all__ = ["RENDERERS", "ask_by_command", "register"]

RENDERERS: Mapping[str, Renderer] = {
    request_cards.REQUEST_CARD: render_owners_card,
    request_cards.REQUEST_REMINDER: render_reminder,
    request_cards.REQUEST_MINE: render_my_request,
    request_cards.REQUEST_SELF_APPROVED: render_self_approval,
    request_cards.HOLDER_NAMED: render_holder_named,
    request_cards.TICKET_MINE: render_my_ticket,
    request_cards.TICKET_VOID: render_void,
    request_cards.TICKET_NOT_OPENED: render_not_opened,
}


def register(slack: SlackContext) -> None:
    """Buttons and modals of requests and tickets. `/keys request` is `ask_by_command`."""
    on_action(slack, ActionId.REQUEST_OPEN, press_ask)
    on_options(slack, str(ActionId.REQUEST_PAGES), page_options)
    on_submission(slack, CallbackId.REQUEST_NEW, submit_request)
    on_action(slack, ActionId.REQUEST_APPROVE, press_approve)
    on_action(slack, ActionId.REQUEST_CHANGE, press_change)
    on_submission(slack, CallbackId.REQUEST_CHANGE, submit_change)
    on_action(slack, ActionId.REQUEST_DENY, press_deny)
    on_submission(slack, CallbackId.REQUEST_DENY, submit_deny)
    on_action(slack, ActionId.REQUEST_WITHDRAW, press_withdraw)
    under_way: set[str] = set()
    on_action(slack, ActionId.TICKET_COLLECT, partial(press_collect, under_way))
    on_submission(slack, CallbackId.TICKET_COLLECT, submit_stored)
    on_closed(slack, CallbackId.TICKET_COLLECT, close_window)
