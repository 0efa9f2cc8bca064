"""What narrows a key besides its scopes and pages: named components, and the addresses that it is called from."""

import ipaddress
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.errors import InvalidInputError
from storage.models import Component, Scope

MOST_NETWORKS = 20
MOST_COMPONENTS = 50
_BOUND = frozenset(
    {Scope.COMPONENT_STATUS_WRITE, Scope.COMPONENTS_WRITE, Scope.INCIDENTS_WRITE, Scope.MAINTENANCES_WRITE}
)
_SHOWN, _FEW = 10, 3

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def check_networks(words: Iterable[str] | None) -> tuple[str, ...] | None:
    """Addresses and CIDR ranges in their usual form, what is within another left out; None stays None.

    Raises InvalidInputError (field `networks`).
    """
    if words is None:
        return None
    found: list[Network] = []
    for word in words:
        try:
            found.append(_plain(ipaddress.ip_network(word.strip(), strict=False)))
        except ValueError:
            raise InvalidInputError(
                f"“{word}” is no address and no range of addresses.",
                "Write for example 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32.",
                field="networks",
            ) from None
    if not found:
        raise InvalidInputError(
            "No address is left.", "Name one, or let it be called from anywhere.", field="networks"
        )
    if len(found) > MOST_NETWORKS:
        raise InvalidInputError(f"That is more than {MOST_NETWORKS} ranges.", "Name wider ones.", field="networks")
    old = ipaddress.collapse_addresses(one for one in found if isinstance(one, ipaddress.IPv4Network))
    new = ipaddress.collapse_addresses(one for one in found if isinstance(one, ipaddress.IPv6Network))
    return tuple(str(one) for one in (*old, *new))


def _plain(network: Network) -> Network:
    """A range of IPv4 addresses that is written as IPv6 (`::ffff:10.0.0.0/104`) as what it is."""
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


_MAPPED_BITS = 96


@lru_cache(maxsize=4096)
def _parsed(networks: frozenset[str]) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, networks))


# A client calls from the same address over and over.
@lru_cache(maxsize=4096)
def is_within(address: str | None, networks: frozenset[str]) -> bool:
    """Whether a caller's address is in one of the ranges. One that is not known is in none."""
    if address is None:
        return False
    try:
        # A zone ("%eth0") says nothing away from the machine.
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed.version == network.version and parsed in network for network in _parsed(networks))


def are_networks_narrower(networks: Collection[str] | None, than: Collection[str] | None) -> bool:
    """Whether every address in `networks` is in `than`; None means all there are."""
    if than is None:
        return True
    if networks is None:
        return False
    wide = _parsed(frozenset(than))
    return all(any(_is_inside(one, other) for other in wide) for one in _parsed(frozenset(networks)))


def _is_inside(one: Network, other: Network) -> bool:
    return one.version == other.version and one.network_address in other and one.broadcast_address in other


def are_components_narrower(components: Collection[str] | None, than: Collection[str] | None) -> bool:
    """The same of components."""
    return than is None or (components is not None and set(components) <= set(than))


def has_to_do_with_components(scopes: Collection[str]) -> bool:
    """Whether a key with `scopes` could change components, or say something of them."""
    return not _BOUND.isdisjoint(scopes)


def check_components(components: Sequence[str] | None, scopes: Collection[str]) -> tuple[str, ...] | None:
    """Ids of components without doubles; None stays None. Raises InvalidInputError (field `components`) when none is
    left, or none of the scopes has to do with components."""
    if components is None:
        return None
    if not components:
        raise InvalidInputError("No component is left.", "Name one, or leave it open which.", field="components")
    if len(components) > MOST_COMPONENTS:
        raise InvalidInputError(
            f"That is more than {MOST_COMPONENTS} components.", "Leave it open which.", field="components"
        )
    if not has_to_do_with_components(scopes):
        raise InvalidInputError(
            "A key that only reads is for no components in particular.",
            f"Leave them out, or choose one of {', '.join(sorted(_BOUND))}.",
            field="components",
        )
    return tuple(dict.fromkeys(components))


def require_on_pages(session: Session, components: Sequence[str] | None, pages: Collection[str] | None) -> None:
    """Raises InvalidInputError (field `components`) unless all are components that there are, on these pages."""
    named = select(Component).where(Component.id.in_(components or ()))
    found = {row.id: row for row in session.scalars(named)}
    for component_id in components or ():
        row = found.get(component_id)
        # One that was retired may come back, and whoever takes its key over asks for the same.
        if row is None or row.group:
            raise InvalidInputError(
                "A component that you chose does not exist any more.", "Choose again.", field="components"
            )
        if pages is not None and row.page_id not in pages:
            raise InvalidInputError(
                f"“{row.name}” is on none of the pages that you chose.", "Choose its page too.", field="components"
            )


def component_names(session: Session, component_ids: Sequence[str]) -> str:
    """Components as people read them; of many, the first and how many more."""
    shown = component_ids[:_SHOWN]
    names = dict(session.execute(select(Component.id, Component.name).where(Component.id.in_(shown))).all())
    more = f" and {len(component_ids) - _SHOWN} more" if len(component_ids) > _SHOWN else ""
    return ", ".join(names.get(one, one) for one in shown) + more


def list_restrictions(
    session: Session, components: Sequence[str] | None, networks: Sequence[str] | None
) -> list[tuple[str, str]]:
    """What narrows a key besides its scopes and pages: a label and words for each; nothing narrows most."""
    found = []
    if components is not None:
        found.append(("Only the components", component_names(session, components)))
    if networks is not None:
        found.append(("Only from", ", ".join(networks)))
    return found


def facts_of_restrictions(components: Sequence[str] | None, networks: Sequence[str] | None) -> dict[str, list[str]]:
    """What the audit trail says of it: nothing of what does not narrow."""
    said = {"components": components, "networks": networks}
    return {name: list(value) for name, value in said.items() if value is not None}


def restrictions_in_short(components: Sequence[str] | None, networks: Sequence[str] | None) -> list[str]:
    """The same for a line of a list."""
    found = []
    if components is not None:
        found.append("only one component" if len(components) == 1 else f"only {len(components)} components")
    if networks is not None:
        more = f" and {len(networks) - _FEW} more" if len(networks) > _FEW else ""
        found.append(f"only from {', '.join(networks[:_FEW])}{more}")
    return found
