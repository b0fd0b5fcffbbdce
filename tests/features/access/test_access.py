"""Tenants, API keys, and who is asking."""

import asyncio
import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wagate.adapters.clock import ManualClock
from wagate.domain.errors import ApiKeyNotFound, Forbidden, InvalidCursor, InvalidRequest, Unauthenticated
from wagate.domain.ids import TenantId, tenant_id
from wagate.domain.page import Order
from wagate.features.access import EVERY_SCOPE, Access, IssuedKey, Principal, Scope
from wagate.features.access.keys import checksum, issue, read_id
from wagate.store.database import Database
from wagate.store.script import Script, sql

NOW = 1_800_000_000_000


@pytest.fixture
async def access(database: Database, clock: ManualClock) -> Access:
    return Access(database, clock)


@pytest.fixture
async def admin_key(access: Access) -> IssuedKey:
    key = await access.bootstrap()
    assert key is not None
    return key


@pytest.fixture
async def admin(access: Access, admin_key: IssuedKey) -> Principal:
    return await access.authenticate(admin_key.secret)


@pytest.fixture
async def stranger(database: Database) -> Principal:
    """A principal of another tenant."""

    def add() -> Script[None]:
        yield sql("INSERT INTO tenant (id, name, created_at) VALUES (:id, 'other', 0)")(id=other)

    other = tenant_id(NOW)
    await database.write(add())
    return Principal(TenantId(other), EVERY_SCOPE)


# ---- the form of a key


def test_a_key_can_be_recognised_by_its_form() -> None:
    key_id, raw = issue(NOW)
    assert re.fullmatch(r"wag_live_[0-9A-Z]{26}_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}", raw)
    assert read_id(raw) == key_id
    assert key_id.startswith("key_")


@given(st.randoms(use_true_random=False))
def test_no_mistyped_character_passes_the_checksum(dice: random.Random) -> None:
    _, raw = issue(NOW)
    place = dice.randrange(len(raw))
    wrong = dice.choice([character for character in string.printable if character != raw[place]])
    assert read_id(raw[:place] + wrong + raw[place + 1 :]) is None


@given(st.text(max_size=120))
def test_no_text_is_taken_for_a_key(text: str) -> None:
    assert read_id(text) is None


def test_only_the_exact_key_is_well_formed() -> None:
    _, raw = issue(NOW)
    for wrong in (raw.lower(), raw.upper(), f" {raw}", f"{raw}\n", f"{raw}\0", raw[:-1], raw + "0"):
        assert read_id(wrong) is None


# ---- the first start


async def test_the_first_start_makes_one_key_that_may_do_everything(access: Access) -> None:
    first, *rest = await asyncio.gather(*(access.bootstrap() for _ in range(5)))
    made = [key for key in (first, *rest) if key is not None]
    assert len(made) == 1
    principal = await access.authenticate(made[0].secret)
    assert principal.scopes == EVERY_SCOPE
    assert principal.key == made[0].key.id
    assert (await access.operator()).tenant == principal.tenant


async def test_before_the_first_start_nobody_is_the_operator(access: Access) -> None:
    with pytest.raises(Unauthenticated):
        await access.operator()


async def test_a_secret_is_neither_stored_nor_printed(access: Access, admin_key: IssuedKey, database: Database) -> None:
    def everything() -> Script[str]:
        [row] = yield sql("SELECT * FROM api_key")()
        columns = ("id", "tenant_id", "name", "hash", "scopes")
        return repr([row[column] for column in columns])

    stored = await database.read(everything())
    secret_part = admin_key.secret.removeprefix("wag_live_")[27:]
    assert admin_key.key.id in stored
    assert secret_part not in stored
    assert secret_part not in repr(admin_key)


# ---- who is asking


@pytest.mark.parametrize("raw", ["", "wag_live_", "x" * 1000, "wag_live_é", "\ud800", "Bearer x"])
async def test_nonsense_opens_nothing(access: Access, admin: Principal, raw: str) -> None:
    with pytest.raises(Unauthenticated):
        await access.authenticate(raw)


async def test_a_well_formed_key_that_was_never_issued_opens_nothing(access: Access, admin_key: IssuedKey) -> None:
    _, invented = issue(NOW)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await access.authenticate(invented)


async def test_another_secret_under_a_known_id_opens_nothing(access: Access, admin_key: IssuedKey) -> None:
    body = admin_key.secret[:36] + "A" * 43
    forged = body + checksum(body)
    assert read_id(forged) == admin_key.key.id
    with pytest.raises(Unauthenticated):
        await access.authenticate(forged)


async def test_an_answer_is_remembered_for_a_second(
    access: Access, admin_key: IssuedKey, database: Database, clock: ManualClock
) -> None:
    """What another process revokes ends here a second later; until then the database is not asked."""
    await access.authenticate(admin_key.secret)

    def revoke() -> Script[None]:
        yield sql("UPDATE api_key SET revoked_at = 1")()

    await database.write(revoke())
    await access.authenticate(admin_key.secret)
    clock.turn(1.0)
    with pytest.raises(Unauthenticated):
        await access.authenticate(admin_key.secret)


async def test_a_key_made_by_another_process_opens_at_once_even_after_a_refusal(
    access: Access, admin: Principal, database: Database, clock: ManualClock
) -> None:
    other_process = Access(database, clock)
    made = await other_process.create_key(admin, name="later", scopes=[Scope.EVENTS_READ])
    assert (await access.authenticate(made.secret)).scopes == {Scope.EVENTS_READ}


async def test_guessing_does_not_fill_the_memory(access: Access, admin_key: IssuedKey) -> None:
    for _ in range(5000):
        with pytest.raises(Unauthenticated):
            await access.authenticate(issue(NOW)[1])
    assert access.remembered <= 4096
    await access.authenticate(admin_key.secret)


async def test_a_key_ends_at_its_hour(access: Access, admin: Principal, clock: ManualClock) -> None:
    made = await access.create_key(admin, name="short", scopes=[Scope.EVENTS_READ], expires_at=clock.now_ms() + 500)
    await access.authenticate(made.secret)
    clock.turn(0.5)
    with pytest.raises(Unauthenticated):
        await access.authenticate(made.secret)


async def test_the_last_use_is_noted_once_a_minute(access: Access, admin_key: IssuedKey, clock: ManualClock) -> None:
    principal = await access.authenticate(admin_key.secret)
    noted = []
    for _ in range(3):
        clock.turn(40)
        await access.authenticate(admin_key.secret)
        # Another write waits behind the note, which nobody waits for.
        await access.create_key(principal, name="x", scopes=[Scope.EVENTS_READ])
        noted.append((await access.get_key(principal, admin_key.key.id)).last_used_at)
    begun = admin_key.key.created_at
    assert noted == [begun, begun + 80_000, begun + 80_000]


# ---- making, listing, ending


async def test_a_key_allows_what_it_was_made_for(access: Access, admin: Principal) -> None:
    made = await access.create_key(admin, name=" shop ", scopes=[Scope.MESSAGES_SEND])
    assert made.key.name == "shop"
    assert await access.get_key(admin, made.key.id) == made.key
    principal = await access.authenticate(made.secret)
    principal.require(Scope.MESSAGES_SEND)
    with pytest.raises(Forbidden, match="keys:manage"):
        principal.require(Scope.KEYS_MANAGE)


async def test_nobody_gives_away_what_they_lack(access: Access, admin: Principal) -> None:
    made = await access.create_key(admin, name="keys only", scopes=[Scope.KEYS_MANAGE])
    with pytest.raises(Forbidden, match="messages:send"):
        await access.create_key(
            await access.authenticate(made.secret), name="more", scopes=[Scope.KEYS_MANAGE, Scope.MESSAGES_SEND]
        )


@pytest.mark.parametrize(
    ("name", "scopes", "expires_in", "pointer"),
    [
        ("", [Scope.EVENTS_READ], None, "/name"),
        ("  ", [Scope.EVENTS_READ], None, "/name"),
        ("x" * 101, [Scope.EVENTS_READ], None, "/name"),
        ("x", [], None, "/scopes"),
        ("x", [Scope.EVENTS_READ], 0, "/expires_at"),
    ],
)
async def test_a_key_needs_a_name_a_scope_and_a_future(
    access: Access,
    admin: Principal,
    clock: ManualClock,
    name: str,
    scopes: list[Scope],
    expires_in: int | None,
    pointer: str,
) -> None:
    expires_at = None if expires_in is None else clock.now_ms() + expires_in
    with pytest.raises(InvalidRequest) as refused:
        await access.create_key(admin, name=name, scopes=scopes, expires_at=expires_at)
    assert refused.value.pointer == pointer


async def test_a_revoked_key_ends_at_once_and_for_good(access: Access, admin: Principal, clock: ManualClock) -> None:
    told: list[str] = []
    access.on_revoked(told.append)
    made = await access.create_key(admin, name="x", scopes=[Scope.EVENTS_READ])
    await access.authenticate(made.secret)
    revoked = await access.revoke_key(admin, made.key.id)
    assert revoked.revoked_at == clock.now_ms()
    assert told == [made.key.id]
    with pytest.raises(Unauthenticated):
        await access.authenticate(made.secret)
    clock.turn(60)
    assert (await access.revoke_key(admin, made.key.id)).revoked_at == revoked.revoked_at


async def test_another_tenants_keys_do_not_exist(access: Access, admin: Principal, stranger: Principal) -> None:
    assert admin.key is not None
    for verb in (access.get_key, access.revoke_key):
        with pytest.raises(ApiKeyNotFound):
            await verb(stranger, admin.key)
    assert (await access.list_keys(stranger)).items == ()
    assert (await access.get_key(admin, admin.key)).revoked_at is None


@pytest.mark.parametrize("order", list(Order))
async def test_keys_are_listed_page_by_page(access: Access, admin: Principal, clock: ManualClock, order: Order) -> None:
    assert admin.key is not None
    made = [admin.key]
    for number in range(6):
        clock.turn(0.001)
        made.append((await access.create_key(admin, name=f"{number}", scopes=[Scope.EVENTS_READ])).key.id)
    listed: list[str] = []
    cursor = None
    while True:
        page = await access.list_keys(admin, limit=3, cursor=cursor, order=order)
        listed += [key.id for key in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert listed == (made if order is Order.ASC else made[::-1])
    with pytest.raises(InvalidCursor):
        await access.list_keys(admin, cursor="x")
