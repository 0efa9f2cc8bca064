"""By what shape secrets of every kind are told from words: one table for what is masked and what is refused. Pure."""

import base64
import binascii
import re
from collections.abc import Iterator

MASK = "[masked]"
"""What stands in a secret's place; in that of a key behind its prefix."""
_NEW = rf"(?!{re.escape(MASK)})"
_QUOTE = r"\\*+[\"']?+"
_BYTES = r"(?:b(?=\\*+[\"']))?+"
"""As Python writes them."""
_VALUE = rf"{_NEW}(?:(?<=[\"'])[^\"'\\]+|[^\s\"'&,;)}}\]\\]+)"
_ADDRESS = rf"{_NEW}[^\s\"'<>]{{1,512}}"
_EXAMPLE = r"(?!password@)"
"""What help and errors write where a password goes."""
_SURE_SHAPES = (
    # Slack's tokens hold numbers; help, which does not, says how they begin.
    r"((?:xox[a-z][-.]|xapp-|xwfp-)(?=[\w.%-]{0,255}\d))[\w.%-]{6,}",
    r"(gh[oprsu]_|github_pat_)[0-9A-Za-z_]{30,}",
    r"(glpat-)[0-9A-Za-z_-]{20,}",
    # Without an underscore, which names have: “disk_live_migration_of_all_volumes”.
    r"([rs]k_live_)[0-9A-Za-z]{20,}",
    r"\b(?-i:(A[KS]IA)[0-9A-Z]{16}(?![0-9A-Z]))",
    r"(\beyJ)[\w-]{10,512}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    r"(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)[\s\w+/=\\-]{16,}",
    r"(hooks\.slack\.com/(?:services|workflows|triggers)/T)\w+/[^\s\"'<>|]+",
)
_SHAPES = (
    *_SURE_SHAPES,
    # A key by its prefix, whatever stands before it; the first characters alone are public: they name it.
    r"(kd_)[0-9A-Za-z_]{12,}",
    # A password in an address, which may hold anything but a blank.
    rf"(:\\?/\\?/[^/\s:@]{{0,255}}:){_EXAMPLE}{_ADDRESS}(?=@)",
    rf"((?:hooks\.slack\.com/|[?&](?:ticket|sig|signature)=)){_ADDRESS}",
    rf"(authorization{_QUOTE}\s*+[:=,]\s*+\(?+{_BYTES}{_QUOTE}(?:(?:oauth|bearer|basic|token|apikey|digest|negotiate)\s++)?+){_VALUE}",
    rf"((?:oauth|bearer|basic)\s++){_NEW}(?=\S{{0,512}}\d)[\w+/=.~-]{{8,}}",
    r"((?:password|passwd|pwd|api[_-]?key|(?:client|signing)_secret|(?:access|refresh)_token)"
    rf"{_QUOTE}\s*+[=:]\s*+{_BYTES}{_QUOTE}){_VALUE}",
)
_ANY = re.compile("|".join(_SHAPES), re.IGNORECASE)
# In what people write, a colon is more often none of an address, and a word behind "basic" no credential: nobody may
# be refused a sentence. What these find is looked at once more.
_PLACEHOLDER = r"(?!(?:password|passwd|pass|pwd|[x*.…]+|\$[a-z_]+|\$?\{[a-z_ -]*\}|\[[a-z_ -]*\])@)"
_SURE = re.compile(
    "|".join(
        (
            *_SURE_SHAPES,
            rf"(://[^/\s:@?#\"'<>|]{{0,255}}:){_PLACEHOLDER}[^\s/@?#\"'<>|]{{1,255}}(?=@[\w\[])",
            # As in a form, or as in JSON, where quotes say that it is no sentence.
            r"(?P<key>\b(?:(?:password|passwd|pwd|api[_-]?key|(?:client|signing)_secret|(?:access|refresh)_token)=[\"']?"
            r"|(?:password|passwd|pwd|api[_-]?key|(?:client|signing)_secret|(?:access|refresh)_token)"
            r"\\*+[\"']\s*:\s*\\*+[\"']))"
            r"(?=[^\s\"'&<>|]{0,255}\d)(?=[^\s\"'&<>|]{0,255}[a-z])[^\s\"'&<>|]{6,255}",
            r"(?P<header>\bauthorization[\"']?\s*[:=]\s*[\"']?(?:(?:oauth|bearer|basic|token|apikey)\s+)?"
            r"|\b(?:oauth|bearer|basic)\s+[\"']?)(?P<credential>[\w+/.~-]{8,512}=*)",
        )
    ),
    re.IGNORECASE | re.ASCII,
)
_TOKEN = re.compile("|".join(_SURE_SHAPES), re.IGNORECASE | re.ASCII)
_BREAK = re.compile("(?<![ \\t\\\\\"'+])[ \\t\\\\\"'+]*+\\r?\\n[ \\t>|\"'+]*+|[\u00ad\u200b-\u200f\u2060\ufeff]")
"""What may stand within a token that is broken over lines, or that somebody has copied from a page."""
_NO_WORD = re.compile("[0-9]|[a-z][A-Z]")
_SHORTEST_CREDENTIAL = 16
_FEWEST_SWITCHES = 5
"""So often digits, small and capital letters take turns in random letters, and not in words."""
_RUN = re.compile(r"[0-9]+|[a-z]+|[A-Z]+")


def has_shape(text: str) -> bool:
    """Whether anything in a text may be a secret."""
    return _ANY.search(text) is not None or _cut_broken(text) != text


def cut_shapes(text: str) -> str:
    """The text without what may be one, each but what names it."""
    return _ANY.sub(_name, _cut_broken(text))


def is_surely_one(text: str) -> bool:
    """Whether something in it is a secret and nothing that people would write for another reason."""
    return any(True for _ in _find_sure(text)) or _cut_broken(text) != text or _is_broken(text)


def _is_broken(text: str) -> bool:
    """Whether a text that stands on several lines holds one that goes on from one line to the next."""
    whole = unbroken(text)
    # Lines that end with an address, and begin with a mail address, are two.
    return whole != text and any(_NO_WORD.search(found[0]) for found in _find_sure(whole))


def cut_sure(text: str) -> str:
    """The text without what `is_surely_one` finds."""
    text = _cut_broken(text)
    for found in reversed(list(_find_sure(text))):
        text = f"{text[: found.start()]}{_name(found)}{text[found.end() :]}"
    return text


def unbroken(text: str) -> str:
    """The text in one line, without what may stand within a token that is broken."""
    return _BREAK.sub("", text)


def _cut_broken(text: str) -> str:
    """The text without tokens that stand in it in pieces, on several lines or with signs between that nobody sees.

    A piece that may be a word, as what follows a token on the next line, is none, but of a token of known length.
    """
    if _TOKEN.search(unbroken(text)) is None:
        return text
    breaks = list(_BREAK.finditer(text))
    gone = {place for each in breaks for place in range(each.start(), each.end())}
    places = [place for place in range(len(text)) if place not in gone]
    for found in reversed(list(_TOKEN.finditer("".join(text[place] for place in places)))):
        start, end = places[found.start()], places[found.end() - 1] + 1
        within = [each for each in breaks if start < each.start() < end]
        if not within:
            continue
        ends = [*(each.start() for each in within[1:]), end]
        goes_on = _NO_WORD.search if found[0][1:4] != "KIA" else bool
        pieces = zip(within, ends, strict=True)
        whole = next((each.start() for each, over in pieces if not goes_on(text[each.end() : over])), end)
        if whole > within[0].start():
            text = f"{text[:start]}{_name(found)}{text[whole:]}"
    return text


def _find_sure(text: str) -> Iterator[re.Match[str]]:
    return (found for found in _SURE.finditer(text) if found["header"] is None or _is_credential(found))


def _name(found: re.Match[str]) -> str:
    named = next((part for part in found.groups() if part is not None), "")
    return f"{named}{MASK}"


def _is_credential(found: re.Match[str]) -> bool:
    """Whether what stands behind the name of a scheme is random, or a name and a password in Base64."""
    word = found["credential"]
    # "Basic" is a word of its own, and names of things follow it.
    is_random = len(word) >= _SHORTEST_CREDENTIAL and len(_RUN.findall(word)) > _FEWEST_SWITCHES
    if is_random and not found["header"].lower().startswith("basic"):
        return True
    try:
        decoded = base64.b64decode(word, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    return ":" in decoded and decoded.isprintable()
