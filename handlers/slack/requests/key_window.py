"""The window in which a key is shown once. The only place that draws a secret."""

from desk.secret import Secret
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import Block, Message, context, day, escape, fields, mention, modal, section
from handlers.slack.requests.text import name_in_words, reach_in_words, scopes_in_words
from storage.models import ApiKey, Scope

_TITLE = "Your API key"
_LISTS_PAGES = {Scope.READ, Scope.PAGE_CONFIGURATION_WRITE}


def render_preparing_window() -> Block:
    """What is shown until the key is there."""
    return modal(
        _TITLE,
        [
            section(":hourglass_flowing_sand: Preparing your key…"),
            context(
                "If nothing more appears within ten seconds, close this window and press *Collect my key* again."
            ),
        ],
        callback_id=CallbackId.TICKET_COLLECT,
    )


def render_key_window(tx: Transaction, key: ApiKey, secret: Secret) -> Block:
    """The key, once: the secret, a call that uses it, and what it may do."""
    reach = fields(
        [
            ("It may", scopes_in_words(key.scopes)),
            *reach_in_words(tx, key),
            ("Works until", day(key.expires_at)),
            ("Answers for it", mention(key.holder_id)),
        ]
    )
    path = "/v1/pages" if _LISTS_PAGES & set(key.scopes) else "/keydesk/v1/me"
    # Last, so that nothing that might fail has the plaintext at hand.
    plaintext = secret.reveal()
    call = f'curl -H "Authorization: OAuth {plaintext}" {tx.policy.base_url}{path}'
    return modal(
        _TITLE,
        [
            section(
                f":key: {name_in_words(key.name)} is ready. *This is the only time that it is shown.* "
                "Copy it now to where it is needed: nobody, not even an owner, can show it again."
            ),
            section(f"```{plaintext}```"),
            section(f"Try it:\n```{escape(call)}```"),
            reach,
            context("Keep it in a secret store, never in a message or in code. Every use of it is recorded."),
        ],
        callback_id=CallbackId.TICKET_COLLECT,
        submit="I have stored it",
        private_metadata=key.id,
        notify_on_close=True,
    )


def void_message() -> Message:
    """A key could not be shown; anything that was seen of it is void."""
    text = ":warning: It is not certain that your key reached your screen, so *it is void*: whatever was shown of it"
    return Message(
        "Your key is void",
        [section(f"{text} does not work. Close this window and press *Collect my key* again.")],
    )


def render_void_window() -> Block:
    """The window after something went wrong with a key that was made."""
    return render_failure_window(void_message())


def render_failure_window(message: Message) -> Block:
    """The window when there is no key to show, and why."""
    return modal(_TITLE, message.blocks, callback_id=CallbackId.NOTICE)
