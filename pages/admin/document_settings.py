"""Settings: the letterhead and logo of documents, and the texts on them with a live preview."""

from base64 import b64encode
from typing import Any

from nicegui import events, ui

from benfex.application import Benfex
from benfex.core.templates import TemplateRefused
from benfex.documents.letterhead import LOGO_BYTES_MAX, letterhead, save_letterhead, save_logo
from benfex.documents.texts import (
    DocumentTextView,
    document_texts,
    preview_document_text,
    save_document_text,
)
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.dialogs import form_dialog
from components.elements import body, box, button, card, link_button, text
from components.feedback import Note, toast_error, toast_ok
from components.form import Form, Values
from components.status_badge import Look, status_cell
from data.values.errors import BenfexError
from data.values.roles import Permission
from pages.admin.sections import Section, Sections
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("where", "Where"),
    Column("status", "Text", "badge"),
    Column("begins", "Begins", "note", on_card=False),
)
_BUILT_IN = Look("Built in", "mute", "circle")
_OWN = Look("Your text", "accent", "pencil")


@screen("/admin/settings/documents")
async def document_settings(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the letterhead and the texts."""
    with console(
        benfex,
        staff,
        title="Documents",
        active="/admin/settings/documents",
        need=Permission.EDIT_PROFILE,
        subtitle="What stands on invoices, receipts and all other papers.",
        actions=lambda: link_button("Sample invoice", "/documents/sample.pdf", kind="ghost", icon="download"),
    ):
        page = _Settings(benfex, staff)
        sections = Sections(
            [Section("letterhead", "Letterhead", page.letterhead), Section("texts", "Texts", page.texts)],
            label="Documents",
        )
        await sections.show("letterhead")


class _Settings:
    """The two parts of the page."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff

    async def letterhead(self) -> None:
        """Create the form of the letterhead and the card of the logo."""
        now = await self._benfex.read(letterhead, await self._staff.fresh())
        with card("Letterhead"), body(), Form(self._save_letterhead) as form:
            form.text("address", "Address", now.address, required=False, hint="On one line.")
            with form.pair():
                form.text("email", "E-mail", now.email, required=False, props="type=email")
                form.text("website", "Website", now.website, required=False)
            form.text(
                "tax_number", "Tax number", now.tax_number, required=False, hint="Such as your KRA PIN."
            )
            form.submit("Save letterhead")
        with card("Logo"), body():
            text("A PNG or JPEG of at most 2 MB. It takes the place of the large name.", "bf-sub")
            self._logo = box("bf-stack")
            # Quasar's own box of files looks like nothing else here: it works unseen, behind a button.
            self._upload = ui.upload(
                on_upload=self._take_logo,
                on_rejected=lambda: toast_error("The picture must be a PNG or JPEG of at most 2 MB."),
                auto_upload=True,
                max_file_size=LOGO_BYTES_MAX,
                max_files=1,
            )
            self._upload.props('accept="image/png,image/jpeg"').classes("hidden").mark("logo")
            with box("bf-line"):
                choose = button("Choose picture", kind="ghost", icon="upload")
                # In the browser, since a choice of files opens only in answer to a click.
                choose.on("click", js_handler=f"() => getElement({self._upload.id}).$refs.qRef.pickFiles()")
                self._remove = button("Remove logo", lambda: self._put_logo(None), kind="quiet")
            self._show_logo(now.logo)

    async def texts(self) -> None:
        """Create the table of texts."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            found = await self._benfex.read(document_texts, await self._staff.fresh())
            wanted = query.search.casefold()
            shown = [one for one in found if wanted in f"{one.where} {one.body}".casefold()]
            start = (query.page - 1) * query.size
            return [_row(one) for one in shown[start : start + query.size]], len(shown)

        async def edit(key: str) -> None:
            found = await self._benfex.read(document_texts, await self._staff.fresh())
            view = next(one for one in found if one.code == key)
            _TextEditor(self._benfex, self._staff, view, table).open()

        table = DataTable(
            _COLUMNS,
            fetch,
            label="Texts",
            sort="where",
            size=50,
            search_hint="Place or word in it",
            row_actions=[RowAction("edit", "Edit text", "pencil", edit)],
            empty=Empty("No text", "", "file-text"),
        )
        await table.refresh()

    async def _save_letterhead(self, values: Values) -> None:
        await self._benfex.transact(
            save_letterhead,
            await self._staff.fresh(),
            **{name: values[name] or "" for name in ("address", "email", "website", "tax_number")},
        )
        toast_ok("Saved. Documents show it from now on.")

    async def _take_logo(self, event: events.UploadEventArguments) -> None:
        await self._put_logo(await event.file.read())
        self._upload.reset()

    async def _put_logo(self, picture: bytes | None) -> None:
        try:
            await self._benfex.transact(save_logo, await self._staff.fresh(), picture=picture)
        except BenfexError as error:
            toast_error(error.message)
            return
        toast_ok("Saved. Documents show it from now on." if picture else "The logo is gone.")
        now = await self._benfex.read(letterhead, await self._staff.fresh())
        self._show_logo(now.logo)

    def _show_logo(self, logo: bytes | None) -> None:
        self._logo.clear()
        self._remove.set_visibility(logo is not None)
        if logo is None:
            return
        with self._logo:
            address = f"data:image/jpeg;base64,{b64encode(logo).decode()}"
            ui.element("img").props(f'src="{address}" alt="Your logo" height=46').style("align-self: start")


class _TextEditor:
    """A dialog over one text: what is typed is shown filled with an example at once."""

    def __init__(
        self, benfex: Benfex, staff: SignedInStaff, view: DocumentTextView, table: DataTable
    ) -> None:
        self._benfex, self._staff, self._view, self._table = benfex, staff, view, table

    def open(self) -> None:
        """Open the dialog."""
        view = self._view
        words = "Papers issued before keep the text they had."
        with form_dialog(_title(view), words) as dialog, Form(self._save) as form:
            self._dialog = dialog
            self._body = form.area("body", "Text", view.body)
            facts = " ".join(f"{{{{ {fact} }}}}" for fact in view.facts)
            text(f"You may use {facts} and {{% if … %}} … {{% endif %}}.", "bf-sub bf-wrap")
            self._problem = Note(tone="bad", symbol="circle-alert")
            text("It reads, for example:", "bf-sub")
            self._shown = box("bf-preview")
            form.submit("Save text")
        self._body.on_value_change(self._preview)
        self._preview()

    def _preview(self, _: Any = None) -> None:
        self._shown.clear()
        try:
            filled = preview_document_text(self._view.code, str(self._body.value or ""))
        except TemplateRefused as error:
            self._problem.set(error.message)
            return
        self._problem.set(None)
        with self._shown:
            text(filled, "bf-pre")

    async def _save(self, values: Values) -> None:
        await self._benfex.transact(
            save_document_text, await self._staff.fresh(), code=self._view.code, body=values["body"] or ""
        )
        self._dialog.close()
        toast_ok("Saved. New documents use it.")
        await self._table.refresh()


def _row(view: DocumentTextView) -> Row:
    return {
        "id": view.code,
        "where": _title(view),
        "begins": " ".join(view.body.split())[:80],
        **status_cell("status", _OWN if view.is_own else _BUILT_IN),
    }


def _title(view: DocumentTextView) -> str:
    return view.where[0].upper() + view.where[1:]
