"""Lines are created, changed and asked for, and each has at most one open task."""

import asyncio

import pytest

from benfex.core.actors import SubscriberActor
from benfex.core.transactor import Transactor
from benfex.network.connections import (
    SECRET_CONTEXT,
    ConnectionSpec,
    change_secret,
    create_connection,
    request_sync,
)
from benfex.network.tasks import claim_tasks, finish_tasks, note_refusals, put_back_tasks
from benfex.network.wanted import wanted_access
from data.queries.routers import access_facts
from data.values.errors import AlreadyExists, InvalidInput, NotPermitted
from data.values.identifiers import ConnectionId, CustomerId, UserId
from data.values.kinds import AccessMethod
from data.values.states import TaskStatus
from tests.acts.network.rows import (
    FIRST,
    SYSTEM,
    VAULT,
    connect,
    line_state,
    new_router,
    sell_plan,
    subscribe,
    task_states,
)
from tests.conftest import Run


def test_a_new_line_asks_the_router_to_follow_and_seals_its_secret(run: Run) -> None:
    router_id, price = run(new_router), run(sell_plan)
    connection_id = run(connect, router_id=router_id, plan_price_id=price, username="00123")
    task = run.read(task_states, connection_id=connection_id)[-1]
    assert (task.status, task.generation, task.is_urgent) == (TaskStatus.PENDING, 1, False)
    assert run.read(line_state, connection_id=connection_id).desired == 1
    (wanted,) = run.read(wanted_access, router_id=router_id, vault=VAULT)
    assert wanted.entry is not None
    assert (wanted.entry.username, wanted.entry.password) == ("00123", "secret-of-00123")
    (facts,) = run.read(lambda snapshot: access_facts(snapshot.session, router_id=router_id))
    sealed = facts.secret_sealed
    assert "secret-of" not in sealed
    assert VAULT.open(sealed, context=SECRET_CONTEXT) == "secret-of-00123"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("username", {"username": ""}),
        ("username", {"username": "two words"}),
        ("username", {"username": "x" * 65}),
        ("username", {"username": "bell\x07"}),
        ("secret", {"secret": ""}),
        ("static_ip", {"static_ip": "10.0.0.300"}),
        ("static_ip", {"static_ip": "127.0.0.1"}),
        ("mac", {"mac": "not a mac"}),
        ("router_id", {"router_id": 999}),
    ],
)
@pytest.mark.sqlite_only
def test_a_line_that_cannot_be_is_refused_by_field(
    run: Run, field: str, changes: dict[str, str | int]
) -> None:
    router_id, price = run(new_router), run(sell_plan)
    given = {"router_id": router_id, "username": "amina", "secret": "s3cret"} | changes
    spec = ConnectionSpec(**given)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput) as refusal:
        run(create_connection, subscription_id=run(subscribe, plan_price_id=price), spec=spec, vault=VAULT)
    assert refusal.value.field == field


def test_a_user_name_is_taken_once_per_router(run: Run) -> None:
    here, there, price = run(new_router), run(new_router, name="naivasha-pop"), run(sell_plan)
    run(connect, router_id=here, plan_price_id=price, username="amina", number=1)
    with pytest.raises(AlreadyExists) as refusal:
        run(connect, router_id=here, plan_price_id=price, username="amina", number=2)
    assert refusal.value.field == "username"
    run(connect, router_id=there, plan_price_id=price, username="amina", number=3)


def test_an_address_is_given_once_per_router(run: Run) -> None:
    router_id, price = run(new_router), run(sell_plan)
    run(connect, router_id=router_id, plan_price_id=price, username="a", number=1, static_ip="10.0.0.9")
    with pytest.raises(AlreadyExists) as refusal:
        run(connect, router_id=router_id, plan_price_id=price, username="b", number=2, static_ip="10.0.0.9")
    assert refusal.value.field == "static_ip"


def test_a_task_that_waits_is_renewed_and_never_doubled(run: Run) -> None:
    connection_id = _line(run)
    run(request_sync, connection_id=connection_id)
    run(request_sync, connection_id=connection_id, urgent=True)
    run(request_sync, connection_id=connection_id)
    (task,) = run.read(task_states, connection_id=connection_id)
    assert (task.generation, task.is_urgent, task.status) == (4, True, TaskStatus.PENDING)


def test_a_wish_during_the_work_is_followed_up(run: Run) -> None:
    connection_id = _line(run)
    (claimed,) = run(claim_tasks, router_id=FIRST)
    run(request_sync, connection_id=connection_id, urgent=True)
    (task,) = run.read(task_states, connection_id=connection_id)
    assert (task.status, task.generation) == (TaskStatus.RUNNING, 1)
    assert run(finish_tasks, task_ids=[claimed.task_id]) == 0
    (task,) = run.read(task_states, connection_id=connection_id)
    assert (task.status, task.generation, task.is_urgent) == (TaskStatus.PENDING, 2, True)


def test_a_refused_task_waits_longer_and_is_given_up_after_24_tries(run: Run) -> None:
    connection_id = _line(run)
    for attempt in range(1, 25):
        (claimed,) = run(claim_tasks, router_id=FIRST)
        gave_up = run(note_refusals, refusals={claimed.task_id: "no such profile"}, retry_seconds=(0,))
        assert gave_up == (attempt == 24)
    (task,) = run.read(task_states, connection_id=connection_id)
    assert (task.status, task.attempts, task.last_error) == (TaskStatus.FAILED, 24, "no such profile")
    run(request_sync, connection_id=connection_id)
    assert [task.status for task in run.read(task_states, connection_id=connection_id)] == [
        TaskStatus.FAILED,
        TaskStatus.PENDING,
    ]


def test_a_lost_router_costs_no_try_and_the_next_one_ends_sessions(run: Run) -> None:
    connection_id = _line(run)
    (claimed,) = run(claim_tasks, router_id=FIRST)
    run(put_back_tasks, task_ids=[claimed.task_id], reason="no answer")
    (task,) = run.read(task_states, connection_id=connection_id)
    assert (task.status, task.attempts, task.last_error) == (TaskStatus.PENDING, 0, "no answer")
    (again,) = run(claim_tasks, router_id=FIRST)
    assert again.drops_session


def test_urgent_tasks_are_claimed_before_all_others(run: Run) -> None:
    router_id, price = run(new_router), run(sell_plan)
    lines = [
        run(connect, router_id=router_id, plan_price_id=price, username=f"home{number}", number=number)
        for number in (1, 2, 3)
    ]
    run(request_sync, connection_id=lines[2], urgent=True)
    assert [task.connection_id for task in run(claim_tasks, router_id=router_id)] == [lines[2]]
    assert [task.connection_id for task in run(claim_tasks, router_id=router_id)] == lines[:2]


def test_another_secret_is_another_wish(run: Run) -> None:
    connection_id = _line(run)
    run(change_secret, connection_id=connection_id, secret="another", vault=VAULT)
    assert run.read(line_state, connection_id=connection_id).desired == 2
    (wanted,) = run.read(wanted_access, router_id=FIRST, vault=VAULT)
    assert wanted.entry is not None
    assert wanted.entry.password == "another"


def test_a_subscriber_cannot_ask_the_router(run: Run) -> None:
    connection_id = _line(run)
    with pytest.raises(NotPermitted):
        run.by(SubscriberActor(UserId(1), CustomerId(1), "Amina"))(request_sync, connection_id=connection_id)


async def test_wishes_at_once_are_all_counted_and_leave_one_task(transactor: Transactor) -> None:
    router_id = await transactor.transact(new_router, SYSTEM)
    price = await transactor.transact(sell_plan, SYSTEM)
    connection_id = await transactor.transact(connect, SYSTEM, router_id=router_id, plan_price_id=price)
    await asyncio.gather(
        *(transactor.transact(request_sync, SYSTEM, connection_id=connection_id) for _ in range(6))
    )
    tasks = await transactor.read(task_states, SYSTEM, connection_id=connection_id)
    line = await transactor.read(line_state, SYSTEM, connection_id=connection_id)
    assert (len(tasks), tasks[0].generation, line.desired) == (1, 7, 7)


def _line(run: Run) -> ConnectionId:
    return run(connect, router_id=run(new_router), plan_price_id=run(sell_plan))


@pytest.mark.parametrize(
    ("method", "static_ip", "mac", "field"),
    [
        (AccessMethod.STATIC, None, None, "static_ip"),
        (AccessMethod.DHCP, None, "AA:BB:CC:00:11:22", "static_ip"),
        (AccessMethod.DHCP, "10.40.0.7", None, "mac"),
    ],
)
def test_a_line_known_by_its_address_needs_it(
    run: Run, method: AccessMethod, static_ip: str | None, mac: str | None, field: str
) -> None:
    router_id, price = run(new_router), run(sell_plan, method=method)
    with pytest.raises(InvalidInput) as raised:
        run(connect, router_id=router_id, plan_price_id=price, method=method, static_ip=static_ip, mac=mac)
    assert raised.value.field == field
