"""Amounts, dates and rates as documents write them. Pure."""

from datetime import date

from data.values.money import Money
from data.values.periods import Period

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def say_date(day: date) -> str:
    """Return "2 Dec 2026"."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def say_period(period: Period) -> str:
    """Return the first and the last day: "25 Nov – 24 Dec 2026", with both years when they differ."""
    first, last = period.starts_on, period.last_day
    if first == last:
        return say_date(first)
    start = f"{first.day} {_MONTHS[first.month - 1]}" if first.year == last.year else say_date(first)
    return f"{start} – {say_date(last)}"


def say_days(days: int) -> str:
    """Return "1 day" or "30 days"."""
    return "1 day" if days == 1 else f"{days} days"


def say_amount(amount: Money) -> str:
    """Return the amount with all decimals and its currency, a true minus in front: "−KES 2,500.00"."""
    return amount.format_exact().replace("-", "−")


def say_figure(amount: Money) -> str:
    """Return the amount for a column whose head names the currency: "2,500.00"."""
    return say_amount(amount).replace(f"{amount.currency} ", "")


def say_tax(name: str, basis_points: int) -> str:
    """Return the tax and its rate, "VAT 16%", also when the name says the rate already."""
    whole, rest = divmod(basis_points, 100)
    rate = f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)
    words = name.replace("%", " ").split()
    return name if rate in words else f"{name} {rate}%"


def say_phone(e164: str) -> str:
    """Return an international number in groups, as people read it: "+254 712 345 126"."""
    digits = e164[1:]
    if not e164.startswith("+254") or len(digits) != 12:
        return e164
    return f"+{digits[:3]} {digits[3:6]} {digits[6:9]} {digits[9:]}"
