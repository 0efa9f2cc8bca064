"""Slack's people and user groups: read, and listened to."""

from handlers.slack.directory.events import subteam_changed, subteam_members_changed, team_join, user_change
from handlers.slack.directory.installation import installation_ended
from handlers.slack.framework.areas import Area

AREA = Area(
    events=[
        ("user_change", user_change),
        ("team_join", team_join),
        ("subteam_created", subteam_changed),
        ("subteam_updated", subteam_changed),
        ("subteam_members_changed", subteam_members_changed),
        ("app_uninstalled", installation_ended),
        ("tokens_revoked", installation_ended),
    ]
)
