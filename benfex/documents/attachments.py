"""The documents that go with e-mails: a new invoice travels as a PDF. What sends them is `notifications`."""

import structlog

from benfex.core.actors import SystemActor
from benfex.core.errors import ChannelUnavailable
from benfex.documents.printing import Documents
from benfex.notifications.channel import Attachment
from benfex.notifications.dispatching import ClaimedMessage
from data.values.errors import BenfexError
from data.values.identifiers import InvoiceId

_log = structlog.get_logger("documents")
_SYSTEM = SystemActor("messages")
_WITH_INVOICE = frozenset(("invoice_issued",))


class InvoiceAttachments:
    """Adds the invoice to the e-mail that tells of it; one that cannot be made does not hold the words back."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def __call__(self, message: ClaimedMessage) -> tuple[Attachment, ...]:
        """Return what goes with a message. Raises ChannelUnavailable when the printer has too much to do now."""
        invoice_id = dict(message.facts).get("invoice_id")
        if message.template not in _WITH_INVOICE or invoice_id is None:
            return ()
        try:
            printed = await self._documents.invoice(_SYSTEM, InvoiceId(int(invoice_id)))
        except BenfexError as cause:
            if cause.retryable:
                raise ChannelUnavailable("The invoice is being printed.") from cause
            _log.warning("invoice not attached", message=message.message_id, reason=cause.message)
            return ()
        return (Attachment(printed.file_name, "application/pdf", printed.content),)
