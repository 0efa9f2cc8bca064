"""usergroups.*: user groups and who is in them."""

from __future__ import annotations

from sandbox.api.method import Json, Method
from sandbox.bodies import Args
from sandbox.errors import SlackError
from sandbox.people import render_usergroup
from sandbox.workspace import Workspace


def usergroups_list(workspace: Workspace, args: Args) -> Json:
    """All groups; disabled ones, counts and members only when asked for."""
    groups = [
        render_usergroup(
            group,
            workspace.roster.team_id,
            users=args.flag("include_users"),
            count=args.flag("include_count"),
        )
        for group in workspace.groups.values()
        if args.flag("include_disabled") or not group.date_delete
    ]
    return {"usergroups": groups}


def usergroups_users_list(workspace: Workspace, args: Args) -> Json:
    """The ids of everybody in one group, deactivated people included."""
    args.require("usergroup")
    group = workspace.groups.get(args.text("usergroup"))
    if group is None or (group.date_delete and not args.flag("include_disabled")):
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


METHODS: dict[str, Method] = {
    "usergroups.list": usergroups_list,
    "usergroups.users.list": usergroups_users_list,
}
