"""Numbers → the words in which people read them; texts of others → one clean line."""

from __future__ import annotations

from datetime import date

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
NONE = "–"


def duration(seconds: float | None) -> str:
    """`42 s`, `3.2 min`, `5.1 h`, `2.3 days`; a dash for None."""
    if seconds is None:
        return NONE
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 5970:
        return f"{_short(seconds / 60)} min"
    return f"{_short(seconds / 3600)} h" if seconds < 172_800 else f"{_short(seconds / 86_400)} days"


def minutes(seconds: float) -> str:
    """Minutes with their unit, whole from ten on; what is little is not nothing."""
    if 0 < seconds < 3:
        return "<0.1 min"
    return f"{_short(seconds / 60)} min"


def percent(share: float) -> str:
    """`70 %`; what is not quite all or nothing is not rounded to it."""
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{share * 100:.0f} %"


def money(amount: float, currency: str) -> str:
    """`$3.30`, `€1,204`, `12.00 CHF`."""
    number = f"{amount:,.0f}" if amount >= 1000 else f"{amount:,.2f}"
    sign = _SIGNS.get(currency)
    return f"{sign}{number}" if sign else f"{number} {currency}"


def count(number: int, one: str = "", many: str = "") -> str:
    """`1,204 runs`."""
    word = one if number == 1 else many or f"{one}s" if one else ""
    return f"{number:,} {word}".rstrip()


def day(text: str) -> str:
    """`24 Nov 2026` of a date or moment in ISO 8601; the text itself where it is none."""
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return clean(text)
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def span(first: str, last: str) -> str:
    """`1 Sep 2026 to 24 Nov 2026`, or the one day."""
    begin, end = day(first), day(last)
    return begin if begin == end else f"{begin} to {end}"


def axis_day(text: str, step: str) -> str:
    """What stands below an axis: `24 Nov`, for months `Nov 2026`, for years `2026`."""
    number, month, year = day(text).split(" ")
    if step == "year":
        return year
    return f"{month} {year}" if step == "month" else f"{number} {month}"


def clean(text: str, most: int = 200) -> str:
    """One line without control, direction or half characters, cut to `most`."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def _short(number: float) -> str:
    return f"{number:.1f}" if number < 9.95 else f"{number:,.0f}"
