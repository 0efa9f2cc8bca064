"""API keys: found by what a person calls them, listed, and their use counted by the day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Nullable,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from desk.commands import slash
from desk.errors import InvalidInputError, NotFoundError
from desk.keys.meant import meant_instead
from desk.keys.rules import KeyState, is_retiring, person_of, state_of
from desk.keys.visible import is_for, visible_to_actor
from desk.permissions import ask_an_owner, roles_of_actor
from desk.secret import sha256
from desk.texts import clean_text
from desk.transaction import Transaction
from storage.folding import folded, holds, in_order, is_called
from storage.models import ApiKey, KeyStatus, KeyUse, KeyUseDay

SPARKLINE_DAYS = 30
_LONGEST_ECHO = 80


class KeyView(StrEnum):
    """Which keys a list shows. `LIVE` is everything but the revoked, `ALL` is everything."""

    LIVE = "live"
    ALL = "all"
    ACTIVE = "active"
    UNUSED = "unused"
    EXPIRING = "expiring"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFilter:
    """What a list of keys is narrowed to. `text` is looked for in name, purpose and the start of the secret."""

    view: KeyView = KeyView.LIVE
    holder_id: str | None = None
    page_id: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ListedKey:
    """A key with the marks of its use; `use` is None when nothing ever called with it."""

    key: ApiKey
    use: KeyUse | None


def get_key(tx: Transaction, key_id: str, *, lock: bool = False) -> ApiKey:
    """The key with that id. With `lock` nobody else changes it before this transaction ends.

    Raises NotFoundError.
    """
    key = tx.session.get(ApiKey, key_id, with_for_update=True if lock else None, populate_existing=lock)
    if key is None:
        raise NotFoundError("There is no such key.", f"`{slash('keys list')}` shows the keys that you may see.")
    return key


_MARKS_AROUND = "`*_~.,;:!? "
"""Of Slack's formatting and of sentences: what people put around a name."""


def find_key_by_word(tx: Transaction, word: str) -> ApiKey | None:
    """The key that the actor means by its id, the start of its secret, or its name in any case; None without one.

    Owners find every key, others the keys they answer for. Of several keys of one name, those that work are meant
    rather than rotated ones in their grace period, and these rather than revoked ones. Raises InvalidInputError
    when the word still means several keys.
    """
    wanted = clean_text(word)
    return _find(tx, wanted) or _find(tx, wanted.strip(_MARKS_AROUND))


def _find(tx: Transaction, wanted: str) -> ApiKey | None:
    if not wanted:
        return None
    # Who pastes a whole secret asks which key it is; it is looked up by its digest and never repeated.
    same_identity = or_(ApiKey.id == wanted.lower(), ApiKey.sha256 == sha256(wanted))
    same_word = or_(is_called(ApiKey.name, wanted), ApiKey.start == wanted.removesuffix("…"))
    for condition in (same_identity, same_word):
        query = select(ApiKey).where(condition, *visible_to_actor(tx)).order_by(ApiKey.created_at.desc())
        found = tx.session.scalars(query).all()
        if found:
            return _the_one(tx, found, wanted)
    return None


def _the_one(tx: Transaction, found: Sequence[ApiKey], word: str) -> ApiKey:
    live = [key for key in found if state_of(key, tx.now) is not KeyState.REVOKED]
    meant = [key for key in live if not is_retiring(key, tx.now)] or live
    if len(meant) > 1:
        starts = ", ".join(f"`{key.start}` (id `{key.id}`)" for key in meant[:5])
        raise InvalidInputError(
            f"“{echo(word)}” means {len(meant)} keys.", f"Say which by its start or id: {starts}."
        )
    return meant[0] if meant else found[0]


def get_key_by_word(tx: Transaction, word: str) -> ApiKey:
    """As `find_key_by_word`. Raises NotFoundError, saying where to look, without one that the actor may see."""
    key = find_key_by_word(tx, word)
    if key is not None:
        return key
    if roles_of_actor(tx).is_owner:
        missing, list_them = f"There is no key “{echo(word)}”.", f"`{slash('keys list all')}` shows every key."
    else:
        missing = f"You answer for no key “{echo(word)}”."
        list_them = f"`{slash('keys mine')}` shows yours; only owners see the others. {ask_an_owner(tx)}"
    raise NotFoundError(missing, meant_instead(tx, word, list_them))


def echo(word: str) -> str:
    """A word as it may be repeated: of something that could be a secret, its start alone."""
    word = word.strip()
    if len(word) > 24 and " " not in word:
        return f"{word[:7]}…"
    return word if len(word) <= _LONGEST_ECHO else f"{word[:_LONGEST_ECHO]}…"


def list_keys(
    tx: Transaction, wanted: KeyFilter | None = None, *, offset: int = 0, limit: int | None = None
) -> Sequence[ListedKey]:
    """Keys by name, with the marks of their use, of those that the actor may see."""
    wanted = wanted or KeyFilter()
    shape, given, narrower = _asked(tx, wanted)
    query = _listing(shape, limited=limit is not None)
    narrowed = query.where(*narrower) if narrower else query
    rows = tx.session.execute(narrowed, {**given, "skipped": offset, "most": limit})
    return [ListedKey(key, use) for key, use in rows]


def count_keys(tx: Transaction, wanted: KeyFilter | None = None, *, most: int | None = None) -> int:
    """How many keys `list_keys` gives without a limit; counted no further than to `most`."""
    shape, given, narrower = _asked(tx, wanted or KeyFilter())
    count = _counting(shape, limited=most is not None) if not narrower else _count(_ids(shape).where(*narrower), most)
    return int(tx.session.scalar(count, {**given, "most": most}) or 0)


def find_use(tx: Transaction, key_id: str) -> KeyUse | None:
    """When, from where and how a key was used; None when nothing ever called with it."""
    return tx.session.get(KeyUse, key_id)


_Shape = tuple[KeyView, bool]
"""What most lists differ in: the view, and whether it is of one person."""


def _asked(tx: Transaction, wanted: KeyFilter) -> tuple[_Shape, Mapping[str, Any], Sequence[ColumnElement[bool]]]:
    """The shape of a list, what stands in it, and conditions of this list alone."""
    person, narrower = person_of(tx), []
    if person.means is not None or person.is_owner or wanted.holder_id != person.user_id or not person.is_member:
        narrower += visible_to_actor(tx)
    if wanted.page_id is not None:
        narrower.append(or_(ApiKey.pages.is_(None), is_for(wanted.page_id)))
    if wanted.text:
        text = wanted.text
        begins = ApiKey.start.startswith(text.removesuffix("…"), autoescape=True)
        narrower.append(or_(holds(ApiKey.name, text), holds(ApiKey.purpose, text), begins))
    given = {
        "now": tx.now,
        "holder": wanted.holder_id,
        "expiring_by": tx.now + tx.policy.expiring_within,
        "unused_since": tx.now - tx.policy.unused_after,
        "never_used_since": tx.now - tx.policy.never_used_after,
    }
    return (wanted.view, wanted.holder_id is not None), given, narrower


# Made once: to make one takes longer than to carry it out.
@cache
def _listing(shape: _Shape, *, limited: bool) -> Select[ApiKey, KeyUse | None]:
    view, of_holder = shape
    # The keys of one person are found by who answers for them, then sorted: SQLite would go along all names instead.
    name = folded(ApiKey.name) if of_holder else in_order(ApiKey.name)
    query = (
        select(ApiKey, Nullable(KeyUse))
        .where(*_conditions(view, of_holder=of_holder))
        .outerjoin(KeyUse, KeyUse.key_id == ApiKey.id)
        .order_by(name, ApiKey.created_at, ApiKey.id)
        .offset(bindparam("skipped", type_=Integer))
    )
    return query.limit(bindparam("most", type_=Integer)) if limited else query


@cache
def _ids(shape: _Shape) -> Select[str]:
    view, of_holder = shape
    return select(ApiKey.id).where(*_conditions(view, of_holder=of_holder))


@cache
def _counting(shape: _Shape, *, limited: bool) -> Select[int]:
    return _count(_ids(shape), bindparam("most", type_=Integer) if limited else None)


def _count(found: Select[str], most: int | BindParameter[int] | None) -> Select[int]:
    return select(func.count()).select_from(found.limit(most).subquery())


def _conditions(view: KeyView, *, of_holder: bool) -> list[ColumnElement[bool]]:
    own = [ApiKey.holder_id == bindparam("holder")] if of_holder else []
    return [ApiKey.voided_at.is_(None), *_view_conditions(view), *own]


_NOW: BindParameter[datetime] = bindparam("now", type_=ApiKey.created_at.type)


def _view_conditions(view: KeyView) -> list[ColumnElement[bool]]:
    gone = or_(ApiKey.status == KeyStatus.REVOKED, and_(ApiKey.retires_at.is_not(None), ApiKey.retires_at <= _NOW))
    live, unexpired = ~gone, ApiKey.expires_at > _NOW
    working = [live, unexpired, ApiKey.status == KeyStatus.ACTIVE]
    match view:
        case KeyView.LIVE:
            return [live]
        case KeyView.ALL:
            return []
        case KeyView.ACTIVE:
            return working
        case KeyView.UNUSED:
            return [*working, ApiKey.retires_at.is_(None), _unused()]
        case KeyView.EXPIRING:
            return [*working, ApiKey.expires_at <= bindparam("expiring_by")]
        case KeyView.SUSPENDED:
            return [live, unexpired, ApiKey.status == KeyStatus.SUSPENDED]
        case KeyView.EXPIRED:
            return [live, ~unexpired]
        case KeyView.REVOKED:
            return [gone]


def _unused() -> ColumnElement[bool]:
    # Asked of each key in turn, so that a list that is cut off reads the uses before the cut alone: PostgreSQL would
    # read all of them to join them.
    use = aliased(KeyUse)
    used_at = select(use.last_used_at).where(use.key_id == ApiKey.id).scalar_subquery()
    never = and_(used_at.is_(None), ApiKey.created_at <= bindparam("never_used_since"))
    return or_(never, used_at <= bindparam("unused_since"))


def daily_counts(session: Session, key_ids: Sequence[str], *, today: date) -> dict[str, tuple[int, ...]]:
    """Uses a day (UTC) over the last 30 days, the newest last, for each of a few keys."""
    first = today - timedelta(days=SPARKLINE_DAYS - 1)
    counts = {key_id: [0] * SPARKLINE_DAYS for key_id in key_ids}
    rows = session.execute(
        select(KeyUseDay.key_id, KeyUseDay.day, KeyUseDay.reads + KeyUseDay.writes + KeyUseDay.failed).where(
            KeyUseDay.key_id.in_(key_ids), KeyUseDay.day >= first, KeyUseDay.day <= today
        )
    )
    for key_id, day, calls in rows:
        counts[key_id][(day - first).days] = calls
    return {key_id: tuple(daily) for key_id, daily in counts.items()}
