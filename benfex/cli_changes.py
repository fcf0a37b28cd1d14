"""The operator's commands about changes of many routers."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from benfex.application import Benfex
from benfex.cli_backups import devices
from benfex.cli_running import CLI, Demo, Json, figures_of, run, say, working
from benfex.core.paging import PageRequest
from benfex.network.change_runs import ItemView, RunView, changeable_routers, list_items, run_view
from benfex.network.vetted import NAMED, change_named
from data.values.identifiers import RouterId
from data.values.kinds import ChangeRunState

__all__ = ["devices"]
Run = Annotated[int, typer.Argument(help="The change's number.")]


@devices.command("change")
def router_change(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMED)}.")],
    value: Annotated[
        str, typer.Argument(help="Servers, note, service, port, or list and address with a space between.")
    ],
    router: Annotated[
        list[int] | None, typer.Option(help="A router's id, as often as needed; all managed when left out.")
    ] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Read routers and tell what a change would do; nothing is written before `change-go`."""

    async def work(benfex: Benfex) -> int:
        named = [RouterId(one) for one in router or ()]
        routers = named or list(await benfex.read(changeable_routers, CLI))
        return await benfex.changer.plan(CLI, change=change_named(kind, value), router_ids=routers)

    _tell(work, demo=demo, as_json=as_json)


@devices.command("change-go")
def router_change_go(run_id: Run, as_json: Json = False, demo: Demo = False) -> None:
    """Make a change at its first router, or go on with the others; ends with 2 when it stops."""

    async def work(benfex: Benfex) -> int:
        seen = await benfex.read(run_view, CLI, run_id=run_id)
        await benfex.changer.go_on(CLI, run_id=run_id, seen=seen.state)
        await benfex.changer.wait(run_id)
        return run_id

    _tell(work, demo=demo, as_json=as_json)


@devices.command("change-undo")
def router_change_undo(run_id: Run, as_json: Json = False, demo: Demo = False) -> None:
    """Put back what a change did; ends with 2 when a router could not be put back."""

    async def work(benfex: Benfex) -> int:
        await benfex.changer.undo(CLI, run_id=run_id)
        await benfex.changer.wait(run_id)
        return run_id

    _tell(work, demo=demo, as_json=as_json)


@devices.command("change-show")
def router_change_show(run_id: Run, as_json: Json = False, demo: Demo = False) -> None:
    """Tell where a change stands."""

    async def work(benfex: Benfex) -> int:
        return run_id

    _tell(work, demo=demo, as_json=as_json)


def _tell(work: Callable[[Benfex], Awaitable[int]], *, demo: bool, as_json: bool) -> None:
    with working(demo) as benfex:

        async def working_on() -> tuple[RunView, tuple[ItemView, ...]]:
            try:
                run_id = await work(benfex)
                request = PageRequest(size=100)
                items = await benfex.read(list_items, CLI, run_id=run_id, request=request)
                return await benfex.read(run_view, CLI, run_id=run_id), items.rows
            finally:
                await benfex.changer.stop()

        view, items = run(benfex, working_on())
        figures: dict[str, Any] = figures_of(view) | {"routers": [figures_of(item) for item in items]}
        lines = [f"{view.run_id}: {view.what}: {view.state}. {view.reason}".rstrip()]
        lines += [
            f"  {item.router_name}: {item.before} -> {item.after}: {item.state} {item.reason}".rstrip()
            for item in items
        ]
        say(figures, "\n".join(lines), as_json=as_json)
    if view.state is ChangeRunState.STOPPED:
        raise typer.Exit(2)
