"""/customers: register, find and change customers, and bill one for what is due."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, Field
from starlette.responses import Response

from benfex.billing.api_views import whole_invoice
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.api_views import customer_record, customer_records
from benfex.customers.registration import edit_customer, locate_customer, register_customer
from benfex.identity.idempotency import Answer
from benfex.subscriptions.payers import payment_circle, set_payer
from benfex.subscriptions.renewal import bill_customer
from data.values.identifiers import CustomerId, parse_phone
from data.values.kinds import CustomerKind
from data.values.states import CustomerStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.invoices import WholeInvoice
from pages.api.places import AskedPlace, Place
from pages.api.problems import READING, WRITING
from pages.api.schemas import (
    Amount,
    Id,
    Incoming,
    Listing,
    Outgoing,
    PathId,
    SliceDep,
    Text,
    without_control_characters,
)
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/customers", tags=["customers"])


class NewCustomer(Incoming):
    """A customer to register."""

    name: Text = Field(description="2 to 120 letters")
    phone: Text = Field(examples=["+254712345678"])
    email: Text | None = None
    kind: CustomerKind = CustomerKind.PERSON
    address: Text = ""
    place: AskedPlace | None = Field(default=None, description="where they are served")
    tax_number: Text | None = None


class CustomerChanges(Incoming):
    """What to change about a customer; fields that are left out stay, null takes away what may be missing."""

    name: Text = Field(default_factory=str)
    phone: Text = Field(default_factory=str)
    email: Text | None = Field(default_factory=lambda: None)
    address: Text = Field(default_factory=str)
    place: AskedPlace | None = Field(default_factory=lambda: None)
    tax_number: Text | None = Field(default_factory=lambda: None)


class Customer(Outgoing):
    """A customer. A positive balance is owed, a negative one is credit."""

    id: int
    account_number: str
    kind: CustomerKind
    name: str
    phone: str
    email: str | None
    tax_number: str | None
    address: str
    place: Place | None
    currency: str
    status: CustomerStatus
    balance: Amount
    created_at: datetime


class NewPayer(Incoming):
    """Who pays for a customer; null for the customer themselves."""

    payer_id: Id | None


class Payer(Outgoing):
    """Who pays, or who is paid for."""

    customer_id: int
    name: str
    account_number: str


class Circle(Outgoing):
    """Who pays for a customer (null: they do), and for whom they pay."""

    payer: Payer | None
    pays_for: list[Payer]


class Billed(Outgoing):
    """What billing one customer did; no invoice when nothing was due."""

    customer_id: int
    billed_on: date
    invoice: WholeInvoice | None


@router.get("", responses=READING)
async def list_customers(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    search: Annotated[str, Query(max_length=100), AfterValidator(without_control_characters)] = "",
) -> Listing[Customer]:
    """Return customers, newest first; `search` looks at name, account number, phone and e-mail."""
    return Listing[Customer].of(await benfex.read(customer_records, actor, request=request, search=search))


@router.post("", status_code=201, response_model=Customer, responses=WRITING)
async def create_customer(asked: NewCustomer, call: UnsafeCallDep) -> Response:
    """Register a customer, who gets an account number."""
    phone = parse_phone(asked.phone)

    def work(uow: UnitOfWork) -> Answer:
        customer_id = register_customer(
            uow,
            name=asked.name,
            phone=phone,
            email=asked.email,
            kind=asked.kind,
            address=asked.address,
            tax_number=asked.tax_number,
        )
        if asked.place is not None:
            locate_customer(uow, customer_id=customer_id, place=asked.place.place())
        return told(201, Customer.model_validate(customer_record(uow, customer_id=customer_id)))

    return await call.once(work)


@router.get("/{customer_id}", responses=READING)
async def get_customer(customer_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Customer:
    """Return one customer."""
    record = await benfex.read(customer_record, actor, customer_id=CustomerId(customer_id))
    return Customer.model_validate(record)


@router.patch("/{customer_id}", response_model=Customer, responses=WRITING)
async def change_customer(customer_id: PathId, asked: CustomerChanges, call: UnsafeCallDep) -> Response:
    """Change who a customer is and how to reach them."""
    changes = asked.model_fields_set

    def work(uow: UnitOfWork) -> Answer:
        before = customer_record(uow, customer_id=CustomerId(customer_id))
        if "place" in changes:
            place = asked.place.place() if asked.place is not None else None
            locate_customer(uow, customer_id=before.id, place=place)
        if changes != {"place"}:
            edit_customer(
                uow,
                customer_id=before.id,
                name=asked.name if "name" in changes else before.name,
                phone=parse_phone(asked.phone if "phone" in changes else before.phone),
                email=asked.email if "email" in changes else before.email,
                address=asked.address if "address" in changes else before.address,
                tax_number=asked.tax_number if "tax_number" in changes else before.tax_number,
            )
        return told(200, Customer.model_validate(customer_record(uow, customer_id=before.id)))

    return await call.once(work)


@router.put("/{customer_id}/payer", response_model=Circle, responses=WRITING)
async def set_the_payer(customer_id: PathId, asked: NewPayer, call: UnsafeCallDep) -> Response:
    """Have all services of a customer billed to another one from now on; open invoices stay where they are."""

    def work(uow: UnitOfWork) -> Answer:
        customer = customer_record(uow, customer_id=CustomerId(customer_id))
        payer_id = CustomerId(asked.payer_id) if asked.payer_id is not None else None
        set_payer(uow, customer_id=customer.id, payer_id=payer_id)
        return told(200, Circle.model_validate(payment_circle(uow, customer_id=customer.id)))

    return await call.once(work)


@router.post("/{customer_id}/bill", response_model=Billed, responses=WRITING)
async def bill_one_customer(customer_id: PathId, call: UnsafeCallDep) -> Response:
    """Invoice all that is due today; doing it again finds nothing left."""

    def work(uow: UnitOfWork) -> Answer:
        customer = customer_record(uow, customer_id=CustomerId(customer_id))
        today = billing_today(uow)
        billed = bill_customer(uow, customer_id=customer.id, on=today)
        invoice = (
            WholeInvoice.of(whole_invoice(uow, invoice_id=billed.invoice_id))
            if billed.invoice_id is not None
            else None
        )
        return told(200, Billed(customer_id=customer.id, billed_on=today, invoice=invoice))

    return await call.once(work)
