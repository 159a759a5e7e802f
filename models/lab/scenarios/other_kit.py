"""What the scenarios of the smaller ecosystems share: hosts of other names, an upstream that misbehaves, tools installed once."""

from __future__ import annotations

import shlex
import zlib
from dataclasses import replace

from models.lab.scenario import Case

SERVER = r'''
import os, socket, ssl, sys, threading, time
port, kind, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
said = dict(word.split("=", 1) for word in sys.argv[4:])
left = [int(said.get("hits", "100000"))]
threading.Thread(target=lambda: (time.sleep(float(said.get("life", "150"))), os._exit(0)), daemon=True).start()
where = socket.create_server(("127.0.0.1", port), backlog=0 if kind == "deaf" else 50)
if kind == "deaf":
    held = []
    for _ in range(4):
        one = socket.socket(); one.setblocking(False); one.connect_ex(("127.0.0.1", port)); held.append(one)
    time.sleep(1000)
context = None
if said.get("tls"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(said["tls"])
words = {200: "OK", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}

def answer(link):
    try:
        if context:
            link = context.wrap_socket(link, server_side=True)
        if kind == "stall" and "path" not in said:
            time.sleep(1000)
        if kind == "hangup":
            return
        head = b""
        while b"\r\n\r\n" not in head:
            more = link.recv(65536)
            if not more:
                return
            head += more
        path = head.split(b" ")[1].decode().split("?")[0]
        bad = left[0] > 0 and said.get("path", "") in path
        if bad:
            left[0] -= 1
            if kind == "stall":
                time.sleep(1000)
            if kind == "reset":
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return
            if kind == "close":
                return
            if kind.isdigit():
                code = int(kind)
                body = said.get("body", f"<html><head><title>{code} {words[code]}</title></head><body><h1>{code} {words[code]}</h1></body></html>\n").encode()
                extra = said.get("header", "")
                if code == 401:
                    extra = 'WWW-Authenticate: Basic realm="packages"'
                extra = extra + "\r\n" if extra else ""
                link.sendall(f"HTTP/1.1 {code} {words[code]}\r\n{extra}Content-Type: {said.get('type', 'text/html')}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
                return
        name = os.path.join(folder, path.lstrip("/"))
        name = os.path.join(name, "index.html") if os.path.isdir(name) else name
        if not os.path.isfile(name):
            link.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\nConnection: close\r\n\r\nNot Found\n")
            return
        body = open(name, "rb").read()
        link.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        if bad and kind == "short":
            link.sendall(body[: len(body) // 2])
            return
        if bad and kind == "drip":
            link.sendall(body[: len(body) // 2])
            time.sleep(1000)
        if bad and kind == "flip":
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 255]) + body[middle + 1 :]
        link.sendall(body)
    except OSError:
        pass
    finally:
        try:
            link.close()
        except OSError:
            pass

while True:
    one, _ = where.accept()
    threading.Thread(target=answer, args=(one,), daemon=True).start()
'''


def port(name: str) -> int:
    """A port of its own for each name, the same in every run."""
    return 20000 + zlib.crc32(name.encode()) % 9000


def upstream(number: int, kind: str, *words: str, folder: str = "$HOME/www") -> str:
    """Prepares a server that outlives the preparation by some minutes and does `kind` to each request (or to `path=`, `hits=` of them).

    kind: a status, ok, reset, close, hangup (before a word is said), stall, drip, short, flip, or deaf (nothing is ever accepted).
    """
    said = " ".join(shlex.quote(word) if "$" not in word else f'"{word}"' for word in words)
    return (
        f'mkdir -p "{folder}"; cat > "$HOME/.upstream.py" <<\'END_OF_SERVER\'\n{SERVER}\nEND_OF_SERVER\n'
        f'setsid python3 "$HOME/.upstream.py" {number} {kind} "{folder}" {said} >/dev/null 2>&1 < /dev/null &\n'
        f"for i in $(seq 100); do (ss -Hltn 'sport = :{number}' | grep -q .) && break; sleep 0.1; done; sleep 0.3\n"
    )


def certificate(kind: str, host: str) -> str:
    """Prepares $HOME/server.pem: self-signed, expired, or good for another host under an authority that $HOME/ca.pem holds."""
    name = "otherhost.example" if kind == "wrong-host" else host
    when = "-not_before 20200101000000Z -not_after 20210101000000Z" if kind == "expired" else "-days 30"
    return (
        "cd \"$HOME\"; openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 90 -subj '/CN=Build CA' 2>/dev/null\n"
        f"openssl req -newkey rsa:2048 -nodes -keyout s.key -out s.csr -subj '/CN={name}' 2>/dev/null\n"
        f"printf 'subjectAltName=DNS:{name}\\n' > s.ext\n"
        + (
            f"openssl x509 -req -in s.csr -signkey s.key -extfile s.ext -out s.crt {when} 2>/dev/null\n"
            if kind == "self-signed"
            else "mkdir -p ca; : > ca/index.txt; echo 01 > ca/serial\n"
            "printf '[ca]\\ndefault_ca=c\\n[c]\\ndatabase=ca/index.txt\\nserial=ca/serial\\nnew_certs_dir=ca\\ncertificate=ca.pem\\nprivate_key=ca.key\\n"
            "default_md=sha256\\npolicy=p\\nunique_subject=no\\n[p]\\ncommonName=supplied\\n' > ca.cnf\n"
            + (
                "openssl ca -batch -config ca.cnf -extfile s.ext -in s.csr -out s.crt -startdate 20200101000000Z -enddate 20210101000000Z 2>/dev/null\n"
                if kind == "expired"
                else "openssl ca -batch -config ca.cnf -extfile s.ext -in s.csr -out s.crt -days 30 2>/dev/null\n"
            )
        )
        + "cat s.key s.crt > server.pem; cd - >/dev/null\n"
    )


def named(hosts: str, case: Case) -> Case:
    """The case in a mount name space where these host names mean this machine: logs then read as they do elsewhere. Needs root."""
    outer = (
        f'{{ cat /etc/hosts; echo "127.0.0.1 {hosts}"; }} > "$HOME/.hosts"\n'
        "exec unshare -m --propagation private bash -c "
        + shlex.quote('mount --bind "$HOME/.hosts" /etc/hosts && exec bash --noprofile --norc -eo pipefail "$HOME/.job.sh"')
    )
    keep = f"cat > \"$HOME/.job.sh\" <<'END_OF_JOB'\n{case.script}\nEND_OF_JOB\n"
    return replace(case, script=outer, prepare=keep + case.prepare)


def python_tools(name: str, packages: str) -> str:
    """Prepares a virtual environment from the cache and puts its programs first on the script's PATH by ~/.tools."""
    return (
        f'D="$LAB_CACHE/other-py-{name}"\n[ -e "$D/done" ] || {{ rm -rf "$D"; python3 -m venv "$D" && "$D/bin/pip" install -q {packages} && touch "$D/done"; }}\n'
        'ln -sfn "$D/bin" "$HOME/.tools"\n'
    )


def node_tools(name: str, packages: str) -> str:
    """Prepares npm programs from the cache; the script finds them in ~/.tools."""
    return (
        f'D="$LAB_CACHE/other-node-{name}"\n[ -e "$D/done" ] || {{ rm -rf "$D"; mkdir -p "$D"; (cd "$D" && echo \'{{"private": true}}\' > package.json && '
        f'npm install --no-audit --no-fund --loglevel=error {packages} && touch done); }}\n'
        'ln -sfn "$D/node_modules/.bin" "$HOME/.tools"\n'
    )


TOOLS = 'export PATH="$HOME/.tools:$PATH"\n'
