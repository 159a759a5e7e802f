"""Configuration of machines and servers: Ansible, Puppet, nginx, HAProxy, and services that a job starts."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.other_kit import certificate, named, port, upstream

PLAY = "- name: Prepare build host\n  hosts: all\n  connection: local\n  gather_facts: false\n  tasks:\n"
INI = {"inventory.ini": "[builders]\nlocalhost ansible_python_interpreter=/usr/bin/python3\n", "ansible.cfg": "[defaults]\nlocalhost_warning = False\nretry_files_enabled = False\n"}
NOISE = "".join(f"    - name: Check package {n}, retries on timeout\n      ansible.builtin.debug:\n        msg: \"package {n} present, 0 errors\"\n" for n in range(25))


@scenario("ansible-playbook/failures", label="configuration_error", root=True)
def _ansible() -> Iterator[Case]:
    run = "ansible-playbook -i inventory.ini site.yml"

    def play(task: str) -> dict[str, str]:
        return INI | {"site.yml": PLAY + NOISE + task}

    yield Case("undefined", run, files=play("    - name: Say\n      ansible.builtin.debug:\n        msg: \"{{ release_bucket.name }}\"\n"), proof="'release_bucket' is undefined")
    yield Case("syntax", run + " --syntax-check", files=play("    - name: Say\n     debug: msg=x\n"), proof="Syntax Error while loading YAML|did not find expected|mapping values")
    yield Case("module", run, files=play("    - name: Service\n      vendor.network.firewall_rule:\n        port: 503\n"), proof="couldn't resolve module/action")
    yield Case("template", run + " -v", files=play("    - name: Config\n      ansible.builtin.template:\n        src: app.conf.j2\n        dest: app.conf\n"), proof="Could not find or access 'app.conf.j2'")
    yield Case("command", "ANSIBLE_NOCOLOR=1 " + run + " -vv", files=play("    - name: Migrate\n      ansible.builtin.command: ledger-migrate --to 12\n"), proof="No such file or directory: b?'ledger-migrate'")
    yield Case("assert", run, files=play("    - name: Enough replicas\n      ansible.builtin.assert:\n        that: 2 + 1 > 3\n        fail_msg: \"503 expected from maintenance page, replicas too few\"\n"), proof="replicas too few", label="test_failure")
    yield Case("vault", run + " --vault-password-file pass", files=play("    - ansible.builtin.debug: msg=x\n") | {"pass": "wrong\n", "group_vars/all.yml": "x: 1\n"}, prepare="echo right > right; ansible-vault encrypt --vault-password-file right group_vars/all.yml", proof="Decryption failed", label="auth_failure")
    remote = "- hosts: all\n  gather_facts: true\n  tasks: []\n"
    yield named("web1.corp.example", Case("unreachable", run, files=INI | {"site.yml": remote, "inventory.ini": "web1.corp.example ansible_port=28781\n"}, proof="UNREACHABLE!|Connection refused", label="connection_failure"))
    yield Case("unreachable-dns", run + " --forks 2", files=INI | {"site.yml": remote, "inventory.ini": "web[1:2].no-such-dc.example\n"}, proof="Could not resolve hostname", label="dns_failure")
    host = "dl.corp.example"
    for name, kind, label, proof in (
        ("503", "503", "service_unavailable", "HTTP Error 503|status_code\": 503"),
        ("429", "429", "rate_limited", "HTTP Error 429"),
        ("403", "403", "auth_failure", "HTTP Error 403"),
        ("404", "404", "dependency_not_found", "HTTP Error 404"),
        ("stall", "stall", "network_timeout", "timed out|The read operation timed out"),
        ("reset", "reset", "connection_failure", "Connection reset by peer|Connection failure"),
    ):
        number = port(f"ansible-{name}")
        task = f"    - name: Fetch runner\n      ansible.builtin.get_url:\n        url: http://{host}:{number}/runner-2.1.tar.gz\n        dest: runner.tgz\n        timeout: 2\n"
        yield named(host, Case(f"get-url-{name}", run, files=play(task), prepare=upstream(number, kind), proof=proof, label=label))
    number = port("ansible-tls")
    task = f"    - name: Fetch runner\n      ansible.builtin.get_url: url=https://{host}:{number}/runner.tgz dest=runner.tgz\n"
    yield named(host, Case("get-url-tls", run, files=play(task), prepare=certificate("self-signed", host) + upstream(number, "ok", "tls=$HOME/server.pem"), proof="certificate verify failed|Failed to validate the SSL certificate", label="tls_error"))
    number = port("ansible-sum")
    task = f"    - name: Fetch runner\n      ansible.builtin.get_url:\n        url: http://{host}:{number}/runner.tgz\n        dest: '{{{{ playbook_dir }}}}/runner.tgz'\n        checksum: sha256:{'ab' * 32}\n"
    yield named(host, Case("get-url-checksum", run, files=play(task), prepare="mkdir -p $HOME/www; echo new > $HOME/www/runner.tgz; " + upstream(number, "ok"), proof="The checksum for .* did not match", label="corrupt_artifact"))
    survived = "    - name: Flaky endpoint\n      ansible.builtin.shell: test -e seen || {{ '{' }} touch seen; echo 'connection refused' >&2; false; {{ '}' }}\n      register: out\n      retries: 3\n      delay: 0\n      until: out is succeeded\n    - name: Ignored\n      ansible.builtin.command: /bin/false\n      ignore_errors: true\n"
    yield Case("passes", "set -x\n" + run + " -v", files=play(survived), label=PASSED)
    yield Case("survived-then-assert", run, files=play(survived + "    - name: Version\n      ansible.builtin.assert:\n        that: \"'2.1' == '2.2'\"\n        fail_msg: deployed version is 2.1, wanted 2.2\n"), proof="deployed version is 2.1", label="test_failure")


@scenario("ansible-lint/findings", label="lint_error")
def _ansible_lint() -> Iterator[Case]:
    play = "- hosts: web\n  tasks:\n    - shell: curl http://x/y.sh | sh\n    - name: install things\n      apt: name=nginx state=latest\n"
    yield Case("offline", "ansible-lint --offline --nocolor site.yml", files={"site.yml": play}, proof=r"^[a-z][\w-]*(\[\S+\])?: |^site\.yml:\d+")
    yield Case("parseable", "ansible-lint --offline --nocolor -p --profile production playbooks/", files={"playbooks/deploy.yml": play}, proof=r"^playbooks/deploy\.yml:\d+")


@scenario("puppet/failures", label="compile_error")
def _puppet() -> Iterator[Case]:
    yield Case("syntax", "puppet parser validate manifests", files={"manifests/site.pp": "class app {\n  file { '/tmp/app':\n    ensure => file\n    mode => '0644',\n  }\n}\n"}, proof="Error: Could not parse for environment|Syntax error at")
    yield Case("class", "puppet apply --noop manifests/site.pp", files={"manifests/site.pp": "include haproxy::frontend\nnotify { 'timeout': }\n"}, proof="Could not find class ::haproxy::frontend")
    yield Case("type", "puppet apply --color=false manifests/site.pp", files={"manifests/site.pp": "firewalld_port { '503': ensure => present }\n"}, proof="Unknown resource type: 'firewalld_port'", label="configuration_error")
    yield Case("exec", "puppet apply --detailed-exitcodes site.pp", files={"site.pp": "notify { 'begin': }\n-> exec { 'migrate': command => '/bin/sleep 9', timeout => 1 }\n"}, proof="Command exceeded timeout", label="hang")


@scenario("nginx/failures", label="configuration_error", needs=("nginx", "haproxy"), root=True)
def _servers() -> Iterator[Case]:
    def conf(server: str) -> dict[str, str]:
        return {"nginx.conf": f"daemon off;\npid nginx.pid;\nerror_log stderr info;\nevents {{ worker_connections 64; }}\nhttp {{\n  access_log off;\n  server {{\n    {server}\n  }}\n}}\n"}

    number = port("nginx")
    yield Case("directive", "nginx -t -p . -c nginx.conf", files=conf("listen 127.0.0.1:28791;\n    proxy_timeout 5s;"), proof='"proxy_timeout" directive is not allowed|unknown directive')
    yield Case("upstream", "nginx -T -p . -c nginx.conf", files=conf("listen 127.0.0.1:28791;\n    location / { proxy_pass http://api-backend; }"), proof="host not found in upstream", label="configuration_error")
    yield Case("certificate", "nginx -t -p . -c nginx.conf", files=conf("listen 127.0.0.1:28791 ssl;\n    ssl_certificate certs/site.pem; ssl_certificate_key certs/site.key;"), proof="cannot load certificate")
    taken = f"setsid timeout 60 python3 -m http.server --bind 127.0.0.1 {number} >/dev/null 2>&1 < /dev/null & sleep 1\n"
    yield Case("port", "nginx -p . -c nginx.conf", files=conf(f"listen 127.0.0.1:{number};"), prepare=taken, proof=r"bind\(\) to .* failed \(98: Address already in use\)", label="stale_state")
    proxy = "global\n  maxconn 50\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\nfrontend web\n  bind 127.0.0.1:{port}\n  {line}\nbackend api\n  server a 127.0.0.1:9 check\n"
    yield Case("haproxy-keyword", "haproxy -c -f haproxy.cfg", files={"haproxy.cfg": proxy.format(port=28792, line="default_backend api\n  tiemout http-request 3s")}, proof="unknown keyword 'tiemout'")
    yield Case("haproxy-backend", "haproxy -c -V -f haproxy.cfg", files={"haproxy.cfg": proxy.format(port=28792, line="default_backend apis")}, proof="unable to find required default_backend")
    number2 = port("haproxy")
    yield Case("haproxy-port", "haproxy -db -f haproxy.cfg", files={"haproxy.cfg": proxy.format(port=number2, line="default_backend api")}, prepare=taken.replace(str(number), str(number2)), proof="cannot bind socket", label="stale_state")
    wait = "for i in 1 2 3; do curl -sf http://127.0.0.1:28793/health && exit 0; echo \"health check $i failed, retrying\"; sleep 0.3; done\ncat app.log\nexit 1"
    yield Case("service-died", f"./app > app.log 2>&1 &\n{wait}", files={"app": "#!/bin/sh\necho 'starting'\necho 'FATAL: environment variable LEDGER_DSN is not set' >&2\nexit 3\n"}, prepare="chmod +x app", proof="LEDGER_DSN is not set")
    yield Case("systemd", "systemctl start postgresql", proof="System has not been booted with systemd|Failed to connect to bus", label="configuration_error")
    yield Case("dockerd", "docker -H unix:///var/run/missing.sock run --rm alpine:3 true", proof="Cannot connect to the Docker daemon|Is the docker daemon running|failed to connect to the docker API", label="infrastructure")
