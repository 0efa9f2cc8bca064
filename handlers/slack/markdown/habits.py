"""What people write by habit as Slack takes it, and Markdown takes for something else."""

import re

from handlers.slack.markdown.code import code_places, is_within

_FENCE = "```"
_LANGUAGE = re.compile(
    "(?:bash|c|console|cpp|css|diff|go|html|http|ini|java|javascript|js|json|log|php|py|python|ruby|rust|sh|shell|sql"
    "|text|toml|ts|txt|xml|ya?ml)?"
)
"""What may stand behind the backticks of a fence. Of anything else Markdown would show nothing."""
_STRUCK = re.compile(r"(?<![^\W_])(?<![~\\])~(?=[^\s~])([^~\n]*[^\s~\\])~(?!~)(?![^\W_])")
_BOLD = re.compile(r"(?<![^\W_])(?<![*\\])\*(?=[^\s*])([^*\n]*[^\s*\\])\*(?!\*)(?![^\W_])")
_ALL_BELOW = re.compile(r"^>>>[ ]?", re.MULTILINE)


def from_habit(text: str, *, as_in_messages: bool) -> str:
    """Code blocks, struck words and quotations to the end as Markdown has them. What is Markdown stays.

    `as_in_messages`: so is bold, for which Slack has the sign that Markdown has for italic. A form says that it takes
    Markdown, and a command says nothing.
    """
    text = _without_code(_STRUCK, "~~", _quote_all(_fence(text)))
    return _without_code(_BOLD, "**", text) if as_in_messages else text


def _fence(text: str) -> str:
    """Code over several lines between three backticks, wherever these stand: Markdown wants a line for each of them,
    and takes all that follows for code otherwise."""
    for start, end in reversed(code_places(text)):
        before, code, behind = text[:start], text[start:end], text[end:]
        is_block = code.startswith(_FENCE) and not code.startswith("````") and "\n" in code
        beside, below = before[before.rfind("\n") + 1 :], behind.partition("\n")[0]
        is_apart = not beside.strip() and not below.strip() and not code[code.rfind("\n") :].strip(" \t\n`")
        is_fence = is_apart and _LANGUAGE.fullmatch(code[3:].partition("\n")[0].strip().lower())
        if not is_block or is_fence or beside.lstrip().startswith(">"):
            continue
        above = f"{before.rstrip(' ')}\n" if beside.strip() else before
        rest = f"\n{behind.lstrip(' ')}" if below.strip() else behind
        inside = code.removeprefix(_FENCE).removesuffix(_FENCE).strip("\n")
        text = f"{above}{_FENCE}\n{inside}\n{_FENCE}{rest}"
    return text


def _quote_all(text: str) -> str:
    code = code_places(text)
    begin = next((found for found in _ALL_BELOW.finditer(text) if not is_within(code, found.start())), None)
    if begin is None:
        return text
    lines = text[begin.end() :].split("\n")
    return text[: begin.start()] + "\n".join(f"> {line}".rstrip() for line in lines)


def _without_code(signs: re.Pattern[str], sign: str, text: str) -> str:
    code = code_places(text)
    return signs.sub(lambda found: found[0] if is_within(code, found.start()) else f"{sign}{found[1]}{sign}", text)
