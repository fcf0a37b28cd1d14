"""Settings: the texts of messages with a live preview, and the accounts they leave by, with a test."""

from typing import Any

from benfex.application import Benfex
from benfex.core.templates import TemplateRefused
from benfex.notifications.accounts import ChannelAccountView, channel_accounts, save_channel_account
from benfex.notifications.registry import FIELDS
from benfex.notifications.templates import preview_text, save_template, sms_size
from benfex.notifications.views import TextView, message_text, message_texts
from components.data_table import Column, DataTable, Empty, Row, RowAction, TableQuery
from components.dialogs import form_dialog
from components.elements import body, box, card, text
from components.feedback import Note, toast_ok
from components.form import Form, Values
from components.status_badge import Look, badge, look_of, status_cell
from data.values.kinds import MessageChannel
from data.values.roles import Permission
from pages.admin.phrases import say_count
from pages.admin.sections import Section, Sections
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_COLUMNS = (
    Column("title", "Message"),
    Column("channel", "By", "note"),
    Column("status", "Text", "badge"),
    Column("begins", "Begins", "note", on_card=False),
)
_BUILT_IN = Look("Built in", "mute", "circle")
_OWN = Look("Your text", "accent", "pencil")
_OFF = Look("Not sent", "mute", "circle-slash")
_SET_UP = Look("Set up", "ok", "circle-check")
_SWITCHED_OFF = Look("Switched off", "mute", "circle-slash")
_MISSING = Look("Not set up", "warn", "circle-alert")


@screen("/admin/settings/messages")
async def message_settings(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the texts and the accounts."""
    with console(
        benfex,
        staff,
        title="Messages",
        active="/admin/settings/messages",
        need=Permission.EDIT_PROFILE,
        subtitle="What customers read from you, and how it reaches them.",
    ):
        page = _Settings(benfex, staff)
        sections = Sections(
            [Section("texts", "Texts", page.texts), Section("accounts", "E-mail and SMS", page.accounts)],
            label="Messages",
        )
        await sections.show("texts")


class _Settings:
    """The two parts of the page."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff

    async def texts(self) -> None:
        """Create the table of texts."""

        async def fetch(query: TableQuery) -> tuple[list[Row], int]:
            found = await self._benfex.read(message_texts, await self._staff.fresh())
            wanted = query.search.casefold()
            shown = [one for one in found if wanted in f"{one.title} {one.body}".casefold()]
            start = (query.page - 1) * query.size
            return [_row(one) for one in shown[start : start + query.size]], len(shown)

        async def edit(key: str) -> None:
            code, _, channel = key.partition(":")
            found = await self._benfex.read(
                message_text, await self._staff.fresh(), code=code, channel=MessageChannel(channel)
            )
            _TextEditor(self._benfex, self._staff, found, table).open()

        table = DataTable(
            _COLUMNS,
            fetch,
            label="Texts",
            sort="title",
            size=50,
            search_hint="Message or word in it",
            row_actions=[RowAction("edit", "Edit text", "pencil", edit)],
            empty=Empty("No text", "", "mail"),
        )
        await table.refresh()

    async def accounts(self) -> None:
        """Create a card for each channel."""
        place = box("bf-stack")

        async def refresh() -> None:
            views = await self._benfex.read(
                channel_accounts, await self._staff.fresh(), vault=self._benfex.vault
            )
            place.clear()
            with place:
                for view in views:
                    _Account(self._benfex, self._staff, view, refresh).build()

        await refresh()


class _TextEditor:
    """A dialog over one text: what is typed is shown filled with an example at once."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: TextView, table: DataTable) -> None:
        self._benfex, self._staff, self._view, self._table = benfex, staff, view, table

    def open(self) -> None:
        """Open the dialog."""
        view = self._view
        is_email = view.channel is MessageChannel.EMAIL
        words = f"By {look_of(view.channel).label}. An empty text is not sent."
        with form_dialog(view.title, words) as dialog, Form(self._save) as form:
            self._dialog = dialog
            self._subject = (
                form.text("subject", "Subject", view.subject, required=False) if is_email else None
            )
            self._body = form.area(
                "body",
                "Text",
                view.body,
                hint="A line that is a link alone becomes a button." if is_email else "",
            )
            self._body.props("rows=9")
            facts = " ".join(f"{{{{ {fact} }}}}" for fact in view.facts)
            text(f"You may use {facts} and {{% if … %}} … {{% endif %}}.", "bf-sub bf-wrap")
            self._size = text("", "bf-sub num", aria_live="polite")
            self._problem = Note(tone="bad", symbol="circle-alert")
            text("It reads, for example:", "bf-sub")
            self._shown = box("bf-preview")
            form.submit("Save text")
        self._body.on_value_change(self._preview)
        if self._subject is not None:
            self._subject.on_value_change(self._preview)
        self._preview()

    def _preview(self, _: Any = None) -> None:
        subject = str(self._subject.value or "") if self._subject is not None else ""
        written = str(self._body.value or "")
        self._shown.clear()
        try:
            filled = preview_text(
                code=self._view.code, channel=self._view.channel, subject=subject, body=written
            )
        except TemplateRefused as error:
            self._problem.set(error.message)
            self._size.set_text("")
            return
        self._problem.set(None)
        if self._view.channel is MessageChannel.SMS:
            size = sms_size(filled.body)
            self._size.set_text(f"{size.letters} characters, {say_count(size.segments, 'SMS', 'SMS')}")
        with self._shown:
            if filled.subject:
                text(filled.subject, "t1")
            text(filled.body, "bf-pre")

    async def _save(self, values: Values) -> None:
        await self._benfex.transact(
            save_template,
            await self._staff.fresh(),
            code=self._view.code,
            channel=self._view.channel,
            subject=values.get("subject") or "",
            body=values["body"],
        )
        self._dialog.close()
        toast_ok("Saved. New messages use it.")
        await self._table.refresh()


class _Account:
    """One channel: its settings, whether it is used, and a test."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: ChannelAccountView, refresh: Any) -> None:
        self._benfex, self._staff, self._view, self._refresh = benfex, staff, view, refresh

    def build(self) -> None:
        """Create the card."""
        view = self._view
        label = look_of(view.channel).label
        with card(label), body():
            badge(_SET_UP if view.is_enabled else _SWITCHED_OFF if view.version else _MISSING)
            with Form(self._save) as form:
                for field in FIELDS[view.channel]:
                    is_kept = field.is_secret and field.name in view.secrets_set
                    if field.is_secret:
                        form.text(
                            field.name,
                            field.label,
                            required=field.is_needed and not is_kept,
                            hint="Set. Leave it empty to keep it." if is_kept else field.hint,
                            props="type=password autocomplete=new-password",
                        )
                    else:
                        form.text(
                            field.name,
                            field.label,
                            view.settings.get(field.name, ""),
                            required=field.is_needed,
                            hint=field.hint,
                        )
                form.switch("is_enabled", f"Send messages by {label}", view.is_enabled or not view.version)
                form.submit("Save account")
            if view.is_enabled:
                self._test(label)

    def _test(self, label: str) -> None:
        async def send(values: Values) -> None:
            await self._benfex.messages.send_test(
                await self._staff.fresh(), channel=self._view.channel, recipient=values["recipient"]
            )
            toast_ok("Handed over. Look whether it arrives.")

        with Form(send) as form:
            form.text(
                "recipient",
                f"Send a test {label} to",
                hint="Like +254712345678" if self._view.channel is MessageChannel.SMS else "",
            )
            form.submit("Send test", kind="ghost")

    async def _save(self, values: Values) -> None:
        settings = {name: value for name, value in values.items() if name != "is_enabled" and value}
        await self._benfex.transact(
            save_channel_account,
            await self._staff.fresh(),
            channel=self._view.channel,
            settings=settings,
            vault=self._benfex.vault,
            is_enabled=values["is_enabled"],
        )
        await self._benfex.channels.load()
        toast_ok("Saved.")
        await self._refresh()


def _row(view: TextView) -> Row:
    look = _OFF if not view.body else _OWN if view.version else _BUILT_IN
    return {
        "id": f"{view.code}:{view.channel.value}",
        "title": view.title,
        "channel": look_of(view.channel).label,
        "begins": " ".join(view.body.split())[:48],
        **status_cell("status", look),
    }
