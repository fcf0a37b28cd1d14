"""Judge what knocks at the door of an unsigned gateway: may money come for this account, is the address known?

Nothing is booked here; how a delivery is kept and answered is in `webhooks`.
"""

from enum import StrEnum

from benfex.core.unit_of_work import Snapshot
from benfex.payments.addresses import is_listed, source_of
from benfex.payments.gateway import ValidationAsked, WebhookDelivery
from benfex.payments.matching import Clues, match_clues
from benfex.payments.policy import PaymentTerms, payment_terms
from data.queries import policy as policy_queries
from data.values.kinds import AddressCheck
from data.values.money import Money


class Verdict(StrEnum):
    """What is answered to the question whether money may come."""

    TAKE = "take"
    REFUSE = "refuse"
    NOT_LISTED = "not_listed"


def judge_question(snapshot: Snapshot, *, delivery: WebhookDelivery, question: ValidationAsked) -> Verdict:
    """Return whether money for an account may come; only an account that nobody has is refused, if so set."""
    terms = payment_terms(snapshot)
    if terms.address_check is AddressCheck.ENFORCE and stranger_of(terms, delivery) is not None:
        return Verdict.NOT_LISTED
    # A till has no accounts to ask about.
    if not terms.refuses_unknown_accounts or not question.account_reference:
        return Verdict.TAKE
    return Verdict.TAKE if _is_known(snapshot, question) else Verdict.REFUSE


def stranger_of(terms: PaymentTerms, delivery: WebhookDelivery) -> str | None:
    """Return the address a delivery came from when the list lacks it, None when it may come.

    An empty list shuts nobody out, nor does a delivery without an address.
    """
    if terms.address_check is AddressCheck.OFF or not terms.gateway_addresses or not delivery.peer:
        return None
    source = source_of(
        delivery.peer, delivery.headers.get("x-forwarded-for", ""), trusted=terms.trusted_proxies
    )
    return None if is_listed(source, terms.gateway_addresses) else source[:60]


def _is_known(snapshot: Snapshot, question: ValidationAsked) -> bool:
    """Return whether money would find its customer by what was typed."""
    profile = policy_queries.newest_profile(snapshot.session)
    currency = profile.currency if profile is not None else "KES"
    clues = Clues(question.amount or Money(0, currency), question.account_reference)
    return match_clues(snapshot, clues=clues).customer_id is not None
