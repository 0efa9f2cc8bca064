"""How old what is copied from a Statuspage elsewhere is, wherever it is shown."""

from collections.abc import Iterable, Sequence

from desk.transaction import Transaction
from desk.upstreams.connecting import find_upstream
from handlers.slack.framework.blocks import Block, context, escape, when
from storage.models import Backend, Page


def upstream_lines(tx: Transaction) -> Sequence[str]:
    """How old the copies are, and for owners what there is to see to; none where there is no Statuspage."""
    upstream = find_upstream(tx.session)
    if upstream is None:
        return []
    if upstream.copied_at is None:
        return [f"Pages of Statuspage ({escape(upstream.base_url)}) were not copied yet."]
    return [f"Pages of Statuspage ({escape(upstream.base_url)}) are as of {when(upstream.copied_at)}."]


def age_of_copies(tx: Transaction, pages: Iterable[Page]) -> list[Block]:
    """Below a choice of pages: how old those are that are copies; nothing where there are none among them."""
    if all(page.backend == Backend.LOCAL for page in pages):
        return []
    return [context(line) for line in upstream_lines(tx)]
