"""The settings of M-Pesa: what is asked on screen, and what is made of it."""

from collections.abc import Mapping

from benfex.payments.gateway import SettingField
from benfex.payments.gateways.mpesa.client import CALLS_PER_SECOND, DarajaAccount
from benfex.payments.gateways.mpesa.requests import Initiator

PRODUCTION = "https://api.safaricom.co.ke"
_INITIATOR = {"initiator_name", "initiator_password", "certificate"}
SETTINGS = (
    SettingField(
        "kind",
        "Kind of number",
        is_required=False,
        choices=(("paybill", "Paybill"), ("till", "Till (Buy Goods)")),
    ),
    SettingField(
        "shortcode",
        "Paybill number",
        help="For a till: the store number (head office), not the till number.",
        pattern=r"\d{5,7}",
    ),
    SettingField(
        "till_number",
        "Till number",
        help="Only for a till.",
        is_required=False,
        pattern=r"\d{5,7}",
        needed_with=("kind", "till"),
    ),
    SettingField("consumer_key", "Consumer key", is_secret=True),
    SettingField("consumer_secret", "Consumer secret", is_secret=True),
    SettingField("passkey", "Lipa na M-Pesa passkey", is_secret=True),
    SettingField(
        "c2b_version",
        "Version of the Paybill messages",
        help="What the Daraja app was made for; older apps know v1 only.",
        is_required=False,
        choices=(("v2", "v2"), ("v1", "v1")),
    ),
    SettingField(
        "nominated_number",
        "Phone named for Pull Transactions",
        help="2547… as it stands on the portal.",
        is_required=False,
        pattern=r"254[17]\d{8}",
    ),
    SettingField(
        "initiator_name",
        "Initiator",
        help="An API operator of the organisation: for refunds, balances and single receipts.",
        is_required=False,
    ),
    SettingField("initiator_password", "Initiator's password", is_secret=True, is_required=False),
    SettingField(
        "certificate",
        "Safaricom's certificate",
        help="The whole file from the portal, for the same environment as the keys.",
        is_required=False,
        is_long=True,
    ),
    SettingField(
        "payout_shortcode",
        "Number that pays out",
        help="Only where payouts (B2C) have a shortcode of their own.",
        is_required=False,
        pattern=r"\d{5,7}",
    ),
    SettingField(
        "standing_orders",
        "Standing orders (Ratiba)",
        help="Needs a contract. The contract says which table of frequencies holds.",
        is_required=False,
        choices=(("", "Off"), ("2026", "Table of 2026 (4 is every two weeks)"), ("2025", "Table of 2025")),
    ),
    SettingField("business_name", "Name in QR codes", is_required=False),
)


def account_of(settings: Mapping[str, str]) -> DarajaAccount:
    """Return our account at Daraja. Raises KeyError naming what is missing."""
    is_till = settings.get("kind") == "till"
    return DarajaAccount(
        base_url=settings.get("base_url") or PRODUCTION,
        consumer_key=settings["consumer_key"],
        consumer_secret=settings["consumer_secret"],
        shortcode=settings["shortcode"],
        passkey=settings["passkey"],
        calls_per_second=int(settings.get("calls_per_second") or CALLS_PER_SECOND),
        till_number=settings["till_number"] if is_till else "",
        c2b_version="v1" if settings.get("c2b_version") == "v1" else "v2",
    )


def initiator_of(settings: Mapping[str, str]) -> Initiator | None:
    """Return the initiator, None while name, password or certificate is not set."""
    name, password = settings.get("initiator_name"), settings.get("initiator_password")
    certificate = settings.get("certificate")
    return Initiator(name, password, certificate) if name and password and certificate else None


def initiator_lacks(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Return the labels of what an initiator that is set in part still lacks; none where nothing or all is set."""
    parts = [field for field in SETTINGS if field.name in _INITIATOR]
    missing = [field for field in parts if not settings.get(field.name)]
    return tuple(field.label for field in missing) if len(missing) < len(parts) else ()
