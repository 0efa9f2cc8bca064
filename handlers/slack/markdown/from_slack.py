"""What people type in Slack, as the Markdown that a status page takes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from desk.incidents.drafts import names as desk_names
from desk.incidents.drafts.leaks import Leak, LeakKind, find_leaks, only_once
from desk.incidents.drafts.names import Names, list_handles
from desk.masking import refuse_secrets
from handlers.slack.framework.command_line import unescape
from handlers.slack.markdown.code import code_places, is_within
from handlers.slack.markdown.emoji import find_emoji, find_skin_tone, tinted
from handlers.slack.markdown.habits import from_habit

_PIECE = re.compile(
    r"""
      <(?P<sign>[@#])(?P<id>[A-Z0-9]{2,})(?:\|(?P<called>[^<>\n]*))?>
    | <!subteam\^(?P<group>[A-Z0-9]+)(?:\|(?P<group_called>[^<>\n]*))?>
    | <!date\^(?P<instant>-?\d{1,12})\^[^<>|\n]*(?:\|(?P<date>[^<>\n]*))?>
    | <!(?P<broadcast>[a-z_]+)(?:\^[^<>|\n]*)?(?:\|(?P<audience>[^<>\n]*))?>
    | <(?P<link>(?:[a-z][a-z0-9+.-]{0,30}://|mailto:|tel:)[^<>|\s]+)(?P<labelled>\|(?P<label>[^<>\n]*))?>
    | (?P<url>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s<>`*)\]]*)
    | (?<!:)(?P<emoji>(?::[a-z0-9_+'-]+:)+)(?!:)
    """,
    re.VERBOSE,
)
_EMOJI = re.compile(r"(?<!:)(?P<emoji>(?::[a-z0-9_+'-]+:)+)(?!:)")
_MARKDOWN_SIGN = re.compile(r"[\\`*\[\]<>~|]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_SLACK_SIGN = re.compile(r"(?<!\\)(\\*)<(?=[@#!])")
_USER = re.compile(r"<@([A-Z0-9]{2,})")
_GROUP = re.compile(r"<!subteam\^([A-Z0-9]+)")


@dataclass(frozen=True, slots=True)
class PublicText:
    """A text as the page takes it, and what in it somebody should look at before it is published."""

    markdown: str
    warnings: tuple[Leak, ...] = ()


def read_names(session: Session, text: str) -> Names:
    """The people and groups that a text typed in Slack could name, with at most two queries."""
    return desk_names.read_names(
        session,
        user_ids=set(_USER.findall(text)),
        group_ids=set(_GROUP.findall(text)),
        handles=list_handles(text),
    )


def public_text(
    text: str,
    names: Names,
    *,
    escaped: bool = True,
    internal_hosts: Sequence[str] = (),
    field: str | None = None,
) -> PublicText:
    """The Markdown of what was typed, with nothing of Slack's own left in it.

    `escaped` is what Slack does with a command's text and not with a form's. Raises InvalidInputError (of `field`)
    when a secret of ours stands in it.
    """
    refuse_secrets(text, field=field)
    writer = _Writer(text, names, escaped)
    markdown = from_habit(_SLACK_SIGN.sub(_harmless, "".join(writer.pieces())), as_in_messages=escaped)
    refuse_secrets(markdown, field=field)
    leaks = [*writer.leaks, *find_leaks(markdown, names, internal_hosts)]
    return PublicText(markdown, only_once(leaks))


def _harmless(match: re.Match[str]) -> str:
    # An odd backslash would escape the entity rather than the sign.
    backslashes = match[1]
    return backslashes[: len(backslashes) // 2 * 2] + "&lt;"


def _quoted(text: str) -> str:
    """Plain words within Markdown: no sign in them means anything."""
    return _MARKDOWN_SIGN.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))


@dataclass(slots=True)
class _Writer:
    text: str
    names: Names
    escaped: bool
    leaks: list[Leak] = field(default_factory=list)

    def pieces(self) -> Iterator[str]:
        """The text in Markdown, piece by piece."""
        code = code_places(self.text)
        position = 0
        for match in _PIECE.finditer(self.text):
            yield self._plain(self.text[position : match.start()])
            yield self._written(match, in_code=is_within(code, match.start()))
            position = match.end()
        yield self._plain(self.text[position:])

    def _plain(self, text: str) -> str:
        return unescape(text) if self.escaped else text

    def _written(self, match: re.Match[str], *, in_code: bool) -> str:
        found = match.groupdict()
        if found["sign"] == "@":
            return self._person(found["id"], found["called"])
        if found["sign"] == "#":
            return self._channel(found["called"])
        if found["group"]:
            return self._group(found["group"], found["group_called"])
        if found["instant"]:
            return self._plain(found["date"] or _instant(int(found["instant"])))
        if found["broadcast"]:
            return self._broadcast(found["broadcast"], found["audience"])
        if found["link"]:
            return self._link(match, in_code=in_code)
        if found["emoji"] and not in_code:
            return self._emoji(match)
        return self._plain(match[0])

    def _named(self, kind: LeakKind, name: str) -> str:
        self.leaks.append(Leak(kind, name[:200]))
        return _quoted(name)

    def _person(self, user_id: str, label: str | None) -> str:
        name = self.names.people.get(user_id) or self._plain(label or "")
        return self._named(LeakKind.PERSON, name.strip().lstrip("@") or "somebody")

    def _group(self, group_id: str, label: str | None) -> str:
        handle = self.names.groups.get(group_id) or self._plain(label or "")
        return self._named(LeakKind.GROUP, handle.strip().lstrip("@") or "a group")

    def _channel(self, label: str | None) -> str:
        name = self._plain(label or "").strip().lstrip("#")
        return self._named(LeakKind.CHANNEL, f"#{name}" if name else "a channel")

    def _broadcast(self, audience: str, label: str | None) -> str:
        return self._named(LeakKind.BROADCAST, self._plain(label or audience).strip().lstrip("@") or audience)

    def _link(self, match: re.Match[str], *, in_code: bool) -> str:
        url = self._plain(match["link"])
        label = self._plain(match["label"] or "").strip()
        if not match["labelled"] and not self.escaped:
            return match[0]
        if self._is_target(match):
            return _target(url)
        address = url.removeprefix("mailto:").removeprefix("tel:")
        if in_code or not label or label in (url, address):
            return address
        return f"[{_quoted(_EMOJI.sub(self._emoji, label))}]({_target(url)})"

    def _is_target(self, match: re.Match[str]) -> bool:
        return self.text.endswith("](", 0, match.start()) and self.text.startswith(")", match.end())

    def _emoji(self, match: re.Match[str]) -> str:
        # Between words it is no emoji: urn:x:y.
        after_word = match.start() > 0 and _is_word(match.string[match.start() - 1])
        before_word = _is_word(match.string[match.end() : match.end() + 1])
        if after_word and before_word:
            return match[0]
        written: list[str] = []
        is_open = False
        for name in match["emoji"][1:-1].split("::"):
            tone = find_skin_tone(name)
            if tone is not None and is_open:
                written[-1] = tinted(written[-1], tone)
                is_open = False
                continue
            is_number = name.isdigit() and (after_word or before_word)
            character = None if is_number else find_emoji(name)
            is_open = character is not None
            written.append(character or f":{name}:")
            if character is None and not (after_word or before_word) and not name.isdigit():
                self.leaks.append(Leak(LeakKind.EMOJI, f":{name}:"[:200]))
        return "".join(written)


def _is_word(mark: str) -> bool:
    return mark.isalnum() or mark == "_"


def _instant(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def _target(url: str) -> str:
    """An address as the target of a Markdown link: brackets in it do not end it."""
    return url.translate({ord("("): "%28", ord(")"): "%29", ord("\\"): "%5C", ord("<"): "%3C", ord(">"): "%3E"})
