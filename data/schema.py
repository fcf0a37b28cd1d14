"""Every table imported once, so that the metadata is whole."""

from sqlmodel import SQLModel

from data.models import (
    catalog,
    customer,
    identity,
    invoice,
    ledger,
    message,
    operations,
    payment,
    policy,
    router,
    subscription,
    usage,
    voucher,
    webhook,
)

METADATA = SQLModel.metadata

__all__ = [
    "METADATA",
    "catalog",
    "customer",
    "identity",
    "invoice",
    "ledger",
    "message",
    "operations",
    "payment",
    "policy",
    "router",
    "subscription",
    "usage",
    "voucher",
    "webhook",
]
