"""The texts that messages have until the ISP writes its own, and the facts that each may name.

E-mails are plain paragraphs; a line that is an address alone becomes a button. A text that is left empty means
that this message does not leave by that channel.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

# Facts that every message may name; the others are told by what happened.
COMMON: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "Amina Wanjiru",
        "account": "BFX10018",
        "isp": "Rift Valley Net",
        "support_phone": "0700 000 000",
        "pay_link": "https://billing.example/pay/4f1d",
    }
)


@dataclass(frozen=True, slots=True)
class DefaultText:
    """One kind of message. `facts` are its own, with samples for a preview.

    `waits_for_day`: it is held back at night. `chases`: it is not sent once its invoice is paid.
    """

    title: str
    subject: str
    email: str
    sms: str
    facts: Mapping[str, str]
    waits_for_day: bool = True
    chases: bool = False


_INVOICE: Final = {"number": "INV-2026-00042", "amount": "KES 2,500", "due_on": "30 Nov 2026"}
_CARD: Final = {
    "card": "Visa ending 4081",
    "amount": "KES 2,500",
    "what": "invoice INV-2026-00042",
    "number": "INV-2026-00042",
    "reason": "The payment did not go through: Declined",
}
_OUTAGE: Final = {
    "router": "nakuru-core",
    "site": "Nakuru",
    "since": "30 Nov 14:05",
    "reason": "No answer within 10 seconds.",
    "lines": "61",
    "duration": "2 h 5 min",
}
_DATA: Final = {
    "plan": "Home 10",
    "percent": "80",
    "data": "200 GB",
    "left": "40 GB",
    "consequence": "You stay online, more slowly, until your next period or until you buy more data.",
}
_FOOT: Final = "\n\n{{ isp }}{% if support_phone %} · {{ support_phone }}{% endif %}"

DEFAULTS: Final[Mapping[str, DefaultText]] = MappingProxyType(
    {
        "invoice_issued": DefaultText(
            "Invoice issued",
            "Invoice {{ number }}: {{ amount }} by {{ due_on }}",
            "Hello {{ name }},\n\nyour invoice {{ number }} is ready: {{ amount }}, to be paid by {{ due_on }}."
            "\n\n{{ pay_link }}\n\nPaying by Paybill? Your account number is {{ account }}." + _FOOT,
            "{{ isp }}: invoice {{ number }}, {{ amount }} due {{ due_on }}. Pay: {{ pay_link }}",
            _INVOICE,
        ),
        "payment_received": DefaultText(
            "Payment received (receipt)",
            "We received {{ amount }}",
            "Hello {{ name }},\n\nthank you. We received {{ amount }} by {{ method }}, reference {{ receipt }}."
            "\n\n{{ balance }}" + _FOOT,
            "{{ isp }}: received {{ amount }} by {{ method }}, ref {{ receipt }}. {{ balance }}",
            {
                "amount": "KES 2,500",
                "method": "M-Pesa",
                "receipt": "TKN4QX71SV",
                "balance": "Nothing is left to pay.",
            },
            waits_for_day=False,
        ),
        "card_failed": DefaultText(
            "Saved card: a charge did not work",
            "{{ card }} did not pay {{ amount }}",
            "Hello {{ name }},\n\nwe tried to charge {{ amount }} for {{ what }} to {{ card }}, as you "
            "agreed. {{ reason }}\n\nWe try again tomorrow. To pay now:\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: {{ card }} did not pay {{ amount }} for {{ what }}. Next try tomorrow. Pay: {{ pay_link }}",
            _CARD,
            chases=True,
        ),
        "card_stopped": DefaultText(
            "Saved card: it failed too often and is let be",
            "{{ card }} does not pay your bills any more",
            "Hello {{ name }},\n\n{{ card }} did not pay {{ amount }} for {{ what }}, for the third time. "
            "{{ reason }}\n\nWe do not charge it any more. Pay with another card, or switch it on again in the "
            "portal.\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: {{ card }} failed 3 times and is not charged any more. {{ amount }} is open. Pay: "
            "{{ pay_link }}",
            _CARD,
        ),
        "card_confirm": DefaultText(
            "Saved card: the bank wants its owner",
            "Confirm {{ amount }} with your bank",
            "Hello {{ name }},\n\nyour bank wants you to confirm the charge of {{ amount }} to {{ card }} for "
            "{{ what }}.\n\n{{ confirm_link }}" + _FOOT,
            "{{ isp }}: confirm {{ amount }} for {{ what }} with your bank: {{ confirm_link }}",
            {**_CARD, "confirm_link": "https://checkout.paystack.com/3ni8kdavz62431k"},
            chases=True,
        ),
        "reminder_before_due": DefaultText(
            "Reminder before the due date",
            "{{ amount }} is due on {{ due_on }}",
            "Hello {{ name }},\n\na friendly reminder: invoice {{ number }} over {{ amount }} is due on {{ due_on }}."
            "\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: {{ amount }} ({{ number }}) is due {{ due_on }}. Pay: {{ pay_link }}",
            {**_INVOICE, "days": "3"},
            chases=True,
        ),
        "reminder_due": DefaultText(
            "Reminder on the due date",
            "{{ amount }} is due today",
            "Hello {{ name }},\n\ninvoice {{ number }} over {{ amount }} is due today.\n\n{{ pay_link }}"
            + _FOOT,
            "{{ isp }}: {{ amount }} ({{ number }}) is due today. Pay: {{ pay_link }}",
            {**_INVOICE, "days": "0"},
            chases=True,
        ),
        "reminder_overdue": DefaultText(
            "Reminder after the due date",
            "{{ amount }} is overdue",
            "Hello {{ name }},\n\ninvoice {{ number }} was due on {{ due_on }}, and {{ amount }} is still open. "
            "Please pay soon, so that your internet stays on.\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: {{ amount }} ({{ number }}) is {{ days }} days overdue. Pay: {{ pay_link }}",
            {**_INVOICE, "days": "3"},
            chases=True,
        ),
        "payment_prompt": DefaultText(
            "Reminder with an offer to pay at once",
            "Pay {{ amount }} in one minute",
            "Hello {{ name }},\n\n{{ amount }} is open on invoice {{ number }}. Open the link, and we send the request"
            " to your phone: one PIN, and it is paid.\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: {{ amount }} is open. Tap, enter your PIN, done: {{ pay_link }}",
            {**_INVOICE, "days": "1"},
            chases=True,
        ),
        "data_warning": DefaultText(
            "Data nearly used",
            "{{ percent }}% of your data is used",
            "Hello {{ name }},\n\n{{ percent }}% of the {{ data }} of {{ plan }} is used; {{ left }} are left for this "
            "period." + _FOOT,
            "{{ isp }}: {{ percent }}% of your {{ data }} is used, {{ left }} left for this period.",
            _DATA,
        ),
        "data_used_up": DefaultText(
            "Data used up",
            "Your {{ data }} are used up",
            "Hello {{ name }},\n\nthe {{ data }} of {{ plan }} are used up. {{ consequence }}" + _FOOT,
            "{{ isp }}: your {{ data }} are used up. {{ consequence }}",
            _DATA,
        ),
        "throttled": DefaultText(
            "Service slowed down",
            "Your internet is slower until {{ amount }} is paid",
            "Hello {{ name }},\n\ninvoice {{ number }} is {{ days }} days overdue, so your internet is slower now. "
            "As soon as {{ amount }} is paid it is fast again, by itself.\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: your internet is slowed until {{ amount }} is paid: {{ pay_link }}",
            {**_INVOICE, "days": "5"},
            chases=True,
        ),
        "suspended": DefaultText(
            "Service suspended",
            "Your internet is off until {{ amount }} is paid",
            "Hello {{ name }},\n\n{{ amount }} is overdue, so your internet is off for now. "
            "Pay, and it is back within seconds.\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: your internet is off until {{ amount }} is paid. Pay and it is back: {{ pay_link }}",
            {**_INVOICE, "days": "7"},
            chases=True,
        ),
        "restored": DefaultText(
            "Service restored",
            "Your internet is back",
            "Hello {{ name }},\n\nyour internet is back on. Thank you!" + _FOOT,
            "{{ isp }}: your internet is back on. Thank you!",
            {},
            waits_for_day=False,
        ),
        "late_fee": DefaultText(
            "Late fee charged",
            "A late fee of {{ fee }}",
            "Hello {{ name }},\n\ninvoice {{ number }} is {{ days }} days overdue. As agreed we charged a late fee of "
            "{{ fee }}; {{ amount }} is open in all.\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: late fee {{ fee }} on {{ number }}. Open: {{ amount }}. Pay: {{ pay_link }}",
            {**_INVOICE, "days": "10", "fee": "KES 200"},
            chases=True,
        ),
        "ended": DefaultText(
            "Service ended",
            "Your service has ended",
            "Hello {{ name }},\n\nsince {{ amount }} stayed unpaid your service has ended, and nothing more is "
            "charged for it. Call us if you want it back." + _FOOT,
            "{{ isp }}: your service has ended because {{ amount }} stayed unpaid. Call {{ support_phone }}.",
            {**_INVOICE, "days": "30"},
        ),
        "promise_made": DefaultText(
            "Promise to pay noted",
            "You promised to pay by {{ until_on }}",
            "Hello {{ name }},\n\nthank you for telling us. Your internet stays on until {{ until_on }}; please pay "
            "{{ amount }} by then.\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: noted, you pay {{ amount }} by {{ until_on }}. Your internet stays on until then.",
            {"amount": "KES 2,500", "until_on": "5 Dec 2026"},
            waits_for_day=False,
        ),
        "prepaid_expiring": DefaultText(
            "Prepaid time runs out soon",
            "Your internet runs until {{ expires_at }}",
            "Hello {{ name }},\n\nyour {{ service }} runs until {{ expires_at }}. {{ amount }} keeps it on."
            "\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: your {{ service }} runs until {{ expires_at }}. Keep it on for {{ amount }}: {{ pay_link }}",
            {"service": "Home 10", "expires_at": "30 Nov 18:00", "amount": "KES 2,500"},
        ),
        "prepaid_expired": DefaultText(
            "Prepaid time has run out",
            "Your internet time is over",
            "Hello {{ name }},\n\nyour {{ service }} ended at {{ expires_at }}. {{ amount }} brings it back."
            "\n\n{{ pay_link }}" + _FOOT,
            "{{ isp }}: your {{ service }} ended. {{ amount }} brings it back: {{ pay_link }}",
            {"service": "Home 10", "expires_at": "30 Nov 18:00", "amount": "KES 2,500"},
        ),
        "refund_sent": DefaultText(
            "Refund paid out",
            "We sent {{ amount }} back to you",
            "Hello {{ name }},\n\nwe sent {{ amount }} of your payment {{ payment }} back to you by {{ method }}"
            "{% if receipt %}, reference {{ receipt }}{% endif %}." + _FOOT,
            "{{ isp }}: we sent {{ amount }} back to you by {{ method }}"
            "{% if receipt %}, ref {{ receipt }}{% endif %}.",
            {"amount": "KES 500", "method": "M-Pesa", "receipt": "TKN4QX72AB", "payment": "TKN4QX71SV"},
            waits_for_day=False,
        ),
        "payment_taken_back": DefaultText(
            "Payment taken back by the bank",
            "Your payment of {{ amount }} was taken back",
            "Hello {{ name }},\n\n{{ amount }} of your {{ method }} payment {{ payment }} was taken back, so that "
            "{{ owed }} is open. Your internet stays on until {{ until_on }}; please pay by then.\n\n{{ pay_link }}"
            + _FOOT,
            "{{ isp }}: your payment of {{ amount }} was taken back. {{ owed }} is open, please pay by {{ until_on }}: "
            "{{ pay_link }}",
            {
                "amount": "KES 2,500",
                "method": "Paystack",
                "payment": "2009945086",
                "owed": "KES 2,500",
                "until_on": "30 Nov 2026",
            },
        ),
        "refund_waits": DefaultText(
            "Refund waits for approval, for staff",
            "{{ amount }} waits for your word",
            "Hello,\n\n{{ asked_by }} asks to give {{ amount }} back to {{ customer }} ({{ customer_account }}): "
            "{{ reason }}\n\nAnother member of staff than {{ asked_by }} has to approve or decline it, in the console "
            "under Refunds.\n\n{{ isp }}",
            "",
            {
                "amount": "KES 12,000",
                "asked_by": "Njeri",
                "customer": "Amina Wanjiru",
                "customer_account": "BFX10018",
                "reason": "Paid twice",
            },
            waits_for_day=False,
        ),
        "refund_failed": DefaultText(
            "Refund failed, for staff",
            "A refund of {{ amount }} failed",
            "Hello,\n\n{{ amount }} could not be given back to {{ customer }} ({{ customer_account }}) by "
            "{{ method }}: {{ why }}\n\nThe money is their credit again. Find another way to give it back, in the "
            "console under Refunds.\n\n{{ isp }}",
            "",
            {
                "amount": "KES 500",
                "method": "M-Pesa",
                "why": "The recipient is not registered.",
                "customer": "Amina Wanjiru",
                "customer_account": "BFX10018",
            },
            waits_for_day=False,
        ),
        "dispute_opened": DefaultText(
            "Payment disputed, for staff",
            "A payer disputes {{ amount }}",
            "Hello,\n\na payer asked their bank for {{ amount }} of {{ method }} payment {{ payment }} back"
            "{% if reason %}: {{ reason }}{% endif %}.\n\n{% if due_on %}Without an answer by {{ due_on }} the money "
            "is lost. {% endif %}See the console under Refunds, Disputes.\n\n{{ isp }}",
            "",
            {
                "amount": "KES 2,500",
                "method": "Paystack",
                "payment": "2009945086",
                "reason": "fraud",
                "due_on": "30 Nov 2026",
            },
            waits_for_day=False,
        ),
        "router_down": DefaultText(
            "Router does not answer, for staff",
            "{{ router }} does not answer",
            "Hello,\n\n{{ router }}{% if site %} at {{ site }}{% endif %} has not answered since {{ since }}: "
            "{{ reason }}\n\n{{ lines }} lines are on it. You are told when it is back.\n\n{{ isp }}",
            "",
            _OUTAGE,
            waits_for_day=False,
        ),
        "router_back": DefaultText(
            "Router answers again, for staff",
            "{{ router }} answers again",
            "Hello,\n\n{{ router }}{% if site %} at {{ site }}{% endif %} answers again. It was away for "
            "{{ duration }}.\n\n{{ isp }}",
            "",
            _OUTAGE,
            waits_for_day=False,
        ),
        "configuration_changed": DefaultText(
            "Router was changed by somebody else, for staff",
            "{{ router }} was changed",
            "Hello,\n\nthe configuration of {{ router }} is not what it was at the last backup, and Benfex did not "
            "change it: {{ added }} lines came, {{ removed }} went. What exactly is on the router's page under "
            "Backups.\n\n{{ isp }}",
            "",
            {"router": "nakuru-core", "added": "2", "removed": "1"},
            waits_for_day=False,
        ),
        "outage_credited": DefaultText(
            "Outage credited",
            "{{ amount }} credited for an outage",
            "Hello {{ name }},\n\nour network was down for {{ duration }} on {{ day }}. {{ amount }} is credited to "
            "your account for it." + _FOOT,
            "{{ isp }}: {{ amount }} is credited to you for {{ duration }} without service on {{ day }}.",
            {"amount": "KES 42", "duration": "12 h 5 min", "day": "30 Nov 2026"},
        ),
        "rehearsal": DefaultText(
            "Tomorrow's bill run, for the owner",
            "Tomorrow's bill run: {{ day }}",
            "Hello {{ name }},\n\nthis is what {{ day }} will bring:\n\n{{ summary }}\n\n{{ isp }}",
            "",
            {"day": "1 Dec 2026", "summary": "412 invoices over KES 1,030,000, 9 suspensions."},
            waits_for_day=False,
        ),
    }
)
