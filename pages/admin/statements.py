"""Statements that come as files: choose whose, look at what would be booked and why, then book it."""

from collections.abc import Awaitable, Callable

from nicegui import events, ui

from benfex.application import Benfex
from benfex.core.policy import current_terms
from benfex.payments.bank_files import BYTES_MAX, read_table, sample_of
from benfex.payments.bank_mappings import banks, find_bank
from benfex.payments.gateway import name_of_gateway
from benfex.payments.registry import STATEMENT_FILES
from benfex.payments.statement_booking import PreviewRow, RowOutcome
from benfex.payments.statement_imports import (
    ImportOutcome,
    ImportRecord,
    Preview,
    StatementUpload,
    list_imports,
)
from benfex.payments.statement_likeness import SamenessWord
from components.avatar import who_cell
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery, TableTab
from components.elements import body, box, button, card, text
from components.feedback import Note, Progress, action_button, note, toast_error
from components.moments import say_exactly, say_when
from components.money import money_cell
from components.status_badge import Look, status_cell
from data.values.errors import BenfexError, InvalidInput
from data.values.roles import Permission
from pages.admin.lists import page_request
from pages.admin.phrases import say_count
from pages.admin.shell import console
from pages.admin.statement_columns import StatementColumns, show_sample
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_ANOTHER = "another bank"
_ROWS = (
    Column("who", "From", "who"),
    Column("at", "Day", "note"),
    Column("why", "Why", "note"),
    Column("status", "What happens", "badge"),
    Column("amount", "Amount", "money"),
)
_IMPORTS = (
    Column("bank", "Bank", "text"),
    Column("file", "File", "note"),
    Column("at", "Imported", "note"),
    Column("by", "By", "note", on_card=False),
    Column("lines", "Rows", "number", on_card=False),
    Column("booked", "Booked", "number"),
)
_LOOKS = {
    RowOutcome.BOOK: Look("Books", "ok", "circle-check"),
    RowOutcome.WAIT: Look("Books, then waits", "warn", "hourglass"),
    RowOutcome.ASK: Look("Asks you", "accent", "circle-help"),
    RowOutcome.KNOWN: Look("Known before", "mute", "check"),
    RowOutcome.OUT: Look("Money out", "mute", "circle-slash"),
    RowOutcome.REFUSED: Look("Refused", "bad", "circle-x"),
}


@screen("/admin/statements")
async def statements(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show where a statement is handed over, and those that were."""
    with console(
        benfex,
        staff,
        title="Statements",
        active="/admin/statements",
        need=Permission.MATCH_PAYMENTS,
        subtitle="CSV files of banks and of M-Pesa",
    ):
        zone = (await benfex.read(current_terms, staff.actor)).timezone
        await _Import(benfex, staff, zone).build()


class _Import:
    """The page: the file, then its columns or its preview, then what was done; and the files before."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, zone: str) -> None:
        self._benfex, self._staff, self._zone = benfex, staff, zone
        self._content, self._file_name = b"", ""
        self._day_first: bool | None = None
        self._words: dict[str, SamenessWord] = {}

    async def build(self) -> None:
        """Create the page."""
        with card("Read a statement", note="At most 10 MB"), body("bf-stack"):
            text(
                "Nothing is booked before you have seen what would be. The same file twice books once.",
                "bf-sub",
            )
            self._bank = _choice("Whose statement", await self._options(), "mpesa")
            self._upload = ui.upload(
                on_upload=self._take,
                on_rejected=lambda: toast_error("The file must be a CSV of at most 10 MB."),
                auto_upload=True,
                max_file_size=BYTES_MAX,
                max_files=1,
            )
            self._upload.props('accept=".csv,.txt,text/csv,text/plain"').classes("hidden").mark("file")
            with box("bf-line"):
                choose = button("Choose file", icon="upload")
                # In the browser, since a choice of files opens only in answer to a click.
                choose.on("click", js_handler=f"() => getElement({self._upload.id}).$refs.qRef.pickFiles()")
        self._stage = box("bf-stack")
        await self._build_history()

    async def _options(self) -> dict[str, str]:
        found = await self._benfex.read(banks, await self._staff.fresh())
        return {bank.name: bank.label for bank in found} | {_ANOTHER: "Another bank"}

    async def _build_history(self) -> None:
        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            page = await self._benfex.read(
                list_imports, await self._staff.fresh(), request=page_request(query)
            )
            return [self._import_row(row) for row in page.rows], page.total

        self._history = DataTable(
            _IMPORTS,
            fetch,
            label="Imported files",
            title="Imported files",
            sort="",
            size=10,
            empty=Empty("No file yet", "Files that were booked are listed here.", "upload"),
        )
        await self._history.refresh()

    async def _take(self, event: events.UploadEventArguments) -> None:
        if event.file.size() > BYTES_MAX:
            toast_error("The file is larger than 10 MB. Export a shorter time.")
            return
        self._content, self._file_name = await event.file.read(), event.file.name
        self._day_first, self._words = None, {}
        self._upload.reset()
        await self._go_on()

    async def _go_on(self) -> None:
        """Show what would be booked, or ask what is not known yet."""
        try:
            if self._bank.value == _ANOTHER:
                await self._ask_columns()
            else:
                await self._preview()
        except InvalidInput as error:
            if error.field == "day_first":
                self._ask_order(error.message)
            else:
                self._refuse(error.message, change=self._bank.value != _ANOTHER)
        except BenfexError as error:
            self._refuse(error.message)

    async def _ask_columns(self) -> None:
        sample = sample_of(read_table(self._content))
        self._stage.clear()
        with self._stage:
            await show_sample(sample)
            StatementColumns(self._benfex, self._staff, sample, self._use)

    async def _use(self, name: str) -> None:
        """Go on with a bank whose columns were just said."""
        options = await self._options()
        kept = next((key for key in options if key.casefold() == " ".join(name.split()).casefold()), name)
        self._bank.set_options(options, value=kept)
        await self._go_on()

    async def _change_columns(self) -> None:
        try:
            bank = await self._benfex.read(find_bank, await self._staff.fresh(), name=self._bank.value)
            sample = sample_of(read_table(self._content))
        except BenfexError as error:
            toast_error(error.message)
            return
        self._stage.clear()
        with self._stage:
            await show_sample(sample)
            StatementColumns(
                self._benfex, self._staff, sample, self._use, name=bank.name, mapping=bank.mapping
            )

    def _ask_order(self, words: str) -> None:
        async def choose(day_first: bool) -> None:
            self._day_first = day_first
            await self._go_on()

        self._stage.clear()
        with self._stage, card("How are dates written?"), body("bf-stack"):
            text(words, "bf-sub")
            with box("bf-line"):
                button("Day first: 31/12/2026", lambda: choose(True), kind="ghost")
                button("Month first: 12/31/2026", lambda: choose(False), kind="ghost")

    def _refuse(self, words: str, *, change: bool = False) -> None:
        self._stage.clear()
        with self._stage:
            note(words, tone="bad", symbol="circle-alert")
            if change and self._bank.value not in STATEMENT_FILES:
                button("Change the columns", self._change_columns, kind="ghost")

    def _file(self) -> StatementUpload:
        return StatementUpload(
            str(self._bank.value), self._file_name, self._content, self._day_first, self._words
        )

    async def _preview(self) -> None:
        self._stage.clear()
        with self._stage:
            progress = Progress("Looking at the file")
        found = await self._benfex.statements.preview(
            await self._staff.fresh(), self._file(), progress=progress.set
        )
        self._stage.clear()
        with self._stage:
            shown = _PreviewCard(
                found, self._file_name, self._zone, self._apply, self._change_columns, self._answer
            )
        await shown.load()

    async def _answer(self, number: str, word: SamenessWord) -> None:
        """Keep a person's word on a row, and look at the file again with it."""
        self._words[number] = word
        await self._go_on()

    async def _apply(self, progress: Progress) -> ImportOutcome:
        outcome = await self._benfex.statements.apply(
            await self._staff.fresh(), self._file(), progress=progress.set
        )
        await self._history.refresh()
        return outcome

    def _import_row(self, row: ImportRecord) -> Row:
        now = self._benfex.clock.now()
        return {
            "id": str(row.id),
            "bank": name_of_gateway(row.bank) if row.bank in STATEMENT_FILES else row.bank,
            "file": row.file_name,
            "at": say_when(row.imported_at, now=now, timezone=self._zone),
            "at_title": say_exactly(row.imported_at, timezone=self._zone),
            "by": row.imported_by,
            "lines": f"{row.lines:,}",
            "booked": f"{row.booked:,}",
        }


class _PreviewCard:
    """What would be booked, row by row, and the button that books it."""

    def __init__(
        self,
        found: Preview,
        file_name: str,
        zone: str,
        apply: Callable[[Progress], Awaitable[ImportOutcome]],
        change: Callable[[], Awaitable[None]],
        answer: Callable[[str, SamenessWord], Awaitable[None]],
    ) -> None:
        self._found, self._zone, self._apply, self._answer = found, zone, apply, answer
        fresh = found.count(RowOutcome.BOOK) + found.count(RowOutcome.WAIT)
        total = found.total(RowOutcome.BOOK, RowOutcome.WAIT)
        with card(file_name, note=found.bank.label), body("bf-stack"):
            self._place = box("bf-stack")
            with self._place:
                text(_say_counts(found), "bf-wrap")
                if found.imported_before:
                    note("This very file was imported before; only what is new in it is booked.")
                with box("bf-line"):
                    if fresh:
                        label = f"Book {say_count(fresh, 'payment')}, {total}"
                        self._button = action_button(label, self._book, icon="check")
                    if found.bank.mapping is not None:
                        button("Change the columns", change, kind="ghost")
        self._table = DataTable(
            _ROWS,
            self._fetch,
            label="Rows of the file",
            sort="",
            tabs=[
                TableTab("", "All", f"{len(found.rows):,}"),
                *(TableTab(key, look.label, f"{found.count(key):,}") for key, look in _LOOKS.items()),
            ],
            search_hint="Customer, payer, number or reason",
            empty=Empty("Nothing here", "No row of the file comes to this.", "table-2"),
            tab=RowOutcome.ASK if found.count(RowOutcome.ASK) else "",
            row_actions=self._answers() if found.count(RowOutcome.ASK) else (),
        )

    def _answers(self) -> tuple[RowAction, ...]:
        async def same(key: str) -> None:
            await self._say(key, SamenessWord.SAME)

        async def other(key: str) -> None:
            await self._say(key, SamenessWord.OTHER)

        return (
            RowAction("same", "It is the same money", "check", same),
            RowAction("other", "It is other money: book it", "plus", other),
        )

    async def _say(self, key: str, word: SamenessWord) -> None:
        row = next((row for row in self._found.rows if str(row.row) == key), None)
        if row is None or row.line is None or row.outcome is not RowOutcome.ASK:
            toast_error("This row asks nothing.")
            return
        await self._answer(row.line.transaction_id, word)

    async def load(self) -> None:
        """Show the first rows."""
        await self._table.refresh()

    async def _fetch(self, query: TableQuery) -> tuple[list[Row], int]:
        wanted = query.search.strip().casefold()
        fits = [
            row
            for row in self._found.rows
            if query.tab in ("", row.outcome) and (not wanted or wanted in _words(row).casefold())
        ]
        start = (query.page - 1) * query.size
        return [self._row(row) for row in fits[start : start + query.size]], len(fits)

    def _row(self, row: PreviewRow) -> Row:
        line = row.line
        shown: Row = {"id": str(row.row), "why": row.reason[:1].upper() + row.reason[1:], "at": ""}
        if line is None:
            shown |= who_cell("who", "Not read", f"row {row.row:,}")
        else:
            exact = say_exactly(line.at, timezone=self._zone)
            shown |= {"at": exact.partition(", ")[0], "at_title": exact}
            name = row.customer_name or line.payer_name or line.details or "Unknown payer"
            number = row.account_number or line.account_reference or line.transaction_id
            shown |= who_cell("who", name[:60], f"{number[:24]} · row {row.row:,}")
        if row.customer_id is not None:
            shown["href"] = f"/admin/customers/{row.customer_id}"
        return (
            shown
            | status_cell("status", _LOOKS[row.outcome])
            | money_cell("amount", line.amount if line else None)
        )

    async def _book(self) -> None:
        with self._place:
            progress = Progress("Booking")
        outcome = await self._apply(progress)
        self._place.clear()
        with self._place:
            words = f"{say_count(outcome.booked, 'payment')} booked, {outcome.known:,} known before."
            Note(words, tone="ok", symbol="circle-check")
            for refused in outcome.refused[:20]:
                text(f"Row {refused.row:,}: {refused.reason}", "bf-sub bf-wrap")


def _choice(label: str, options: dict[str, str], value: str) -> ui.select:
    with box("bf-field"):
        caption = text(label, tag="label")
        control = ui.select(options, value=value).classes("bf-input").mark("bank")
        control.props("outlined dense options-dense popup-content-class=bf-menu-pop behavior=menu")
        control.props["for"] = caption.props["for"] = f"f{control.id}"
    return control


def _say_counts(found: Preview) -> str:
    parts = [
        f"{say_count(found.count(RowOutcome.BOOK), 'payment')} to book with a customer",
        f"{found.count(RowOutcome.WAIT):,} without one",
        *([f"{asks:,} that may be known money"] if (asks := found.count(RowOutcome.ASK)) else []),
        f"{found.count(RowOutcome.KNOWN):,} known before",
        f"{found.count(RowOutcome.OUT):,} of money out",
        f"{found.count(RowOutcome.REFUSED):,} refused",
    ]
    return f"{', '.join(parts)}; {say_count(found.skipped, 'row')} without money."


def _words(row: PreviewRow) -> str:
    line = row.line
    told = [row.customer_name, row.account_number, row.reason]
    if line is not None:
        told += [line.payer_name, line.transaction_id, line.account_reference, line.details]
    return " ".join(told)
