"""`/keys import`: an owner lets a key that somebody holds already work here too.

The value is in the form's state alone: in no metadata, message or log, and nothing that is answered repeats it.
"""

from collections.abc import Mapping

from desk.commands import slash
from desk.foreign_secrets import LONGEST
from desk.pages.pages import list_pages
from desk.permissions import require_owner
from desk.requests.held_keys import HeldKey, list_importable
from desk.requests.importing import ImportedKey, import_keys
from desk.requests.offers import policy_here
from desk.transaction import Transaction
from handlers.slack.directory.emails import find_people
from handlers.slack.framework.action_ids import CallbackId
from handlers.slack.framework.blocks import (
    Block,
    Message,
    context,
    day,
    escape,
    input_block,
    mention,
    modal,
    section,
    text_input,
)
from handlers.slack.framework.copies import age_of_copies
from handlers.slack.framework.modals import open_modal
from handlers.slack.framework.payloads import UNTOLD, Answer, SlackContext, SlashCommand, ViewSubmission
from handlers.slack.requests.inputs import (
    ALL_PAGES,
    days_input,
    pages_select,
    read_days,
    read_pages,
    read_scopes,
    scope_inputs,
)
from handlers.slack.requests.text import name_in_words, pages_in_words, scopes_in_words
from storage.models import Scope


async def import_by_command(slack: SlackContext, command: SlashCommand, line: str) -> Message | None:
    """The form; for what was typed behind the command, only what to do now."""
    view = await slack.desk.read(command.actor, render_import_modal)
    if line:
        text = f"Nothing was imported: type {slash('keys import')} alone, and a form asks for everything"
        kept = "Slack keeps what is typed in a command. If that was a key's value, have that key replaced."
        return Message(text, [section(f":warning: {text}."), context(kept)])
    await open_modal(slack, command.trigger_id, view)
    return None


def render_import_modal(tx: Transaction) -> Block:
    """The form. Raises NotAllowedError for anybody but owners."""
    require_owner(tx)
    days, maximum = tx.policy.default_lifetime.days, tx.policy.maximum_lifetime.days
    pages = list_pages(tx.session)
    looked_up = "Without anybody, whoever has the address." if tx.policy.match_emails else "Without anybody, owners."
    blocks = [
        input_block(
            "Its value",
            text_input(max_length=LONGEST),
            block_id=UNTOLD,
            hint="What stands behind “OAuth” where it is used. Keydesk keeps a digest of it and shows it nowhere.",
        ),
        input_block(
            "E-mail address of whoever had it",
            {"type": "email_text_input", "action_id": "value"},
            block_id="email",
            hint="The key is named after it: “Key migrated from …”.",
        ),
        input_block("Pages", pages_select(pages, chosen=None, all_pages=True), block_id="pages"),
        *age_of_copies(tx, pages),
        *scope_inputs(
            list_importable(policy_here(tx)),
            chosen=(Scope.READ,),
            hint="At Statuspage it may everything. The less it may here, the less whoever finds it can do.",
        ),
        input_block("Lifetime in days", days_input(days, maximum), block_id="lifetime_days", hint="From today."),
        input_block(
            "Who answers for it?",
            {"type": "users_select", "action_id": "value"},
            block_id="holder",
            hint=looked_up,
            optional=True,
        ),
    ]
    return modal("Import a key", blocks, callback_id=CallbackId.KEY_IMPORT, submit="Import", close="Cancel")


async def submit_import(slack: SlackContext, submission: ViewSubmission) -> Answer:
    """The filled-in form becomes a key at once, of which all owners hear."""
    holder = submission.choice("holder") or ""
    if holder:
        await slack.ensure_known(slack.client, slack.desk, holder)
    pages = read_pages(submission)
    row = HeldKey(
        key=submission.text(UNTOLD),
        email=submission.text("email"),
        scopes=tuple(read_scopes(submission)),
        pages=(ALL_PAGES,) if pages is None else pages,
        lifetime_days=read_days(submission),
        holder=holder,
    )
    await slack.desk.read(submission.actor, require_owner)
    people: Mapping[str, str] = {}
    if slack.desk.policy.match_emails and not holder:
        people = await find_people(slack.client, slack.desk, [row.email])

    def work(tx: Transaction) -> Message:
        [imported] = import_keys(tx, [row], people)
        return _done(tx, imported)

    return Answer(message=await slack.desk.write(submission.actor, work))


def _done(tx: Transaction, imported: ImportedKey) -> Message:
    key = imported.key
    answers = f"{mention(key.holder_id)} answers for it" if key.holder_id else "Owners answer for it"
    why = f", as {imported.why_nobody}" if imported.why_nobody else ""
    text = (
        f":inbox_tray: {name_in_words(key.name)} works from now on, until {day(key.expires_at)}. {answers}{why}. "
        f"`{slash(f'keys show {key.id}')}` shows it, and when it was used."
    )
    may = f"It may, on {pages_in_words(tx, key.pages)}:\n{scopes_in_words(key.scopes)}"
    there = "At Statuspage it goes on working too, with every right, until it is deleted there."
    return Message(f"“{escape(key.name)}” works from now on", [section(text), section(may), context(there)])
