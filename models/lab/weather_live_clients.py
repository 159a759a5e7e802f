"""The matrix's clients on live goods: the same commands, but for clients whose goods on the shelf are of the lab's own make."""

from __future__ import annotations

import shlex
from dataclasses import replace

from models.lab.upstreams import archives, upstreams
from models.lab.weather_clients import APT, Client

_KIND = {
    "pip": "pypi", "uv": "pypi", "poetry": "pypi", "npm": "npm", "yarn": "npm", "yarn-berry": "npm", "pnpm": "npm",
    "mvn": "maven", "gradle": "maven", "cargo": "crates", "go": "go", "apt-get": "apt", "curl": "pypi", "wget": "pypi",
}  # fmt: skip


def live_client(client: Client) -> Client | str:
    """The client as it asks its own upstream through the lab; why there is none, where there is not."""
    kind = _KIND.get(client.name)
    if kind is None:
        return f"{client.name} has no upstream in its own configuration"
    if kind not in upstreams():
        return f"no upstream of {kind} is configured on this machine"
    if client.name == "apt-get":
        return _apt(client)
    if client.name in ("curl", "wget"):
        page = "$LAB_HTTPS/pypi/simple/tabulate/"
        return replace(client, script=client.script.replace("$LAB_HTTPS/files/releases/toolchain-1.4.2-linux-x64.tar.gz", page), path="tabulate")
    return client


def _apt(client: Client) -> Client:
    """The machine's first archive in place of the lab's, in the same folders of the case's own; one package is fetched, none installed."""
    archive = archives()[0]
    signed = f" signed-by={archive.signed_by}" if archive.signed_by.startswith("/") else ""
    source = f"deb [arch=amd64{signed}] $LAB_URL/apt {archive.release} {archive.component}"
    own = f'\necho {shlex.quote(source).replace("$LAB_URL", chr(39) + chr(34) + "$LAB_URL" + chr(34) + chr(39))} > apt/etc/sources.list'
    keys = '\nsed -i \'/Dir::Etc::parts/a Dir::Etc::TrustedParts "/etc/apt/trusted.gpg.d/";\' apt/apt.conf'
    return replace(APT, name=client.name, script="apt-get update\napt-get download hello", prepare=APT.prepare + own + keys)
