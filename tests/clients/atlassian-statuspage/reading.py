"""Everything that the client can read of a page, as JSON."""

import json
import sys

from atlassian_statuspage import (
    ApiClient,
    ComponentGroupsApi,
    ComponentsApi,
    Configuration,
    IncidentsApi,
    PagesApi,
    SubscribersApi,
    TemplatesApi,
)
from atlassian_statuspage.rest import ApiException

host, secret, page_id = sys.argv[1:]


def client(secret):
    configuration = Configuration()
    configuration.host = host
    configuration.api_key["Authorization"] = secret
    configuration.api_key_prefix["Authorization"] = "OAuth"
    return ApiClient(configuration)


def refused(call, *arguments):
    try:
        call(*arguments)
    except ApiException as error:
        return [error.status, json.loads(error.body)]


pages, components = PagesApi(client(secret)), ComponentsApi(client(secret))
groups, incidents = ComponentGroupsApi(client(secret)), IncidentsApi(client(secret))
listed = incidents.get_pages_page_id_incidents(page_id, limit=100)
print(
    json.dumps(
        {
            "pages": [page.to_dict() for page in pages.get_pages()],
            "page": pages.get_pages_page_id(page_id).to_dict(),
            "components": [row.to_dict() for row in components.get_pages_page_id_components(page_id)],
            "second": [row.to_dict() for row in components.get_pages_page_id_components(page_id, page=2, per_page=3)],
            "component": components.get_pages_page_id_components_component_id(
                page_id, components.get_pages_page_id_components(page_id)[0].id
            ).to_dict(),
            "groups": [row.to_dict() for row in groups.get_pages_page_id_component_groups(page_id)],
            "incidents": [row.to_dict() for row in listed],
            "incident": incidents.get_pages_page_id_incidents_incident_id(page_id, listed[0].id).to_dict(),
            "lists": {
                name: [row.id for row in getattr(incidents, f"get_pages_page_id_incidents_{name}")(page_id)]
                for name in ("unresolved", "scheduled", "upcoming", "active_maintenance")
            },
            "templates": TemplatesApi(client(secret)).get_pages_page_id_incident_templates(page_id),
            "missing": refused(SubscribersApi(client(secret)).get_pages_page_id_subscribers, page_id),
            "nowhere": refused(pages.get_pages_page_id, "nosuchpage00"),
            "stranger": refused(PagesApi(client("kd_nobody")).get_pages),
        },
        default=str,
    )
)
