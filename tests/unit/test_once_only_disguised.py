"""What must not run twice is found behind variables, wrappers, fed shells, other languages and task files."""

from __future__ import annotations

import json

import pytest

from guard.policy.once_only import once_only
from guard.policy.words import commands
from guard.types import Command

DISGUISED = [
    "TOOL=twine; $TOOL upload dist/*", 'CMD="kubectl apply -f x"; eval "$CMD"', "export A=1 X=twine; ${X} upload d", "${TOOL:-twine} upload d",
    "shopt -s expand_aliases; alias k=kubectl\nk apply -f x", "ship(){ twine upload $1; }\nship d", "bash <<EOF\ntwine upload d\nEOF\n",
    "bash <<< 'twine upload d'", "echo 'twine upload d' | sh", "ls | xargs -n1 twine upload", "find . -name a -exec twine upload {} +",
    "for f in a b; do twine upload $f; done", "case x in x) twine upload x;; esac", "if ! twine upload d; then false; fi", "\\twine upload d",
    "out=$(twine upload d)", "twine \\\n upload d", "flock /run/l twine upload d", "docker run --rm img terraform apply -auto-approve",
    "docker run node:20 sh -c 'npm publish'", "kubectl exec pod -- psql -c 'DELETE FROM t'", "docker compose push", "env -u FOO -C . A=b twine upload x",
    "python3 -c 'import subprocess; subprocess.run([\"twine\",\"upload\",\"d\"])'", "python3 - <<'E'\nimport os\nos.system('kubectl apply -f x')\nE\n",
    "node -e 'require(\"child_process\").execSync(\"npm publish\")'", "ruby -e 'system(\"gem push a.gem\")'",
    "psql -h db -c 'insert into t values (1)'", "psql -f migrations/1.sql", "mysql app < dump.sql", "psql app <<E\nDROP TABLE t;\nE\n", "mongosh --eval 'db.a.insertOne({})'",
    "redis-cli -h db FLUSHALL", "ssh -n host systemctl restart app", "alembic -n prod upgrade head", "gh release create v1 -n notes", "oc -n prod apply -f x",
    "az webapp create -n name -g g", "rsync -a -h dist/ u@host:/srv/", "aws --region eu-west-1 lambda update-function-code --function-name f",
    "git -c user.name=x push", "gradle appengineDeploy", "sbt 'release with-defaults'", "sbt clean +publishSigned", "cmake --build b --target deploy",
    "ninja -C b publish", "./gradlew -q ship", "mail -s x ops@example.com < a", "nomad job run x.nomad", "curl -sSfd a=b https://h.example", "gh api repos/x -f a=b",
]
INNOCENT = [
    "echo \"next: twine upload\"", "cat > notes.txt <<EOF\nthen run twine upload dist\nEOF\nmake", "cd release && make", "kubectl -n prod get deploy",
    "git commit -m 'git push'", "git fetch origin push", "pip install twine", "apt-get install -y helm kubectl", "which terraform helm", "aws ec2 describe-instances",
    "gcloud config set project x", "aws s3 cp s3://b/a .", "gsutil cp gs://b/a .", "psql -h db -c 'SELECT updated FROM t'", "psql -c 'select 1'", "redis-cli ping",
    "gradle assembleRelease testReleaseUnitTest", "./gradlew bundleRelease", "cargo build --release", "curl -fL -o d https://x.example/d", "helm plugin install x",
    "docker run --rm img make test", "sudo apt-get install -y make git", "gh api repos/x/y", "ssh -T git@host.example", "python3 -c 'print(\"git push\")'",
    "npm view x version", "grep -q deploy Makefile || true", "bash -n deploy-check.sh", "sbt test", "find . -name '*.tf' -exec terraform fmt {} +",
]  # fmt: skip


@pytest.mark.parametrize("text", DISGUISED)
def test_found_in_disguise(text, tmp_path):
    assert once_only(Command(("bash", "-c", text), script=text, cwd=str(tmp_path))), text


@pytest.mark.parametrize("text", INNOCENT)
def test_left_alone(text, tmp_path):
    assert once_only(Command(("bash", "-c", text), script=text, cwd=str(tmp_path))) is None, text


def test_a_variable_of_the_environment_is_followed(tmp_path):
    text = "$RUNNER"
    assert once_only(Command(("bash", "-c", text), script=text, cwd=str(tmp_path), env={"RUNNER": "twine upload d"}))
    assert once_only(Command(("bash", "-c", text), script=text, cwd=str(tmp_path), env={"RUNNER": "make test"})) is None


def _tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


TREES = [
    ({"Makefile": "include mk/*.mk\nall: stuff\n", "mk/r.mk": "stuff:\n\ttwine upload d\n"}, "make all", True),
    ({"Makefile": "CMD ?= twine upload\nall:\n\t@$(CMD) d\n"}, "make all", True),
    ({"Makefile": "CMD ?= twine upload\nall:\n\t@$(CMD) d\n"}, "make all CMD=true", False),
    ({"Makefile": "all:\n\t$(MAKE) -C sub go\n", "sub/Makefile": "go:\n\ttwine upload d\n"}, "make", True),
    ({"Makefile": "all:\n\t@$(MAKE) fin\nfin: ; twine upload d\n"}, "make", True),
    ({"Makefile": "all:\n\t@$(MAKE) all\n"}, "make", False),
    ({"Makefile": "all:\n\tcc a.c\ndeploy:\n\ttwine upload d\n"}, "make all", False),
    ({"sub/Makefile": "go:\n\ttwine upload d\n"}, "cd sub && make", True),
    ({"Makefile": "go:\n\t./s.sh\n", "s.sh": "#!/bin/bash\n. ./lib\nf\n", "lib": "f(){ twine upload d; }\n"}, "make", True),
    ({"sub/package.json": json.dumps({"scripts": {"ci": "node go.js"}}), "sub/go.js": 'require("child_process").execSync("npm publish")'}, "npm --prefix sub run ci", True),
    ({"package.json": json.dumps({"scripts": {"test": "true", "posttest": "bash fin"}}), "fin": "kubectl rollout restart x\n"}, "npm test", True),
    ({"package.json": json.dumps({"scripts": {"build:release-notes": "rsync -a a b"}})}, "npm run build:release-notes", False),
    ({"ci/all.sh": 'HERE=$(dirname "$0")\n"$HERE/fin.sh"\n', "ci/fin.sh": "twine upload d\n"}, "bash ci/all.sh", True),
    ({"tool.py": "import subprocess\ncmd = ['twine', 'upload']\nsubprocess.run(cmd + ['d'])\n"}, "python3 tool.py", True),
    ({"tool.py": "cmd = 'helm upgrade is told of here'\n"}, "python3 tool.py", False),
    ({"test_ship.py": "import subprocess\nsubprocess.run(['twine', 'upload'])\n"}, "python3 test_ship.py", False),
    ({"notify.py": "import requests\nrequests.post('https://hooks.example/x', json={})\n"}, "python3 notify.py", True),
    ({"notify.py": "import requests\nrequests.post('http://localhost:80/x')\n"}, "python3 notify.py", False),
    ({"justfile": "all: fin\nfin:\n  twine upload d\n"}, "just", True),
    ({"tox.ini": "[testenv:fin]\ncommands =\n  twine upload d\n[testenv]\ncommands = pytest\n"}, "tox -e fin", True),
    ({"tox.ini": "[testenv:fin]\ncommands =\n  twine upload d\n[testenv]\ncommands = pytest\n"}, "tox -e py311", False),
    ({"Taskfile.yml": "tasks:\n  ci:\n    deps: [fin]\n  fin:\n    cmds:\n      - cmd: twine upload d\n"}, "task ci", True),
    ({"composer.json": json.dumps({"scripts": {"ci": ["@fin"], "fin": "php artisan migrate"}})}, "composer ci", True),
    ({"build.gradle": "task('ci') { dependsOn 'publish' }\n"}, "gradle ci", True),
    ({"build.gradle": "task('ci') { dependsOn 'test' }\ntask('x') { dependsOn 'publish' }\n"}, "gradle ci", False),
    ({"dump.sql": "select 1;\n"}, "psql app < dump.sql", False),
]


@pytest.mark.parametrize(("files", "text", "acts"), TREES, ids=[text for _, text, _ in TREES])
def test_files_that_the_command_names(files, text, acts, tmp_path):
    _tree(tmp_path, files)
    assert bool(once_only(Command(("bash", "-c", text), script=text, cwd=str(tmp_path)))) is acts
    _tree(tmp_path, {"run-it": text})
    assert bool(once_only(Command(("bash", "run-it"), cwd=str(tmp_path)))) is acts


@pytest.mark.parametrize("text", ["$(" * 5000, "`" * 999, "a <<E\n" * 3000, '"$(' * 3000, "X=$X$X;" * 500 + "$X", "\\", "'", "<<<", "a |" * 4000, "${" * 500, "\0"])
def test_a_hostile_text_is_read_to_its_end(text, tmp_path):
    commands(text)
    assert once_only(Command(("sh", "-c", text), script=text, cwd=str(tmp_path))) is None


def test_files_that_name_each_other_end(tmp_path):
    _tree(tmp_path, {"a.sh": "./b.sh\n./a.sh\n" * 50, "b.sh": "./a.sh\nmake\n" * 50, "Makefile": "all: all\n\t./a.sh\n"})
    assert once_only(Command(("./a.sh",), cwd=str(tmp_path))) is None
