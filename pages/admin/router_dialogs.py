"""What staff do to a router: add, edit, test, pause, retire, and compare it with what it should have."""

from typing import Any

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from benfex.application import Benfex
from benfex.network.driver import RADIUS, ROUTEROS, RouterAddress, RouterIdentity
from benfex.network.inventory import (
    API_PORT,
    add_router,
    edit_router,
    enable_router,
    locate_router,
    place_router,
    retire_router,
)
from benfex.network.views import RouterView
from components.dialogs import confirm, confirm_by_name, form_dialog
from components.elements import button, fact, fact_list
from components.feedback import Note, run_action, toast_error, toast_ok
from components.form import Form, Values
from data.values.errors import BenfexError, InvalidInput
from data.values.identifiers import RouterId
from pages.admin.map_places import ask_place
from pages.admin.phrases import say_uptime
from pages.dependencies import SignedInStaff


def open_add_router(benfex: Benfex, staff: SignedInStaff) -> None:
    """Take a router into use, after a test if the person wants one."""

    async def add(values: Values) -> None:
        router_id = await benfex.transact(
            add_router,
            await staff.fresh(),
            vault=benfex.vault,
            driver=values["driver"],
            **_settings(values),
            password=_needed(values),
        )
        await _stand(benfex, staff, router_id, values)
        dialog.close()
        toast_ok(f"{values['name']} is added and being asked.")
        ui.navigate.to(f"/admin/routers/{router_id}")

    words = (
        "It needs an API user on the router that may read, write and test; a RADIUS server a role of its database "
        "that may write there."
    )
    with form_dialog("Add router", words) as dialog, Form(add) as form:
        _fields(form, None)
        ask_place(benfex, staff, form)
        _test_part(benfex, staff, form)
        form.submit("Add router")


def open_edit_router(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Change how a router is reached."""

    async def save(values: Values) -> None:
        await benfex.transact(
            edit_router,
            await staff.fresh(),
            router_id=view.router_id,
            vault=benfex.vault,
            **_settings(values),
            password=values["password"] or None,
        )
        await _stand(benfex, staff, view.router_id, values)
        dialog.close()
        toast_ok("Saved; the router is asked again.")

    with form_dialog(f"Edit {view.name}") as dialog, Form(save) as form:
        _fields(form, view)
        ask_place(benfex, staff, form, view.place)
        form.submit("Save")


async def ask_identity(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Ask a known router who it is, and show the answer."""
    identity = await benfex.probe.check_router(await staff.fresh(), view.router_id)
    with form_dialog(f"{view.name} answers"):
        _show_identity(identity)


async def pause(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Leave a router alone for a while, or take it up again."""
    if view.is_enabled and not await confirm(
        f"Pause {view.name}?",
        f"It is neither polled nor changed until you resume it. {view.connections:,} lines keep the access "
        "they have; payments are booked, but suspended lines stay off.",
        action="Pause router",
        danger=True,
    ):
        return
    try:
        await benfex.transact(
            enable_router, await staff.fresh(), router_id=view.router_id, is_enabled=not view.is_enabled
        )
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{view.name} is {'paused' if view.is_enabled else 'asked again'}.")


async def restart(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Restart a router, once its name was typed."""
    words = f"Everybody on it is cut off for a minute or two: {view.connections:,} lines are sold there."
    if not await confirm_by_name(f"Restart {view.name}?", words, name=view.name, action="Restart router"):
        return
    try:
        await benfex.inspector.restart(await staff.fresh(), router_id=view.router_id, confirm=view.name)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{view.name} restarts. It answers again in a minute or two.")


async def retire(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Take a router out of use for good."""
    words = "It is never asked again and leaves the lists. Its history stays. This cannot be undone."
    if not await confirm_by_name(f"Retire {view.name}?", words, name=view.name, action="Retire router"):
        return
    try:
        await benfex.transact(retire_router, await staff.fresh(), router_id=view.router_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{view.name} is retired.")
    ui.navigate.to("/admin/routers")


_PORTS = {ROUTEROS: API_PORT, RADIUS: 5432}
_USERS = {ROUTEROS: "benfex", RADIUS: "benfex@radius"}


def _kind_part(form: Form) -> ui.select:
    return form.choice(
        "driver",
        "Kind",
        {ROUTEROS: "MikroTik router, by its API", RADIUS: "FreeRADIUS, by its PostgreSQL database"},
        ROUTEROS,
    )


async def _stand(benfex: Benfex, staff: SignedInStaff, router_id: RouterId, values: Values) -> None:
    actor = await staff.fresh()
    await benfex.transact(place_router, actor, router_id=router_id, site=values["site"])
    await benfex.transact(locate_router, actor, router_id=router_id, place=values["place"])


def _fields(form: Form, view: RouterView | None) -> None:
    kind = _kind_part(form) if view is None else None
    with form.pair():
        form.text("name", "Name", view.name if view else "", hint="Like nakuru-core.")
        form.text("site", "Site", view.site if view else "", required=False, hint="Where it stands.")
    with form.pair():
        form.text("host", "Address", view.host if view else "", hint="IP address or host name.")
        port = form.whole("port", "Port", view.port if view else API_PORT)
    with form.pair():
        user = form.text("username", "User", view.username if view else "benfex", props="autocomplete=off")
        if view is None:
            form.password("password", "Password")
        else:
            form.text(
                "password", "New password", required=False, hint="Left out: stays.", props="type=password"
            )
    if kind is not None:

        def fit(change: ValueChangeEventArguments[str]) -> None:
            port.value, user.value = str(_PORTS[change.value]), _USERS[change.value]

        kind.on_value_change(fit)
    form.switch("use_tls", "Encrypted (api-ssl, port 8729)", view.use_tls if view else False)
    form.text(
        "tls_fingerprint",
        "Certificate fingerprint",
        (view.tls_fingerprint or "") if view else "",
        required=False,
        hint="SHA-256, for a certificate that the router made itself.",
    )
    form.whole("poll_seconds", "Asked every", view.poll_seconds if view else 60, unit="seconds")


def _test_part(benfex: Benfex, staff: SignedInStaff, form: Form) -> None:
    answer = Note(tone="ok", symbol="circle-check")

    async def test() -> None:
        answer.set(None)
        await staff.fresh()
        values = form.values()
        identity = await benfex.probe.check(
            RouterAddress(
                host=values["host"],
                port=values["port"],
                username=values["username"],
                password=values["password"],
                use_tls=values["use_tls"],
                tls_fingerprint=values["tls_fingerprint"] or None,
            ),
            driver=values["driver"],
        )
        answer.set(
            f"{identity.name} answers: {identity.board}, {_say_version(values['driver'], identity.version)}."
        )

    async def clicked() -> None:
        await run_action(control, test)

    control = button("Test connection", clicked, kind="ghost", icon="plug-zap")


def _say_version(driver: str, version: str) -> str:
    return f"RouterOS {version}" if driver == ROUTEROS else version


def _settings(values: Values) -> dict[str, Any]:
    return {
        "name": values["name"],
        "host": values["host"],
        "port": values["port"],
        "username": values["username"],
        "use_tls": values["use_tls"],
        "tls_fingerprint": values["tls_fingerprint"] or None,
        "poll_seconds": values["poll_seconds"],
    }


def _needed(values: Values) -> str:
    if not values["password"]:
        raise InvalidInput("password", "Give the password of the user.")
    return str(values["password"])


def _show_identity(identity: RouterIdentity) -> None:
    with fact_list():
        fact("Calls itself", identity.name)
        fact("Board", identity.board)
        fact("Version", identity.version)
        fact("Serial", identity.serial or "none")
        fact("Up for", say_uptime(identity.uptime_seconds))
        fact("CPU", f"{identity.cpu_percent}%")
        free = identity.free_memory_bytes * 100 // max(identity.total_memory_bytes, 1)
        fact("Memory free", f"{free}%")
