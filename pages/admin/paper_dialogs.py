"""Questions before a document is made: which days a statement is of, what a quote is for."""

from datetime import date

from nicegui import ui

from benfex.documents.proformas import ProformaScope
from components.data_table import RowAction
from components.dialogs import form_dialog
from components.form import Form, Values
from data.values.errors import InvalidInput
from data.values.identifiers import CustomerId
from data.values.periods import add_months

_SCOPES = {
    ProformaScope.NEXT_PERIOD.value: "What is owed, and the next period",
    ProformaScope.BACK_ONLINE.value: "What brings the service back",
}


RECEIPT = RowAction(
    "receipt", "Receipt", "printer", lambda key: ui.navigate.to(f"/documents/receipts/{key}.pdf")
)


def open_statement(customer_id: CustomerId, *, today: date) -> None:
    """Ask for the days of a statement, then download it."""

    async def make(values: Values) -> None:
        first, last = (_day(values, field) for field in ("first_on", "last_on"))
        if last < first:
            raise InvalidInput("last_on", "The last day must not be before the first.")
        dialog.close()
        ui.navigate.to(f"/documents/statements/{customer_id}.pdf?first_on={first}&last_on={last}")

    with form_dialog("Statement of account") as dialog, Form(make) as form:
        with form.pair():
            form.date("first_on", "From", add_months(today, -2, 1).isoformat())
            form.date("last_on", "To", today.isoformat())
        form.submit("Download PDF")


def open_proforma(customer_id: CustomerId) -> None:
    """Ask what a quote is for, then download it."""

    async def make(values: Values) -> None:
        dialog.close()
        ui.navigate.to(f"/documents/proformas/{customer_id}.pdf?scope={values['scope']}")

    words = "A quote to pay by. It has no number and books nothing."
    with form_dialog("Proforma", words) as dialog, Form(make) as form:
        form.choice("scope", "For", _SCOPES, ProformaScope.NEXT_PERIOD.value)
        form.submit("Download PDF")


def _day(values: Values, field: str) -> date:
    try:
        return date.fromisoformat(values[field])
    except ValueError as cause:
        raise InvalidInput(field, "Choose a day.") from cause
