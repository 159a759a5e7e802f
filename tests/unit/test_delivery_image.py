"""The Dockerfile, read line by line: no engine is at hand to run it."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]


def instructions() -> list[tuple[str, list[str]]]:
    """Each instruction with its words; continued lines joined, comments left out."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = []
    for line in lines:
        name, _, rest = line.partition(" ")
        words = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
        found.append((name, words))
    return found


def copies() -> list[tuple[dict[str, str], list[str], str]]:
    """Options, sources and target of each COPY."""
    found = []
    for name, words in instructions():
        if name == "COPY":
            options = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--"))
            paths = [word for word in words if not word.startswith("--")]
            found.append((options, paths[:-1], paths[-1]))
    return found


def test_every_instruction_is_one_that_docker_knows() -> None:
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "LABEL", "USER", "ENTRYPOINT", "CMD"}
    names = [name for name, _ in instructions()]
    assert set(names) <= known
    assert names[0] == "ARG"
    assert names.count("ENTRYPOINT") == names.count("CMD") == 1


def test_every_source_exists_and_several_go_into_a_folder() -> None:
    for options, sources, target in copies():
        if "from" not in options:
            assert all((ROOT / source).exists() for source in sources), sources
        if len(sources) > 1:
            assert target.endswith("/")


def test_every_stage_that_is_copied_from_is_defined_before() -> None:
    stages: set[str] = set()
    for name, words in instructions():
        if name == "FROM" and len(words) == 3:
            assert words[1] == "AS"
            stages.add(words[2])
        if name == "COPY":
            assert all(word.removeprefix("--from=") in stages for word in words if word.startswith("--from="))


def test_images_have_a_tag_and_the_last_stage_runs_as_nobody() -> None:
    defaults = dict(words[0].split("=", 1) for name, words in instructions() if name == "ARG")
    for name, words in instructions():
        if name == "FROM":
            image = re.sub(r"\$\{(\w+)\}", lambda match: defaults[match[1]], words[0])
            assert re.fullmatch(r"python:3\.\d+-slim", image)
    last = max(index for index, (name, _) in enumerate(instructions()) if name == "FROM")
    assert ("USER", ["nobody"]) in instructions()[last:]


def test_the_build_has_all_that_it_reads() -> None:
    """The files of the first stage are those that the builder packs."""
    from guard.delivery import build

    copied = {source.rstrip("/") for options, sources, _ in copies() if "from" not in options for source in sources}
    assert {"guard", "LICENSE", *(f"models/{name}" for name in build._MODEL)} <= copied
    [command] = [words for name, words in instructions() if name == "RUN" and "guard.delivery.build" in words]
    assert command[:4] == ["python", "-m", "guard.delivery.build", "/out/guard.pyz"]


def test_the_launcher_is_a_small_posix_script() -> None:
    script = ROOT / "guard" / "delivery" / "guard.sh"
    assert os.access(script, os.X_OK)
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert lines[-1].startswith("exec python3 -I -S ")
