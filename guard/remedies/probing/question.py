"""One question to one service: its name, a connection, an answer without a body; bounded in time, nothing followed or sent along."""

from __future__ import annotations

import base64
import http.client
import re
import socket
import ssl
from dataclasses import dataclass
from time import monotonic
from urllib.parse import unquote, urlsplit

from guard.remedies.probing.service import Service

LONGEST_S = 5.0
"""Seconds for one question, the lookup of the name not counted: nothing bounds that from inside."""
_LIMITED = 429
_AGENT = {"User-Agent": "pipeguard", "Accept": "*/*"}


@dataclass(frozen=True)
class Answer:
    """What came of a question."""

    up: bool
    told: str
    """In a few words, for the report: `it answers 503`."""
    limited: bool = False
    """It said that there were too many questions: it is not to be asked again."""


def ask(service: Service, name_only: bool = False, seconds: float = LONGEST_S) -> Answer:
    """Whether the service is up: any answer below 500 but 429. `name_only`: whether its name is known again.

    A certificate is not checked: nothing is sent that is secret, and of the answer only its status counts. Redirects are not followed.
    """
    until = monotonic() + seconds
    try:
        if name_only and not service.proxy:
            socket.getaddrinfo(service.host, service.port, type=socket.SOCK_STREAM)
            return Answer(True, "its name is known")
        if service.scheme not in ("http", "https"):
            socket.create_connection((service.host, service.port), seconds).close()
            return Answer(True, "it takes connections")
        return _by_http(service, until)
    except socket.gaierror:
        return Answer(False, "its name cannot be resolved")
    except TimeoutError:
        return Answer(False, f"no answer in {seconds:.0f} s")
    except ssl.SSLError as error:
        # Cut off in the middle of it is a server in trouble; one that objects (to a client without a certificate) is up.
        cut = isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
        return Answer(not cut, "the connection breaks off" if cut else "it answers by TLS")
    except ConnectionResetError:
        return Answer(False, "it hangs up")
    except http.client.HTTPException:
        return Answer(False, "its answer cannot be read")
    except ConnectionRefusedError:
        return Answer(False, "it refuses connections")
    except OSError as error:
        # A proxy that refuses a tunnel for a reason of its own (4xx) is no outage; the words are http.client's.
        refused = re.match(r"Tunnel connection failed: (4\d\d)", str(error))
        return Answer(refused is not None, f"its proxy answers {refused[1]}" if refused else "it cannot be reached")


def _by_http(service: Service, until: float) -> Answer:
    connection, target, headers = _way(service, max(until - monotonic(), 0.1))
    try:
        # HEAD is what a server answers most cheaply; one that knows no HEAD says so, which is an answer.
        connection.request("HEAD", target, headers=headers)
        if connection.sock is not None:
            connection.sock.settimeout(max(until - monotonic(), 0.1))
        status = connection.getresponse().status
    finally:
        connection.close()
    if status == _LIMITED:
        return Answer(False, "it answers 429", limited=True)
    return Answer(status < 500 or status in (501, 505), f"it answers {status}")


def _way(service: Service, seconds: float) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
    """(a connection that is not open yet, the target as the request names it, the headers)."""
    host = f"[{service.host}]" if ":" in service.host else service.host
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    plain.check_hostname, plain.verify_mode = False, ssl.CERT_NONE
    if not service.proxy:
        if service.scheme == "https":
            return http.client.HTTPSConnection(host, service.port, timeout=seconds, context=plain), service.path, _AGENT
        return http.client.HTTPConnection(host, service.port, timeout=seconds), service.path, _AGENT
    proxy = urlsplit(service.proxy)
    allowed = _proxy_credentials(proxy.username, proxy.password)
    at = (proxy.hostname or "", proxy.port or (443 if proxy.scheme == "https" else 80))
    if service.scheme == "https":
        # http.client speaks TLS to the far end of the tunnel; to a proxy that wants TLS itself it cannot speak.
        through = http.client.HTTPSConnection(*at, timeout=seconds, context=plain)
        through.set_tunnel(host, service.port, headers=allowed)
        return through, service.path, _AGENT
    kind = http.client.HTTPSConnection if proxy.scheme == "https" else http.client.HTTPConnection
    return kind(*at, timeout=seconds), f"http://{host}:{service.port}{service.path}", {**_AGENT, **allowed}


def _proxy_credentials(user: str | None, password: str | None) -> dict[str, str]:
    if user is None:
        return {}
    both = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(both).decode()}"}
