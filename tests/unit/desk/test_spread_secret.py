"""A secret is seen for what it is with signs between its characters that nobody sees, or that style it."""

from collections.abc import Callable
from urllib.parse import quote

import pytest

from desk.errors import InvalidInputError
from desk.masking import hides_secret, holds_secret, masked, refuse_secrets
from desk.secret import Secret

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


def _escaped(text: str) -> str:
    return "".join(f"%{ord(letter):02X}" for letter in text)


HIDDEN: dict[str, Callable[[str], str]] = {
    "over lines": lambda whole: f"{whole[:20]}\n{whole[20:]}",
    "quoted in a mail": lambda whole: f"> {whole[:20]}\r\n> {whole[20:]}",
    "with a soft line break of a mail": lambda whole: f"{whole[:20]}=\n{whole[20:]}",
    "in groups": lambda whole: " ".join(whole[at : at + 4] for at in range(0, len(whole), 4)),
    "in percent escapes": _escaped,
    "in percent escapes twice": lambda whole: quote(_escaped(whole)),
    "its line alone escaped": lambda whole: whole.replace("_", "%5F"),
    "in entities": lambda whole: "".join(f"&#{ord(letter)};" for letter in whole),
    "in wide letters": lambda whole: "".join(chr(ord(letter) + 0xFEE0) for letter in whole),
    "in bold letters of mathematics": lambda whole: "".join(
        chr(0x1D400 + ord(letter) - 65) if letter.isupper() else letter for letter in whole
    ),
    "in italics over lines": lambda whole: f"_{whole[:20]}_\n_{whole[20:]}_",
}


@pytest.mark.parametrize("hide", HIDDEN.values(), ids=HIDDEN.keys())
def test_a_hidden_secret_is_refused_and_not_repeated(hide: Callable[[str], str]) -> None:
    """Whoever reads it can put it together: nothing of the text is shown again."""
    whole = Secret.generate().reveal()
    hidden = f"https://acme.example/?key={hide(whole)}&x=1"
    assert hides_secret(hidden)
    assert masked(hidden) == "kd_…"
    with pytest.raises(InvalidInputError, match="rotate"):
        refuse_secrets(hidden)


_MISTYPED = "kd_9XhT2mQvL0aZ7bRc4dWe1fYg8hKj3pNs5u6VE"


@pytest.mark.parametrize(
    "written",
    [
        _MISTYPED[:11],
        _MISTYPED[:15],
        "kd_qXhTvmQLraZcbRWdeWYefYgKhKjpNpNsuVuEaD",
        f"{_MISTYPED[:20]}\n{_MISTYPED[20:]}",
        f"{_MISTYPED[:9]}\n{_MISTYPED[9:]}",
        f"{_MISTYPED[:15]}\r\n> {_MISTYPED[15:30]}\r\n> {_MISTYPED[30:]}",
        f"{_MISTYPED[:20]}\u200b{_MISTYPED[20:]}",
        f"{_MISTYPED[:20]} {_MISTYPED[20:]}",
    ],
    ids=["few letters", "some letters", "no digit", "two lines", "few, and a line", "quoted", "unseen sign", "blank"],
)
def test_what_is_nearly_a_secret_is_refused_and_no_part_of_it_repeated(written: str) -> None:
    """Cut off, without a digit, or mistyped and broken: no more is shown than of any key."""
    typed = f"use {written} now"
    with pytest.raises(InvalidInputError, match="rotate"):
        refuse_secrets(typed)
    letters = "".join(mark for mark in written if mark.isalnum() and mark.isascii())
    assert [at for at in range(2, len(letters) - 5) if letters[at : at + 6] in masked(typed)] == []


@pytest.mark.parametrize("before", ["", "_", "d_", "`", "?key="])
def test_a_secret_without_its_prefix_is_one(before: str) -> None:
    """Whoever copied too little of it has all that is secret."""
    whole = Secret.generate().reveal()
    typed = f"use {before}{whole[3:]} now"
    with pytest.raises(InvalidInputError, match="the secret of an API key"):
        refuse_secrets(typed)
    assert masked(typed) == f"use {before}kd_… now"


@pytest.mark.parametrize("before", ["", "_", "d_", "`", "?key="])
@pytest.mark.parametrize(
    "nearly",
    [_MISTYPED[3:], _MISTYPED[3:35], f"{_MISTYPED[3:]}q", _MISTYPED[4:]],
    ids=["mistyped", "cut off", "a letter more", "a letter less"],
)
def test_nearly_a_secret_without_its_prefix_is_refused(before: str, nearly: str) -> None:
    """It has all of the real one that is secret, but for a letter or its end."""
    typed = f"use {before}{nearly} now"
    with pytest.raises(InvalidInputError, match="looks like the secret of an API key"):
        refuse_secrets(typed)
    assert masked(typed) == f"use {before}kd_… now"


@pytest.mark.parametrize(
    "text",
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4",
        "DeployKeyOfAcmeProduction2024West1",
        "https://docs.example/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74O",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
        "arn:aws:iam:eu-central-1:AROA3XFRBF535PLBIFPI4QWERTY12",
    ],
)
def test_what_is_long_and_no_secret_is_text(text: str) -> None:
    """Digests, addresses and names of things are written about."""
    refuse_secrets(f"See {text} for more")
    assert masked(text) == text


@pytest.mark.parametrize(
    "name",
    ["kd_9XhT", "kd_DeployKeyForStatusPageOfAcme", "kd_staging2026", "kd_terraform_prod", "kd_ab12cd\nis slow"],
)
def test_how_keys_begin_and_are_called_is_no_secret(name: str) -> None:
    """The first letters are shown of every key, and names are words."""
    refuse_secrets(f"use {name} now")
    assert masked(name) == name


def test_a_secret_in_an_address_is_cut_out_of_it() -> None:
    """As one piece it is found wherever it stands, and the rest stays."""
    whole = Secret.generate().reveal()
    address = f"<https://a.example/?key={whole}|a.example>"
    assert not hides_secret(address)
    assert masked(address) == "<https://a.example/?key=kd_…|a.example>"


def test_what_only_begins_like_one_is_text() -> None:
    """Neither a start, nor a secret with a letter too few, nor words with signs in them are taken for one."""
    whole = Secret.generate().reveal()
    for text in (whole[:7], f"{whole[:9]}-{whole[10:]}", "kd_" + "a-" * 60, "kd_" + "-" * 60):
        assert not holds_secret(text)
        assert masked(text) == text


MISTYPED: dict[str, Callable[[str], str]] = {
    "a letter mistaken": lambda whole: f"{whole[:-1]}{'a' if whole[-1] != 'a' else 'b'}",
    "cut off": lambda whole: whole[:-8],
    "with letters behind it": lambda whole: f"{whole[:-1]}abc",
    "within a word": lambda whole: f"use{whole[:-1]}{'a' if whole[-1] != 'a' else 'b'}now",
    "in small letters": str.lower,
    "with another line": lambda whole: whole.replace("_", "-"),
    "escaped": lambda whole: _escaped(whole[:-1]),
}


@pytest.mark.parametrize("spoil", MISTYPED.values(), ids=MISTYPED.keys())
def test_nearly_a_secret_is_refused_and_not_repeated(spoil: Callable[[str], str]) -> None:
    """Whoever reads it lacks a letter or two: it is treated as the secret itself, and rotating is advised."""
    whole = "kd_9XhT2mQvL0aZ7bRc4dWe1fYg8hKj3pN" + "s5u6VE"
    typed = f"/keys show {spoil(whole)} because"
    assert holds_secret(typed)
    assert whole[12:22].lower() not in masked(typed).lower()
    with pytest.raises(InvalidInputError, match="rotate"):
        refuse_secrets(typed)


@pytest.mark.parametrize(
    "name",
    ["kd_Terraform2024ProdEU", "kd_production_terraform_key_2024", "kd-uploads-2024", "kd_NameOfAKeyForTheBuild"],
)
def test_names_that_begin_like_a_secret_are_none(name: str) -> None:
    """What somebody calls a key may be long, and hold numbers and capitals."""
    assert not holds_secret(name)
    assert masked(name) == name
