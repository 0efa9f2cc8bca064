"""Colours that everybody can read, whatever a page asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.http.public.palette import (
    GRAPHIC,
    TEXT,
    contrast,
    luminance,
    make_themes,
    parse_colour,
    readable,
)

colours = st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
hexes = colours.map(lambda colour: "{:02x}{:02x}{:02x}".format(*colour))
CSS_FIELDS = (
    *("css_body_background_color", "css_font_color", "css_light_font_color", "css_link_color"),
    *("css_greens", "css_yellows", "css_oranges", "css_reds", "css_blues"),
)
LOOKS = ("operational", "maintenance", "degraded", "partial", "major")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("fff", (255, 255, 255)),
        ("#2FCC66", (47, 204, 102)),
        (" 3498db ", (52, 152, 219)),
        ("red", (1, 2, 3)),
        ("12345", (1, 2, 3)),
        ("#fff;}body{display:none", (1, 2, 3)),
        (None, (1, 2, 3)),
        (333333, (51, 51, 51)),
        (True, (1, 2, 3)),
        (12345678, (1, 2, 3)),
    ],
)
def test_colours_as_people_write_them(given: object, meant: tuple[int, int, int]) -> None:
    """Three or six digits with or without a mark; anything else counts as not set, so no CSS gets in."""
    assert parse_colour(given, "010203") == meant


def test_contrast_is_that_of_the_standard() -> None:
    """Black on white is 21, a colour on itself is 1, and the standard's own borderline grey is just readable."""
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((10, 20, 30), (10, 20, 30)) == 1
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)
    assert luminance((255, 255, 255)) == pytest.approx(1)


@given(colour=colours, ground=colours)
def test_any_colour_becomes_readable_on_any_ground(
    colour: tuple[int, int, int], ground: tuple[int, int, int]
) -> None:
    """Text contrast is always reached on one ground, and a colour that reaches it already stays as it is."""
    found = readable(colour, ground)
    assert contrast(found, ground) >= TEXT
    if contrast(colour, ground) >= TEXT:
        assert found == colour


@given(
    configuration=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(CSS_FIELDS, hexes),
    )
)
def test_both_themes_stay_readable(configuration: dict[str, str]) -> None:
    """Whatever a page sets: words reach 4.5 and marks 3 against everything that they stand on, light and dark."""
    for theme in make_themes(configuration):
        value = {name: parse_colour(text, "000000") for name, text in theme.values.items()}
        grounds = (value["ground"], value["surface"])
        for name in ("text", "quiet", "link"):
            assert min(contrast(value[name], ground) for ground in grounds) >= TEXT, name
        for look in LOOKS:
            assert min(contrast(value[f"{look}-fill"], ground) for ground in grounds) >= GRAPHIC
            assert contrast(value[f"{look}-text"], value["surface"]) >= TEXT
            assert contrast(value[f"{look}-text"], value[f"{look}-tint"]) >= TEXT
