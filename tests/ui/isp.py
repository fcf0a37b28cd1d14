"""An ISP whose screens are tested, and what people do on any of them."""

import asyncio
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from nicegui import ui
from nicegui.testing import User

from data.values.identifiers import CustomerId, PlanPriceId, UserId, parse_phone
from data.values.kinds import CashMethod, SuspensionReason
from data.values.money import Money
from data.values.roles import Role

if TYPE_CHECKING:
    from benfex.application import Benfex
    from benfex.core.actors import StaffActor
    from benfex.core.unit_of_work import Snapshot

PASSWORD = "correct-horse-battery"


@cache
def hash_of_the_password() -> str:
    """Return the hash that everybody's password has, made once: it takes time by design."""
    from benfex.identity.passwords import hash_password

    return hash_password(PASSWORD)


class Isp:
    """A small ISP: one plan of KES 2,500 a month, one router, and customers as a test makes them."""

    def __init__(self, benfex: "Benfex") -> None:
        self.benfex = benfex

    async def do(self, act: Any, **values: Any) -> Any:
        from benfex.core.actors import SystemActor

        return await self.benfex.transact(act, SystemActor("tests"), **values)

    async def see(self, view: Any, **values: Any) -> Any:
        from benfex.core.actors import SystemActor

        return await self.benfex.read(view, SystemActor("tests"), **values)

    async def open(self) -> None:
        from benfex.catalog.plans import create_plan, publish_price
        from benfex.identity.staff import create_staff, set_up_isp
        from benfex.network.inventory import add_router, enable_router

        secret = hash_of_the_password()
        await self.do(
            set_up_isp,
            isp_name="Rift Valley Net",
            currency="KES",
            timezone="Africa/Nairobi",
            owner_name="Brian Kiptoo",
            owner_email="owner@isp.ke",
            password_hash=secret,
        )
        for role in (Role.SUPPORT, Role.ACCOUNTANT):
            await self.do(
                create_staff,
                name=f"{role.value} person",
                email=f"{role.value}@isp.ke",
                role=role,
                password_hash=secret,
            )
        plan_id = await self.do(
            create_plan, code="HOME-10", name="Home 10", download_bps=10_000_000, upload_bps=5_000_000
        )
        self.price_id = await self.do(publish_price, plan_id=plan_id, amount=Money(250_000, "KES"))
        self.router_id = await self.do(
            add_router,
            name="nakuru-core",
            host="127.0.0.1",
            username="benfex",
            password="pw",
            vault=self.benfex.vault,
            is_managed=True,
        )
        await self.do(enable_router, router_id=self.router_id, is_enabled=False)

    async def customer(
        self, name: str, phone: str, *, with_service: bool = True, price_id: PlanPriceId | None = None
    ) -> CustomerId:
        from benfex.customers.registration import register_customer
        from benfex.network.connections import ConnectionSpec
        from benfex.subscriptions.lifecycle import start_subscription

        customer_id: CustomerId = await self.do(register_customer, name=name, phone=parse_phone(phone))
        if with_service:
            await self.do(
                start_subscription,
                customer_id=customer_id,
                plan_price_id=price_id or self.price_id,
                connection=ConnectionSpec(self.router_id, f"user{customer_id}", "secret"),
                vault=self.benfex.vault,
            )
        return customer_id

    async def staff(self, role: str = "owner") -> "StaffActor":
        """Return a member of the staff."""
        from benfex.core.actors import StaffActor
        from data.queries import users as user_queries

        def find(snapshot: "Snapshot") -> StaffActor:
            found = user_queries.user_by_email(snapshot.session, f"{role}@isp.ke")
            assert found is not None
            assert found.id is not None
            return StaffActor(UserId(found.id), found.role, found.name)

        person: StaffActor = await self.see(find)
        return person

    async def pays(self, customer_id: CustomerId, shillings: int = 2_500) -> None:
        """Take cash from a customer."""
        from benfex.payments.cash import record_cash_payment

        await self.do(
            record_cash_payment,
            customer_id=customer_id,
            amount=Money(shillings * 100, "KES"),
            method=CashMethod.CASH,
            reference=f"A-{customer_id}",
        )

    async def suspends(
        self, customer_id: CustomerId, reason: SuspensionReason = SuspensionReason.NON_PAYMENT
    ) -> None:
        """Suspend the only service of a customer."""
        from benfex.subscriptions.lifecycle import suspend_subscription
        from benfex.subscriptions.views import services_of

        (service,) = await self.see(services_of, customer_id=customer_id)
        await self.do(suspend_subscription, subscription_id=service.subscription_id, reason=reason)

    async def let_in(self, user: User, customer_id: CustomerId) -> str:
        """Give a customer a password and sign them in; return their account number."""
        from benfex.customers.contact import contact_of
        from benfex.identity.staff import create_subscriber_login

        await self.do(create_subscriber_login, customer_id=customer_id, password_hash=hash_of_the_password())
        number: str = (await self.see(contact_of, customer_id=customer_id)).account_number
        answer = await user.http_client.post("/auth/login", data={"name": number, "password": PASSWORD})
        assert answer.headers["location"] == "/portal"
        return number


async def sign_in(user: User, role: str = "owner") -> None:
    answer = await user.http_client.post("/auth/login", data={"name": f"{role}@isp.ke", "password": PASSWORD})
    assert answer.headers["location"] == "/admin"


def send_form(user: User) -> None:
    user.find(kind=ui.element, marker="form").trigger("submit.prevent")


def rows(user: User) -> list[dict[str, Any]]:
    tables = [table for table in user.find(kind=ui.table).elements if isinstance(table, ui.table)]
    return [row for table in tables for row in table.rows]


async def until(condition: Any, *, tries: int = 30) -> None:
    """Wait for what a page does by itself, with an end."""
    for _ in range(tries):
        with suppress(AssertionError):  # the page is being rebuilt
            if condition():
                return
        await asyncio.sleep(0.1)
    assert condition()
