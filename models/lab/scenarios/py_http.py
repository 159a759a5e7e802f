"""Build steps in Python that speak with a remote host, played by a small server under a name of its own."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3", "unshare", "openssl", "ip")
_TEST = ready("test")
_SERVER = r'''
import http.server, os, socket, ssl, struct, sys, threading, time

HITS = {}

class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *rest):
        pass

    def do_GET(self):
        kind, _, rest = self.path.lstrip("/").partition("/")
        HITS[self.path] = HITS.get(self.path, 0) + 1
        if kind == "stall":
            time.sleep(20)
            return
        if kind in ("reset", "cut"):
            if kind == "cut":
                self.send_response(200); self.send_header("Content-Length", "90000"); self.end_headers(); self.wfile.write(bytes(500)); self.wfile.flush(); time.sleep(0.1)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            os.close(self.connection.detach())
            return
        status = int(kind) if kind.isdigit() else 200
        if kind == "once":
            status = 503 if HITS[self.path] < 3 else 200
        body = {429: b'{"message": "API rate limit exceeded, slow down"}', 401: b'{"message": "token expired"}', 403: b'{"message": "no permission to read this project"}'}.get(status, b'{"items": [1, 2, 3]}' if status == 200 else b"<h1>" + str(status).encode() + b"</h1>")
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "60")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET

server = http.server.ThreadingHTTPServer(("127.0.0.1", 8080), Answer)
secure = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("../cert.pem", "../key.pem")
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=secure.serve_forever, daemon=True).start()
threading.Timer(100, server.shutdown).start()
server.serve_forever()
'''
_PREPARE = f"""
cat > ../remote.py <<'REMOTE'
{_SERVER}
REMOTE
openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=artifacts.northwind.example -keyout ../key.pem -out ../cert.pem 2>/dev/null
printf '127.0.0.1 localhost artifacts.northwind.example api.northwind.example\\n' > ../hosts
"""
_FETCH = "import sys, urllib.request\nfor url in sys.argv[1:]:\n    print('fetching', url, flush=True)\n    with urllib.request.urlopen(url, timeout=3) as answer:\n        print(len(answer.read()), 'bytes')\n"
_REQUESTS = "import sys, requests\nsession = requests.Session()\nfor url in sys.argv[1:]:\n    print('GET', url, flush=True)\n    answer = session.get(url, timeout=(2, 2))\n    answer.raise_for_status()\n    print(answer.json())\n"
_RETRY = "import logging, sys, requests\nfrom requests.adapters import HTTPAdapter\nfrom urllib3.util import Retry\nlogging.basicConfig(level='DEBUG')\nsession = requests.Session()\nsession.mount('http://', HTTPAdapter(max_retries=Retry(3, backoff_factor=0.1, status_forcelist=[500, 502, 503, 504])))\nfor url in sys.argv[1:]:\n    print(session.get(url, timeout=2).json())\n"
_TENACITY = "import sys, urllib.request\nfrom tenacity import retry, stop_after_attempt, wait_fixed\n\n@retry(stop=stop_after_attempt(3), wait=wait_fixed(0.2), reraise=True, before_sleep=lambda state: print('retrying after', state.outcome.exception()))\ndef pull(url):\n    return urllib.request.urlopen(url, timeout=2).read()\n\nfor url in sys.argv[1:]:\n    print('pulled', url, len(pull(url)))\n"
_A, _S = "http://artifacts.northwind.example:8080", "https://artifacts.northwind.example:8443"
FILES = {"fetch.py": _FETCH, "pull.py": _REQUESTS, "sturdy.py": _RETRY, "stubborn.py": _TENACITY}


def _remote(name: str, script: str, proof: str = "", label: str = "", files: dict[str, str] | None = None) -> Case:
    """The script in a mount name space in which the remote's name leads to this machine."""
    wrapped = (
        "unshare -m -n --propagation private bash -eo pipefail -c 'mount --bind ../hosts /etc/hosts; ip link set lo up; python3 ../remote.py >/dev/null 2>&1 & trap \"kill $!\" EXIT; sleep 1.5; bash -eo pipefail ./step.sh'"
    )
    return Case(name, wrapped, {**FILES, **(files or {}), "step.sh": script + "\n"}, path_of("test"), _TEST + _PREPARE, proof, label=label)


@scenario("python/remote-answers-5xx", label="service_unavailable", needs=_NEEDS, root=True)
def _unavailable() -> Iterator[Case]:
    proof = r"HTTP ?Error 5\d\d|50\d Server Error|too many 50\d error responses|HTTP 50\d"
    yield _remote("urllib", f"python fetch.py {_A}/ok {_A}/503/model.json", proof)
    yield _remote("requests", f"set -x\npython pull.py {_A}/ok/a {_A}/502/prices", proof)
    yield _remote("retries", f"python sturdy.py {_A}/ok {_A}/504/catalog", proof)
    yield _remote("tenacity", f"seq 40 | sed 's/^/unpacked /'\npython stubborn.py {_A}/ok {_A}/500/fonts", proof)
    yield _remote("pytest-live", "pytest -v test_live.py", r"^E   +\S*HTTPError: HTTP Error 503|^FAILED", files={"test_live.py": f"import urllib.request, pytest\n\n@pytest.mark.parametrize('path', ['ok/1', 'ok/2', '503/3', 'ok/4'])\ndef test_schema_of_staging(path):\n    assert urllib.request.urlopen('{_A}/' + path, timeout=2).status == 200\n"})


@scenario("python/remote-rate-limits", label="rate_limited", needs=_NEEDS, root=True)
def _limited() -> Iterator[Case]:
    proof = r"429|[Rr]ate limit"
    yield _remote("urllib", f"python fetch.py {_A}/ok {_A}/429/releases", proof)
    yield _remote("requests", f"python pull.py {_A}/429/search", proof)
    yield _remote("body", "python tags.py", proof, files={"tags.py": f"import requests, sys\nfor page in range(1, 40):\n    answer = requests.get('{_A}/' + ('429/tags' if page > 30 else f'ok/{{page}}'))\n    if answer.status_code != 200:\n        sys.exit(f'tags: page {{page}}: {{answer.json()[\"message\"]}} (retry after {{answer.headers[\"Retry-After\"]}} s)')\n    print('page', page, answer.json())\n"})


@scenario("python/remote-refuses-user", label="auth_failure", needs=_NEEDS, root=True)
def _auth() -> Iterator[Case]:
    proof = r"\b40[13]\b"
    yield _remote("expired", f"python pull.py {_A}/ok {_A}/401/user", proof)
    yield _remote("forbidden", f"python fetch.py {_A}/403/private/rules.zip", proof)
    yield _remote("upload", "set -x\npython -m zipfile -c notes.zip fetch.py pull.py\npython push.py", proof, files={"push.py": f"import requests\nanswer = requests.put('{_A}/403/upload/notes.zip', data=open('notes.zip', 'rb'), headers={{'Authorization': 'Bearer none'}})\nprint('server said', answer.text)\nanswer.raise_for_status()\n"})


@scenario("python/remote-hangs-up", label="connection_failure", needs=_NEEDS, root=True)
def _reset() -> Iterator[Case]:
    proof = r"reset by peer|[Rr]emote end closed|IncompleteRead|Connection broken|[Cc]onnection aborted|Connection refused"
    yield _remote("reset", f"python fetch.py {_A}/ok {_A}/reset/big.tar", proof)
    yield _remote("cut", f"python pull.py {_A}/ok {_A}/cut/big.json", proof)
    yield _remote("refused", "python pull.py http://artifacts.northwind.example:8099/ok", proof)
    yield _remote("refused-retries", "python stubborn.py http://api.northwind.example:8098/v1/rates", proof)


@scenario("python/remote-is-silent", label="network_timeout", needs=_NEEDS, root=True)
def _stall() -> Iterator[Case]:
    proof = r"[Rr]ead timed out|timed out"
    yield _remote("urllib", f"python fetch.py {_A}/ok {_A}/stall/map.bin", proof)
    yield _remote("requests", f"python pull.py {_A}/ok {_A}/stall/map.bin", proof)
    yield _remote("tenacity", f"set -x\npython stubborn.py {_A}/ok {_A}/stall/map.bin", proof)
    yield _remote("retries", f"python sturdy.py {_A}/ok {_A}/stall/map.bin", proof)


@scenario("python/remote-certificate", label="tls_error", needs=_NEEDS, root=True)
def _tls() -> Iterator[Case]:
    proof = r"CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER|wrong version number"
    yield _remote("urllib", f"python fetch.py {_A}/ok {_S}/ok", proof)
    yield _remote("requests", f"python pull.py {_S}/ok", proof)
    yield _remote("plain-port", "python pull.py https://artifacts.northwind.example:8080/ok", proof)


@scenario("python/no-such-host", label="dns_failure", needs=("python3",))
def _dns() -> Iterator[Case]:
    proof = r"Name or service not known|Temporary failure in name resolution|NameResolutionError|nodename nor servname"
    test = path_of("test")
    yield Case("urllib", "python fetch.py http://mirror.northwind.invalid/fonts.zip", FILES, test, _TEST, proof)
    yield Case("requests", "python pull.py https://mirror.northwind.invalid/fonts.zip", FILES, test, _TEST, proof)
    yield Case("smtplib", "seq 60 | sed 's/^/rendered mail /'\npython3 -c \"import smtplib; smtplib.SMTP('smtp.northwind.invalid', timeout=5)\"", proof=proof)


@scenario("python/download-damaged", label="corrupt_artifact", needs=_NEEDS, root=True)
def _checksum() -> Iterator[Case]:
    get = f"import hashlib, sys, urllib.request\ndata = urllib.request.urlopen('{_A}/ok/words.json').read()\nseen = hashlib.sha256(data).hexdigest()\nwant = 'ab12' * 16\nif seen != want:\n    sys.exit(f'words.json: checksum mismatch\\n  expected sha256 {{want}}\\n  got      sha256 {{seen}}')\n"
    yield _remote("checksum", f"python fetch.py {_A}/ok\npython get_words.py", r"checksum mismatch|^  expected sha256", files={"get_words.py": get})


@scenario("python/remote-recovers", label=PASSED, needs=_NEEDS, root=True)
def _recovers() -> Iterator[Case]:
    yield _remote("retries", f"python sturdy.py {_A}/once/a {_A}/once/b")
    yield _remote("tenacity", f"set -x\npython stubborn.py {_A}/once/a {_A}/ok {_A}/once/c")


@scenario("python/failure-after-recovery", label="test_failure", needs=_NEEDS, root=True)
def _after() -> Iterator[Case]:
    # The 503 was survived; what fails is the comparison.
    check = f"import urllib.request\n\ndef test_items():\n    assert urllib.request.urlopen('{_A}/ok').read() == b'{{\"items\": [1, 2]}}'\n"
    yield _remote("pytest", f"python stubborn.py {_A}/once/a {_A}/once/b\npytest -v test_items.py", r"^E   +(?:assert|Assert)|^FAILED", files={"test_items.py": check})
    yield _remote("lint", f"python sturdy.py {_A}/once/a\npython -m py_compile report.py", r"^SyntaxError|SyntaxError: ", "compile_error", {"report.py": "def report(rows:\n    return rows\n"})
