"""Pages from YAML."""

from collections.abc import Sequence
from datetime import date
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from desk.configuration.components import retire_component
from desk.configuration.pruning import prune_seed
from desk.errors import ConflictError
from desk.incidents.incidents import create_incident, update_incident
from desk.incidents.inputs import IncidentChange, NewIncident
from desk.seeds import InvalidSeedError, PastKey, Planted, plant_past_key, plant_seed, read_acme, read_seed
from desk.transaction import Actor, Desk
from storage.models import AuditEvent, Component, ComponentStatus, IncidentStatus, Organization, Page, Revision
from tests.clock import HeldClock
from tests.databases import both_databases

ACTOR = Actor.operator("ann")


def plant(desk: Desk, text: str) -> Planted:
    """Read and plant a YAML text."""
    return desk.write_now(ACTOR, partial(plant_seed, seed=read_seed(text, "pages.yml")))


def problems(text: str) -> Sequence[str]:
    """What is wrong with a YAML text."""
    with pytest.raises(InvalidSeedError) as caught:
        read_seed(text, "pages.yml")
    return caught.value.problems


SMALL = """\
organization: Acme
pages:
  - name: Acme
    subdomain: acme
    components:
      - Website
      - name: API
        components: [Public, {name: Private, status: partial_outage, start_date: 2024-01-15}]
"""


@both_databases
def test_a_key_of_the_past_is_on_record_as_made_up(desk: Desk) -> None:
    """Whoever reads the trail of a demo can tell its keys from those that somebody collected."""
    plant(desk, SMALL)
    past = PastKey(name="old", purpose="Old", scopes=("read",), holder_id=None, made=9, expires_in=9)
    key = desk.write_now(ACTOR, partial(plant_past_key, past=past))
    with desk.database.read() as session:
        [event] = session.scalars(select(AuditEvent).where(AuditEvent.subject_kind == "key")).all()
    assert (event.action, event.subject_id, event.data) == ("key.minted", key.id, {"name": "old", "demo": True})


def test_the_demo_s_page_is_readable() -> None:
    """The page that comes with Keydesk is right, and has what the demo shows: two pages, groups, fixed ids."""
    seed = read_acme()
    assert (seed.organization, [page.subdomain for page in seed.pages]) == ("Acme", ["acme", "acme-internal"])
    assert all(page.id and len(page.id) == 12 for page in seed.pages)
    assert any(component.components for page in seed.pages for component in page.components)


def test_a_seed_makes_everything_once(desk: Desk) -> None:
    """The first planting makes organization, page, group and components; the second finds nothing to do."""
    first = plant(desk, SMALL)
    assert (len(first.made), first.changed, first.left) == (6, [], 0)
    second = plant(desk, SMALL)
    assert (second.made, second.changed, second.left) == ([], [], 6)
    with desk.database.read() as session:
        page = session.scalars(select(Page)).one()
        rows = {row.name: row for row in session.scalars(select(Component))}
    assert (page.name, page.subdomain, page.time_zone) == ("Acme", "acme", "UTC")
    assert {name: row.position for name, row in rows.items()} == {"Website": 1, "API": 2, "Public": 1, "Private": 2}
    assert rows["API"].group
    assert rows["Private"].group_id == rows["API"].id
    assert (rows["Private"].status, rows["Private"].start_date) == (ComponentStatus.PARTIAL_OUTAGE, date(2024, 1, 15))


@both_databases
def test_planting_is_audited_and_told(desk: Desk) -> None:
    """A planting that changes something is in the audit trail and makes replicas render again; others leave none."""
    plant(desk, SMALL)
    plant(desk, SMALL)
    with desk.database.read() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
        revision = session.get_one(Revision, "pages").value
    assert [(event.action, event.actor) for event in events] == [
        ("organization.seeded", "operator:ann"),
        ("page.seeded", "operator:ann"),
    ]
    assert events[1].data["made"][0] == "page Acme"
    assert revision == 1


@both_databases
def test_what_differs_is_changed_and_the_rest_stays(desk: Desk, clock: HeldClock) -> None:
    """Names, places and fields follow the file; ids, statuses and whatever the file does not mention stay."""
    plant(desk, SMALL)
    with desk.database.write() as session:
        page = session.scalars(select(Page)).one()
        page.configuration, page.url = {"city": "Bern"}, "https://acme.example"
        website = session.scalars(select(Component).where(Component.name == "Website")).one()
        website.status = ComponentStatus.MAJOR_OUTAGE
        website_id = website.id
    clock.advance(days=1)
    done = plant(
        desk,
        """\
organization: Acme Ltd
pages:
  - name: Acme Status
    subdomain: acme
    headline: Hello
    components:
      - Shop
      - {name: Website, status: operational, description: The shop window}
""",
    )
    assert done.made == ["component Shop of page Acme Status"]
    assert done.changed == ["organization Acme Ltd", "page Acme Status", "component Website of page Acme Status"]
    with desk.database.read() as session:
        assert session.scalars(select(Organization)).one().name == "Acme Ltd"
        page = session.scalars(select(Page)).one()
        rows = {row.name: row for row in session.scalars(select(Component))}
    assert (page.url, page.configuration) == ("https://acme.example", {"city": "Bern", "headline": "Hello"})
    assert (page.updated_at, page.created_at) == (clock.now(), clock.now().replace(day=clock.now().day - 1))
    assert set(rows) == {"Shop", "Website", "API", "Public", "Private"}
    assert (rows["Website"].id, rows["Website"].position, rows["Website"].description) == (
        website_id,
        2,
        "The shop window",
    )
    assert rows["Website"].status == ComponentStatus.MAJOR_OUTAGE


@both_databases
def test_reminders_of_a_page_are_kept_and_taken_back(desk: Desk) -> None:
    """As a list of YAML, or as Statuspage writes them; what are no hours is a mistake with its line."""
    text = "organization: A\npages:\n  - name: Acme\n    reminder_intervals: "
    for written, kept in (("[1, 5]", "[1,5]"), ('"[2,6]"', "[2,6]"), ("4", "4"), ("[]", "[]"), ("", None)):
        plant(desk, text + written)
        with desk.database.read() as session:
            assert session.scalars(select(Page.reminder_intervals)).one() == kept
    for written in ("[5, 1]", "soon", "[a]", "{a: 1}"):
        (problem,) = problems(text + written)
        assert problem.startswith("Line 4: `reminder_intervals`: ")


@both_databases
def test_a_group_that_was_retired_takes_nothing_in(desk: Desk) -> None:
    """What the file lists in it stays where it is, and nothing new is made for it; nobody prunes that either."""
    plant(desk, SMALL)
    with desk.database.read() as session:
        api = session.scalars(select(Component.id).where(Component.name == "API")).one()
    desk.write_now(ACTOR, partial(retire_component, component_id=api))
    more = SMALL.replace("[Public,", "[New, Public,")
    for _ in range(2):
        done = desk.write_now(ACTOR, partial(prune_seed, seed=read_seed(more, "pages.yml")))
        assert (done.planted.made, done.planted.changed, done.retired) == ([], [], [])
        assert done.planted.retired[0] == "component API of page Acme"
    with desk.database.read() as session:
        rows = {row.name: (row.group_id, row.position) for row in session.scalars(select(Component))}
    assert {name: rows[name] for name in ("Website", "Public", "Private")} == {
        "Website": (None, 1),
        "Public": (None, 2),
        "Private": (None, 3),
    }


@both_databases
def test_ids_are_kept_and_found_again(desk: Desk) -> None:
    """A page and a component with ids of their own keep them, and can be renamed by them."""
    text = "organization: A\npages:\n  - {name: Old, id: page00000001, components: [{name: Old, id: comp00000001}]}\n"
    plant(desk, text)
    done = plant(desk, text.replace("Old", "New"))
    assert (done.made, done.changed) == ([], ["page New", "component New of page New"])
    with desk.database.read() as session:
        assert session.get_one(Page, "page00000001").name == "New"
        assert session.get_one(Component, "comp00000001").name == "New"


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (
            "organization: A\npages: [{name: P, subdomain: p, id: page00000001}]",
            "organization: A\npages: [{name: P, subdomain: p, id: page00000002}]",
            "page00000001",
        ),
        (
            "organization: A\npages: [{name: P, components: [{name: C, id: comp00000001}]}]",
            "organization: A\npages: [{name: P, components: [{name: C, id: comp00000002}]}]",
            "comp00000001",
        ),
        (
            "organization: A\npages: [{name: P, components: [{name: C, id: comp00000001}]}]",
            "organization: A\npages: [{name: Q, components: [{name: C, id: comp00000001}]}]",
            "another page",
        ),
        (
            "organization: {name: A, id: organization}\npages: [{name: P}]",
            "organization: {name: A, id: orga00000002}\npages: [{name: P}]",
            "has the id organization, not orga00000002",
        ),
        (
            "organization: A\npages: [{name: P, subdomain: p}, {name: Q, subdomain: q, id: page00000001}]",
            "organization: A\npages: [{name: Q, subdomain: p, id: page00000001}]",
            "“P”",
        ),
        (
            "organization: A\npages: [{name: P, domain: status.acme.example}]",
            "organization: A\npages: [{name: Q, domain: Status.ACME.example.}]",
            "status.acme.example",
        ),
    ],
)
def test_an_id_that_belongs_to_something_else_is_refused(desk: Desk, first: str, second: str, words: str) -> None:
    """A contradiction between file and database is said in a sentence, and nothing of the file is kept."""
    plant(desk, first)
    with desk.database.read() as session:
        before = session.scalar(select(Revision.value).where(Revision.topic == "pages"))
    with pytest.raises(ConflictError, match=words):
        plant(desk, second.replace("organization: A\n", "organization: Other\n"))
    with desk.database.read() as session:
        assert session.scalars(select(Organization)).one().name == "A"
        assert session.scalar(select(Revision.value).where(Revision.topic == "pages")) == before


def test_every_mistake_is_named_with_its_line() -> None:
    """All mistakes at once, in order, each in a sentence that says where and what is possible instead."""
    found = problems(
        """\
organization: Acme
owner: me
pages:
  - name: Acme
    colour: red
    time_zone: Mars
    hidden_from_search: [yes]
    components:
      - name: Website
        status: down
        showcase: maybe
        start_date: yesterday
      - Website
      - {id: 1}
      - name: API
        components:
          - name: Public
            components: [Deep]
  - 7
  - {subdomain: x, name: X, domain: status.x.example}
  - {subdomain: x, name: Y, name: Z, domain: Status.X.Example}
"""
    )
    said = [sentence.split(": ", 1) for sentence in found]
    assert [line for line, _ in said] == sorted((line for line, _ in said), key=lambda line: int(line.split()[1]))
    for line, words in (
        (2, "no field `owner`"),
        (4, "page “Acme” has two components named “Website”"),
        (5, "no field `colour`"),
        (6, "“Mars” is no time zone"),
        (7, "`hidden_from_search` of page “Acme” must be a single value"),
        (10, "“down” is no `status`"),
        (10, "degraded_performance"),
        (11, "`showcase` of component “Website” must be true or false"),
        (12, "must be a date"),
        (14, "needs a `name`"),
        (14, "12 small letters and digits"),
        (18, "no field `components`"),
        (19, "must be fields with values"),
        (21, "`name` is there twice"),
    ):
        assert any(where == f"Line {line}" and words in what for where, what in said), (line, words, found)
    assert any("two pages have the subdomain “x”" in sentence for sentence in found)
    assert any("two pages have the domain “status.x.example”" in sentence for sentence in found)


@pytest.mark.parametrize(
    ("sign", "words"),
    [("\\0", "no screen shows (U+0000)"), ("\\a", "no screen shows (U+0007)"), ("\\uD83D", "half of a character")],
)
@pytest.mark.parametrize(
    "text",
    [
        'organization: "A{}"\npages: [{{name: P}}]',
        'organization: A\npages: [{{name: "P{}"}}]',
        'organization: A\npages: [{{name: P, components: [{{name: "S{}"}}]}}]',
        'organization: A\npages: [{{name: P, components: [{{name: S, description: "about {} it"}}]}}]',
    ],
)
def test_what_nobody_can_read_is_refused(text: str, sign: str, words: str) -> None:
    """Nothing is dropped from a name in silence, wherever it stands."""
    with pytest.raises(InvalidSeedError) as refused:
        read_seed(text.format(sign), "seed.yml")
    assert any(words in problem and problem.startswith("Line ") for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("a: [", "not YAML"),
        ("a: b: c", "not YAML"),
        ("organization: A\npages: &a [*a]", "Line 2"),
        ("\x00", "not YAML"),
        ("- a\n- b\n", "must be fields with values"),
        ("just words", "must be fields with values"),
        ("pages: [{name: A}]", "needs an `organization`"),
        ("organization: A", "at least one page"),
        ("organization: A\npages: []", "at least one page"),
        ("organization: A\npages: {name: P}", "must be a list"),
        ("organization: {id: 000000000001}\npages: [{name: P}]", "needs a `name`"),
        ("organization: A\npages: [{name: [P]}]", "must be text"),
        (f"organization: A\npages: [{{name: {'x' * 256}}}]", "256 characters"),
        ("organization: A\npages: [{name: P}, {name: P}]", "are named “P”"),
        (
            "organization: A\npages: [{name: P, id: page00000001, components: [{name: C, id: page00000001}]}]",
            "the id",
        ),
        ("organization: A\npages: [{name: P}]\n---\norganization: B", "not YAML"),
    ],
)
def test_files_that_are_no_seed(text: str, words: str) -> None:
    """Whatever the file is instead of a seed, the answer is a sentence with a line."""
    found = problems(text)
    assert any(words in sentence for sentence in found), found


def test_text_that_looks_like_something_else_stays_text() -> None:
    """Names like yes, 007 and 1.0 need no quotes."""
    seed = read_seed("organization: 42\npages: [{name: yes, components: [007, 1.0, {name: null-ish}]}]", "pages.yml")
    assert (seed.organization, seed.pages[0].name) == ("42", "yes")
    assert [component.name for component in seed.pages[0].components] == ["007", "1.0", "null-ish"]


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    """Any text is a seed or a list of mistakes, never a traceback."""
    try:
        read_seed(text, "pages.yml")
    except InvalidSeedError as error:
        assert error.problems


def test_how_incidents_of_a_page_go_out(desk: Desk) -> None:
    """A page's channel and its rule of the second person come from the file, and mistakes in them are named."""
    text = "organization: Acme\npages: [{name: Acme, announcement_channel: C024BE91L, second_person: first_post"
    plant(desk, text + ", second_person_skipped_by: incident_manager, api_posts: draft}]")
    with desk.database.read() as session:
        page = session.scalars(select(Page)).one()
        assert (page.announcement_channel, page.second_person) == ("C024BE91L", "first_post")
        assert (page.second_person_skipped_by, page.api_posts) == ("incident_manager", "draft")
    assert (
        len(problems(text.replace("C024BE91L", "'#status'").replace("first_post", "sometimes") + ", api_posts: x}]"))
        == 3
    )


WHOLE = """\
organization: Acme
pages:
  - name: Acme
    subdomain: acme
    domain: status.acme.example
    url: https://acme.example
    page_description: All of it.
    time_zone: Europe/Zurich
    announcement_channel: C024BE91L
    second_person: always
    second_person_skipped_by: owner
    api_posts: draft
    headline: Acme status
    components:
      - name: Website
        description: The site.
        automation_email: web@acme.example
        start_date: 2024-01-15
        showcase: false
        only_show_if_degraded: true
"""
_KEPT = ("organization", "pages", "  - name", "    components", "      - name", "    subdomain")


@both_databases
def test_what_a_file_sets_a_file_takes_back(desk: Desk) -> None:
    """Each optional field that a file names and leaves empty is as if no file had ever set it; one that is not named
    stays. The second planting of the same finds nothing to do."""
    plant(desk, WHOLE)
    lines = WHOLE.splitlines()
    assert plant(desk, "\n".join(line for line in lines if line.startswith(_KEPT))).changed == []
    emptied = "\n".join(line if line.startswith(_KEPT) else f"{line.partition(':')[0]}:" for line in lines)
    assert plant(desk, emptied).changed == ["page Acme", "component Website of page Acme"]
    assert plant(desk, emptied).changed == []
    plant(desk, WHOLE)
    blank = "\n".join(line if line.startswith(_KEPT) else f"{line.partition(':')[0]}: ' '" for line in lines)
    assert plant(desk, blank).changed == ["page Acme", "component Website of page Acme"]
    with desk.database.read() as session:
        page, row = session.scalars(select(Page)).one(), session.scalars(select(Component)).one()
    own = {"id", "name", "subdomain", "page_id", "position", "status", "version", "organization_id"}
    own |= {"created_at", "updated_at"}
    for model in (page, row):
        for column in type(model).__table__.columns:
            default = column.default.arg if column.default is not None and column.default.is_scalar else None
            field = "group" if column.name == "is_group" else column.name
            if field not in own:
                assert getattr(model, field) == ({} if field == "configuration" else default)


def test_a_component_leaves_its_group_and_comes_back(desk: Desk) -> None:
    """Where the file lists it is where it is, with its id and all that it has; others of its name stay theirs."""
    plant(desk, SMALL)

    def place(name: str) -> tuple[str, str | None]:
        with desk.database.read() as session:
            row = session.scalars(select(Component).where(Component.name == name)).one()
            group = session.get(Component, row.group_id) if row.group_id else None
            return row.id, group.name if group else None

    before = place("Public")
    assert before[1] == "API"
    outside = SMALL.replace("[Public, ", "[").replace("      - Website\n", "      - Website\n      - Public\n")
    assert plant(desk, outside).made == []
    assert place("Public") == (before[0], None)
    assert place("Private")[1] == "API"
    assert plant(desk, SMALL).made == []
    assert place("Public") == before
    groups = "".join(f"      - name: {name}\n        components: [Public]\n" for name in ("EU", "US"))
    other = SMALL.replace("      - Website\n", f"      - Website\n{groups}")
    assert len(plant(desk, other.replace("[Public, ", "[")).made) == 3, (
        "the groups, and one for that to which none moves"
    )
    with desk.database.read() as session:
        publics = session.scalars(select(Component).where(Component.name == "Public")).all()
        assert {session.get_one(Component, row.group_id).name for row in publics} == {"EU", "US"}
    assert len(plant(desk, other).made) == 1, "a component of its own"


@both_databases
def test_a_component_moves_into_a_group_that_the_same_file_makes(desk: Desk) -> None:
    """A new group, or a component that becomes one, takes in what stood beside it, and a file can take that back."""
    plain = "organization: Acme\npages: [{name: Acme, components: %s}]"

    def ids() -> dict[str, str]:
        with desk.database.read() as session:
            rows = session.scalars(select(Component)).all()
            assert len({row.name for row in rows}) == len(rows)
            return {row.name: row.id for row in rows if row.name in {"Website", "API"}}

    plant(desk, plain % "[Website, API]")
    before = ids()
    for grouped in ("[Website, {name: Core, components: [API]}]", "[{name: Website, components: [API]}]"):
        plant(desk, plain % grouped)
        assert ids() == before
        plant(desk, plain % "[Website, API, Core]")
        assert ids() == before


def test_a_file_takes_a_group_back(desk: Desk) -> None:
    """What stood in a group that the file lists no more stands where it lists it now, with its id; the group, empty,
    is off the page."""
    plant(desk, SMALL)
    with desk.database.read() as session:
        before = {row.name: row.id for row in session.scalars(select(Component))}
    flat = SMALL[: SMALL.index("      - name: API")] + "      - Public\n      - Private\n"
    done = plant(desk, flat)
    assert done.made == []
    assert done.changed[-1] == "group API of page Acme, which is empty now"
    with desk.database.read() as session:
        rows = {row.name: row for row in session.scalars(select(Component))}
        assert {name: row.id for name, row in rows.items()} == before
        assert {row.group_id for row in rows.values()} == {None}
        assert [name for name, row in rows.items() if row.retired_at is not None] == ["API"]
    assert (plant(desk, flat).made, plant(desk, flat).changed) == ([], [])


def test_what_something_is_open_on_becomes_no_group(desk: Desk) -> None:
    """A group has no state of its own, in which an incident could leave it: such a file is refused."""
    plant(desk, SMALL)
    with desk.database.read() as session:
        website = session.scalars(select(Component).where(Component.name == "Website")).one()
    new = NewIncident(name="Slow", body="We look.", components={website.id: ComponentStatus.MAJOR_OUTAGE})
    incident_id = desk.write_now(ACTOR, lambda tx: create_incident(tx, website.page_id, new).id)
    grouped = SMALL.replace("      - Website\n", "      - name: Website\n        components: [Shop]\n")
    with pytest.raises(ConflictError, match="“Website” cannot become a group: “Slow” is open on it"):
        plant(desk, grouped)
    over = IncidentChange(status=IncidentStatus.RESOLVED, components={website.id: ComponentStatus.OPERATIONAL})
    desk.write_now(ACTOR, lambda tx: update_incident(tx, incident_id, over))
    assert plant(desk, grouped).made == ["component Shop of page Acme"]


def test_a_group_is_not_left_by_half(desk: Desk) -> None:
    """A group that becomes a component gives up what is in it, or is refused."""
    plant(desk, SMALL)
    flat = SMALL[: SMALL.index("      - name: API")] + "      - API\n"
    with pytest.raises(ConflictError, match="is no group in this file"):
        plant(desk, flat)
    assert plant(desk, f"{flat}      - Public\n      - Private\n").made == []
    with desk.database.read() as session:
        assert {row.group_id for row in session.scalars(select(Component))} == {None}
