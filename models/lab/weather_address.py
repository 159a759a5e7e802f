"""An address for one registry that is not the loopback's: a client's words about it then read as they do of a remote host."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

RANGE = r"198\.1[89]\.\d{1,3}\.\d{1,3}"
"""What such an address looks like: of the network that is set apart for trying out network devices (RFC 2544)."""
_ATTEMPTS = 20


@contextmanager
def own_address() -> Iterator[str]:
    """An address that this machine answers to while the block lasts: one more on `lo` where root may add it, else one of 127.0.0.0/8.

    Without root it is 127.0.0.1.
    """
    if os.geteuid() != 0:
        yield "127.0.0.1"
        return
    chance = random.SystemRandom()
    address = ""
    for _ in range(_ATTEMPTS if shutil.which("ip") else 0):
        address = f"198.{chance.randint(18, 19)}.{chance.randint(1, 254)}.{chance.randint(1, 254)}"
        if _ip("add", address):  # refused where another lab holds it
            break
        address = ""
    if not address:
        yield f"127.{chance.randint(2, 250)}.{chance.randint(2, 250)}.{chance.randint(2, 250)}"
        return
    try:
        yield address
    finally:
        _ip("del", address)


def _ip(what: str, address: str) -> bool:
    return subprocess.run(["ip", "address", what, f"{address}/32", "dev", "lo"], capture_output=True, check=False).returncode == 0
