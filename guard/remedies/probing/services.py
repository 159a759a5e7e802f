"""A failure → the services that may be asked about it: configured here, and, where the log names some of them, those alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from guard.caches import said
from guard.remedies.probing.configured import CONFIGURED, own_program
from guard.remedies.probing.configured.protocol import Configured, Scene, scene, tool_of
from guard.remedies.probing.service import Service, service
from guard.remedies.tools_in_play import programs
from guard.types import Diagnosis, Outcome, Surroundings

MOST = 3
"""Services asked about one failure."""
_TAIL = 1 << 16


def services(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> tuple[Service, ...]:
    """At most MOST, the likeliest first; () where nothing that is configured can be asked.

    The log only chooses: a host that it names and no configuration does is never asked.
    """
    here = scene(outcome, surroundings)
    log = outcome.window.head[-_TAIL:] + b"\n" + outcome.window.tail[-_TAIL:]
    texts = (said.text(diagnosis), log.decode("utf-8", "replace"))
    spoke, others = _entries(diagnosis, here)
    found = _of(spoke, here)
    if chosen := _chosen(found, texts):
        return chosen
    further = _of(others, here)
    own = _plain(own_program.addresses(here), here)
    # Any host may stand somewhere in a long log: what the diagnosis rests on goes first, then the tool that it names.
    if chosen := _chosen((*further, *own), texts[:1]):
        return chosen
    if found:
        return _each_host(found)[:MOST]
    return _chosen((*further, *own), texts) or _each_host(further or _plain(own_program.given(here), here))[:MOST]


def _entries(diagnosis: Diagnosis, here: Scene) -> tuple[list[Configured], list[Configured]]:
    """(those of the tool that the diagnosis names, those of the other programs of the command)."""
    tool, ran = tool_of(diagnosis), programs(here.command)
    spoke = [entry for entry in CONFIGURED.values() if tool in entry.NAMES]
    return spoke, [entry for entry in CONFIGURED.values() if entry not in spoke and entry.PROGRAMS & ran]


def _of(entries: Sequence[Configured], here: Scene) -> tuple[Service, ...]:
    found: dict[Service, None] = {}
    for entry in entries:
        named = entry.named(here)
        for address in named.addresses:
            one = service(address, named.paths.get(address, ""), env=here.env, proxy=named.proxy)
            if one is not None:
                found[one] = None
    return tuple(found)


def _plain(addresses: Iterable[str], here: Scene) -> tuple[Service, ...]:
    return tuple(one for address in addresses if (one := service(address, env=here.env)) is not None)


def _chosen(found: Iterable[Service], texts: Sequence[str]) -> tuple[Service, ...]:
    """Those whose host the first text names that names any."""
    found = tuple(found)
    for text in texts:
        named = [one for one in found if re.search(rf"(?<![\w.-]){re.escape(one.host)}(?![\w-]|\.\w)", text, re.IGNORECASE)]
        if named:
            return _each_host(named)[:MOST]
    return ()


def _each_host(found: Iterable[Service]) -> tuple[Service, ...]:
    """The first of each host and port: one that is down is down for all that is there."""
    first: dict[tuple[str, int], Service] = {}
    for one in found:
        first.setdefault((one.host.lower(), one.port), one)
    return tuple(first.values())
