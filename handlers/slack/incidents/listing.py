"""`/incident list`: what is open, what is planned, what was, and drafts; a part at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from desk.errors import InvalidInputError
from desk.incidents.drafts.drafts import discard_draft
from desk.incidents.drafts.forgotten import IN_HAND, discard_all
from desk.incidents.listing import (
    IncidentFilter,
    IncidentListView,
    IncidentPart,
    list_drafts,
    list_incidents,
    require_reader,
)
from desk.pages.pages import get_page_by_word
from desk.transaction import Transaction
from handlers.slack.framework.action_ids import ActionId, CallbackId, number_in
from handlers.slack.framework.blocks import (
    MAX_MESSAGE_TEXT,
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    divider,
    escape,
    modal,
    plain,
    section,
    text_length,
)
from handlers.slack.framework.command_line import Word, as_written, cut
from handlers.slack.framework.messages import list_text
from handlers.slack.framework.modals import show_modal
from handlers.slack.framework.payloads import BlockAction, SlackContext, SlashCommand
from handlers.slack.incidents.drafts.text import plain_subject
from handlers.slack.incidents.lines import draft_block, draft_blocks, incident_blocks
from handlers.slack.incidents.text import plain_standing

_MESSAGE_INCIDENTS = 8
_MOST_DRAFTS = 8
_LONGEST_WORDS = 300
_VIEWS = {view.value: view for view in IncidentListView}
_DRAFTS = frozenset({"draft", "drafts"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was typed, looked up: which incidents, and whether they or the drafts are wanted."""

    wanted: IncidentFilter
    words: str
    only_drafts: bool = False


async def list_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/incident list [open|all|drafts|on PAGE|text]`."""
    return await slack.desk.read(command.actor, lambda tx: list_message(tx, 0, rest))


async def drafts_command(slack: SlackContext, command: SlashCommand, rest: str) -> Message:
    """`/incident drafts`: those that wait for the person, and their own."""
    return await slack.desk.read(command.actor, lambda tx: list_message(tx, 0, f"drafts {rest}"))


async def press_list(slack: SlackContext, action: BlockAction) -> Message | None:
    """A list, or another part of it: in place of a message of the person's own, else in a modal."""
    offset, words = _read_value(action.value)
    message = await slack.desk.read(action.actor, lambda tx: list_message(tx, offset, words))
    if action.view is None:
        return message
    await show_modal(slack, action, modal("Incidents", message.blocks, callback_id=CallbackId.INCIDENTS_LIST))
    return None


async def press_discard(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Discard* in the list of drafts: the list without it."""
    return await _redraw(slack, action, partial(discard_draft, draft_id=action.subject))


async def press_discard_all(slack: SlackContext, action: BlockAction) -> Message | None:
    """*Discard all* that the person has in hand: the list of what is left."""
    return await _redraw(slack, action, discard_all)


async def _redraw(
    slack: SlackContext, action: BlockAction, discard: Callable[[Transaction], object]
) -> Message | None:
    def work(tx: Transaction) -> Message:
        discard(tx)
        return _drafts_message(tx)

    message = await slack.desk.write(action.actor, work)
    if action.view is None:
        return message
    await show_modal(slack, action, modal("Drafts", message.blocks, callback_id=CallbackId.INCIDENTS_LIST))
    return None


def list_message(tx: Transaction, offset: int, words: str) -> Message:
    """A part of the list that the words ask for. Raises NotAllowedError, InvalidInputError."""
    require_reader(tx)
    asked = _read_words(tx, words)
    if asked.only_drafts:
        return _drafts_message(tx)
    part = list_incidents(tx, asked.wanted, offset=offset, limit=_MESSAGE_INCIDENTS)
    lines = [incident_blocks(tx, listed, place="incidents") for listed in part.listed]
    drafts = [] if part.total and part.offset else _drafts(tx)
    blocks = _list_blocks(part, asked, lines, drafts)
    while text_length(blocks) > MAX_MESSAGE_TEXT and len(part.listed) > 1:
        part = replace(part, listed=part.listed[:-1])
        blocks = _list_blocks(part, asked, lines, drafts)
    listed = [plain_standing(tx, each.incident) for each in part.listed]
    text = list_text(f"{_counted(part, asked)}{_narrowed(asked)}", listed) if listed else _empty_words(asked)
    return Message(text, blocks, replaces=True)


def list_value(offset: int = 0, words: str = "") -> str:
    """The value of a button that shows a part of a list."""
    return f"{offset} {words[:_LONGEST_WORDS]}".strip()


def _read_value(value: str) -> tuple[int, str]:
    offset, _, words = value.partition(" ")
    return number_in(offset) or 0, words


def _read_words(tx: Transaction, words: str) -> _Asked:
    view, page_id, only_drafts = None, None, False
    text: list[str] = []
    typed = cut(words)
    while typed:
        word = typed.pop(0)
        bare = word.text.lower() if word.kind == "word" else ""
        if bare in _VIEWS:
            view = view or _VIEWS[bare]
        elif bare in _DRAFTS:
            only_drafts = True
        elif bare == "on" and typed:
            page_id = get_page_by_word(tx.session, typed.pop(0).text).id
        elif word.kind == "pair" and word.key == "page":
            page_id = get_page_by_word(tx.session, word.text).id
        else:
            text.append(_as_typed(word))
    # Who looks for words looks for the past, too.
    wanted = view or (IncidentListView.ALL if text else IncidentListView.OPEN)
    return _Asked(IncidentFilter(view=wanted, page_id=page_id, text=" ".join(text)), words, only_drafts)


def _as_typed(word: Word) -> str:
    if word.kind in {"user", "group"}:
        raise InvalidInputError("Lists of incidents are not by person.", "Narrow them by words of the name.")
    return word.as_typed


def _list_blocks(
    part: IncidentPart, asked: _Asked, lines: Sequence[list[Block]], drafts: Sequence[Block]
) -> list[Block]:
    """The list as far as `part` goes; `lines` has the blocks of each of its incidents, and may have more."""
    if not part.total:
        return [section(_empty_words(asked)), *drafts, *_turns(part, asked)]
    blocks: list[Block] = [section(f"*{_counted(part, asked)}*{_narrowed(asked)}")]
    for line in lines[: len(part.listed)]:
        blocks += [divider(), *line]
    return [*blocks, *drafts, *_turns(part, asked)]


def _drafts(tx: Transaction) -> list[Block]:
    drafts = list_drafts(tx)
    listed = [*drafts.waiting, *drafts.own]
    if not listed:
        return []
    more = len(listed) - _MOST_DRAFTS
    shown = [draft_block(tx, each) for each in listed[:_MOST_DRAFTS]]
    return [divider(), section("*Drafts*"), *shown, *([context(f"…and {more} more")] if more > 0 else [])]


def _drafts_message(tx: Transaction) -> Message:
    """`/incident drafts`: what waits for the person, and what is theirs, with its first words and *Discard*."""
    drafts = list_drafts(tx)
    listed = [*drafts.waiting, *drafts.own]
    if not listed:
        text = "No draft waits for you, and none of yours is unpublished."
        return Message(text, [section(text)], replaces=True)
    blocks: list[Block] = [section("*Drafts*")]
    for each in listed[:_MOST_DRAFTS]:
        blocks += draft_blocks(tx, each)
    if len(listed) > _MOST_DRAFTS:
        blocks.append(context(f"…and {len(listed) - _MOST_DRAFTS} more"))
    in_hand = sum(each.draft.status in IN_HAND for each in drafts.own)
    if in_hand > 1:
        what = f"{in_hand} drafts of yours, none of them public."
        sure = confirm("Throw them all away?", what, "Discard", danger=True)
        every = button(f"Discard all {in_hand} of mine", ActionId.DRAFT_DISCARD_ALL, "all", style="danger", ask=sure)
        blocks += [divider(), actions(every, block_id="drafts.all")]
    subjects = [plain_subject(tx, each.draft) for each in listed]
    return Message(
        list_text(f"{len(listed)} drafts" if len(listed) > 1 else "One draft", subjects), blocks, replaces=True
    )


def _turns(part: IncidentPart, asked: _Asked) -> list[Block]:
    turns = []
    if part.offset > 0:
        back = list_value(max(0, part.offset - _MESSAGE_INCIDENTS), asked.words)
        turns.append(button("‹ Previous", ActionId.INCIDENTS_PREVIOUS, back))
    after = part.offset + len(part.listed)
    if after < part.total:
        turns.append(button("Next ›", ActionId.INCIDENTS_NEXT, list_value(after, asked.words)))
    if asked.wanted.view is IncidentListView.OPEN:
        turns.append(button("Past ones, too", ActionId.INCIDENT_LIST, list_value(0, f"all {asked.words}")))
    return [actions(*turns, block_id="incidents.turn")] if turns else []


def _counted(part: IncidentPart, asked: _Asked) -> str:
    kind = "open or planned" if asked.wanted.view is IncidentListView.OPEN else "in all"
    if len(part.listed) == part.total:
        return f"{part.total} {kind}"
    return f"{part.offset + 1} to {part.offset + len(part.listed)} of {part.total} {kind}"


def _narrowed(asked: _Asked) -> str:
    words = plain(as_written(asked.words).replace("`", ""), limit=100)
    return f" matching `{escape(words)}`" if words else ""


def _empty_words(asked: _Asked) -> str:
    if asked.wanted.text or asked.wanted.view is IncidentListView.ALL:
        return f"No incident or maintenance{_narrowed(asked)}."
    return f":white_check_mark: Nothing is open and no maintenance is planned{_narrowed(asked)}."
