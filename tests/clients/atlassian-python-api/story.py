"""Every call of the client's class StatusPage about what embedded pages have, each with what it gave."""

import json
import sys

from atlassian.statuspage import StatusPage
from requests import HTTPError

url, secret, page_id, organization_id = sys.argv[1:]
client = StatusPage(url=url, header={"Authorization": f"OAuth {secret}", "Content-Type": "application/json"})
found = {}


def step(name, call, /, *arguments, **options):
    """Call, and keep what came of it."""
    try:
        given = call(*arguments, **options)
    except HTTPError as error:
        found[name] = {"status": error.response.status_code, "said": str(error)}
        return None
    found[name] = {"answer": given}
    return given


step("pages", client.page_list_pages)
step("page", client.get_page, page_id)
step("page changed", client.page_update, page_id, {"page_description": "How Acme is doing"})
step("embed", client.page_get_embed_config_settings, page_id)
step("embed changed", client.page_update_embed_config_settings, page_id, {"position": "top-left"})
step("components", client.page_get_components, page_id)
made = step("component made", client.page_create_component, page_id, {"name": "Search", "status": "operational"})
step("component", client.page_get_component, page_id, made["id"])
step("component down", client.page_update_component, page_id, made["id"], {"status": "partial_outage"})
step("uptime", client.page_get_uptime_component, page_id, made["id"])
named = {"name": "Finding", "components": [made["id"]]}
group = step("group made", client.page_create_component_group, page_id, "All that finds", named)
step("groups", client.page_get_list_of_component_groups, page_id)
step("group", client.page_get_component_group, page_id, group["id"])
renamed = named | {"name": "Finding things"}
step("group renamed", client.page_update_component_group, page_id, group["id"], "All of it", renamed)
step("group uptime", client.page_get_uptime_for_component_group, page_id, group["id"])
template = {"name": "Slow", "title": "Search is slow", "body": "We are looking.", "update_status": "investigating"}
step("template made", client.page_create_template, page_id, template)
step("templates", client.page_get_templates, page_id)
new = {"name": "Search is slow", "body": "We are looking.", "components": {made["id"]: "major_outage"}}
incident = step("incident made", client.page_create_incident, page_id, new)
change = {"status": "monitoring", "body": "An index was missing.", "components": {made["id"]: "operational"}}
updated = step("incident updated", client.page_update_incident, page_id, incident["id"], change)
step("incident", client.page_get_incident, page_id, incident["id"])
step("incidents", client.page_list_incidents, page_id, "slow")
step("unresolved", client.page_list_unresolved_incidents, page_id)
step("scheduled", client.page_list_scheduled_incidents, page_id)
step("upcoming", client.page_list_upcoming_incidents, page_id)
step("active", client.page_list_active_maintenances, page_id)
said = updated["incident_updates"][0]["id"]
corrected = {"body": "An index is missing."}
step("update corrected", client.page_update_incident_updates, page_id, incident["id"], said, corrected)
step("incident resolved", client.page_update_incident, page_id, incident["id"], {"status": "resolved"})
step("postmortem written", client.page_create_postmortem, page_id, incident["id"], "An index was missing.")
step("postmortem published", client.page_publish_postmortem, page_id, incident["id"], {"notify_subscribers": False})
step("postmortem", client.page_get_postmortem, page_id, incident["id"])
step("postmortem taken back", client.page_revert_postmortem, page_id, incident["id"])
step("postmortem deleted", client.page_delete_postmortem, page_id, incident["id"])
step("incident deleted", client.page_delete_incident, page_id, incident["id"])
step("group deleted", client.page_delete_component_group, page_id, group["id"])
step("component deleted", client.page_delete_component, page_id, made["id"])
step("component gone", client.page_get_component, page_id, made["id"])
users = step("users", client.organization_get_users, organization_id)
step("permissions", client.organization_get_user_permissions, organization_id, users[0]["id"] if users else "x")
step("subscribers", client.page_get_subscribers, page_id)
step("metrics", client.page_get_list_of_metrics, page_id)
print(json.dumps(found, default=str))
