"""auth.test, api.test, team.info, bots.info: who and where the app is."""

from __future__ import annotations

from sandbox.api.method import Json, Method
from sandbox.bodies import Args
from sandbox.errors import SlackError
from sandbox.workspace import Workspace


def api_test(workspace: Workspace, args: Args) -> Json:
    """Give the arguments back; the argument `error` makes it fail with that code."""
    if args.text("error"):
        raise SlackError(args.text("error"), args=args.values)
    return {"args": args.values}


def auth_test(workspace: Workspace, args: Args) -> Json:
    """The app's own ids."""
    return {
        "url": f"https://{workspace.roster.team_domain}.slack.com/",
        "team": workspace.roster.team_name,
        "user": workspace.people[workspace.bot_user].name,
        "team_id": workspace.roster.team_id,
        "user_id": workspace.bot_user,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def team_info(workspace: Workspace, args: Args) -> Json:
    """The workspace."""
    roster = workspace.roster
    if args.text("team") not in ("", roster.team_id):
        raise SlackError("team_not_found")
    team = {"id": roster.team_id, "name": roster.team_name, "domain": roster.team_domain}
    return {"team": team | {"url": f"https://{roster.team_domain}.slack.com/", "email_domain": "", "icon": {}}}


def bots_info(workspace: Workspace, args: Args) -> Json:
    """A bot by its `B…` id, the app's own by default."""
    wanted = args.text("bot") or workspace.bot_id
    person = next((person for person in workspace.people.values() if person.bot_id == wanted), None)
    if person is None:
        raise SlackError("bot_not_found")
    bot: Json = {"id": wanted, "deleted": person.deleted, "name": person.real_name, "updated": person.updated}
    bot |= {"user_id": person.id, "icons": {}}
    if wanted == workspace.bot_id:
        bot["app_id"] = workspace.app_id
    return {"bot": bot}


METHODS: dict[str, Method] = {
    "api.test": api_test,
    "auth.test": auth_test,
    "team.info": team_info,
    "bots.info": bots_info,
}
