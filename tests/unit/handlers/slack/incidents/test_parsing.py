"""One typed line, read: options first, then the words for the public."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.identifiers import new_id
from desk.pages.status import Impact
from handlers.slack.incidents.parsing import parse_incident
from handlers.slack.incidents.typed import TypedIncident
from handlers.slack.maintenances.parsing import parse_maintenance
from storage.models import ComponentStatus, IncidentStatus

DOWN, PARTIAL, UP = ComponentStatus.MAJOR_OUTAGE, ComponentStatus.PARTIAL_OUTAGE, ComponentStatus.OPERATIONAL
INVESTIGATING, MONITORING = IncidentStatus.INVESTIGATING, IncidentStatus.MONITORING
ID = "p31zjtct2jer"

READ: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("", {}),
    "a name": ('"Checkout errors"', {"quoted": "Checkout errors"}),
    "curly quotation marks": ("“Checkout errors” x", {"quoted": "Checkout errors", "body": "x"}),
    "everything": (
        '"Checkout errors" on acme component:checkout=partial_outage investigating We look "into" it: now',
        {
            "quoted": "Checkout errors",
            "page": "acme",
            "components": [("checkout", PARTIAL)],
            "status": INVESTIGATING,
            "body": 'We look "into" it: now',
        },
    ),
    "an id": (f"{ID} monitoring A fix is in", {"incident": ID, "status": MONITORING, "body": "A fix is in"}),
    "a permalink": (f"<https://a.example/incidents/{ID}|link> hello", {"incident": ID, "body": "hello"}),
    "a word that is no id": ("investigators are on it", {"body": "investigators are on it"}),
    "an id in the words": (f"monitoring {ID}", {"status": MONITORING, "body": ID}),
    "an id as an option": (f"incident:{ID} hello", {"incident": ID, "body": "hello"}),
    "a status in any case": ("Monitoring x", {"status": MONITORING, "body": "x"}),
    "the second status is a word": ("monitoring resolved it", {"status": MONITORING, "body": "resolved it"}),
    "a quoted component": ('component:"Public API"=down x', {"components": [("Public API", DOWN)], "body": "x"}),
    "a state within the quotes": (
        'component:"Public API=down" x',
        {"components": [("Public API", DOWN)], "body": "x"},
    ),
    "short states": ("c:a=up c:b=partial c:c", {"components": [("a", UP), ("b", PARTIAL), ("c", None)]}),
    "options behind the status": (
        'monitoring component:a=up impact:critical remind:[1,3] "x" y',
        {
            "status": MONITORING,
            "components": [("a", UP)],
            "impact": Impact.CRITICAL,
            "remind": "[1,3]",
            "body": '"x" y',
        },
    ),
    "placeholders of a template": (
        'template:slow region:Europe what:"the API" hello',
        {"template": "slow", "values": {"region": "Europe", "what": "the API"}, "body": "hello"},
    ),
    "a colon behind the name": ('"Checkout errors": We look', {"quoted": "Checkout errors", "body": "We look"}),
    "a dash behind the name": (
        '"Checkout errors" – investigating',
        {"quoted": "Checkout errors", "status": INVESTIGATING},
    ),
    "an arrow behind the name": (
        '"Checkout errors" -&gt; investigating',
        {"quoted": "Checkout errors", "status": INVESTIGATING},
    ),
    "two dashes behind the name": ('"Checkout errors" -- We look', {"quoted": "Checkout errors", "body": "We look"}),
    "a page behind the status": (
        '"X" identified on acme We look',
        {"quoted": "X", "status": IncidentStatus.IDENTIFIED, "page": "acme", "body": "We look"},
    ),
    "a colon behind the page": ('"X" on acme: We look', {"quoted": "X", "page": "acme", "body": "We look"}),
    "a colon behind the id": (f"{ID}: fixed", {"incident": ID, "body": "fixed"}),
    "a status as a pair": ("status:monitoring x", {"status": MONITORING, "body": "x"}),
    "a status of two words": ("in progress x", {"status": IncidentStatus.IN_PROGRESS, "body": "x"}),
    "a state of two words": ("c:a=partial outage x", {"components": [("a", PARTIAL)], "body": "x"}),
    "a state of two words and a mark": ("c:a=partial outage; x", {"components": [("a", PARTIAL)], "body": "x"}),
    "blanks around the sign": (
        "page : acme component : a = down x",
        {"page": "acme", "components": [("a", DOWN)], "body": "x"},
    ),
    "a value behind a blank": (
        "page: acme component: a=down x",
        {"page": "acme", "components": [("a", DOWN)], "body": "x"},
    ),
    "several components at once": (
        'c:a,b=down c:"d,e" x',
        {"components": [("a", DOWN), ("b", DOWN), ("d,e", None)], "body": "x"},
    ),
    "components with their option again": (
        "component:a=down, component:b=partial outage x",
        {"components": [("a", DOWN), ("b", PARTIAL)], "body": "x"},
    ),
    "a state in quotation marks behind a name in some": (
        'c:"a b"="partial outage" x',
        {"components": [("a b", PARTIAL)], "body": "x"},
    ),
    "a list after a name": (
        '"Checkout errors"\n- API: slow\n- EU: fine',
        {"quoted": "Checkout errors", "body": "- API: slow\n- EU: fine"},
    ),
    "components with blanks between": (
        "c: a, b=down monitoring x",
        {"components": [("a", DOWN), ("b", DOWN)], "status": MONITORING, "body": "x"},
    ),
    "a status that begins a sentence": (
        "Monitoring shows no errors",
        {"status": MONITORING, "body": "Monitoring shows no errors"},
    ),
    "a status that may begin a sentence": (
        "identified as a bad deploy",
        {"status": IncidentStatus.IDENTIFIED, "body": "identified as a bad deploy", "doubt": "identified"},
    ),
    "a status of two words that may begin a sentence": (
        "in progress as planned",
        {"status": IncidentStatus.IN_PROGRESS, "body": "in progress as planned", "doubt": "in progress"},
    ),
    "a status on a line of its own": ("monitoring\nthe fix is in", {"status": MONITORING, "body": "the fix is in"}),
    "a status with a colon": ("monitoring: the fix is in", {"status": MONITORING, "body": "the fix is in"}),
    "a status with a colon alone": ("monitoring:the fix is in", {"status": MONITORING, "body": "the fix is in"}),
    "a status with a comma": (
        "identified, we roll back",
        {"status": IncidentStatus.IDENTIFIED, "body": "we roll back"},
    ),
    "a status with a full stop": ("Monitoring. The fix is in", {"status": MONITORING, "body": "The fix is in"}),
    "a status with an ellipsis": ("Investigating… We look", {"status": INVESTIGATING, "body": "We look"}),
    "a status in bold": ("*monitoring* We look", {"status": MONITORING, "body": "We look"}),
    "a status with a dash": ("monitoring – the fix is in", {"status": MONITORING, "body": "the fix is in"}),
    "a status of two words with a colon": (
        "in progress: we move",
        {"status": IncidentStatus.IN_PROGRESS, "body": "we move"},
    ),
    "a list behind a status": ("monitoring\n- EU: fine", {"status": MONITORING, "body": "- EU: fine"}),
    "wide signs of a keyboard": (
        "component：a＝down component:b＝up x",
        {"components": [("a", DOWN), ("b", UP)], "body": "x"},
    ),
    "an option behind dashes": (
        "--component a=down —page acme –c:b=up x",
        {"components": [("a", DOWN), ("b", UP)], "page": "acme", "body": "x"},
    ),
    "a quoted state behind a blank": ('c:"a" = "partial outage" x', {"components": [("a", PARTIAL)], "body": "x"}),
    "states with other signs between": (
        "c:a=partial-outage c:b=majoroutage x",
        {"components": [("a", PARTIAL), ("b", DOWN)], "body": "x"},
    ),
    "several quoted components with states": (
        'c:"A b"=down,"C d"=up We look',
        {"components": [("A b", DOWN), ("C d", UP)], "body": "We look"},
    ),
    "several components, each with a state": (
        "c:a=down,b,c=green x",
        {"components": [("a", DOWN), ("b", UP), ("c", UP)], "body": "x"},
    ),
    "a page as a pair": ("on:acme x", {"page": "acme", "body": "x"}),
    "signs of direction around words": (
        '\u200f"Checkout"\u200f \u202bmonitoring\u202c x',
        {"quoted": "Checkout", "status": MONITORING, "body": "x"},
    ),
    "a colon in the words": ("Note: it is down", {"body": "Note: it is down"}),
    "a state behind a blank": ("component:a =down x", {"components": [("a", DOWN)], "body": "x"}),
    "a state between blanks": ("component:a = down x", {"components": [("a", DOWN)], "body": "x"}),
    "an address is a word": (
        "template:slow https://a.example x",
        {"template": "slow", "body": "https://a.example x"},
    ),
    "an address as Slack sends it": ("<https://a.example|a> x", {"body": "<https://a.example|a> x"}),
    "a mention is a word": ("<@U0MIA00001> looks", {"body": "<@U0MIA00001> looks"}),
    "on without a page": ("on", {"body": "on"}),
    "a second page is a word": ("on acme on fire", {"page": "acme", "body": "on fire"}),
    "what Slack escaped": ("R&amp;D &lt;3", {"body": "R&amp;D &lt;3"}),
    "an open quotation mark in the words": ('monitoring 5" disks', {"status": MONITORING, "body": '5" disks'}),
    "empty quotation marks": ('"" x', {"body": "x"}),
    "lines": ("monitoring one\n\ntwo", {"status": MONITORING, "body": "one\n\ntwo"}),
}


@pytest.mark.parametrize(("text", "found"), READ.values(), ids=READ.keys())
def test_a_line_is_read(text: str, found: dict[str, Any]) -> None:
    """Each of these lines says exactly this."""
    assert parse_incident(text) == TypedIncident(**found)


@pytest.mark.parametrize(
    ("text", "body", "problem"),
    [
        ("We look component:a=up", None, "“component:a=up” stands among the words for the public"),
        ("monitoring We look page:acme", "We look page:acme", "“page:acme” stands among the words for the public"),
        ("region:Europe is down", None, "I did not understand “region:Europe”."),
        ("compnent:checkout is down", None, "Did you mean “component:”?"),
        (f'{ID} "Renamed" x', '"Renamed" x', "“Renamed” stands in quotation marks at the beginning"),
        ('"One" „Two“ x', "„Two“ x", "“Two” stands in quotation marks at the beginning"),
        ("checkout errors monitoring a fix is in", None, "“monitoring” stands among the words for the public"),
        ("We look compnent:a=up", None, "Did you mean “component:”?"),
        ("We look page: acme", None, "“page:” stands among the words for the public"),
        ("Impact: login fails", None, "“impact:” stands among the words for the public"),
        ("partial_outage We look", None, "“partial_outage” looks like a state"),
        ("search is down monitoring a fix is in", None, "“monitoring” stands among the words for the public"),
        ("c:a=down = We look", "= We look", "“=” stands at the beginning"),
        ("--force We look", None, "“--force” looks like an option"),
        ("We look --component a", None, "“--component” looks like an option"),
        ("sev1 We look", None, "write impact:critical"),
        ("investigatng We look", None, "“investigatng” is no status. Did you mean “investigating”?"),
    ],
)
def test_what_looks_like_an_option_is_asked_about(text: str, body: str | None, problem: str) -> None:
    """It stays among the words, where nothing is lost, and a sentence sends the line to its form."""
    found = parse_incident(text)
    assert found.body == (text if body is None else body)
    (said,) = found.problems
    assert problem in said


EVERYDAY = """\
We are investigating reports of elevated error rates on the API.
We are currently investigating this issue.
The issue has been identified and a fix is being implemented.
A fix has been implemented and we are monitoring the results.
This incident has been resolved.
We have identified the cause: a bad deploy.
We’ve now identified the cause.
Update: we continue to see errors in eu-west-1.
Engineers are still investigating; next update at 14:30 UTC.
We rolled back. Monitoring continues.
A fix is deployed, monitoring for another hour.
We're seeing increased latency on checkout.
Customers may see 502/504 errors when logging in.
At 10:42 UTC we began to see elevated errors.
From 9:15 to 9:45 UTC some requests failed.
Between 10pm and 11pm some mails were delayed.
Don't retry payments; they're queued.
Note: webhooks are delayed by 20 minutes.
Status: degraded, still looking.
ETA: 30 minutes.
Root cause: an expired certificate.
Workaround: set retries=3 in your client.
We rolled back v2.3.1 and errors are down to 0.1%.
Search results may be up to 2h old.
5 of 12 regions are affected.
The problem is resolved for most customers.
Investigation goes on.
Investigators from our provider are on it.
Our provider's page (https://status.acme.com/today?page=2) reports an outage.
<https://status.acme.com|status.acme.com> reports an outage.
Résolu : tout fonctionne à nouveau.
Wir untersuchen das Problem „Checkout“ weiter.
* EU: fixed, US: in progress
1. we rolled back
Until then, please use the old page: it works.
Affected components: search and login.
Down for some of you: we look.\
""".splitlines()


@pytest.mark.parametrize("sentence", EVERYDAY)
@pytest.mark.parametrize("before", ['"X" component:a=down', "monitoring", ID, ""])
def test_everyday_sentences_are_published_as_they_are(before: str, sentence: str) -> None:
    """What real updates say stops nobody, and not a word of it is taken for something else."""
    found = parse_incident(f"{before} {sentence}")
    assert (found.body, found.problems) == (sentence, [])


@pytest.mark.parametrize("sentence", ["On iOS the app crashes.", "on call is looking at it"])
def test_a_page_may_have_been_the_first_word(sentence: str) -> None:
    """Whoever finds no such page gives the words back as they were typed; the same of a status."""
    assert parse_incident(f"{ID} {sentence}").without_page().body == sentence
    assert parse_incident(f"{ID} on acme monitoring {sentence}").without_page().body == sentence
    assert parse_incident("Verifying it is slow").without_status().body == "Verifying it is slow"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("search is down", {"bare": "search is down"}),
        ("errors on checkout", {"bare": "errors on checkout"}),
        (
            "search is down investigating We look",
            {"bare": "search is down", "status": INVESTIGATING, "body": "We look"},
        ),
        (
            "R&amp;D is down component:a=down We look",
            {"bare": "R&amp;D is down", "components": [("a", DOWN)], "body": "We look"},
        ),
        ('"Search" is down', {"quoted": "Search", "body": "is down"}),
        ('Search "is down" c:a=down', {"bare": 'Search "is down"', "components": [("a", DOWN)]}),
        ('on acme "Search" We look', {"quoted": "Search", "page": "acme", "body": "We look"}),
        ("on call is slow", {"bare": "on call is slow"}),
        ('name:"Search" We look', {"quoted": "Search", "body": "We look"}),
        ('--title "Search" We look', {"quoted": "Search", "body": "We look"}),
        ("env=prod is down", {"bare": "env=prod is down"}),
        ("", {}),
    ],
)
def test_words_in_the_place_of_a_name_are_the_name(text: str, found: dict[str, Any]) -> None:
    """Who forgets the quotation marks of something new has named it all the same."""
    assert parse_incident(text, takes_bare_name=True) == TypedIncident(**found)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('"Checkout errors', "A quotation mark is not closed."),
        ("component:checkout=broken", "“broken” is no state of a component. There is operational,"),
        ("impact:huge", "“huge” is no impact. There is none, minor, major, critical."),
    ],
)
def test_what_is_not_understood_is_said(text: str, problem: str) -> None:
    """A mistake is named together with what there is."""
    (said,) = parse_incident(text).problems
    assert said.startswith(problem)


def test_a_page_at_the_end_may_have_been_words() -> None:
    """“On regarde.” is all that somebody says of it, and is given back where there is no such page."""
    assert parse_incident('"X" On regarde.').without_page().body == "On regarde."


def test_any_number_of_components_is_read() -> None:
    """However many stand in one line."""
    found = parse_incident("c:" + ",".join(['"Node 7"=down'] * 1200) + " We look")
    assert (len(found.components), found.body) == (1200, "We look")


def test_every_id_of_ours_is_read_as_one() -> None:
    """However an identifier came out, it names an incident and is no word for the public."""
    for known in (new_id() for _ in range(500)):
        assert parse_incident(f"{known} hello") == TypedIncident(incident=known, body="hello")


def test_options_of_a_command() -> None:
    """A command's own options are read beside the others; without them they are words."""
    assert parse_incident("from:now x", options=frozenset({"from"})).options == {"from": "now"}
    assert parse_incident("from:now x").body == "from:now x"


_PIECES = st.sampled_from(
    [
        '"',
        "“",
        "on",
        "acme",
        "monitoring",
        "component:",
        "component:a=up",
        "impact:x",
        "template:t",
        "a:b",
        "=down",
        ID,
        f"<https://a.example/incidents/{ID}|x>",
        "<@U0MIA00001>",
        "&lt;",
        "from",
        "tomorrow 22:00",
        "for 3h",
        " ",
        "\n",
    ]
)
_LINES = st.one_of(st.text(max_size=60), st.lists(_PIECES | st.text(max_size=6), max_size=14).map(" ".join))


@given(_LINES)
def test_no_line_is_too_odd(text: str) -> None:
    """Whatever is typed is read without an error, and the words for the public are the end of what was typed."""
    found = parse_incident(text)
    assert text.rstrip().endswith(found.body)
    assert found.body == found.body.strip()


@given(_LINES)
def test_no_line_of_a_maintenance_is_too_odd(text: str) -> None:
    """The same where a line says when."""
    found = parse_maintenance(text)
    assert text.rstrip().endswith(found.said.body)


@pytest.mark.parametrize(
    ("typed", "hours"),
    [
        ("remind:2h", "2"),
        ("remind:2 hours", "2"),
        ("remind: 1 day", "24"),
        ("remind:4", "4"),
        ("remind:[1,3]", "[1,3]"),
    ],
)
def test_hours_of_reminders_are_understood_as_people_write_them(typed: str, hours: str) -> None:
    """No unit of them is left among the words for the public."""
    found = parse_incident(f'"X" {typed} We look.')
    assert (found.remind, found.body, found.problems) == (hours, "We look.", [])


@pytest.mark.parametrize(
    "words",
    [
        "Major parts are slow.",
        "Down for all.",
        "We fixed it. Status: ok",
        "Critical path is slow.",
    ],
)
def test_sentences_with_words_of_options_are_sentences(words: str) -> None:
    """Nothing is asked about them."""
    found = parse_incident(f'"X" on acme {words}')
    assert (found.body, found.problems) == (words, [])


@pytest.mark.parametrize(
    ("words", "is_asked"),
    [
        ("Reminder messages are late", False),
        ("Reminder inboxes are full", False),
        ("remind me in 2 hours", True),
        ("reminder every 4 hours", True),
        ("remind 4", True),
    ],
)
def test_a_sentence_about_reminders_is_published(words: str, is_asked: bool) -> None:
    """What sends reminders may be what is down; only what says when to remind is asked about."""
    found = parse_incident(f'"Mail" identified {words}')
    assert (found.body, bool(found.problems)) == (words, is_asked)
