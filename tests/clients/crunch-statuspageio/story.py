"""Every call of the client that a page, its components, incidents and users answer, each with what it gave."""

import json
import sys

import statuspageio
from statuspageio.errors import BaseError

url, secret, page_id, organization_id = sys.argv[1:]
client = statuspageio.Client(api_key=secret, page_id=page_id, organization_id=organization_id, base_url=url)
found = {}


def step(name, call, /, *arguments, **options):
    """Call, and keep what came of it."""
    try:
        given = call(*arguments, **options)
    except BaseError as error:
        found[name] = {"error": type(error).__name__, "said": [str(one) for one in error.args]}
        return None
    found[name] = {"answer": given}
    return given


step("page", client.pages.get)
step("page renamed", client.pages.update, name="Acme Status", time_zone="Europe/Zurich")
step("components", client.components.list)
made = step("component made", client.components.create, name="Search", description="Finds things", showcase=True)
step("component", client.components.get, made["id"])
step("component down", client.components.update, made["id"], status="major_outage")
step("component said nothing of", client.components.update, made["id"], status="", description="Finds things fast")
group = step("group made", client.component_groups.create, "Finding", [made["id"]], "All that finds")
step("groups", client.component_groups.list)
incident = step(
    "incident made",
    client.incidents.create,
    name="Search is slow",
    status="investigating",
    body="We are looking.",
    component_ids=[made["id"]],
    metadata={"jira": {"issue": "OPS-1"}},
)
updated = step("incident updated", client.incidents.update, incident["id"], status="identified", body="An index.")
step(
    "update corrected",
    client.incidents.update_previous,
    incident["id"],
    updated["incident_updates"][0]["id"],
    body="The index.",
)
maintenance = step(
    "maintenance made",
    client.incidents.create_scheduled,
    name="New disks",
    body="We put in new disks.",
    scheduled_for="2031-05-06T20:00:00Z",
    scheduled_until="2031-05-06T22:00:00Z",
    component_ids=[made["id"]],
)
step("incidents", client.incidents.list, q="slow")
for name in ("unresolved", "scheduled", "upcoming", "active_maintenance"):
    step(name, getattr(client.incidents, f"list_{name}"))
step("incident resolved", client.incidents.update, incident["id"], status="resolved", body="Fast again.")
step("incident deleted", client.incidents.delete, incident["id"])
step("maintenance deleted", client.incidents.delete, maintenance["id"])
step("group deleted", client.component_groups.delete, group["id"])
step("component deleted", client.components.delete, made["id"])
step("component gone", client.components.get, made["id"])
step("users", client.users.list)
step("refused name", client.components.create, name="")
step("subscribers", client.subscribers.list)
step("metrics", client.metrics.list_linked)
print(json.dumps(found, default=str))
