"""The tour's chapter about what keys are for: one that may change a component and post an incident, and one that may
not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.demo.assembly import STATUS_CHANNEL
from bot.demo.key_steps import KeySteps
from bot.demo.looking import check, until
from sandbox.player import Json, words_of

_PAGE = "/v1/pages/acmepage0001"
_NAME = "Webhooks are late"


@dataclass(slots=True)
class ApiChapter(KeySteps):
    """The story of a program that says by itself what is wrong."""

    writer: str = field(default="", repr=False)
    reader: str = field(default="", repr=False)
    component_id: str = ""
    incident_id: str = ""

    @property
    def steps(self) -> Sequence[Callable[[], str]]:
        """What is done, in order; each gives what was seen."""
        return (
            self.get_keys,
            self.find_the_component,
            self.be_refused,
            self.change_the_component,
            self.post_an_incident,
            self.post_it_again,
            self.read_it_in_slack,
            self.resolve,
        )

    def get_keys(self) -> str:
        """Mia gets a key that writes, for incidents and states of components, and one that only reads."""
        scopes = "scope:incidents:write,component_status:write"
        self.mia.type_command(f'/keys request "webhook watcher" {scopes} page:acme for 30d because it sees first')
        self.omar.press("Approve", self.wait_for_owners_card("webhook watcher"))
        self.writer = self.collect_key("webhook watcher")
        self.mia.type_command('/keys request "dashboard" scope:read page:acme for 30d because it looks')
        self.omar.press("Approve", self.wait_for_owners_card("dashboard"))
        self.reader = self.collect_key("dashboard")
        return f"{self.writer[:7]}… and {self.reader[:7]}…"

    def find_the_component(self) -> str:
        """The dashboard's key reads components."""
        status, rows = self.call(self.reader, "GET", f"{_PAGE}/components")
        check(status == 200, f"GET components answered {status}: {rows}")
        self.component_id = next(row["id"] for row in rows if row["name"] == "Webhooks")
        return f"“Webhooks” is {self.component_id}."

    def be_refused(self) -> str:
        """It may not change one."""
        status, said = self.call(self.reader, "PATCH", self._component, _state("partial_outage"))
        check(status == 403, f"PATCH with the reading key answered {status}: {said}")
        return f"403: “{said['error']}”"

    def change_the_component(self) -> str:
        """The watcher's key may."""
        status, said = self.call(self.writer, "PATCH", self._component, _state("degraded_performance"))
        check((status, said.get("status")) == (200, "degraded_performance"), f"PATCH answered {status}: {said}")
        return "It is degraded_performance now."

    def post_an_incident(self) -> str:
        """It posts an incident, which is on the page at once."""
        status, said = self.call(self.writer, "POST", f"{_PAGE}/incidents", self._incident)
        check(status == 201, f"POST incident answered {status}: {said}")
        self.incident_id = said["id"]
        until(self._is_on_the_page, "the incident on the public page")
        return f"201, and {self.api_url}/api/v2/incidents/unresolved.json has it."

    def post_it_again(self) -> str:
        """Its answer was lost, so it posts the same once more: there is one incident all the same."""
        status, said = self.call(self.writer, "POST", f"{_PAGE}/incidents", self._incident)
        check((status, said.get("id")) == (201, self.incident_id), f"the second POST answered {status}: {said}")
        return f"201 again, with {said['id']}."

    def read_it_in_slack(self) -> str:
        """The channel has its thread, which names the key."""

        def told() -> Json | None:
            messages = self.control.person("U0INES0001").messages(STATUS_CHANNEL)
            return next((one for one in reversed(messages) if _NAME in words_of(one)), None)

        words = words_of(until(told, "the incident in the channel"))
        check("webhook watcher" in words, f"the channel does not say which key it was: {words}")
        return "It says “webhook watcher”."

    def resolve(self) -> str:
        """And it ends it, with the component."""
        body = {
            "incident": {
                "status": "resolved",
                "body": "On time again.",
                "components": {self.component_id: "operational"},
            }
        }
        status, said = self.call(self.writer, "PATCH", f"{_PAGE}/incidents/{self.incident_id}", body)
        check((status, said.get("status")) == (200, "resolved"), f"PATCH incident answered {status}: {said}")
        _, component = self.call(self.reader, "GET", self._component)
        check(component["status"] == "operational", f"the component is {component['status']}")
        return "Resolved, and “Webhooks” is operational."

    @property
    def _component(self) -> str:
        return f"{_PAGE}/components/{self.component_id}"

    @property
    def _incident(self) -> Json:
        about = {self.component_id: "degraded_performance"}
        return {"incident": {"name": _NAME, "body": "Deliveries take ten minutes.", "components": about}}

    def _is_on_the_page(self) -> bool | None:
        _, said = self.call(self.reader, "GET", "/api/v2/incidents/unresolved.json")
        return True if self.incident_id in {one["id"] for one in said["incidents"]} else None


def _state(status: str) -> Json:
    return {"component": {"status": status}}
