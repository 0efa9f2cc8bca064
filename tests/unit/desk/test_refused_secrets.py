"""What people type is refused for a secret of any kind, and for nothing else."""

import base64
import string
import uuid
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desk.errors import InvalidInputError
from desk.incidents.default_texts import FIRST_WORDS
from desk.masking import hides_secret, holds_secret, mask, masked, refuse_secrets
from desk.reasons import check_key_name, check_reason

ALNUM = string.ascii_letters + string.digits


def _letters(low: int, high: int | None = None) -> st.SearchStrategy[str]:
    return st.text(ALNUM, min_size=low, max_size=high or low)


_random = _letters(24, 40)
_mixed = st.lists(st.tuples(_letters(1), st.sampled_from("a1B2c3")), min_size=12).map(
    lambda pairs: "".join(f"{one}{two}7z" for one, two in pairs)
)
_password = st.text(ALNUM + "!$%&*()_+-=.,;~", min_size=6, max_size=20).map(lambda text: f"{text}q1")
SECRETS = st.one_of(
    st.builds("xoxb-{}-{}-{}".format, st.integers(10**9, 10**12), st.integers(10**9, 10**12), _random),
    st.builds("xapp-1-A{}-{}-{}".format, _letters(9), st.integers(10**9, 10**12), _random),
    st.builds("xoxe.xoxp-1-{}".format, _random.map("{}1".format)),
    st.builds("ghp_{}".format, _letters(36)),
    st.builds("sk_live_51{}".format, _letters(24, 99)),
    st.builds("AKIA{}".format, st.text(string.ascii_uppercase + string.digits, min_size=16, max_size=16)),
    st.builds("https://hooks.slack.com/services/T{}/B{}/{}".format, _letters(8), _letters(8), _letters(24)),
    st.builds("Authorization: Bearer {}".format, _mixed),
    st.builds("OAuth {}".format, _mixed),
    st.builds(lambda one: f"Authorization: Basic {base64.b64encode(f'ann:{one}'.encode()).decode()}", _password),
    st.builds("https://ci.example/?access_token={}".format, _mixed),
    st.builds("-----BEGIN OPENSSH PRIVATE KEY-----\n{}".format, _mixed),
)
ADDRESSES = st.tuples(
    st.sampled_from(["postgresql://keydesk:{}@db.example.com/k", "https://:{}@ci.example/job", "amqp://a:{}@[::1]/"]),
    _password,
)
BEFORE = st.sampled_from(["", "we use ", "(", '"', "<", "see:\n", "\u201c"])
AFTER = st.sampled_from(["", " for now", ") is it", '"', ">", "\nthat is all", "\u201d", " |x"])


@given(secret=SECRETS, before=BEFORE, after=AFTER)
def test_every_secret_is_refused_and_none_is_repeated(secret: str, before: str, after: str) -> None:
    """Tokens of Slack and others, passwords in addresses and behind their names, credentials of a header."""
    typed = f"{before}{secret}{after}"
    with pytest.raises(InvalidInputError) as refused:
        refuse_secrets(typed, field="reason")
    for left in (masked(typed), mask(typed), str(refused.value)):
        assert secret[-6:] not in left
        assert not holds_secret(left)


@given(address=ADDRESSES, before=BEFORE, after=AFTER)
def test_a_password_in_an_address_is_refused_and_not_repeated(
    address: tuple[str, str], before: str, after: str
) -> None:
    """What is no more than a placeholder is none."""
    form, password = address
    typed = f"{before}{form.format(password)}{after}"
    assert holds_secret(typed)
    assert form.split("{}")[0] + "[masked]@" in masked(typed)
    assert f":{password}@" not in mask(typed)
    for shown in ("password", "…", "***", "xxx", "$PASSWORD", "{password}", "[your password]"):
        assert not holds_secret(f"{before}{form.format(shown)}{after}")


@given(secret=SECRETS)
def test_a_secret_that_is_escaped_is_refused_too(secret: str) -> None:
    """Whoever opens the address or decodes the text has it: nothing of it is repeated."""
    typed = f"https://a.example/?next={quote(secret, safe='')}"
    assert holds_secret(typed)
    assert not hides_secret(typed) or masked(typed) == "kd_…"


WORDS = st.sampled_from(
    [
        *("password", "Password:", "token", "bearer", "Basic", "OAuth", "authorization:", "api_key", "secret"),
        *("users", "can", "not", "reset", "rotate", "http://", "https://status.example.com:8443/a", "the", "v1.2.3"),
        *("SLACK_BOT_TOKEN", "KEYDESK_SLACK_BOT_TOKEN", "xoxb-…", "xoxb-", "xapp-...", "kd_…", "kd_abcd", "10:30"),
        *("user:password@host", "postgresql://user:password@host/name", "ssh://git@host:22/x", "<@U0123ABCD>"),
        *("https://example.com:443/@mia/1", "https://a.example/?mail=x@y.example", "authentication-2024", "e.g.,"),
        *("sha256:", "commit", "INC-1234", "#ops", "<https://a.example|a.example>", "password=…", "?api_key="),
        *("https://hooks.slack.com/", "eyJ", "AKIA", "ghp_…", "\u201cBasic\u201d", "subscription2", "Bearer", "="),
        *("mia@example.com", "@ann", "$TOKEN", ":", "sk_live_…", "glpat-…"),
    ]
)
IDS = st.one_of(
    st.uuids().map(str),
    st.uuids().map(lambda one: one.hex),
    st.binary(min_size=20, max_size=20).map(bytes.hex),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.text(string.ascii_lowercase + string.digits, min_size=12, max_size=12),
    st.builds("U{}".format, st.text(string.ascii_uppercase + string.digits, min_size=8, max_size=10)),
    st.builds("https://a.example/{}".format, st.uuids()),
)


@example(["the", "disk_live_migration_of_all_volumes", "and", "risk_live_updates_about_networks"])
@given(st.lists(st.one_of(WORDS, IDS), max_size=12).filter(lambda parts: not _names_a_scheme_before_an_id(parts)))
def test_words_and_ids_are_no_secrets(parts: list[str]) -> None:
    """Talk about passwords, how tokens begin, hashes, UUIDs, ids, addresses, mail, mentions: all are kept."""
    typed = " ".join(parts)
    refuse_secrets(typed)
    assert masked(typed) == typed


def _names_a_scheme_before_an_id(parts: list[str]) -> bool:
    # "Bearer 550e8400-…": that is what credentials look like.
    schemes = {"bearer", "oauth", "authorization:"}
    return any(one.lower() in schemes and len(two) >= 16 for one, two in pairwise(parts))


@given(st.text(max_size=300))
def test_no_text_is_taken_for_a_secret_by_chance(typed: str) -> None:
    """Nor is any decoding of it."""
    assert not holds_secret(typed)


@given(st.binary(max_size=400).map(lambda body: base64.b64encode(body).decode()))
def test_no_encoded_text_is_taken_for_one(typed: str) -> None:
    """A certificate, a picture, a log that somebody pastes."""
    assert not holds_secret(typed)


@pytest.mark.parametrize(
    "typed",
    [
        '{"api_key": "89a229ce-1a8d-bcf9-ff30-430fbe35eb4c"}',
        r"{\"password\": \"hunter2-and-more\"}",
        "'client_secret': 'a1b2c3d4e5'",
        "postgresql://keydesk:Tr0ub4dor\n3xyz@db.example.com/k",
        "Authorization: Basic YWRtaW46aHVu\r\n  dGVyMmh1bnRlcjI=",
        "Bearer q8Zt5Wm2\nXc9Lr4Vb7Nk1Pd6",
        "password=Cor3ec\ntHorse9",
    ],
)
def test_secrets_in_documents_and_over_lines(typed: str) -> None:
    """As JSON has them, and as a mail client breaks them; in a name too, which has one line."""
    assert holds_secret(typed)
    with pytest.raises(InvalidInputError, match="a token or a password"):
        check_key_name(typed)
    assert hides_secret(masked(typed)) is False


@pytest.mark.parametrize(
    "typed",
    [
        "See https://status.acme.example:\nask ops@acme.example.",
        "We rotate the basic\nauthentication of plan 2",
        'The "token" is what the "api_key": header holds',
        "Bearer\nof bad news since 10:00",
    ],
)
def test_lines_that_only_follow_each_other(typed: str) -> None:
    """What one line ends with and the next begins with is no secret for that."""
    assert not holds_secret(typed)
    assert masked(typed) == typed


def test_reasons_and_names_are_refused_with_what_to_do() -> None:
    """One rule for all that is kept; the field is named, the secret is not."""
    for check in (check_reason, check_key_name):
        with pytest.raises(InvalidInputError, match="token or a password") as refused:
            check("for xoxb-123456789012-abcDEF")
        assert refused.value.field in ("reason", "name")
        assert "replace it" in (refused.value.hint or "")


def test_own_words_are_never_masked() -> None:
    """Names of settings, how tokens begin, and addresses as help writes them."""
    for text in (
        "SLACK_BOT_TOKEN is missing: put in the Bot User OAuth Token of your Slack app (xoxb-…).",
        "KEYDESK_DATABASE_URL must be an address like sqlite:///keydesk.db or postgresql://user:password@host/name.",
        "SLACK_BOT_TOKEN must be a token that begins with xoxb-.",
        "KEYDESK_SLACK_BOT_TOKEN is not a setting of Keydesk: did you mean SLACK_BOT_TOKEN?",
        *FIRST_WORDS.values(),
        str(uuid.UUID(int=7)),
    ):
        assert mask(text) == text
        assert not holds_secret(text)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Basic", "OAuth", "Digest", "token"])
def test_a_header_keeps_no_credential(scheme: str) -> None:
    """Whatever the scheme's name begins with."""
    for written in (
        "Authorization: {} abcDEFghijkl",
        "{{'authorization': '{} abcDEFghijkl'}}",
        "authorization={} abcDEF",
    ):
        assert "abcDEF" not in mask(written.format(scheme))
