"""The operator's commands about routers: read them, what they move, who is online, who leaks, why somebody is not."""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, fail, figures_of, open_benfex, run, say, working
from benfex.core.paging import PageRequest
from benfex.core.policy import billing_today
from benfex.network.finding import FoundSessions
from benfex.network.inventory import manage_router
from benfex.network.leaks import LeakReport
from benfex.network.managing import WritePlan
from benfex.network.outages import downtime_of_month, list_outages, say_duration
from benfex.subscriptions.adoption import Adopted, Proposals, pick_of
from benfex.subscriptions.diagnosis import Diagnosis
from benfex.subscriptions.views import services_of
from benfex.usage.network_views import compared_with_last_week, top_talkers
from benfex.usage.polling import PollOutcome
from benfex.usage.timetable import routers_to_poll
from data.values.errors import BenfexError
from data.values.identifiers import CustomerId, RouterId
from data.values.traffic import format_bytes

network = typer.Typer(help="Routers.")
_LATEST_OUTAGES = PageRequest(page=1, size=20, sort="", descending=True, filter="all")


@network.command("poll")
def network_poll(as_json: Json = False, demo: Demo = False) -> None:
    """Read every router once and store the usage."""
    try:
        benfex = open_benfex(demo)

        async def work() -> list[PollOutcome]:
            await benfex.poller.start()
            try:
                routers = await benfex.read(routers_to_poll, CLI)
                return [await benfex.poller.poll(router.router_id) for router in routers]
            finally:
                await benfex.poller.stop()
                await benfex.watch.stop()

        rows = run(benfex, work())
    except BenfexError as error:
        raise fail(error) from None
    figures = [{"router_id": row.router_id, "online": row.online, "error": row.reason} for row in rows]
    text = "\n".join(f"router {row.router_id}: {row.reason or f'{row.online} online'}" for row in rows)
    say({"routers": figures}, text or "There is no router yet.", as_json=as_json)
    benfex.transactor.close()
    if any(row.reason for row in rows):
        raise typer.Exit(2)


@network.command("why")
def network_why(
    customer_id: Annotated[int, typer.Argument(help="Who says that they are offline.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Ask the customer's routers now, and say why each of their services is offline."""
    with working(demo) as benfex:
        key = CustomerId(customer_id)

        async def work() -> list[Diagnosis]:
            await benfex.poller.start()
            try:
                services = await benfex.read(services_of, CLI, customer_id=key)
                for router_id in {service.line.router_id for service in services if service.line}:
                    await benfex.poller.poll(router_id)
                return list((await benfex.diagnose(CLI, customer_id=key)).values())
            finally:
                await benfex.poller.stop()
                await benfex.watch.stop()

        found = run(benfex, work())
        lines = [line for one in found for line in (one.sentence, *(f"  {said}" for said in one.evidence))]
        say(
            {"services": [figures_of(one) for one in found]},
            "\n".join(lines) or "No service.",
            as_json=as_json,
        )


@network.command("find")
def network_find(
    search: Annotated[
        str, typer.Argument(help="Part of a name, an address or a MAC; all when left out.")
    ] = "",
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Ask every router now who is online."""
    with working(demo) as benfex:

        async def work() -> FoundSessions:
            try:
                return await benfex.finder.find(CLI, search=search)
            finally:
                await benfex.provisioner.stop()

        found = run(benfex, work())
        lines = [
            f"{one.router_name} {one.username}  {one.address or '?'}  {one.caller_id or '?'}  "
            f"{one.customer_name or 'not ours'}"
            for one in found.sessions
        ]
        lines += [f"{name} was not asked: {why}" for name, why in found.not_asked]
        figures = {"sessions": [figures_of(one) for one in found.sessions], "total": found.total}
        say(figures, "\n".join(lines) or "Nobody.", as_json=as_json)


@network.command("traffic")
def network_traffic(
    router_id: Annotated[int | None, typer.Argument(help="One router; all when left out.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many of those who move most.")] = 10,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Tell what was moved today, beside the same day last week, and who moved most."""
    with working(demo) as benfex:
        key = RouterId(router_id) if router_id is not None else None
        compared = benfex.transactor.read_sync(compared_with_last_week, CLI, router_id=key)
        talkers = benfex.transactor.read_sync(top_talkers, CLI, limit=limit)
        change = compared.change_permille
        against = "" if change is None else f", {change / 10:+.1f}% against last {compared.week_ago.day:%A}"
        lines = [f"{format_bytes(compared.today.total_bytes)} today{against}."]
        lines += [
            f"{format_bytes(one.download_bytes + one.upload_bytes):>10}  {one.share_permille / 10:>5.1f}%"
            f"  {one.customer_name} ({one.username}, {one.router_name})"
            for one in talkers
        ]
        say(
            {
                "today": figures_of(compared.today),
                "week_ago": figures_of(compared.week_ago),
                "change_permille": change,
                "top_talkers": [figures_of(one) for one in talkers],
            },
            "\n".join(lines),
            as_json=as_json,
        )


@network.command("plan")
def network_plan(
    router_id: Annotated[int, typer.Argument(help="Which router.")],
    start: Annotated[
        str, typer.Option(help="Let the router be written, as the plan with this fingerprint says.")
    ] = "",
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Read a router now, and tell what managing it would write; with --start, begin."""
    with working(demo) as benfex:

        async def work() -> WritePlan:
            key = RouterId(router_id)
            try:
                if not start:
                    return await benfex.managing.plan(CLI, router_id=key)
                return await benfex.managing.start(CLI, router_id=key, fingerprint=start)
            finally:
                await benfex.provisioner.stop()

        plan = run(benfex, work())
        lines = [f"{one.kind.value:>6}  {one.username}: {one.what}" for one in plan.changes]
        lines += [f"       {name}: its name is held by an entry that is not ours" for name in plan.blocked]
        lines.append(
            f"{plan.agree} agree, {plan.left_alone} are not ours and left alone, {plan.cut} online dial in once more."
        )
        lines.append("It is managed." if start or plan.is_managed else f"Fingerprint: {plan.fingerprint}")
        figures = {**figures_of(plan), "changes": [figures_of(one) for one in plan.changes]}
        say(figures, "\n".join(lines), as_json=as_json)


@network.command("adopt")
def network_adopt(
    router_id: Annotated[int, typer.Argument(help="Which router.")],
    complete: Annotated[bool, typer.Option("--complete", help="Take over all that are complete.")] = False,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Read a router now, and tell what it holds that is not ours and whose it may be."""
    with working(demo) as benfex:
        key = RouterId(router_id)

        async def work() -> tuple[Proposals, Adopted | None]:
            try:
                found = await benfex.adoption.propose(CLI, router_id=key)
                picks = [pick_of(one) for one in found.proposals if not one.missing]
                done = await benfex.adoption.adopt(CLI, router_id=key, picks=picks) if complete else None
                return found, done
            finally:
                await benfex.provisioner.stop()

        found, done = run(benfex, work())
        lines = [
            f"{one.username}  {one.owner.name if one.owner else one.name or '?'}  "
            f"{one.plan.name if one.plan else ''}  {one.missing or 'complete'}"
            for one in found.proposals
        ]
        if done is not None:
            lines += [f"{name.partition(':')[2]} was not taken over: {why}" for name, why in done.refused]
            lines.append(f"{done.taken} taken over.")
        say(
            {
                "proposals": [figures_of(one) for one in found.proposals],
                "adopted": figures_of(done) if done is not None else None,
            },
            "\n".join(lines) or "Nothing: every entry is ours.",
            as_json=as_json,
        )


@network.command("observe")
def network_observe(
    router_id: Annotated[int, typer.Argument(help="Which router.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Only watch a router from now on: nothing is written to it, and its tasks wait."""
    with working(demo) as benfex:
        benfex.transactor.run_sync(manage_router, CLI, router_id=RouterId(router_id), is_managed=False)
        say({"router_id": router_id, "is_managed": False}, "It is only watched now.", as_json=as_json)


@network.command("outages")
def network_outages(as_json: Json = False, demo: Demo = False) -> None:
    """Tell which routers are down, how long each was this month, and the latest outages."""
    with working(demo) as benfex:
        read = benfex.transactor.read_sync
        latest = read(list_outages, CLI, request=_LATEST_OUTAGES).rows
        routers, sites = read(downtime_of_month, CLI, month=read(billing_today, CLI))
        lines = [
            f"{one.name:<24} {one.permille / 10:>6.1f}%  {say_duration(one.seconds)} in {one.outages} outages"
            for one in (*sites, *routers)
        ]
        lines += [
            f"{one.router_name} from {one.began_at:%d %b %H:%M} UTC, {say_duration(one.seconds)}"
            f"{'' if one.ended_at else ' and still'}"
            for one in latest
        ]
        say(
            {
                "outages": [figures_of(one) for one in latest],
                "routers": [figures_of(one) for one in routers],
                "sites": [figures_of(one) for one in sites],
            },
            "\n".join(lines) or "There is no router yet.",
            as_json=as_json,
        )


@network.command("leaks")
def network_leaks(as_json: Json = False, demo: Demo = False) -> None:
    """Ask every router now who is on the network and not paying, or known to nobody, in money a month."""
    with working(demo) as benfex:

        async def work() -> LeakReport:
            try:
                return await benfex.leaks.report(CLI)
            finally:
                await benfex.provisioner.stop()

        found = run(benfex, work())
        lines = [
            f"{one.monthly.format_exact():>16}  {one.router_name} {one.username}: {one.what}"
            f"{' Online now.' if one.is_online else ''}"
            for one in found.leaks
        ]
        lines += [f"{name} was not asked: {why}" for name, why in found.not_asked]
        say(
            {
                "leaks": [figures_of(one) for one in found.leaks],
                "not_asked": [list(one) for one in found.not_asked],
                "monthly": found.monthly.to_json(),
            },
            "\n".join([*lines, f"{found.monthly} a month."]),
            as_json=as_json,
        )
