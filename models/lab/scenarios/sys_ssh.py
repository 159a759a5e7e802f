"""ssh, scp and rsync: keys, hosts, and servers that do not answer."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.sys_common import behind, in_steps, listening, port

SSHD = "/usr/sbin/sshd"


def _sshd(name: str, *, known: bool = True, key: bool = True) -> str:
    """A local server of this name's port; `known`: its host key is in known_hosts; `key`: ours is accepted."""
    number = port(f"ssh-{name}")
    config = f"Port {number}\\nListenAddress 127.0.0.1\\nHostKey $R/host\\nAuthorizedKeysFile $R/authorized\\nPidFile $R/sshd.pid\\nStrictModes no\\nPasswordAuthentication no\\nKbdInteractiveAuthentication no\\n"
    text = "R=$(realpath ..); mkdir -p /run/sshd; ssh-keygen -q -t ed25519 -N '' -f ../host; ssh-keygen -q -t ed25519 -N '' -f ../id\n"
    text += f'printf "{config}" > ../sshd.conf\n'
    text += "cp ../id.pub ../authorized\n" if key else "ssh-keygen -q -t ed25519 -N '' -f ../other; cp ../other.pub ../authorized\n"
    text += behind(f"{SSHD} -D -f ../sshd.conf") + listening(number)
    text += f'echo "[localhost]:{number} $(cut -d" " -f1,2 ../host.pub)" > ../known\n' if known else ": > ../known\n"
    return text + f'printf "Host build.example.com deploy.example.com\\n  HostName localhost\\n  Port {number}\\n  HostKeyAlias [localhost]:{number}\\n  IdentityFile $R/id\\n  IdentitiesOnly yes\\n  UserKnownHostsFile $R/known\\n  GlobalKnownHostsFile /dev/null\\n" > ../ssh.conf\n'


# ssh reads the configuration of the real home, whatever HOME says: so it is named.
GIT = {"GIT_SSH_COMMAND": "ssh -F ../ssh.conf"}


@scenario("ssh/rights", label="auth_failure", needs=("ssh", "sshd"))
@in_steps
def _rights() -> Iterator[Case]:
    yield Case("git-clone", "git clone git@build.example.com:team/planner.git", env=GIT, prepare=_sshd("r1", key=False), proof=r"Permission denied \(publickey")
    yield Case("scp", "set -x\nscp -F ../ssh.conf -B app.tar root@deploy.example.com:/srv/app/", {"app.tar": "x"}, prepare=_sshd("r2", key=False), proof=r"Permission denied \(publickey")
    yield Case("rsync", "rsync -az -e 'ssh -F ../ssh.conf -o BatchMode=yes' site/ root@deploy.example.com:/var/www/", {"site/index.html": "x"}, prepare=_sshd("r3", key=False), proof=r"Permission denied \(publickey")
    yield Case("verbose", "ssh -F ../ssh.conf -v -o BatchMode=yes root@deploy.example.com true", prepare=_sshd("r4", key=False), proof=r"Permission denied \(publickey")
    yield Case("key-too-open", "ssh -F ../ssh.conf root@deploy.example.com ./restart.sh", prepare=_sshd("r5") + "chmod 644 ../id", proof=r"UNPROTECTED PRIVATE KEY FILE|are too open|bad permissions", label="configuration_error")


@scenario("ssh/host-key", label="configuration_error", needs=("ssh", "sshd"))
@in_steps
def _host_key() -> Iterator[Case]:
    yield Case("unknown", "git clone git@build.example.com:team/planner.git", env=GIT, prepare=_sshd("h1", known=False), proof=r"Host key verification failed")
    changed = _sshd("h2", known=False) + f'echo "[localhost]:{port("ssh-h2")} $(cut -d" " -f1,2 ../id.pub)" > ../known\n'
    # A wrong key where another was known: nobody may go on before it is settled which is right.
    yield Case("changed", "ssh -F ../ssh.conf root@deploy.example.com uptime", prepare=changed, proof=r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed")


@scenario("ssh/out-of-reach", label="connection_failure", needs=("ssh", "rsync", "python3"))
@in_steps
def _reach() -> Iterator[Case]:
    nobody = port("ssh-nobody")
    yield Case("refused", f"ssh -p {nobody} -o BatchMode=yes deploy@localhost systemctl restart app", proof=r"Connection refused")
    yield Case("rsync-refused", f"rsync -av --delete dist/ rsync://localhost:{nobody}/www/", {"dist/a.js": "1"}, proof=r"Connection refused|failed to connect")
    closer = "python3 -c 'import socket,sys\ns=socket.create_server((\"127.0.0.1\",int(sys.argv[1])))\nwhile True: s.accept()[0].close()' "
    yield Case("closed-at-greeting", f"scp -P {port('ssh-close')} -B app.tar deploy@localhost:/srv", {"app.tar": "x"}, prepare=behind(closer + str(port("ssh-close"))) + listening(port("ssh-close")), proof=r"kex_exchange_identification|Connection (?:closed|reset)")
    silent = "python3 -c 'import socket,sys,time\ns=socket.create_server((\"127.0.0.1\",int(sys.argv[1])))\nk=[]\nwhile True: k.append(s.accept())' "
    yield Case("silent", f"ssh -o ConnectTimeout=3 -o BatchMode=yes -p {port('ssh-silent')} deploy@localhost true", prepare=behind(silent + str(port("ssh-silent"))) + listening(port("ssh-silent")), proof=r"timed out during banner exchange|timed out", label="network_timeout")
    yield Case("rsync-silent", f"rsync --timeout=3 --contimeout=3 -a rsync://localhost:{port('rsync-silent')}/mirror/ mirror/", prepare=behind(silent + str(port("rsync-silent"))) + listening(port("rsync-silent")), proof=r"rsync error: timeout|timed out|io timeout", label="network_timeout")
    yield Case("no-host", "for host in app1.prod.invalid app2.prod.invalid; do ssh -o BatchMode=yes deploy@$host uptime; done", proof=r"Could not resolve hostname", label="dns_failure")
    yield Case("scp-no-host", "set -x; scp -rB build/ deploy@files.prod.invalid:/srv/releases", {"build/x": ""}, proof=r"Could not resolve hostname", label="dns_failure")


@scenario("ssh/remote-command", label="configuration_error", needs=("ssh", "sshd"))
@in_steps
def _remote() -> Iterator[Case]:
    yield Case("not-found", "ssh -F ../ssh.conf root@deploy.example.com 'cd / && compose-deploy up -d'", prepare=_sshd("c1"), proof=r"compose-deploy: (?:command )?not found")
    yield Case("no-key-file", "install -m 600 /dev/null deploy_key\nssh -F ../ssh.conf -i deploy_key -o IdentityFile=deploy_key root@deploy.example.com true\necho \"$DEPLOY_KEY\" > k && ssh-keygen -y -f k", prepare=_sshd("c2"), env={"DEPLOY_KEY": ""}, proof=r"error in libcrypto|is not a (?:public )?key file|invalid format|UNPROTECTED|Load key")
    yield Case("rsync-source", "rsync -az -e 'ssh -F ../ssh.conf' public/ root@deploy.example.com:/var/www/html/", prepare=_sshd("c3"), proof=r"change_dir .*failed: No such file")


@scenario("ssh/passes", label=PASSED, needs=("ssh", "sshd", "rsync"))
def _passes() -> Iterator[Case]:
    yield Case("first-contact", "ssh -F ../ssh.conf -v -o StrictHostKeyChecking=accept-new root@deploy.example.com 'echo deployed; echo 0 errors'", prepare=_sshd("p1", known=False))
    yield Case("rsync", "rsync -av -e 'ssh -F ../ssh.conf' /usr/include/linux/ root@deploy.example.com:$PWD/mirror/", prepare=_sshd("p2"))
