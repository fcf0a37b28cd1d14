"""The operator's commands about a router as a device: what it says of itself, ping, traceroute, restart, firmware."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import typer

from benfex.application import Benfex
from benfex.cli_running import CLI, Demo, Json, figures_of, run, say, working
from benfex.core.paging import PageRequest
from benfex.network.device import Hop, PingReply
from benfex.network.firmware import BEHIND, firmware_overview
from benfex.network.write_journal import writes_of_router
from data.values.identifiers import RouterId

devices = typer.Typer(help="Routers as devices.")
Which = Annotated[int, typer.Argument(help="The router's id.")]
Where = Annotated[str, typer.Argument(help="An address or a host name.")]


@devices.command("show")
def device_show(router_id: Which, as_json: Json = False, demo: Demo = False) -> None:
    """Ask a router how it is, and what its interfaces move."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        key = RouterId(router_id)
        return {
            "resources": figures_of(await benfex.inspector.resources(CLI, router_id=key)),
            "interfaces": _figures(await benfex.inspector.interfaces(CLI, router_id=key)),
        }

    _ask(work, demo=demo, as_json=as_json)


@devices.command("neighbours")
def device_neighbours(router_id: Which, as_json: Json = False, demo: Demo = False) -> None:
    """Ask a router who announces themselves around it."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        return {"neighbours": _figures(await benfex.inspector.neighbours(CLI, router_id=RouterId(router_id)))}

    _ask(work, demo=demo, as_json=as_json)


@devices.command("leases")
def device_leases(router_id: Which, as_json: Json = False, demo: Demo = False) -> None:
    """Ask a router for the leases of its DHCP servers."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        return {"leases": _figures(await benfex.inspector.leases(CLI, router_id=RouterId(router_id)))}

    _ask(work, demo=demo, as_json=as_json)


@devices.command("garden")
def device_garden(
    router_id: Which,
    on: Annotated[bool | None, typer.Option("--on/--off", help="Write the rules, or take them away.")] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Say how a router stands with the rules for who has not paid, or switch them."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        key, gardens = RouterId(router_id), benfex.gardens
        if on is None:
            return figures_of(await gardens.look(CLI, router_id=key))
        return figures_of(await gardens.switch(CLI, router_id=key, is_on=on))

    _ask(work, demo=demo, as_json=as_json)


@devices.command("written")
def device_written(
    router_id: Which,
    refused: Annotated[bool, typer.Option(help="Only what the router did not keep.")] = False,
    page: Annotated[int, typer.Option(min=1, help="Which hundred.")] = 1,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List what Benfex wrote to a router, newest first."""
    request = PageRequest(page=page, size=100, filter="refused" if refused else "all")
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(
            writes_of_router, CLI, router_id=RouterId(router_id), request=request
        )
        lines = [
            f"{one.written_at:%Y-%m-%d %H:%M:%S}  {one.username or 'the router'}: {one.what}"
            f"{'' if one.is_confirmed else f' (not kept: {one.reason})'}"
            for one in found.rows
        ]
        say({"writes": [figures_of(one) for one in found.rows]}, "\n".join(lines) or "None.", as_json=as_json)


@devices.command("log")
def device_log(router_id: Which, as_json: Json = False, demo: Demo = False) -> None:
    """Ask a router for the end of its log, the newest first."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        return {"log": _figures(await benfex.inspector.log(CLI, router_id=RouterId(router_id)))}

    _ask(work, demo=demo, as_json=as_json)


@devices.command("ping")
def device_ping(
    router_id: Which, address: Where, count: int = 5, as_json: Json = False, demo: Demo = False
) -> None:
    """Ping from a router."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        heard: list[PingReply] = []
        key = RouterId(router_id)
        await benfex.inspector.ping(CLI, router_id=key, address=address, count=count, heard=heard.append)
        return {"replies": _figures(heard)}

    _ask(work, demo=demo, as_json=as_json)


@devices.command("trace")
def device_trace(router_id: Which, address: Where, as_json: Json = False, demo: Demo = False) -> None:
    """Trace the way from a router."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        heard: list[tuple[Hop, ...]] = []
        key = RouterId(router_id)
        await benfex.inspector.trace(CLI, router_id=key, address=address, heard=heard.append)
        return {"hops": _figures(heard[-1] if heard else ())}

    _ask(work, demo=demo, as_json=as_json)


@devices.command("restart")
def device_restart(
    router_id: Which,
    confirm: Annotated[str, typer.Option(help="The router's name.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Restart a router; everybody on it is cut off until it is up."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        await benfex.inspector.restart(CLI, router_id=RouterId(router_id), confirm=confirm)
        return {"restarted": router_id}

    _ask(work, demo=demo, as_json=as_json)


@devices.command("firmware")
def device_firmware(
    behind: Annotated[bool, typer.Option("--behind", help="Only those that are behind.")] = False,
    page: Annotated[int, typer.Option(min=1, help="Which hundred.")] = 1,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Say which version and firmware each router has, the oldest first."""

    async def work(benfex: Benfex) -> dict[str, Any]:
        request = PageRequest(page=page, size=100, sort="version", filter=BEHIND if behind else "all")
        return {"routers": _figures((await benfex.read(firmware_overview, CLI, request=request)).rows)}

    _ask(work, demo=demo, as_json=as_json)


def _ask(work: Callable[[Benfex], Awaitable[dict[str, Any]]], *, demo: bool, as_json: bool) -> None:
    with working(demo) as benfex:

        async def asking() -> dict[str, Any]:
            try:
                return await work(benfex)
            finally:
                await benfex.inspector.stop()

        figures = run(benfex, asking())
        say(figures, "\n".join(_lines(figures)) or "None.", as_json=as_json)


def _figures(records: Sequence[Any]) -> list[dict[str, Any]]:
    return [figures_of(one) for one in records]


def _lines(figures: dict[str, Any]) -> list[str]:
    """Return figures for a person: a line each for what is a list, and for each entry of a record."""
    lines: list[str] = []
    for name, value in figures.items():
        if isinstance(value, list):
            lines += [_line(one) for one in value]
        elif isinstance(value, dict):
            lines += [f"{key}: {said}" for key, said in value.items()]
        else:
            lines.append(f"{name}: {value}")
    return lines


def _line(record: Any) -> str:
    if not isinstance(record, dict):
        return str(record)
    flat: dict[str, Any] = {}
    for key, value in record.items():
        flat |= value if isinstance(value, dict) else {key: value}
    return "  ".join(f"{key} {value}" for key, value in flat.items() if value not in ("", None))
