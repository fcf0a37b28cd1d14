"""The list of customers with ten thousand rows opens and finds about as quickly as with a hundred."""

import time
from collections.abc import Awaitable, Callable
from statistics import median

import pytest
from nicegui.testing import User
from sqlalchemy import insert, select
from sqlmodel import col

from benfex.core.paging import PageRequest
from benfex.core.unit_of_work import UnitOfWork
from data.models.customer import Customer
from data.values.identifiers import CustomerId
from tests.ui.isp import Isp, rows, sign_in

FEW = 100
MANY = 10_000
ROUNDS = 5


@pytest.mark.deep
async def test_ten_thousand_customers_open_page_and_search_without_a_pause(user: User, isp: Isp) -> None:
    from benfex.customers.views import list_customers

    first_id = await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user)

    async def opened() -> None:
        await user.open("/admin/customers")
        assert len(rows(user)) == 25

    async def found() -> None:
        page = await isp.see(list_customers, request=PageRequest(search="Amina"))
        assert page.total == 1

    async def turned() -> None:
        page = await isp.see(list_customers, request=PageRequest(page=4))
        assert len(page.rows) == 25

    looks = (opened, found, turned)
    await isp.do(copy_customer, customer_id=first_id, numbers=range(FEW))
    few = [await seconds_of(look) for look in looks]
    await isp.do(copy_customer, customer_id=first_id, numbers=range(FEW, MANY))
    many = [await seconds_of(look) for look in looks]

    for one, other in zip(few, many, strict=True):
        assert other < 3 * one + 0.25, (few, many)


def copy_customer(uow: UnitOfWork, *, customer_id: CustomerId, numbers: range) -> None:
    row = uow.session.scalars(select(Customer).where(col(Customer.id) == customer_id)).one()
    copies = [
        row.model_dump(exclude={"id"})
        | {
            "name": f"Person {number:05d}",
            "account_number": f"BFX{number:08d}",
            "phone": f"+2547{number:08d}",
            "phone_sha256": f"{number:064x}",
        }
        for number in numbers
    ]
    uow.session.execute(insert(Customer), copies)


async def seconds_of(look: Callable[[], Awaitable[None]]) -> float:
    spent = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await look()
        spent.append(time.perf_counter() - began)
    return median(spent)
