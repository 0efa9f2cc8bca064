"""What in a public text the public should perhaps not see: colleagues' names and addresses that lead inside. Pure."""

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from desk.incidents.drafts.hosts import (
    Address,
    is_internal_host,
    is_slack_link,
    read_address,
    without_password,
    without_unseen,
)
from desk.incidents.drafts.names import BROADCASTS, Names, list_handles

_MAX_ABOUT = 200
_MAX_LEAKS = 50
_URL = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}:[/\\]{2}[^\s<>\"`]*")
_BARE_HOST = re.compile(r"(?<![\w-])(?:\w[\w-]*(?:\.[\w-]+)+|localhost(?![\w-]))", re.IGNORECASE)
_SHARE = re.compile(r"(?<![\\\w:])\\{2,4}\w[\w.-]*(?:@\w+)*\\{1,2}\w[\w$.-]*(?:\\[\w$.-]+)*")
"""A folder of a file server, as Windows writes it."""
_NEXT_SENTENCE = re.compile(r".*[a-z0-9]\.(?:Cluster|Internal|Local|Stage|Staging|Test)")
"""Two sentences whose space was forgotten: `again.Staging`."""
_CHANNEL = re.compile(r"(?<![\w#&/(])#(?=[\w-]*[^\W\d])([\w-]{1,80})(?![\w-])")
_COLOUR = re.compile(r"(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE)
_VERSION = re.compile(r"\d\w*(?:\.\w+)?\.\d\w*")
"""What is a number when it stands alone, though a browser would make an address of it."""
_PARSER = MarkdownIt("commonmark").enable("table")
_AFTER_URL = ".,;:!?'*_~)]}|"


class LeakKind(StrEnum):
    """Why a place in a text is warned about."""

    PERSON = "person"
    GROUP = "group"
    CHANNEL = "channel"
    BROADCAST = "broadcast"
    EMOJI = "emoji"
    INTERNAL_LINK = "internal_link"
    SLACK_LINK = "slack_link"
    PASSWORD = "password"  # noqa: S105 - the name of a kind, not one of them


@dataclass(frozen=True, slots=True)
class Leak:
    """One thing to look at before a text is published. `about` is what stands in the text, without passwords."""

    kind: LeakKind
    about: str

    def as_json(self) -> dict[str, Any]:
        """The form in which it is kept with a draft."""
        return {"kind": str(self.kind), "about": self.about}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Leak":
        """What `as_json` gave."""
        return cls(LeakKind(kept["kind"]), str(kept["about"]))


def find_leaks(markdown: str, names: Names, internal_hosts: Sequence[str] = ()) -> tuple[Leak, ...]:
    """What a Markdown text gives away, names before addresses, once each; never raises."""
    return only_once([*_named(markdown, names), *_leading_inside(markdown, internal_hosts)])


def only_once(leaks: Iterable[Leak]) -> tuple[Leak, ...]:
    """The leaks without repetitions; no more of them than a person reads."""
    return tuple(dict.fromkeys(leaks))[:_MAX_LEAKS]


def _named(text: str, names: Names) -> Iterator[Leak]:
    for handle in list_handles(text):
        if handle in BROADCASTS:
            yield Leak(LeakKind.BROADCAST, f"@{handle}")
        elif handle in names.handles:
            yield Leak(LeakKind.PERSON, f"@{handle}")
        elif handle in names.group_handles:
            yield Leak(LeakKind.GROUP, f"@{handle}")
    for match in _CHANNEL.finditer(_URL.sub(" ", text)):
        if not _COLOUR.fullmatch(match[1]):
            yield Leak(LeakKind.CHANNEL, f"#{match[1]}")


def _leading_inside(text: str, internal_hosts: Sequence[str]) -> Iterator[Leak]:
    seen = set()
    for url in _addresses(text):
        if (key := unquote(url)) in seen:
            continue
        seen.add(key)
        leak = _leak_of(read_address(url), url, internal_hosts)
        if leak is not None:
            yield leak
    words = _URL.sub(" ", html.unescape(text))
    # As it stands, where a hidden sign may keep two words apart, and as it is read.
    for said in dict.fromkeys([words, without_unseen(words)]):
        yield from _in_plain_words(said, internal_hosts)


def _in_plain_words(text: str, internal_hosts: Sequence[str]) -> Iterator[Leak]:
    for match in _SHARE.finditer(text):
        yield Leak(LeakKind.INTERNAL_LINK, match[0].rstrip(_AFTER_URL)[:_MAX_ABOUT])
    for match in _BARE_HOST.finditer(_SHARE.sub(" ", text)):
        host = match[0].strip("._-")
        if _VERSION.fullmatch(host) or _NEXT_SENTENCE.fullmatch(host):
            continue
        if is_internal_host(host, internal_hosts):
            yield Leak(LeakKind.INTERNAL_LINK, host[:_MAX_ABOUT])


def _leak_of(address: Address, url: str, internal_hosts: Sequence[str]) -> Leak | None:
    shown = without_unseen(without_password(url) if address.has_password else url)[:_MAX_ABOUT]
    if address.has_password:
        return Leak(LeakKind.PASSWORD, shown)
    if is_slack_link(address):
        return Leak(LeakKind.SLACK_LINK, shown)
    return Leak(LeakKind.INTERNAL_LINK, shown) if is_internal_host(address.host, internal_hosts) else None


def _addresses(text: str) -> Iterator[str]:
    """Every address: as it stands in the text, code and all, and where a browser would be sent."""
    # Entities hide an address from the eye of a pattern, not from a browser.
    for match in _URL.finditer(html.unescape(text)):
        yield match[0].rstrip(_AFTER_URL)
    yield from _targets(_PARSER.parse(text))


def _targets(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        for name in ("href", "src"):
            target = token.attrGet(name)
            if target:
                yield str(target)
        yield from _targets(token.children or ())
