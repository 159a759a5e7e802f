"""A configured address → what may be asked of it: a host, a port, a path, the way there; never its credentials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443, "ssh": 22, "git": 9418}
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?|[0-9a-fA-F:]{2,45}")
_PATH = re.compile(r"/[\x21-\x7e]*")
_SCP = re.compile(r"(?:[\w.-]+@)?([A-Za-z0-9][\w.-]*\.[A-Za-z]{2,}):(?!//)\S+")
_LONGEST_PATH = 1000


@dataclass(frozen=True)
class Service:
    """Something at a host that answers or does not; holds no user name and no password."""

    scheme: str
    """http, https; ssh, git: only the connection is asked for."""
    host: str
    port: int
    path: str = "/"
    proxy: str = ""
    """The proxy's URL, with its own credentials, which are for it alone."""

    @property
    def told(self) -> str:
        """The host as the report names it."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == _PORTS[self.scheme] else f"{shown}:{self.port}"


def service(address: str, path: str = "", *, env: Mapping[str, str], proxy: str = "") -> Service | None:
    """The service at a configured address; None for what cannot be asked: another scheme, a host or port that is none.

    `path`: below the address, where that is cheaper to ask for. A query is never asked: it may hold a token. `proxy`: the tool's own
    setting; the environment's is taken where there is none.
    """
    scp = _SCP.fullmatch(address)
    try:
        parts = urlsplit(f"ssh://{scp.group(1)}/" if scp else address)
        scheme, host, port = parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError:
        return None
    if scheme not in _PORTS or not _HOST.fullmatch(host) or port == 0:
        return None
    wanted = f"{parts.path.rstrip('/')}/{path.lstrip('/')}" if path else ("/" if parts.query else parts.path or "/")
    if not _PATH.fullmatch(wanted) or len(wanted) > _LONGEST_PATH:
        wanted = "/"
    if scheme not in ("http", "https"):
        return Service(scheme, host, port or _PORTS[scheme])
    way = proxy or _from_env(scheme, host, env)
    way = way if not way or "://" in way else f"http://{way}"
    if way and not _passable(scheme, way):
        # Past its proxy the answer would be another one than the tool's.
        return None
    return Service(scheme, host, port or _PORTS[scheme], wanted, way)


def _passable(scheme: str, proxy: str) -> bool:
    """Whether a question can be sent through this proxy: not through SOCKS, and no tunnel through one that wants TLS itself."""
    try:
        parts = urlsplit(proxy)
        return bool(parts.hostname) and (parts.port or 1) > 0 and (parts.scheme == "http" or (parts.scheme, scheme) == ("https", "http"))
    except ValueError:
        return False


def _from_env(scheme: str, host: str, env: Mapping[str, str]) -> str:
    """The proxy that the environment names for this host; "" for none."""
    lower = {name.lower(): value for name, value in sorted(env.items()) if value}
    for entry in lower.get("no_proxy", "").lower().split(","):
        past = entry.strip().lstrip("*").lstrip(".").partition(":")[0]
        # `*` alone is every host; a name also stands for what lies below it.
        if entry.strip() == "*" or (past and (host.lower() == past or host.lower().endswith(f".{past}"))):
            return ""
    return lower.get(f"{scheme}_proxy") or lower.get("all_proxy") or ""
