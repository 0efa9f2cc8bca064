"""What a page's channel shows of an incident: the head message as things stand, and what was said below it."""

from datetime import timedelta

from desk.durations import in_words
from desk.incidents.announcements import (
    Delivery,
    DeliveryState,
)
from desk.incidents.drafts.drafts import find_draft
from desk.incidents.ended import states_at_end
from desk.incidents.inputs import ENDED
from desk.incidents.lookup import find_incident, list_updates
from desk.transaction import Transaction
from handlers.slack.deliveries.messages import reason_in_words
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.blocks import Block, Message, actions, button, context, section, when
from handlers.slack.incidents.lines import next_buttons, show_button, standing_text
from handlers.slack.incidents.progress import progress_blocks
from handlers.slack.incidents.text import (
    STATUS_WORDS,
    changes_text,
    find_public_link,
    list_named,
    name_text,
    names_text,
    on_page,
    plain_name,
    public_link,
    said_blocks,
    speaker,
    standing_of,
    states_text,
    status_text,
    status_words,
    titled,
)
from handlers.slack.markdown.to_slack import render_mrkdwn
from storage.models import (
    ComponentStatus,
    DraftKind,
    Incident,
    IncidentStatus,
    IncidentUpdate,
    SlackMessage,
)

_MOST_COMPONENTS = 8
_LATEST_WORDS = 1500
_CALM_WORDS = 300
_NOTIFIED_WORDS = 300
_SAID_WORDS = 2900


def render_head(tx: Transaction, card: SlackMessage) -> Message | None:
    """The head message of an incident: how it stands now, or that it is gone."""
    incident = find_incident(tx.session, card.subject_id)
    if incident is None:
        return _render_deleted(tx, card)
    latest = next(iter(list_updates(tx.session, [incident.id])), None)
    text = f"{status_words(tx, incident)}: {plain_name(incident.name)}"
    drawn = _calm(tx, incident, latest) if incident.status in ENDED else _busy(tx, incident, latest)
    drawn += progress_blocks(tx, incident)
    return Message(f"{text}{on_page(tx, incident.page_id)}", [*drawn, _buttons(tx, incident)])


def _render_deleted(tx: Transaction, card: SlackMessage) -> Message | None:
    if card.ts is None:
        return None
    name, page_id = str(card.facts.get("name") or "An incident"), str(card.facts.get("page_id") or "")
    where = on_page(tx, page_id)
    words = context(f":wastebasket: {name_text(name)}{where} was deleted. The page does not show it any more.")
    return Message(f"Deleted: {plain_name(name)}{where}", [words])


def _busy(tx: Transaction, incident: Incident, latest: IncidentUpdate | None) -> list[Block]:
    blocks = [section(f"{titled(tx, incident)}\n{standing_text(tx, incident)}")]
    named = list_named(tx, incident)
    if named and incident.status == IncidentStatus.SCHEDULED:
        # How they are before it begins has other reasons.
        blocks.append(section(f"Affects {names_text(named, most=_MOST_COMPONENTS)}"))
    elif named:
        blocks.append(section(states_text(named, most=_MOST_COMPONENTS)))
    if latest is not None:
        blocks += said_blocks(latest.body, limit=_LATEST_WORDS)
    return [*blocks, context(_last_said(tx, latest), public_link(tx, incident))]


def _calm(tx: Transaction, incident: Incident, latest: IncidentUpdate | None) -> list[Block]:
    ended = incident.resolved_at or incident.updated_at
    lasted = ended - incident.started_at
    after = ""
    if incident.scheduled_for is None and lasted >= timedelta(minutes=1):
        after = f", after {in_words(lasted)}"
    title = titled(tx, incident, sign=":white_check_mark:")
    lines = [f"{title}\n{status_words(tx, incident)} {when(ended)}{after}"]
    then = list_named(tx, incident, states_at_end(tx.session, incident))
    unwell = [one for one in then if one[1] != ComponentStatus.OPERATIONAL]
    if unwell:
        lines.append(f"Not operational when it ended:\n{states_text(unwell, most=_MOST_COMPONENTS)}")
    links = [public_link(tx, incident)]
    if incident.postmortem_published_at is not None:
        published = when(incident.postmortem_published_at)
        postmortem = find_public_link(tx, incident, "Postmortem", part="#postmortem") or "Postmortem"
        links.insert(0, f":memo: {postmortem}, published {published}")
    words = render_mrkdwn(latest.body, limit=_CALM_WORDS) if latest is not None else ""
    small = [words] if words.strip() else []
    return [section("\n".join(lines)), context(*small, _last_said(tx, latest), *links)]


def _last_said(tx: Transaction, latest: IncidentUpdate | None) -> str:
    if latest is None:
        return "Nothing was said yet."
    return f"Last update by {speaker(tx, latest.created_by)} {when(latest.created_at)}{_quietly(latest)}"


def _quietly(said: IncidentUpdate) -> str:
    return "" if said.deliver_notifications else ", quietly"


def _buttons(tx: Transaction, incident: Incident) -> Block:
    buttons = next_buttons(tx, incident)
    if incident.status in ENDED and incident.scheduled_for is None:
        value = value_of(incident.id, incident.version)
        buttons.append(button("Postmortem", ActionId.INCIDENT_POSTMORTEM, value))
    return actions(*buttons, show_button(incident), block_id=f"incident:{incident.id}")


def render_update(tx: Transaction, card: SlackMessage) -> Message | None:
    """One update in an incident's thread; nothing once its incident was deleted."""
    said = tx.session.get(IncidentUpdate, card.subject_id)
    incident = find_incident(tx.session, said.incident_id) if said is not None else None
    if said is None or incident is None:
        return None
    status = said_status(tx, incident, said)
    # Where the head message could not be posted, this is not in its thread.
    title = status if _has_head(tx, card) else f"{status} · {name_text(incident.name)}"
    blocks = [section(title), *said_blocks(said.body, limit=_SAID_WORDS)]
    if changes := changes_text(said.affected_components, most=_MOST_COMPONENTS):
        blocks.append(section(changes))
    corrected = f" · corrected {when(said.updated_at)}" if said.updated_at > said.created_at else ""
    blocks.append(context(f"{speaker(tx, said.created_by)} {when(said.created_at)}{_quietly(said)}{corrected}"))
    return Message(_notified(tx, incident, said), blocks)


def said_status(tx: Transaction, incident: Incident, said: IncidentUpdate) -> str:
    """The status that an update gave its incident."""
    return standing_of(tx, incident) if _ends(incident, said) else status_text(said.status)


def _ends(incident: Incident, said: IncidentUpdate) -> bool:
    return said.status in ENDED and said.status == incident.status


def _has_head(tx: Transaction, card: SlackMessage) -> bool:
    head = tx.session.get(SlackMessage, card.thread_of) if card.thread_of else None
    return head is not None and head.ts is not None


def _notified(tx: Transaction, incident: Incident, said: IncidentUpdate) -> str:
    # In one line: what stands behind other words is no quotation.
    lines = render_mrkdwn(said.body, limit=_NOTIFIED_WORDS).splitlines()
    words = " ".join(filter(None, (line.removeprefix(">").strip() for line in lines)))
    status = status_words(tx, incident) if _ends(incident, said) else STATUS_WORDS[IncidentStatus(said.status)]
    title = f"{plain_name(incident.name)}: {status}"
    return f"{title}. {words}" if words else title


def render_alone(tx: Transaction, card: SlackMessage) -> Message | None:
    """That somebody published without a second person; nothing once the incident was deleted."""
    incident = find_incident(tx.session, str(card.facts.get("incident_id") or ""))
    if incident is None:
        return None
    draft = find_draft(tx, card.subject_id)
    is_update = draft is not None and draft.kind == DraftKind.UPDATE
    deed = f"published {'an update of ' if is_update else ''}{name_text(incident.name)}"
    who = speaker(tx, str(card.facts.get("by") or ""))
    text = (
        f":rotating_light: {who} {deed} *without a second person*, because its impact is critical. "
        "Whoever else may publish: please read it now."
    )
    told = f"{who} published “{plain_name(incident.name)}” without a second person: please read it now"
    return Message(told, [section(text), context(public_link(tx, incident))])


def delivery_text(delivery: Delivery) -> str:
    """How far an announcement got, in a line of mrkdwn."""
    if delivery.state is DeliveryState.FAILED:
        what = "Its latest change did not reach Slack" if delivery.ts else "It could not be posted"
        return f":x: {what}. {reason_in_words(delivery.error)}"
    if delivery.state is DeliveryState.POSTED:
        where = f" in <#{delivery.channel_id}>" if delivery.channel_id.startswith(("C", "G")) else ""
        return f":white_check_mark: Posted{where}."
    what = "Its latest change waits to be shown" if delivery.ts else "Waits to be posted"
    again = " Slack did not take it yet; it is tried again." if delivery.error else ""
    return f":hourglass_flowing_sand: {what}.{again}"


def retry_button(delivery: Delivery) -> Block | None:
    """*Retry* for an announcement that failed; None for any other."""
    if delivery.state is not DeliveryState.FAILED:
        return None
    return button("Retry", ActionId.INCIDENT_RETRY, value_of(delivery.message_id))
