"""Incidents, maintenances, templates and drafts."""

from collections.abc import Sequence

from handlers.http.own.operation import Operation, Reach, reads, writes
from handlers.http.own.shapes import incidents
from handlers.http.own.shapes.base import Paged, Part

_PAGE = "pages/{page_id}"
_INCIDENT, _MAINTENANCE = f"{_PAGE}/incidents/{{incident_id}}", f"{_PAGE}/maintenances/{{incident_id}}"
OF_INCIDENTS: Sequence[Operation] = (
    reads(
        f"{_PAGE}/incidents",
        "Incidents and maintenances: what is open first, then what is planned and what is over.",
        Part[incidents.IncidentShown],
        "incidents",
        "incident list",
        "maintenance list",
        query=incidents.IncidentsAsked,
    ),
    reads(
        _INCIDENT, "Everything about one.", incidents.IncidentShown, "incidents", "incident show", "maintenance show"
    ),
    writes(
        f"{_PAGE}/incidents",
        "Tell people that something is wrong.",
        incidents.Posted,
        "incidents",
        "incident new",
        body=incidents.Opened,
        success=201,
    ),
    writes(
        f"{_PAGE}/incidents/backfill",
        "Write down one of the past; nobody is told.",
        incidents.Posted,
        "incidents",
        "incident backfill",
        body=incidents.Backfilled,
        success=201,
    ),
    writes(
        f"{_INCIDENT}/update", "Say more.", incidents.Posted, "incidents", "incident update", body=incidents.Updated
    ),
    writes(
        f"{_INCIDENT}/resolve",
        "End it, and bring its components back.",
        incidents.Posted,
        "incidents",
        "incident resolve",
        body=incidents.Spoken,
    ),
    writes(
        f"{_INCIDENT}/reopen",
        "Go on with one that was resolved too early.",
        incidents.Posted,
        "incidents",
        "incident reopen",
        body=incidents.Spoken,
    ),
    writes(
        f"{_INCIDENT}/postmortem",
        "Write down what happened, and publish it.",
        incidents.Posted,
        "incidents",
        "incident postmortem",
        body=incidents.PostmortemText,
    ),
    writes(
        f"{_INCIDENT}/take-back-postmortem",
        "Show the public postmortem no more; its text is kept.",
        incidents.IncidentShown,
        "incidents",
    ),
    writes(f"{_INCIDENT}/delete", "Remove it, with all that was said of it.", incidents.IncidentShown, "incidents"),
)
OF_MAINTENANCES: Sequence[Operation] = (
    writes(
        f"{_PAGE}/maintenances",
        "Announce a maintenance.",
        incidents.Posted,
        "maintenances",
        "maintenance schedule",
        body=incidents.Planned,
        success=201,
    ),
    writes(
        f"{_MAINTENANCE}/start",
        "Begin it now.",
        incidents.Posted,
        "maintenances",
        "maintenance start",
        body=incidents.Spoken,
    ),
    writes(
        f"{_MAINTENANCE}/update",
        "Say more about it.",
        incidents.Posted,
        "maintenances",
        "maintenance update",
        body=incidents.Updated,
    ),
    writes(
        f"{_MAINTENANCE}/complete",
        "End it, and bring its components back.",
        incidents.Posted,
        "maintenances",
        "maintenance complete",
        body=incidents.Spoken,
    ),
    writes(
        f"{_MAINTENANCE}/extend",
        "Say that it takes longer.",
        incidents.Posted,
        "maintenances",
        "maintenance extend",
        body=incidents.Moved,
    ),
    writes(
        f"{_MAINTENANCE}/reschedule",
        "Move it to another time; of one that goes on, its end.",
        incidents.Posted,
        "maintenances",
        "maintenance reschedule",
        body=incidents.Moved,
    ),
    writes(
        f"{_MAINTENANCE}/reopen",
        "Go on with one that was completed too early.",
        incidents.Posted,
        "maintenances",
        "maintenance reopen",
        body=incidents.Spoken,
    ),
    writes(
        f"{_MAINTENANCE}/cancel",
        "Call it off before it has begun.",
        incidents.Posted,
        "maintenances",
        "maintenance cancel",
        body=incidents.CalledOff,
    ),
)
OF_DRAFTS: Sequence[Operation] = (
    reads(
        f"{_PAGE}/templates",
        "Words kept for the next time.",
        Part[incidents.Template],
        "incidents",
        "incident template",
        "incident template list",
        query=Paged,
    ),
    reads(
        f"{_PAGE}/templates/{{template_id}}",
        "One template.",
        incidents.Template,
        "incidents",
        "incident template show",
    ),
    writes(
        f"{_PAGE}/templates",
        "Keep words for the next time.",
        incidents.Template,
        "incidents",
        "incident template new",
        body=incidents.TemplateWanted,
        success=201,
    ),
    writes(
        f"{_PAGE}/templates/{{template_id}}/change",
        "Change it; what is not said stays.",
        incidents.Template,
        "incidents",
        "incident template edit",
        body=incidents.TemplateChanged,
    ),
    writes(
        f"{_PAGE}/templates/{{template_id}}/delete",
        "Forget it.",
        incidents.Template,
        "incidents",
        "incident template delete",
    ),
    writes(
        f"{_INCIDENT}/save-as-template",
        "Keep what an incident first said, and its components.",
        incidents.Template,
        "incidents",
        "incident template save",
        body=incidents.SavedAs,
        success=201,
    ),
    reads(
        "drafts",
        "What the key has said and a person reads first.",
        Part[incidents.DraftShown],
        "incidents",
        "incident drafts",
        query=Paged,
    ),
    reads(
        "drafts/{draft_id}", "One of them, whatever became of it.", incidents.DraftShown, "incidents", reach=Reach.OWN
    ),
    writes(
        "drafts/{draft_id}/discard",
        "Throw one away.",
        incidents.DraftShown,
        "incidents",
        reach=Reach.OWN,
        besides=("maintenances",),
    ),
)
