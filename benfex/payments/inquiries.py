"""Ask gateways what only they know or draw: their record of one receipt, and a code that their app pays from."""

from benfex.core.actors import Actor, require, require_customer_access
from benfex.core.audit import record_audit
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.accounts import GatewayBook
from data.queries import customers as customer_queries
from data.values.errors import InvalidInput, NotFound
from data.values.identifiers import CustomerId
from data.values.money import Money
from data.values.roles import Permission


class Inquiries:
    """Asks, between transactions; what a receipt is worth comes later, through the door of webhooks."""

    def __init__(self, transactor: Transactor, gateways: GatewayBook, *, public_url: str) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._public_url = public_url

    async def ask_about(self, actor: Actor, *, gateway: str, receipt: str) -> None:
        """Ask for the gateway's own record of a receipt: what it proves is booked or confirms what was.

        Raises NotFound, InvalidInput, GatewayError.
        """
        asked = self._gateways.get(gateway)
        receipt = read_receipt(receipt)
        await self._transactor.transact(note_asked_about, actor, gateway=gateway, receipt=receipt)
        await asked.ask_about(receipt, public_url=self._public_url)

    async def draw_code(self, actor: Actor, *, gateway: str, customer_id: CustomerId, amount: Money) -> bytes:
        """Return a PNG that the gateway's app pays `amount` for the customer from. Raises NotFound, GatewayError."""
        drawing = self._gateways.get(gateway)
        account = await self._transactor.read(account_to_pay, actor, customer_id=customer_id)
        return await drawing.draw_code(account_number=account, amount=amount)


def read_receipt(text: str) -> str:
    """Return a receipt as gateways write it. Raises InvalidInput for what is none."""
    receipt = text.strip().upper()
    if not receipt.isascii() or not receipt.isalnum() or not 5 <= len(receipt) <= 40:
        raise InvalidInput("receipt", "Give the receipt: letters and digits only.")
    return receipt


def note_asked_about(uow: UnitOfWork, *, gateway: str, receipt: str) -> None:
    """Note who asked about a receipt."""
    require(uow.actor, Permission.MATCH_PAYMENTS)
    record_audit(
        uow,
        action="ask_about",
        entity="receipt",
        entity_id=0,
        changes={"gateway": gateway, "receipt": receipt},
    )


def account_to_pay(snapshot: Snapshot, *, customer_id: CustomerId) -> str:
    """Return the number that a customer's payments name. Raises NotFound."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_INVOICES)
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    return customer.account_number
