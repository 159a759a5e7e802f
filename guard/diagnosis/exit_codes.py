"""Exit codes that say by themselves what failed, for tools that were told to be silent.

From the manuals of curl ("EXIT CODES"), wget ("EXIT STATUS"), timeout(1) and rsync ("EXIT VALUES").
"""

from __future__ import annotations

import os
import re

from guard.types import Outcome

_MEANINGS: dict[str, dict[int, tuple[str, float, str]]] = {
    "curl": {
        6: ("dns_failure", 0.9, "could not resolve the host"),
        7: ("connection_failure", 0.9, "failed to connect to the host"),
        18: ("connection_failure", 0.85, "only a part of the file was transferred"),
        28: ("network_timeout", 0.9, "the operation timed out"),
        35: ("tls_error", 0.7, "the TLS handshake failed"),
        52: ("connection_failure", 0.9, "the server did not reply anything"),
        55: ("connection_failure", 0.85, "sending network data failed"),
        56: ("connection_failure", 0.85, "receiving network data failed"),
        60: ("tls_error", 0.93, "the certificate of the peer is not accepted"),
    },
    "wget": {
        3: ("disk_full", 0.5, "a file could not be written"),
        4: ("connection_failure", 0.7, "network failure"),
        5: ("tls_error", 0.9, "the certificate of the server is not accepted"),
        6: ("auth_failure", 0.9, "the user name or password is not accepted"),
    },
    "timeout": {124: ("hang", 0.9, "the command ran into its time limit")},
    "rsync": {
        10: ("connection_failure", 0.8, "error in socket I/O"),
        11: ("disk_full", 0.5, "error in file I/O"),
        30: ("network_timeout", 0.9, "timeout in sending or receiving data"),
        35: ("network_timeout", 0.9, "timeout waiting for the daemon's connection"),
    },
}
_LAST_COMMAND = re.compile(r"(?:\A|[\n;&|])\s*(?:sudo\s+)?([\w./-]+)[^\n;&|]*\s*\Z")


def meaning(outcome: Outcome) -> tuple[str, float, str] | None:
    """(label, probability, sentence) where the command is one tool, or a script that ends in it, and its exit
    code has a meaning of its own."""
    if outcome.ended != "exited":
        return None
    command = outcome.command
    name = os.path.basename(command.argv[0]) if command.argv else ""
    text = command.script if command.script is not None else _shell_text(command.argv)
    if text is not None:
        last = _LAST_COMMAND.search(text)
        name = os.path.basename(last.group(1)) if last else ""
    found = _MEANINGS.get(name, {}).get(outcome.exit_code)
    return (found[0], found[1], f"{name} ended with exit code {outcome.exit_code}: {found[2]}") if found else None


def _shell_text(argv: tuple[str, ...]) -> str | None:
    if len(argv) >= 3 and os.path.basename(argv[0]) in ("sh", "bash", "dash") and re.fullmatch(r"-[a-z]*c", argv[-2]):
        return argv[-1]
    return None
