"""`/badge.svg`: the page's status on a small shield that grows with its words."""

import unicodedata

from markupsafe import Markup

from desk.status_page.pages import PageView
from handlers.http.public.palette import make_themes, parse_colour, readable, to_css
from handlers.http.public.words import headline_look

_WIDE, _NARROW = frozenset("mwMWABCDGHKNOQRSUVXYZ@%&—"), frozenset("iljtfrI.,:;'|! ")
_FULL_WIDTH = 11.5
"""Of letters that fill a square: Chinese, Japanese and Korean ones, and most emoji."""
_MAX_NAME = 40
_LABEL = (45, 52, 64)

_BADGE = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="22" role="img" aria-label="{label}">'
    "<title>{label}</title>"
    '<rect width="{width}" height="22" rx="4" fill="{left_colour}"/>'
    '<path d="M{left} 0h{bend}a4 4 0 0 1 4 4v14a4 4 0 0 1-4 4h-{bend}z" fill="{colour}"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">'
    '<text x="8" y="15" textLength="{name_length}" lengthAdjust="spacingAndGlyphs">{name}</text>'
    '<text x="{right}" y="15" textLength="{status_length}" lengthAdjust="spacingAndGlyphs">{status}</text>'
    "</g></svg>"
)


def render_badge(view: PageView) -> bytes:
    """The badge; white on a colour that white stands out from."""
    headline = view.headline
    name = view.page.name if len(view.page.name) <= _MAX_NAME else view.page.name[: _MAX_NAME - 1] + "…"
    colours = make_themes(view.page.configuration)[0].values
    fill = parse_colour(colours.get(f"{headline_look(headline)}-fill", colours["quiet"]), "5a6577")
    name_length, status_length = _length(name), _length(headline.words)
    left = name_length + 15
    return str(
        _BADGE.format(
            width=left + status_length + 15,
            left=left,
            bend=status_length + 11,
            right=left + 7,
            name_length=name_length,
            status_length=status_length,
            label=f"{view.page.name}: {headline.words}",
            name=name,
            status=headline.words,
            left_colour=to_css(_LABEL),
            colour=to_css(_below_white(fill)),
        )
    ).encode()


def _length(text: str) -> int:
    return round(sum(map(_width, text))) or 1


def _width(letter: str) -> float:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        # Accents that stand above another letter, and marks that nobody sees.
        return 0.0
    if unicodedata.east_asian_width(letter) in {"W", "F"}:
        return _FULL_WIDTH
    plain = unicodedata.normalize("NFD", letter)[0]
    if plain in _WIDE or (plain.isalpha() and not plain.isascii() and plain.isupper()):
        return 9.0
    if plain in _NARROW:
        return 4.4
    return 6.9 if plain.isascii() else 7.5


def _below_white(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    return readable(colour, (255, 255, 255))
