"""`/roles …` as people type it."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desk.errors import InvalidInputError
from desk.people import SubjectWord
from desk.roles.lists import NAMES, find_role
from desk.roles.orders import GrantOrder, RevokeOrder
from desk.roles.roles import AnyPage
from handlers.slack.framework.commands import split_command
from handlers.slack.roles.parsing import Query, StartedGrant, parse_grant, parse_query, parse_revoke
from handlers.slack.roles.replies import Sheet, cut_sheet
from storage.models import Role
from tests.reaching import Branch

MIA = SubjectWord("user", "U0MIA00001")
PLATFORM = SubjectWord("group", "S0PLATFORM")
MANAGER = Role.INCIDENT_MANAGER
ANY = AnyPage.ANY


def _until(ends: str, page: str | AnyPage = ANY) -> GrantOrder:
    return GrantOrder(subject=SubjectWord("name", "@mia"), role=Role.INTEGRATOR, page=page, ends=ends)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("<@U0MIA00001|mia> owner", GrantOrder(subject=MIA, role=Role.OWNER, page=ANY)),
        ("<@U0MIA00001> incident_manager", GrantOrder(subject=MIA, role=MANAGER, page=ANY)),
        ("<!subteam^S0PLATFORM|@platform> integrator", GrantOrder(subject=PLATFORM, role=Role.INTEGRATOR, page=ANY)),
        ("<!subteam^S0PLATFORM> integrator", GrantOrder(subject=PLATFORM, role=Role.INTEGRATOR, page=ANY)),
        ("incident_manager to <@U0MIA00001>", GrantOrder(subject=MIA, role=MANAGER, page=ANY)),
        ("@mia incident manager", GrantOrder(subject=SubjectWord("name", "@mia"), role=MANAGER, page=ANY)),
        ("@mia integrator until next friday on acme", _until("until next friday", "acme")),
        ("@mia integrator until Dec 1 22:00", _until("until Dec 1 22:00")),
        (
            "@mia integrator until tomorrow 22:00 UTC because x",
            replace(_until("until tomorrow 22:00 UTC"), reason="x"),
        ),
        ("@mia integrator until monday at 9", _until("until monday at 9")),
        ("@mia integrator until monday 9", _until("until monday 9")),
        ("@mia integrator until 22h", _until("until 22h")),
        ("@mia integrator until tomorrow 9-10 on acme", _until("until tomorrow 9-10", "acme")),
        ("@mia integrator until Dec 1-2, on acme", _until("until Dec 1-2", "acme")),
        ("@mia integrator for 22h", _until("22h")),
        ("@mia integrator for 1h30", _until("1h30")),
        ("@mia integrator until the cows come home on acme", _until("the cows come home", page="acme")),
        ("@mia integrator for 1 day and 2 hours", _until("1 day and 2 hours")),
        ("@mia Incident-Manager", GrantOrder(subject=SubjectWord("name", "@mia"), role=MANAGER, page=ANY)),
        ('"Mia Member" owner', GrantOrder(subject=SubjectWord("name", "Mia Member"), role=Role.OWNER, page=ANY)),
        ("“Mia Member” owner", GrantOrder(subject=SubjectWord("name", "Mia Member"), role=Role.OWNER, page=ANY)),
        (
            '<@U0MIA00001> incident_manager on "Acme Status"',
            GrantOrder(subject=MIA, role=MANAGER, page="Acme Status"),
        ),
        ("<@U0MIA00001> incident_manager on acme", GrantOrder(subject=MIA, role=MANAGER, page="acme")),
        ("<@U0MIA00001> incident_manager page:acme", GrantOrder(subject=MIA, role=MANAGER, page="acme")),
        ("<@U0MIA00001> incident_manager on page:acme", GrantOrder(subject=MIA, role=MANAGER, page="acme")),
        ("<@U0MIA00001> incident_manager on all pages", GrantOrder(subject=MIA, role=MANAGER)),
        ("<@U0MIA00001> incident_manager on all", GrantOrder(subject=MIA, role=MANAGER)),
        ("<@U0MIA00001> incident_manager for 8h", GrantOrder(subject=MIA, role=MANAGER, ends="8h", page=ANY)),
        (
            "<@U0MIA00001> incident_manager for 8 hours",
            GrantOrder(subject=MIA, role=MANAGER, ends="8 hours", page=ANY),
        ),
        ("<@U0MIA00001> incident_manager for good", GrantOrder(subject=MIA, role=MANAGER, page=ANY)),
        (
            "<@U0MIA00001> incident_manager until 2026-12-01 18:00",
            GrantOrder(subject=MIA, role=MANAGER, ends="until 2026-12-01 18:00", page=ANY),
        ),
        (
            '<@U0MIA00001|mia> incident_manager on "Acme" for 8h because she is "on call" – for now',
            GrantOrder(subject=MIA, role=MANAGER, page="Acme", ends="8h", reason='she is "on call" – for now'),
        ),
        (
            "<@U0MIA00001> owner BECAUSE: it's \"odd",
            GrantOrder(subject=MIA, role=Role.OWNER, reason="it's \"odd", page=ANY),
        ),
        (
            '"because I can" owner',
            GrantOrder(subject=SubjectWord("name", "because I can"), role=Role.OWNER, page=ANY),
        ),
        ("@owner integrator", GrantOrder(subject=SubjectWord("name", "@owner"), role=Role.INTEGRATOR, page=ANY)),
        ("page owner on acme", GrantOrder(subject=SubjectWord("name", "page"), role=Role.OWNER, page="acme")),
        (
            "@mia page configuration",
            GrantOrder(subject=SubjectWord("name", "@mia"), role=Role.PAGE_CONFIGURATION, page=ANY),
        ),
    ],
)
def test_a_grant_is_read_as_it_was_meant(text: str, order: GrantOrder) -> None:
    """Mentions, names, quotation marks of both kinds, any order, and reasons that hold anything."""
    assert parse_grant(text) == order


@pytest.mark.parametrize(
    ("text", "started"),
    [
        ("", StartedGrant()),
        ("owner", StartedGrant(role=Role.OWNER)),
        ("<@U0MIA00001>", StartedGrant(subject=MIA)),
        ("<@U0MIA00001> because she asked", StartedGrant(subject=MIA, reason="she asked")),
        ("to <@U0MIA00001> on acme for 8h", StartedGrant(subject=MIA, page="acme", ends="8h")),
    ],
)
def test_what_lacks_somebody_or_a_role_is_begun(text: str, started: StartedGrant) -> None:
    """Whatever was said is kept for the form."""
    assert parse_grant(text) == started


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("<@U0MIA00001> <@U0MAX00001> owner", "subject"),
        ("Mia Member owner", "subject"),
        ("<@U0MIA00001> owner integrator", "role"),
        ("<@U0MIA00001> owner on", "page"),
        ("<@U0MIA00001> owner on <@U0MAX00001>", "page"),
        ('<@U0MIA00001> owner on ""', "page"),
        ("<@U0MIA00001> owner on acme on beta", "page"),
        ("<@U0MIA00001> owner for", "ends"),
        ("<@U0MIA00001> owner for 8h until 2026-12-01", "ends"),
        ("<@U0MIA00001> role:king", "role"),
        ("<@U0MIA00001> owner colour:red", None),
        ('<@U0MIA00001> "owner', None),
        ("@mia integrator from tomorrow until friday", None),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(text: str, field: str | None) -> None:
    """Something is missing, said twice or unknown: the refusal names the part and gives an example."""
    with pytest.raises(InvalidInputError) as refusal:
        parse_grant(text)
    assert refusal.value.field == field
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("<@U0MIA00001> owner", RevokeOrder(subject=MIA, role=Role.OWNER)),
        ("<@U0MIA00001> incident_manager on all", RevokeOrder(subject=MIA, role=MANAGER, page=None)),
        ("<@U0MIA00001> incident_manager on acme", RevokeOrder(subject=MIA, role=MANAGER, page="acme")),
        ("<@U0MIA00001> owner because he left", RevokeOrder(subject=MIA, role=Role.OWNER, page=AnyPage.ANY)),
    ],
)
def test_a_revocation_is_read(text: str, order: RevokeOrder) -> None:
    """No page, all pages and one page are three different things."""
    assert parse_revoke(text) == order


@pytest.mark.parametrize("text", ["", "owner", "<@U0MIA00001>", "<@U0MIA00001> owner for 8h"])
def test_a_revocation_without_sense_is_refused(text: str) -> None:
    """Somebody and a role are needed; a time is not understood."""
    with pytest.raises(InvalidInputError):
        parse_revoke(text)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", Query()),
        ("<@U0MIA00001>", Query(subject=MIA)),
        ("me", Query(subject=SubjectWord("name", "me"))),
        ("on Acme", Query(page="Acme")),
        ("@mia on acme", Query(subject=SubjectWord("name", "@mia"), page="acme")),
        ("incident_managers on acme", Query(role=MANAGER, page="acme")),
    ],
)
def test_a_question_is_read(text: str, query: Query) -> None:
    """Lists may name somebody, a role and a page."""
    assert parse_query(text) == query


def test_sub_commands_are_told_apart_in_any_case() -> None:
    """The first word is the sub-command."""
    assert split_command("  GRANT  @mia owner ") == ("grant", "@mia owner")
    assert split_command("") == ("", "")


mentions = st.sampled_from([MIA, PLATFORM])
pages = st.one_of(st.none(), st.text(st.characters(categories=["L", "Nd", "Zs"]), min_size=1, max_size=20))
spans = st.one_of(st.none(), st.builds("{}{}".format, st.integers(1, 999), st.sampled_from("mhdw")))
reasons = st.one_of(st.just(""), st.text(st.characters(exclude_characters="<>&"), min_size=1, max_size=60))


@example(MIA, Role.OWNER, None, None, ": she is on call", ["subject", "role", "page", "ends"])
@given(mentions, st.sampled_from(Role), pages, spans, reasons, st.permutations(["subject", "role", "page", "ends"]))
def test_every_order_that_can_be_said_is_read_back(
    subject: SubjectWord, role: Role, page: str | None, ends: str | None, reason: str, order: list[str]
) -> None:
    """Whoever, whatever, wherever and until whenever, said in any order of its parts, comes back as it was."""
    page = page.strip() if page and page.strip() and page.strip().lower() != "all" else None
    said = {
        "subject": f"<@{subject.text}|x>" if subject.kind == "user" else f"<!subteam^{subject.text}|@x>",
        "role": role.value,
        "page": f'on "{page}"' if page else "on all",
        "ends": f"for {ends}" if ends else "",
    }
    text = " ".join(said[part] for part in order if said[part])
    read = parse_grant(f"{text} because {reason}" if reason.strip() else text)
    wanted = reason.lstrip(": \t\n").strip()
    assert read == GrantOrder(subject=subject, role=role, page=page, ends=ends, reason=wanted)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Whatever is typed is understood or refused as input, never anything else."""
    for parse in (parse_grant, parse_revoke, parse_query):
        try:
            parse(text)
        except InvalidInputError as refusal:
            assert refusal.sentence


words = st.sampled_from(
    ["on", "for", "until", "to", "all", "page", "incident", "manager", "owner", "8", "hours", "because"]
)
begun = st.lists(words, max_size=2).map(lambda parts: ["<@U0MIA00001>", "incident", "manager", *parts])
read = Branch(0.05)


@read
@given(st.lists(words, max_size=8) | begun)
def test_no_row_of_keywords_breaks_the_reading(parts: list[str]) -> None:
    """Keywords in the wrong places are refused as input as well."""
    try:
        parse_grant(" ".join(parts))
    except InvalidInputError:
        return
    read.reached()


@pytest.mark.parametrize("role", Role)
def test_a_role_is_found_by_every_way_of_writing_it(role: Role) -> None:
    """As the database has it, as people say it, with dashes, in capitals and in the plural."""
    for text in (role.value, NAMES[role], role.value.replace("_", "-"), role.value.upper(), f"{NAMES[role]}s"):
        assert find_role(text) is role
    assert find_role("king") is None


@given(st.integers(0, 100), st.integers(0, 20), st.integers(1, 12))
def test_every_item_is_on_exactly_one_sheet(total: int, number: int, size: int) -> None:
    """Sheets hold everything once; asking beyond the end gives the last sheet."""
    items = list(range(total))
    sheets = cut_sheet(items, number, size)[2]
    assert [item for sheet in range(sheets) for item in cut_sheet(items, sheet, size)[0]] == items
    assert cut_sheet(items, number, size)[1] == min(number, sheets - 1)


@given(
    st.builds(
        Sheet,
        st.builds(
            Query,
            subject=st.one_of(st.none(), mentions),
            role=st.one_of(st.none(), st.sampled_from(Role)),
            page=st.one_of(st.none(), st.just("abcdefghij12")),
        ),
        st.integers(0, 99),
    )
)
def test_a_sheet_travels_in_a_button(sheet: Sheet) -> None:
    """What a list shows survives the way through Slack."""
    assert Sheet.unpack(sheet.pack()) == sheet
    assert len(sheet.pack()) < 150


@pytest.mark.parametrize("value", ["", "x", "1|2", "-1||||", "a|||||b", "1|king|U1|emperor|"])
def test_a_strange_button_shows_the_whole_list(value: str) -> None:
    """A value of another release does no harm."""
    assert Sheet.unpack(value).query == Query()
