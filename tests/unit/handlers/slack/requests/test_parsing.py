"""`/keys request …` in one line: what is understood, in whatever order it is typed."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.people import SubjectWord
from handlers.slack.requests.parsing import TypedRequest, parse_request
from storage.models import Scope

WHOLE = TypedRequest(
    name="terraform prod",
    purpose="we automate the page",
    scopes=["components:write"],
    pages=["acme"],
    lifetime_days=90,
)


def test_the_line_of_the_manual() -> None:
    """Name, scope, page, lifetime and reason are read from one line."""
    line = '"terraform prod" scope:components:write page:acme for 90d because we automate the page'
    assert parse_request(line) == WHOLE


@pytest.mark.parametrize(
    "parts",
    list(
        itertools.permutations(
            ['"terraform prod"', "scope:components:write", "page:acme", "for 90d", 'because "we automate the page"']
        )
    ),
)
def test_order_does_not_matter(parts: tuple[str, ...]) -> None:
    """The same parts in any order are the same request, when the reason is quoted."""
    assert parse_request(" ".join(parts)) == WHOLE


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", TypedRequest()),
        ("   ", TypedRequest()),
        ("terraform", TypedRequest(name="terraform")),
        ("components:API,Web", TypedRequest(components=["API", "Web"])),
        (
            'component:"Europe - API", Web from:10.0.0.0/8',
            TypedRequest(components=["Europe - API", "Web"], networks=["10.0.0.0/8"]),
        ),
        ("from:2001:db8::/32,192.0.2.7", TypedRequest(networks=["2001:db8::/32", "192.0.2.7"])),
        ("terraform prod scope:read", TypedRequest(name="terraform prod", scopes=["read"])),
        ("“terraform prod”", TypedRequest(name="terraform prod")),
        ('name:"terraform prod" reason:"a: b"', TypedRequest(name="terraform prod", purpose="a: b")),
        ("x reason: we need it", TypedRequest(name="x", purpose="we need it")),
        ('x purpose: "we need it" scope:read', TypedRequest(name="x", purpose="we need it", scopes=["read"])),
        ("x reason:automation scope:read", TypedRequest(name="x", purpose="automation", scopes=["read"])),
        ("x --for 30d because y", TypedRequest(name="x", purpose="y", lifetime_days=30)),
        ("scope:read,components:write", TypedRequest(scopes=["read", "components:write"])),
        ("scope:read, components:write", TypedRequest(scopes=["read", "components:write"])),
        ("scope:read scope:metrics:write", TypedRequest(scopes=["read", "metrics:write"])),
        ("incidents:write", TypedRequest(scopes=["incidents:write"])),
        ("scope: read", TypedRequest(scopes=["read"])),
        ("page:acme,beta page:gamma", TypedRequest(pages=["acme", "beta", "gamma"])),
        ('page:"Acme Inc" page:beta', TypedRequest(pages=["Acme Inc", "beta"])),
        ("page:all", TypedRequest(pages=["all"])),
        ("for 12w", TypedRequest(lifetime_days=84)),
        ("for 90 days", TypedRequest(lifetime_days=90)),
        ("for 90", TypedRequest(lifetime_days=90)),
        ("lifetime:3months", TypedRequest(lifetime_days=90)),
        ("for 1y", TypedRequest(lifetime_days=365)),
        ("keys for ci", TypedRequest(name="keys for ci")),
        ("ci for 30d", TypedRequest(name="ci", lifetime_days=30)),
        ("holder:@max", TypedRequest(holder=SubjectWord("name", "@max"))),
        ("holder:<@U0MAX00001|max>", TypedRequest(holder=SubjectWord("user", "U0MAX00001"))),
        ("holder: <@U0MAX00001>", TypedRequest(holder=SubjectWord("user", "U0MAX00001"))),
        ("ci <@U0MAX00001>", TypedRequest(name="ci", holder=SubjectWord("user", "U0MAX00001"))),
        ("ci because of a: b, c", TypedRequest(name="ci", purpose="of a: b, c")),
        ("ci BECAUSE it’s time", TypedRequest(name="ci", purpose="it’s time")),
        ('ci because "it" is time', TypedRequest(name="ci", purpose='"it" is time')),
        ('ci because "it is time" scope:read', TypedRequest(name="ci", purpose="it is time", scopes=["read"])),
        ('ci because we need 3" pipes', TypedRequest(name="ci", purpose='we need 3" pipes')),
        ('"because we can" because why not', TypedRequest(name="because we can", purpose="why not")),
        ("ci because", TypedRequest(name="ci")),
        ("ci because R&amp;D &lt;3 it", TypedRequest(name="ci", purpose="R&D <3 it")),
        (
            "ci because <@U0MAX00001|max> said in <#C0OPS00001|ops>: <https://acme.example/a?b=1&amp;c=2>",
            TypedRequest(name="ci", purpose="@max said in #ops: https://acme.example/a?b=1&c=2"),
        ),
        ('page:"R&amp;D"', TypedRequest(pages=["R&D"])),
    ],
)
def test_what_is_understood(line: str, expected: TypedRequest) -> None:
    """Each form that people type is read as they mean it."""
    assert parse_request(line) == expected


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('"open', "A quotation mark is not closed"),
        ("ci color:red", "I did not understand “color:red”"),
        ('"one" "two"', "I did not understand “two” beside the name “one”"),
        ('"one" two three', "I did not understand “two three”"),
        ("lifetime:long", "“long” is not a lifetime"),
        ("ci scope:", "Nothing follows “scopes:”"),
    ],
)
def test_what_is_not_understood_is_said(line: str, problem: str) -> None:
    """What can't be read becomes a sentence, and what can be read is kept beside it."""
    assert any(problem in said for said in parse_request(line).problems)


def test_a_mention_says_who_answers() -> None:
    """A person or a group; that no group can is the desk's to say."""
    assert parse_request("ci <@U0MIA00001>").holder == SubjectWord("user", "U0MIA00001")
    assert parse_request("ci <!subteam^S0GROUP0001|@ops>").holder == SubjectWord("group", "S0GROUP0001")


def test_a_mistake_does_not_lose_the_rest() -> None:
    """With one word that is not understood everything else is still there, to fill in the form."""
    found = parse_request('"terraform prod" colour:red scope:read because we need it')
    assert (found.name, found.scopes, found.purpose) == ("terraform prod", ["read"], "we need it")
    assert len(found.problems) == 1


@given(st.text(max_size=200))
def test_whatever_is_typed_is_read(text: str) -> None:
    """No text makes the reading fail."""
    assert isinstance(parse_request(text), TypedRequest)


words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


@given(
    name=st.lists(words, min_size=1, max_size=3).map(" ".join),
    scopes=st.lists(st.sampled_from([scope.value for scope in Scope]), min_size=1, max_size=4),
    pages=st.lists(words, min_size=1, max_size=3),
    days=st.integers(1, 365),
    reason=st.lists(words, min_size=1, max_size=8).map(" ".join),
    order=st.permutations(range(5)),
    joined=st.booleans(),
)
def test_what_is_written_is_what_is_read(
    name: str, scopes: list[str], pages: list[str], days: int, reason: str, order: list[int], joined: bool
) -> None:
    """Any request that is written in the documented form, in any order, is read back as it was meant."""
    parts = [
        f'"{name}"',
        f"scope:{','.join(scopes)}" if joined else " ".join(f"scope:{scope}" for scope in scopes),
        f"page:{','.join(pages)}" if joined else " ".join(f"page:{page}" for page in pages),
        f"for {days}d",
        f'because "{reason}"',
    ]
    assert parse_request(" ".join(parts[index] for index in order)) == TypedRequest(
        name=name, purpose=reason, scopes=scopes, pages=pages, lifetime_days=days
    )


def test_a_name_may_hold_an_equals_sign() -> None:
    """Without quotation marks too, unless what stands before it is a word of the line."""
    found = parse_request("env=prod on acme scope=read for 30d because we deploy")
    assert (found.name, found.scopes, found.problems) == ("env=prod", ["read"], [])


def test_months_are_not_written_as_minutes() -> None:
    """Everywhere else `2m` is two minutes, and nobody gets a key for two months unasked."""
    assert parse_request("x on acme scope:read for 2m because y").lifetime_days is None
    assert parse_request("x on acme scope:read for 2mo because y").lifetime_days == 60
