"""The state of one local Slack workspace."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeVar

from sandbox.clock import Clock, Timing
from sandbox.conversations import Conversation
from sandbox.errors import SlackError
from sandbox.faults import SOCKET_FAULTS, Faults, parse_fault
from sandbox.ids import Ids
from sandbox.journal import Journal
from sandbox.live import LiveHub
from sandbox.manifest import Manifest, RequestUrls
from sandbox.modals import Modals
from sandbox.people import Person, UserGroup, render_person
from sandbox.ratelimits import Hold, RateLimits
from sandbox.response_urls import ResponseUrls
from sandbox.scopes import list_unauthorised_events
from sandbox.seed import APP_ID, BOT_ID, BOT_USER, Roster, acme
from sandbox.sockets import Sockets
from sandbox.transports import Transports
from sandbox.triggers import Triggers

BOT_TOKEN = "xoxb-sandbox"  # noqa: S105 - every sandbox has the same, and it opens nothing else
APP_TOKEN = "xapp-sandbox"  # noqa: S105
SIGNING_SECRET = "sandbox-signing-secret"  # noqa: S105

Json = dict[str, Any]
T = TypeVar("T")


class Workspace:
    """People, groups, conversations, modals and what went over the wire.

    The server's event loop owns the state. `reset`, `journal`, `add_fault` and `set_request_url` may be called
    from any thread.
    """

    def __init__(self, manifest: Manifest, *, roster: Roster | None = None, request_url: str | None = None):
        self.manifest = manifest
        self.roster = roster or acme()
        self.request_urls = manifest.all_at(request_url) if request_url else manifest.request_urls
        self.base_url = "http://127.0.0.1"
        self.loop: asyncio.AbstractEventLoop | None = None
        self.clock = Clock()
        self.timing = Timing()
        self.ids = Ids(self.clock)
        self.live = LiveHub()
        self.transports = Transports()
        self.sockets = Sockets(self.transports)
        self.entries = Journal(self.clock)
        self.faults = Faults()
        self.rate_limits = RateLimits(self.clock)
        self.interruption = asyncio.Event()
        self.app_id, self.bot_id, self.bot_user = APP_ID, BOT_ID, BOT_USER
        self._fill()

    def _fill(self) -> None:
        self.is_installed = True
        bot = Person(
            self.bot_user,
            self.manifest.bot_display_name.lower().replace(" ", "_"),
            self.manifest.name,
            is_bot=True,
            bot_id=self.bot_id,
            color="2b8a3e",
        )
        people = [*deepcopy(self.roster.people), bot]
        self.people: dict[str, Person] = {person.id: person for person in people}
        self.groups: dict[str, UserGroup] = {group.id: group for group in deepcopy(self.roster.groups)}
        self.conversations: dict[str, Conversation] = {
            channel.id: channel for channel in deepcopy(self.roster.channels)
        }
        self.modals = Modals(self.ids)
        self.triggers = Triggers(self.clock, self.timing)
        self.response_urls = ResponseUrls(self.clock, self.timing)
        self.home_views: dict[str, Json] = {}
        self.message_state: dict[tuple[str, str, str], Json] = {}
        self.earlier_blocks: dict[str, list[list[Json]]] = {}
        self.files: dict[str, Json] = {}
        self.file_contents: dict[str, bytes] = {}
        for event, scope in list_unauthorised_events(self.manifest.bot_events, self.manifest.bot_scopes):
            self.entries.violation(f"The manifest subscribes {event}, which needs the scope {scope}.")

    @property
    def connected(self) -> bool:
        """Whether anything that happens here can reach the app."""
        return self.sockets.connected or self.request_urls is not None

    # Helpers that tests may call from another thread.

    def reset(self) -> None:
        """Clear messages, views, journal and faults; people, groups and channels are again as seeded."""
        self._on_loop(self._reset)

    def journal(self, kind: str | None = None, method: str | None = None, after: int = 0) -> list[Json]:
        """What went over the wire, oldest first."""
        return self._on_loop(lambda: self.entries.list_entries(kind=kind, method=method, after=after))

    def add_fault(self, **fields: Any) -> list[Json]:
        """Arm a failure, as with POST /sandbox/faults; gives all that are armed. Raises RefusedError."""
        return self._on_loop(lambda: self.arm_fault(fields))

    def set_request_url(self, url: str | None) -> None:
        """Where signed HTTP deliveries of every kind go while no socket is connected."""
        self.set_request_urls(None if url is None else self.manifest.all_at(url))

    def set_request_urls(self, urls: RequestUrls | None) -> None:
        """Where those of each kind go."""
        self._on_loop(lambda: self._set_request_urls(urls))

    def _on_loop(self, act: Callable[[], T]) -> T:
        loop = self.loop
        if loop is None or not loop.is_running() or _running_loop() is loop:
            return act()
        done: concurrent.futures.Future[T] = concurrent.futures.Future()

        def run() -> None:
            try:
                done.set_result(act())
            except Exception as error:
                done.set_exception(error)

        loop.call_soon_threadsafe(run)
        return done.result(timeout=10)

    def _set_request_urls(self, urls: RequestUrls | None) -> None:
        self.request_urls = urls
        self.live.publish("connected", connected=self.connected)

    def _reset(self) -> None:
        self.interrupt()
        self.entries.clear()
        self.faults.clear()
        self.rate_limits.clear()
        self.clock.rewind()
        self._fill()
        self.live.publish("reset")

    def interrupt(self) -> None:
        """End everything that waits: calls held by a `timeout` fault and events that await their retry."""
        self.interruption.set()
        self.interruption = asyncio.Event()

    def arm_fault(self, fields: Json) -> list[Json]:
        """Arm a failure, or carry it out at once when it is about sockets. Raises RefusedError."""
        if fields.get("kind") == "rate_limits":
            self.rate_limits.clear()
            self.rate_limits.hold = Hold.ALL if fields.get("enabled", True) else Hold.NONE
        elif fields.get("kind") in SOCKET_FAULTS:
            fault = parse_fault(fields)
            if fault.kind == "socket_drop":
                self.sockets.cut()
            else:
                leaving = self.sockets.disconnect(fault.reason, leave_within=self.timing.leave_within)
                asyncio.ensure_future(leaving)  # noqa: RUF006
            self.live.publish("connected", connected=self.connected)
        else:
            self.faults.add(fields)
        return self.faults.list_faults()

    # Lookups.

    def get_person(self, user: Any) -> Person:
        """The person with this id. Raises SlackError `user_not_found`."""
        person = self.people.get(user) if isinstance(user, str) else None
        if person is None:
            raise SlackError("user_not_found")
        return person

    def render_user(self, person: Person, *, for_page: bool = False) -> Json:
        """The person as the app sees them, or as the browser page does."""
        with_email = for_page or "users:read.email" in self.manifest.bot_scopes
        rendered = render_person(person, self.base_url, with_email=with_email)
        return rendered | {"avatar_color": f"#{person.color}"} if for_page else rendered

    def find_conversation(self, reference: Any) -> Conversation | None:
        """The conversation with this id, or the channel with this name (`#status` or `status`)."""
        if not isinstance(reference, str):
            return None
        if reference in self.conversations:
            return self.conversations[reference]
        name = reference.removeprefix("#")
        return next((c for c in self.conversations.values() if c.name and c.name == name), None)

    def ensure_im(self, person: Person) -> Conversation:
        """The direct message between this person and the app, opened when there is none yet."""
        im_id = f"D{person.id[1:]}"
        if im_id not in self.conversations:
            im = Conversation(im_id, kind="im", user=person.id, members=[person.id, self.bot_user])
            self.conversations[im_id] = im
            self.live.publish("conversation", person.id, conversation=self.describe_conversation(im, person.id))
        return self.conversations[im_id]

    def can_see(self, user: str, conversation: Conversation) -> bool:
        """Whether this conversation shows in this person's sidebar."""
        if user in conversation.members:
            return True
        person = self.people.get(user)
        outside = person is None or person.is_restricted or person.is_stranger or person.deleted
        return conversation.kind == "channel" and not conversation.is_private and not outside

    def describe_conversation(self, conversation: Conversation, user: str) -> Json:
        """The conversation as the browser page shows it to this person."""
        described: Json = {
            "id": conversation.id,
            "name": conversation.name if conversation.kind == "channel" else self.manifest.name,
            "kind": conversation.kind,
            "is_member": user in conversation.members,
            "is_private": conversation.is_private,
            "unread": conversation.count_unread(user),
            "topic": conversation.topic,
        }
        if conversation.kind == "im":
            described["user"] = self.bot_user
        return described


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
