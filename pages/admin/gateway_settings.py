"""Settings: the ways to pay, set up, switched and tested; and the terms on which money is taken and given back."""

from collections.abc import Awaitable, Callable

from benfex.application import Benfex
from benfex.core.policy import current_terms
from benfex.payments.gateway import Finding, SettingField
from benfex.payments.gateway_setup import GatewayView, gateway_views, set_up_gateway, switch_gateway
from benfex.payments.policy import PaymentTerms, payment_terms, save_payment_policy
from components.copyable import copyable
from components.dialogs import confirm, form_dialog
from components.elements import body, box, button, card, fact, fact_list, text
from components.feedback import action_button, note, toast_ok
from components.form import Form, Values
from components.moments import say_when
from components.status_badge import Look, badge
from data.values.kinds import AddressCheck
from data.values.money import Money
from data.values.roles import Permission
from pages.admin.sections import Section, Sections
from pages.admin.shell import console
from pages.dependencies import BenfexDep, SignedInStaff, StaffDep
from pages.screen import screen

_ON = Look("On", "ok", "circle-check")
_OFF = Look("Switched off", "mute", "circle-slash")
_MISSING = Look("Not set up", "mute", "circle")
_TEST = Look("Test keys", "warn", "circle-alert")
_MIXED = Look("Key and mode disagree", "bad", "triangle-alert")
_LIVE = Look("Real money", "accent", "circle-check")
_ADDRESS_CHECKS = {
    AddressCheck.OFF.value: "are taken from anywhere",
    AddressCheck.LOG.value: "from elsewhere are taken, and noted in the log",
    AddressCheck.ENFORCE.value: "from elsewhere are refused",
}

_FORGET = "forget "


@screen("/admin/settings/gateways")
async def gateway_settings(benfex: BenfexDep, staff: StaffDep) -> None:
    """Show the ways to pay and the terms."""
    with console(
        benfex,
        staff,
        title="Ways to pay",
        active="/admin/settings/gateways",
        need=Permission.EDIT_PROFILE,
        subtitle="Where customers can pay you, and on which terms.",
    ):
        page = _Settings(benfex, staff)
        sections = Sections(
            [Section("gateways", "Gateways", page.gateways), Section("terms", "Terms", page.terms)],
            label="Ways to pay",
        )
        await sections.show("gateways")


class _Settings:
    """The two parts of the page."""

    def __init__(self, benfex: Benfex, staff: SignedInStaff) -> None:
        self._benfex, self._staff = benfex, staff

    async def gateways(self) -> None:
        """Create a card for each gateway."""
        place = box("bf-grid two")

        async def refresh() -> None:
            actor = await self._staff.fresh()
            views = await self._benfex.read(gateway_views, actor, vault=self._benfex.vault)
            timezone = (await self._benfex.read(current_terms, actor)).timezone
            place.clear()
            with place:
                for view in views:
                    _Gateway(self._benfex, self._staff, view, timezone=timezone, refresh=refresh).build()

        await refresh()

    async def terms(self) -> None:
        """Create the form over the terms in force."""
        actor = await self._staff.fresh()
        terms = await self._benfex.read(payment_terms, actor)
        currency = (await self._benfex.read(current_terms, actor)).currency

        async def save(values: Values) -> None:
            await self._benfex.transact(
                save_payment_policy,
                await self._staff.fresh(),
                match_threshold=values["match_threshold"],
                refuses_unknown_accounts=values["refuses_unknown_accounts"],
                second_person_above_minor=values["second_person_above_minor"].minor,
                pay_minimum_minor=values["pay_minimum_minor"].minor,
                address_check=AddressCheck(values["address_check"]),
                gateway_addresses=_lines(values["gateway_addresses"]),
                trusted_proxies=_lines(values["trusted_proxies"]),
            )
            toast_ok("Saved. It counts from now on.")

        with card("Taking and giving back"), body(), Form(save) as form:
            _add_money(form, terms, currency)
            _add_trust(form, terms)
            form.submit("Save terms")


class _Gateway:
    """One gateway: how it stands, its settings, and a test that tells in words what is wrong."""

    def __init__(
        self,
        benfex: Benfex,
        staff: SignedInStaff,
        view: GatewayView,
        *,
        timezone: str,
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        self._benfex, self._staff, self._view, self._refresh = benfex, staff, view, refresh
        self._timezone = timezone

    def build(self) -> None:
        """Create the card."""
        view = self._view
        with card(view.label).mark(f"gateway-{view.name}"), body():
            with box("bf-line"):
                badge(_ON if view.is_enabled else _OFF if view.version else _MISSING)
                if view.is_mixed:
                    badge(_MIXED)
                elif view.is_test is not None:
                    badge(_TEST if view.is_test else _LIVE)
            if view.version:
                self._facts()
            with box("bf-line"):
                self._buttons()
            self._findings = box("bf-stack tight", aria_live="polite")
            self._findings.set_visibility(False)

    def _facts(self) -> None:
        view = self._view
        heard = "Nothing yet"
        if view.last_heard_at is not None:
            heard = say_when(view.last_heard_at, now=self._benfex.clock.now(), timezone=self._timezone)
        with fact_list():
            fact("Heard from it last", heard)
            address = self._benfex.gateway_checks.address_of(view.name)
            if address is None:
                told = (
                    "Told by Benfex"
                    if view.registered_at
                    else "Benfex tells it, as soon as it can be reached"
                )
                fact("Our address there", told)
            else:
                with fact("Our address there"):
                    copyable(address.url, what="address for webhooks")
                    text(address.advice, "bf-sub bf-wrap")

    def _buttons(self) -> None:
        view = self._view
        if not view.version:
            button("Set up", self._edit, icon="plug").mark(f"set-up-{view.name}")
            return
        button("Settings", self._edit, kind="ghost", icon="pencil")
        action_button("Test this gateway", self._test, kind="ghost", icon="activity")
        if view.is_enabled:
            action_button("Switch off", self._switch_off, kind="quiet", icon="power")
        else:
            action_button("Switch on", self._switch_on, icon="power")

    async def _test(self) -> None:
        found = await self._benfex.gateway_checks.check(await self._staff.fresh(), self._view.name)
        self._findings.clear()
        self._findings.set_visibility(True)
        with self._findings:
            for finding in found:
                _show(finding)

    async def _switch_on(self) -> None:
        await self._switch(is_enabled=True)

    async def _switch_off(self) -> None:
        label = self._view.label
        if await confirm(
            f"Switch {label} off?",
            "Nobody can start a payment by it, and what it tells of payments that are under way is not heard.",
            action=f"Switch {label} off",
            danger=True,
        ):
            await self._switch(is_enabled=False)

    async def _switch(self, *, is_enabled: bool) -> None:
        await self._benfex.transact(
            switch_gateway,
            await self._staff.fresh(),
            gateway=self._view.name,
            vault=self._benfex.vault,
            is_enabled=is_enabled,
        )
        await self._benfex.gateways.load()
        toast_ok(f"{self._view.label} is {'on' if is_enabled else 'off'}.")
        await self._refresh()

    async def _edit(self) -> None:
        view = self._view
        words = "Keys are stored sealed and never shown again."
        with form_dialog(view.label, words) as dialog, Form(self._save) as form:
            self._dialog = dialog
            for field in view.fields:
                _add_field(form, field, view)
                if field.is_secret and not field.is_required and field.name in view.secrets_set:
                    form.switch(f"{_FORGET}{field.name}", f"Forget: {field.label}")
            form.switch("is_enabled", f"Take payments by {view.label}", view.is_enabled or not view.version)
            form.submit("Save")

    async def _save(self, values: Values) -> None:
        fields = {field.name for field in self._view.fields}
        await self._benfex.transact(
            set_up_gateway,
            await self._staff.fresh(),
            gateway=self._view.name,
            settings={name: value for name, value in values.items() if name in fields and value},
            vault=self._benfex.vault,
            is_enabled=values["is_enabled"],
            forget=[
                name.removeprefix(_FORGET) for name in values if name.startswith(_FORGET) and values[name]
            ],
        )
        await self._benfex.gateways.load()
        self._dialog.close()
        toast_ok("Saved. Test it now.")
        await self._refresh()


def _add_field(form: Form, field: SettingField, view: GatewayView) -> None:
    is_kept = field.name in view.secrets_set
    given = view.settings.get(field.name, "")
    if field.choices:
        form.choice(
            field.name, field.label, dict(field.choices), given or field.choices[0][0], hint=field.help
        )
    elif field.is_secret:
        form.text(
            field.name,
            field.label,
            required=field.is_required and not is_kept,
            hint="Stored. Leave it empty to keep it." if is_kept else field.help,
            props="type=password autocomplete=new-password",
        )
    elif field.is_long:
        form.area(field.name, field.label, given, required=field.is_required, hint=field.help)
    else:
        form.text(field.name, field.label, given, required=field.is_required, hint=field.help)


def _show(finding: Finding) -> None:
    words = f"{finding.text} {finding.advice}".strip()
    if finding.is_good:
        note(words, tone="ok", symbol="circle-check")
    else:
        note(words, tone="bad", symbol="circle-alert")


def _lines(written: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (written or "").splitlines() if line.strip())


def _add_money(form: Form, terms: PaymentTerms, currency: str) -> None:
    with form.pair():
        form.whole(
            "match_threshold",
            "Book money by itself from",
            terms.match_threshold,
            unit="of 100",
            hint="How sure Benfex must be whose money it is. Below, it waits in Not placed for you.",
        )
        form.money(
            "pay_minimum_minor",
            "The least that can be paid",
            currency,
            Money(terms.pay_minimum_minor, currency),
        )
    form.money(
        "second_person_above_minor",
        "Giving back more than this needs a second person",
        currency,
        Money(terms.second_person_above_minor, currency),
        hint="What goes back to a customer within a day counts together.",
    )
    form.switch(
        "refuses_unknown_accounts",
        "Refuse Paybill payments for account numbers that nobody has",
        terms.refuses_unknown_accounts,
    )


def _add_trust(form: Form, terms: PaymentTerms) -> None:
    form.choice(
        "address_check",
        "Messages of gateways",
        _ADDRESS_CHECKS,
        terms.address_check.value,
        hint="Gateways that sign what they send prove themselves; this is for those that do not.",
    )
    with form.pair():
        form.area(
            "gateway_addresses",
            "Addresses of gateways",
            "\n".join(terms.gateway_addresses),
            required=False,
            hint="One a line, like 196.201.214.200 or 196.201.214.0/24.",
        )
        form.area(
            "trusted_proxies",
            "Proxies in front of Benfex",
            "\n".join(terms.trusted_proxies),
            required=False,
            hint="Only these may say from where a message came.",
        )
