"""What a form carries in a modal's private metadata."""

from hypothesis import given
from hypothesis import strategies as st

from desk.incidents.drafts.leaks import Leak, LeakKind
from handlers.slack.incidents.drafts.writing import still_there
from handlers.slack.incidents.form_state import MOST_COMPONENTS, FormState
from storage.models import DraftKind, IncidentStatus

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200)
LEAKS = st.lists(
    st.builds(Leak, st.sampled_from([LeakKind.PERSON, LeakKind.GROUP, LeakKind.CHANNEL]), NAMES), max_size=50
)


@given(LEAKS, st.booleans())
def test_no_warning_is_left_out(leaks: list[Leak], is_crowded: bool) -> None:
    """However many names were warned about, Slack takes what the form carries, and each of them is still found."""
    before = {f"component{number:03}": "degraded_performance" for number in range(MOST_COMPONENTS)}
    state = FormState(
        DraftKind.UPDATE,
        "p" * 12,
        incident_id="i" * 12,
        draft_id="d" * 12,
        status=IncidentStatus.INVESTIGATING,
        before=before if is_crowded else {},
    ).with_leaks(leaks)
    metadata = state.as_metadata()
    assert len(metadata) <= 3000
    carried = FormState.from_metadata(metadata)
    for leak in leaks:
        assert leak.kind in {found.kind for found in still_there(carried.leaks, f"Ask {leak.about}, please")}


def test_what_is_carried_comes_back() -> None:
    """A form knows all that it was given when it is submitted."""
    state = FormState(
        DraftKind.INCIDENT,
        "p" * 12,
        remind="[1,3]",
        status=IncidentStatus.RESOLVED,
        before={"c" * 12: "major_outage"},
        leaks=(Leak(LeakKind.PERSON, "Max Meyer"), Leak(LeakKind.GROUP, "Überwacher")),
    )
    assert FormState.from_metadata(state.as_metadata()) == state


def test_signs_in_a_name_do_not_hide_it() -> None:
    """A name that Markdown needs backslashes for, or that goes on in the next line, is found again."""
    leak = Leak(LeakKind.PERSON, "Max [on_call] Meyer")
    assert still_there([leak], r"Ask Max \[on\_call\]" + "\nMeyer.") == [leak]
    assert still_there([leak], "Ask Max Meyer.") == []
