"""A page's colours: its own where they are set, moved towards black or white until everybody can read them. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

TEXT, GRAPHIC = 4.5, 3.0
"""The contrast that WCAG 2.2 AA asks of text, and of what carries meaning without being text."""

_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_MIDDLE = 0.179
"""The luminance from which black stands out at least as well as white."""
_ROOMY = 10.0
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Theme:
    """The names under which a stylesheet finds its colours, each with its value such as `#1c2330`."""

    values: Mapping[str, str]

    def declarations(self) -> str:
        """As CSS custom properties."""
        return "".join(f"--{name}:{value};" for name, value in self.values.items())


def parse_colour(text: Any, default: str) -> Colour:
    """A colour as people write it (`fff`, `#FFFFFF`); the default for anything else."""
    found = find_colour(text) or find_colour(default)
    assert found is not None
    return found


def find_colour(text: Any) -> Colour | None:
    """A colour as people write it, or None."""
    if isinstance(text, int) and not isinstance(text, bool):
        # As YAML reads a colour of digits only.
        text = f"{text:06}"
    found = _HEX.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    digits = found.group(1)
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def luminance(colour: Colour) -> float:
    """Relative luminance as WCAG defines it, from 0 to 1."""
    parts = [part / 255 for part in colour]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with a share of `other`, from 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


# Every document of a page asks for the same few.
@lru_cache(maxsize=4096)
def readable(colour: Colour, *grounds: Colour, ratio: float = TEXT) -> Colour:
    """The colour, moved as little as possible until it stands out from every ground.

    Where neither black nor white stands out from all of them, the one that does best.
    """
    for step in range(0, 101, 2):
        for end in (_BLACK, _WHITE):
            candidate = mix(colour, end, step / 100)
            if all(contrast(candidate, ground) >= ratio for ground in grounds):
                return candidate
    return max((_BLACK, _WHITE), key=lambda end: min(contrast(end, ground) for ground in grounds))


def make_themes(configuration: Mapping[str, Any]) -> tuple[Theme, Theme]:
    """The light theme, which takes the page's ground, and the dark one, which takes its accents only."""

    def own(name: str, default: str) -> Colour:
        return parse_colour(configuration.get(name), default)

    ground = _usable_ground(own("css_body_background_color", "f5f6f8"))
    surface = mix(ground, _WHITE, 0.75 if luminance(ground) > 0.3 else 0.06)
    light = {
        "ground": ground,
        "surface": surface,
        "text": readable(own("css_font_color", "1a2130"), ground, surface, ratio=7),
        "quiet": readable(own("css_light_font_color", "5a6577"), ground, surface),
        "line": own("css_border_color", "dde1e8"),
    }
    dark_ground, dark_surface = (13, 17, 24), (22, 28, 38)
    dark = {
        "ground": dark_ground,
        "surface": dark_surface,
        "text": (233, 237, 243),
        "quiet": readable(own("css_light_font_color", "9aa6b8"), dark_ground, dark_surface, ratio=5.5),
        "line": (44, 53, 68),
    }
    return _theme(light, configuration), _theme(dark, configuration)


def _usable_ground(colour: Colour) -> Colour:
    """A ground on which words of every colour can be read: no colour of the middle, where neither end stands out."""
    end = _WHITE if luminance(colour) > _MIDDLE else _BLACK
    other = _BLACK if end is _WHITE else _WHITE
    return next(
        candidate
        for candidate in (mix(colour, end, step / 100) for step in range(0, 101, 2))
        if contrast(candidate, other) >= _ROOMY
    )


def _theme(base: Mapping[str, Colour], configuration: Mapping[str, Any]) -> Theme:
    ground, surface = base["ground"], base["surface"]
    values = {name: to_css(colour) for name, colour in base.items()}
    link = parse_colour(configuration.get("css_link_color"), "2456c9")
    values["link"] = to_css(readable(link, ground, surface))
    for name, colour in _status_colours(configuration):
        fill = readable(colour, ground, surface, ratio=GRAPHIC)
        tint = mix(surface, colour, 0.12)
        values[f"{name}-fill"] = to_css(fill)
        values[f"{name}-tint"] = to_css(tint)
        values[f"{name}-text"] = to_css(readable(colour, ground, surface, tint))
    nothing = parse_colour(configuration.get("css_no_data"), "c3cad5")
    values["unknown-fill"] = to_css(mix(nothing, surface, 0.35 if luminance(surface) > 0.3 else 0.7))
    return Theme(values)


def _status_colours(configuration: Mapping[str, Any]) -> Iterator[tuple[str, Colour]]:
    for name, field, default in (
        ("operational", "css_greens", "1f9d61"),
        ("maintenance", "css_blues", "2f6fde"),
        ("degraded", "css_yellows", "d9a406"),
        ("partial", "css_oranges", "e0701a"),
        ("major", "css_reds", "d5303e"),
    ):
        yield name, parse_colour(configuration.get(field), default)


def to_css(colour: Colour) -> str:
    """As CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
