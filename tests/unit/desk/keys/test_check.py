"""Whose key is it, and may the call go on?"""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.keys.check import MAX_SECRET_LENGTH, Need, Verdict, decide_call, digest_of, find_secret
from desk.keys.ring import RingKey
from desk.keys.scopes import allows
from desk.secret import Secret
from storage.models import KeyStatus, Scope
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import ORGANIZATION
from tests.reaching import Branch

SECRET = b"kd_" + b"a" * 38
READ = Need("components", write=False)
WRITE = Need("components", write=True)

_VISIBLE = st.integers(0x21, 0x7E).map(chr)
_SECRETS = st.text(_VISIBLE, min_size=1, max_size=80).filter(
    lambda text: text.lower() not in {"oauth", "bearer", "basic"}
)


def a_key(**values: object) -> RingKey:
    """An active key that reads every page."""
    defaults: dict[str, object] = {
        "id": "k00000000001",
        "organization_id": ORGANIZATION,
        "version": 1,
        "status": KeyStatus.ACTIVE,
        "scopes": frozenset({"read"}),
        "pages": None,
        "networks": None,
        "expires_at": NOW + timedelta(days=1),
        "retires_at": None,
    }
    return RingKey(**(defaults | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "header",
    [
        b"OAuth " + SECRET,
        b"oauth " + SECRET,
        b"OAUTH " + SECRET,
        b"oAuTh   " + SECRET,
        b"OAuth\t" + SECRET,
        b"  OAuth " + SECRET + b"  ",
        SECRET,
        b" " + SECRET,
    ],
)
def test_the_scheme_is_oauth_in_any_case_or_none(header: bytes) -> None:
    """Clients write OAuth, oauth or nothing before the key; all three are understood."""
    assert find_secret([header]) == SECRET


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [b""],
        [b" "],
        [b"OAuth"],
        [b"OAuth "],
        [b"Bearer " + SECRET],
        [b"bearer"],
        [b"Basic dXNlcjpwYXNz"],
        [b"Token " + SECRET],
        [b"OAuth " + SECRET + b" x"],
        [b"OAuth " + SECRET, b"OAuth " + SECRET],
        [b"OAuth " + b"a" * (MAX_SECRET_LENGTH + 1)],
    ],
)
def test_anything_else_is_no_key(headers: list[bytes]) -> None:
    """Bearer and other schemes, doubled headers, stray words and endless values hold no key."""
    assert find_secret(headers) is None


@given(_SECRETS, st.sampled_from(["OAuth", "oauth", "OAUTH", "oaUTH"]), st.integers(1, 3))
def test_the_secret_comes_out_as_it_went_in(secret: str, scheme: str, spaces: int) -> None:
    """Whatever visible characters a secret has, they arrive unchanged, with the scheme word or without it."""
    raw = secret.encode()
    assert find_secret([scheme.encode() + b" " * spaces + raw]) == raw
    assert find_secret([raw]) == raw


@given(st.lists(st.binary(max_size=200), max_size=3))
def test_no_header_makes_the_parser_fail(headers: list[bytes]) -> None:
    """Any bytes give a secret of bounded length without white space, or None."""
    secret = find_secret(headers)
    assert secret is None or (0 < len(secret) <= MAX_SECRET_LENGTH and secret.split() == [secret])


def test_the_digest_is_the_stored_one() -> None:
    """What is looked up of a presented secret is what is stored of a minted one."""
    secret = Secret.generate()
    assert digest_of(secret.reveal().encode()).hex() == secret.sha256


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({}, Verdict.ADMITTED),
        ({"status": KeyStatus.SUSPENDED}, Verdict.NOT_ACTIVE),
        ({"status": KeyStatus.REVOKED}, Verdict.NOT_ACTIVE),
        ({"expires_at": NOW}, Verdict.NOT_ACTIVE),
        ({"expires_at": NOW + timedelta(microseconds=1)}, Verdict.ADMITTED),
        ({"retires_at": NOW}, Verdict.NOT_ACTIVE),
        ({"retires_at": NOW + timedelta(seconds=1)}, Verdict.ADMITTED),
        ({"scopes": frozenset({"incidents:write"})}, Verdict.SCOPE_MISSING),
        ({"scopes": frozenset({"components:write"})}, Verdict.ADMITTED),
        ({"pages": frozenset({"p00000000001"})}, Verdict.ADMITTED),
        ({"pages": frozenset({"p00000000002"})}, Verdict.PAGE_OUTSIDE),
        ({"pages": frozenset()}, Verdict.PAGE_OUTSIDE),
        ({"scopes": frozenset(), "pages": frozenset()}, Verdict.SCOPE_MISSING),
        ({"status": KeyStatus.REVOKED, "scopes": frozenset()}, Verdict.NOT_ACTIVE),
        ({"networks": frozenset({"192.0.2.0/24"})}, Verdict.ADMITTED),
        ({"networks": frozenset({"10.0.0.0/8"})}, Verdict.ADDRESS_OUTSIDE),
        ({"networks": frozenset({"10.0.0.0/8"}), "scopes": frozenset()}, Verdict.ADDRESS_OUTSIDE),
        ({"networks": frozenset({"10.0.0.0/8"}), "status": KeyStatus.SUSPENDED}, Verdict.NOT_ACTIVE),
    ],
)
def test_who_may_read_the_components_of_a_page(values: dict[str, object], verdict: Verdict) -> None:
    """State comes before the caller's address, that before scope and scope before page; the instant of expiry is
    already too late."""
    assert decide_call(a_key(**values), READ, "p00000000001", NOW, address="192.0.2.1") is verdict


def test_a_caller_without_an_address_is_outside() -> None:
    """A key that is bound to addresses is no good where nobody knows from where the call comes."""
    bound = a_key(networks=frozenset({"0.0.0.0/0", "::/0"}))
    assert decide_call(bound, READ, None, NOW) is Verdict.ADDRESS_OUTSIDE


def test_reading_does_not_allow_writing() -> None:
    """A key that reads everything writes nothing."""
    assert decide_call(a_key(), WRITE, None, NOW) is Verdict.SCOPE_MISSING


def test_a_call_that_names_no_page_is_for_keys_of_any_page() -> None:
    """Where the path has no page, the key's pages do not matter."""
    assert decide_call(a_key(pages=frozenset()), READ, None, NOW) is Verdict.ADMITTED


admitted = Branch(0.02)


@admitted
@given(
    scopes=st.frozensets(st.sampled_from([scope.value for scope in Scope])),
    pages=st.none() | st.frozensets(st.sampled_from(["a", "b"])),
    write=st.booleans(),
    page=st.sampled_from(["a", "b", "c"]),
    late=st.booleans(),
    networks=st.none() | st.frozensets(st.sampled_from(["10.0.0.0/8", "192.0.2.0/24"])),
    address=st.sampled_from([None, "10.1.1.1", "192.0.2.1", "203.0.113.1"]),
)
def test_only_an_active_key_with_scope_and_page_is_admitted(
    scopes: frozenset[str],
    pages: frozenset[str] | None,
    write: bool,
    page: str,
    late: bool,
    networks: frozenset[str] | None,
    address: str | None,
) -> None:
    """A key is admitted exactly when it is in time, called from where it may be, allowed to do this, and for this
    page."""
    key = a_key(scopes=scopes, pages=pages, networks=networks)
    range_of = {"10.1.1.1": "10.0.0.0/8", "192.0.2.1": "192.0.2.0/24"}
    at_home = networks is None or range_of.get(address or "") in networks
    now = key.expires_at if late else NOW
    reading = not write and not scopes.isdisjoint({"read", "component_status:write"})
    allowed = "components:write" in scopes or reading
    inside = pages is None or page in pages
    verdict = decide_call(key, Need("components", write=write), page, now, address=address)
    if verdict is Verdict.ADMITTED:
        admitted.reached()
    assert (verdict is Verdict.ADMITTED) == (not late and at_home and allowed and inside)


PUBLIC = ("incidents", "components", "metrics", "page_configuration")
BEHIND = ("subscribers", "page_access", "users", "keys", "audit", "deliveries")


@pytest.mark.parametrize("resource", [*PUBLIC, *BEHIND])
def test_reading_people_and_keys_takes_a_scope_of_its_own(resource: str) -> None:
    """`read` reads what is on the page; people, keys, messages and the audit trail are read by who was given that."""
    reads = {scope.value for scope in Scope if allows([scope], resource=resource, write=False)}
    own = {scope.value for scope in Scope if scope.partition(":")[0] == resource}
    also = {"incidents": {"maintenances:write"}, "components": {"component_status:write"}}.get(resource, set())
    assert reads == own | also | ({"read"} if resource in PUBLIC else set())
    if writing := {scope for scope in own if scope.endswith(":write")}:
        assert {scope.value for scope in Scope if allows([scope], resource=resource, write=True)} == writing


def test_states_of_components_are_written_by_who_may_write_components() -> None:
    """The narrow scope is part of the wide one, and not the other way round."""
    writers = {scope for scope in Scope if allows([scope], resource="component_status", write=True)}
    assert writers == {Scope.COMPONENT_STATUS_WRITE, Scope.COMPONENTS_WRITE}


@pytest.mark.parametrize(
    ("need", "scope"),
    [
        (READ, "read"),
        (WRITE, "components:write"),
        (Need("users", write=False), "users:read"),
        (Need("users", write=True), "users:write"),
        (Need("deliveries", write=False), "deliveries:write"),
    ],
)
def test_a_need_names_the_scope_to_ask_for(need: Need, scope: str) -> None:
    """Whoever lacks a scope is told the one to request."""
    assert need.scope == scope
