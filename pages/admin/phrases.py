"""Figures and kinds in the words of the console; statuses are named in `components/status_badge`."""

from benfex.payments.gateway import name_of_gateway
from data.values.kinds import Interval
from data.values.money import Money
from data.values.traffic import format_bps


def say_by(name: str) -> str:
    """Return how somebody paid, as the end of a sentence: "by M-Pesa", "in cash"."""
    return "in cash" if name == "cash" else f"by {name_of_gateway(name)}"


def say_interval(interval: Interval, count: int) -> str:
    """Return "a month", "a week", "every 3 months"."""
    return f"a {interval.value}" if count == 1 else f"every {count} {interval.value}s"


def say_price(amount: Money, interval: Interval, count: int) -> str:
    """Return "KES 2,500 a month"."""
    return f"{amount} {say_interval(interval, count)}"


def say_speed(download_bps: int, upload_bps: int) -> str:
    """Return "10 Mbps down, 5 Mbps up"."""
    return f"{format_bps(download_bps)} down, {format_bps(upload_bps)} up"


def say_span(milliseconds: int | None) -> str:
    """Return "850 ms", "3.2 s", "2 min 5 s", and a dash for None."""
    if milliseconds is None:
        return "—"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    tenths = (milliseconds + 50) // 100
    if tenths < 600:
        return f"{tenths // 10}.{tenths % 10} s"
    minutes, seconds = divmod((milliseconds + 500) // 1000, 60)
    return f"{minutes} min {seconds} s"


def say_change(permille: int | None) -> str:
    """Return "+6.2%", "-8.1%", and nothing where there is nothing to compare with."""
    if permille is None:
        return ""
    whole, tenth = divmod(abs(permille), 10)
    return f"{'-' if permille < 0 else '+'}{whole}.{tenth}%"


def say_count(count: int, one: str, many: str = "") -> str:
    """Return "1 invoice", "1,204 invoices"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def say_percent(basis_points: int) -> str:
    """Return "16%", "12.5%"."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0") + "%" if rest else f"{whole}%"


def say_tax(name: str, basis_points: int) -> str:
    """Return "VAT 16%", and the name alone where it tells the rate already."""
    return name if "%" in name else f"{name} {say_percent(basis_points)}"


def say_waiting(tasks: int) -> str:
    """Return what a number of waiting router tasks means."""
    return "told when the router answers" if tasks else "routers are up to date"


def say_firmware(current: str, offered: str) -> str:
    """Return the firmware of a board, and what a restart would bring; "none" where it has none of its own."""
    if offered and offered != current:
        return f"{current} ({offered} after an upgrade and a restart)"
    return current or "none"


def say_uptime(seconds: int) -> str:
    """Return "12 d 3 h", "3 h 20 min", "5 min"."""
    days, rest = divmod(seconds, 86_400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def say_balance(balance: Money) -> str:
    """Return what is owed, or how much credit there is."""
    return f"{-balance} credit" if balance.is_negative else str(balance)


def say_short(amount: Money) -> str:
    """Return an amount that fits a card: "KES 4.82M", "KES 312K", in whole units below 100,000."""
    whole = int(amount.format().split(" ", 1)[-1].split(".", 1)[0].replace(",", ""))
    if abs(whole) >= 1_000_000:
        hundredths = whole // 10_000
        return f"{amount.currency} {hundredths // 100:,}.{hundredths % 100:02d}M"
    if abs(whole) >= 100_000:
        return f"{amount.currency} {whole // 1000}K"
    return f"{amount.currency} {whole:,}"


def shortened(words: str, limit: int) -> str:
    """Return what of some words a line has room for; who shows it shows the whole on hover."""
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"
