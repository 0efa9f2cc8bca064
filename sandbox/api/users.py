"""users.*: people."""

from __future__ import annotations

from sandbox.api.method import Json, Method, page_of
from sandbox.bodies import Args
from sandbox.errors import SlackError
from sandbox.workspace import Workspace


def users_info(workspace: Workspace, args: Args) -> Json:
    """One person."""
    args.require("user")
    return {"user": workspace.render_user(workspace.get_person(args.text("user")))}


def users_list(workspace: Workspace, args: Args) -> Json:
    """Everybody, also the deactivated; visitors from elsewhere are not in the list."""
    members = [person for person in workspace.people.values() if not person.is_stranger]
    # Without a limit Slack tries to give all at once.
    default = max(1, min(1000, len(members)))
    page, metadata = page_of(members, args, default=default)
    return {
        "members": [workspace.render_user(person) for person in page],
        "cache_ts": int(workspace.clock.now()),
        "response_metadata": metadata,
    }


def users_lookup_by_email(workspace: Workspace, args: Args) -> Json:
    """The active person with this address."""
    args.require("email")
    wanted = args.text("email").lower()
    for person in workspace.people.values():
        if person.email.lower() == wanted and not person.deleted and not person.is_stranger:
            return {"user": workspace.render_user(person)}
    raise SlackError("users_not_found")


METHODS: dict[str, Method] = {
    "users.info": users_info,
    "users.list": users_list,
    "users.lookupByEmail": users_lookup_by_email,
}
