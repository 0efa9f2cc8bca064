"""The people, groups and channels that a fresh sandbox begins with."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.conversations import Conversation
from sandbox.people import Person, UserGroup

TEAM_ID = "T0SANDBOX01"
BOT_USER = "U0KEYDESK1"
BOT_ID = "B0KEYDESK1"
APP_ID = "A0KEYDESK1"


@dataclass
class Roster:
    """Who and what a workspace begins with; a reset goes back to it."""

    team_id: str = TEAM_ID
    team_name: str = "Acme Inc"
    team_domain: str = "acme-sandbox"
    people: list[Person] = field(default_factory=list)
    groups: list[UserGroup] = field(default_factory=list)
    channels: list[Conversation] = field(default_factory=list)


def acme() -> Roster:
    """The workspace "Acme Inc" of the demo, without its bot, which the manifest names."""
    return Roster(people=_people(), groups=_groups(), channels=_channels())


def _people() -> list[Person]:
    return [
        Person(
            "U0OLIVIA01",
            "olivia",
            "Olivia Owens",
            "olivia@acme.example",
            "Head of Platform",
            "Europe/London",
            "d1495b",
            is_admin=True,
            is_owner=True,
            is_primary_owner=True,
        ),
        Person(
            "U0OMAR0001",
            "omar",
            "Omar Ortiz",
            "omar@acme.example",
            "Operations",
            "America/New_York",
            "00798c",
            is_admin=True,
            is_owner=True,
        ),
        Person(
            "U0MIA00001",
            "mia",
            "Mia Member",
            "mia@acme.example",
            "Site Reliability Engineer",
            "Europe/Berlin",
            "8e44ad",
        ),
        Person("U0MAX00001", "max", "Max Meyer", "max@acme.example", "Support", "Asia/Tokyo", "e67e22"),
        Person(
            "U0INES0001",
            "ines",
            "Ines Incident",
            "ines@acme.example",
            "Incident Lead",
            "Asia/Kolkata",
            "2e86ab",
        ),
        Person(
            "U0GUS00001",
            "gus",
            "Gus Guest",
            "gus@agency.example",
            "Contractor",
            "Australia/Sydney",
            "6c757d",
            is_restricted=True,
        ),
        Person(
            "U0UMA00001",
            "uma",
            "Uma Ultra",
            "uma@agency.example",
            "Contractor",
            "America/Los_Angeles",
            "b56576",
            is_restricted=True,
            is_ultra_restricted=True,
        ),
        Person("U0DAN00001", "dan", "Dan Gone", "dan@acme.example", tz="Europe/Berlin", deleted=True),
        Person(
            "U0ZOE00001",
            "zoe",
            "Zoe Elsewhere",
            "zoe@other.example",
            tz="Europe/London",
            team_id="T0OTHER0001",
            is_stranger=True,
        ),
        Person("U0DEPLOY01", "deploybot", "Deploy Bot", is_bot=True, bot_id="B0DEPLOY01"),
        Person("USLACKBOT", "slackbot", "Slackbot", color="757575"),
    ]


def _groups() -> list[UserGroup]:
    return [
        UserGroup(
            "S0INCIDENT",
            "incident-responders",
            "Incident responders",
            "Whoever answers the pager",
            ["U0INES0001", "U0MAX00001"],
            created_by="U0OLIVIA01",
        ),
        UserGroup(
            "S0PLATFORM",
            "platform",
            "Platform team",
            "Builds and runs the platform",
            ["U0MIA00001", "U0OMAR0001"],
            created_by="U0OLIVIA01",
        ),
    ]


def _channels() -> list[Conversation]:
    everyone = ["U0OLIVIA01", "U0OMAR0001", "U0MIA00001", "U0MAX00001", "U0INES0001", "U0GUS00001"]
    return [
        Conversation(
            "C0GENERAL1",
            "general",
            members=[*everyone, "U0UMA00001", "U0ZOE00001", "U0DEPLOY01"],
            topic="Company-wide announcements",
        ),
        Conversation(
            "C0OWNERS01",
            "keydesk-owners",
            is_private=True,
            members=["U0OLIVIA01", "U0OMAR0001", BOT_USER],
            topic="Key requests that wait for a decision",
        ),
        Conversation("C0STATUS01", "status", members=[*everyone, BOT_USER], topic="Incidents and maintenance"),
    ]
