"""Which part of a list a call asks for."""

from collections.abc import Mapping

MAX_PER_PAGE = 100
_FIRST = slice(0, MAX_PER_PAGE)


def window(query: Mapping[str, str], *, size: str = "per_page") -> slice:
    """The rows that `page` (from 1) and `per_page`, or what the size is called (1 to 100), ask for; what cannot be
    used counts as not given."""
    if not query:
        return _FIRST
    most = min(max(_number(query.get(size), MAX_PER_PAGE), 1), MAX_PER_PAGE)
    start = (max(_number(query.get("page"), 1), 1) - 1) * most
    return slice(start, start + most)


def _number(text: str | None, default: int) -> int:
    # Python reads at most a few thousand digits; nobody has that many pages.
    if text is None or len(text) > 9:
        return default
    try:
        return int(text)
    except ValueError:
        return default
