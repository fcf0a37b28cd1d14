"""How much of a data cap is used, as a bar and in words."""

from __future__ import annotations

from components.elements import box, text
from components.theme import Tone
from data.values.traffic import format_bytes

WARN_PERCENT = 80


class UsageBar:
    """A meter with its words; `set` changes it in place."""

    def __init__(self, used_bytes: int, cap_bytes: int | None, *, label: str = "Data used") -> None:
        with box("bf-stack tight"):
            with box("bf-line wide num"):
                self._words = text("", "t1")
                self._rest = text("", "t2 bf-end")
            self.element = box(
                "bf-bar", role="meter", aria_label=label, aria_valuemin="0", aria_valuemax="100"
            )
            with self.element:
                box()
        self.set(used_bytes, cap_bytes)

    def set(self, used_bytes: int, cap_bytes: int | None) -> None:
        """Show `used_bytes` of `cap_bytes`; a cap of None is no cap, and shows no bar."""
        self.element.set_visibility(cap_bytes is not None)
        if cap_bytes is None:
            self._words.set_text(f"{format_bytes(used_bytes)} used")
            self._rest.set_text("No limit")
            return
        percent = used_percent(used_bytes, cap_bytes)
        left = max(0, cap_bytes - used_bytes)
        self._words.set_text(f"{format_bytes(used_bytes)} of {format_bytes(cap_bytes)}")
        self._rest.set_text(f"{format_bytes(left)} left" if left else "All used")
        shown = min(percent, 100)
        self.element.style(f"--share:{shown}")
        self.element.props.update(
            {
                "data-tone": usage_tone(percent),
                "aria-valuenow": str(shown),
                "aria-valuetext": f"{percent} percent used",
            }
        )


def usage_bar(used_bytes: int, cap_bytes: int | None, *, label: str = "Data used") -> UsageBar:
    """Create the bar of a cap."""
    return UsageBar(used_bytes, cap_bytes, label=label)


def usage_cell(name: str, used_bytes: int, cap_bytes: int | None) -> dict[str, str | int]:
    """Return the entries of a `DataTable` row for a column of kind "usage" called `name`."""
    if cap_bytes is None:
        return {name: -1, f"{name}_text": format_bytes(used_bytes), f"{name}_tone": "accent"}
    percent = used_percent(used_bytes, cap_bytes)
    return {name: min(percent, 100), f"{name}_text": f"{percent}%", f"{name}_tone": usage_tone(percent)}


def used_percent(used_bytes: int, cap_bytes: int) -> int:
    """Return the used share in percent, rounded down; a cap of nothing is used up."""
    return used_bytes * 100 // cap_bytes if cap_bytes > 0 else 100


def usage_tone(percent: int) -> Tone:
    """Return accent, warn from 80 percent, bad from 100."""
    if percent >= 100:
        return "bad"
    return "warn" if percent >= WARN_PERCENT else "accent"
