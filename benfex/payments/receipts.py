"""Tell a customer that money came, in the transaction that books it."""

from benfex.core.unit_of_work import UnitOfWork
from benfex.notifications.outbox import enqueue_message
from benfex.payments.gateway import name_of_gateway
from data.models.payment import Payment
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.values.identifiers import CustomerId
from data.values.money import Money


def tell_receipt(uow: UnitOfWork, payment: Payment) -> None:
    """Write the receipt of a payment that has its customer, with what is open after it; once per payment and customer.

    It goes to who sent the money. What is open is told to nobody but whose account it is.
    """
    assert payment.customer_id is not None
    customer_id = CustomerId(payment.customer_id)
    if payment.sent_by_customer_id is not None:
        account = customer_queries.find_customer(uow.session, customer_id)
        assert account is not None
        _tell(
            uow,
            payment,
            CustomerId(payment.sent_by_customer_id),
            f"It is on the account of {account.name}, who pays for you.",
        )
        return
    invoices = invoice_queries.open_invoices(uow.session, customer_id=customer_id, currency=payment.currency)
    owed = Money(sum(row.total_minor - row.paid_minor for row in invoices), payment.currency)
    balance = f"{owed.format()} is still open." if owed.is_positive else "Nothing is left to pay."
    _tell(uow, payment, customer_id, balance)


def _tell(uow: UnitOfWork, payment: Payment, customer_id: CustomerId, balance: str) -> None:
    enqueue_message(
        uow,
        customer_id=customer_id,
        template="payment_received",
        facts={
            "amount": Money(payment.amount_minor, payment.currency).format(),
            "method": name_of_gateway(payment.gateway),
            "receipt": payment.gateway_transaction_id,
            "balance": balance,
        },
        dedupe_key=f"payment:{payment.id}:received:{customer_id}",
    )
