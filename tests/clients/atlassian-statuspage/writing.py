"""Every call of the client that changes components, groups and a page, or tells uptime, each with what it gave."""

import json
import sys

from atlassian_statuspage import (
    ApiClient,
    ComponentGroupsApi,
    ComponentsApi,
    Configuration,
    PagesApi,
    StatusEmbedConfigApi,
)
from atlassian_statuspage.rest import ApiException

host, secret, page_id = sys.argv[1:]
configuration = Configuration()
configuration.host = host
configuration.api_key["Authorization"] = secret
configuration.api_key_prefix["Authorization"] = "OAuth"
client = ApiClient(configuration)
pages, components, groups, embed = (
    api(client) for api in (PagesApi, ComponentsApi, ComponentGroupsApi, StatusEmbedConfigApi)
)
found = {}


def step(name, call, *arguments, **options):
    try:
        given = call(*arguments, **options)
        found[name] = given.to_dict() if hasattr(given, "to_dict") else given
    except ApiException as error:
        found[name] = error.status
    return found[name]


made = step(
    "made", components.post_pages_page_id_components, {"component": {"name": "API", "showcase": True}}, page_id
)
component = page_id, made["id"]
patch, put = (getattr(components, f"{verb}_pages_page_id_components_component_id") for verb in ("patch", "put"))
step("patched", patch, {"component": {"name": "API 2"}}, *component)
step("put", put, {"component": {"status": "major_outage"}}, *component)
step("well", patch, {"component": {"status": "operational"}}, *component)
step(
    "uptime", components.get_pages_page_id_components_component_id_uptime, *component, start="2026-02", end="2026-02"
)
group = {"description": "top", "component_group": {"name": "Core", "components": [made["id"]]}}
own = page_id, step("group", groups.post_pages_page_id_component_groups, group, page_id)["id"]
patch, put = (getattr(groups, f"{verb}_pages_page_id_component_groups_id") for verb in ("patch", "put"))
step("group read", groups.get_pages_page_id_component_groups_id, *own)
step("group patched", patch, {"component_group": {"name": "Core 2"}}, *own)
step("group put", put, {"description": "other", "component_group": {}}, *own)
step("group uptime", groups.get_pages_page_id_component_groups_id_uptime, *own)
step("group deleted", groups.delete_pages_page_id_component_groups_id, *own)
step("group gone", groups.get_pages_page_id_component_groups_id, *own)
step("deleted", components.delete_pages_page_id_components_component_id, *component)
step("gone", components.get_pages_page_id_components_component_id, *component)
step("page patched", pages.patch_pages_page_id, {"page": {"name": "Acme Cloud", "css_greens": "2fcc66"}}, page_id)
step("page put", pages.put_pages_page_id, {"page": {"hidden_from_search": True}}, page_id)
step("embed", embed.get_pages_page_id_status_embed_config, page_id)
said = {"status_embed_config": {"position": "top-left"}}
step("embed patched", embed.patch_pages_page_id_status_embed_config, said, page_id)
step("embed put", embed.put_pages_page_id_status_embed_config, said, page_id)
print(json.dumps(found, default=str))
