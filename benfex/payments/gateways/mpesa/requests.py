"""The bodies of Daraja's requests beyond the push: initiator APIs, standing orders, QR codes. Pure.

Source: payments reference, A8, A10 and A11; the spellings are the portal's. What comes back is in `results`.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from benfex.payments.gateway_events import StandingOrderRequest
from data.values.errors import InvalidInput

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

Body = dict[str, Any]
STATUS: Final = "/mpesa/transactionstatus/v1/query"
BALANCE: Final = "/mpesa/accountbalance/v1/query"
REVERSAL: Final = "/mpesa/reversal/v1/request"
PAYOUT: Final = "/mpesa/b2c/v3/paymentrequest"
ORDER: Final = "/standingorder/v1/createStandingOrderExternal"
CODE: Final = "/mpesa/qrcode/v1/generate"
PAYOUT_MINIMUM = 10
PAYOUT_MAXIMUM = 250_000

# The portal gave the frequencies other numbers in 2026 (payments reference, A10): a contract says which hold.
FREQUENCIES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "2025": {
            "daily": "2",
            "weekly": "3",
            "monthly": "4",
            "two_monthly": "5",
            "quarterly": "6",
            "half_yearly": "7",
            "yearly": "8",
        },
        "2026": {
            "daily": "2",
            "weekly": "3",
            "two_weekly": "4",
            "monthly": "5",
            "two_monthly": "6",
            "quarterly": "7",
            "half_yearly": "8",
            "yearly": "9",
        },
    }
)
_ORDER_TYPES = {
    ("2025", False): "Standing Order Customer Pay Bill",
    ("2025", True): "Standing Order Customer Pay Marchant",
    ("2026", False): "Standing Order Pay Bill External Third Party",
    ("2026", True): "Standing Order Pay Merchant External Third Party",
}
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Initiator:
    """Who asks for what only an operator of the organisation may: name, password and Safaricom's certificate."""

    name: str
    password: str = field(repr=False)
    certificate: str = field(repr=False)

    def credential(self) -> str:
        """Return the SecurityCredential: the raw password under PKCS#1 v1.5, then base64.

        Raises InvalidInput for a certificate that cannot be read.
        """
        from cryptography.hazmat.primitives.asymmetric import padding

        sealed = public_key(self.certificate).encrypt(self.password.encode(), padding.PKCS1v15())
        return base64.b64encode(sealed).decode()


def public_key(certificate: str) -> "RSAPublicKey":
    """Return the key in a certificate, given as PEM or its bare base64, lines broken or not.

    Its dates are not looked at: Safaricom's own ran out long ago (payments reference, A8). Raises InvalidInput.
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    key = _certificate(certificate).public_key()
    if not isinstance(key, RSAPublicKey):
        raise InvalidInput("certificate", "This certificate holds no RSA key.")
    return key


def runs_out_at(certificate: str) -> datetime:
    """Return when a certificate formally ends. Raises InvalidInput where there is none."""
    return _certificate(certificate).not_valid_after_utc


def _certificate(certificate: str) -> "Certificate":
    from cryptography import x509

    framed = _PEM.search(certificate)
    written = "".join((framed.group(1) if framed else certificate).split())
    try:
        return x509.load_der_x509_certificate(base64.b64decode(written, validate=True))
    except (ValueError, binascii.Error) as cause:
        raise InvalidInput(
            "certificate",
            "This is no certificate. Copy the whole file from the portal, both dashed lines too.",
        ) from cause


def status_request(
    initiator: Initiator, *, shortcode: str, result_url: str, receipt: str = "", conversation: str = ""
) -> Body:
    """Return the question about one transaction, by its receipt or by the id of its conversation."""
    named = {"TransactionID": receipt} if receipt else {"OriginalConversationID": conversation}
    return {
        "Initiator": initiator.name,
        "SecurityCredential": initiator.credential(),
        "CommandID": "TransactionStatusQuery",
        **named,
        "PartyA": shortcode,
        "IdentifierType": "4",
        **_addresses(result_url),
        "Remarks": "Status",
        "Occasion": "Status",
    }


def balance_request(initiator: Initiator, *, shortcode: str, result_url: str) -> Body:
    """Return the question what our accounts hold."""
    return {
        "Initiator": initiator.name,
        "SecurityCredential": initiator.credential(),
        "CommandID": "AccountBalance",
        "PartyA": shortcode,
        "IdentifierType": "4",
        **_addresses(result_url),
        "Remarks": "Balance",
    }


def reversal_request(
    initiator: Initiator, *, shortcode: str, receipt: str, amount: int, reason: str, result_url: str
) -> Body:
    """Return the demand that a customer's payment goes back whole; amounts are shillings."""
    return {
        "Initiator": initiator.name,
        "SecurityCredential": initiator.credential(),
        "CommandID": "TransactionReversal",
        "TransactionID": receipt,
        "Amount": amount,
        "ReceiverParty": shortcode,
        "RecieverIdentifierType": "11",  # the portal spells it so
        **_addresses(result_url),
        "Remarks": _remarks(reason),
    }


def payout_request(
    initiator: Initiator,
    *,
    shortcode: str,
    reference: str,
    msisdn: str,
    amount: int,
    reason: str,
    result_url: str,
) -> Body:
    """Return the payout to a phone. `reference` is ours: the same one is paid once (B2C v3)."""
    return {
        "OriginatorConversationID": reference,
        "InitiatorName": initiator.name,
        "SecurityCredential": initiator.credential(),
        "CommandID": "BusinessPayment",
        "Amount": amount,
        "PartyA": shortcode,
        "PartyB": msisdn,
        **_addresses(result_url),
        "Remarks": _remarks(reason),
        "Occassion": "Refund",  # the portal spells it so
    }


def order_request(request: StandingOrderRequest, *, capture: str, is_till: bool, receiver: str) -> Body:
    """Return the demand for a standing order. Raises InvalidInput for a frequency that M-Pesa does not know."""
    frequency = FREQUENCIES[capture].get(request.frequency)
    if frequency is None:
        raise InvalidInput("frequency", f"M-Pesa knows {', '.join(FREQUENCIES[capture])} here.")
    body = {
        "StandingOrderName": request.name[:50],
        "StartDate": request.starts_on.strftime("%Y%m%d"),
        "EndDate": request.ends_on.strftime("%Y%m%d"),
        "BusinessShortCode": receiver,
        "TransactionType": _ORDER_TYPES[capture, is_till],
        "ReceiverPartyIdentifierType": "2" if is_till else "4",
        "Amount": str(request.amount.minor // 100),
        "PartyA": request.payer_phone.msisdn,
        "CallBackURL": request.callback_url,
        "AccountReference": request.account_number[:12],
        "TransactionDesc": "Internet",
        "Frequency": frequency,
    }
    return body | ({"CustomStoId": request.reference} if capture == "2026" else {})


def code_request(*, business: str, account: str, amount: int, is_till: bool, receiver: str) -> Body:
    """Return the wish for a QR code that pays `amount` shillings for an account."""
    return {
        "MerchantName": business[:50],
        "RefNo": account[:12],
        "Amount": amount,
        "TrxCode": "BG" if is_till else "PB",
        "CPI": receiver,
        "Size": "300",
    }


def _addresses(result_url: str) -> Body:
    return {"ResultURL": result_url, "QueueTimeOutURL": f"{result_url}/late"}


def _remarks(reason: str) -> str:
    """Return two to a hundred plain letters, as the portal wants them."""
    plain = "".join(letter if letter.isalnum() and letter.isascii() else " " for letter in reason)
    return " ".join(plain.split())[:100].ljust(2, "-") if plain.strip() else "Refund"
