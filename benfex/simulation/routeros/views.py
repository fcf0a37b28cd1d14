"""Rows that nobody configured: sessions, their interfaces, queues and list entries, the router's own health.

Static texts of a session are made once and kept with it; only counters and times are new at each reading.
"""

from collections.abc import Callable, Iterable, Iterator

from benfex.simulation.routeros import menus
from benfex.simulation.routeros.formats import format_duration, format_instant
from benfex.simulation.routeros.homes import Homes, Session
from benfex.simulation.routeros.options import RouterOptions
from benfex.simulation.routeros.traffic import make_random
from benfex.simulation.routeros.wire import Row

PACKET_DOWNLOAD_BYTES = 1100
PACKET_UPLOAD_BYTES = 260
Maker = Callable[[Session], Row]

UPLINK = "ether1"
ACCESS = "ether2"
MEMORY_BYTES = 4_227_858_432
RATED_BPS = 10_000_000_000  # traffic at which the processor would be busy all the time


def active_id(session: Session) -> str:
    """Return the `.id` of a session in /ppp/active and /ip/hotspot/active."""
    return f"*{0x80000000 + session.number:X}"


def interface_rows(homes: Homes, fixed: Iterable[Row], now: float) -> list[Row]:
    """Return /interface: the ports, then one dynamic row per PPPoE session with 64-bit counters."""
    homes.count(now)
    download, upload = int(homes.total_download_bytes), int(homes.total_upload_bytes)
    rows: list[Row] = []
    for port in fixed:
        row = dict(port)
        if row.get("default-name") == UPLINK:
            _set_counters(row, received=download, sent=upload, download_received=True)
        elif row.get("default-name") == ACCESS:
            _set_counters(row, received=upload, sent=download, download_received=False)
        rows.append(row)
    for session in _of(homes, menus.SECRET):
        row = _kept(session, menus.INTERFACE, _new_interface)
        received, sent = int(session.upload_bytes), int(session.download_bytes)
        row["rx-byte"] = row["fp-rx-byte"] = str(received)
        row["tx-byte"] = row["fp-tx-byte"] = str(sent)
        row["rx-packet"] = str(received // PACKET_UPLOAD_BYTES)
        row["tx-packet"] = str(sent // PACKET_DOWNLOAD_BYTES)
        rows.append(row)
    return rows


def pppoe_server_rows(homes: Homes, now: float) -> list[Row]:
    """Return /interface/pppoe-server: who is behind which interface, and for how long."""
    rows: list[Row] = []
    for session in _of(homes, menus.SECRET):
        row = _kept(session, menus.PPPOE_SERVER, _new_pppoe_server)
        row["uptime"] = format_duration(now - session.started_at)
        rows.append(row)
    return rows


def ppp_active_rows(homes: Homes, now: float, *, boots: int) -> list[Row]:
    """Return /ppp/active: the sessions, without any byte counter."""
    rows: list[Row] = []
    for session in _of(homes, menus.SECRET):
        row = _kept(session, menus.PPP_ACTIVE, _new_ppp_active)
        row["uptime"] = format_duration(now - session.started_at)
        row["session-id"] = f"0x81{boots % 16:x}{session.number:05x}"
        rows.append(row)
    return rows


def hotspot_active_rows(homes: Homes, now: float) -> list[Row]:
    """Return /ip/hotspot/active: bytes-in is the subscriber's upload."""
    homes.count(now)
    rows: list[Row] = []
    for session in _of(homes, menus.HOTSPOT_USER):
        row = _kept(session, menus.HOTSPOT_ACTIVE, _new_hotspot_active)
        row["uptime"] = format_duration(now - session.started_at)
        row["bytes-in"] = str(int(session.upload_bytes))
        row["bytes-out"] = str(int(session.download_bytes))
        rows.append(row)
    return rows


def queue_rows(homes: Homes, now: float) -> list[Row]:
    """Return the dynamic queues that the rate limits of profiles made; pairs are upload/download."""
    homes.count(now)
    rows: list[Row] = []
    for session in homes.sessions.values():
        if not session.rate_limit:
            continue
        row = _kept(session, menus.QUEUE, _new_queue)
        download_bps, upload_bps = homes.rates(session, now)
        row["bytes"] = f"{int(session.upload_bytes)}/{int(session.download_bytes)}"
        row["rate"] = f"{int(upload_bps)}/{int(download_bps)}"
        rows.append(row)
    return rows


def address_list_rows(homes: Homes) -> list[Row]:
    """Return the dynamic list entries of sessions whose profile names an address list."""
    listed = (session for session in homes.sessions.values() if session.address_list)
    return [_kept(session, menus.ADDRESS_LIST, _new_listed) for session in listed]


def resource_row(options: RouterOptions, homes: Homes, now: float, *, booted_at: float) -> Row:
    """Return /system/resource; the processor works with the traffic."""
    rates = [homes.rates(session, now) for session in homes.sessions.values()]
    busy = sum(download + upload for download, upload in rates) / RATED_BPS
    flicker = make_random(f"{options.name}:{int(now) // 5}").random()
    load = min(100, int(2 + 6 * flicker + 90 * busy + len(rates) / 80))
    return {
        "uptime": format_duration(now - booted_at),
        "version": options.version,
        "build-time": "2025-02-19 12:00:00",
        "factory-software": "7.0.4",
        "free-memory": str(MEMORY_BYTES - 276_824_064 - 60_000 * len(rates) - int(4_000_000 * flicker)),
        "total-memory": str(MEMORY_BYTES),
        "cpu": "ARM64",
        "cpu-count": "4",
        "cpu-frequency": "1700",
        "cpu-load": str(load),
        "free-hdd-space": "106233856",
        "total-hdd-space": "135266304",
        "write-sect-since-reboot": str(int((now - booted_at) / 40)),
        "bad-blocks": "0",
        "architecture-name": "arm64",
        "board-name": options.board,
        "platform": "MikroTik",
    }


def routerboard_row(options: RouterOptions) -> Row:
    """Return /system/routerboard; the serial number follows from name and seed."""
    serial = make_random(f"serial:{options.seed}:{options.name}")
    firmware = options.version.split()[0]
    return {
        "routerboard": "true",
        "model": options.board,
        "serial-number": "HE" + "".join(serial.choice("0123456789ABCDEF") for _ in range(9)),
        "firmware-type": "al64",
        "factory-firmware": "7.0.4",
        "current-firmware": firmware,
        "upgrade-firmware": firmware,
    }


def monitor_row(homes: Homes, name: str, now: float) -> Row:
    """Return the traffic of one interface at `now`, from the router's side, already as rates."""
    session = homes.by_interface.get(name)
    watched = [session] if session else list(homes.sessions.values()) if name in (UPLINK, ACCESS) else []
    rates = [homes.rates(one, now) for one in watched]
    download, upload = (int(sum(rate[side] for rate in rates)) for side in (0, 1))
    received, sent = (download, upload) if name == UPLINK else (upload, download)
    return {
        "name": name,
        "rx-packets-per-second": str(received // 8 // PACKET_DOWNLOAD_BYTES),
        "rx-bits-per-second": str(received),
        "rx-drops-per-second": "0",
        "rx-errors-per-second": "0",
        "tx-packets-per-second": str(sent // 8 // PACKET_DOWNLOAD_BYTES),
        "tx-bits-per-second": str(sent),
        "tx-drops-per-second": "0",
        "tx-errors-per-second": "0",
    }


def _of(homes: Homes, menu: str) -> Iterator[Session]:
    return (session for session in homes.sessions.values() if session.menu == menu)


def _kept(session: Session, menu: str, make: Maker) -> Row:
    row = session.rows.get(menu)
    if row is None:
        row = session.rows[menu] = make(session)
    return row


def _set_counters(row: Row, *, received: int, sent: int, download_received: bool) -> None:
    sizes = (PACKET_DOWNLOAD_BYTES, PACKET_UPLOAD_BYTES)
    received_size, sent_size = sizes if download_received else sizes[::-1]
    row["rx-byte"] = row["fp-rx-byte"] = str(received)
    row["tx-byte"] = row["fp-tx-byte"] = str(sent)
    row["rx-packet"] = str(received // received_size)
    row["tx-packet"] = str(sent // sent_size)


def _new_interface(session: Session) -> Row:
    return {
        ".id": f"*F{session.number:05X}",
        "name": session.interface,
        "type": "pppoe-in",
        "mtu": "1480",
        "actual-mtu": "1480",
        "last-link-up-time": format_instant(session.started_at),
        "link-downs": "0",
        "rx-byte": "0",
        "tx-byte": "0",
        "rx-packet": "0",
        "tx-packet": "0",
        "rx-drop": "0",
        "tx-drop": "0",
        "tx-queue-drop": "0",
        "rx-error": "0",
        "tx-error": "0",
        "fp-rx-byte": "0",
        "fp-tx-byte": "0",
        "dynamic": "true",
        "running": "true",
        "disabled": "false",
    }


def _new_pppoe_server(session: Session) -> Row:
    return {
        ".id": f"*{session.number:X}",
        "name": session.interface,
        "user": session.user,
        "service": "isp",
        "remote-address": session.caller_id,
        "encoding": "",
        "uptime": "0s",
        "mtu": "1480",
        "mru": "1480",
        "interface": ACCESS,
        "running": "true",
        "dynamic": "true",
        "disabled": "false",
    }


def _new_ppp_active(session: Session) -> Row:
    return {
        ".id": active_id(session),
        "name": session.user,
        "service": "pppoe",
        "caller-id": session.caller_id,
        "address": session.address,
        "uptime": "0s",
        "encoding": "",
        "session-id": "0x0",
        "limit-bytes-in": "0",
        "limit-bytes-out": "0",
        "radius": "false",
    }


def _new_hotspot_active(session: Session) -> Row:
    return {
        ".id": active_id(session),
        "server": "hotspot1",
        "user": session.user,
        "address": session.address,
        "mac-address": session.caller_id,
        "login-by": "http-chap",
        "uptime": "0s",
        "idle-time": "2s",
        "keepalive-timeout": "2m",
        "bytes-in": "0",
        "bytes-out": "0",
        "radius": "false",
    }


def _new_queue(session: Session) -> Row:
    return {
        ".id": f"*{0x1000000 + session.number:X}",
        "name": session.interface,
        "target": session.interface if session.menu == menus.SECRET else f"{session.address}/32",
        "parent": "none",
        "packet-marks": "",
        "priority": "8/8",
        "queue": "default-small/default-small",
        "limit-at": "0/0",
        "max-limit": session.rate_limit,
        "burst-limit": "0/0",
        "burst-threshold": "0/0",
        "burst-time": "0s/0s",
        "bytes": "0/0",
        "rate": "0/0",
        "invalid": "false",
        "dynamic": "true",
        "disabled": "false",
    }


def _new_listed(session: Session) -> Row:
    return {
        ".id": f"*{0x2000000 + session.number:X}",
        "list": session.address_list,
        "address": session.address,
        "creation-time": format_instant(session.started_at),
        "dynamic": "true",
        "disabled": "false",
    }
