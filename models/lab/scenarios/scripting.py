"""Lua, Tcl, R, Octave, awk and the shells with their test runners and linters."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.other_kit import named, port, upstream

STACK = "local Stack = {}\nStack.__index = Stack\nfunction Stack.new() return setmetatable({n = 0}, Stack) end\nfunction Stack:push(x) self.n = self.n + 1; self[self.n] = x end\nfunction Stack:pop() local x = self[self.n]; self[self.n] = nil; self.n = self.n - 1; return x end\nreturn Stack\n"


@scenario("busted/failures", label="test_failure")
def _busted() -> Iterator[Case]:
    spec = "local Stack = require 'stack'\ndescribe('stack', function()\n  it('pops what was pushed, after a connection timeout', function()\n    local s = Stack.new(); s:push(1); s:push(2)\n    assert.are.equal(1, s:pop())\n  end)\n  for n = 1, 60 do it('holds ' .. n, function() local s = Stack.new(); s:push(n); assert.equal(n, s:pop()) end) end\nend)\n"
    files = {"stack.lua": STACK, "spec/stack_spec.lua": spec}
    proof = r"^(\(number\) [12]|Expected objects to be equal|Passed in:|Expected:)"
    yield Case("utf", "busted", files=files, proof=proof)
    yield Case("tap", "busted --version\nbusted -o TAP", files=files, proof=r"Expected objects to be equal|^not ok")
    yield Case("verbose", "busted -v -o plainTerminal --shuffle --seed=5", files=files, proof=proof)
    yield Case("own-module", "busted", files={"spec/queue_spec.lua": "local Queue = require 'queue'\ndescribe('queue', function() end)\n"}, proof="module 'queue' not found", label="compile_error")
    yield Case("syntax", "luac5.4 -p *.lua", files={"stack.lua": STACK.replace("return x end", "return x")}, proof="'end' expected", label="compile_error")
    yield Case("nil", "lua5.4 main.lua", files={"stack.lua": STACK, "main.lua": "local rows = require('stack').new()\nprint('start')\nprint(rows:peek())\n"}, proof="attempt to call a nil value", label="compile_error")
    yield Case("rock", "lua5.4 server.lua", files={"server.lua": "local http = require 'socket.http'\nprint(http.request('x'))\n"}, proof="module 'socket.http' not found", label="configuration_error")
    yield Case("memory", "lua5.4 -e \"local t = {} for n = 1, 1e9 do t[n] = ('row'):rep(9999) .. n end\"", limits=Limits(address_space_mb=80), proof="not enough memory", label="out_of_memory")
    yield Case("luacheck", "luacheck --no-color .", files={"stack.lua": STACK + "local unused = 1\nglobal_timeout = 30\n"}, proof=r"^ +\S+\.lua:\d+:\d+: ", label="lint_error")
    yield Case("luacheck-plain", "luacheck --formatter plain --codes --std max stack.lua", files={"stack.lua": "local function retry(n)\n  local n = n\n  if n then end\nend\n"}, proof=r"^stack\.lua:\d+:\d+: \(W", label="lint_error")


@scenario("luarocks/failures", label="service_unavailable", heals="wait", root=True)
def _luarocks() -> Iterator[Case]:
    host = "rocks.build.example"
    for name, kind, label, proof in (("503", "503", "unknown", ""), ("404", "404", "unknown", "")):
        number = port(f"rocks-{name}")
        yield named(host, Case(name, f"luarocks --tree lua_modules install --only-server=http://{host}:{number} inspect 3.1.3", prepare=upstream(number, kind), proof=proof, label=label))
    yield Case("dns", "luarocks --tree lua_modules download --only-server=http://rocks.no-such-host.example inspect 2>&1; luarocks --tree t install http://rocks.no-such-host.example/inspect-3.1.3-0.rockspec", label="unknown")
    spec = 'package = "tally"\nversion = "1.0-1"\nsource = {{ url = "file://tally.lua" }}\ndescription = {{ summary = "x" }}\ndependencies = {{ {deps} }}\nbuild = {{ type = "builtin", modules = {{ tally = "tally.lua" }} }}\n'
    yield Case("lua-version", "luarocks --tree t make tally-1.0-1.rockspec", files={"tally-1.0-1.rockspec": spec.format(deps='"lua >= 5.6"'), "tally.lua": "return {}\n"}, proof="supports only|lua >= 5.6|not supported", label="configuration_error")
    yield Case("lint", "luarocks lint tally-1.0-1.rockspec", files={"tally-1.0-1.rockspec": spec.format(deps="").replace("summary", "sumary")}, proof="sumary|Unknown field|Type mismatch", label="lint_error")


@scenario("tcl/failures", label="compile_error", needs=("tclsh",))
def _tcl() -> Iterator[Case]:
    yield Case("command", "tclsh deploy.tcl", files={"deploy.tcl": "proc plan {n} { return [expr {$n * 2}] }\nputs [plan 4]\nputs [plann 4]\n"}, proof='invalid command name "plann"')
    yield Case("variable", "echo 'puts $release' | tclsh; tclsh -encoding utf-8 r.tcl", files={"r.tcl": "set releases 3\nputs \"have $release\"\n"}, proof='can\'t read "release": no such variable')
    test = "package require tcltest\nnamespace import tcltest::*\n" + "".join(f"test retry-{n} {{timeout {n}}} {{ expr {{{n} + 1}} }} {n + 1}\n" for n in range(30)) + "test sum-1 {adds} { expr {2 + 2} } 5\nset failed $tcltest::numTests(Failed)\ncleanupTests\nexit [expr {$failed > 0}]\n"
    yield Case("tcltest", "tclsh all.tcl -verbose bpe", files={"all.tcl": test}, proof=r"^---- Result (was|should)|==== sum-1 adds FAILED$", label="test_failure")
    yield Case("package", "tclsh app.tcl", files={"app.tcl": "package require sqlite4 4.0\n"}, proof="can't find package sqlite4", label="configuration_error")
    yield Case("socket", "tclsh check.tcl", files={"check.tcl": "puts {connecting to the licence server}\nset s [socket licences.no-such-host.example 27000]\n"}, proof="couldn't open socket", label="dns_failure")


@scenario("rscript/failures", label="test_failure", needs=("Rscript",), root=True)
def _r() -> Iterator[Case]:
    code = "mean_price <- function(x) sum(x) / length(x)\nretryable <- function(status) status %in% c(429, 503)\n"
    test = "source('../../R/price.R')\nlibrary(testthat)\ntest_that('mean is right', {\n  expect_equal(mean_price(c(1, 2, 3)), 2.5)\n})\ntest_that('503 Service Unavailable is retried', expect_true(retryable(503)))\n"
    files = {"R/price.R": code, "tests/testthat/test-price.R": test}
    yield Case("testthat", "Rscript -e 'testthat::test_dir(\"tests/testthat\", stop_on_failure = TRUE)'", files=files, proof="not equal to 2.5")
    yield Case("testthat-reporter", "Rscript --vanilla -e 'sessionInfo(); testthat::test_dir(\"tests/testthat\", reporter = \"location\", stop_on_failure = TRUE)'", files=files, proof=r"test-price\.R:4. \[failure\]")
    yield Case("stop", "Rscript analysis.R", files={"analysis.R": "rows <- data.frame(a = 1:3)\nprint(summary(rows))\nstopifnot('no missing rows' = nrow(rows) == 4)\n"}, proof="no missing rows")
    yield Case("parse", "Rscript analysis.R", files={"analysis.R": "f <- function(x {\n  x + 1\n}\n"}, proof="unexpected '\\{'|unexpected", label="compile_error")
    yield Case("object", "R --vanilla -q -f model.R", files={"model.R": "prices <- c(3, 4)\nfit <- lm(prices ~ year)\n"}, proof="object 'year' not found", label="compile_error")
    yield Case("package", "Rscript model.R", files={"model.R": "library(caretaker)\nfit(1)\n"}, proof="there is no package called", label="configuration_error")
    yield Case("vector", "Rscript -e 'cat(\"loading\\n\"); m <- matrix(runif(4e8), 2e4)'", limits=Limits(address_space_mb=1500), proof="cannot allocate vector of size", label="out_of_memory")
    host = "cran.build.example"
    for name, kind in (("503", "503"), ("refused", "")):
        number = port(f"cran-{name}")
        install = f"Rscript -e 'options(warn = 2); install.packages(\"ledgerly\", lib = \".\", repos = \"http://{host}:{number}\")'"
        yield named(host, Case(f"install-{name}", install, prepare=upstream(number, kind) if kind else "", label="unknown"))
    package = {"pkg/DESCRIPTION": "Package: tallyr\nVersion: 0.1\nTitle: Tally\nDescription: Tallies.\nLicense: MIT\nAuthor: X\nMaintainer: X <x@example.org>\nImports: {imports}\n", "pkg/NAMESPACE": "export(tally)\n", "pkg/R/tally.R": "tally <- function(x) length(x)\n"}
    lock = {name: text.replace("Imports: {imports}\n", "") for name, text in package.items()}
    yield Case("00lock", "R CMD INSTALL --library=lib pkg", files=lock, prepare="mkdir -p lib/00LOCK-pkg", proof="failed to lock directory", label="stale_state")
    yield Case("dependency", "R CMD INSTALL --library=lib pkg", files={name: text.format(imports="moneyfmt (>= 2.0)") for name, text in package.items()}, prepare="mkdir lib", proof="dependency .moneyfmt. is not available|required packages", label="dependency_not_found")
    yield Case("tarball", "R CMD INSTALL --library=lib tallyr_0.1.tar.gz", files=lock, prepare="mkdir lib; R CMD build pkg >/dev/null 2>&1; head -c 200 tallyr_0.1.tar.gz > t; mv t tallyr_0.1.tar.gz", proof="unexpected end|Error in untar|cannot extract|not in gzip|incomplete block", label="corrupt_artifact")
    yield Case("passes", "R CMD build pkg\nmkdir lib\nR CMD INSTALL --library=lib tallyr_0.1.tar.gz\nRscript -e 'for (n in 1:60) { r <- tryCatch(if (n %% 7) n else stop(\"error: read timed out\"), error = conditionMessage); print(r) }'", files=lock, label=PASSED)


@scenario("octave/failures", label="test_failure")
def _octave() -> Iterator[Case]:
    yield Case("undefined", "octave-cli --no-gui main.m", files={"main.m": "disp('simulation');\ny = simulate_rocket(3);\n"}, proof="'simulate_rocket' undefined", label="compile_error")
    yield Case("parse", "octave-cli main.m", files={"main.m": "x = [1 2\n3 4;\nif x(1) == 1\n  disp('one')\n"}, proof="parse error", label="compile_error")
    yield Case("nonconformant", "octave-cli -q filter.m", files={"filter.m": "A = ones(3, 4); printf('filtering\\n'); B = A * A;\n"}, proof="nonconformant arguments", label="compile_error")
    yield Case("memory", "octave-cli -q --eval 'x = ones(20000, 20000);'", limits=Limits(address_space_mb=1500), proof="std::bad_alloc", label="out_of_memory")
    yield Case("package", "octave-cli --eval 'pkg load signal; disp(1)'", proof="package signal .*(not|was not)|must be installed|could not be loaded", label="configuration_error")


@scenario("bats/failures", label="test_failure")
def _bats() -> Iterator[Case]:
    head = "setup() { PATH=\"$PWD/bin:$PATH\"; }\n@test \"greets\" { [ \"$(greet ann)\" = 'hello ann' ]; }\n@test \"explains disk full\" { run greet --explain ENOSPC; [ \"$output\" = 'No space left on device' ]; }\n"
    tool = "#!/bin/sh\ncase \"$1\" in --explain) echo 'no space';; *) echo \"hello $1\";; esac\n"
    files = {"bin/greet": tool, "test/greet.bats": head + "".join(f"@test \"number {n} with connection reset\" {{ [ {n} -lt 90 ]; }}\n" for n in range(40))}
    yield Case("tap", "bats test", files=files, prepare="chmod +x bin/greet", proof=r"^not ok|^#.*`\[ ")
    yield Case("timeout", "BATS_TEST_TIMEOUT=1 bats test/wait.bats", files={"test/wait.bats": "@test \"queue drains\" { sleep 4; }\n@test \"has a name\" { true; }\n"}, proof="timeout after 1s|due to timeout", label="flaky_test")
    yield Case("passes", "bats -t --show-output-of-passing-tests test", files={"test/ok.bats": "".join(f"@test \"error {n} is logged\" {{ echo 'error: timed out, retrying'; true; }}\n" for n in range(70))}, label=PASSED)


@scenario("shellcheck/findings", label="lint_error")
def _shellcheck() -> Iterator[Case]:
    bad = "#!/bin/bash\nfor f in $(ls *.log); do\n  curl --retry 3 http://mirror/$f > $f.out || echo timeout $?\ndone\nif [ $n = 1 ]; then echo `date`; fi\n"
    yield Case("tty", "shellcheck deploy.sh", files={"deploy.sh": bad}, proof=r"SC\d{4} \(|\^-")
    yield Case("gcc", "find . -name '*.sh' -print0 | xargs -0 shellcheck -f gcc -S style", files={"ci/deploy.sh": bad, "ci/ok.sh": "#!/bin/sh\necho ok\n"}, proof=r"\[SC\d{4}\]$")
    yield Case("checkstyle", "shellcheck -V | head -2\nshellcheck --format=json1 deploy.sh", files={"deploy.sh": bad}, proof='"code":\\d+')
    yield Case("parse", "shellcheck -C never broken.sh", files={"broken.sh": "#!/bin/sh\nif true; then\n  echo 'yes\nfi\n"}, proof=r"SC\d{4}", label="lint_error")


@scenario("shells/failures", label="configuration_error", needs=("zsh", "fish", "gawk", "bash", "dash"))
def _shells() -> Iterator[Case]:
    yield Case("bash-syntax", "bash -n deploy.sh", files={"deploy.sh": "if [ -f x ]; then\n  for f in *; do echo $f\nfi\n"}, proof="syntax error near unexpected token", label="compile_error")
    yield Case("nounset", "set -u\necho \"deploying\"\necho \"to ${DEPLOY_HOST}\"", proof="DEPLOY_HOST: unbound variable")
    yield Case("required", "echo checks\n: \"${API_TOKEN:?is not set; add it to the variables of the pipeline}\"", proof="API_TOKEN: is not set")
    yield Case("crlf", "sh ./build.sh", files={"build.sh": "set -e\r\necho building\r\ncd build\r\n"}, proof=r"Illegal option|: not found|can't cd")
    yield Case("permission", "./scripts/build.sh --release", files={"scripts/build.sh": "#!/bin/sh\necho hi\n"}, proof="Permission denied")
    yield Case("zsh", "zsh -c 'setopt errexit; print -r -- start; rm dist/*.whl'", proof="no matches found")
    yield Case("fish", "fish --no-execute deploy.fish && fish deploy.fish", files={"deploy.fish": "set -x A 1\nif test $A = 1\n  echo one\n"}, proof="Missing end", label="compile_error")
    yield Case("fish-command", "fish build.fish", files={"build.fish": "echo build\nfunction go\n  kubectl-neat apply -f x.yml\nend\ngo; or exit 3\n"}, proof="Unknown command")
    yield Case("gawk", "gawk -f sum.awk data.tsv", files={"sum.awk": "{ total += $2 \nEND { print total }\n", "data.tsv": "a 1\n"}, proof="syntax error", label="compile_error")
    yield Case("bashism", "dash ./check.sh", files={"check.sh": "name=ann\nif [[ $name == a* ]]; then echo yes; fi\narr=(1 2)\n"}, proof='Syntax error: "\\(" unexpected|\\[\\[: not found')
    yield Case("bare-make", "make -s all", files={"Makefile": "all:\n\t@./step 2>/dev/null\n", "step": "#!/bin/sh\nexit 1\n"}, prepare="chmod +x step", label="unknown")
    yield Case("exit-line", "set -x\n./pipeline.sh build\n./pipeline.sh test", files={"pipeline.sh": "#!/bin/sh\necho \"stage $1 started\"\n[ $1 = build ] || { echo \"stage $1 failed with exit code 23\"; exit 23; }\necho \"stage $1 done\"\n"}, prepare="chmod +x pipeline.sh", label="unknown")
