"""Run one of the few fixed commands that remedies know; its words never come from a log."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence


def run(argv: Sequence[str], env: Mapping[str, str], seconds: float, cwd: str = "/") -> str:
    """Run it to its end, with closed input and its output kept. Returns why it failed in a few words, "" when it did not."""
    failed, _ = said(argv, env, seconds, cwd)
    return failed


def said(argv: Sequence[str], env: Mapping[str, str], seconds: float, cwd: str = "/") -> tuple[str, str]:
    """(why it failed, "" when it did not; what it printed). The whole process group is ended at the limit."""
    environment = {**env, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", "PIPEGUARD_ACTIVE": "1"}
    try:
        process = subprocess.Popen(
            list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd=cwd,
            start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return f"could not start: {getattr(error, 'strerror', None) or error}", ""
    try:
        output, _ = process.communicate(timeout=seconds)
    except BaseException as stopped:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass
        process.wait()
        if isinstance(stopped, subprocess.TimeoutExpired):
            return f"was not done after {seconds:.0f} s", ""
        raise
    text = output.decode("utf-8", "replace")
    if process.returncode:
        last = text.strip().splitlines()[-1:] or [""]
        return f"ended with exit code {process.returncode}: {last[0][:200]}".rstrip(": "), text
    return "", text
