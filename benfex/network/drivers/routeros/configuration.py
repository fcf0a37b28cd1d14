"""The configuration of RouterOS as text: /export writes a file, which is read back in pieces and removed.

/export prints nothing to the API. RouterOS 7 hides secrets by itself, 6 has to be told (reference C.10).
"""

from __future__ import annotations

from typing import Final

from benfex.core.errors import RouterRejected
from benfex.network.drivers.routeros.conversation import NO_PERMISSION, NO_SUCH_ITEM, NO_SUCH_MENU
from benfex.network.drivers.routeros.questions import Ask, show

NAME: Final = "benfex-export"
FILE: Final = f"{NAME}.rsc"
READ_BYTES: Final = 32_768
CONFIGURATION_BYTES_MAX: Final = 8 * 1024 * 1024
TOO_LARGE: Final = "too_large"


def write_export(ask: Ask) -> None:
    """Have the router write its configuration to a file, without secrets. Raises RouterRejected."""
    resource = next(iter(show(ask, "/system/resource", ("version",))), {})
    hide = ("=hide-sensitive=",) if resource.get("version", "").startswith("6.") else ()
    try:
        ask("/export", f"=file={NAME}", *hide)
    except RouterRejected as error:
        if error.code != NO_PERMISSION:
            raise
        raise RouterRejected(
            "The API user may not write files there: give its group the policy ftp for backups.",
            code=NO_PERMISSION,
        ) from error


def read_export(ask: Ask) -> str | None:
    """Return the text of the file; None while it is not there or not whole yet. Raises RouterRejected."""
    found = show(ask, "/file", (".id", "name", "size", "contents"), f"?name={FILE}")
    if not found:
        return None
    size = int(found[0].get("size", "0"))
    if size > CONFIGURATION_BYTES_MAX:
        raise RouterRejected("Its configuration is larger than 8 MB.", code=TOO_LARGE)
    contents = found[0].get("contents", "")
    text = contents if len(contents) == size else _read_pieces(ask, size)
    return text.replace("\r\n", "\n") if text and len(text) == size else None


def remove_export(ask: Ask) -> None:
    """Remove the file; nothing to do when it is not there."""
    for row in show(ask, "/file", (".id",), f"?name={FILE}"):
        try:
            ask("/file/remove", f"=.id={row['.id']}")
        except RouterRejected as error:
            if error.code != NO_SUCH_ITEM:
                raise


def _read_pieces(ask: Ask, size: int) -> str:
    pieces: list[str] = []
    try:
        for offset in range(0, size, READ_BYTES):
            rows = ask("/file/read", f"=file={FILE}", f"=offset={offset}", f"=chunk-size={READ_BYTES}")
            pieces.append(rows[0].get("data", "") if rows else "")
    except RouterRejected as error:
        if error.code != NO_SUCH_MENU:
            raise
        raise RouterRejected(
            "Its configuration is too large to be read over the API of this version; 7.13 and later can.",
            code=TOO_LARGE,
        ) from error
    return "".join(pieces)
