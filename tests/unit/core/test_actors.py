"""Who may do what, and who sees whom."""

import pytest

from benfex.core.actors import (
    StaffActor,
    SubscriberActor,
    SystemActor,
    require,
    require_customer_access,
    scope_of,
)
from data.values.errors import NotFound, NotPermitted
from data.values.identifiers import CustomerId, UserId
from data.values.roles import Permission, Role

SUBSCRIBER = SubscriberActor(UserId(9), CustomerId(3), "Amina")


def staff(role: Role) -> StaffActor:
    return StaffActor(UserId(1), role, "Esther")


def test_the_system_may_do_everything() -> None:
    for permission in Permission:
        require(SystemActor("scheduler"), permission)


def test_support_may_not_take_money() -> None:
    with pytest.raises(NotPermitted):
        require(staff(Role.SUPPORT), Permission.RECORD_PAYMENTS)


@pytest.mark.parametrize("permission", list(Permission))
def test_a_subscriber_has_no_permission_of_staff(permission: Permission) -> None:
    with pytest.raises(NotPermitted):
        require(SUBSCRIBER, permission)


def test_a_subscriber_reaches_their_own_customer_only() -> None:
    require_customer_access(SUBSCRIBER, CustomerId(3), Permission.VIEW_INVOICES)
    with pytest.raises(NotFound):
        require_customer_access(SUBSCRIBER, CustomerId(4), Permission.VIEW_INVOICES)


def test_staff_see_everybody_and_subscribers_themselves() -> None:
    assert scope_of(staff(Role.ACCOUNTANT), Permission.VIEW_INVOICES) is None
    assert scope_of(SUBSCRIBER, Permission.VIEW_INVOICES) == CustomerId(3)


def test_only_the_owner_edits_the_profile() -> None:
    require(staff(Role.OWNER), Permission.EDIT_PROFILE)
    with pytest.raises(NotPermitted):
        require(staff(Role.ADMIN), Permission.EDIT_PROFILE)
