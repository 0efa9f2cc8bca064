"""What people type in Slack becomes the Markdown that the page takes, and what should not go out is warned about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from desk.errors import InvalidInputError
from desk.incidents.drafts.leaks import Leak, LeakKind
from desk.incidents.drafts.names import Names
from desk.secret import Secret
from desk.transaction import Desk
from handlers.slack.incidents.text import render_leak, render_leaks
from handlers.slack.markdown.from_slack import public_text, read_names
from storage.models import UserGroup
from tests.clock import HeldClock
from tests.factories import MAX, MIA, add_member

NAMES = Names(people={MIA: "Mia", MAX: "Max *the* [Axe]"}, handles={"mia": "Mia"}, groups={"S0PLATFORM": "platform"})

COMMAND = [
    ("R&amp;D &lt;3 a &gt; b", "R&D <3 a > b"),
    ("&amp;lt;", "&lt;"),
    ("see <https://acme.example/a_b?x=1&amp;y=2>", "see https://acme.example/a_b?x=1&y=2"),
    ("<https://acme.example|our page>", "[our page](https://acme.example)"),
    ("<https://acme.example/a(b)|a [b]>", r"[a \[b\]](https://acme.example/a%28b%29)"),
    ("<https://acme.example|*now* :tada:>", r"[\*now\* 🎉](https://acme.example)"),
    ("<https://acme.example|https://acme.example>", "https://acme.example"),
    ("<http://acme.example|acme.example>", "[acme.example](http://acme.example)"),
    ("[here](<http://acme.example|acme.example>)", "[here](http://acme.example)"),
    ("[here](<https://acme.example>)", "[here](https://acme.example)"),
    ("`<https://acme.example|x>`", "`https://acme.example`"),
    ("<mailto:ops@acme.example|ops@acme.example>", "ops@acme.example"),
    ("<mailto:ops@acme.example|write us>", "[write us](mailto:ops@acme.example)"),
    ("<!date^1783159200^{date} at {time}|4 July &amp; later>", "4 July & later"),
    ("<!date^1783159200^{date}>", "2026-07-04 10:00 UTC"),
    ("<!date^999999999999^{date}>", "999999999999"),
    (":tada: :fire::fire: done:+1:", "🎉 🔥🔥 done👍"),
    (":wave::skin-tone-3: :tada::skin-tone-3:", "👋🏼 🎉"),
    (":flag-de: :large_green_circle: :male-technologist: :email:", "🇩🇪 🟢 👨‍💻 ✉️"),
    ("urn:x:y std::vec::x 12:30:45 at 10:100:20", "urn:x:y std::vec::x 12:30:45 at 10:100:20"),
    ("`:tada:`\n```\n:tada:\n```\n\\`:tada:`", "`:tada:`\n```\n:tada:\n```\n\\`🎉`"),
    ("https://acme.example/:tada:/", "https://acme.example/:tada:/"),
    ("*bold* ~struck~ _so_ > - 1.", "**bold** ~~struck~~ _so_ > - 1."),
    ("*a _b ~c~_* ~*d*~ (*e*), _*f*_.", "**a _b ~~c~~_** ~~**d**~~ (**e**), _**f**_."),
    ("**g** ***h*** ~~i~~ \\*j\\* \\~k~", "**g** ***h*** ~~i~~ \\*j\\* \\~k~"),
    ("5*3*2 a*b*c * d * ~5 to ~10 x~y~z", "5*3*2 a*b*c * d * ~5 to ~10 x~y~z"),
    ("* one\n* two *three*", "* one\n* two **three**"),
    ("`*a* ~b~` *c*", "`*a* ~b~` **c**"),
    ("```curl x\ncurl y``` Then wait.", "```\ncurl x\ncurl y\n```\nThen wait."),
    ("Run ```curl x\ncurl y```", "Run\n```\ncurl x\ncurl y\n```"),
    ("```python\nx\n```\n```y```", "```python\nx\n```\n```y```"),
    ("```kubectl get pods\nNAME\n```", "```\nkubectl get pods\nNAME\n```"),
    ("```z\n```", "```\nz\n```"),
    ("Slow. ```a\nb``` and ```c\nd```", "Slow.\n```\na\nb\n```\nand\n```\nc\nd\n```"),
    ("They say:\n&gt;&gt;&gt; one\n\ntwo", "They say:\n> one\n>\n> two"),
    ("`&gt;&gt;&gt;`\n&gt; one\ntwo", "`>>>`\n> one\ntwo"),
    ("&lt;!-- x --&gt; &lt;&lt;@ \\&lt;# \\\\&lt;!", r"&lt;!-- x --> <&lt;@ &lt;# \\&lt;!"),
]


@pytest.mark.parametrize(("typed", "markdown"), COMMAND)
def test_a_command_becomes_markdown(typed: str, markdown: str) -> None:
    """Escapes, links, dates and emoji become what everybody can read, and nothing is warned about."""
    text = public_text(typed, NAMES)
    assert text.markdown == markdown
    assert text.warnings == ()


MENTIONS = [
    (f"ask <@{MIA}|mimi>", "ask Mia", LeakKind.PERSON, "Mia"),
    (f"<@{MAX}>", r"Max \*the\* \[Axe\]", LeakKind.PERSON, "Max *the* [Axe]"),
    ("<@U0STRANGER|@jo_b>", "jo_b", LeakKind.PERSON, "jo_b"),
    ("<@W0STRANGER>", "somebody", LeakKind.PERSON, "somebody"),
    ("<!subteam^S0PLATFORM|@old>", "platform", LeakKind.GROUP, "platform"),
    ("<!subteam^S0UNKNOWN|@ops>", "ops", LeakKind.GROUP, "ops"),
    ("<!subteam^S0UNKNOWN>", "a group", LeakKind.GROUP, "a group"),
    ("in <#C0GENERAL1|ops_db>", "in #ops_db", LeakKind.CHANNEL, "#ops_db"),
    ("in <#C0GENERAL1|>", "in a channel", LeakKind.CHANNEL, "a channel"),
    ("<!here> look", "here look", LeakKind.BROADCAST, "here"),
    ("<!channel|@channel>", "channel", LeakKind.BROADCAST, "channel"),
    ("<!everyone>", "everyone", LeakKind.BROADCAST, "everyone"),
    ("@mia looks", "@mia looks", LeakKind.PERSON, "@mia"),
    (":acme_logo:", ":acme_logo:", LeakKind.EMOJI, ":acme_logo:"),
    (
        "<https://acme.example|:acme_logo: x>",
        "[:acme_logo: x](https://acme.example)",
        LeakKind.EMOJI,
        ":acme_logo:",
    ),
    ("<http://wiki/x|runbook>", "[runbook](http://wiki/x)", LeakKind.INTERNAL_LINK, "http://wiki/x"),
    (
        "<https://a.slack.com/archives/C1>",
        "https://a.slack.com/archives/C1",
        LeakKind.SLACK_LINK,
        "https://a.slack.com/archives/C1",
    ),
]


@pytest.mark.parametrize(("typed", "markdown", "kind", "about"), MENTIONS)
def test_mentions_become_names_and_are_warned_about(typed: str, markdown: str, kind: LeakKind, about: str) -> None:
    """A mention never leaves Slack as one: its name does, with one warning that says so."""
    text = public_text(typed, NAMES)
    assert text.markdown == markdown
    assert text.warnings == (Leak(kind, about),)


def test_hosts_of_the_policy_are_warned_about() -> None:
    """A host that a setting calls internal is one."""
    text = public_text("<https://git.corp.example/x>", NAMES, internal_hosts=("*.corp.example",))
    assert text.warnings == (Leak(LeakKind.INTERNAL_LINK, "https://git.corp.example/x"),)


def test_a_form_is_not_unescaped() -> None:
    """What stands in a form's field is Markdown already, entities and links in brackets too; only emoji change."""
    markdown = "R&amp;D, `a &lt; b`, <https://acme.example> [x](<https://acme.example/a b>)"
    assert public_text(f"{markdown} :tada:", NAMES, escaped=False).markdown == f"{markdown} 🎉"


def test_secrets_are_refused() -> None:
    """A key's secret is refused, also when a mention in its middle would vanish, and is not repeated."""
    secret = Secret.generate().reveal()
    group = f"{secret[:20]}<!subteam^S1|{secret[20:25]}>{secret[25:]}"
    for typed in (f"use {secret} now", group, f"<https://acme.example|{secret}>"):
        with pytest.raises(InvalidInputError) as refusal:
            public_text(typed, NAMES, field="body")
        assert refusal.value.field == "body"
        assert secret not in str(refusal.value)


_HOSTILE = st.lists(
    st.sampled_from(
        [
            *(
                "<",
                ">",
                "<@",
                "<#",
                "<!",
                "&lt;",
                "&amp;",
                "|",
                "^",
                "@U0EVIL00001",
                "!here",
                "#C0EVIL0001",
                "subteam",
                "date",
            ),
            *(
                "`",
                "```",
                ":",
                ":tada:",
                ":x",
                "skin-tone-3",
                "\\",
                "\n",
                "[",
                "](",
                ")",
                "https://",
                "acme.example",
                "a",
            ),
            *("<@U0EVIL00001|x>", "<!here>", "<!date^1^x|", "<https://acme.example|", "1"),
        ]
    )
    | st.text(max_size=3),
    max_size=25,
).map("".join)


@given(_HOSTILE, st.booleans())
def test_nothing_of_slack_is_left(typed: str, escaped: bool) -> None:
    """Whatever is typed, it ends without an error and without the beginning of a mention; again changes nothing."""
    text = public_text(typed, NAMES, escaped=escaped)
    assert not any(sign in text.markdown for sign in ("<@", "<!", "<#"))
    again = public_text(text.markdown, NAMES, escaped=False).markdown
    assert public_text(again, NAMES, escaped=False).markdown == again


@given(st.text(st.characters(blacklist_characters="<&:*~`>")), st.booleans())
def test_plain_markdown_is_left_alone(markdown: str, escaped: bool) -> None:
    """Text without signs of Slack's, or of what people write by habit, comes out as it went in."""
    assert public_text(markdown, NAMES, escaped=escaped).markdown == markdown


@given(st.text(min_size=1, max_size=20).filter(lambda name: "kd_" not in name and name.strip()))
def test_a_name_is_only_a_name(name: str) -> None:
    """Whatever somebody is called, the page reads it as plain words."""
    named = public_text(f"ask <@{MIA}>!", Names(people={MIA: name})).markdown
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(named)
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {token.type for token in tokens[1].children or ()} <= {"text"}


def test_names_are_read_for_a_text(desk: Desk, clock: HeldClock) -> None:
    """Mentions by id and plain handles are looked up together."""
    with desk.database.write() as session:
        add_member(session, MIA, clock.now(), name="Mia")
        add_member(session, MAX, clock.now(), name="Max")
        session.add(UserGroup(group_id="S0PLATFORM", handle="platform", name="Platform"))
    with desk.database.read() as session:
        names = read_names(session, f"<@{MIA}|x> and @max of <!subteam^S0PLATFORM>")
    assert names == Names(
        people={MIA: "Mia", MAX: "Max"}, handles={"mia": "Mia", "max": "Max"}, groups={"S0PLATFORM": "platform"}
    )


def test_each_warning_is_a_sentence() -> None:
    """Every kind has its sentence, with what it is about, escaped; an emoji is named and not drawn."""
    sentences = {kind: render_leak(Leak(kind, "<!here>")) for kind in LeakKind}
    assert len(set(sentences.values())) == len(LeakKind)
    assert all("&lt;!here&gt;" in sentence and "<" not in sentence for sentence in sentences.values())
    assert ":acme:" not in render_leak(Leak(LeakKind.EMOJI, ":acme:"))
    many = [Leak(LeakKind.PERSON, f"Person {number}") for number in range(200)]
    assert render_leaks(many).endswith("more")
    assert len(render_leaks(many)) < 2100
    assert render_leaks([]) == ""
