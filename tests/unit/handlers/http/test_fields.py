"""Members of a body, as clients write them."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk.errors import InvalidInputError
from handlers.http.errors import RefusedError
from handlers.http.fields import Body, Fields
from storage.models import ComponentStatus, IncidentStatus

OUTAGE = ComponentStatus.MAJOR_OUTAGE


def problems_of(fields: Fields) -> list[str]:
    """What is wrong with the members that were asked for."""
    try:
        fields.problems.refuse()
    except InvalidInputError as error:
        return [str(one) for one in error.together]
    return []


@pytest.mark.parametrize("unset", [{}, {"x": None}, {"x": ""}])
def test_what_is_null_or_empty_is_not_given(unset: dict[str, Any]) -> None:
    """One client sends an empty text for whatever is unset, another null."""
    fields = Fields(unset)
    assert fields.text("x") is None
    assert fields.flag("x") is None
    assert fields.whole("x") is None
    assert fields.choice(IncidentStatus, "x") is None
    assert fields.instant("x") is None
    assert fields.ids("x") is None
    assert fields.states("x") is None
    assert fields.members("x") is None
    assert problems_of(fields) == []
    assert fields.has("x") == bool(unset)


@pytest.mark.parametrize("word", [True, "t", "true", "TRUE", "1", 1, "yes", "on"])
def test_what_is_true(word: object) -> None:
    """As JSON has it, and as old clients write it."""
    assert Fields({"x": word}).flag("x") is True


@pytest.mark.parametrize("word", [False, "f", "False", "0", 0, "no", "off"])
def test_what_is_false(word: object) -> None:
    """The same; and false is not the same as not given."""
    assert Fields({"x": word}).flag("x") is False


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28T22:00:00Z",
        "2026-11-28T22:00:00.000Z",
        "2026-11-28T23:00:00+01:00",
        "2026-11-28T23:00:00.5+0100",
        "2026-11-28T22:00:00",
        "2026-11-28 22:00:00 UTC",
        "2026-11-28T23:00:00.0000000 01:00",
        "2026-11-28 23:00 0100",
    ],
)
def test_times_as_clients_write_them(text: str) -> None:
    """With an offset, of which a form may have lost the plus, in UTC, or without either; a day alone begins in the
    zone that it is read in."""
    at = Fields({"x": text}).instant("x")
    assert at is not None
    assert at.replace(microsecond=0) == datetime(2026, 11, 28, 22, tzinfo=UTC)
    assert Fields({"x": "2026-11-28"}).instant("x") == datetime(2026, 11, 28, tzinfo=UTC)
    zone = ZoneInfo("America/New_York")
    assert Fields({"x": text}).instant("x", zone=zone) == at
    assert Fields({"x": "2026-11-28"}).instant("x", zone=zone) == datetime(2026, 11, 28, tzinfo=zone)


def test_components_as_a_map_or_a_list() -> None:
    """A list names no states; an empty state leaves the component as it is."""
    assert Fields({"x": {"a": "major_outage", "b": ""}}).states("x") == {"a": OUTAGE, "b": None}
    assert Fields({"x": ["a", "b", ""]}).states("x") == {"a": None, "b": None}
    assert Fields({"x": {"a": "major_outage"}}).ids("x") == ["a"]
    assert Fields({"x": [{"id": "a", "status": "major_outage"}, {"name": "B"}]}).states("x") == {"a": None}
    assert Fields({"x": "a"}).ids("x") == ["a"]
    assert Fields({"x": []}).ids("x") == []


def test_the_first_name_that_has_something_counts() -> None:
    """As `message` for `body`."""
    assert Fields({"message": "m"}).text("body", "message") == "m"
    assert Fields({"body": "", "message": "m"}).text("body", "message") == "m"
    assert Fields({"body": "b", "message": "m"}).text("body", "message") == "b"
    assert Fields({"name": 5}).text("name") == "5"


@pytest.mark.parametrize(("given", "read"), [(7, 7), ("7", 7), (7.0, 7), ("-7", -7), (7.5, None), (True, None)])
def test_whole_numbers_as_languages_write_them(given: object, read: int | None) -> None:
    """Some know one kind of number only."""
    assert Fields({"x": given}).whole("x") == read


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """Each a sentence of its own, and what cannot be read is None until then."""
    fields = Fields({key: {"deep": [True]} for key in "abcdefgh"} | {"g": [["x"]], "h": "word"})
    assert fields.text("a") is None
    assert fields.flag("b") is None
    assert fields.whole("c") is None
    assert fields.choice(IncidentStatus, "d") is None
    assert fields.instant("e") is None
    assert fields.states("f") is None
    assert fields.ids("g") is None
    assert fields.members("h") is None
    assert [said.split()[0] for said in problems_of(fields)] == list("abcdefgh")
    assert all(said.endswith(".") for said in problems_of(fields))


@pytest.mark.parametrize(
    "far",
    [
        *("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"),
        *("9999-12-31T23:59:59Z", "tomorrow", 17, [1], "2026-13-01"),
    ],
)
def test_times_that_are_none(far: object) -> None:
    """Nor does one at the end of the calendar end in an error of ours."""
    fields = Fields({"x": far})
    assert fields.instant("x") is None
    assert "ISO 8601" in problems_of(fields)[0]


def test_an_envelope_under_one_of_its_names() -> None:
    """Some clients send another one than the specification has."""
    assert Body({"components_group": {"name": "x"}}).fields("component_group", "components_group").text("name") == "x"
    assert Body({}).fields("postmortem", required=False).text("name") is None
    assert Body({"postmortem": None}).fields("postmortem", required=False).text("name") is None
    assert Body({"description": "x"}).bare.text("description") == "x"


@pytest.mark.parametrize("members", [{}, {"name": "x"}, {"incident": None}, {"incident": []}, {"incident": "x"}])
def test_without_its_envelope_a_body_is_refused(members: dict[str, Any]) -> None:
    """400, with the envelope by name."""
    with pytest.raises(RefusedError) as caught:
        Body(members).fields("incident")
    assert caught.value.answer.status == 400
    assert '{"incident": {…}}' in json.loads(caught.value.answer.body)["error"]
