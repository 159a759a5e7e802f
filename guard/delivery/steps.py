"""`python -m guard.delivery.steps [ROOT]`: the shell step of the thin skins, written into each of them between two marks.

CircleCI orbs, Azure templates and TeamCity recipes carry text alone; a Buildkite plugin is a repository of its own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from guard import __version__
from guard.delivery import marks
from guard.errors import GuardError

STEP = Path(__file__).resolve().parent.parent / "platforms" / "yaml_step.sh"
SKINS = ("circleci-orb/orb.yml", "azure-pipelines/guard.yml", "teamcity/recipe.yml", "buildkite-plugin/hooks/command")
BEGIN, END = "# begin: guard's step", "# end: guard's step"


def filled(text: str, step: str, version: str) -> str:
    """A skin's text with the step between its marks. Raises GuardError without marks."""
    return marks.filled(text, BEGIN, END, (f"PIPEGUARD_VERSION=${{PIPEGUARD_VERSION:-{version}}}", *step.splitlines()))


def main(arguments: Sequence[str]) -> int:
    """Write the skins under ROOT (default: here). Returns 0, or 2 where one has no marks."""
    parser = argparse.ArgumentParser(prog="python -m guard.delivery.steps", description=__doc__)
    parser.add_argument("root", nargs="?", default=".", type=Path)
    root = parser.parse_args(arguments).root
    try:
        for name in SKINS:
            path = root / name
            path.write_text(filled(path.read_text(encoding="utf-8"), STEP.read_text(encoding="utf-8"), __version__), encoding="utf-8")
    except GuardError as error:
        sys.stderr.write("\n".join(error.lines()) + "\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
