"""Named components and addresses of a key, as people write them: drawn, and read."""

from collections.abc import Sequence

from desk.errors import InvalidInputError
from desk.incidents.components import get_components_by_words
from desk.keys.restrictions import check_networks
from desk.transaction import Transaction
from handlers.slack.framework.blocks import Block, input_block, text_input
from handlers.slack.framework.payloads import ViewSubmission
from storage.models import Component

_LONGEST = 3000


def find_components(tx: Transaction, page_ids: Sequence[str] | None, words: Sequence[str]) -> tuple[str, ...] | None:
    """Ids of the components that are meant on these pages (None: on any); None without words."""
    return get_components_by_words(tx.session, page_ids, words) if words else None


def restriction_inputs(
    tx: Transaction, components: Sequence[str] | None, networks: Sequence[str] | None
) -> list[Block]:
    """Inputs for what narrows a key besides its scopes and pages; both may stay empty."""
    return [
        input_block(
            "Only for these components",
            text_input(initial=_names(tx, components), placeholder="API, Web", max_length=_LONGEST),
            block_id="components",
            hint="By name, with commas between. It changes no others, also in incidents. Empty: all on its pages.",
            optional=True,
        ),
        input_block(
            "Only from these addresses",
            text_input(initial=", ".join(networks or ()), placeholder="192.0.2.7, 10.0.0.0/8", max_length=_LONGEST),
            block_id="networks",
            hint="Of what calls with it. From anywhere else it is as good as unknown. Empty: from anywhere.",
            optional=True,
        ),
    ]


def _names(tx: Transaction, components: Sequence[str] | None) -> str:
    """Components so that they can be read again: by name, and by id where a name would not do."""
    words = []
    for component_id in components or ():
        row = tx.session.get(Component, component_id)
        words.append(component_id if row is None or not _is_clear(tx, row) else row.name)
    return ", ".join(words)


def _is_clear(tx: Transaction, row: Component) -> bool:
    try:
        return "," not in row.name and find_components(tx, None, [row.name]) == (row.id,)
    except InvalidInputError:
        return False


def read_restrictions(
    tx: Transaction, page_ids: Sequence[str] | None, submission: ViewSubmission
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The components and ranges of addresses that were filled in. Raises InvalidInputError, whose field names the
    input."""
    components = find_components(tx, page_ids, _split(submission.text("components")))
    return components, check_networks(_split(submission.text("networks")) or None)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
