"""Say which column of a bank's file means what, with the first rows of the file in sight."""

from collections.abc import Awaitable, Callable

from benfex.application import Benfex
from benfex.payments.bank_files import MEANINGS, BankMapping, Sample, columns_of, mapping_of
from benfex.payments.bank_mappings import save_mapping
from components.data_table import Column, DataTable, Row, TableQuery
from components.elements import body, card
from components.feedback import note, toast_ok
from components.form import Form, Values
from pages.dependencies import SignedInStaff

_LABELS = {
    "date": "Date",
    "amount_in": "Money in",
    "amount_out": "Money out",
    "reference": "The bank's number of the transaction",
    "details": "Details",
    "account": "Account that was typed",
    "payer": "Payer's name",
    "phone": "Payer's phone",
    "balance": "Balance",
    "fee": "Fee",
}
_HINTS = {
    "amount_out": "The same column, if amounts out have a minus.",
    "reference": "Only if each transaction has one of its own. Without it rows are told apart by what they say.",
}
_NEEDED = ("date", "amount_in")
_ORDERS = {"day": "Day first: 31/12/2026", "month": "Month first: 12/31/2026"}
_CELLS_MAX = 12


class StatementColumns:
    """A card with a form; `done` gets the bank's name once its columns are kept."""

    def __init__(
        self,
        benfex: Benfex,
        staff: SignedInStaff,
        sample: Sample,
        done: Callable[[str], Awaitable[None]],
        *,
        name: str = "",
        mapping: BankMapping | None = None,
    ) -> None:
        self._benfex, self._staff, self._done = benfex, staff, done
        known = mapping or sample.mapping
        with card("Which column is what?", note="Remembered for this bank"), body("bf-stack"):
            if sample.is_ambiguous and mapping is None:
                note("Every date of this file can be read two ways. Say which comes first.", tone="warn")
            with Form(self._save) as form:
                form.text("name", "Bank", name, hint="What you call it, such as Equity.")
                _ask(form, sample, known)
                form.choice("order", "Dates", _ORDERS, "day" if known is None or known.day_first else "month")
                form.submit("Remember and go on")

    async def _save(self, values: Values) -> None:
        columns = {meaning: values[meaning] or "" for meaning in MEANINGS}
        mapping = mapping_of(columns, day_first=values["order"] == "day")
        await self._benfex.transact(
            save_mapping, await self._staff.fresh(), name=values["name"], mapping=mapping
        )
        toast_ok(f"The columns of {values['name']} are remembered.")
        await self._done(values["name"])


def _ask(form: Form, sample: Sample, known: BankMapping | None) -> None:
    columns = columns_of(sample)
    meanings = list(_LABELS)
    for start in range(0, len(meanings), 2):
        with form.pair():
            for meaning in meanings[start : start + 2]:
                chosen = getattr(known, meaning) if known is not None else ""
                needed = meaning in _NEEDED
                form.choice(
                    meaning,
                    _LABELS[meaning],
                    columns if needed else {"": "Not in the file", **columns},
                    chosen if chosen in columns else (None if needed else ""),
                    required=needed,
                    hint=_HINTS.get(meaning, ""),
                )


async def show_sample(sample: Sample) -> None:
    """Create a table of the first rows of a file."""
    columns = tuple(
        Column(f"c{place}", cell or "—", "note") for place, cell in enumerate(sample.header[:_CELLS_MAX])
    )

    async def fetch(_: TableQuery) -> tuple[list[Row], int]:
        rows: list[Row] = []
        for number, cells in enumerate(sample.rows):
            shown = {f"c{place}": cell for place, cell in enumerate(cells[:_CELLS_MAX])}
            rows.append({"id": str(number)} | {column.name: shown.get(column.name, "") for column in columns})
        return rows, len(rows)

    table = DataTable(
        columns, fetch, label="First rows", title="The first rows of the file", sort="", size=10
    )
    await table.refresh()
