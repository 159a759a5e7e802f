"""`python tests/bench/skins_gitlab_jenkins.py`: what the GitLab and Jenkins skins cost on a script that passes.

CPU seconds, start to finish, of a job's script under guard against the bare script of the same minute, in pairs; and
what the other ways to bring guard would cost: a bare interpreter as the floor, `pip install` where `--pip` is given.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.skins.gitlab_runner import script
from tests.skins.inlined_guard import skin

PAIRS = 21


def cost(words: list[str], folder: Path, **more: str) -> tuple[float, float]:
    """CPU and wall seconds of a command that must pass in silence."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, cwd=folder, env={**os.environ, "CI_PROJECT_DIR": str(folder), **more}, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout == done.stderr == b"", (done.stdout, done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def told(name: str, guarded: list[tuple[float, float]], bare: list[tuple[float, float]]) -> None:
    """Print the medians of a pair of ways."""
    for unit, place in (("CPU", 0), ("wall", 1)):
        ours, theirs = (statistics.median(one[place] for one in rounds) * 1000 for rounds in (guarded, bare))
        print(f"{name}, {unit}: {ours:.0f} ms, bare {theirs:.0f} ms, {ours - theirs:.0f} ms more (median of {len(bare)} pairs)")


def main() -> None:
    """All figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gitlab = skin("gitlab-component", folder)
        jenkins = skin("jenkins-shared-lib", folder)
        print(f"GitLab's template: {(gitlab / 'templates/guard.yml').stat().st_size / 1e6:.2f} MB")
        lines = "\n".join(script(gitlab / "include/guard.yml", ".guard"))
        (folder / "job.sh").write_text(f"set -eo pipefail\n{lines}\n")
        (folder / "bare.sh").write_text('set -eo pipefail\nbash -eo pipefail -c "$PIPEGUARD_RUN"\n')
        shutil.copy(jenkins / "resources/io/pipeguard/guard.sh", folder / "guard.sh")
        (folder / "script.sh").write_text("true")
        variables = {"PIPEGUARD_RUN": "true", "CI_JOB_ID": "1"}
        steps = {"PIPEGUARD_SKIN": "jenkins", "PIPEGUARD_FACTS": str(folder / "facts"), "PIPEGUARD_RESULT": ""}
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in ("gitlab", "gitlab bare", "jenkins", "jenkins bare", "python")}
        for _ in range(PAIRS):
            rounds["gitlab"].append(cost(["bash", "job.sh"], folder, **variables))
            rounds["gitlab bare"].append(cost(["bash", "bare.sh"], folder, **variables))
            # Without -x: what Jenkins traces is the script's own.
            rounds["jenkins"].append(cost(["sh", "-c", 'sh ./guard.sh 2>/dev/null'], folder, **steps))
            rounds["jenkins bare"].append(cost(["sh", "-e", "script.sh"], folder))
            rounds["python"].append(cost(["python3", "-I", "-S", "-c", "pass"], folder))
        told("a GitLab job's script", rounds["gitlab"], rounds["gitlab bare"])
        told("a Jenkins `sh`", rounds["jenkins"], rounds["jenkins bare"])
        print(f"a bare `python3 -I -S -c pass`: {statistics.median(one[0] for one in rounds['python']) * 1000:.0f} ms CPU")
        if "--pip" in sys.argv:
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--target", str(folder / "site"), "click", "requests", "regex", "onnxruntime", "tenacity", "pyyaml"], check=True)
            print(f"pip install of the run-time packages instead: {time.perf_counter() - begin:.1f} s")


if __name__ == "__main__":
    main()
