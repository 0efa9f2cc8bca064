"""Every operation of the own API. Routes, the description, the page about the API and its tests read this table."""

from collections.abc import Mapping, Sequence

from desk.keys.check import Need
from handlers.http.own.families.incidents import OF_DRAFTS, OF_INCIDENTS, OF_MAINTENANCES
from handlers.http.own.families.keys import OF_KEYS
from handlers.http.own.families.pages import OF_PAGES
from handlers.http.own.families.people import OF_PEOPLE, OF_THE_TRAIL
from handlers.http.own.operation import Operation

FAMILIES: Mapping[str, Sequence[Operation]] = {
    "Pages and components": OF_PAGES,
    "Incidents": OF_INCIDENTS,
    "Maintenances": OF_MAINTENANCES,
    "Templates and drafts": OF_DRAFTS,
    "Keys": OF_KEYS,
    "Roles": OF_PEOPLE,
    "Audit trail and dead letters": OF_THE_TRAIL,
}
OPERATIONS: Sequence[Operation] = tuple(one for family in FAMILIES.values() for one in family)


def list_needs() -> frozenset[Need]:
    """What the operations need: a scope that nothing needs opens nothing."""
    needs = [one.need for one in OPERATIONS if one.need is not None]
    return frozenset(Need(resource, write=need.write) for need in needs for resource in need.resources)
