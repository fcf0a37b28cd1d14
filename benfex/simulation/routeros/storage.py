"""The configuration of one router on disk: one JSON file, replaced as a whole. What is online is not kept."""

import json
import os
from pathlib import Path
from typing import Any

from benfex.simulation.routeros.device import Device

FORMAT = 1


class StateError(Exception):
    """The file of a router cannot be read; delete it to start with an empty router."""


def save_state(device: Device, path: Path) -> None:
    """Write the configured tables to `path` so that a reader sees the old file or the new, never half."""
    tables = {
        menu: {"next": table.next_number, "rows": list(table.rows.values())}
        for menu, table in device.tables.items()
    }
    text = json.dumps({"format": FORMAT, "boots": device.boots, "tables": tables})
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="ascii")
    os.replace(beside, path)


def load_state(device: Device, path: Path) -> bool:
    """Fill the tables from `path`; return False when there is no file. Raises StateError."""
    if not path.exists():
        return False
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
        if state["format"] != FORMAT:
            raise StateError(f"{path} has format {state['format']}, expected {FORMAT}.")
        device.boots = int(state["boots"]) + 1
        for menu, table in device.tables.items():
            kept = state["tables"].get(menu, {"next": 1, "rows": []})
            for row in kept["rows"]:
                table.restore({str(name): str(value) for name, value in row.items()})
            table.next_number = int(kept["next"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(f"{path} is not the state of a router: {error}") from error
    return True
