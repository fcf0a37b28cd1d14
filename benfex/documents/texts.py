"""The words on documents that the ISP may write itself: what they start with, and saving other ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.templates import TemplateRefused, check_template, fill_template
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.message import MessageTemplate
from data.queries import documents as document_queries
from data.values.errors import InvalidInput
from data.values.kinds import MessageChannel
from data.values.roles import Permission

_ISP: Final = ("isp_name", "isp_phone", "isp_email")


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A text that may be changed: where it stands, which facts it may hold, and what it starts with."""

    where: str
    facts: tuple[str, ...]
    default: str


DOCUMENT_TEXTS: Final[Mapping[str, DocumentText]] = MappingProxyType(
    {
        "invoice_line": DocumentText(
            "each line of an invoice or credit note",
            ("description", "first_day", "last_day", "days"),
            "{{ description }}",
        ),
        "invoice_footer": DocumentText(
            "under an invoice",
            (*_ISP, "customer_name", "account_number", "number", "amount_due", "due_on"),
            "Thank you for being with {{ isp_name }}."
            "{% if isp_phone %} Questions about this invoice? Call {{ isp_phone }}.{% endif %}",
        ),
        "credit_note_footer": DocumentText(
            "under a credit note",
            (*_ISP, "customer_name", "account_number", "number"),
            "The amount was taken off what you owe, or is kept for your next invoice.",
        ),
        "receipt_footer": DocumentText(
            "under a receipt",
            (*_ISP, "customer_name", "account_number", "number"),
            "Thank you. We received your payment.",
        ),
        "statement_footer": DocumentText(
            "under a statement of account",
            (*_ISP, "customer_name", "account_number"),
            "Please tell us within 14 days if something here is not as you know it."
            "{% if isp_phone %} Call {{ isp_phone }}.{% endif %}",
        ),
        "proforma_footer": DocumentText(
            "under a proforma",
            (*_ISP, "customer_name", "account_number", "amount_due"),
            "This is a quote and no invoice. An invoice follows when the charge falls due.",
        ),
        "voucher_card": DocumentText(
            "on each voucher", _ISP, "{% if isp_phone %}Help: {{ isp_phone }}{% endif %}"
        ),
    }
)


_SAMPLES: Final = {
    "isp_name": "Rift Valley Net",
    "isp_phone": "0712 345 678",
    "isp_email": "billing@example.com",
    "customer_name": "Amina Wanjirũ",
    "account_number": "BFX000014",
    "number": "INV-2026-00042",
    "amount_due": "KES 2,500.00",
    "due_on": "2 Dec 2026",
    "description": "Home 10",
    "first_day": "25 Nov 2026",
    "last_day": "24 Dec 2026",
    "days": "30",
}


@dataclass(frozen=True, slots=True)
class DocumentTextView:
    """A text as the settings show it: what is in force, and whether it is the ISP's own."""

    code: str
    where: str
    facts: tuple[str, ...]
    body: str
    is_own: bool


def document_texts(snapshot: Snapshot) -> tuple[DocumentTextView, ...]:
    """Return all texts of documents in English, in the order of `DOCUMENT_TEXTS`."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    found = []
    for code, text in DOCUMENT_TEXTS.items():
        row = document_queries.newest_text(snapshot.session, code=code, language="en")
        body = row.body if row is not None else text.default
        found.append(DocumentTextView(code, text.where, text.facts, body, row is not None))
    return tuple(found)


def preview_document_text(code: str, body: str) -> str:
    """Return a text filled with sample facts. Raises TemplateRefused saying what is wrong with it."""
    facts = DOCUMENT_TEXTS[code].facts
    check_template(body, facts=facts)
    return fill_template(body, {name: _SAMPLES[name] for name in facts})


def document_text(
    snapshot: Snapshot, code: str, *, language: str = "en", until: datetime | None = None
) -> str:
    """Return the template of a text: the one in force at an instant, in the language or else in English."""
    for spoken in dict.fromkeys((language, "en")):
        row = document_queries.newest_text(snapshot.session, code=code, language=spoken, until=until)
        if row is not None:
            return row.body
    return DOCUMENT_TEXTS[code].default


def fill_text(code: str, template: str, facts: Mapping[str, str]) -> str:
    """Return the text with its facts; when a stored one cannot be filled, the one that comes with Benfex."""
    try:
        return fill_template(template, facts)
    except TemplateRefused:
        return fill_template(DOCUMENT_TEXTS[code].default, facts)


def save_document_text(uow: UnitOfWork, *, code: str, body: str, language: str = "en") -> None:
    """Put another text in force. Documents issued before keep the former one. Raises InvalidInput."""
    require(uow.actor, Permission.EDIT_PROFILE)
    text = DOCUMENT_TEXTS.get(code)
    if text is None:
        raise InvalidInput("code", "There is no such text.")
    if not language.isalpha() or len(language) > 8:
        raise InvalidInput("language", "Write the language as two letters, such as en or sw.")
    check_template(body, facts=text.facts)
    before = document_queries.newest_text(uow.session, code=code, language=language)
    row = MessageTemplate(
        code=code,
        channel=MessageChannel.DOCUMENT,
        language=language,
        version=before.version + 1 if before else 1,
        body=body.strip(),
        saved_by=name_of(uow.actor),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    record_audit(uow, action="save", entity="message_template", entity_id=row.id, changes={"code": code})
