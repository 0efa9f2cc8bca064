"""The address of a Statuspage elsewhere has one form."""

import pytest

from desk.errors import InvalidInputError
from desk.upstreams.connecting import check_base_url


@pytest.mark.parametrize(
    "text",
    [
        *("https://api.statuspage.io", "https://api.statuspage.io/", " https://API.statuspage.io/v1 "),
        *("https://api.statuspage.io/V1/", "HTTPS://api.statuspage.io:443/v1//", "https://api.statuspage.io.:443"),
    ],
)
def test_one_server_has_one_address(text: str) -> None:
    """However it is written, so that nobody is connected with two."""
    assert check_base_url(text) == "https://api.statuspage.io"


def test_a_port_of_its_own_is_kept() -> None:
    """Also where it is the usual one of the other scheme."""
    for url in ("http://localhost:3000", "https://a.example:80", "http://a.example:443"):
        assert check_base_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        *("api.statuspage.io", "ftp://a.example", "https://", "https://a.example/x", "https://me:word@a.example"),
        *("https://a.example?x", "https://a.example#x", "https://a b.example", "https://" + "a" * 300),
    ],
)
def test_what_is_no_address(text: str) -> None:
    """Nothing else stands in it."""
    with pytest.raises(InvalidInputError):
        check_base_url(text)
