"""What gateways told us and we could not place, on the page of payments."""

from nicegui import ui
from nicegui.testing import User

from benfex.core.unit_of_work import UnitOfWork
from data.models.webhook import InboundWebhook, QuarantinedWebhook
from data.values.kinds import EvidenceGrade
from data.values.states import WebhookStatus
from tests.ui.isp import Isp, rows, sign_in, until


async def test_a_message_that_could_not_be_placed_is_looked_at(user: User, isp: Isp) -> None:
    def astray(uow: UnitOfWork) -> None:
        uow.session.add(
            InboundWebhook(
                gateway="mpesa",
                kind="stk",
                external_id="1",
                headers="{}",
                body=b'{"Body": "who asked?"}',
                evidence=EvidenceGrade.SECRET_PATH,
                status=WebhookStatus.FAILED,
                attempts=3,
                error="no attempt of ours has this secret",
                received_at=isp.benfex.clock.now(),
                processed_at=isp.benfex.clock.now(),
            )
        )

    await isp.do(astray)
    await sign_in(user)
    await user.open("/admin/payments")
    user.find(marker="section-messages").click()
    await until(lambda: any("No attempt of ours" in str(row.get("why")) for row in rows(user)))
    user.find(kind=ui.table).trigger("act", {"key": "look", "id": "1"})
    await user.should_see("who asked?", retries=60)
    user.find(kind=ui.table).trigger("act", {"key": "again", "id": "1"})
    await user.should_see("It is tried now.", retries=60)


async def test_what_was_refused_is_listed_with_why(user: User, isp: Isp) -> None:
    def refuse(uow: UnitOfWork) -> None:
        uow.session.add(
            QuarantinedWebhook(
                gateway="paystack",
                reason="the signature is not Paystack's",
                path="event",
                body=b'{"event": "charge.success"}',
                received_at=isp.benfex.clock.now(),
            )
        )

    await isp.do(refuse)
    await sign_in(user)
    await user.open("/admin/payments")
    user.find(marker="section-refused").click()
    await until(lambda: any("The signature is not" in str(row.get("why")) for row in rows(user)))
    user.find(kind=ui.table).trigger("act", {"key": "look", "id": "1"})
    await user.should_see("charge.success", retries=60)


async def test_support_sees_no_messages_of_gateways(user: User, isp: Isp) -> None:
    await sign_in(user, "support")
    await user.open("/admin/payments")
    await user.should_see("Not placed", retries=60)
    await user.should_not_see(marker="section-messages")
    await user.should_not_see(marker="section-refused")
