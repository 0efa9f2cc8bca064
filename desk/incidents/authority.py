"""On which pages somebody may publish, which incident they mean, and whom they ask where they may not."""

import difflib
from collections.abc import Collection, Sequence

from desk.commands import slash
from desk.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError
from desk.incidents.components import get_component_by_word
from desk.incidents.drafts.decision import role_to_manage
from desk.incidents.lookup import find_called, find_incident_by_word, get_incident, get_incident_by_word, list_open
from desk.pages.pages import get_organization, get_page_by_word, list_pages
from desk.permissions import ask_an_owner, roles_of_actor
from desk.roles.lists import list_holders
from desk.transaction import Transaction
from storage.folding import fold
from storage.models import Incident, IncidentStatus, Page, Role

_NAMED = 3
_LONGEST_NAME = 30
"""Words."""
_SHORTEST_NEAR = 5
_AND = frozenset({"and", "&", "+", "und"})
_NEAR = 0.85


def list_publishable_pages(tx: Transaction, role: Role) -> Sequence[Page]:
    """The pages on which the actor has the role, by name."""
    roles = roles_of_actor(tx)
    return [page for page in list_pages(tx.session) if roles.has(role, page.id)]


def require_publisher(tx: Transaction, role: Role, page: Page | None = None) -> None:
    """Raises NotAllowedError, naming who may instead, unless the actor has the role (on the page, or on any)."""
    roles = roles_of_actor(tx)
    if roles.has(role, page.id) if page is not None else roles.has_anywhere(role):
        return
    names = [holder.name for holder in list_holders(tx, role, page.id if page is not None else None)][:_NAMED]
    where = f" on {page.name}" if page is not None else ""
    who = f"{' or '.join(names)} can do it for you. " if names else ""
    raise NotAllowedError(f"That needs the role `{role}`{where}.", f"{who}{ask_an_owner(tx)}")


def get_publishable_page(tx: Transaction, role: Role, word: str | None) -> Page | None:
    """The page that a person means, or the only one on which they may; None where they must choose.

    Raises NotAllowedError, naming whom to ask, or InvalidInputError for a page that there is not.
    """
    if word:
        try:
            page = get_page_by_word(tx.session, word)
        except InvalidInputError:
            # Whoever may nowhere has nothing to put right.
            require_publisher(tx, role)
            raise
        require_publisher(tx, role, page)
        return page
    require_publisher(tx, role)
    pages = list_publishable_pages(tx, role)
    return pages[0] if len(pages) == 1 else None


def get_page_meant(tx: Transaction, role: Role, word: str | None, components: Sequence[str] = ()) -> Page:
    """The page that is named, the only one on which the actor has the role, or that of these components.

    Raises as `get_first_publishable_page`, and InvalidInputError where nobody can tell which.
    """
    page = get_publishable_page(tx, role, word) or find_page_of_components(tx, role, components)
    if page is not None:
        return page
    get_first_publishable_page(tx, role)
    names = ", ".join(one.subdomain or one.name for one in list_publishable_pages(tx, role))
    raise InvalidInputError("On which page?", f"Say one of: {names}.", field="pages")


def get_first_publishable_page(tx: Transaction, role: Role) -> Page:
    """The page that a form begins with. Raises NotAllowedError, or NotFoundError before the first page is made."""
    require_publisher(tx, role)
    pages = list_publishable_pages(tx, role)
    if not pages:
        get_organization(tx.session)
        raise NotFoundError("There is no page yet.", "An operator can make one with: keydesk seed pages.yml")
    return pages[0]


def list_meant(
    tx: Transaction,
    *,
    incident_id: str | None,
    called: str | None,
    page: str | None,
    scheduled: bool,
    statuses: Collection[IncidentStatus] | None = None,
) -> Sequence[Incident]:
    """The incident or (`scheduled`) maintenance that a person means, by its id or by what they called it; where they
    named none, all that they may publish about on the page and that are open or in one of `statuses`.

    Raises NotAllowedError that names whom to ask, and NotFoundError,
    InvalidInputError or ConflictError that say what there is.
    """
    if incident_id:
        return [get_incident(tx.session, incident_id)]
    if called:
        return [get_incident_by_word(tx.session, called, open_only=statuses is None)]
    role = role_to_manage(scheduled=scheduled)
    meant = get_publishable_page(tx, role, page)
    pages = {one.id for one in list_publishable_pages(tx, role)} if meant is None else {meant.id}
    found = [one for one in list_open(tx.session, scheduled=scheduled) if one.page_id in pages]
    found = [one for one in found if statuses is None or one.status in statuses]
    if not found:
        raise _none_is(scheduled=scheduled, statuses=statuses)
    return found


def find_beginning(tx: Transaction, words: Sequence[str], *, scheduled: bool) -> tuple[Incident, int] | None:
    """The open incident or maintenance whose name these words begin with, and how many of them it takes.

    The longest name goes before others; None where none fits, or two of the same name do.
    """
    folded = [fold(word) for word in words]
    fitting = [
        (len(name), incident)
        for incident in list_open(tx.session, scheduled=scheduled)
        if (name := fold(incident.name).split()) in (begins := folded[: len(name)], _without_stop(begins))
    ]
    longest = max((length for length, _ in fitting), default=0)
    found = [incident for length, incident in fitting if length == longest]
    return (found[0], longest) if len(found) == 1 else None


def find_near_beginning(tx: Transaction, words: Sequence[str], *, scheduled: bool) -> tuple[str, Incident] | None:
    """Words at the beginning that are nearly, and not quite, the name of something open, and which that is."""
    for incident in list_open(tx.session, scheduled=scheduled):
        begins = near_name(incident, words)
        # “Checkout error rates fall” is about “Checkout errors”, and a sentence.
        if begins is not None and fold(incident.name).rstrip("s") != fold(begins).rstrip("s"):
            return begins, incident
    return None


def near_name(incident: Incident, words: Sequence[str]) -> str | None:
    """The words at the beginning, if they are the incident's name or nearly so."""
    name = fold(incident.name)
    begins = " ".join(_without_stop(words[: len(name.split())]))
    is_long = len(name) >= _SHORTEST_NEAR
    is_near = is_long and difflib.SequenceMatcher(None, name, fold(begins)).ratio() >= _NEAR
    return begins if is_near or " ".join(name.split()) == fold(begins) else None


def find_named_too(tx: Transaction, words: Sequence[str], length: int, *, scheduled: bool) -> Incident | None:
    """Something else that is open and that the words go on to name behind a name of some `length`, with a sign or
    an “and” between."""
    rest = words[length:]
    if rest and fold(rest[0]) in _AND:
        rest = rest[1:]
    elif not "".join(words[length - 1 : length]).endswith((",", ";")):
        return None
    found = find_beginning(tx, rest, scheduled=scheduled)
    return found[0] if found is not None else None


def _without_stop(words: Sequence[str]) -> list[str]:
    """A name as it is without what people put behind it."""
    return [*words[:-1], *(word.rstrip(":,;") for word in words[-1:])]


def find_named_beginning(tx: Transaction, words: Sequence[str]) -> tuple[Incident, int] | None:
    """As `find_beginning`, of whatever there is, open or over: by a whole name that these words begin with, or by all
    of them. Raises InvalidInputError with the candidates where several are meant."""
    for length in range(min(len(words), _LONGEST_NAME), 0, -1):
        name = " ".join(_without_stop(words[:length]))
        incident = find_incident_by_word(tx.session, name) if length == len(words) else find_called(tx.session, name)
        if incident is not None:
            return incident, length
    return None


def _none_is(*, scheduled: bool, statuses: Collection[IncidentStatus] | None) -> ConflictError:
    if statuses is None:
        kind = "maintenance" if scheduled else "incident"
        return ConflictError(
            f"No {kind} is open.", f"Name the one that you mean: {slash(f'{kind} list')} shows them."
        )
    standing = "planned" if IncidentStatus.SCHEDULED in statuses else "in progress"
    return ConflictError(f"No maintenance is {standing}.", f"{slash('maintenance list')} shows what there is.")


def find_page_of_components(tx: Transaction, role: Role, words: Sequence[str]) -> Page | None:
    """The only page on which the actor has the role and there is a component for each of these words, or None."""
    pages = [page for page in list_publishable_pages(tx, role) if words and _has_all(tx, page, words)]
    return pages[0] if len(pages) == 1 else None


def _has_all(tx: Transaction, page: Page, words: Sequence[str]) -> bool:
    try:
        for word in words:
            get_component_by_word(tx.session, page.id, word)
    except InvalidInputError:
        return False
    return True
