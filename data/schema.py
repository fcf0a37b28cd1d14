"""Every table imported once, so that the metadata is whole."""

from sqlmodel import SQLModel

from data.models import (
    cashier,
    catalog,
    customer,
    identity,
    invoice,
    ledger,
    message,
    operations,
    outage,
    payment,
    payment_methods,
    policy,
    reconciliation,
    router,
    router_care,
    subscription,
    usage,
    usage_limits,
    voucher,
    webhook,
)

METADATA = SQLModel.metadata

__all__ = [
    "METADATA",
    "cashier",
    "catalog",
    "customer",
    "identity",
    "invoice",
    "ledger",
    "message",
    "operations",
    "outage",
    "payment",
    "payment_methods",
    "policy",
    "reconciliation",
    "router",
    "router_care",
    "subscription",
    "usage",
    "usage_limits",
    "voucher",
    "webhook",
]
