"""Signing in: names of every kind, wrong passwords, the brake, sessions that end."""

import asyncio
from datetime import timedelta

import pytest

from benfex.core.actors import StaffActor, SubscriberActor, SystemActor
from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.customers.registration import register_customer
from benfex.identity.login import SignIn, TooManyAttempts, WrongCredentials, actor_of_session
from benfex.identity.passwords import PasswordKeeper, hash_password
from benfex.identity.staff import create_staff, create_subscriber_login, set_up_isp
from benfex.identity.tokens import actor_of_access_token, issue_token, refresh_token
from data.values.identifiers import UserId, hash_token, parse_phone
from data.values.roles import Role

DOOR = SystemActor("tests")
PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)


@pytest.fixture
def passwords() -> PasswordKeeper:
    return PasswordKeeper()


@pytest.fixture
async def sign_in(transactor: Transactor, passwords: PasswordKeeper) -> SignIn:
    await transactor.transact(
        set_up_isp,
        DOOR,
        isp_name="Savanna",
        currency="KES",
        timezone="Africa/Nairobi",
        owner_name="Brian Kiptoo",
        owner_email="owner@savanna.example",
        password_hash=HASH,
    )
    return SignIn(transactor, passwords)


async def enter(sign_in: SignIn, name: str, password: str = PASSWORD) -> str:
    return (await sign_in.sign_in(name=name, password=password, address="10.0.0.1")).token


async def test_staff_sign_in_by_email_in_any_case(sign_in: SignIn, transactor: Transactor) -> None:
    token = await enter(sign_in, "  OWNER@savanna.example ")
    actor = await transactor.read(actor_of_session, DOOR, token_hash=hash_token(token))
    assert isinstance(actor, StaffActor)
    assert actor.role is Role.OWNER


async def test_a_subscriber_signs_in_by_account_number_or_phone(
    sign_in: SignIn, transactor: Transactor
) -> None:
    customer_id = await transactor.transact(
        register_customer, DOOR, name="Amina Wanjiru", phone=parse_phone("0712 345 678")
    )
    await transactor.transact(create_subscriber_login, DOOR, customer_id=customer_id, password_hash=HASH)
    for name in ("BFX010019", "bfx 010019", "0712345678", "+254712345678"):
        token = await enter(sign_in, name)
        actor = await transactor.read(actor_of_session, DOOR, token_hash=hash_token(token))
        assert isinstance(actor, SubscriberActor)
        assert actor.customer_id == customer_id


@pytest.mark.parametrize(
    "name", ["owner@savanna.example", "nobody@savanna.example", "", "00123", "' OR 1=1 --"]
)
async def test_wrong_passwords_and_unknown_names_get_the_same_answer(sign_in: SignIn, name: str) -> None:
    with pytest.raises(WrongCredentials, match="do not belong together"):
        await enter(sign_in, name, "wrong password")


async def test_guessing_is_stopped_and_allowed_again_later(sign_in: SignIn, clock: MovedClock) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            await enter(sign_in, "owner@savanna.example", "wrong password")
    with pytest.raises(TooManyAttempts) as stopped:
        await enter(sign_in, "owner@savanna.example")
    clock.advance(timedelta(seconds=stopped.value.retry_after_seconds + 1))
    assert await enter(sign_in, "owner@savanna.example")


async def test_guesses_that_come_all_at_once_are_stopped_as_well(sign_in: SignIn) -> None:
    guesses = (enter(sign_in, "owner@savanna.example", f"guess {number}") for number in range(30))
    answers = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(answer, WrongCredentials) for answer in answers) == 5
    assert sum(isinstance(answer, TooManyAttempts) for answer in answers) == 25


async def test_the_right_password_at_the_last_try_is_let_in_and_begins_anew(sign_in: SignIn) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongCredentials):
                await enter(sign_in, "owner@savanna.example", "wrong password")
        assert await enter(sign_in, "owner@savanna.example")


async def test_a_household_that_mistypes_does_not_lock_out_its_neighbours_behind_one_address(
    sign_in: SignIn,
) -> None:
    for number in range(12):
        with pytest.raises(WrongCredentials):
            await enter(sign_in, f"nobody{number}@savanna.example", "wrong password")
    assert await enter(sign_in, "owner@savanna.example")
    for number in range(18):
        with pytest.raises(WrongCredentials):
            await enter(sign_in, f"guess{number}@savanna.example", "wrong password")
    with pytest.raises(TooManyAttempts):
        await enter(sign_in, "owner@savanna.example")


async def test_a_session_ends_by_itself(sign_in: SignIn, transactor: Transactor, clock: MovedClock) -> None:
    token = await enter(sign_in, "owner@savanna.example")
    clock.advance(timedelta(hours=13))
    assert await transactor.read(actor_of_session, DOOR, token_hash=hash_token(token)) is None


async def test_signing_out_ends_the_session(sign_in: SignIn, transactor: Transactor) -> None:
    token = await enter(sign_in, "owner@savanna.example")
    await sign_in.sign_out(token)
    assert await transactor.read(actor_of_session, DOOR, token_hash=hash_token(token)) is None


async def test_each_sign_in_has_a_token_of_its_own(sign_in: SignIn) -> None:
    assert await enter(sign_in, "owner@savanna.example") != await enter(sign_in, "owner@savanna.example")


async def test_a_new_password_ends_all_sessions(sign_in: SignIn, transactor: Transactor) -> None:
    customer_id = await transactor.transact(
        register_customer, DOOR, name="Amina Wanjiru", phone=parse_phone("0712 345 678")
    )
    await transactor.transact(create_subscriber_login, DOOR, customer_id=customer_id, password_hash=HASH)
    token = await enter(sign_in, "0712345678")
    await transactor.transact(create_subscriber_login, DOOR, customer_id=customer_id, password_hash=HASH)
    assert await transactor.read(actor_of_session, DOOR, token_hash=hash_token(token)) is None


async def test_an_api_token_works_for_an_hour_and_is_renewed_once(
    sign_in: SignIn, transactor: Transactor, clock: MovedClock
) -> None:
    user_id = await transactor.transact(
        create_staff,
        DOOR,
        name="Esther Muthoni",
        email="admin@savanna.example",
        role=Role.ADMIN,
        password_hash=HASH,
    )
    issued = await transactor.transact(issue_token, DOOR, user_id=UserId(user_id))
    actor = await transactor.read(actor_of_access_token, DOOR, access=issued.access_token)
    assert isinstance(actor, StaffActor)
    clock.advance(timedelta(hours=1, seconds=1))
    assert await transactor.read(actor_of_access_token, DOOR, access=issued.access_token) is None
    assert await transactor.transact(refresh_token, DOOR, refresh=issued.refresh_token)
    with pytest.raises(WrongCredentials):
        await transactor.transact(refresh_token, DOOR, refresh=issued.refresh_token)
