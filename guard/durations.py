"""`90`, `90s`, `10m`, `1h30m` → seconds, and back to what a person reads."""

from __future__ import annotations

import re

_FORM = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")
LONGEST_S = 7 * 86400.0


def seconds(value: object) -> float:
    """The seconds of a duration as settings write it. Raises ValueError that says what is wrong."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("is no duration (write 90, 90s, 10m or 1h30m)")
    text = str(value).strip().lower()
    match = _FORM.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"{value!r} is no duration (write 90, 90s, 10m or 1h30m)")
    days, hours, minutes, rest = (float(part) if part else 0.0 for part in match.groups())
    total = days * 86400 + hours * 3600 + minutes * 60 + rest
    if not 0 < total <= LONGEST_S:
        raise ValueError(f"{value!r} is not between one moment and seven days")
    return total


def shown(total: float) -> str:
    """Seconds as a person says them: `0.4 s`, `41 s`, `3 min 20 s`, `1 h 5 min`."""
    if total < 9.95:
        return f"{total:.1f} s"
    whole = round(total)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
