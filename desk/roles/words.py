"""Roles in words: what they are called, what they allow, and what people mean when they type one."""

from desk.errors import InvalidInputError
from storage.models import Role

NAMES: dict[Role, str] = {
    Role.OWNER: "owner",
    Role.PAGE_CONFIGURATION: "page configuration",
    Role.INCIDENT_MANAGER: "incident manager",
    Role.MAINTENANCE_MANAGER: "maintenance manager",
    Role.INTEGRATOR: "integrator",
}

ALLOWS: dict[Role, str] = {
    Role.OWNER: "decides on key requests, grants roles, and may do everything else",
    Role.PAGE_CONFIGURATION: "changes pages, components and how they look",
    Role.INCIDENT_MANAGER: "opens, updates and resolves incidents",
    Role.MAINTENANCE_MANAGER: "schedules and runs maintenances",
    Role.INTEGRATOR: "may ask for API keys and hold them",
}


def find_role(text: str) -> Role | None:
    """The role that somebody means, in any case, with blanks, dashes or underscores, in singular or plural."""
    word = "_".join(text.strip().lower().replace("-", " ").replace("_", " ").split())
    for candidate in (word, word.removesuffix("s")):
        if candidate in set(Role):
            return Role(candidate)
    return None


def get_role(text: str) -> Role:
    """As `find_role`. Raises InvalidInputError (field `role`) for anything else."""
    role = find_role(text)
    if role is None:
        raise InvalidInputError(f"“{text}” is not a role.", f"Roles are: {', '.join(Role)}.", field="role")
    return role
