"""`python tests/bench/cold_start.py`: start to finish of `guard run -- /bin/true`, however guard came to the machine.

Ratios to the bare interpreter of the same minute: interleaved rounds, the least CPU time of each (of the process and
its children). A retry wrapper that measurements elsewhere timed costs about 1.06 s a call: that floor is their figure, not
measured here.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from guard.delivery.build import build
from guard.delivery.bytecode import beside

ROOT = Path(__file__).parents[2]
WRAPPER_FLOOR_S = 1.06
"""Of a widely used retry wrapper: seconds a call, from measurements elsewhere."""
COMMAND = ["/bin/true"]


def cost(words: list[str], env: dict[str, str]) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    subprocess.run(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def installed(folder: Path) -> list[str]:
    """The wheel in a virtual environment of its own, with the packages of this one: as `pip install pipeguard` leaves it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    python = folder / "venv" / "bin" / "python3"
    subprocess.run([sys.executable, "-m", "pip", "-q", "wheel", "--no-deps", "-w", str(folder), str(ROOT)], check=True)
    wheel = next(folder.glob("pipeguard-*.whl"))
    subprocess.run([sys.executable, "-m", "pip", "-q", "--python", str(python), "install", "--no-deps", str(wheel)], check=True)
    return [str(folder / "venv" / "bin" / "guard")]


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--wheels", type=Path, help="where the packages of the pyz are kept")
    given = parser.parse_args()
    alone = [sys.executable, "-I", "-S"]
    env = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheels = given.wheels or folder / "wheels"
        wheels.mkdir(parents=True, exist_ok=True)
        build(folder / "guard.pyz", [sys.executable], wheels)
        fresh, used, released = folder / "fresh", folder / "used", folder / "released"
        for place in (fresh, used, released):
            shutil.copytree(ROOT / "guard", place / "guard", ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([sys.executable, "-m", "compileall", "-q", str(used)], check=True)
        beside(str(released))
        ways = {
            "python -I -S -c pass": [*alone, "-c", "pass"],
            "guard.pyz": [*alone, str(folder / "guard.pyz"), "run", "--", *COMMAND],
            "guard.pyz, options": [*alone, str(folder / "guard.pyz"), "run", "--attempts", "2", "--timeout", "5m", "--", *COMMAND],
            "a release's tree (uses: …@v1)": [*alone, str(released / "guard" / "launch.py"), "run", "--", *COMMAND],
            "fresh checkout, no bytecode": [*alone, str(fresh / "guard" / "launch.py"), "run", "--", *COMMAND],
            "checkout with bytecode": [*alone, str(used / "guard" / "launch.py"), "run", "--", *COMMAND],
            "installed wheel": [*installed(folder), "run", "--", *COMMAND],
            "/bin/true alone": COMMAND,
        }
        least = dict.fromkeys(ways, (float("inf"), float("inf")))
        for _ in range(given.rounds):
            for way, words in ways.items():
                now = cost(words, env)
                least[way] = (min(least[way][0], now[0]), min(least[way][1], now[1]))
    bare = least["python -I -S -c pass"][0]
    print(f"{'':30}  CPU ms  × bare  wall ms  (least of {given.rounds} interleaved rounds, Python {sys.version.split()[0]})")
    for way, (cpu, wall) in least.items():
        print(f"{way:30}  {cpu * 1000:6.1f}  {cpu / bare:6.2f}  {wall * 1000:7.1f}")
    wall = least["guard.pyz"][1]
    print(f"a retry wrapper's floor, measured elsewhere: {WRAPPER_FLOOR_S} s a call, {WRAPPER_FLOOR_S / wall:.0f} × guard.pyz")


if __name__ == "__main__":
    main()
