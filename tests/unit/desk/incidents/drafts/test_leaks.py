"""What a public text gives away: which addresses lead inside, whom it names, and what is left in peace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from desk.incidents.drafts.hosts import is_internal_host, read_address
from desk.incidents.drafts.leaks import Leak, LeakKind, find_leaks
from desk.incidents.drafts.names import Names, list_handles, read_names
from desk.transaction import Desk
from storage.models import UserGroup
from tests.clock import HeldClock
from tests.databases import both_databases
from tests.factories import MAX, MIA, add_member

NAMES = Names(people={MIA: "Mia"}, handles={"mia": "Mia"}, groups={"S0PLATFORM": "Platform"})
PATTERNS = ("*.corp.example", "wiki.acme.example")


PROSE = """\
Since 12:30 UTC (14:30 CEST) about 2.5% of requests to the API fail with error 503.Staging and prod were both on
release v2.14.0-rc.1, i.e. build 10.4.2; we went back to 2.13.9.Test orders work again.Local pick-up was never
affected. The stage of the roll-out is 3/4: one cluster, then a second. Our internal tests pass; config.yml,
`docker-compose.prod.yml`, users.test.js and requirements.txt are as they were. A local host in Qatar, e.g. visit.qa,
and web.dev were reachable. Write to support@acme.example or j.doe+prod@mail.acme.example, or see
https://status.acme.example/uptime. Thanks 👩\u200d💻!
"""


def found(text: str) -> list[tuple[str, str]]:
    """Kind and place of every leak."""
    return [(str(leak.kind), leak.about) for leak in find_leaks(text, NAMES, PATTERNS)]


INSIDE = [
    "wiki",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "db.local",
    "db.internal",
    "db.intranet",
    "ad.corp",
    "nas.lan",
    "nas.home.arpa",
    "app.localhost",
    "app.test",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - an address, not a place to listen
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "::1",
    "fe80::1",
    "fd00::1",
    "::ffff:10.0.0.1",
    "git.corp.example",
    "a.b.corp.example",
    "wiki.acme.example",
    "db01.prod",
    "web-2.staging",
    "vault.service.consul",
    "orders.shop.svc",
    "orders.shop.svc.cluster.local",
]
OUTSIDE = [
    "acme.example",
    "status.acme.example",
    "corp.example",
    "localhost.acme.example",
    "internal.acme.example",
    "prod.acme.example",
    "web.dev",
    "www.who.int",
    "visit.qa",
    "8.8.8.8",
    "172.32.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("host", INSIDE)
def test_hosts_inside(host: str) -> None:
    """Only people inside can reach it."""
    assert is_internal_host(host, PATTERNS)


@pytest.mark.parametrize("host", OUTSIDE)
def test_hosts_outside(host: str) -> None:
    """The public can reach it."""
    assert not is_internal_host(host, PATTERNS)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://wiki/a", "wiki"),
        ("HTTPS://Wiki:8443?a", "wiki"),
        ("https:/wiki/a", "wiki"),
        (r"http:\\wiki\a", "wiki"),
        ("//wiki/a", "wiki"),
        ("https://acme.example@wiki/a", "wiki"),
        (r"https://acme.example\@wiki", "acme.example"),
        ("https://acme.example/@wiki", "acme.example"),
        ("https://acme.example?@wiki", "acme.example"),
        ("https://acme.example#@wiki", "acme.example"),
        ("https://w%69ki/", "wiki"),
        ("https://ｗｉｋｉ/", "wiki"),
        ("https://wiki.c\u200borp/", "wiki.corp"),
        ("https://wi\u00adki\ufe0f.corp/", "wiki.corp"),
        ("https://wiki.c%E2%80%8Borp/", "wiki.corp"),
        ("https://wiki。corp/", "wiki.corp"),
        ("https://[fe80::1%25eth0]:80/", "fe80::1"),
        ("https://[fe80", "fe80"),
        ("mailto:ann@mail.corp?subject=a@b", "mail.corp"),
        ("/relative", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_an_address_is_read_as_a_browser_reads_it(url: str, host: str) -> None:
    """The host that would be asked, however the address is dressed up."""
    assert read_address(url).host == host


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://wiki/runbook.", [("internal_link", "http://wiki/runbook")]),
        ("see [the runbook](http://wiki/runbook)", [("internal_link", "http://wiki/runbook")]),
        ("see <http://wiki/runbook>", [("internal_link", "http://wiki/runbook")]),
        ("**http://wiki**", [("internal_link", "http://wiki")]),
        ("`curl http://wiki/`", [("internal_link", "http://wiki/")]),
        ("```\ncurl http://wiki/\n```", [("internal_link", "http://wiki/")]),
        ("see [it][1]\n\n[1]: //wiki/x", [("internal_link", "//wiki/x")]),
        ("[x](http&#58;//wiki)", [("internal_link", "http://wiki")]),
        ("[x](https:wiki)", [("internal_link", "https:wiki")]),
        ("![x](http://wiki/x.png)", [("internal_link", "http://wiki/x.png")]),
        ("http://wiki twice http://wiki", [("internal_link", "http://wiki")]),
        ("on db.internal, 10.0.0.5 and localhost:80", [("internal_link", "db.internal")]),
        ("on http://db01.prod/x", [("internal_link", "http://db01.prod/x")]),
        ("at http://wiki.c\u200borp/x", [("internal_link", "http://wiki.corp/x")]),
        ("at [it](http://wiki.c\u2060orp/x)", [("internal_link", "http://wiki.corp/x")]),
        ("at wiki.c\u200borp now", [("internal_link", "wiki.corp")]),
        ("at\u200b10.0.0.5", [("internal_link", "10.0.0.5")]),
        (r"in \\fileserver\share\a.doc.", [("internal_link", r"\\fileserver\share\a.doc")]),
        (r"in `\\files.acme.example\c$`", [("internal_link", r"\\files.acme.example\c$")]),
        (r"in \\\\10.0.0.5\\share", [("internal_link", r"\\\\10.0.0.5\\share")]),
        ("orders.shop.svc:8080 is down", [("internal_link", "orders.shop.svc")]),
        ("it asks localhost, and", [("internal_link", "localhost")]),
        ("it asks 127.0.0.1 again", [("internal_link", "127.0.0.1")]),
        ("write to ops@mail.corp", [("internal_link", "mail.corp")]),
        ("https://git.corp.example/x", [("internal_link", "https://git.corp.example/x")]),
        ("https://acme.slack.com/archives/C1/p2", [("slack_link", "https://acme.slack.com/archives/C1/p2")]),
        ("https://files.slack.com/x", [("slack_link", "https://files.slack.com/x")]),
        ("slack://channel?id=C1", [("slack_link", "slack://channel?id=C1")]),
        ("https://ann:hunter2@acme.example/x", [("password", "https://…@acme.example/x")]),
        (r"http:\\ann:hunter2@acme.example", [("password", "http://…@acme.example")]),
        ("https://ann:hunt:er@2@acme.example", [("password", "https://…@acme.example")]),
        ("ask @Mia.", [("person", "@mia")]),
        ("ask @platform", [("group", "@platform")]),
        ("@here look", [("broadcast", "@here")]),
        ("see #ops-db", [("channel", "#ops-db")]),
    ],
)
def test_what_is_warned_about(text: str, expected: list[tuple[str, str]]) -> None:
    """Each is found wherever it stands; passwords are not repeated."""
    assert found(text)[: len(expected)] == expected
    assert "hunt" not in str(found(text))


def test_hosts_without_a_scheme_are_found_too() -> None:
    """Names and addresses that lead inside, in plain words."""
    text = "db.internal, 10.0.0.5 and localhost:80"
    assert [about for _, about in found(text)] == ["db.internal", "10.0.0.5", "localhost"]


@pytest.mark.parametrize(
    "text",
    [
        "All of https://status.acme.example/x?a=b#c is back.",
        "[Slack's status](https://status.slack.com), https://slack.com/help",
        "Version 10.4.2 and 1.2 of file.py, e.g. at 12:30; a/b.",
        "# Heading #1, colour #ff0000, issue #42, C# and a#b",
        "mail support@acme.example or @acme on other networks, mia@acme.example",
        "https://acme.example/#section and https://acme.example/@mia",
        "local hosts, a localhost-like name and locals: words are no address",
        r"Escaped \*stars\*, `\\d+`, C:\temp\x and a \\ break",
        PROSE,
        "[up](/status) and [down](#below)",
        "ask Mia",
    ],
)
def test_what_is_left_in_peace(text: str) -> None:
    """Nothing is said of what everybody may read."""
    assert found(text) == []


def test_a_leak_can_be_kept() -> None:
    """It comes back as it was from the form in which it is kept with a draft."""
    leak = Leak(LeakKind.PERSON, "Mia")
    assert leak.as_json() == {"kind": "person", "about": "Mia"}
    assert Leak.from_json(leak.as_json()) == leak


_PARTS = st.sampled_from(
    [
        "http://",
        "//",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "@",
        ":",
        "&#58;",
        "\\",
        "`",
        "wiki",
        "10.0.0.1",
        "#",
        ".",
        "%zz",
        "\n",
    ]
)


@given(st.lists(_PARTS | st.text(st.characters(), max_size=4), max_size=20).map("".join))
def test_no_text_is_too_odd(text: str) -> None:
    """Whatever is written, the finder comes to an end without an error, and every leak can be kept."""
    for leak in find_leaks(text, NAMES, PATTERNS):
        assert Leak.from_json(leak.as_json()) == leak
        assert len(leak.about) <= 200


@both_databases
def test_names_of_one_kind_are_enough(desk: Desk, clock: HeldClock) -> None:
    """Where only people, only groups or only handles are named, they are looked up all the same."""
    with desk.database.write() as session:
        add_member(session, MAX, clock.now(), name="Max")
        session.add(UserGroup(group_id="S0PLATFORM", handle="Platform", name="Platform team"))
        session.flush()
        assert read_names(session, handles=["MAX"]).people == {MAX: "Max"}
        assert read_names(session, user_ids=[MAX]).people == {MAX: "Max"}
        assert read_names(session, group_ids=["S0PLATFORM"]).groups == {"S0PLATFORM": "Platform"}


@both_databases
def test_names_are_read_with_two_queries(desk: Desk, clock: HeldClock) -> None:
    """People are found by id or handle and groups likewise, in any case of letters, however many are asked for."""
    with desk.database.write() as session:
        add_member(session, MIA, clock.now(), name="Mia")
        add_member(session, MAX, clock.now(), name="Max")
        session.add(UserGroup(group_id="S0PLATFORM", handle="Platform", name="Platform team"))
    asked: list[str] = []
    with desk.database.read() as session:
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
        handles = [*list_handles("@MAX, @platform"), *(f"h{number}" for number in range(300))]
        names = read_names(session, user_ids=[MIA], group_ids=["S0NOBODY"], handles=handles)
        assert read_names(session) == Names()
    assert names.people == {MIA: "Mia", MAX: "Max"}
    assert names.handles == {"mia": "Mia", "max": "Max"}
    assert names.groups == {"S0PLATFORM": "Platform"}
    assert names.group_handles == {"platform"}
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 2
