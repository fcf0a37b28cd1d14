"""The ISP says what the least is that can be paid at once; who owes less than that may pay all of it."""

import pytest

from benfex.payments.policy import save_payment_policy
from data.values.errors import AmountOutOfRange
from data.values.money import Money
from tests.conftest import Run
from tests.factories.customers import make_customer, make_invoice
from tests.factories.isp import kes
from tests.factories.money import make_attempt


@pytest.mark.parametrize("gateway", ["mpesa", "paystack"])
def test_less_than_the_least_is_refused_where_more_is_owed(isp: Run, gateway: str) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer, amount=kes(1_500))
    make_attempt(isp, customer, amount=kes(49), gateway=gateway)  # no least was set yet
    isp(save_payment_policy, pay_minimum_minor=kes(50).minor)
    with pytest.raises(AmountOutOfRange) as refused:
        make_attempt(isp, customer, amount=kes(49), gateway=gateway)
    assert refused.value.field == "amount"
    assert str(kes(50)) in str(refused.value)


@pytest.mark.parametrize(("owes", "pays", "is_taken"), [(30, 30, True), (30, 29, False), (0, 30, False)])
def test_all_that_is_owed_may_be_less_than_the_least(isp: Run, owes: int, pays: int, is_taken: bool) -> None:
    isp(save_payment_policy, pay_minimum_minor=kes(50).minor)
    customer = make_customer(isp)
    if owes:
        make_invoice(isp, customer, amount=kes(owes))
    amount: Money = kes(pays)
    if is_taken:
        assert make_attempt(isp, customer, amount=amount).amount == amount
        return
    with pytest.raises(AmountOutOfRange):
        make_attempt(isp, customer, amount=amount)
