"""Keys that people hold already, as those of a Statuspage: they go on working, and belong to the organization."""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Nullable, select
from sqlalchemy.exc import IntegrityError

from desk.audit.trail import Action, record
from desk.errors import ConflictError, InvalidInputError, Problems
from desk.foreign_secrets import check_foreign_secret, list_digests
from desk.identifiers import new_id
from desk.keys.cards import tell_of_import
from desk.keys.holders import may_answer
from desk.keys.restrictions import check_networks, facts_of_restrictions
from desk.masking import refuse_secrets
from desk.pages.pages import get_page_by_word, lock_organization
from desk.people import get_answerer, subject_word
from desk.permissions import require_owner
from desk.policy import Policy
from desk.reasons import check_key_name
from desk.requests.held_keys import ALL, HeldKey, check_email, name_after, read_end, read_scopes
from desk.requests.offers import policy_here
from desk.requests.terms import Asked, check_asked
from desk.secret import Secret
from desk.transaction import Transaction, keys_changed
from storage.models import ApiKey, KeyUse
from storage.organizations import OF_EVERY_ORGANIZATION

_PURPOSE = "Migrated from Statuspage."
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ImportedKey:
    """What became of a row."""

    key: ApiKey
    line: int | None
    only_reads: bool
    """Whether nothing was said of its scopes."""
    why_nobody: str = ""
    """Why nobody answers for it, so that owners do."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is looked up once for all rows."""

    policy: Policy
    people: Mapping[str, str]
    digests: Set[str]


def import_keys(
    tx: Transaction, rows: Sequence[HeldKey], people: Mapping[str, str] | None = None
) -> Sequence[ImportedKey]:
    """Let the values of all these rows work, or of none: for owners and operators. Owners are told, and whoever
    answers for one from now on.

    `people` are Slack ids by the address (in small letters) that Slack knows them by. Raises NotAllowedError, and
    InvalidInputError, which knows everything that is wrong with any row and repeats no value.
    """
    require_owner(tx)
    lock_organization(tx.session)
    problems = Problems()
    secrets: dict[int, Secret] = {}
    for index, row in enumerate(rows):
        with problems.gathered(), _at(row):
            secrets[index] = check_foreign_secret(row.key)
    _refuse_known(tx, rows, secrets, problems)
    known = _Known(policy_here(tx), people or {}, {secret.sha256 for secret in secrets.values()})
    imported: list[ImportedKey] = []
    for index, row in enumerate(rows):
        with problems.gathered(), _at(row):
            made = _read_row(tx, row, secrets.get(index), known)
            imported.append(made)
    problems.refuse()
    _keep(tx, imported)
    return imported


@contextmanager
def _at(row: HeldKey) -> Iterator[None]:
    """What is refused says where it stands, in a file."""
    try:
        yield
    except InvalidInputError as error:
        if row.line is None:
            raise
        place = f"Line {row.line}, {error.field}" if error.field else f"Line {row.line}"
        raise InvalidInputError(f"{place}: {error.sentence}", error.hint, field=error.field) from None


def _refuse_known(
    tx: Transaction, rows: Sequence[HeldKey], secrets: Mapping[int, Secret], problems: Problems
) -> None:
    first: dict[str, HeldKey] = {}
    for index, secret in secrets.items():
        earlier = first.setdefault(secret.sha256, rows[index])
        if earlier is not rows[index]:
            with problems.gathered(), _at(rows[index]):
                raise InvalidInputError(f"This is the same value as in line {earlier.line}.", field="key")
    digests = list(first)
    for start in range(0, len(digests), _CHUNK):
        # A value works for one organization alone, whichever had it first.
        there = select(ApiKey).where(ApiKey.sha256.in_(digests[start : start + _CHUNK]))
        for key in tx.session.scalars(there, execution_options=OF_EVERY_ORGANIZATION):
            ours = f" as “{key.name}” (id {key.id}, {key.status})" if key.organization_id == tx.organization else ""
            with problems.gathered(), _at(first[key.sha256]):
                raise InvalidInputError(
                    f"This value is here already{ours}.", "What is here stays as it is.", field="key"
                )


def _read_row(tx: Transaction, row: HeldKey, secret: Secret | None, known: _Known) -> ImportedKey:
    """The key of a row, in no table yet. `secret` is None where that was refused: the rest is read all the same."""
    _refuse_values(row, known.digests)
    email = check_email(row.email) if row.email or not row.name else ""
    scopes = read_scopes(row.scopes, known.policy)
    pages = _read_pages(tx, row.pages)
    holder_id, why_nobody = _find_holder(tx, row, email, pages, known.people)
    wanted = check_asked(
        Asked(
            name=check_key_name(row.name) if row.name else name_after(email),
            purpose=row.purpose or _PURPOSE,
            scopes=scopes,
            pages=pages,
            lifetime_days=tx.policy.default_lifetime.days if row.lifetime_days is None else row.lifetime_days,
            holder_id=holder_id or "",
            networks=check_networks(row.networks or None),
        ),
        tx.policy,
    )
    value = secret or Secret.generate()
    key = ApiKey(
        id=new_id(),
        name=wanted.name,
        purpose=wanted.purpose,
        sha256=value.sha256,
        start=value.start,
        scopes=[str(scope) for scope in wanted.scopes],
        pages=None if wanted.pages is None else list(wanted.pages),
        networks=None if wanted.networks is None else list(wanted.networks),
        holder_id=holder_id,
        created_at=tx.now,
        created_by=str(tx.actor),
        is_imported=True,
        expires_at=read_end(tx, row.expires) or tx.now + timedelta(days=wanted.lifetime_days),
        # Whoever holds it has seen it.
        revealed_at=tx.now,
    )
    return ImportedKey(key, row.line, not row.scopes, why_nobody)


def _refuse_values(row: HeldKey, digests: Set[str]) -> None:
    """Nothing but the first column holds a value: it would be kept and shown."""
    said = {
        "email": row.email,
        "name": row.name,
        "purpose": row.purpose,
        "holder": row.holder,
        "expires": row.expires,
    }
    lists = {"scopes": row.scopes, "pages": row.pages, "from": row.networks}
    for name, text in {**said, **{name: " ".join(words) for name, words in lists.items()}}.items():
        refuse_secrets(text, field=name)
        if not digests.isdisjoint(list_digests(text)) or (len(row.key) > 1 and row.key in text):
            raise InvalidInputError("This holds the value of a key.", "It belongs into “key” alone.", field=name)


def _read_pages(tx: Transaction, words: Sequence[str]) -> tuple[str, ...] | None:
    if not words or [word.lower() for word in words] == [ALL]:
        return None
    return tuple(dict.fromkeys(get_page_by_word(tx.session, word).id for word in words))


def _find_holder(
    tx: Transaction, row: HeldKey, email: str, pages: Collection[str] | None, people: Mapping[str, str]
) -> tuple[str | None, str]:
    """Who answers for it; or nobody, and why."""
    if row.holder:
        try:
            named = get_answerer(tx.session, subject_word(row.holder))
        except InvalidInputError as error:
            raise InvalidInputError(error.sentence, error.hint, field="holder") from None
        if not may_answer(tx, named, pages):
            raise InvalidInputError(
                "That person may not hold keys for all of these pages.",
                "Name a full member of the workspace with the role `integrator` there, or nobody.",
                field="holder",
            )
        return named, ""
    found = people.get(email.lower())
    if found is None:
        return None, "nobody at Slack was found by the address" if email else "no address was given"
    if not may_answer(tx, found, pages):
        return None, "whoever has the address may hold no keys for these pages"
    return found, ""


def _keep(tx: Transaction, imported: Sequence[ImportedKey]) -> None:
    keys = [one.key for one in imported]
    tx.session.add_all(keys)
    try:
        tx.session.flush()
    except IntegrityError as error:
        raise ConflictError(
            "Somebody else imported one of these values at this moment.", "Look, and try again."
        ) from error
    keys_changed(tx, *(key.id for key in keys))
    tell_of_import(tx, keys)
    for key in keys:
        record(
            tx,
            Action.KEY_IMPORTED,
            "key",
            key.id,
            name=key.name,
            scopes=key.scopes,
            pages=key.pages,
            **facts_of_restrictions(None, key.networks),
            holder_id=key.holder_id,
            expires_at=key.expires_at.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class CheckedKey:
    """Whether an imported key was ever used."""

    key: ApiKey | None
    """None: its value is not here."""
    use: KeyUse | None
    line: int | None = None


def list_imported(tx: Transaction, rows: Sequence[HeldKey] | None = None) -> Sequence[CheckedKey]:
    """Every key that was imported, with the marks of its use; or those whose values stand in these rows. For owners
    and operators. Raises NotAllowedError."""
    require_owner(tx)
    query = select(ApiKey, Nullable(KeyUse)).outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
    if rows is None:
        found = tx.session.execute(query.where(ApiKey.is_imported.is_(True)).order_by(ApiKey.name, ApiKey.id))
        return [CheckedKey(key, use) for key, use in found]
    lines = {check_foreign_secret(row.key).sha256: row.line for row in rows}
    digests = list(lines)
    there: dict[str, tuple[ApiKey | None, KeyUse | None]] = {}
    for start in range(0, len(digests), _CHUNK):
        part = query.where(ApiKey.sha256.in_(digests[start : start + _CHUNK]))
        there.update({key.sha256: (key, use) for key, use in tx.session.execute(part)})
    return [CheckedKey(*there.get(digest, (None, None)), line=line) for digest, line in lines.items()]
