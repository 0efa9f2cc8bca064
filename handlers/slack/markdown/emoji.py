"""Slack's names of emoji, as the characters that everybody else reads."""

import re
from collections.abc import Iterator

import emoji

_OTHERWISE = {
    "eject": "⏏️",
    "email": "✉️",
    "egg": "🥚",
    "face_palm": "🤦",
    "female-doctor": "👩‍⚕️",
    "first_place_medal": "🥇",
    "flag-england": "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "flag-scotland": "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "flag-wales": "🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "knife_fork_plate": "🍽️",
    "ladybug": "🐞",
    "lightning": "🌩️",
    "lightning_cloud": "🌩️",
    "male-doctor": "👨‍⚕️",
    "medal": "🎖️",
    "octagonal_sign": "🛑",
    "partly_sunny_rain": "🌦️",
    "rain_cloud": "🌧️",
    "satellite": "🛰️",
    "simple_smile": "🙂",
    "snow_cloud": "🌨️",
    "snowman": "☃️",
    "spock-hand": "🖖",
    "sun_behind_cloud": "🌥️",
    "tornado_cloud": "🌪️",
    "umbrella": "☂️",
}
"""Names that only Slack uses, or uses for another character than Unicode does."""
_FLAG = re.compile(r"flag-([a-z])([a-z])")
_WITH_SEX = re.compile(r"(fe)?male-(.+)")
_SKIN_TONE = re.compile(r"skin-tone-([2-6])")
_VARIATION = "\ufe0f"


def find_emoji(name: str) -> str | None:
    """The character of an emoji by its name without colons; None for a workspace's own emoji."""
    if name in _OTHERWISE:
        return _OTHERWISE[name]
    if match := _FLAG.fullmatch(name):
        flag = "".join(chr(ord("🇦") + ord(letter) - ord("a")) for letter in match.groups())
        return flag if emoji.is_emoji(flag) else None
    for candidate in _spellings(name):
        found = emoji.emojize(f":{candidate}:", language="alias")
        if found != f":{candidate}:":
            return found
    return None


def find_skin_tone(name: str) -> str | None:
    """The modifier that `skin-tone-2` to `skin-tone-6` stand for; None for other names."""
    match = _SKIN_TONE.fullmatch(name)
    return chr(ord("🏻") + int(match[1]) - 2) if match else None


def tinted(character: str, tone: str) -> str:
    """An emoji in a skin tone; as it is when it comes in none."""
    candidate = character[0] + tone + character[1:].removeprefix(_VARIATION)
    return candidate if emoji.is_emoji(candidate) else character


def _spellings(name: str) -> Iterator[str]:
    yield name
    yield name.replace("-", "_")
    if match := _WITH_SEX.fullmatch(name):
        yield ("woman_" if match[1] else "man_") + match[2].replace("-", "_")
    if name.startswith("large_"):
        yield name.removeprefix("large_")
