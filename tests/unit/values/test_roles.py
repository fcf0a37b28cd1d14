"""Who may do what."""

import pytest

from data.values.roles import Permission, Role, StaffRole, may_edit_role, permissions_of


def test_the_owner_may_do_everything() -> None:
    assert permissions_of(Role.OWNER) == frozenset(Permission)


def test_only_the_owner_edits_the_profile() -> None:
    assert [role for role in Role if Permission.EDIT_PROFILE in permissions_of(role)] == [Role.OWNER]
    assert permissions_of(Role.OWNER) - permissions_of(Role.ADMIN) == {
        Permission.EDIT_PROFILE,
        Permission.OVERRIDE_BREAKERS,
    }


def test_the_accountant_works_with_money_and_leaves_the_network_alone() -> None:
    held = permissions_of(Role.ACCOUNTANT)
    assert {Permission.RUN_BILLING, Permission.RECORD_PAYMENTS, Permission.VIEW_LEDGER} <= held
    assert not {Permission.OPERATE_NETWORK, Permission.EDIT_NETWORK, Permission.EDIT_CUSTOMERS} & held


def test_support_helps_customers_and_touches_no_money() -> None:
    held = permissions_of(Role.SUPPORT)
    assert {Permission.SUSPEND_SUBSCRIPTIONS, Permission.OPERATE_NETWORK, Permission.EDIT_CUSTOMERS} <= held
    assert not {Permission.RECORD_PAYMENTS, Permission.EDIT_INVOICES, Permission.VIEW_LEDGER} & held


def test_staff_have_every_role_but_the_subscribers() -> None:
    assert {Role(role) for role in StaffRole} == set(Role) - {Role.SUBSCRIBER}


def test_a_subscriber_holds_no_permission() -> None:
    assert permissions_of(Role.SUBSCRIBER) == frozenset()


@pytest.mark.parametrize("role", list(Role))
def test_who_may_edit_a_thing_may_see_it(role: Role) -> None:
    held = permissions_of(role)
    for name in ("customers", "plans", "subscriptions", "invoices", "network", "staff"):
        if Permission(f"edit_{name}") in held:
            assert Permission(f"view_{name}") in held


def test_only_owners_edit_owners() -> None:
    assert may_edit_role(Role.OWNER, Role.OWNER)
    assert may_edit_role(Role.ADMIN, Role.ADMIN)
    assert not may_edit_role(Role.ADMIN, Role.OWNER)
    assert not may_edit_role(Role.ACCOUNTANT, Role.SUPPORT)
