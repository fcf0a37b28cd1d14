"""The chart of accounts: which account each business meaning posts to. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from data.values.identifiers import CustomerId
from data.values.kinds import AccountKind


class AccountCode(StrEnum):
    """Codes of the chart; assets and expenses grow by debits, the others by credits."""

    BANK = "1000"
    CLEARING = "1100"
    RECEIVABLE = "1200"
    TAX_PAYABLE = "2000"
    UNMATCHED = "2100"
    DEFERRED_REVENUE = "2200"
    REFUNDS_UNDER_WAY = "2300"
    OPENING_BALANCES = "3000"
    REVENUE = "4000"
    CREDITS_GIVEN = "4090"
    PAYMENT_FEES = "5000"
    BAD_DEBT = "5100"
    CASH_DIFFERENCES = "5200"


KIND_OF: dict[AccountCode, AccountKind] = {
    AccountCode.BANK: AccountKind.ASSET,
    AccountCode.CLEARING: AccountKind.ASSET,
    AccountCode.RECEIVABLE: AccountKind.ASSET,
    AccountCode.TAX_PAYABLE: AccountKind.LIABILITY,
    AccountCode.UNMATCHED: AccountKind.LIABILITY,
    AccountCode.DEFERRED_REVENUE: AccountKind.LIABILITY,
    AccountCode.REFUNDS_UNDER_WAY: AccountKind.LIABILITY,
    AccountCode.OPENING_BALANCES: AccountKind.EQUITY,
    AccountCode.REVENUE: AccountKind.INCOME,
    AccountCode.CREDITS_GIVEN: AccountKind.INCOME,
    AccountCode.PAYMENT_FEES: AccountKind.EXPENSE,
    AccountCode.BAD_DEBT: AccountKind.EXPENSE,
    AccountCode.CASH_DIFFERENCES: AccountKind.EXPENSE,
}

NAME_OF: dict[AccountCode, str] = {
    AccountCode.BANK: "Bank",
    AccountCode.CLEARING: "Clearing",
    AccountCode.RECEIVABLE: "Receivable",
    AccountCode.TAX_PAYABLE: "Tax payable",
    AccountCode.UNMATCHED: "Unmatched receipts",
    AccountCode.DEFERRED_REVENUE: "Deferred revenue",
    AccountCode.REFUNDS_UNDER_WAY: "Refunds under way",
    AccountCode.OPENING_BALANCES: "Opening balances",
    AccountCode.REVENUE: "Revenue",
    AccountCode.CREDITS_GIVEN: "Credits given",
    AccountCode.PAYMENT_FEES: "Payment fees",
    AccountCode.BAD_DEBT: "Bad debt",
    AccountCode.CASH_DIFFERENCES: "Cash differences",
}


@dataclass(frozen=True, slots=True)
class AccountKey:
    """What names an account: code, currency and, for some codes, whose it is."""

    code: AccountCode
    owner: str = ""
    customer_id: CustomerId | None = None


def receivable(customer_id: CustomerId) -> AccountKey:
    """Return the account of what one customer owes; a credit balance is their money with us."""
    return AccountKey(AccountCode.RECEIVABLE, f"customer:{customer_id}", customer_id)


def clearing(gateway: str) -> AccountKey:
    """Return the account of money a gateway holds for us."""
    return AccountKey(AccountCode.CLEARING, f"gateway:{gateway}")


BANK = AccountKey(AccountCode.BANK)
REVENUE = AccountKey(AccountCode.REVENUE)
TAX_PAYABLE = AccountKey(AccountCode.TAX_PAYABLE)
UNMATCHED = AccountKey(AccountCode.UNMATCHED)
DEFERRED_REVENUE = AccountKey(AccountCode.DEFERRED_REVENUE)
CREDITS_GIVEN = AccountKey(AccountCode.CREDITS_GIVEN)
PAYMENT_FEES = AccountKey(AccountCode.PAYMENT_FEES)
BAD_DEBT = AccountKey(AccountCode.BAD_DEBT)
REFUNDS_UNDER_WAY = AccountKey(AccountCode.REFUNDS_UNDER_WAY)
OPENING_BALANCES = AccountKey(AccountCode.OPENING_BALANCES)
CASH_DIFFERENCES = AccountKey(AccountCode.CASH_DIFFERENCES)
