"""Days as people write them: `tomorrow`, `next friday`, `Dec 1`, `2026-12-01`, and those that say no day, such as
`next week`. Pure."""

import difflib
import re
from dataclasses import dataclass

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|januar|februar|märz|mai|juni|juli|oktober|dezember)"
)
_WEEKDAY = (
    r"(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag"
    r"|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
)
_GERMAN = {
    "märz": "mar",
    "mai": "may",
    "oktober": "oct",
    "dezember": "dec",
    "dienstag": "tue",
    "mittwoch": "wed",
    "donnerstag": "thu",
    "freitag": "fri",
    "samstag": "sat",
    "sonnabend": "sat",
    "sonntag": "sun",
}
"""Those that begin otherwise than in English."""
_DAY = re.compile(
    rf"""(?:(?:on|am|den)\s+)?(?:
        (?P<iso>\d{{4}}-(?:\d{{1,2}}-\d{{1,2}}|W\d\d-\d)(?!\d))
      | (?P<relative>today|tonight|tomorrow|tmrw|yesterday|heute|morgen|gestern)(?!\w)
      | (?:the\s+)?day\s+(?:(?P<after>after\s+tomorrow)|before\s+yesterday)(?!\w)
      | (?:(?P<two_on>übermorgen)|vorgestern)(?!\w)
      | (?P<halved>this\s+(?:morning|afternoon|evening)|last\s+night)(?!\w)
      | (?P<near>(?:the\s+)?(?:next|this|coming)\s+(?:week(?:end)?|month)|(?:the\s+)?weekend)(?!\w)
      | (?:the\s+)?(?P<end>end\s+of\s+(?:the\s+|this\s+)?(?:(?:business|working)\s+)?(?:day|week|month)|eo[dwm]|cob
          |close\s+of\s+business)(?!\w)
      | (?P<week_after>{_WEEKDAY}\s+week|a\s+week\s+(?:on\s+|from\s+)?{_WEEKDAY}|{_WEEKDAY}\s+in\s+a\s+week)(?!\w)
      | (?:(?P<which>next|this|coming|last|(?:nächste|kommende|diese|letzte)[nrs]?)\s+)?
        (?P<weekday>{_WEEKDAY})(?!\w)\.?,?
      | (?:the\s+)?(?:
            (?P<month>{_MONTH})\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?![\w:])(?:,?\s+(?P<year>\d{{4}})(?![\d:]))?
          | (?P<day_first>\d{{1,2}})(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?P<month_second>{_MONTH})(?!\w)\.?
            (?:,?\s+(?P<year_third>\d{{4}})(?![\d:]))?)
      | (?:the\s+)?(?P<of_month>\d{{1,2}})(?:st|nd|rd|th)
            (?=\s*,?\s*(?:$|[.,;@\d]|(?:at|from|between|until|till)\s|(?-i:[A-Z])))
      | (?P<one>\d{{1,4}})(?P<sign>[/.])(?P<two>\d{{1,2}})(?:(?P=sign)(?P<three>\d{{4}}|\d{{2}})?)?(?![\d/:])
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_RELATIVE = {
    "tonight": "today",
    "heute": "today",
    "tmrw": "tomorrow",
    "morgen": "tomorrow",
    "gestern": "yesterday",
}
_WHICH = {"next": "next ", "comin": "next ", "nächs": "next ", "komme": "next ", "last": "last ", "letzt": "last "}
_WHOLE = ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")
_SHORT = {"eod": "end day", "cob": "end day", "eow": "end week", "eom": "end month"}


_NAMES = ("today", "tonight", "tomorrow", "yesterday", *(f"{day}day" for day in _WHOLE))
_NEAR = 0.8


@dataclass(frozen=True, slots=True)
class Day:
    """A day that stands in a text, the part of it that is named along with it, and where both are over."""

    said: str
    """`2026-12-01`, `2026-W49-2`, `today`, `tomorrow`, `yesterday`, `mon`, `next mon` or `after mon` (a week later),
    `12-01`, `05` (of a month), `01/12` or `01.12.2026`, `+2` (days); or, of those that say no day, `next week`,
    `this weekend`, `end day`, `end month`."""
    end: int
    part: str = ""
    is_numbers: bool = False
    """Whether it is written as numbers with strokes or dots, which may be something else."""


def is_nearly_day(word: str) -> bool:
    """Whether a word is a day's name but for a slip: `wendesday`, `tommorow`."""
    close = difflib.get_close_matches(word.lower(), _NAMES, n=1, cutoff=_NEAR)
    return bool(close) and close[0] != word.lower()


def find_day(text: str, position: int) -> Day | None:
    """The day that begins at a position; None where none does, or a word goes on as in “monday's”."""
    match = _DAY.match(text, position)
    if match is None or not (_ends_well(text, match.end()) or (match["iso"] and text[match.end()] in "Tt")):
        return None
    half = (match["halved"] or "").lower().split()
    part = half[1] if half else "night" if (match["relative"] or "").lower() == "tonight" else ""
    return Day(_day_in(match), match.end(), part, is_numbers=match["sign"] is not None)


def _ends_well(text: str, end: int) -> bool:
    return end >= len(text) or text[end].isspace() or text[end] in ",;.!?)–—-"


def _day_in(match: re.Match[str]) -> str:
    if match["iso"]:
        return str(match["iso"]).upper()
    if week_after := match["week_after"]:
        return f"after {_short(re.sub('(?i)^a +week +(?:(?:on|from) +)?| +.*', '', week_after))}"
    if match["of_month"]:
        return f"{int(match['of_month']):02}"
    if match["weekday"]:
        return f"{_WHICH.get((match['which'] or '').lower()[:5], '')}{_short(match['weekday'])}"
    if month := match["month"] or match["month_second"]:
        number = MONTHS.index(_short(month)) + 1
        return date_of(match["year"] or match["year_third"], number, match["day"] or match["day_first"])
    if match["sign"] == "/":
        return str(match[0]).lower().removeprefix("on").strip()
    if match["sign"] and len(match["one"]) == 4:
        return date_of(match["one"], match["two"], match["three"] or 0)
    if match["sign"]:
        # With dots the day comes first everywhere.
        return date_of(match["three"], match["two"], match["one"])
    return _in_words(match)


def _in_words(match: re.Match[str]) -> str:
    if match["relative"]:
        said = match["relative"].lower()
        return _RELATIVE.get(said, said)
    if match["halved"]:
        return "yesterday" if match["halved"].lower().startswith("last") else "today"
    if match["near"]:
        words = match["near"].lower().removeprefix("the").split()
        return " ".join(words if len(words) > 1 else ["this", *words])
    if match["end"]:
        said = match["end"].lower()
        return _SHORT.get(said, f"end {'day' if said.startswith('close') else said.split()[-1]}")
    return "+2" if match["after"] or match["two_on"] else "-2"


def _short(name: str) -> str:
    """`mon` of a weekday's or a month's name."""
    return _GERMAN.get(name.lower(), name[:3].lower())


def date_of(year: str | None, month: str | int, day: str | int) -> str:
    """`2026-12-01`, or `12-01` without a year."""
    named = f"{int(month):02}-{int(day):02}"
    return f"{year if len(year) == 4 else f'20{year}'}-{named}" if year else named
