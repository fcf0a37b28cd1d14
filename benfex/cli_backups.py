"""The operator's commands about copies of routers' configurations."""

from typing import Annotated

import typer

from benfex.cli_devices import Which, devices
from benfex.cli_running import CLI, Demo, Json, figures_of, run, say, working
from benfex.core.paging import PageRequest
from benfex.network.backups import BackupRun
from benfex.network.snapshots import Kept, compare_snapshots, configuration_text, list_snapshots
from data.values.identifiers import RouterId
from data.values.kinds import DiffKind

__all__ = ["devices"]
_SIGNS = {DiffKind.ADDED: "+", DiffKind.REMOVED: "-", DiffKind.SAME: " ", DiffKind.PLACE: "@@ "}


@devices.command("backup")
def router_backup(
    router_id: Annotated[
        int | None, typer.Argument(help="The router's id; all managed routers when left out.")
    ] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Read and keep the configuration of a router, or of all that are managed."""
    with working(demo) as benfex:

        async def work() -> Kept | BackupRun:
            if router_id is None:
                return await benfex.backups.back_up_all(CLI)
            return await benfex.backups.back_up(CLI, router_id=RouterId(router_id))

        done = figures_of(run(benfex, work()))
        say(done, "\n".join(f"{name}: {value}" for name, value in done.items()), as_json=as_json)
    if done.get("failed"):
        raise typer.Exit(2)


@devices.command("backups")
def router_backups(
    router_id: Which,
    page: Annotated[int, typer.Option(min=1, help="Which hundred.")] = 1,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List the copies of a router's configuration, newest first."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(
            list_snapshots, CLI, router_id=RouterId(router_id), request=PageRequest(page=page, size=100)
        )
        lines = [
            f"{one.snapshot_id}  {one.taken_at:%Y-%m-%d %H:%M}  {one.size_bytes} bytes  +{one.added} -{one.removed}"
            f"{'  changed by others' if one.is_unexpected else ''}"
            for one in found.rows
        ]
        say(
            {"backups": [figures_of(one) for one in found.rows]}, "\n".join(lines) or "None.", as_json=as_json
        )


@devices.command("configuration")
def router_configuration(
    router_id: Which,
    snapshot_id: Annotated[int, typer.Argument(help="The copy's id.")],
    against: Annotated[int | None, typer.Option(help="Compare from this older copy.")] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Tell what a copy holds, or how it differs from an older one."""
    with working(demo) as benfex:
        key, vault = RouterId(router_id), benfex.vault
        if against is None:
            text = benfex.transactor.read_sync(
                configuration_text, CLI, router_id=key, snapshot_id=snapshot_id, vault=vault
            )
            say({"text": text}, text, as_json=as_json)
            return
        found = benfex.transactor.read_sync(
            compare_snapshots, CLI, router_id=key, older=against, newer=snapshot_id, vault=vault
        )
        lines = [f"{_SIGNS[line.kind]}{line.text}" for line in found]
        say(
            {"lines": [figures_of(line) for line in found]},
            "\n".join(lines) or "They are the same.",
            as_json=as_json,
        )
