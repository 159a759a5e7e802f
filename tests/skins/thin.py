"""The thin skins as their CIs start them: parameters put into the YAML, the script under the CI's shell and variables."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from guard import __version__
from tests.skins.act_runner import ROOT
from tests.skins.entry_process import Ended, run

LEFT_LOCK = "r/.git/index.lock"
HEALS = 'echo "attempt $PIPEGUARD_ATTEMPT"\ngit -C r add x\n'
MARKS = {
    "circleci": {"CIRCLECI": "true"}, "azure": {"TF_BUILD": "True"}, "buildkite": {"BUILDKITE": "true"}, "teamcity": {"TEAMCITY_VERSION": "2025.11"},
}  # fmt: skip


@dataclass
class Place:
    """A machine of a CI: a workspace, a home, a PATH with Python and git but no guard, a folder with the wheel."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    merged: bool = False
    """Whether both streams are one, as in the log of a job."""

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def start(self, words: list[str], **variables: str) -> Ended:
        return run(words, {**self.variables, **variables}, self.workspace, merged=self.merged)


def machine(folder: Path, wheels: Path, ci: str) -> Place:
    tools = folder / "tools"
    for name in ("workspace", "home", "tools", "temp"):
        (folder / name).mkdir(parents=True)
    python = tools / "python3"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    variables = {
        "PATH": f"{tools}:/usr/local/bin:/usr/bin:/bin", "HOME": str(folder / "home"), "TMPDIR": str(folder / "temp"),
        "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), **MARKS[ci],
    }  # fmt: skip
    return Place(folder, variables)


def wheel(folder: Path, checkout: Path) -> Path:
    """The files of guard as pip takes them."""
    name = f"pipeguard-{__version__}"
    members = {str(path.relative_to(checkout)): path.read_bytes() for path in sorted((checkout / "guard").rglob("*")) if path.is_file()}
    members[f"{name}.dist-info/METADATA"] = f"Metadata-Version: 2.1\nName: pipeguard\nVersion: {__version__}\nRequires-Dist: no-such-package-anywhere\n".encode()
    members[f"{name}.dist-info/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    rows = [f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}" for path, data in members.items()]
    members[f"{name}.dist-info/RECORD"] = "\n".join([*rows, f"{name}.dist-info/RECORD,,", ""]).encode()
    with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return folder


def circleci(place: Place, script: str, **parameters: str) -> Ended:
    """`pipeguard/run`: the orb's run step."""
    command = yaml.safe_load((ROOT / "circleci-orb" / "orb.yml").read_text())["commands"]["run"]
    given = {name: str(entry.get("default", "")) for name, entry in command["parameters"].items()}
    given |= {"command": script, "summary": str(place.folder / "page"), **parameters}
    assert set(given) == set(command["parameters"])
    step = command["steps"][0]["run"]

    def put(text: str) -> str:
        return re.sub(r"<< parameters\.(\w+) >>", lambda match: given[match[1]], text)

    assert "<<" not in step["command"]
    body = place.folder / "step.sh"
    body.write_text(step["command"])
    environment = {name: put(str(text)) for name, text in step["environment"].items()}
    bash_env = place.folder / "bash_env"
    bash_env.touch()
    return place.start([*step["shell"].split(), str(body)], BASH_ENV=str(bash_env), **environment)


def azure(place: Place, script: str, **parameters: str) -> Ended:
    """The template's bash task."""
    template = yaml.safe_load((ROOT / "azure-pipelines" / "guard.yml").read_text())
    given = {entry["name"]: str(entry.get("default", "")) for entry in template["parameters"]}
    assert set(parameters) <= set(given)
    given |= {"run": script, **parameters}
    (step,) = template["steps"]
    assert "${{" not in step["bash"]

    def put(text: str) -> str:
        return re.sub(r"\$\{\{ parameters\.(\w+) \}\}", lambda match: given[match[1]], text)

    body = place.folder / "step.sh"
    body.write_text(step["bash"])
    environment = {name: put(str(text)) for name, text in step["env"].items()}
    # The agent turns an empty variable into none at all.
    environment = {name: text for name, text in environment.items() if text}
    return place.start(["bash", str(body)], AGENT_TEMPDIRECTORY=str(place.folder / "temp"), BUILD_SOURCESDIRECTORY=str(place.workspace), **environment)


def teamcity(place: Place, script: str, **inputs: str) -> Ended:
    """The recipe's one script."""
    recipe = yaml.safe_load((ROOT / "teamcity" / "recipe.yml").read_text())
    given = {name.removeprefix("env."): str(entry.get("default", "")) for one in recipe["inputs"] for name, entry in one.items()}
    given |= {"PIPEGUARD_SCRIPT": script, **{f"PIPEGUARD_{name.upper()}": text for name, text in inputs.items()}}
    (step,) = recipe["steps"]
    # A per cent sign begins a reference to a parameter there.
    assert "%" not in step["script"]
    body = place.folder / "step.sh"
    body.write_text(step["script"])
    body.chmod(0o755)
    return place.start([str(body)], **given)


def buildkite(place: Place, script: str, **configuration: str) -> Ended:
    """The plugin's hooks in the agent's order, with an agent that writes down what it is told; the command hook's result."""
    hooks = ROOT / "buildkite-plugin" / "hooks"
    schema: Any = yaml.safe_load((hooks.parent / "plugin.yml").read_text())["configuration"]["properties"]
    agent = place.folder / "tools" / "buildkite-agent"
    agent.write_text('#!/bin/sh\necho "$*" >>"$AGENT_TOLD"\ncase $1 in annotate) cat >>"$AGENT_TOLD" ;; esac\n')
    agent.chmod(0o755)
    variables = {
        "BUILDKITE_COMMAND": script, "BUILDKITE_JOB_ID": "job-1", "BUILDKITE_STEP_KEY": "test", "AGENT_TOLD": str(place.folder / "told"),
        "BUILDKITE_BUILD_CHECKOUT_PATH": str(place.workspace),
    }  # fmt: skip
    for name, text in configuration.items():
        assert name.replace("_", "-") in schema
        variables[f"BUILDKITE_PLUGIN_PIPEGUARD_{name.upper()}"] = text
    exported = place.start(["bash", "-c", '. "$0"; echo "${PIPEGUARD_TOLD:-}"', str(hooks / "pre-command")], **variables)
    told = {"PIPEGUARD_TOLD": exported.out.strip()}
    ended = place.start([str(hooks / "command")], **variables, **told)
    after = place.start([str(hooks / "post-command")], **variables, **told)
    assert (after.code, after.out, after.err) == (0, "", "")
    assert not os.path.exists(told["PIPEGUARD_TOLD"])
    return ended
