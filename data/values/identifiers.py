"""Ids, tokens, account, invoice and phone numbers; the rows they point to are in `data/models`."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final, NewType

from data.values.errors import InvalidInput

UserId = NewType("UserId", int)
CustomerId = NewType("CustomerId", int)
PlanId = NewType("PlanId", int)
PlanPriceId = NewType("PlanPriceId", int)
TaxRateId = NewType("TaxRateId", int)
TaxGroupId = NewType("TaxGroupId", int)
AddOnId = NewType("AddOnId", int)
DiscountId = NewType("DiscountId", int)
SubscriptionAddOnId = NewType("SubscriptionAddOnId", int)
SubscriptionDiscountId = NewType("SubscriptionDiscountId", int)
SubscriptionId = NewType("SubscriptionId", int)
ConnectionId = NewType("ConnectionId", int)
RouterId = NewType("RouterId", int)
RouterTaskId = NewType("RouterTaskId", int)
InvoiceId = NewType("InvoiceId", int)
CreditNoteId = NewType("CreditNoteId", int)
BillRunId = NewType("BillRunId", int)
PaymentAttemptId = NewType("PaymentAttemptId", int)
PaymentId = NewType("PaymentId", int)
RefundId = NewType("RefundId", int)
DisputeId = NewType("DisputeId", int)
SavedMethodId = NewType("SavedMethodId", int)
StandingOrderId = NewType("StandingOrderId", int)
ShiftId = NewType("ShiftId", int)
SweepId = NewType("SweepId", int)
StatementImportId = NewType("StatementImportId", int)
StatementLineId = NewType("StatementLineId", int)
DifferenceId = NewType("DifferenceId", int)
ReconciliationDayId = NewType("ReconciliationDayId", int)
PayLinkId = NewType("PayLinkId", int)
EndpointId = NewType("EndpointId", int)
OutboundId = NewType("OutboundId", int)
VoucherBatchId = NewType("VoucherBatchId", int)
MessageId = NewType("MessageId", int)
WebhookId = NewType("WebhookId", int)
AccountId = NewType("AccountId", int)
EntryId = NewType("EntryId", int)

InvoiceNumber = NewType("InvoiceNumber", str)
AccountNumber = NewType("AccountNumber", str)

ACCOUNT_PREFIX: Final = "BFX"
# Daraja, Lipa na M-Pesa: AccountReference holds at most 12 letters and digits. Three letters, eight
# digits and the check digit fill it.
LARGEST_ACCOUNT_SEQUENCE: Final = 99_999_999
_ACCOUNT_DIGITS_MIN: Final = 5

# H. M. Damm, "Total anti-symmetrische Quasigruppen" (2004): finds every single wrong digit and every
# swap of two neighbours, which are nearly all the slips of a thumb.
_DAMM: Final = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)

_DROPPED = re.compile(r"[\s\-/#.:_]+")
_ACCOUNT = re.compile(rf"(?:ACC|INV)*{ACCOUNT_PREFIX}([0-9]{{6,9}})")
_NEARLY_ACCOUNT = re.compile(rf"(?:ACC|INV)*(?:{ACCOUNT_PREFIX})?([0-9]{{5,10}})")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_TEXT = re.compile(r"[+0-9 ().\-/\u00a0]{7,30}")


def new_token(nbytes: int = 32) -> str:
    """Return a fresh secret of `nbytes` random bytes in hexadecimal."""
    return secrets.token_hex(nbytes)


def hash_token(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal: what is stored in place of the token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_account_number(sequence: int) -> AccountNumber:
    """Return the account number for `sequence`: "BFX", at least five digits, one check digit.

    At most 12 letters and digits. Raises ValueError outside 1 to `LARGEST_ACCOUNT_SEQUENCE`.
    """
    if not 1 <= sequence <= LARGEST_ACCOUNT_SEQUENCE:
        raise ValueError(f"sequence must be from 1 to {LARGEST_ACCOUNT_SEQUENCE}")
    digits = f"{sequence:0{_ACCOUNT_DIGITS_MIN}d}"
    return AccountNumber(f"{ACCOUNT_PREFIX}{digits}{_damm(digits)}")


def check_account_number(text: str) -> AccountNumber | None:
    """Return the account number that a person typed, or None when it is none or its check digit is wrong.

    Small letters, spaces and - / # . : _ are forgiven, and ACC or INV in front.
    """
    match = _ACCOUNT.fullmatch(_DROPPED.sub("", text).upper())
    if match is None:
        return None
    digits = match[1]
    sequence = int(digits[:-1])
    # Leading zeros do not change a Damm digit, so the whole number is made again and compared.
    if sequence < 1 or make_account_number(sequence) != ACCOUNT_PREFIX + digits:
        return None
    return AccountNumber(ACCOUNT_PREFIX + digits)


def account_slips(text: str) -> tuple[AccountNumber, ...]:
    """Return the account numbers that a person may have meant by one that is wrong in one place.

    One digit wrong, missing or too many, or two neighbours swapped; the check digit leaves few of them. Empty for a
    right number and for what does not look like one.
    """
    match = _NEARLY_ACCOUNT.fullmatch(_DROPPED.sub("", text).upper())
    if match is None or check_account_number(text) is not None:
        return ()
    digits = match[1]
    tried = dict.fromkeys(
        [digits[:i] + digit + digits[i + 1 :] for i in range(len(digits)) for digit in "0123456789"]
        + [digits[:i] + digits[i + 1] + digits[i] + digits[i + 2 :] for i in range(len(digits) - 1)]
        + [digits[:i] + digits[i + 1 :] for i in range(len(digits))]
        + [digits[:i] + digit + digits[i:] for i in range(len(digits) + 1) for digit in "0123456789"]
    )
    meant = (check_account_number(ACCOUNT_PREFIX + digits) for digits in tried)
    return tuple(dict.fromkeys(number for number in meant if number is not None))


def written_account(text: str) -> str:
    """Return how somebody wrote an account, without what is forgiven: what a confirmed match is remembered by."""
    return _DROPPED.sub("", text).upper()[:64]


def invoice_number(prefix: str, year: int, sequence: int) -> InvoiceNumber:
    """Return a printed number such as "INV-2026-00042". Raises ValueError for a sequence below 1."""
    if sequence < 1:
        raise ValueError("sequence must be at least 1")
    return InvoiceNumber(f"{prefix}-{year:04d}-{sequence:05d}")


@dataclass(frozen=True, slots=True, repr=False)
class PhoneNumber:
    """A phone number in E.164 ("+254712345126"); its repr is masked, so that no log shows it.

    Raises InvalidInput when it is not in that form; text from people goes through `parse_phone`.
    """

    e164: str

    def __post_init__(self) -> None:
        if _E164.fullmatch(self.e164) is None:
            raise InvalidInput("phone", "The phone number must be in international form, like +254712345678.")

    @property
    def msisdn(self) -> str:
        """Return the digits without the plus, as M-Pesa wants them: "254712345126"."""
        return self.e164[1:]

    @property
    def masked(self) -> str:
        """Return the number with its middle hidden: "+2547•••••126"."""
        return self.e164[:5] + "•" * max(len(self.e164) - 8, 0) + self.e164[-3:]

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of `msisdn` in hexadecimal, as Paybill confirmations carry the payer."""
        return hashlib.sha256(self.msisdn.encode()).hexdigest()

    def __str__(self) -> str:
        return self.e164

    def __repr__(self) -> str:
        return f"PhoneNumber({self.masked})"


def parse_phone(text: str, *, region: str = "KE", field: str = "phone") -> PhoneNumber:
    """Return the phone number that a person wrote, in national form of `region` or international form.

    Raises InvalidInput when it is not a number in use by the numbering plan.
    """
    import phonenumbers  # a large library: it comes with the first number, not with every start

    refused = InvalidInput(field, "This is not a phone number we can reach. Write it like 0712 345 678.")
    text = text.strip()
    if _PHONE_TEXT.fullmatch(text) is None:  # the library would read letters as keys of the phone
        raise refused
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as cause:
        raise refused from cause
    if not phonenumbers.is_valid_number(number):
        raise refused
    return PhoneNumber(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _damm(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim
