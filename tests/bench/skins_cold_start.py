"""`python tests/bench/skins_cold_start.py [guard.pyz]`: what a step that passes costs in each skin, against the bare step of the same minute.

The floor of the widely used retry wrapper is about 1.06 s a call, since it looks at its command once a second
(docs/peers.md). The skins start from a checkout, from a guard.pyz where one is named, or from the kept wheel.
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

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from guard.delivery.bytecode import beside  # noqa: E402

ROUNDS = 15
FLOOR_S = 1.06


def seconds(argv: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Wall and CPU seconds of one step."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Interleaved rounds of the bare step, the interpreter alone and each skin; medians and least CPU times."""
    with tempfile.TemporaryDirectory(prefix="pipeguard-bench-") as name:
        folder = Path(name)
        checkout = folder / "checkout"
        shutil.copytree(ROOT / "guard", checkout / "guard", ignore=shutil.ignore_patterns("__pycache__"))
        (checkout / "dist").mkdir()
        kept = folder / "kept" / "bench"
        shutil.copytree(checkout / "guard", kept / "guard")
        environment = {"PATH": os.environ["PATH"], "HOME": name, "RUNNER_TEMP": name, "PIPEGUARD_SCRIPT": "true"}
        for file in ("outputs", "exports"):
            (folder / file).touch()
        github = {**environment, "GITHUB_ACTIONS": "true", "PIPEGUARD_SKIN": "github", "GITHUB_OUTPUT": str(folder / "outputs"), "GITHUB_ACTION_PATH": str(checkout)}
        released = folder / "released"
        shutil.copytree(checkout / "guard", released / "guard")
        beside(str(released))
        thin = {**environment, "PIPEGUARD_FOLDER": str(folder / "kept"), "PIPEGUARD_VERSION": "bench"}
        step = ["sh", "-e", "-c", '. "$GITHUB_ACTION_PATH/guard/platforms/github_step.sh"']
        lean = ["sh", "-c", f'PATH=/usr/bin:/bin; . "{ROOT}/guard/platforms/yaml_step.sh"']
        cases: dict[str, tuple[list[str], dict[str, str]]] = {
            "the bare step": (["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "true"], environment),
            "python -I -S -c pass": (["/usr/bin/python3", "-I", "-S", "-c", "pass"], environment),
            "GitHub, from a checkout": (step, github),
            "GitHub, from a release's tree": (step, {**github, "GITHUB_ACTION_PATH": str(released)}),
            "CircleCI, from the kept wheel": (lean, {**thin, "CIRCLECI": "true", "PIPEGUARD_SKIN": "circleci", "BASH_ENV": str(folder / "exports")}),
            "Azure, from the kept wheel": (lean, {**thin, "TF_BUILD": "True", "PIPEGUARD_SKIN": "azure"}),
            "Buildkite, from the kept wheel": (lean, {**thin, "BUILDKITE": "true", "PIPEGUARD_SKIN": "buildkite"}),
            "TeamCity, from the kept wheel": (lean, {**thin, "TEAMCITY_VERSION": "2025.11", "PIPEGUARD_SKIN": "teamcity"}),
        }
        pyz = Path(sys.argv[1]) if len(sys.argv) > 1 else None
        if pyz is not None:
            single = folder / "single"
            (single / "dist").mkdir(parents=True)
            shutil.copy2(pyz, single / "dist" / "guard.pyz")
            shutil.copytree(checkout / "guard" / "platforms", single / "guard" / "platforms")
            cases["GitHub, from guard.pyz"] = (step, {**github, "GITHUB_ACTION_PATH": str(single)})
        taken: dict[str, list[tuple[float, float]]] = {case: [] for case in cases}
        for _ in range(ROUNDS):
            for case, (argv, variables) in cases.items():
                # A step has files of its own.
                for file in ("outputs", "exports"):
                    (folder / file).write_text("")
                taken[case].append(seconds(argv, variables))
        bare = statistics.median(wall for wall, _ in taken["the bare step"])
        for case, figures in taken.items():
            wall, cpu = statistics.median(one for one, _ in figures), min(one for _, one in figures)
            print(f"{case}: {wall * 1000:.0f} ms (least CPU {cpu * 1000:.0f} ms), {(wall - bare) * 1000:+.0f} ms, {(wall - bare) / FLOOR_S:.1%} of the wrapper's floor")


if __name__ == "__main__":
    main()
