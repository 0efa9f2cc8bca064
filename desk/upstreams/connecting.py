"""Connecting the organization with its Statuspage, and letting go of it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.audit import trail as audit
from desk.errors import ConflictError, InvalidInputError, NotFoundError
from desk.identifiers import new_id
from desk.pages.pages import lock_organization
from desk.permissions import require_owner
from desk.transaction import Transaction, upstreams_changed
from storage.models import Upstream

STATUSPAGE = "https://api.statuspage.io"


def find_upstream(session: Session) -> Upstream | None:
    """The organization's Statuspage elsewhere, where there is one."""
    return session.scalars(select(Upstream)).one_or_none()


def get_upstream(session: Session) -> Upstream:
    """The same. Raises NotFoundError where there is none."""
    upstream = find_upstream(session)
    if upstream is None:
        raise NotFoundError(
            "Keydesk is connected with no Statuspage.", "An operator connects it with: keydesk upstream connect"
        )
    return upstream


def lock_upstream(session: Session) -> Upstream:
    """The same, as it is and ours until the commit: whoever changes it, its keys or its copies waits. Raises as that
    does."""
    locked = select(Upstream).with_for_update().execution_options(populate_existing=True)
    session.scalars(locked).one_or_none()
    return get_upstream(session)


def check_base_url(text: str) -> str:
    """An upstream's address, without a path or a slash at its end. Raises InvalidInputError (field `base_url`)."""
    url = text.strip().lower().rstrip("/").removesuffix("/v1").rstrip("/")
    scheme, found, host = url.partition("://")
    # What may be left out is: one server has one address, however it is written.
    host = host.removesuffix({"http": ":80", "https": ":443"}.get(scheme, "?")).removesuffix(".")
    if not found or scheme not in ("http", "https") or not host or set("/?#@ ") & set(host) or len(url) > 255:
        raise InvalidInputError(
            f"“{text}” is no address of a Statuspage API.",
            f"Give scheme and host alone, like {STATUSPAGE}.",
            field="base_url",
        )
    return f"{scheme}://{host}"


def connect_upstream(tx: Transaction, base_url: str) -> Upstream:
    """Connect the organization with the Statuspage at an address; again, with the same one, changes nothing.

    Raises NotAllowedError, InvalidInputError (field `base_url`), and ConflictError where something was copied from
    another.
    """
    require_owner(tx)
    url = check_base_url(base_url)
    lock_organization(tx.session)
    upstream = find_upstream(tx.session)
    if upstream is not None and upstream.base_url == url:
        return upstream
    if upstream is not None:
        if upstream.copied_at is not None:
            raise ConflictError(
                f"Keydesk is connected with {upstream.base_url} already.",
                "One organization has one Statuspage: its pages and ids are those of that account.",
            )
        # The first address was a mistake: nothing is known of it.
        upstream.base_url = url
    else:
        upstream = Upstream(id=new_id(), base_url=url, created_at=tx.now, created_by=str(tx.actor))
        tx.session.add(upstream)
        tx.session.flush()
    audit.record(tx, audit.Action.UPSTREAM_CONNECTED, "upstream", upstream.id, base_url=url)
    upstreams_changed(tx)
    return upstream
