"""A secret is seen for what it is with signs between its characters that nobody sees, or that style it."""

import pytest

from desk.errors import InvalidInputError
from desk.secret import Secret, holds_secret, masked, refuse_secrets

SIGNS = ["\u200c", "\u00ad", "\u200e", "\ufe0f", "\u034f", "\u2063", "\U000e0041", "*", "`", "~", '"', "-"]


@pytest.mark.parametrize("sign", SIGNS)
def test_a_spread_secret_is_refused_and_masked(sign: str) -> None:
    """Whoever copies what is shown has the secret: it is not kept, and not repeated."""
    whole = Secret.generate().reveal()
    spread = f"use {whole[:9]}{sign}{whole[9:]} now"
    assert holds_secret(spread)
    assert masked(spread) == "use kd_… now"
    with pytest.raises(InvalidInputError, match="rotate"):
        refuse_secrets(spread)


def test_what_only_begins_like_one_is_text() -> None:
    """Neither a start, nor a secret with a letter too few, nor words with signs in them are taken for one."""
    whole = Secret.generate().reveal()
    for text in (whole[:7], f"{whole[:9]}-{whole[10:]}", "kd_" + "a-" * 60, "kd_" + "-" * 60):
        assert not holds_secret(text)
        assert masked(text) == text
