"""Terraform and Ansible: wrong descriptions, providers that are not there, state that is locked."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import in_steps, noisy

CLEAR = {"TF_CLI_CONFIG_FILE": "/dev/null", "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
DATA = 'resource "terraform_data" "bucket" {\n  input = var.name\n}\n\nvariable "name" {\n  type    = string\n  default = "invoices"\n}\n\noutput "name" {\n  value = terraform_data.bucket.output\n}\n'


def _tf(name: str, script: str, proof: str, main: str = DATA, **more: object) -> Case:
    files = {"main.tf": main, **more.pop("files", {})}  # type: ignore[dict-item]
    env = {**CLEAR, **more.pop("env", {})}  # type: ignore[dict-item]
    return Case(name, script, files, env, proof=proof, **more)  # type: ignore[arg-type]


@scenario("terraform/description", label="configuration_error", needs=("terraform",))
@in_steps
def _description() -> Iterator[Case]:
    yield _tf("brace", "terraform init -no-color -input=false", r"Error: (?:Unclosed|Argument or block|Invalid)", DATA.replace("}\n\noutput", "\n\noutput"))
    yield _tf("undeclared", "terraform init -input=false >/dev/null && terraform validate -no-color", r"Error: Reference to undeclared", DATA.replace("var.name", "var.bucket_name"))
    yield _tf("argument", "terraform init >/dev/null\nterraform validate", r"Error:.*Unsupported argument", DATA.replace("input =", "inputs ="))
    yield _tf("module-missing", "terraform init -no-color", r"Error: (?:Unreadable module|Module not)|Unreadable module directory", DATA + 'module "net" {\n  source = "./modules/net"\n}\n')
    yield _tf("not-initialised", "terraform plan -no-color -input=false", r"Error: (?:Module not installed|Backend init|Inconsistent dependency|Required plugins)", DATA + 'module "net" {\n  source = "./net"\n}\n', files={"net/a.tf": 'resource "terraform_data" "x" {}\n'})
    yield _tf("variable-unset", "terraform init >/dev/null\nterraform plan -input=false -no-color", r"Error: No value for required variable", DATA.replace('  default = "invoices"\n', ""))
    yield _tf("core-version", "terraform init -no-color", r"Error: Unsupported Terraform Core version", 'terraform {\n  required_version = "~> 0.13.0"\n}\n' + DATA)
    yield _tf("validation", "terraform init >/dev/null; terraform plan -input=false", r"Error:.*Invalid value for variable", DATA.replace("type    = string", 'type    = string\n  validation {\n    condition     = length(var.name) > 20\n    error_message = "Bucket names have more than 20 characters here."\n  }'))
    yield _tf("backend-changed", "terraform init -no-color -input=false", r"Error: Backend (?:configuration changed|initialization required)|Error: .*[Mm]igrat", 'terraform {\n  backend "local" {\n    path = "b.tfstate"\n  }\n}\n' + DATA, prepare="sed 's/b.tfstate/a.tfstate/' main.tf > ../m; cp main.tf ../keep; cp ../m main.tf; terraform init >/dev/null; terraform apply -auto-approve > /dev/null; cp ../keep main.tf")
    yield _tf("workspace", "terraform init > /dev/null\nterraform workspace select production", r"Workspace \"production\" doesn't exist")


@scenario("terraform/provisioner", label="configuration_error", needs=("terraform",))
@in_steps
def _provisioner() -> Iterator[Case]:
    run = 'resource "terraform_data" "seed" {\n  provisioner "local-exec" {\n    command = "%s"\n  }\n}\n'
    yield _tf("tool-missing", "terraform init -no-color\nterraform apply -auto-approve -no-color", r"seedctl: (?:command )?not found", run % "seedctl --from fixtures.yml")
    yield _tf("no-space", "terraform init >/dev/null\nterraform apply -auto-approve -no-color", r"No space left on device", run % "head -c 9000000 /dev/zero > seed.img && ls", limits=Limits(disk_mb=4), label="disk_full")
    yield _tf("says-nothing", "terraform init >/dev/null\nterraform apply -auto-approve -no-color", r"", run % "exit 4", label="unknown")


@scenario("terraform/provider", label="dependency_not_found", needs=("terraform",))
@in_steps
def _provider() -> Iterator[Case]:
    need = 'terraform {\n  required_providers {\n    lake = {\n      source  = "registry.example/acme/lake"\n      version = "~> 3.1"\n    }\n  }\n}\n'
    mirror = "mkdir -p ../mirror; printf 'provider_installation {\\n  filesystem_mirror {\\n    path = \"%s\"\\n  }\\n}\\n' $(realpath ../mirror) > ../tf.rc\n"
    script = "export TF_CLI_CONFIG_FILE=../tf.rc\nterraform init -no-color -input=false"
    yield _tf("mirror-empty", script, r"Failed to query available provider packages|was not found", need, prepare=mirror)
    place = "d=../mirror/registry.example/acme/lake; mkdir -p $d; (cd $d; printf x > terraform-provider-lake_%s_linux_amd64.zip)\n"
    yield _tf("mirror-other-version", script, r"no available releases match", need, prepare=mirror + place % "2.0.0", label="dependency_conflict")
    yield _tf("damaged-zip", script, r"Failed to install provider|not a valid zip|zip:", need, prepare=mirror + place % "3.1.4", label="corrupt_artifact")
    lock = 'provider "registry.example/acme/lake" {\n  version     = "3.1.4"\n  constraints = "~> 3.1"\n  hashes = [\n    "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",\n  ]\n}\n'
    good = "d=../mirror/registry.example/acme/lake; mkdir -p $d; (cd $d; printf '#!/bin/sh\\n' > terraform-provider-lake_v3.1.4; chmod +x terraform-provider-lake_v3.1.4; zip -q terraform-provider-lake_3.1.4_linux_amd64.zip terraform-provider-lake_v3.1.4 || python3 -m zipfile -c terraform-provider-lake_3.1.4_linux_amd64.zip terraform-provider-lake_v3.1.4; rm terraform-provider-lake_v3.1.4)\n"
    yield _tf("checksum", script, r"doesn't match any of the checksums|checksums previously recorded", need, files={".terraform.lock.hcl": lock}, prepare=mirror + good, label="corrupt_artifact")
    yield _tf("lock-out-of-date", script + " -lockfile=readonly", r"Provider dependency changes detected|lock file|dependency lock", need, prepare=mirror + good, label="dependency_conflict")


@scenario("terraform/state", label="stale_state", needs=("terraform", "python3"))
@in_steps
def _state() -> Iterator[Case]:
    # A lock of POSIX record locks, as the local backend takes it, held by a process of another job for a while.
    hold = (
        "terraform init >/dev/null; terraform apply -auto-approve >/dev/null\n"
        "cat > ../hold.py <<'E'\nimport fcntl, json, time\nf = open('terraform.tfstate', 'r+b')\nfcntl.lockf(f, fcntl.LOCK_EX)\n"
        "open('.terraform.tfstate.lock.info', 'w').write(json.dumps({'ID': '5b0f3f0e-7d0a-4a51-9c0e-3a1f62b6d1aa', 'Operation': 'OperationTypeApply', 'Info': '', 'Who': 'runner@ci-17', 'Version': '1.11.4', 'Created': '2026-03-02T09:14:11.51Z', 'Path': 'terraform.tfstate'}))\ntime.sleep(15)\nE\n"
        "setsid timeout 20 python3 ../hold.py </dev/null >/dev/null 2>&1 &\nsleep 1\n"
    )
    yield _tf("held", "terraform init -no-color\nterraform plan -no-color -input=false", r"Error: Error acquiring the state lock|Error acquiring the state lock", prepare=hold)
    yield _tf("held-apply", "terraform apply -auto-approve -lock-timeout=1s", r"Error acquiring the state lock", prepare=hold)
    yield _tf("broken-state", "terraform init -no-color > /dev/null\nterraform plan -no-color", r"Error: .*state|unexpected EOF|Failed to (?:read|load) state|Unsupported state", prepare="terraform init >/dev/null; terraform apply -auto-approve >/dev/null; truncate -s 120 terraform.tfstate", label="corrupt_artifact")
    yield _tf("stale-plan", "terraform apply -no-color release.tfplan", r"Error: Saved plan is stale", prepare="terraform init >/dev/null; terraform plan -out release.tfplan >/dev/null; terraform apply -auto-approve > /dev/null")


@scenario("terraform/format", label="lint_error", needs=("terraform",))
@in_steps
def _format() -> Iterator[Case]:
    yield _tf("fmt", "terraform fmt -check -diff -recursive", r"^main\.tf$", DATA.replace("  input =", " input="))


@scenario("terraform/checks", label="test_failure", needs=("terraform",))
@in_steps
def _checks() -> Iterator[Case]:
    test = 'run "default_name" {\n  command = plan\n  assert {\n    condition     = var.name == "receipts"\n    error_message = "the bucket must be called receipts"\n  }\n}\n'
    yield _tf("terraform-test", "terraform init >/dev/null\nterraform test -no-color", r"Error: Test assertion failed|must be called receipts", files={"name.tftest.hcl": test})
    yield _tf("plan-differs", "terraform init > /dev/null\nterraform plan -detailed-exitcode -no-color -input=false", r"Plan: 1 to add", label="unknown")


@scenario("ansible/playbook", label="configuration_error", needs=("ansible-playbook",))
@in_steps
def _playbook() -> Iterator[Case]:
    def one(name: str, tasks: str, proof: str, script: str = "ansible-playbook -i localhost, -c local site.yml", label: str = "") -> Case:
        return Case(name, script, {"site.yml": f"- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}"}, {"ANSIBLE_NOCOWS": "1", "ANSIBLE_LOCALHOST_WARNING": "0"}, proof=proof, label=label)

    yield one("undefined", "    - name: Write the unit\n      ansible.builtin.debug: {msg: '{{ service_user }}'}\n", r"'service_user' is undefined")
    yield one("module", "    - name: Pull\n      community.docker.docker_imagery: {name: shop}\n", r"couldn't resolve module/action")
    yield one("yaml", "    - name: Copy\n      copy: src=a dest=b\n     when: true\n", r"ERROR! (?:We were unable|Syntax Error)|did not find expected")
    yield one("missing-source", "    - name: Install the unit file\n      ansible.builtin.copy: {src: shop.service, dest: /tmp/none/shop.service}\n", r"Could not find or access|does not exist", "ansible-playbook -v -i localhost, -c local site.yml")
    yield one("unreachable", "    - name: Ping\n      ansible.builtin.ping:\n", r"UNREACHABLE!.*|Could not resolve hostname", "ansible-playbook -i app1.prod.invalid, site.yml", "dns_failure")
    yield one("get-url", "    - name: Fetch the agent\n      ansible.builtin.get_url: {url: 'http://127.0.0.1:9/agent.tgz', dest: /tmp/none.tgz}\n", r"Connection refused", label="connection_failure")
    yield one("wait-for", "    - name: Wait for the shop to listen\n      ansible.builtin.wait_for: {port: 28123, timeout: 2}\n", r"Timeout when waiting for", label="unknown")
    yield one("command", "    - name: Run the checks\n      ansible.builtin.command: sh -c 'echo 2 checks failed, total 41 but expected 42; exit 1'\n", r"^fatal: .*expected 42|\"stdout\": .*expected 42", label="test_failure")
    yield one("assert", "    - name: Kernel is new enough\n      ansible.builtin.assert: {that: [1 == 2], fail_msg: 'need a kernel of at least 6.9 on this host'}\n", r"need a kernel of at least")


@scenario("ansible/lint", label="lint_error", needs=("ansible-lint",))
@in_steps
def _ansible_lint() -> Iterator[Case]:
    yield Case("names-and-shell", "ansible-lint --offline --nocolor -p site.yml", {"site.yml": "- hosts: all\n  tasks:\n    - shell: echo timeout > /tmp/x\n    - name: download\n      command: curl http://mirror.example.com/x\n"}, proof=r"^site\.yml:\d+", timeout_s=180)


@scenario("terraform/passes", label=PASSED, needs=("terraform",))
def _passes() -> Iterator[Case]:
    yield noisy(_tf("apply", "terraform init\nterraform validate\nterraform plan\nterraform apply -auto-approve\nterraform destroy -auto-approve", "", DATA + 'check "latency" {\n  assert {\n    condition     = length(var.name) > 20\n    error_message = "endpoint did not answer: 503 Service Unavailable"\n  }\n}\n'), "unittest")
