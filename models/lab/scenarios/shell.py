"""Failures that need no tool but the shell and coreutils."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario


@scenario("cp/disk-full", label="disk_full", heals="", needs=("cp", "dd"), root=True)
def _disk_full() -> Iterator[Case]:
    limits = Limits(disk_mb=4)
    yield Case("dd", "dd if=/dev/zero of=image.bin bs=1M count=16", limits=limits, proof="No space left on device")
    yield Case("cp", "cp -r /usr/include/linux ./headers", limits=limits, proof="No space left on device")
    # GNU tar names the errno when the first write fails, and the size when one falls short.
    yield Case("tar", "tar -cf all.tar /usr/share/doc", limits=limits, proof=r"No space left on device|Wrote only \d+ of \d+ bytes")
