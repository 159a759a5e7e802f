"""GitLab CI: collapsible sections (docs.gitlab.com, "Custom collapsible sections")."""

from __future__ import annotations

import hashlib
import time

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

NAME = "gitlab"
STREAM = 2

_SECTION = LazyPattern(r"section_(?=start|end)")

annotate = plain.annotate
publish = plain.publish


def escape(text: str) -> str:
    """The text without carriage returns and escape codes, and with no section marker."""
    return _SECTION.sub("section ", plain.escape(text))


def group(title: str) -> str:
    """Opens a section."""
    return f"\x1b[0Ksection_start:{int(time.time())}:{_name(title)}[collapsed=true]\r\x1b[0K{escape(title)}"


def end_group(title: str) -> str:
    """Closes the section of that title."""
    return f"\x1b[0Ksection_end:{int(time.time())}:{_name(title)}\r\x1b[0K"


def _name(title: str) -> str:
    return "pipeguard_" + hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()[:8]
