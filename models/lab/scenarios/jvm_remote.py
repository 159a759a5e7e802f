"""A registry that misbehaves, in a network of its own: what the JVM, Go and Rust scenarios fetch from."""

from __future__ import annotations

import shlex

SERVER = '''\
"""serve.py KIND PORT [FOLDER]: answers every request in one bad way; FOLDER: files that are served well first."""
import http.server
import os
import socket
import ssl
import struct
import sys
import time

KIND, PORT = sys.argv[1], int(sys.argv[2])
FOLDER = sys.argv[3] if len(sys.argv) > 3 else ""
PAGE = {
    "429": "Too Many Requests: quota of 100 requests per minute used up",
    "503": "<html><head><title>503 Service Temporarily Unavailable</title></head><body><hr>nginx</body></html>",
    "502": "<html><head><title>502 Bad Gateway</title></head><body>upstream sent no header</body></html>",
    "500": '{"errors":[{"status":500,"message":"Could not process request: database is in recovery"}]}',
    "404": "not found: acme.example/ink@v1.2.0: invalid version: unknown revision v1.2.0",
    "401": '{"errors":[{"status":401,"message":"Authentication is required"}]}',
    "403": "access denied: token lacks scope read:packages",
}


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = os.path.join(FOLDER, self.path.split("?")[0].lstrip("/"))
        if FOLDER and os.path.isfile(path):
            body = open(path, "rb").read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        if KIND == "stall":
            time.sleep(600)
        elif KIND == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        elif KIND == "close":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif KIND == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "90000")
            self.end_headers()
            self.wfile.write(b"PK" * 300)
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        else:
            body = PAGE.get(KIND, KIND).encode()
            self.send_response(int(KIND))
            if KIND == "401":
                self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            if KIND == "429":
                self.send_header("Retry-After", "120")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    do_HEAD = do_PUT = do_POST = do_GET

    def log_message(self, *_):
        pass


if KIND == "hole":
    # A full queue: the kernel drops every further handshake, so that a client sees nobody at all.
    full = socket.socket()
    full.bind(("", PORT))
    full.listen(0)
    held = [socket.socket() for _ in range(4)]
    for one in held:
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", PORT))
    open("ci/ready", "w").close()
    time.sleep(900)

server = http.server.ThreadingHTTPServer(("", PORT), Answer)
if os.path.exists("ci/key.pem"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("ci/cert.pem", "ci/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.handle_error = lambda *_: None
server.serve_forever()
'''


def certificate(host: str, days: int = 30, expired: bool = False) -> str:
    """The preparation that makes a certificate nobody trusts."""
    when = "-not_before 20200101000000Z -not_after 20210101000000Z" if expired else f"-days {days}"
    return (
        f"openssl req -x509 -newkey rsa:2048 -nodes -keyout ci/key.pem -out ci/cert.pem -subj /CN={host} "
        f"-addext subjectAltName=DNS:{host} {when}\n"
    )


def alone(script: str, host: str, serve: str = "", resolvable: bool = True) -> str:
    """The script in a network of its own, where `host` is the server `serve` ("503 80") or nobody.

    Ports are free there whatever else runs on the machine, and names that the hosts file lacks do not resolve.
    """
    names = f"127.0.0.1 localhost {host if resolvable else ''}\n"
    steps = ["ip link set lo up", f"printf {shlex.quote(names)} > $TMPDIR/hosts", "mount --bind $TMPDIR/hosts /etc/hosts"]
    steps += ["printf 'nameserver 10.0.0.2\\noptions timeout:1 attempts:1\\n' > $TMPDIR/resolv", "mount --bind $TMPDIR/resolv /etc/resolv.conf"]
    if serve:
        kind, port = serve.split()[:2]
        steps += [f"(python3 ci/serve.py {serve} >/dev/null 2>&1 &)"]
        up = "[ -e ci/ready ]" if kind == "hole" else f"(: < /dev/tcp/127.0.0.1/{port}) 2>/dev/null"
        steps += [f"for i in 1 2 3 4 5 6 7 8 9 10 11 12; do {up} && break; sleep 0.2; done"]
        if kind == "hole":
            # Two tries of a handshake are enough to see that nobody is there.
            steps += ["echo 1 > /proc/sys/net/ipv4/tcp_syn_retries", "rm ci/ready"]
    inner = "\n".join(steps) + "\n" + script
    return f"unshare -m -n --propagation private bash -eo pipefail -c {shlex.quote(inner)}"
