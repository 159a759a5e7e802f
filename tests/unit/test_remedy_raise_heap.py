"""How large a heap becomes, and by which place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from guard.remedies import raise_heap
from guard.types import (
    Around,
    Refusal,
    Surroundings,
    Telemetry,
)
from tests.unit.by_hand import diagnosis, outcome

GB = 1 << 30
NODE = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"
JAVA = "Exception in thread main java.lang.OutOfMemoryError: Java heap space"


def proposed(said: str, *argv: str, free: int | None = 8 * GB, source: str = "signature:x", **given: Any) -> Any:
    around = Surroundings(home="/nowhere", memory_total_bytes=16 * GB, memory_available_bytes=free)
    return raise_heap.propose(diagnosis("out_of_memory", said, source=source), outcome(*argv, **given), around)


def test_a_kill_by_the_kernel_is_not_mended_by_a_larger_heap() -> None:
    ours = Telemetry(oom_kills=1, oom_kills_host=1)
    assert proposed(NODE, "node", "x.js", source="telemetry:oom_kill", telemetry=ours) is None
    assert proposed("Killed", "node", "x.js") is None
    assert proposed("java.lang.OutOfMemoryError: unable to create native thread", "java", "X") is None


def test_a_kill_that_may_have_been_another_jobs_leaves_the_runtimes_own_words() -> None:
    machine = Telemetry(oom_kills=0, oom_kills_host=1)
    change = proposed(NODE, "node", "--max-old-space-size=512", "x.js", source="telemetry:oom_kill", telemetry=machine)
    assert change.argv == ("node", "--max-old-space-size=2048", "x.js")
    assert proposed("Killed", "node", "x.js", source="telemetry:oom_kill", telemetry=machine) is None


def test_node_flag_in_argv() -> None:
    change = proposed(NODE, "node", "--max-old-space-size=512", "x.js")
    assert change.argv == ("node", "--max-old-space-size=2048", "x.js")
    # A flag for all would shrink V8's own limit elsewhere.
    assert change.env == {}


def test_node_flag_in_an_inherited_variable_keeps_the_rest() -> None:
    change = proposed(NODE, "npm", "test", env={"NODE_OPTIONS": "--no-warnings --max_old_space_size=3000 -r ./x"})
    assert change.env == {"NODE_OPTIONS": "--no-warnings --max_old_space_size=6000 -r ./x"}
    assert change.argv is None


def test_node_without_any_flag_goes_over_its_own_limit() -> None:
    change = proposed(NODE, "npm", "run", "build", free=16 * GB, env={"NODE_OPTIONS": "--no-warnings"})
    assert change.env == {"NODE_OPTIONS": Around(after=" --max-old-space-size=8192")}


def test_node_flag_inside_a_script_changes_digits_only() -> None:
    change = proposed(NODE, script="node '--max-old-space-size=512' x.js; echo \"$PATH\"")
    assert change.argv[-1] == "node '--max-old-space-size=2048' x.js; echo \"$PATH\""


def test_node_flag_in_package_json_is_changed_by_a_stand_in(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"build": "node --max-old-space-size=512 x.js"}}')
    change = proposed(NODE, "npm", "run", "build", cwd=tmp_path)
    assert change.env.keys() == {"PATH"}
    assert [Path(action.target).name for action in change.actions] == ["node"]
    assert "--max-old-space-size=2048" in change.actions[0].data["text"]
    assert proposed(NODE, "npm", "run", "other", cwd=tmp_path, free=16 * GB).env.keys() == {"NODE_OPTIONS"}


def test_a_heap_that_only_v8s_trace_shows_is_changed_by_a_stand_in_and_refused_when_that_was_in_vain() -> None:
    trace = b"[7:0x1] 9 ms: Mark-Compact 124.6 (157.4) -> 117.0 (149.5) MB, 12.93 / 0.00 ms"
    change = proposed(NODE, "bash", "ci.sh", log=trace)
    assert (change.details["old_mb"], list(change.env)) == (157, ["PATH"])
    path = change.env["PATH"].before + "/usr/bin"
    answer = proposed(NODE, "bash", "ci.sh", log=trace, env={"PATH": path})
    assert isinstance(answer, Refusal)
    assert "157 MB" in answer.reason


def test_a_php_limit_that_stays_with_a_larger_one_set_is_the_codes_own() -> None:
    said = "PHP Fatal error:  Allowed memory size of 33554432 bytes exhausted (tried to allocate 2097152 bytes)"
    change = proposed(said, "php", "a.php")
    scan = change.env["PHP_INI_SCAN_DIR"]
    assert isinstance(proposed(said, "php", "a.php", env={"PHP_INI_SCAN_DIR": scan}), Refusal)


def test_npms_own_node_options_go_over_the_variable(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text("node-options=--max-old-space-size=512\n")
    change = proposed(NODE, "npm", "test", cwd=tmp_path, free=16 * GB)
    assert change.env["npm_config_node_options"].startswith("--max-old-space-size=")


@pytest.mark.parametrize("free", [1 * GB, None])
def test_no_memory_or_none_known_is_refused(free: int | None) -> None:
    answer = proposed(NODE, "node", "--max-old-space-size=1024", "x.js", free=free)
    assert isinstance(answer, Refusal)


def test_never_more_than_three_quarters_of_what_is_free() -> None:
    change = proposed(NODE, "node", "--max-old-space-size=1024", "x.js", free=2 * GB)
    assert change.details["new_mb"] == 1536


def test_jvm_flag_in_argv_and_in_variables() -> None:
    assert proposed(JAVA, "java", "-Xmx512m", "-jar", "x").argv == ("java", "-Xmx2048m", "-jar", "x")
    for name in ("JAVA_TOOL_OPTIONS", "MAVEN_OPTS", "SBT_OPTS"):
        change = proposed(JAVA, "java", "X", env={name: "-ea -Xmx1g"})
        assert change.env == {name: "-ea -Xmx2048m"}


def test_jvm_limits_in_files_are_overridden_never_rewritten(tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text("<argLine>-Xmx64m</argLine>")
    change = proposed(JAVA, "mvn", "test", cwd=tmp_path)
    assert change.env == {"_JAVA_OPTIONS": "-Xmx4096m"}
    assert pom.read_text() == "<argLine>-Xmx64m</argLine>"


def test_gradle_daemon_keeps_its_other_options(tmp_path: Path) -> None:
    (tmp_path / "gradle.properties").write_text("org.gradle.jvmargs=-Xmx600m \\\n  -Dfile.encoding=UTF-8\n")
    said = "Expiring Daemon because JVM heap space is exhausted"
    change = proposed(said, "./gradlew", "build", cwd=tmp_path)
    assert change.env == {
        "GRADLE_OPTS": Around(after=' "-Dorg.gradle.jvmargs=-Xmx4096m -Dfile.encoding=UTF-8"')
    }


def test_mavens_own_heap_first_every_jvm_later() -> None:
    said = "[ERROR] Java heap space -> [Help 1]"
    assert set(proposed(said, "mvn", "package", free=16 * GB).env) == {"MAVEN_OPTS"}
    again = proposed(said, "mvn", "package", free=16 * GB, number=2, env={"MAVEN_OPTS": "-Xmx2048m"})
    assert set(again.env) == {"MAVEN_OPTS", "_JAVA_OPTIONS"}


def test_a_heap_that_some_jvm_begins_with_is_no_less_than_the_limit() -> None:
    answer = proposed(JAVA, "java", "-Xms7g", "-Xmx7g", "X")
    assert isinstance(answer, Refusal)


def test_metaspace_is_its_own_limit() -> None:
    change = proposed("java.lang.OutOfMemoryError: Metaspace", "java", "-XX:MaxMetaspaceSize=64m", "-Xmx1g", "X")
    assert change.argv == ("java", "-XX:MaxMetaspaceSize=512m", "-Xmx1g", "X")


def test_what_v8_held_shows_which_limit_was_in_force() -> None:
    def trace(megabytes: int) -> bytes:
        return f"[7:0x1] 9 ms: Mark-Compact (reduce) {megabytes}.1 ({megabytes}.5) -> {megabytes}.0 ({megabytes}.5) MB".encode()

    env = {"NODE_OPTIONS": "--max-old-space-size=40"}
    assert proposed(NODE, "node", "x.js", env=env, log=trace(74)).details["old_mb"] == 40
    assert proposed(NODE, "node", "x.js", env=env, log=trace(1500)).details["new_mb"] == 3000
