"""The flow that makes documents: off the event loop, a few at a time, with a link of its own on each."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from benfex.core.clock import Clock
from benfex.core.transactor import Transactor
from benfex.documents.printing import Documents, Printed
from benfex.payments.accounts import GatewayBook
from benfex.payments.pay_links import open_pay_link
from data.values.errors import LockBusy
from tests.conftest import Run
from tests.factories.customers import make_customer, make_invoice
from tests.factories.isp import SYSTEM, VAULT
from tests.unit.documents.sheets import codes_on

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def documents(isp: Run, transactor: Transactor, clock: Clock) -> AsyncIterator[Documents]:
    book = GatewayBook(transactor, VAULT, clock, lambda _: {})
    documents = Documents(transactor, book, public_url="https://billing.example")
    yield documents
    documents.close()


async def test_each_print_has_a_link_of_its_own_and_all_of_them_work(isp: Run, documents: Documents) -> None:
    amina = make_customer(isp)
    invoice_id = make_invoice(isp, amina)
    links = [codes_on(await documents.invoice_pdf(SYSTEM, invoice_id))[0] for _ in range(3)]
    assert len(set(links)) == 3
    for link in links:
        opened = isp.read(open_pay_link, token=link.rpartition("/")[2])
        assert (opened.customer_id, opened.invoice_id) == (amina.customer_id, invoice_id)


async def test_a_paper_made_by_a_link_carries_that_link(isp: Run, documents: Documents) -> None:
    invoice_id = make_invoice(isp, make_customer(isp))
    (link,) = codes_on(await documents.invoice_pdf(SYSTEM, invoice_id))
    again = await documents.invoice_by_link(link.rpartition("/")[2])
    assert codes_on(again.content) == [link]


async def test_who_asks_when_too_many_wait_is_asked_to_come_back(isp: Run, documents: Documents) -> None:
    invoice_id = make_invoice(isp, make_customer(isp))
    asked = [documents.invoice(SYSTEM, invoice_id) for _ in range(70)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(answer, Printed) for answer in answers] == [True] * 64 + [False] * 6
    assert all(isinstance(answer, LockBusy) for answer in answers[64:])
    assert isinstance(await documents.invoice(SYSTEM, invoice_id), Printed)


async def test_the_same_is_made_off_the_loop_for_who_sends_mail(isp: Run, documents: Documents) -> None:
    invoice_id = make_invoice(isp, make_customer(isp))
    pdf = await asyncio.to_thread(documents.invoice_pdf_sync, SYSTEM, invoice_id)
    assert pdf.startswith(b"%PDF-")
