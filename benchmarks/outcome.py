"""What a benchmark found, and how it is printed: a short table, then one line of JSON."""

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Figure = int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class Target:
    """What was to be reached, in words, and whether it was."""

    words: str
    is_met: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The table as (what, how much) for people, the figures for programs, and the targets."""

    name: str
    table: Sequence[tuple[str, str]]
    figures: Mapping[str, Figure]
    targets: Sequence[Target]

    @property
    def is_good(self) -> bool:
        """Return whether every target was met."""
        return all(target.is_met for target in self.targets)

    def describe(self, *, seconds: float) -> str:
        """Return the text to print; `seconds` is what the whole benchmark took."""
        width = max((len(what) for what, _ in self.table), default=0)
        lines = [f"{self.name}  ({seconds:.0f} s)"]
        lines += [f"  {what:<{width}}  {how_much}" for what, how_much in self.table]
        lines += [f"  {'met   ' if target.is_met else 'MISSED'}  {target.words}" for target in self.targets]
        summary = {
            "benchmark": self.name,
            "python": platform.python_version(),
            "machine": platform.machine(),
            "seconds": round(seconds, 1),
            **self.figures,
            "missed": [target.words for target in self.targets if not target.is_met],
        }
        return "\n".join([*lines, json.dumps(summary)])


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the nearest-rank percentile of values in any order. Raises ValueError when there are none."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(rank, 1) - 1]
