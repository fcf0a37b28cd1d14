"""The flow that makes documents: reads one view, asks for a pay link, and draws, all off the event loop.

Nothing is stored: a document is made when it is asked for, by a few threads of its own and a bounded queue. What
reads and draws it is loaded by the thread that makes the first of its kind.
"""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final, ParamSpec

from benfex.core.actors import Actor, SystemActor
from benfex.core.transactor import Transactor
from benfex.documents.parts import HowToPay
from benfex.payments.accounts import GatewayBook
from benfex.payments.pay_links import create_pay_link, open_pay_link
from data.values.errors import LockBusy, NotFound
from data.values.identifiers import CreditNoteId, CustomerId, InvoiceId, PaymentId

if TYPE_CHECKING:
    from benfex.documents.proformas import ProformaScope
    from benfex.payments.vouchers import PrintedBatch

P = ParamSpec("P")

_THREADS: Final = (
    2  # a long sheet of vouchers must not hold up an invoice; more would only share the processor
)
_WAITING_MAX: Final = 64
_LINK: Final = SystemActor("pay link")


@dataclass(frozen=True, slots=True)
class Printed:
    """A document as PDF, and the name of its file, which is safe in a header and on any disk."""

    content: bytes
    file_name: str


class Documents:
    """Makes documents for whoever may have them. Built once; `close` ends its threads.

    Each raises NotFound and NotPermitted as its view does, and LockBusy when too many are asked for at once.
    """

    def __init__(self, transactor: Transactor, gateways: GatewayBook, *, public_url: str) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._public_url = public_url
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="documents")
        self._waiting = 0

    async def invoice(self, actor: Actor, invoice_id: InvoiceId) -> Printed:
        """Return an invoice, with a fresh pay link while it is open. Raises Conflict for a draft."""
        return await self._off_the_loop(self.invoice_sync, actor, invoice_id)

    async def invoice_by_link(self, token: str) -> Printed:
        """Return the invoice that a pay link is for. Raises NotFound when it ended or names none."""
        return await self._off_the_loop(self._invoice_by_link, token)

    async def credit_note(self, actor: Actor, credit_note_id: CreditNoteId) -> Printed:
        """Return a credit note."""
        return await self._off_the_loop(self._credit_note, actor, credit_note_id)

    async def receipt(self, actor: Actor, payment_id: PaymentId) -> Printed:
        """Return a receipt for a payment. Raises Conflict while nobody knows whose money it is."""
        return await self._off_the_loop(self._receipt, actor, payment_id)

    async def statement(
        self,
        actor: Actor,
        customer_id: CustomerId,
        *,
        first_on: date | None = None,
        last_on: date | None = None,
    ) -> Printed:
        """Return a statement of account of these days, of the last three months unless they are named.

        Raises InvalidInput when they are the wrong way round.
        """
        return await self._off_the_loop(self._statement, actor, customer_id, first_on, last_on)

    async def proforma(self, actor: Actor, customer_id: CustomerId, *, scope: "ProformaScope") -> Printed:
        """Return a quote of what a customer would pay."""
        return await self._off_the_loop(self._proforma, actor, customer_id, scope)

    async def vouchers(self, actor: Actor, batch: "PrintedBatch") -> Printed:
        """Return a batch that was just made, to print and cut; nobody can make it again."""
        return await self._off_the_loop(self._vouchers, actor, batch)

    async def sample(self, actor: Actor) -> Printed:
        """Return an invoice that nobody owes, to look at the letterhead and the texts."""
        return await self._off_the_loop(self._sample, actor)

    async def invoice_pdf(self, actor: Actor, invoice_id: InvoiceId) -> bytes:
        """Return an invoice's PDF alone."""
        return (await self.invoice(actor, invoice_id)).content

    def invoice_sync(self, actor: Actor, invoice_id: InvoiceId) -> Printed:
        """Return an invoice, for callers that are off the event loop already, such as who sends e-mail."""
        return self._invoice(actor, invoice_id, token=None)

    def invoice_pdf_sync(self, actor: Actor, invoice_id: InvoiceId) -> bytes:
        """Return an invoice's PDF alone, off the event loop."""
        return self.invoice_sync(actor, invoice_id).content

    def close(self) -> None:
        """End the threads; what waits is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _invoice_by_link(self, token: str) -> Printed:
        link = self._transactor.read_sync(open_pay_link, _LINK, token=token)
        if link.invoice_id is None:
            raise NotFound("invoice")
        return self._invoice(_LINK, link.invoice_id, token=token)

    def _invoice(self, actor: Actor, invoice_id: InvoiceId, *, token: str | None) -> Printed:
        from benfex.documents.invoices import render_invoice
        from benfex.documents.views import invoice_document

        document = self._transactor.read_sync(invoice_document, actor, invoice_id=invoice_id)
        if document.amount_due.is_positive:
            pay = self._how_to_pay(actor, document.customer_id, invoice_id, token=token)
            document = replace(document, pay=pay)
        return Printed(render_invoice(document), file_name(document.number))

    def _credit_note(self, actor: Actor, credit_note_id: CreditNoteId) -> Printed:
        from benfex.documents.account_views import credit_note_document
        from benfex.documents.credit_notes import render_credit_note

        document = self._transactor.read_sync(credit_note_document, actor, credit_note_id=credit_note_id)
        return Printed(render_credit_note(document), file_name(document.number))

    def _receipt(self, actor: Actor, payment_id: PaymentId) -> Printed:
        from benfex.documents.account_views import receipt_document
        from benfex.documents.receipts import render_receipt

        document = self._transactor.read_sync(receipt_document, actor, payment_id=payment_id)
        return Printed(render_receipt(document), file_name(f"receipt {document.number}"))

    def _statement(
        self, actor: Actor, customer_id: CustomerId, first_on: date | None, last_on: date | None
    ) -> Printed:
        from benfex.documents.account_views import statement_document
        from benfex.documents.statements import render_statement

        document = self._transactor.read_sync(
            statement_document, actor, customer_id=customer_id, first_on=first_on, last_on=last_on
        )
        if document.owed_now.is_positive:
            document = replace(document, pay=self._how_to_pay(actor, customer_id))
        name = f"statement {document.payer.account_number} {document.first_on} {document.last_on}"
        return Printed(render_statement(document), file_name(name))

    def _proforma(self, actor: Actor, customer_id: CustomerId, scope: "ProformaScope") -> Printed:
        from benfex.documents.proforma_views import proforma_document
        from benfex.documents.proformas import render_proforma

        document = self._transactor.read_sync(proforma_document, actor, customer_id=customer_id, scope=scope)
        if document.to_pay.is_positive:
            document = replace(document, pay=self._how_to_pay(actor, customer_id))
        name = f"proforma {document.payer.account_number} {document.made_on}"
        return Printed(render_proforma(document), file_name(name))

    def _sample(self, actor: Actor) -> Printed:
        from benfex.documents.invoices import render_invoice
        from benfex.documents.views import sample_invoice

        document = self._transactor.read_sync(sample_invoice, actor)
        url = f"{self._public_url}/pay/sample"
        return Printed(
            render_invoice(replace(document, pay=HowToPay(url, self._gateways.paybill))), file_name("sample")
        )

    def _vouchers(self, actor: Actor, batch: "PrintedBatch") -> Printed:
        from benfex.documents.views import voucher_sheet
        from benfex.documents.vouchers import render_vouchers

        sheet = self._transactor.read_sync(voucher_sheet, actor, batch=batch)
        return Printed(render_vouchers(sheet), file_name(f"vouchers {batch.name}"))

    def _how_to_pay(
        self,
        actor: Actor,
        customer_id: CustomerId,
        invoice_id: InvoiceId | None = None,
        *,
        token: str | None = None,
    ) -> HowToPay:
        if token is None:
            # Each paper has a link of its own: one that was printed before goes on working until it ends.
            token = self._transactor.run_sync(
                create_pay_link, actor, customer_id=customer_id, invoice_id=invoice_id
            )
        return HowToPay(url=f"{self._public_url}/pay/{token}", paybill=self._gateways.paybill)

    async def _off_the_loop(self, make: Callable[P, Printed], *args: P.args, **kwargs: P.kwargs) -> Printed:
        if self._waiting >= _WAITING_MAX:
            raise LockBusy("Many documents are being made right now. Try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: make(*args, **kwargs))
        finally:
            self._waiting -= 1


def file_name(words: str) -> str:
    """Return the words as the name of a PDF file: letters, digits, dots and dashes alone."""
    safe = re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-.")[:80]
    return f"{safe or 'document'}.pdf"
