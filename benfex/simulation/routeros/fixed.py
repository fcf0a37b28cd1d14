"""The subscribers that sign in nowhere: what passes through a simple queue that somebody configured (reference C.5).

A queue counts from when it is made; changing it keeps its counters, and they are lost at a reboot. Whose address is on
the list of the suspended only reaches the pay page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benfex.simulation.routeros import formats, menus
from benfex.simulation.routeros.options import RouterOptions
from benfex.simulation.routeros.tables import Table
from benfex.simulation.routeros.traffic import (
    LINE_DOWNLOAD_BPS,
    LINE_UPLOAD_BPS,
    Appetite,
    Limits,
    make_appetite,
    make_noise,
    make_random,
    rates_at,
    steps_over,
)
from benfex.simulation.routeros.wire import Row


@dataclass(slots=True)
class Counted:
    """What went through one queue."""

    appetite: Appetite
    counted_until: float
    download_bytes: float = 0.0
    upload_bytes: float = 0.0


class FixedLines:
    """All configured queues of one router, by their `.id`."""

    def __init__(self, tables: Mapping[str, Table], options: RouterOptions) -> None:
        self._tables = tables
        self._story = f"{options.seed}:{options.name}"
        self._noise = make_noise(self._story)
        self._counted: dict[str, Counted] = {}

    def count(self, now: float) -> tuple[float, float]:
        """Bring all counters up to `now`, and return what passed since the last time (download, upload)."""
        queues = self._tables[menus.QUEUE].rows
        for gone in self._counted.keys() - queues.keys():
            del self._counted[gone]
        downloaded = uploaded = 0.0
        for row_id, row in queues.items():
            line = self._counted.get(row_id)
            if line is None:
                line = self._counted[row_id] = Counted(self._appetite(row), now)
            if row["disabled"] == "false":
                download, upload = self._passed(line, self._limits(row), now)
                line.download_bytes += download
                line.upload_bytes += upload
                downloaded, uploaded = downloaded + download, uploaded + upload
            line.counted_until = now
        return downloaded, uploaded

    def reset(self) -> None:
        """Set all counters to zero, as a reboot and a reset do."""
        for line in self._counted.values():
            line.download_bytes = line.upload_bytes = 0.0

    def rows(self, configured: Iterable[Row], now: float) -> list[Row]:
        """Return the configured queues with their counters and rates, upload first."""
        rows = []
        for row in configured:
            line = self._counted.get(row[".id"])
            if line is not None:
                limits = self._limits(row)
                rate = (0.0, 0.0)
                if row["disabled"] == "false":
                    rate = rates_at(now, appetite=line.appetite, limits=limits, noise=self._noise)
                row = {  # noqa: PLW2901 (a copy: what is configured has no counters)
                    **row,
                    "bytes": f"{int(line.upload_bytes)}/{int(line.download_bytes)}",
                    "rate": f"{int(rate[1])}/{int(rate[0])}",
                }
            rows.append(row)
        return rows

    def _passed(self, line: Counted, limits: Limits, now: float) -> tuple[float, float]:
        seconds = now - line.counted_until
        if seconds <= 0.0:
            return 0.0, 0.0
        steps = steps_over(seconds)
        step = seconds / steps
        download = upload = 0.0
        for number in range(steps):
            moment = line.counted_until + step * (number + 0.5)
            rate = rates_at(moment, appetite=line.appetite, limits=limits, noise=self._noise)
            download, upload = download + rate[0], upload + rate[1]
        return download * step / 8, upload * step / 8

    def _limits(self, row: Row) -> Limits:
        upload_bps, download_bps = formats.parse_rate_limit(row["max-limit"])
        address = row["target"].removesuffix("/32")
        listed = self._tables[menus.ADDRESS_LIST].rows.values()
        return Limits(
            download_bps=download_bps or LINE_DOWNLOAD_BPS,
            upload_bps=upload_bps or LINE_UPLOAD_BPS,
            portal_only=any(
                entry["list"] == menus.SUSPENDED
                and entry["address"] == address
                and entry["disabled"] == "false"
                for entry in listed
            ),
        )

    def _appetite(self, row: Row) -> Appetite:
        return make_appetite(make_random(f"{self._story}:{row['target']}"))
