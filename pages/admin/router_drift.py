"""Compare a router with what it should have: first only looking, then repairing what a person has seen."""

from benfex.application import Benfex
from benfex.core.actors import require
from benfex.network.reconciliation import DriftReport
from benfex.network.views import RouterView
from components.charts import plain_table
from components.dialogs import form_dialog
from components.elements import box, text
from components.feedback import Note, action_button, toast_error, toast_ok
from data.values.roles import Permission
from pages.admin.phrases import say_count
from pages.admin.shell import may
from pages.dependencies import SignedInStaff

_SHOWN = 100


async def check_drift(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Compare everything on the router and show what differs; nothing is changed."""
    require(await staff.fresh(), Permission.OPERATE_NETWORK)
    report = await benfex.provisioner.reconcile_router(view.router_id, dry_run=True)
    if not report.is_reached:
        toast_error(f"{view.name} could not be read: {report.reason}")
        return
    with form_dialog(f"Drift of {view.name}") as dialog:
        _show(report)

        async def repair() -> None:
            require(await staff.fresh(), _need(report))
            outcome = await benfex.provisioner.reconcile_router(
                view.router_id, dry_run=False, approved=report.is_stopped
            )
            dialog.close()
            if outcome.is_reached and not outcome.is_stopped:
                toast_ok(f"{say_count(outcome.repaired, 'entry', 'entries')} repaired.")
            else:
                toast_error(outcome.reason)

        if report.drifts and view.is_managed and may(staff, _need(report)):
            entries = say_count(report.drifted, "entry", "entries")
            words = f"Repair all {entries} all the same" if report.is_stopped else f"Repair {entries}"
            action_button(words, repair, icon="refresh-cw", classes="wide")


def _need(report: DriftReport) -> Permission:
    """Return what repairing takes: much at once is for who may also change the network itself."""
    return Permission.EDIT_NETWORK if report.is_stopped else Permission.OPERATE_NETWORK


def _show(report: DriftReport) -> None:
    checked = say_count(report.checked, "line")
    if not report.drifts:
        Note(f"{checked} compared: the router has exactly what it should.", tone="ok", symbol="circle-check")
    elif report.is_stopped:
        Note(report.reason, tone="bad", symbol="triangle-alert")
    else:
        Note(
            f"{report.drifted:,} of {checked} differ. Nothing was changed.",
            tone="warn",
            symbol="triangle-alert",
        )
    if report.drifts:
        with box("bf-scroll"):
            plain_table(
                ["Line", "What differs"], [[drift.username, drift.what] for drift in report.drifts[:_SHOWN]]
            )
    if report.unknown:
        some = say_count(len(report.unknown), "entry", "entries")
        text(f"{some} carry a mark that we never gave here; they are left alone.", "bf-sub")
