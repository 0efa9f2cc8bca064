"""From where a key is called, and which components it is for."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.errors import InvalidInputError
from desk.keys.restrictions import (
    MOST_COMPONENTS,
    MOST_NETWORKS,
    are_components_narrower,
    are_networks_narrower,
    check_components,
    check_networks,
    is_within,
    restrictions_in_short,
)
from tests.reaching import Branch


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (None, None),
        (["192.0.2.7"], ("192.0.2.7/32",)),
        ([" 10.1.2.3/8 "], ("10.0.0.0/8",)),
        (["2001:DB8:0::1"], ("2001:db8::1/128",)),
        (["2001:db8::/32", "10.0.0.0/8"], ("10.0.0.0/8", "2001:db8::/32")),
        (["10.2.0.0/16", "10.0.0.0/8", "10.0.0.0/8"], ("10.0.0.0/8",)),
        (["::ffff:10.0.0.0/104"], ("10.0.0.0/8",)),
        (["::ffff:192.0.2.7"], ("192.0.2.7/32",)),
        (["::/0"], ("::/0",)),
    ],
)
def test_ranges_are_kept_in_their_usual_form(words: list[str] | None, kept: tuple[str, ...] | None) -> None:
    """However they are written, so that owners see what they mean; what is said twice is kept once."""
    assert check_networks(words) == kept


@pytest.mark.parametrize("words", [[], ["home"], ["10.0.0.0/33"], ["10.0.0"], [""], ["1.2.3.4", "x"]])
def test_what_is_no_address_is_refused_beside_its_field(words: list[str]) -> None:
    """Also none at all: a key that can be called from nowhere is no key."""
    with pytest.raises(InvalidInputError) as refusal:
        check_networks(words)
    assert refusal.value.field == "networks"
    assert check_networks([f"10.0.{2 * part}.0/24" for part in range(MOST_NETWORKS)]) is not None
    with pytest.raises(InvalidInputError, match="more than"):
        check_networks([f"10.0.{2 * part}.0/24" for part in range(MOST_NETWORKS + 1)])


@pytest.mark.parametrize(
    ("address", "networks", "inside"),
    [
        ("10.9.8.7", {"10.0.0.0/8"}, True),
        ("11.0.0.1", {"10.0.0.0/8"}, False),
        ("11.0.0.1", {"10.0.0.0/8", "11.0.0.0/31"}, True),
        ("::ffff:10.9.8.7", {"10.0.0.0/8"}, True),
        ("10.9.8.7", {"::/0"}, False),
        ("2001:db8::7", {"2001:db8::/32"}, True),
        ("2001:db8::7%eth0", {"2001:db8::/32"}, True),
        ("2001:db9::7", {"2001:db8::/32", "10.0.0.0/8"}, False),
        ("10.9.8.7", set(), False),
        (None, {"0.0.0.0/0", "::/0"}, False),
        ("somewhere", {"0.0.0.0/0", "::/0"}, False),
        ("", {"0.0.0.0/0", "::/0"}, False),
    ],
)
def test_whose_address_is_inside(address: str | None, networks: set[str], inside: bool) -> None:
    """An IPv4 address is the same behind a socket for both; who has no address is nowhere."""
    assert is_within(address, frozenset(networks)) is inside


narrower = Branch(0.1)
_NETWORKS = st.sets(
    st.sampled_from(["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.0.0.1/32", "::/0", "2001:db8::/32"])
)


@narrower
@given(wide=st.none() | _NETWORKS, narrow=st.none() | _NETWORKS)
def test_narrower_is_what_lets_nobody_else_in(wide: set[str] | None, narrow: set[str] | None) -> None:
    """No address is in the narrower ranges and not in the wide ones; some are otherwise."""
    probes = [
        "10.0.0.0",
        "10.0.0.1",
        "10.127.255.255",
        "10.128.0.0",
        "10.255.255.255",
        "2001:db8::1",
        "::1",
        "9.9.9.9",
    ]
    lets_in = {one for one in probes if narrow is None or is_within(one, frozenset(narrow))}
    may_come = {one for one in probes if wide is None or is_within(one, frozenset(wide))}
    found = are_networks_narrower(narrow, wide)
    # Two halves are as wide as the whole, which is not looked for: who asks for less writes less.
    halves = wide is not None and "10.0.0.0/8" in (narrow or ()) and {"10.0.0.0/9", "10.128.0.0/9"} <= wide
    if found:
        narrower.reached()
        assert lets_in <= may_come
    elif not halves:
        assert not lets_in <= may_come


@given(st.ip_addresses(), st.integers(0, 128))
def test_an_address_is_in_every_range_around_it(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int
) -> None:
    """However wide."""
    networks = check_networks([f"{address}/{min(bits, address.max_prefixlen)}"])
    mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    assert networks is not None
    assert is_within(str(address), frozenset(networks)) or (mapped and bits < 96)


def test_components_are_named_by_keys_that_could_change_them() -> None:
    """None is left as none; doubles go; naming none, too many, or any for a key that only reads, is refused."""
    assert check_components(None, ["read"]) is None
    for scope in ("component_status:write", "components:write", "incidents:write", "maintenances:write"):
        assert check_components(["b", "a", "b"], [scope]) == ("b", "a")
    too_many = [str(number) for number in range(MOST_COMPONENTS + 1)]
    for components, scopes in (
        ([], ["components:write"]),
        (["a"], ["read", "users:write"]),
        (too_many, ["components:write"]),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            check_components(components, scopes)
        assert refusal.value.field == "components"


def test_fewer_components_are_narrower() -> None:
    """All are more than any that are named."""
    assert are_components_narrower(["a"], None)
    assert are_components_narrower(["a"], ["a", "b"])
    assert not are_components_narrower(None, ["a"])
    assert not are_components_narrower(["c"], ["a", "b"])


def test_a_list_has_room_for_a_few_words() -> None:
    """Nothing where nothing narrows."""
    assert restrictions_in_short(None, None) == []
    assert restrictions_in_short(["a"], ["10.0.0.0/8"]) == ["only one component", "only from 10.0.0.0/8"]
    many = [f"10.0.{part}.0/24" for part in range(5)]
    assert restrictions_in_short(["a", "b"], many) == [
        "only 2 components",
        "only from 10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24 and 2 more",
    ]
