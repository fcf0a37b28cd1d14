"""Roles and what each may do; the check at the door is in `benfex/core/actors.py`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """Who somebody is to the ISP."""

    OWNER = "owner"
    ADMIN = "admin"
    ACCOUNTANT = "accountant"
    SUPPORT = "support"
    SUBSCRIBER = "subscriber"


class StaffRole(StrEnum):
    """The roles that members of staff can have: all but the subscriber's."""

    OWNER = Role.OWNER.value
    ADMIN = Role.ADMIN.value
    ACCOUNTANT = Role.ACCOUNTANT.value
    SUPPORT = Role.SUPPORT.value


class Permission(StrEnum):
    """One thing that staff may be allowed to do."""

    VIEW_DASHBOARD = "view_dashboard"
    VIEW_CUSTOMERS = "view_customers"
    EDIT_CUSTOMERS = "edit_customers"
    VIEW_PLANS = "view_plans"
    EDIT_PLANS = "edit_plans"
    VIEW_SUBSCRIPTIONS = "view_subscriptions"
    EDIT_SUBSCRIPTIONS = "edit_subscriptions"
    SUSPEND_SUBSCRIPTIONS = "suspend_subscriptions"
    VIEW_INVOICES = "view_invoices"
    EDIT_INVOICES = "edit_invoices"
    RUN_BILLING = "run_billing"
    OVERRIDE_BREAKERS = "override_breakers"
    VIEW_VOUCHERS = "view_vouchers"
    PRINT_VOUCHERS = "print_vouchers"
    VIEW_PAYMENTS = "view_payments"
    RECORD_PAYMENTS = "record_payments"
    MATCH_PAYMENTS = "match_payments"
    VIEW_NETWORK = "view_network"
    EDIT_NETWORK = "edit_network"
    OPERATE_NETWORK = "operate_network"
    VIEW_STAFF = "view_staff"
    EDIT_STAFF = "edit_staff"
    EDIT_PROFILE = "edit_profile"
    VIEW_LEDGER = "view_ledger"
    VIEW_JOBS = "view_jobs"


_ALL: Final = frozenset(Permission)
_VIEWS: Final = frozenset(permission for permission in Permission if permission.value.startswith("view_"))

_PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.OWNER: _ALL,
        Role.ADMIN: _ALL - {Permission.EDIT_PROFILE, Permission.OVERRIDE_BREAKERS},
        Role.ACCOUNTANT: _VIEWS
        | {
            Permission.EDIT_INVOICES,
            Permission.RUN_BILLING,
            Permission.RECORD_PAYMENTS,
            Permission.PRINT_VOUCHERS,
            Permission.MATCH_PAYMENTS,
        },
        Role.SUPPORT: frozenset(
            {
                Permission.VIEW_DASHBOARD,
                Permission.VIEW_CUSTOMERS,
                Permission.VIEW_PLANS,
                Permission.VIEW_SUBSCRIPTIONS,
                Permission.VIEW_INVOICES,
                Permission.VIEW_PAYMENTS,
                Permission.VIEW_NETWORK,
                Permission.EDIT_CUSTOMERS,
                Permission.SUSPEND_SUBSCRIPTIONS,
                Permission.OPERATE_NETWORK,
            }
        ),
        Role.SUBSCRIBER: frozenset(),  # own rows only, decided by ownership and not by permission
    }
)


def permissions_of(role: Role) -> frozenset[Permission]:
    """Return everything that `role` may do; empty for a subscriber, who sees only what is their own."""
    return _PERMISSIONS[role]


def may_edit_role(editor: Role, target: Role) -> bool:
    """Tell whether `editor` may create, change or remove a user who is or becomes `target`."""
    if Permission.EDIT_STAFF not in _PERMISSIONS[editor]:
        return False
    return editor is Role.OWNER or target is not Role.OWNER
