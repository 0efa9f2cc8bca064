"""Finding keys by what people call them, and listing them."""

from datetime import timedelta

import pytest

from desk.errors import InvalidInputError, NotFoundError
from desk.keys.lookup import KeyFilter, KeyView, count_keys, find_key_by_word, get_key_by_word, list_keys
from desk.secret import Secret
from desk.transaction import Actor, Desk
from storage.models import KeyStatus
from tests.clock import MONDAY_MORNING as NOW
from tests.databases import both_databases
from tests.factories import MAX, MIA, OLIVIA, add_key, add_member, add_owner, add_page, add_use

DAY = timedelta(days=1)
OWNER, HOLDER, STRANGER = Actor.member(OLIVIA), Actor.member(MIA), Actor.member(MAX)


@pytest.fixture(autouse=True)
def people(desk: Desk) -> None:
    """An owner and two members."""
    with desk.database.write() as session:
        add_owner(session, OLIVIA, NOW, name="Olivia")
        add_member(session, MIA, NOW, name="Mia")
        add_member(session, MAX, NOW, name="Max")


def found(desk: Desk, word: str, actor: Actor = OWNER) -> str | None:
    """The id of the key that a word means."""
    key = desk.read_now(actor, lambda tx: find_key_by_word(tx, word))
    return key.id if key else None


def test_words_for_a_key(desk: Desk) -> None:
    """A key is found by id, by the start of its secret, by its name in any case, and by the whole secret."""
    secret = Secret.generate()
    with desk.database.write() as session:
        key = add_key(session, NOW, name="Terraform Prod", sha256=secret.sha256, start=secret.start)
    for word in (
        key.id,
        key.id.upper(),
        key.start,
        f"{key.start}…",
        "terraform prod",
        " TERRAFORM PROD ",
        secret.reveal(),
    ):
        assert found(desk, word) == key.id, word
    assert found(desk, "Terraform\u200f Pr\u00adod") == key.id
    assert found(desk, "terraform") is None
    assert found(desk, "  ") is None


@pytest.mark.parametrize(
    "word",
    ["", " ", "\u200b", "*", Secret.generate().reveal()],
    ids=["nothing", "a blank", "a sign that nobody sees", "a mark", "a secret"],
)
def test_what_names_nothing_is_told_where_to_look(desk: Desk, word: str) -> None:
    """Nothing is guessed from a word in which nothing stands, nor from a secret."""
    with desk.database.write() as session:
        add_key(session, NOW, name="kd_terraform")
    with pytest.raises(NotFoundError) as raised:
        desk.read_now(OWNER, lambda tx: get_key_by_word(tx, word))
    assert raised.value.hint == "`/keys list all` shows every key."


@pytest.mark.parametrize("word", ["Uberwachung", "überwachng", "berwachung", "Wüberwachung"])
def test_near_names_are_offered(desk: Desk, word: str) -> None:
    """However it is mistyped: without its accents, or at its beginning too."""
    with desk.database.write() as session:
        add_key(session, NOW, name="Überwachung")
        add_key(session, NOW, name="nightly")
    with pytest.raises(NotFoundError) as refused:
        desk.read_now(OWNER, lambda tx: get_key_by_word(tx, word))
    assert refused.value.hint == "Did you mean “Überwachung”?"


@both_databases
@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("NOKEY 30 days", "`/keys list all` shows every key. "),
        ("nihtly 30d", "Did you mean “nightly”? "),
        ("nihtly next friday 18:00", "Did you mean “nightly”? "),
        ("nightly 30 days", "There is “nightly”. "),
    ],
)
def test_a_time_behind_a_name_is_told_from_it(desk: Desk, word: str, meant: str) -> None:
    """What may be meant is looked for by the name alone, and how a time is written behind it is said."""
    with desk.database.write() as session:
        add_key(session, NOW, name="nightly")
    with pytest.raises(NotFoundError) as refused:
        desk.read_now(OWNER, lambda tx: get_key_by_word(tx, word))
    hint = str(refused.value.hint)
    assert hint.startswith(f"{meant}What follows a name is written with a word before it: “for 30d”, ")


@both_databases
def test_others_find_only_their_own(desk: Desk) -> None:
    """A member finds the keys they answer for; of others' keys they do not learn that they exist."""
    with desk.database.write() as session:
        key = add_key(session, NOW, name="secret project")
    assert found(desk, "secret project", HOLDER) == key.id
    for word in ("secret project", key.id, key.start):
        with pytest.raises(NotFoundError, match="You answer for no key"):
            desk.read_now(STRANGER, lambda tx, word=word: get_key_by_word(tx, word))  # type: ignore[misc]


def test_the_key_that_works_is_meant(desk: Desk) -> None:
    """Of keys with one name the one that works is meant, then one in its grace period, then a revoked one."""
    with desk.database.write() as session:
        gone = add_key(session, NOW - 2 * DAY, status=KeyStatus.REVOKED)
        old = add_key(session, NOW - DAY, retires_at=NOW + DAY)
    assert found(desk, "terraform prod") == old.id
    with desk.database.write() as session:
        new = add_key(session, NOW, predecessor_id=old.id)
    assert found(desk, "terraform prod") == new.id
    assert found(desk, gone.id) == gone.id


def test_a_word_for_two_keys_asks_which(desk: Desk) -> None:
    """When two working keys have the name, the answer names their starts and ids."""
    with desk.database.write() as session:
        one, other = add_key(session, NOW), add_key(session, NOW)
    with pytest.raises(InvalidInputError, match="means 2 keys") as refusal:
        found(desk, "terraform prod")
    assert one.start in refusal.value.hint
    assert other.id in refusal.value.hint


def test_a_pasted_secret_is_not_repeated(desk: Desk) -> None:
    """A whole secret that belongs to no key here is answered without the secret."""
    secret = Secret.generate().reveal()
    for actor in (OWNER, HOLDER):
        with pytest.raises(NotFoundError) as refusal:
            desk.read_now(actor, lambda tx: get_key_by_word(tx, secret))
        assert secret[:12] not in str(refusal.value)
        assert secret[:7] in str(refusal.value)


@both_databases
def test_views(desk: Desk) -> None:
    """Each view lists exactly the keys that it names; a void key is in none."""
    with desk.database.write() as session:
        rows = {
            "fresh": add_key(session, NOW, name="fresh"),
            "busy": add_key(session, NOW - 60 * DAY, name="busy"),
            "idle": add_key(session, NOW - 60 * DAY, name="idle"),
            "never": add_key(session, NOW - 60 * DAY, name="never"),
            "soon": add_key(session, NOW - DAY / 2, name="soon", expires_at=NOW + DAY),
            "over": add_key(session, NOW, name="over", expires_at=NOW - DAY),
            "paused": add_key(session, NOW, name="paused", status=KeyStatus.SUSPENDED),
            "revoked": add_key(session, NOW, name="revoked", status=KeyStatus.REVOKED),
            "retiring": add_key(session, NOW - 60 * DAY, name="retiring", retires_at=NOW + DAY),
            "retired": add_key(session, NOW, name="retired", retires_at=NOW - DAY),
        }
        add_key(session, NOW, name="void", status=KeyStatus.REVOKED, voided_at=NOW)
        add_use(session, rows["busy"], last_used_at=NOW - DAY)
        add_use(session, rows["idle"], last_used_at=NOW - 31 * DAY)

    def names(view: KeyView) -> set[str]:
        listed = desk.read_now(OWNER, lambda tx: list_keys(tx, KeyFilter(view=view)))
        assert desk.read_now(OWNER, lambda tx: count_keys(tx, KeyFilter(view=view))) == len(listed)
        return {one.key.name for one in listed}

    working = {"fresh", "busy", "idle", "never", "soon", "retiring"}
    assert names(KeyView.ACTIVE) == working
    assert names(KeyView.LIVE) == working | {"over", "paused"}
    assert names(KeyView.ALL) == set(rows)
    assert names(KeyView.UNUSED) == {"idle", "never"}
    assert names(KeyView.EXPIRING) == {"soon"}
    assert names(KeyView.EXPIRED) == {"over"}
    assert names(KeyView.SUSPENDED) == {"paused"}
    assert names(KeyView.REVOKED) == {"revoked", "retired"}


@both_databases
def test_narrowing(desk: Desk) -> None:
    """Lists narrow to a page, a holder and a text, in which % and _ mean themselves."""
    with desk.database.write() as session:
        page, other = add_page(session, NOW).id, add_page(session, NOW, name="Beta", subdomain="beta").id
        add_key(session, NOW, name="everywhere")
        add_key(session, NOW, name="acme 100%", pages=[page], holder_id=MAX)
        add_key(session, NOW, name="beta", pages=[other], purpose="syncs Acme")

    def names(wanted: KeyFilter) -> list[str]:
        return [one.key.name for one in desk.read_now(OWNER, lambda tx: list_keys(tx, wanted))]

    assert names(KeyFilter(page_id=page)) == ["acme 100%", "everywhere"]
    assert names(KeyFilter(holder_id=MAX)) == ["acme 100%"]
    assert names(KeyFilter(text="ACME")) == ["acme 100%", "beta"]
    assert names(KeyFilter(text="0%")) == ["acme 100%"]
    assert names(KeyFilter(text="_")) == []


def test_pages_of_a_long_list(desk: Desk) -> None:
    """A long list is cut into pages without holes or doubles, with the marks of use beside each key."""
    with desk.database.write() as session:
        for number in range(25):
            key = add_key(session, NOW, name=f"key {number:02}")
            if number == 11:
                add_use(session, key, reads=7)
    pages = [desk.read_now(OWNER, lambda tx, at=at: list_keys(tx, offset=at, limit=10)) for at in (0, 10, 20)]  # type: ignore[misc]
    assert [one.key.name for page in pages for one in page] == [f"key {number:02}" for number in range(25)]
    used = pages[1][1].use
    assert used is not None
    assert used.reads == 7
    assert pages[1][2].use is None
