"""Every operation of the client that writes incidents, their updates, postmortems and templates, as JSON."""

import datetime
import json
import sys

import atlassian_statuspage as statuspage
from atlassian_statuspage.rest import ApiException

host, secret, page_id, component_id = sys.argv[1:]
configuration = statuspage.Configuration()
configuration.host = host
configuration.api_key["Authorization"] = secret
configuration.api_key_prefix["Authorization"] = "OAuth"
client = statuspage.ApiClient(configuration)
incidents, updates = statuspage.IncidentsApi(client), statuspage.IncidentUpdatesApi(client)
postmortems, templates = statuspage.IncidentPostmortemApi(client), statuspage.TemplatesApi(client)


def refused(call, *arguments):
    try:
        call(*arguments)
    except ApiException as error:
        return [error.status, json.loads(error.body)]


def shown(answer):
    return client.sanitize_for_serialization(answer)


new = statuspage.PostPagesPageIdIncidentsIncident(
    name="Slow",
    status="investigating",
    impact_override="minor",
    body="We look.",
    components={component_id: "partial_outage"},
    component_ids=[component_id],
    metadata={"jira": {"issue": "X-1"}},
    deliver_notifications=False,
)
made = incidents.post_pages_page_id_incidents(statuspage.PostPagesPageIdIncidents(incident=new), page_id)
begins = datetime.datetime(2031, 5, 6, 20, tzinfo=datetime.UTC)
plan = statuspage.PostPagesPageIdIncidentsIncident(
    name="New disks",
    scheduled_for=begins,
    scheduled_until=begins + datetime.timedelta(hours=2),
    scheduled_auto_in_progress=True,
)
planned = incidents.post_pages_page_id_incidents(statuspage.PostPagesPageIdIncidents(incident=plan), page_id)
change = statuspage.PatchPagesPageIdIncidentsIncident(status="identified", body="A cable.")
changed = incidents.patch_pages_page_id_incidents_incident_id(
    statuspage.PatchPagesPageIdIncidents(incident=change), page_id, made.id
)
end = statuspage.PatchPagesPageIdIncidentsIncident(status="resolved", components={component_id: "operational"})
ended = incidents.put_pages_page_id_incidents_incident_id(
    statuspage.PutPagesPageIdIncidents(incident=end), page_id, made.id
)
said = statuspage.PatchPagesPageIdIncidentsIncidentIdIncidentUpdatesIncidentUpdate(body="The cable.")
address = (page_id, made.id, changed.incident_updates[0].id)
corrected = updates.patch_pages_page_id_incidents_incident_id_incident_updates_incident_update_id(
    statuspage.PatchPagesPageIdIncidentsIncidentIdIncidentUpdates(incident_update=said), *address
)
replaced = updates.put_pages_page_id_incidents_incident_id_incident_updates_incident_update_id(
    statuspage.PutPagesPageIdIncidentsIncidentIdIncidentUpdates(incident_update=said), *address
)
words = statuspage.PutPagesPageIdIncidentsIncidentIdPostmortemPostmortem(body_draft="Why.")
written = postmortems.put_pages_page_id_incidents_incident_id_postmortem(
    statuspage.PutPagesPageIdIncidentsIncidentIdPostmortem(postmortem=words), page_id, made.id
)
loud = statuspage.PutPagesPageIdIncidentsIncidentIdPostmortemPublishPostmortem(notify_subscribers=False)
published = postmortems.put_pages_page_id_incidents_incident_id_postmortem_publish(
    statuspage.PutPagesPageIdIncidentsIncidentIdPostmortemPublish(postmortem=loud), page_id, made.id
)
read = postmortems.get_pages_page_id_incidents_incident_id_postmortem(page_id, made.id)
reverted = postmortems.put_pages_page_id_incidents_incident_id_postmortem_revert(page_id, made.id)
postmortems.delete_pages_page_id_incidents_incident_id_postmortem(page_id, made.id)
kept = statuspage.PostPagesPageIdIncidentTemplatesTemplate(
    name="slow", title="Slow", body="We look.", update_status="investigating", component_ids=[component_id]
)
template = templates.post_pages_page_id_incident_templates(
    statuspage.PostPagesPageIdIncidentTemplates(template=kept), page_id
)
wrong = {"incident": {"status": "broken"}}
found = {
    "made": made,
    "planned": planned,
    "changed": changed,
    "ended": ended,
    "corrected": corrected,
    "replaced": replaced,
    "written": written,
    "published": published,
    "read": read,
    "reverted": reverted,
    "template": template,
    "wrong": refused(incidents.post_pages_page_id_incidents, wrong, page_id),
    "deleted": incidents.delete_pages_page_id_incidents_incident_id(page_id, planned.id),
    "gone": refused(incidents.get_pages_page_id_incidents_incident_id, page_id, planned.id),
}
print(json.dumps({name: shown(answer) for name, answer in found.items()}))
