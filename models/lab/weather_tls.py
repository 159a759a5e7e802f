"""The lab's own certificate authority, good and bad certificates of it, and how clients are told to trust it."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_VARIABLES = (
    "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO", "NIX_SSL_CERT_FILE", "HTTPLIB2_CA_CERTS",
)  # fmt: skip


@dataclass(frozen=True)
class Certificates:
    """A folder of keys and certificates by the kind of weather that shows them."""

    folder: Path

    @staticmethod
    def ready(names: Iterable[str]) -> Certificates:
        """The certificates in the lab's cache, made if need be."""
        from models.lab.weather_stock import CACHE

        folder = CACHE / "weather-tls-1"
        CACHE.mkdir(parents=True, exist_ok=True)
        with (CACHE / "weather-tls.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.is_dir():
                made = Path(tempfile.mkdtemp(dir=CACHE))
                _make(made, tuple(names))
                made.rename(folder)
        return Certificates(folder)

    @property
    def authority(self) -> Path:
        """The authority's certificate alone."""
        return self.folder / "ca.pem"

    @property
    def java_trust(self) -> Path:
        """A PKCS #12 trust store (password `changeit`) with the authority, where keytool is to be had."""
        return self.folder / "trust.p12"

    def trusted(self) -> dict[str, str]:
        """Variables by which clients trust the machine's authorities and this one."""
        return {name: str(self.folder / "bundle.pem") for name in _VARIABLES}

    def context(self, kind: str) -> ssl.SSLContext:
        """The server's side of TLS: kind is empty for a good one, else tls, tls_expired, tls_host or tls_old."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        name = {"tls": "self", "tls_expired": "expired", "tls_host": "other"}.get(kind, "good")
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        context.set_alpn_protocols(["http/1.1"])
        if kind == "tls_old":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        return context


def _make(folder: Path, names: tuple[str, ...]) -> None:
    alternatives = ",".join([*(f"DNS:{name}" for name in names), "DNS:localhost", "IP:127.0.0.1"])
    _openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650",
             "-subj", "/O=Example Trust/CN=Example Root CA", "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    _openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "self.key", "-out", "self.pem", "-days", "3650",
             "-subj", f"/CN={names[0]}", "-addext", f"subjectAltName={alternatives}")  # fmt: skip
    _signed(folder, "good", names[0], alternatives, "20200101000000Z", "20491231000000Z")
    _signed(folder, "expired", names[0], alternatives, "20200101000000Z", "20240301000000Z")
    _signed(folder, "other", "cdn.hosting.example", "DNS:cdn.hosting.example,DNS:*.hosting.example", "20200101000000Z", "20491231000000Z")
    bundle = next((Path(path).read_text(encoding="utf-8") for path in _BUNDLES if os.path.exists(path)), "")
    (folder / "bundle.pem").write_text(bundle + (folder / "ca.pem").read_text(encoding="utf-8"), encoding="utf-8")
    if shutil.which("keytool"):
        subprocess.run(
            ["keytool", "-importcert", "-noprompt", "-alias", "lab", "-file", "ca.pem", "-keystore", "trust.p12", "-storetype", "PKCS12", "-storepass", "changeit"],
            cwd=folder, check=True, capture_output=True,
        )  # fmt: skip


def _signed(folder: Path, name: str, subject: str, alternatives: str, start: str, end: str) -> None:
    """`openssl ca`, for only it takes a date in the past."""
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text(f"{secrets.randbelow(9 * 10**7) + 10**7}\n")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca=lab\n[lab]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\n"
        "default_md=sha256\npolicy=any\nunique_subject=no\nx509_extensions=ext\n[any]\ncommonName=supplied\n"
        f"[ext]\nbasicConstraints=CA:FALSE\nsubjectAltName={alternatives}\nextendedKeyUsage=serverAuth\n"
    )
    _openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={subject}")
    _openssl(folder, "ca", "-batch", "-notext", "-config", "ca.cnf", "-in", f"{name}.csr", "-out", f"{name}.pem", "-startdate", start, "-enddate", end)


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
