"""Where Java is: Debian's groovy does not find it by itself."""

from __future__ import annotations

import os
import shutil

import pytest


def java_home() -> str:
    """JAVA_HOME, or the folder above the java of PATH; the test is skipped without one."""
    found = shutil.which("java")
    if found is None:
        pytest.skip("java is not installed")
    return os.environ.get("JAVA_HOME") or os.path.dirname(os.path.dirname(os.path.realpath(found)))
