"""git: repositories that are not there, damaged, locked, in conflict, or out of reach."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import (
    CERTIFICATES,
    CUTTER,
    SERVER,
    behind,
    in_steps,
    listening,
    noisy,
    port,
    serve,
)

NAMES = "git config --global user.name ci; git config --global user.email ci@example.com; git config --global init.defaultBranch main; git config --global advice.detachedHead false\n"
ORIGIN = (
    NAMES
    + "git init -q ../origin; (cd ../origin; for n in 1 2 3 4 5; do seq $n 300 > data$n.txt; head -c 40000 /dev/urandom > blob$n.bin; git add .; git commit -qm \"Add part $n\"; done; git tag v0.1 HEAD~3)\n"
)
# As a dumb HTTP server gives it.
WEB = ORIGIN + "mkdir -p ../www/team && git clone -q --bare ../origin ../www/team/planner.git && git -C ../www/team/planner.git repack -adq && git -C ../www/team/planner.git update-server-info\n"
FILES = {"../server.py": SERVER, "../cutter.py": CUTTER}
URL = "http://git.example.com/team/planner.git"


def _web(name: str, moods: str, proof: str, script: str = f"git clone {URL}", **more: object) -> Case:
    """One against a web server that git reaches by its proxy setting."""
    also = str(more.pop("also", ""))
    prepare = WEB + also + serve(f"git-{name}", moods) + f"git config --global http.proxy http://127.0.0.1:{port(f'git-{name}')}\n"
    return Case(name, script, files=FILES, prepare=prepare, proof=proof, **more)  # type: ignore[arg-type]


@scenario("git/server-error", label="service_unavailable", heals="wait")
@in_steps
def _server_error() -> Iterator[Case]:
    yield _web("clone-503", "503*1", r"returned error: 503")
    yield _web("fetch-502", "502*1", r"returned error: 502", f"set -x\ngit init -q .\ngit remote add origin {URL}\ngit fetch --depth=1 origin main" + " || { git remote remove origin; exit 128; }")
    yield _web("ls-remote-500", "500*1", r"returned error: 500", f"git ls-remote --tags {URL}")
    yield noisy(_web("submodule-504", "504*1", r"returned error: 504", f"git clone {URL} vendor/planner"), "unittest")


@scenario("git/rate-limited", label="rate_limited", heals="wait")
@in_steps
def _rate() -> Iterator[Case]:
    yield _web("clone-429", "429*1", r"returned error: 429")


@scenario("git/hung-up", label="connection_failure", heals="wait")
@in_steps
def _hung_up() -> Iterator[Case]:
    yield _web("reset", "reset*1", r"Connection reset by peer|Empty reply")
    yield _web("empty", "empty*1", r"Empty reply from server|Connection reset", f"GIT_TRACE=1 git clone --progress {URL} work")
    # git's own protocol through something that hangs up in the middle of the pack
    for name, words, most in (("early-eof", "git clone --progress {} planner", 90_000), ("early-eof-fetch", "git init -q .\ngit fetch --tags {} main", 120_000), ("at-greeting", "git clone {}", 3)):
        outer, inner = port(f"cut-{name}"), port(f"daemon-{name}")
        prepare = ORIGIN + behind(f"$(git --exec-path)/git-daemon --reuseaddr --listen=127.0.0.1 --port={inner} --export-all --base-path=$(realpath ..)") + behind(f"python3 ../cutter.py {outer} {inner} {most} close 1")
        prepare += listening(inner) + f"for i in $(seq 50); do ss -ltn 2>/dev/null | grep -q :{outer} && break; sleep 0.1; done; sleep 0.5\n"
        # Hung up on before a word is said, git only says that it could not read.
        proof = "" if most < 10 else r"early EOF|unexpected disconnect|hung up unexpectedly|invalid index-pack output|Connection reset"
        yield Case(name, words.format(f"git://localhost:{outer}/origin"), FILES, prepare=prepare, label="" if proof else "unknown", proof=proof)


@scenario("git/nobody-there", label="connection_failure")
@in_steps
def _nobody() -> Iterator[Case]:
    yield Case("refused", f"git clone git://localhost:{port('git-nobody')}/planner", proof=r"unable to connect to|Connection refused")


@scenario("git/silent", label="network_timeout", heals="wait")
@in_steps
def _silent() -> Iterator[Case]:
    yield _web("low-speed", "stall*1", r"Operation too slow|timed out", f"git -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=3 clone {URL}")


@scenario("git/no-such-host", label="dns_failure", heals="")
@in_steps
def _dns() -> Iterator[Case]:
    yield Case("https", "git clone --depth 1 https://git.internal.invalid/core/engine.git", proof=r"Could not resolve host")
    yield Case("ssh", "git clone git@git.internal.invalid:core/engine.git", proof=r"Could not resolve hostname")
    yield Case("submodule", "git submodule update --init --recursive", prepare=NAMES + "git init -q .; printf '[submodule \"deps/mesh\"]\\n\\tpath = deps/mesh\\n\\turl = https://code.internal.invalid/mesh.git\\n' > .gitmodules; git init -q ../m; git -C ../m commit -q --allow-empty -m x; git add .gitmodules; git update-index --add --cacheinfo 160000,$(git -C ../m rev-parse HEAD),deps/mesh; git commit -qm deps", proof=r"Could not resolve host")


@scenario("git/rights", label="auth_failure")
@in_steps
def _rights() -> Iterator[Case]:
    yield _web("no-username", "401*9", r"could not read Username", env={"GIT_TERMINAL_PROMPT": "0"})
    yield _web("no-terminal", "401*9", r"could not read Username|could not read Password", "set -x; git clone --recurse-submodules http://git.example.com/team/planner.git src")
    yield _web("wrong-token", "401*9", r"Authentication failed", "git clone http://ci:$DEPLOY_TOKEN@git.example.com/team/planner.git", env={"DEPLOY_TOKEN": "old"})
    yield _web("forbidden", "403*9", r"returned error: 403", f"git clone -b main {URL}")
    hook = ORIGIN + "git clone -q --bare ../origin ../o.git; git clone -q ../o.git work; printf '#!/bin/sh\\necho \"remote: Permission to team/planner.git denied to ci-bot.\" >&2\\nexit 1\\n' > ../o.git/hooks/pre-receive; chmod +x ../o.git/hooks/pre-receive; cd work; echo n > n; git add n; git commit -qm n"
    yield Case("push-denied-by-hook", "cd work && git push origin HEAD:main", prepare=hook, proof=r"Permission to .* denied|pre-receive hook declined")


@scenario("git/gone", label="dependency_not_found")
@in_steps
def _gone() -> Iterator[Case]:
    yield _web("repository", "", r"repository '.*' not found", "git clone http://git.example.com/team/forecasts.git")
    yield Case("path", "git clone ../mirrors/engine.git", prepare=NAMES, proof=r"repository '.*' does not exist")
    yield Case("branch", "git clone -q --branch release/2.0 ../origin src", prepare=ORIGIN, proof=r"Remote branch release/2.0 not found")
    yield Case("ref", "git init -q .\ngit fetch --depth=1 ../origin refs/tags/v9.9.9", prepare=ORIGIN, proof=r"couldn't find remote ref")
    yield Case("revision", "git clone -q ../origin src && cd src\ngit checkout 3f1d0c9a8b7e6f5d4c3b2a190807060504030201", prepare=ORIGIN, proof=r"reference is not a tree|unable to read tree")


@scenario("git/workspace-lacks", label="configuration_error")
@in_steps
def _lacks() -> Iterator[Case]:
    shallow = ORIGIN + "git clone -q --depth 1 --no-tags file://$(realpath ../origin) src\n"
    yield Case("describe", "cd src\nVERSION=$(git describe --tags)\necho $VERSION", prepare=shallow, proof=r"No names found|No tags can describe")
    yield Case("describe-x", "set -x; cd src; git describe --tags --match 'v*' --long", prepare=shallow, proof=r"No names found")
    yield Case("merge-base", "cd src\nset -u\ngit diff --name-only origin/develop...HEAD", prepare=shallow, proof=r"ambiguous argument 'origin/develop...HEAD'|unknown revision")
    yield Case("not-a-repository", "git rev-parse --short HEAD", prepare="true", proof=r"not a git repository")
    yield Case("no-identity", "git init -q . ; echo 1 > VERSION; git add VERSION; git commit -m 'Bump version'", env={"EMAIL": ""}, proof=r"Author identity unknown|Please tell me who you are|empty ident name|unable to auto-detect email")
    yield Case("dubious-ownership", "git status --short", prepare=NAMES + "git init -q .; chown -R nobody .", proof=r"detected dubious ownership", env={"SUDO_UID": ""})
    checked = "for d in third_party/*/; do\n  [ -n \"$(ls -A $d)\" ] || { echo \"$d is empty: run git submodule update --init\"; exit 1; }\ndone"
    yield Case("submodule-empty", checked, prepare="mkdir -p third_party/json", proof=r"is empty: run git submodule")
    pointer = ORIGIN + "(cd ../origin; echo '*.bin filter=lfs' > .gitattributes; git add .gitattributes; git commit -qm 'Large files'); "
    yield Case("lfs-not-installed", "git clone ../origin src", prepare=pointer + "git config --global filter.lfs.process 'git-lfs-3 filter-process'; git config --global filter.lfs.required true", proof=r"git-lfs-3.*not found|smudge filter lfs failed")
    yield Case("lfs-object-gone", "git clone ../big src", prepare=NAMES + "git init -q ../big; cd ../big; git lfs install >/dev/null; git lfs track '*.onnx' >/dev/null; head -c 5000 /dev/urandom > net.onnx; git add .; git commit -qm net; rm -rf .git/lfs/objects", proof=r"(?i)smudge error|error downloading object|object does not exist", label="dependency_not_found")
    yield Case("unmerged-paths", "cd src; git commit -m 'Merge develop'", prepare=ORIGIN + "git clone -q ../origin src; cd src; git checkout -qb dev; echo a > data1.txt; git commit -qam a; git checkout -q main; echo b > data1.txt; git commit -qam b; git merge dev >/dev/null || true", proof=r"unmerged files|you have unmerged", label="stale_state")


@scenario("git/conflict", label="configuration_error")
@in_steps
def _conflict() -> Iterator[Case]:
    both = ORIGIN + "git clone -q ../origin src; cd src; git checkout -qb feature; sed -i '2s/.*/two/' data1.txt; git commit -qam feature; git checkout -q main; sed -i '2s/.*/zwei/' data1.txt; git commit -qam main\n"
    # What is wrong is in the branches; no label says so.
    yield Case("merge", "cd src; git merge --no-edit feature", prepare=both, proof=r"CONFLICT \(content\)", label="unknown")
    yield Case("rebase", "cd src; git rebase main feature", prepare=both, proof=r"CONFLICT \(content\)", label="unknown")
    yield Case("patch", "cd src\ngit apply --index ../fix.patch", prepare=both + "git diff feature~1 feature > ../fix.patch", proof=r"patch does not apply|patch failed", label="unknown")


@scenario("git/left-lock", label="stale_state", heals="reset_state")
@in_steps
def _lock() -> Iterator[Case]:
    clone = ORIGIN + "git clone -q ../origin src; "
    yield Case("index", "cd src\ngit checkout -q v0.1", prepare=clone + "touch src/.git/index.lock", proof=r"index\.lock': File exists")
    yield Case("index-clean", "set -x\ncd src\ngit clean -ffdx\ngit reset --hard origin/main", prepare=clone + "touch src/.git/index.lock", proof=r"index\.lock': File exists")
    yield Case("ref", "cd src && git fetch origin && git branch -f nightly origin/main", prepare=clone + "touch src/.git/refs/heads/nightly.lock", proof=r"nightly\.lock': File exists|cannot lock ref")
    yield Case("config", "cd src; git config core.sparseCheckout true", prepare=clone + "touch src/.git/config.lock", proof=r"could not lock config file")
    yield Case("shallow", "cd src; git fetch --depth=2 origin main", prepare=ORIGIN + "git clone -q --depth 1 file://$(realpath ../origin) src; touch src/.git/shallow.lock", proof=r"shallow\.lock': File exists")


@scenario("git/left-over", label="stale_state")
@in_steps
def _left_over() -> Iterator[Case]:
    yield Case("destination", "git clone ../origin deps/planner", prepare=ORIGIN + "mkdir -p deps/planner && echo x > deps/planner/old.o", proof=r"already exists and is not an empty directory")
    yield Case("remote", "cd src; git remote add upstream ../origin", prepare=ORIGIN + "git clone -q ../origin src; git -C src remote add upstream ../x", proof=r"remote upstream already exists")
    yield Case("tag", "cd src\ngit tag -a v0.1 -m 'Release 0.1'", prepare=ORIGIN + "git clone -q ../origin src", proof=r"tag 'v0.1' already exists")
    yield Case("branch", "cd src && git checkout -b bump-deps", prepare=ORIGIN + "git clone -q ../origin src; git -C src branch bump-deps", proof=r"branch named 'bump-deps' already exists")
    yield Case("local-changes", "cd src; git checkout v0.1", prepare=ORIGIN + "git clone -q ../origin src; echo made > src/data5.txt", proof=r"local changes to the following files would be overwritten|untracked working tree files would be")
    yield Case("untracked", "cd src; git pull --ff-only", prepare=ORIGIN + "git clone -q ../origin src; cd src; git reset -q --hard HEAD~1; echo made > data5.txt", proof=r"untracked working tree files would be overwritten")
    yield Case("am-in-progress", "cd src; git am ../p/0001*.patch", prepare=ORIGIN + "git clone -q ../origin src; cd src; git format-patch -q -1 -o ../p; mkdir .git/rebase-apply; echo 1 > .git/rebase-apply/next; echo 1 > .git/rebase-apply/last; touch .git/rebase-apply/applying", proof=r"previous rebase directory|still exists")


@scenario("git/damaged", label="corrupt_artifact")
@in_steps
def _damaged() -> Iterator[Case]:
    clone = ORIGIN + "git clone -q --no-local ../origin src; cd src; "
    yield Case("loose-object", "cd src && git checkout -q HEAD~1 -- . && git log --stat", prepare=clone + "git unpack-objects -q < $(mv .git/objects/pack/*.pack ../p; echo ../p); rm -f .git/objects/pack/*; o=$(git rev-parse HEAD~1:data1.txt); f=.git/objects/${o:0:2}/${o:2}; chmod +w $f; head -c 20 /dev/zero > $f", proof=r"loose object|inflate|corrupt")
    yield Case("pack", "cd src; git fsck --full", prepare=clone + "chmod +w .git/objects/pack/*.pack; printf zzzz | dd of=$(ls .git/objects/pack/*.pack) bs=1 seek=2000 conv=notrunc 2>/dev/null", proof=r"pack .*(?:mismatch|corrupt|inflate|SHA1 checksum)|error: inflate")
    yield Case("empty-object", "cd src\ngit status\ngit pull", prepare=clone + "git commit -q --allow-empty -m local; o=$(git rev-parse HEAD); f=.git/objects/${o:0:2}/${o:2}; chmod +w $f; : > $f", proof=r"object file .* is empty|loose object|bad object HEAD")
    yield Case("index", "cd src; git diff --quiet", prepare=clone + "printf junk > .git/index", proof=r"index file (?:corrupt|smaller)|bad signature")


@scenario("git/push-rejected", label="configuration_error")
@in_steps
def _rejected() -> Iterator[Case]:
    behind_main = ORIGIN + "git clone -q --bare ../origin ../o.git; git clone -q ../o.git a; git clone -q ../o.git b; (cd b; echo b > b; git add b; git commit -qm b; git push -q); cd a; echo a > a; git add a; git commit -qm a\n"
    # Somebody else was faster: the next attempt fails as well unless it begins at the new state.
    yield Case("non-fast-forward", "cd a\ngit push origin main", prepare=behind_main, proof=r"\[rejected\]", label="unknown")
    yield Case("checked-out", "cd w && git push origin main", prepare=ORIGIN + "git clone -q ../origin w; cd w; git commit -q --allow-empty -m x", proof=r"refusing to update checked out branch")
    yield Case("no-such-refspec", "cd w; git push origin gh-pages", prepare=ORIGIN + "git clone -q ../origin w", proof=r"src refspec gh-pages does not match any")


@scenario("git/no-space", label="disk_full", root=True)
@in_steps
def _space() -> Iterator[Case]:
    big = NAMES + "git init -q ../big; (cd ../big; head -c 7000000 /dev/urandom > model.bin; git add .; git commit -qm model)\n"
    yield Case("clone", "git clone --no-local ../big", prepare=big, limits=Limits(disk_mb=5), proof=r"No space left on device")
    yield Case("checkout", "git clone -n --no-local --progress ../big && cd big && git checkout main", prepare=big, limits=Limits(disk_mb=10), proof=r"No space left on device|unable to write file")


@scenario("git/tls", label="tls_error", needs=("git", "openssl", "python3"))
@in_steps
def _tls() -> Iterator[Case]:
    for name, days, trusted in (("unknown-issuer", "20200101000000Z 20400101000000Z", False), ("expired", "20200101000000Z 20210101000000Z", True)):
        number = port(f"git-tls-{name}")
        trust = "git config --global http.sslCAInfo $(realpath ../ca.pem)\n" if trusted else ""
        prepare = WEB + CERTIFICATES + f"sign web git.example.com {days}\n" + trust + f"git config --global http.curloptResolve git.example.com:{number}:127.0.0.1\n"
        prepare += serve(f"git-tls-{name}", env="TLS_CERT=../web.pem TLS_KEY=../web.key")
        yield Case(name, f"unset GIT_SSL_CAINFO\ngit clone https://git.example.com:{number}/team/planner.git", FILES, prepare=prepare, proof=r"SSL certificate problem|server certificate verification failed")


@scenario("git/passes", label=PASSED)
def _passes() -> Iterator[Case]:
    yield Case("lots", "git clone --progress ../origin src; cd src; git log --stat | cat; git fsck --full; git describe --tags --always; git gc", prepare=ORIGIN)
    yield _web("retry-loop", "503*2", "", f"for n in 1 2 3 4; do git clone {URL} && break; echo \"attempt $n failed, next in 1 s\"; sleep 1; done; ls planner | wc -l")
