"""No secret stays in a text of others, whatever stands around it and whatever form it takes."""

import base64
import json
import textwrap
import time
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.keys.uses import clean_user_agent
from desk.masking import Masker, hides_secret, holds_secret, mask, masked
from desk.secret import Secret
from desk.secret_shapes import MASK

KNOWN = "s1gn1ng&s3cret/+"
"""A secret without a shape."""
MASKER = Masker([KNOWN])
TOKENS = ("xoxb-1234567890-abcDEF", "xapp-1-A0B1-99-fedcba", "xoxe.xoxp-1-Mi0yLTE", "xoxp-77-88-99-aa", KNOWN)
KEYS = tuple(Secret.generate().reveal() for _ in range(4))

FORMS: Mapping[str, Callable[[str], str]] = {
    "as it is": str,
    "in an address": lambda secret: quote(secret, safe=""),
    "all percent": lambda secret: "".join(f"%{ord(letter):02x}" for letter in secret),
    "percent of percent": lambda secret: quote("".join(f"%{ord(letter):02X}" for letter in secret)),
    "in JSON": lambda secret: json.dumps(f"\n{secret}\u201c"),
    "in JSON of JSON": lambda secret: json.dumps(json.dumps({"a": f"\n{secret}"})),
    "escaped for JSON": lambda secret: "".join(f"\\u{ord(letter):04x}" for letter in secret),
    "escaped for Python": lambda secret: "".join(f"\\x{ord(letter):02x}" for letter in secret),
    "one sign escaped": lambda secret: secret.replace("_", "\\u005f").replace("-", "\\u002d"),
    "in Base64 of Base64": lambda secret: base64.b64encode(base64.b64encode(secret.encode())).decode(),
    "in Base64 over lines": lambda secret: "\n".join(textwrap.wrap(base64.b64encode(secret.encode()).decode(), 20)),
    "over lines": lambda secret: f"{secret[:8]}\n{secret[8:]}",
    "over quoted lines": lambda secret: f"{secret[:9]}\r\n> {secret[9:]}",
    "over lines of a program": lambda secret: f"'{secret[:10]}' +\n  '{secret[10:]}'",
    "with signs that nobody sees": lambda secret: f"{secret[:9]}\u200b{secret[9:]}",
    "in hexadecimal with signs between": lambda secret: secret.encode().hex(":"),
    "as numbers": lambda secret: str(list(secret.encode())),
    "in colours": lambda secret: f"{secret[:9]}\x1b[0m\x1b[1;31m{secret[9:]}",
    "as bytes": lambda secret: repr(f"\n{secret}".encode()),
    "in markup": lambda secret: escape(secret),
    "as entities": lambda secret: "".join(f"&#{ord(letter)};" for letter in secret),
    "in Base64": lambda secret: base64.b64encode(f"user:{secret}".encode()).decode(),
    "in Base64 for addresses": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "in hexadecimal": lambda secret: secret.encode().hex(),
    "in wide letters": lambda secret: "".join(
        chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in secret
    ),
}


AROUND = st.one_of(
    st.sampled_from(["\n", "\u201c", "%20", "_", "x", "kd_", "\\n", "%6", "&#", "ab+/", "\u0301"]),
    st.text(max_size=20),
)


@given(
    secret=st.sampled_from((*KEYS, *TOKENS)),
    form=st.sampled_from(sorted(FORMS)),
    before=AROUND,
    after=AROUND,
)
def test_no_form_of_a_secret_stays(secret: str, form: str, before: str, after: str) -> None:
    """Whatever stands before and behind it: neither the secret nor what decodes to it is left."""
    written = FORMS[form](secret)
    left = MASKER.mask(f"{before}{written}{after}")
    assert written not in left
    assert secret not in left
    assert not holds_secret(left)
    assert MASKER.mask(left) == left


@given(secret=st.sampled_from((*KEYS, *TOKENS[:-1])), before=AROUND, after=AROUND)
def test_no_secret_is_kept_of_a_user_agent(secret: str, before: str, after: str) -> None:
    """Wherever it stands in what a client calls itself, and where its end is cut off."""
    for name in (f"{before}{secret}{after}", f"{'x' * 230}{before}{secret}{after}"):
        kept = clean_user_agent(name.encode("utf-8", "surrogatepass")) or ""
        assert secret not in kept
        assert secret[:20] not in kept
        assert not holds_secret(kept)


def test_passwords_and_headers_go_and_their_names_stay() -> None:
    """In addresses, behind their names, and in what was written of a header."""
    for written, left in {
        "postgresql://user:p@ss/wo:rd@host/name": "postgresql://user:[masked]@host/name",
        "redis://:pass@host": "redis://:[masked]@host",
        "host=db password=hunter2 dbname=k": "host=db password=[masked] dbname=k",
        "{'Authorization': 'OAuth 0123-abc'}": "{'Authorization': 'OAuth [masked]'}",
        "[(b'authorization', b'Bearer abc')]": "[(b'authorization', b'Bearer [masked]')]",
        '{\\"password\\": \\"a b\\"}': '{\\"password\\": \\"[masked]\\"}',
        "GET /v1/pages?api_key=0123abc&x=1": "GET /v1/pages?api_key=[masked]&x=1",
        "https://hooks.slack.com/commands/T1/2/3 failed": "https://hooks.slack.com/[masked] failed",
        f"kd_{'a' * 20}": "kd_[masked]",
    }.items():
        assert mask(written) == left
        assert mask(left) == left


def test_what_is_no_secret_stays() -> None:
    """The start of a key, by which people tell keys apart, and words about secrets."""
    for text in (
        f"key {KEYS[0][:7]}… of #terraform",
        "password authentication failed for user keydesk",
        "connected to http://127.0.0.1:8080/x, basic authentication is off",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "python-requests/2.31.0",
        "job 2026-11-27T21:50:37Z 0123456789abcdef0123456789abcdef",
    ):
        assert mask(text) == text


def test_a_long_text_takes_no_long_time() -> None:
    """What a client may send in its headers is read in a fraction of a second, whatever it is made of."""
    begun = time.process_time()
    for piece in ("\\", "://a:", "\\u005c", "kd_", "bearer ", "%25", "&amp;", "A", "6b", "authorization:", "x=="):
        mask(piece * (16_000 // len(piece)))
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("between", ["\n", "\r\n> ", "' +\n  '", "\u200b", "\u00ad"])
@pytest.mark.parametrize(
    "token", ["ghp_16C7e42F292c6912E7710c838347Ae178B4a", "xoxb-123456789012-AbCdEf", "AKIAIOSFODNN7EXAMPLE"]
)
def test_a_token_in_pieces_is_refused_and_cut_out_whole(token: str, between: str) -> None:
    """On several lines, or with signs between that nobody sees; what stands on the line below it is none of it."""
    typed = f"We use {token[:14]}{between}{token[14:]}\nplease rotate it"
    assert holds_secret(typed)
    assert not hides_secret(typed)
    assert masked(typed) == f"We use {token[: 5 if token[0] == 'x' else 4]}{MASK}\nplease rotate it"
    assert not holds_secret("xoxb is how\nthey begin, ghp_\ntoo, and AKIA\nSHOUTING WORDS FOLLOW")
