"""`guard init`: look at the repository, write a commented `.pipeguard.yml`, show the snippet for its CI."""

from __future__ import annotations

import os
import shlex
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from guard import detect
from guard.commands import init_ci
from guard.errors import GuardError
from guard.failsafe import say, shielded
from guard.settings.file import parse
from guard.settings.place import NAME

# A file at the repository's root or one folder below → who uses it, and the command that its users run.
_MARKS = (
    ("package-lock.json", "npm", "npm ci && npm test"),
    ("pnpm-lock.yaml", "pnpm", "pnpm install --frozen-lockfile && pnpm test"),
    ("yarn.lock", "Yarn", "yarn install && yarn test"),
    ("package.json", "Node.js", "npm install && npm test"),
    ("uv.lock", "uv", "uv sync && uv run pytest"),
    ("poetry.lock", "Poetry", "poetry install && poetry run pytest"),
    ("tox.ini", "tox", "tox"),
    ("pyproject.toml", "Python", "python -m pytest"),
    ("requirements.txt", "pip", "python -m pytest"),
    ("setup.py", "Python", "python -m pytest"),
    ("pom.xml", "Maven", "mvn -B verify"),
    ("gradlew", "Gradle", "./gradlew build"),
    ("build.gradle", "Gradle", "gradle build"),
    ("build.gradle.kts", "Gradle", "gradle build"),
    ("go.mod", "Go", "go test ./..."),
    ("Cargo.toml", "Cargo", "cargo test"),
    ("Gemfile", "Bundler", "bundle exec rake"),
    ("composer.json", "Composer", "composer install"),
    ("CMakeLists.txt", "CMake", "cmake -B build && cmake --build build"),
    ("Makefile", "make", "make test"),
    ("Dockerfile", "Docker", "docker build ."),
)
_CI = (
    (".github/workflows", "github"),
    (".gitlab-ci.yml", "gitlab"),
    ("Jenkinsfile", "jenkins"),
    (".circleci/config.yml", "circleci"),
    ("azure-pipelines.yml", "azure"),
    (".buildkite", "buildkite"),
    (".teamcity", "teamcity"),
)
# Folders that build tools write and write again.
_OUTPUT = ("build", "dist", "target", "out", "bin", "obj", "coverage", ".tox", ".nox", ".next", ".nuxt", ".gradle",
           "htmlcov", "cmake-build-debug", "cmake-build-release", "__pycache__", ".pytest_cache", ".mypy_cache")  # fmt: skip
_MOST_ENTRIES = 500


@dataclass(frozen=True)
class Repository:
    """What the files of a repository tell."""

    root: Path
    uses: tuple[str, ...]
    command: str
    """The command that builds or tests it, by its files; `make test` where they do not tell."""
    cis: tuple[str, ...]
    """Keys of guard.platforms.PLATFORMS."""
    output: tuple[str, ...]
    """Folders that look like build output and that git does not keep, relative, ending in `/`."""


def run(*, force: bool = False) -> int:
    """Write the settings file and print the snippet. Returns 0, or 2 when there is one already or it cannot be written."""
    try:
        repository = look(Path(detect.workspace(os.environ)))
        text = settings_text(repository)
        target = repository.root / NAME
        # What we write must be what we read.
        parse(text, NAME)
        _write(target, text, force)
    except GuardError as error:
        for line in error.lines():
            say(line)
        return error.exit_code
    click.echo(f"wrote {target}: every key with its default, commented out")
    if repository.uses:
        click.echo(f"found: {', '.join(repository.uses)}")
    for name in repository.cis or ("none",):
        command, file = shielded("reading the CI file", ("", ""), partial(init_ci.command, repository.root, name))
        click.echo("")
        click.echo(snippet(name, command or repository.command))
        if file:
            click.echo(f"(the command is the one of {file})")
    return 0


def look(root: Path) -> Repository:
    """What the repository's own files say; reads names only, follows no link."""
    places = (root, *_folders(root))
    found = [(tool, command) for name, tool, command in _MARKS if any(_is_file(place / name) for place in places)]
    at_root = [command for name, _, command in _MARKS if _is_file(root / name)]
    return Repository(
        root=root,
        uses=tuple(dict.fromkeys(tool for tool, _ in found)),
        command=at_root[0] if at_root else "make test",
        cis=tuple(name for path, name in _CI if _plain(root, path)),
        output=_output(root),
    )


def settings_text(repository: Repository) -> str:
    """The settings file: all of it comments, so that it changes nothing until someone takes a `#` away."""
    delete = ", ".join(f'"{name}"' for name in repository.output)
    suggestion = f"[{delete}]    # default: []; these look like build output" if delete else "[]"
    uses = f"# Found here: {', '.join(repository.uses)}\n" if repository.uses else ""
    return _TEMPLATE.replace("@USES@", uses).replace("@DELETE@", suggestion)


def snippet(ci: str, command: str) -> str:
    """How to put guard in front of the command on that CI."""
    lines = []
    for line in _SNIPPETS.get(ci, _SNIPPETS["none"]).split("\n"):
        # Alone on its line it is a block, as deep as that line; inside a sentence its first line stands for it.
        indent = line[: len(line) - len(line.lstrip())]
        block = line.strip() == "@COMMAND@"
        quoted = "-c '@COMMAND@'"
        if quoted in line:
            line = line.replace(quoted, f"-c {shlex.quote(command)}")
        # Between three quotes blanks are the script's.
        shown = command if "'''" in line else f"\n{indent}".join(command.split("\n")) if block else _in_short(command)
        lines.append(line.replace("@COMMAND@", shown))
    return "\n".join(lines)


def _in_short(command: str) -> str:
    first, _, more = command.partition("\n")
    return f"{first} …" if more else first


def _write(target: Path, text: str, force: bool) -> None:
    """Write the file; a link is replaced, never followed. Raises GuardError."""
    try:
        kind = target.lstat().st_mode
    except FileNotFoundError:
        kind = 0
    except OSError as error:
        raise GuardError(f"{target}: cannot be looked at: {error.strerror}") from error
    if kind and not (stat.S_ISREG(kind) or stat.S_ISLNK(kind)):
        raise GuardError(f"{target} is a folder or a special file", "move it away")
    if kind and not force:
        raise GuardError(f"{target} is there already; nothing was written", "guard init --force replaces it")
    try:
        if force:
            _replace(target, text)
        else:
            # Exclusive: fails where something has come to stand meanwhile, a link included.
            with target.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError as error:
        raise GuardError(f"{target} is there already; nothing was written", "guard init --force replaces it") from error
    except OSError as error:
        raise GuardError(f"{target}: cannot be written: {error.strerror}") from error


def _replace(target: Path, text: str) -> None:
    descriptor, beside = tempfile.mkstemp(prefix=".pipeguard-", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(beside).chmod(0o644)
        Path(beside).replace(target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _output(root: Path) -> tuple[str, ...]:
    """Folders with a name that build tools use, that are no links and hold nothing that git keeps."""
    kept = _kept_by_git(root)
    if kept is None:
        return ()
    return tuple(
        f"{name}/"
        for name in _OUTPUT
        if (root / name).is_dir() and not (root / name).is_symlink() and not any(one.startswith(f"{name}/") for one in kept)
    )


def _kept_by_git(root: Path) -> frozenset[str] | None:
    """The paths in git's index; none without a repository; None when they cannot be told."""
    if not os.path.lexists(root / ".git"):
        return frozenset()
    import subprocess

    try:
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, timeout=10, stdin=subprocess.DEVNULL, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return frozenset(os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)


def _folders(root: Path) -> Iterable[Path]:
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for _, entry in zip(range(_MOST_ENTRIES), entries, strict=False)
                           if entry.is_dir(follow_symlinks=False))  # fmt: skip
    except OSError:
        return []
    return [root / name for name in names if not name.startswith(".") and name not in (*_OUTPUT, "node_modules", "vendor")]


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _plain(root: Path, path: str) -> bool:
    """Whether it is there, and no part of it is a link."""
    place = root
    for part in path.split("/"):
        place = place / part
        if place.is_symlink() or not place.exists():
            return False
    return True


_TEMPLATE = """\
# Pipeguard's settings. Every key has its default here and is commented out: take the `#` away to change it.
# All of it is explained in docs/settings.md of Pipeguard; `guard doctor` says whether this file is valid.
@USES@
#version: 1

# Attempts in all, the first included (1 to 20).
#attempts: 3

# Time over all attempts and waits: 90, 90s, 10m, 1h30m. Default: no limit.
#budget: {time: 30m}

# Limits of one attempt: its whole time, and the time without any output. Default: none.
#limits: {attempt: 20m, idle: 10m}

# Whether the command may run twice. auto: guard looks for what publishes, deploys, pushes or migrates.
#idempotent: auto

# Per label: off, on, or: attempts, remedies in order, min_probability, verdict of a heal (pass, warn, fail).
#labels:
#  flaky_test: {attempts: 2, remedies: [rerun_failed_tests], min_probability: 0.5, verdict: pass}
#  unknown: off

# Your own: a command to run before the next attempt, when a label or a pattern in the log says so.
#strategies:
#  - name: restart-db
#    when: {label: connection_failure, pattern: "port 5432"}
#    run: docker compose restart db
#    timeout: 5m
#    then: retry

# Your own signatures; test them with `guard doctor --signatures FILE`. Default: none.
#signatures: [ci/signatures.yml]

# A file like ci/flaky-tests.txt: tests that are known to be flaky, one a line as the framework names it. They run a second time.
#quarantine: null

# Where runs are remembered: sqlite:PATH inside the repository, postgresql://HOST/NAME, or off.
#history: {store: "sqlite:.pipeguard/history.db"}

# Whom to tell when guard gives up: github_issue, gitlab_issue, pr_comment, mr_comment, slack, webhook. Default: nobody.
#escalate: {github_issue: true, slack: {webhook_env: SLACK_WEBHOOK}}

# What a minute of a runner costs, for `guard report`.
#report: {price_per_minute: 0.008, currency: USD}

# What remedies may touch. reclaim: caches, docker, hosted. delete: folders whose content may go. kill: none or job.
#allow:
#  reclaim: [caches]
#  delete: @DELETE@
#  swap: off
#  kill: job

# Whether guard may ask, after a failure, if the index or host of the tool's own configuration is up.
#probes: off
"""

_SNIPPETS = {
    "none": """\
In front of the build command:

    pip install pipeguard
    guard run -c '@COMMAND@'

or, for a single command as it stands: guard run -- CMD ARG…""",
    "github": """\
GitHub Actions, in a job's steps (.github/workflows), in the place of `run: @COMMAND@`:

      - uses: pipeguard/action@v1
        with:
          run: |
            @COMMAND@

Steps of nick-fields/retry and the like are rewritten by: guard init --from-retry""",
    "gitlab": """\
GitLab CI, in .gitlab-ci.yml, in the place of the job that runs `@COMMAND@`:

include:
  - component: $CI_SERVER_FQDN/pipeguard/guard/guard@1
    inputs:
      job-name: test
      run: |
        @COMMAND@

What else the job needs (image, needs, rules) goes into a job `test` beside it; older servers: docs/gitlab.md""",
    "jenkins": """\
Jenkins, in the Jenkinsfile, once `pipeguard` is a shared library there (docs/jenkins.md):

@Library('pipeguard') _

and in a stage's steps, in the place of `sh '@COMMAND@'`:

    guard { sh '''@COMMAND@''' }""",
    "circleci": """\
CircleCI, in .circleci/config.yml:

orbs:
  pipeguard: pipeguard/guard@1

and in a job's steps, in the place of `run: @COMMAND@`:

      - pipeguard/run:
          command: |
            @COMMAND@""",
    "azure": """\
Azure Pipelines, in azure-pipelines.yml (`endpoint` is your service connection to GitHub):

resources:
  repositories:
    - {repository: pipeguard, type: github, name: pipeguard/action, ref: refs/tags/v1, endpoint: github}

and in a job's steps, in the place of `script: @COMMAND@`:

  - template: azure-pipelines/guard.yml@pipeguard
    parameters:
      run: |
        @COMMAND@""",
    "buildkite": """\
Buildkite, in a step of the pipeline:

    command: @COMMAND@
    plugins:
      - pipeguard/pipeguard#v1.0.0: ~""",
    "teamcity": """\
TeamCity, in a command line build step (or by the recipe teamcity/recipe.yml):

    pip install pipeguard
    guard run -c '@COMMAND@'""",
}
