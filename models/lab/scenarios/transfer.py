"""What fetches, copies, unpacks and verifies: wget, rsync, ssh, Subversion, Mercurial, git-lfs, podman, tar, zip, gpg, checksums."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario
from models.lab.scenarios.other_kit import certificate, named, port, upstream

HOST = "artifacts.corp.example"
BIG = "mkdir -p $HOME/www/tools; head -c 400000 /dev/urandom > $HOME/www/tools/toolchain.tar.gz; "


@scenario("wget/failures", label="service_unavailable", heals="wait", root=True)
def _wget() -> Iterator[Case]:
    def case(name: str, kind: str, label: str, proof: str, options: str = "-nv --tries=1", words: tuple[str, ...] = (), before: str = BIG, scheme: str = "http") -> Case:
        number = port(f"wget-{name}")
        script = f"mkdir -p dl\nwget {options} -P dl {scheme}://{HOST}:{number}/tools/toolchain.tar.gz\ntar xzf dl/toolchain.tar.gz"
        return named(HOST, Case(name, script, prepare=before + (upstream(number, kind, *words) if kind else ""), proof=proof, label=label, timeout_s=60))

    yield case("503", "503", "service_unavailable", "503:? Service Unavailable")
    yield case("504-retried", "504", "service_unavailable", "504:? Gateway Time", "--tries=3 --waitretry=1 --retry-on-http-error=504")
    yield case("429", "429", "rate_limited", "429:? Too Many Requests", "--no-verbose --tries=2")
    yield case("403", "403", "auth_failure", "403:? Forbidden", "-q --show-progress --server-response --tries=1")
    yield case("404", "404", "dependency_not_found", "404:? Not Found", "--progress=dot:giga")
    yield case("stall", "stall", "network_timeout", "Read error .*timed out|failed: Connection timed out", "--timeout=1 --tries=2 --waitretry=1")
    yield case("drip", "drip", "network_timeout", "Read error at byte .*timed out", "--read-timeout=1 --tries=1")
    yield case("reset", "reset", "connection_failure", "Connection reset by peer", "--tries=2 --waitretry=1")
    yield case("closed", "close", "connection_failure", "No data received", "--tries=1")
    yield case("refused", "", "connection_failure", "Connection refused")
    yield case("self-signed", "ok", "tls_error", "is not trusted|known issuer|cannot verify|self-signed certificate", "-nv --tries=1", ("tls=$HOME/server.pem",), BIG + certificate("self-signed", HOST), "https")
    yield case("wrong-host", "ok", "tls_error", "does not match hostname|doesn.t match requested host name", "--ca-certificate=$HOME/ca.pem -nv --tries=1", ("tls=$HOME/server.pem",), BIG + certificate("wrong-host", HOST), "https")
    yield case("html-as-archive", "ok", "corrupt_artifact", "not in gzip format", "-nv", (), "mkdir -p $HOME/www/tools; echo '<html>Sign in to continue</html>' > $HOME/www/tools/toolchain.tar.gz; ")


@scenario("archives/failures", label="corrupt_artifact", needs=("tar", "unzip", "gpg", "sha256sum", "xz", "zip"), root=True)
def _archives() -> Iterator[Case]:
    make = "mkdir -p src; for n in $(seq 40); do head -c 9000 /dev/urandom > src/part$n.bin; done; tar czf src.tar.gz src; tar cJf src.tar.xz src; zip -qr src.zip src; sha256sum src.tar.gz src.zip > SHA256SUMS; "
    yield Case("tar-truncated", "tar xvzf src.tar.gz -C /tmp/ | tail -3", prepare=make + "head -c 120000 src.tar.gz > t; mv t src.tar.gz", proof="unexpected end of file|Unexpected EOF")
    yield Case("xz", "xz -dc src.tar.xz | tar t", prepare=make + "printf xxxx | dd of=src.tar.xz bs=1 seek=90000 conv=notrunc 2>/dev/null", proof="Compressed data is corrupt")
    yield Case("unzip", "unzip -tq src.zip", prepare=make + "printf xxxxxx | dd of=src.zip bs=1 seek=90000 conv=notrunc 2>/dev/null", proof="bad CRC|invalid compressed data|At least one error")
    yield Case("unzip-cut", "mkdir out\nunzip -o src.zip -d out", prepare=make + "head -c 100000 src.zip > t; mv t src.zip", proof="End-of-central-directory signature not found|cannot find zipfile directory")
    yield Case("sha256", "for n in 1 2 3; do echo \"fetch part $n: ok\"; done\nsha256sum -c SHA256SUMS", prepare=make + "echo x >> src.zip", proof=r"FAILED$|did NOT match")
    key = "export GNUPGHOME=$HOME/.gnupg; mkdir -m700 -p $GNUPGHOME; gpg -q --batch --passphrase '' --quick-gen-key 'Release <r@example.org>' default default never 2>/dev/null; gpg -q --detach-sign src.tar.gz; "
    yield Case("signature", "gpg --verify src.tar.gz.sig src.tar.gz", prepare=make + key + "echo x >> src.tar.gz", proof="BAD signature")
    yield Case("no-key", "gpg --verify src.tar.gz.sig src.tar.gz", prepare=make + key + "rm -rf $GNUPGHOME", proof="No public key", label="configuration_error")
    yield Case("sign", "gpg --batch --local-user releases@example.org --detach-sign src.tar.gz", prepare=make, proof="No secret key", label="auth_failure")
    yield Case("tar-disk", "tar xzf src.tar.gz -C unpack", prepare="mkdir unpack; " + make.replace("seq 40", "seq 99").replace("9000", "19000").replace("tar cJf src.tar.xz src; zip -qr src.zip src; sha256sum src.tar.gz src.zip > SHA256SUMS; ", "rm -rf src; dd if=/dev/zero of=cache.bin bs=1k count=1500 2>/dev/null; "), limits=Limits(disk_mb=4), proof="No space left on device", label="disk_full")
    yield Case("size-limit", "tar cf all.tar src\nls -l all.tar", prepare=make, limits=Limits(file_size_kb=100), proof="File (size limit exceeded|too large)", label="resource_limit")


@scenario("rsync/failures", label="connection_failure", heals="wait", needs=("rsync", "ssh", "svn", "hg"), root=True)
def _remote() -> Iterator[Case]:
    yield named("deploy.corp.example", Case("rsync-refused", "rsync -av --stats dist/ rsync://deploy.corp.example:28771/www/", files={"dist/a.html": "x"}, proof="Connection refused"))
    yield named("deploy.corp.example", Case("ssh-refused", "ssh -o BatchMode=yes -o StrictHostKeyChecking=no -p 28772 ci@deploy.corp.example uptime", proof="Connection refused"))
    yield Case("ssh-dns", "scp -B -o StrictHostKeyChecking=no dist.tgz ci@deploy.no-such-host.example:/srv/", prepare="echo x > dist.tgz", proof="Could not resolve hostname", label="dns_failure")
    number = port("ssh-reset")
    yield named("git.corp.example", Case("ssh-closed", f"set -x\nssh -v -o BatchMode=yes -p {number} git@git.corp.example 2>&1 | grep -v '^debug1: identity'", prepare=upstream(number, "hangup"), proof="kex_exchange_identification|Connection (closed|reset)"))
    number = port("rsync-auth")
    daemon = f"printf 'port = {number}\\naddress = 127.0.0.1\\nuse chroot = no\\n[www]\\npath = %s\\nauth users = ci\\nsecrets file = %s\\nread only = no\\n' $HOME $HOME/secrets > $HOME/rsyncd.conf; echo ci:right > $HOME/secrets; chmod 600 $HOME/secrets; setsid timeout 60 rsync --daemon --no-detach --config=$HOME/rsyncd.conf >/dev/null 2>&1 < /dev/null & sleep 1"
    yield named("deploy.corp.example", Case("rsync-auth", f"export RSYNC_PASSWORD=wrong\nrsync -av dist/ rsync://ci@deploy.corp.example:{number}/www/", files={"dist/a.html": "x"}, prepare=daemon, proof="auth failed on module", label="auth_failure"))
    number = port("rsync-absent")
    yield named("deploy.corp.example", Case("rsync-module", f"rsync -rv rsync://deploy.corp.example:{number}/releases/ .", prepare=daemon.replace(str(port("rsync-auth")), str(number)), proof="Unknown module", label="configuration_error"))
    yield named("svn.corp.example", Case("svn-refused", "svn checkout --non-interactive http://svn.corp.example:28773/repo/trunk src", proof="E000111: .*Connection refused|Connection refused|E170013"))
    number = port("svn-401")
    yield named("svn.corp.example", Case("svn-auth", f"svn export --non-interactive --username ci --password wrong http://svn.corp.example:{number}/repo/trunk", prepare=upstream(number, "401"), proof="E170001|E215004|Authentication failed", label="auth_failure"))
    number = port("svn-503")
    yield named("svn.corp.example", Case("svn-503", f"svn info http://svn.corp.example:{number}/repo", prepare=upstream(number, "503"), proof="Unexpected HTTP status 503", label="service_unavailable"))
    repository = "svnadmin create repo; svn -q mkdir -m x file://$PWD/repo/trunk; svn -q co file://$PWD/repo/trunk wc; echo a > wc/a; svn -q add wc/a; "
    yield Case("svn-locked", "svn update wc", prepare=repository + "python3 -c \"import sqlite3; c = sqlite3.connect('wc/.svn/wc.db'); c.execute(\\\"insert into wc_lock values(1, '', -1)\\\"); c.commit()\"", proof="E155004|is (already )?locked", label="stale_state")
    yield Case("svn-missing", "svn checkout -q file://$PWD/repo/branches/release-3 src", prepare=repository, proof="E170000|E160013|doesn't exist|not found", label="configuration_error")
    hg = "hg init src; cd src; echo a > a; HGUSER=ci hg -q commit -A -m x; cd ..; "
    yield Case("hg-transaction", "cd src && hg update && echo b > a && HGUSER=ci hg commit -m y", prepare=hg + "touch src/.hg/store/journal", proof="abandoned transaction found", label="stale_state")
    yield Case("hg-dns", "hg --traceback clone http://hg.no-such-host.example/tools", proof="abort: error: (Name or service|.*name resolution)|Name or service not known", label="dns_failure")
    number = port("hg-502")
    yield named("hg.corp.example", Case("hg-502", f"hg clone http://hg.corp.example:{number}/tools", prepare=upstream(number, "502"), proof="HTTP Error 502", label="service_unavailable"))
    number = port("hg-401")
    yield named("hg.corp.example", Case("hg-auth", f"hg -y --noninteractive pull -R src http://hg.corp.example:{number}/tools", prepare=hg + upstream(number, "401"), proof="authorization|authorization failed|http authorization required", label="auth_failure"))
    yield Case("hg-revision", "hg -R src update -r release-2.4", prepare=hg, proof="unknown revision", label="configuration_error")
    yield Case("hg-corrupt", "hg -R src verify", prepare=hg + "printf garbage > src/.hg/store/data/a.i", proof="unknown (version|format)|integrity|revlog|flags", label="corrupt_artifact")


@scenario("podman/failures", label="infrastructure", heals="", needs=("podman", "buildah"), root=True)
def _podman() -> Iterator[Case]:
    host = "images.corp.example"
    pull = "podman --log-level=error pull --tls-verify=false {host}:{number}/team/build:3.1"
    for name, kind, label, proof in (
        ("404", "404", "dependency_not_found", "(manifest|name|repository).*unknown|404|invalid status code|reading manifest"),
        ("401", "401", "auth_failure", "unauthorized|401|authentication required"),
        ("refused", "", "connection_failure", "connection refused"),
    ):
        number = port(f"podman-{name}")
        yield named(host, Case(name, pull.format(host=host, number=number), prepare=upstream(number, kind) if kind else "", proof=proof, label=label))
    yield Case("dns", "podman pull images.no-such-host.example/team/build:3.1", proof="no such host|lookup images", label="dns_failure")
    yield Case("daemon", "export DOCKER_HOST=unix:///run/user/1001/podman.sock\npodman --remote --url unix:///run/user/1001/podman.sock ps", proof="Cannot connect to Podman|unable to connect to Podman", label="infrastructure")
    yield Case("load", "podman load -i image.tar", prepare="head -c 20000 /dev/urandom > image.tar", proof="payload does not match|Error", label="corrupt_artifact")
    yield Case("dockerfile", "buildah bud --isolation chroot -t app .", files={"Containerfile": "FORM scratch\nCOPY app /app\n"}, proof="no FROM statement found", label="configuration_error")
    yield Case("copy", "buildah --storage-driver vfs bud --isolation chroot -t app .", files={"Containerfile": "FROM scratch\nCOPY dist/app /app\n"}, proof="no such file or directory|copier: stat|no items matching", label="configuration_error")
