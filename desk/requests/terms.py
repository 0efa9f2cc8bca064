"""What a person asks for when they ask for a key, made fit to be kept. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from desk.errors import InvalidInputError
from desk.keys.restrictions import (
    are_components_narrower,
    are_networks_narrower,
    check_components,
    check_networks,
    has_to_do_with_components,
)
from desk.keys.scopes import are_narrower, parse_scopes
from desk.masking import refuse_secrets
from desk.policy import Policy
from desk.reasons import check_key_name, refuse_broken
from desk.texts import clean_text
from storage.models import Scope

MAX_PURPOSE = 1000
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A key as it is asked for."""

    name: str
    purpose: str
    scopes: tuple[Scope, ...]
    pages: tuple[str, ...] | None
    """Page ids; None: all pages."""
    lifetime_days: int
    holder_id: str
    """Who answers for the key."""
    components: tuple[str, ...] | None = None
    """Ids of the components that it may change; None: any."""
    networks: tuple[str, ...] | None = None
    """Where it is called from, as CIDR; None: anywhere."""
    replaces_id: str | None = None
    """The key that it takes over, which ends once the new one was collected."""
    grace: timedelta | None = None
    """How long that one works on then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far a key reaches, and for how long."""

    scopes: tuple[str, ...]
    pages: tuple[str, ...] | None
    lifetime_days: int
    components: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None


def complete_asked(
    policy: Policy,
    asker_id: str,
    *,
    name: str,
    purpose: str,
    scopes: Sequence[str],
    pages: tuple[str, ...] | None,
    lifetime_days: int | None,
    holder_id: str | None,
    components: tuple[str, ...] | None = None,
    networks: tuple[str, ...] | None = None,
) -> Asked:
    """What was said of a key and, for what was not, the usual: policy's lifetime, and that whoever asks answers for
    it. Raises InvalidInputError (field `scopes`), also for a scope that is not offered."""
    parsed = parse_scopes(scopes, policy.offered_scopes)
    refuse_unoffered(parsed, policy)
    return Asked(
        name=name,
        purpose=purpose,
        scopes=parsed,
        pages=pages,
        lifetime_days=policy.default_lifetime.days if lifetime_days is None else lifetime_days,
        holder_id=holder_id or asker_id,
        components=components,
        networks=networks,
    )


def refuse_unoffered(scopes: Sequence[str], policy: Policy) -> None:
    """Raises InvalidInputError (field `scopes`) for scopes behind which there is nothing yet: a key that has one
    keeps it, but nobody should wait for a key that opens nothing."""
    missing = [scope for scope in scopes if scope not in policy.offered_scopes]
    if missing:
        named = " or ".join(f"`{scope}`" for scope in missing)
        raise InvalidInputError(
            f"No call of the API needs {named} yet, so it cannot be asked for.",
            f"What can be: {', '.join(policy.offered_scopes)}.",
            field="scopes",
        )


def check_asked(asked: Asked, policy: Policy) -> Asked:
    """What was asked, tidied. Raises InvalidInputError, whose field names the input, when it can't be asked for."""
    name, purpose = check_key_name(asked.name), clean_text(asked.purpose)
    refuse_broken(purpose, field="purpose")
    refuse_secrets(purpose, field="purpose")
    if not purpose:
        raise InvalidInputError("Owners need to know what the key is for.", "One sentence will do.", field="purpose")
    if len(purpose) > MAX_PURPOSE:
        raise InvalidInputError(f"This is longer than {MAX_PURPOSE} characters.", "Shorten it.", field="purpose")
    if asked.pages is not None and not asked.pages:
        raise InvalidInputError("A key needs at least one page.", "Choose pages, or all pages.", field="pages")
    check_lifetime(asked.lifetime_days, policy.maximum_lifetime.days)
    pages = None if asked.pages is None else tuple(dict.fromkeys(asked.pages))
    scopes = parse_scopes(asked.scopes, policy.offered_scopes)
    return replace(
        asked,
        name=name,
        purpose=purpose,
        scopes=scopes,
        pages=pages,
        components=check_components(asked.components, scopes),
        networks=check_networks(asked.networks),
    )


def check_lifetime(days: int, maximum: int) -> None:
    """Raises InvalidInputError (field `lifetime_days`) unless 1 ≤ days ≤ maximum."""
    if not 1 <= days <= maximum:
        raise InvalidInputError(f"Choose between 1 and {maximum} days.", field="lifetime_days")


def limit_lifetime(extent: Extent, policy: Policy) -> Extent:
    """The same, but for no longer than keys may live now."""
    return replace(extent, lifetime_days=min(extent.lifetime_days, policy.maximum_lifetime.days))


def narrow(current: Extent, wanted: Extent) -> Extent:
    """`wanted`, when it allows nothing that `current` does not and ends no later. Raises InvalidInputError."""
    scopes = parse_scopes(wanted.scopes)
    if not are_narrower(scopes, current.scopes):
        raise InvalidInputError(
            "An approval can only narrow what was asked.",
            f"Choose among: {', '.join(current.scopes)}.",
            field="scopes",
        )
    if wanted.pages is not None and not wanted.pages:
        raise InvalidInputError("A key needs at least one page.", "Choose pages, or deny the request.", field="pages")
    beyond = current.pages is not None and (wanted.pages is None or not set(wanted.pages) <= set(current.pages))
    if beyond:
        raise InvalidInputError(
            "An approval can only narrow what was asked.", "Choose among the pages of the request.", field="pages"
        )
    networks = check_networks(wanted.networks)
    if not are_components_narrower(wanted.components, current.components):
        raise InvalidInputError(
            "An approval can only narrow what was asked.",
            "Choose among the components of the request.",
            field="components",
        )
    if not are_networks_narrower(networks, current.networks):
        raise InvalidInputError(
            "An approval can only narrow what was asked.",
            "Choose addresses within those of the request.",
            field="networks",
        )
    check_lifetime(wanted.lifetime_days, current.lifetime_days)
    # What names components and may change none any more is a key that only reads.
    bound = wanted.components if has_to_do_with_components(scopes) else None
    return replace(wanted, scopes=tuple(scopes), components=check_components(bound, scopes), networks=networks)
