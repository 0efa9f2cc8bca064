"""What people type after `/keys`, read."""

import string
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import InvalidInputError
from desk.keys.lookup import KeyFilter, KeyView
from desk.transaction import Actor, Desk
from handlers.slack.framework.action_ids import ActionId, value_of
from handlers.slack.framework.commands import split_command
from handlers.slack.keys.actions import read_value
from handlers.slack.keys.commands import KEYS
from handlers.slack.keys.inputs import end_of_day
from handlers.slack.keys.listing import page_value, read_page_value
from handlers.slack.keys.parsing import parse_said, read_filter, read_person, read_until
from tests.clock import MONDAY_MORNING as NOW
from tests.factories import MAX, MIA, OLIVIA, add_member, add_owner, add_page

OWNER = Actor.member(OLIVIA)
KEYWORDS = {"to", "for", "until", "grace", "because", "because:", "confirm", "confirmed"}


@pytest.mark.parametrize(
    ("typed", "key", "parts", "reason", "confirmed"),
    [
        ("terraform", "terraform", {}, "", False),
        ("terraform prod", "terraform prod", {}, "", False),
        ('"deploy to prod"', "deploy to prod", {}, "", False),
        ("“terraform prod” because it leaked", "terraform prod", {}, "it leaked", False),
        ('terraform because: of “quotes” and 5" disks', "terraform", {}, 'of “quotes” and 5" disks', False),
        ("terraform because he said “no”", "terraform", {}, "he said “no”", False),
        ('terraform because "it leaked"', "terraform", {}, "it leaked", False),
        ("kd_Ab12 --yes because x", "kd_Ab12", {}, "x", True),
        ("kd_Ab12 because x --yes", "kd_Ab12", {}, "x", True),
        ("terraform confirm", "terraform", {}, "", True),
        ("confirm", "confirm", {}, "", False),
        ("terraform for 30 days", "terraform", {"for": "30 days"}, "", False),
        ("terraform until 2026-12-01 18:00", "terraform", {"until": "2026-12-01 18:00"}, "", False),
        ("terraform grace 48h", "terraform", {"grace": "48h"}, "", False),
        ('terraform prod to "new name"', "terraform prod", {"to": "new name"}, "", False),
        ('"terraform prod" "new name"', "terraform prod", {"to": "new name"}, "", False),
        ("terraform to <@U0MAX00001|max>", "terraform", {"to": "<@U0MAX00001>"}, "", False),
        ("terraform <@U0MAX00001>", "terraform", {"to": "<@U0MAX00001>"}, "", False),
        ("env:prod", "env:prod", {}, "", False),
        ("", "", {}, "", False),
        ("because x", "", {}, "x", False),
    ],
)
def test_sentences(typed: str, key: str, parts: dict[str, str], reason: str, confirmed: bool) -> None:
    """The key, what follows each word, the reason and the confirmation are found, with or without quotation marks."""
    said = parse_said(typed)
    assert (said.key, {part: said.text(part) for part in said.parts}) == (key, parts)
    assert (said.reason, said.confirmed) == (reason, confirmed)


def test_an_open_quotation_mark() -> None:
    """A quotation mark that is not closed is said to be so."""
    with pytest.raises(InvalidInputError, match="not closed"):
        parse_said('"terraform prod')


MARKS = set("\"“”„‟«»＂〝〞〟'‘’‚‛‹›「『《〈")
names = (
    st.text(st.sampled_from(string.ascii_letters + string.digits + " -_./:äß漢✓&<>*"), min_size=1, max_size=60)
    .map(lambda name: " ".join(name.split()))
    .filter(bool)
)
reasons = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)
    .map(str.strip)
    .filter(lambda text: text[:1] not in MARKS | {":"})
)


@given(name=names, reason=reasons)
def test_a_quoted_name_and_any_reason_come_back(name: str, reason: str) -> None:
    """Whatever a key is called and whatever the reason is: quoted and after `because`, both are read as they are."""
    said = parse_said(f'"{name}" because {reason}')
    assert said.key == name
    if reason.split()[-1:] != ["--yes"] and reason.split()[-1:] not in (["—yes"], ["–yes"]):
        assert said.reason == reason


@pytest.mark.parametrize("marks", ['""', "“”", "„“", "«»", "»«", "''", "‘’", "「」", "＂＂"])
def test_a_quoted_reason_is_what_is_quoted(marks: str) -> None:
    """The marks around a reason are not part of it, whichever keyboard made them."""
    assert parse_said(f"k because {marks[0]}it leaked{marks[1]}").reason == "it leaked"


@given(name=names)
def test_a_bare_name_comes_back(name: str) -> None:
    """A name without quotation marks is read whole, unless it has one of the words that mean something."""
    if not KEYWORDS & set(name.lower().split()) and not name.startswith("--"):
        words = parse_said(name).key.lower().split()
        assert "".join(words) == "".join(name.lower().split())


@given(text=st.text(max_size=300))
def test_nothing_breaks_it(text: str) -> None:
    """Any text at all is read or refused in a sentence."""
    split_command(text)
    try:
        parse_said(text)
    except InvalidInputError as refusal:
        assert refusal.sentence


@given(
    key_id=st.text(string.ascii_lowercase + string.digits, min_size=12, max_size=12),
    version=st.integers(1, 10**6),
    extra=st.text(max_size=100),
)
def test_values_of_buttons_come_back(key_id: str, version: int, extra: str) -> None:
    """What a button carries is read as it was written, whatever its reason holds."""
    value = read_value(f"{value_of(key_id, version)}:{extra}")
    assert (value.key_id, value.version, value.extra) == (key_id, version, extra)
    assert read_value(value_of(key_id)).version is None


@given(offset=st.integers(0, 10**6), text=st.text(string.ascii_letters + ": @<>|", max_size=100))
def test_values_of_page_buttons_come_back(offset: int, text: str) -> None:
    """A list that is turned is narrowed as before."""
    assert read_page_value(page_value(offset, text.strip())) == (offset, text.strip())


def test_every_sub_command_is_found() -> None:
    """By its name, which its usage begins with, and by its other names; a slip of one letter points at it."""
    for command in KEYS.sub_commands:
        name = command.name
        assert command.usage.split()[0] == name
        assert all(KEYS.get(called) is command for called in (name, *command.also))
        with pytest.raises(InvalidInputError, match=f"/keys {name}`"):
            KEYS.get(f"{name[:-1]}{name[-1] * 2}")


def test_menus_name_known_buttons() -> None:
    """A menu's value holds an action id, which never has a colon: the rest is the key and its version."""
    assert not [action_id for action_id in ActionId if ":" in action_id]


def test_filters(desk: Desk) -> None:
    """Views, page, holder and text are read in any order."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW, name="Olivia")
        add_member(session, MAX, NOW, name="Max Meyer")
        page = add_page(session, NOW).id

    def read(text: str) -> KeyFilter:
        return desk.read_now(OWNER, lambda tx: read_filter(tx, text))

    assert read("") == KeyFilter()
    assert read("ALL") == KeyFilter(view=KeyView.ALL)
    assert read("terra page:acme unused form") == KeyFilter(view=KeyView.UNUSED, page_id=page, text="terra form")
    with desk.database.write() as session:
        other = add_page(session, NOW, name="Acme Internal", subdomain="internal").id
    assert read("unused on acme") == KeyFilter(view=KeyView.UNUSED, page_id=page)
    assert read('on "Acme Internal" terra') == KeyFilter(page_id=other, text="terra")
    assert read("on call") == KeyFilter(text="on call")
    for holder in (
        f"<@{MAX}|max>",
        f"holder:<@{MAX}|max>",
        f"holder:<@{MAX}>,",
        'holder:"max meyer"',
        f"of <@{MAX}>",
    ):
        assert read(holder) == KeyFilter(holder_id=MAX), holder
    assert read("mine unused") == KeyFilter(view=KeyView.UNUSED, holder_id=OWNER.user_id)
    with pytest.raises(InvalidInputError, match="one holder's keys"):
        read(f"holder:<@{MAX}>, <@{MIA}>")
    with pytest.raises(InvalidInputError, match="is no page"):
        read("page:nowhere")


def test_people_and_times(desk: Desk) -> None:
    """A person is found by mention or name; a group answers for nothing; a span counts from the present expiry."""
    with desk.database.write() as session:
        add_member(session, MIA, NOW, name="Mia Member")
        add_owner(session, OLIVIA, NOW)

    def person(text: str) -> str:
        return desk.read_now(OWNER, lambda tx: read_person(tx, parse_said(f"key to {text}").parts["to"]))

    assert person(f"<@{MIA}>") == person("Mia Member") == person("@mia member") == MIA
    assert person(f"<@{MIA}|mia>.") == MIA
    assert person("me") == OLIVIA
    with pytest.raises(InvalidInputError, match="One person answers for a key, so nothing is done"):
        person(f"<@{MIA}> and <@{MAX}>")
    with pytest.raises(InvalidInputError, match="not a user group"):
        person("<!subteam^S0PLATFORM|platform>")

    def until(text: str, expires_at: datetime | None = None) -> datetime:
        return desk.read_now(OWNER, lambda tx: read_until(tx, parse_said(f"key {text}"), expires_at=expires_at))

    later = NOW + timedelta(days=5)
    assert until("for 2d") == NOW + timedelta(days=2)
    assert until("for 2d", later) == later + timedelta(days=2)
    assert until("for 2d", NOW - timedelta(days=9)) == NOW + timedelta(days=2)
    assert until("until 2026-03-10") == datetime(2026, 3, 11, tzinfo=UTC)
    for text in ("", "until yesterday", "until 2020-01-01"):
        with pytest.raises(InvalidInputError) as refusal:
            until(text)
        assert refusal.value.field == "until"


def test_a_picked_day_ends_at_its_end() -> None:
    """A picked day is meant to its last minute, in the person's own zone."""
    zone = ZoneInfo("America/New_York")
    assert end_of_day("2026-07-01", zone).isoformat() == "2026-07-02T03:59:00+00:00"
    for nothing in (None, "", "soon"):
        with pytest.raises(InvalidInputError, match="Choose a day"):
            end_of_day(nothing, zone)
