"""One command's words → whether it acts on the world outside the job, as words for the user; looks into no file."""

from __future__ import annotations

import re
from collections.abc import Iterable

from guard.policy.acting_commands import (
    ALWAYS,
    GRADLE_TASKS,
    MAVEN_GOALS,
    READING,
    SUBCOMMANDS,
    TASK,
    TASK_HARMLESS,
)
from guard.policy.acting_flags import (
    CLOUD_SERVICES,
    CLOUD_VERBS,
    DRY_RUN_EVERYWHERE,
    DRY_RUNS,
    FIRST_WORDS,
    REDIS_WRITES,
    SQL_CLIENTS,
    SQL_WRITES,
    TAKES_VALUE,
)

_HTTP_WRITES = re.compile(r"\A(?:POST|PUT|PATCH|DELETE)\Z")
_REMOTE = re.compile(r"\A[\w.@-]+:(?!//)|\A(?:rsync|sftp|ssh|scp|ftps?)://")
KNOWN = frozenset(SUBCOMMANDS) | ALWAYS | frozenset(SQL_CLIENTS) | CLOUD_VERBS.keys() | frozenset(
    "mvn mvnw mvnd gradle gradlew sbt scp rsync sftp lftp ssh curl wget http https redis-cli".split()
)
"""Programs whose words tell whether they act."""


def acts(program: str, rest: list[str]) -> str | None:
    """What the command does that must not be done twice; None where nothing is known."""
    if is_dry(program, rest):
        return None
    if program in ALWAYS:
        return program
    if program in ("mvn", "mvnw", "mvnd"):
        goal = next((word for word in rest if MAVEN_GOALS.match(word)), None)
        return f"{program} {goal}" if goal else None
    if program in ("gradle", "gradlew", "sbt"):
        words = [piece for word in rest for piece in re.split(r"[\s;/+]+", word)] if program == "sbt" else rest
        task = next((word for word in words if GRADLE_TASKS.search(word)), None) or _by_name(words)
        return f"{program} {task}" if task else None
    if program in ("docker", "podman") and {"buildx", "build"} & set(rest[:2]):
        return f"{program} build --push" if "--push" in rest or any("type=registry" in word for word in rest) else None
    if program in ("scp", "rsync", "sftp", "lftp"):
        target = rest[-1] if rest else ""
        return f"{program} to {target.split(':')[0]}" if _REMOTE.match(target) else None
    if program == "ssh":
        return "ssh (what it runs elsewhere is not known)" if len(positional(program, rest)) > 1 else None
    if program in ("curl", "http", "https", "wget"):
        return _http(program, rest)
    if program in SQL_CLIENTS:
        return _sql(program, rest)
    if program == "redis-cli":
        return next((f"redis-cli {word}" for word in positional(program, rest)[:1] if word.upper() in REDIS_WRITES), None)
    if program == "gsutil" and rest[:1] == ["cp"] and not rest[-1].startswith("gs://"):
        return None
    if program in CLOUD_VERBS:
        return _cloud(program, rest)
    return _by_subcommand(program, rest)


def is_dry(program: str, rest: list[str]) -> bool:
    """Whether a flag says that nothing is to be done: the same letter is a namespace or a host to other programs."""
    flags = DRY_RUNS.get(program, frozenset())
    for word in rest:
        if word in flags:
            return True
        name, equals, value = word.partition("=")
        # helm and kubectl render by `--dry-run`, and the old `--dry-run=false` does not.
        if name in DRY_RUN_EVERYWHERE and (not equals or value.lower() not in ("none", "false", "0")):
            return True
    return rest[-1:] == ["-h"] or rest[:1] in (["help"], ["version"])


def positional(program: str, rest: list[str]) -> list[str]:
    """The words that are no options and no values of options that are known to take one."""
    takes = TAKES_VALUE.get(program, frozenset())
    words = []
    skip = False
    for word in rest:
        if skip:
            skip = False
        elif word.startswith("-") and word != "-":
            skip = word in takes
        else:
            words.append(word)
    return words


def by_name(program: str, words: Iterable[str]) -> str | None:
    """A target, script or task whose own name says what it does."""
    word = _by_name(words)
    return f"{program} {word}".strip() if word else None


def writes_sql(text: str) -> str | None:
    """The first word in an SQL (or mongo shell) text that changes data."""
    match = SQL_WRITES.search(re.sub(r"--[^\n]*|/\*.*?\*/", " ", text))
    return match.group(0).strip(" .(") if match else None


def _by_name(words: Iterable[str]) -> str | None:
    for word in words:
        name = re.sub(r"\.(?:sh|bash|py|rb|js|ts|mjs)\Z", "", word)
        if not word.startswith("-") and "=" not in word and TASK.search(name) and not TASK_HARMLESS.search(name):
            return word
    return None


def _by_subcommand(program: str, rest: list[str]) -> str | None:
    wanted = SUBCOMMANDS.get(program)
    if not wanted:
        return None
    words = positional(program, rest)[: FIRST_WORDS.get(program, 4)]
    if program in ("npm", "pnpm", "yarn", "bun") and words[:1] in (["run"], ["run-script"], ["exec"], ["dlx"]):
        return None
    if program in ("gh", "glab"):
        if not READING.isdisjoint(words[:2]):
            return None
        if words[:1] == ["api"]:
            return _http(program, [word if word not in ("-f", "-F", "--field", "--raw-field") else "-d" for word in rest])
    sub = next((word for word in words if word in wanted), None)
    if sub and not (program in ("kubectl", "oc") and READING & set(words[1:])):
        return f"{program} {sub}"
    return None


def _cloud(program: str, rest: list[str]) -> str | None:
    words = positional(program, rest)
    if program == "aws" and words[:1] == ["s3"] and words[1:2] in (["cp"], ["sync"], ["mv"], ["ls"]):
        up = words[1] in ("mv",) or words[-1].startswith("s3://")
        return "aws s3 upload" if words[1] != "ls" and up and len(words) > 3 else None
    # The verb stands after the service: `aws lambda update-function-code`, `az webapp create`, `gcloud run deploy`.
    verbs = words[1:5] if words[:1] and words[0] in CLOUD_SERVICES else words[:4]
    verb = next((word for word in verbs if CLOUD_VERBS[program].match(word)), None)
    return f"{program} {verb}" if verb else None


def _http(program: str, rest: list[str]) -> str | None:
    for position, word in enumerate(rest):
        method = rest[position + 1] if word in ("-X", "--request", "--method") and position + 1 < len(rest) else ""
        method = method or (word[2:] if word.startswith("-X") else word.partition("=")[2] if word.startswith(("--request=", "--method=")) else "")
        if _HTTP_WRITES.match(method.upper()):
            return f"{program} {method.upper()}"
        if program in ("http", "https") and _HTTP_WRITES.match(word):
            return f"{program} {word}"
        if program == "wget" and word.startswith(("--post-", "--body-")):
            return "wget POST"
    if program == "curl" and any(word in ("-T", "--upload-file") for word in rest):
        return "curl upload"
    # `-d` in the midst of other letters (`-sSfd`) is the same option.
    sends = any(re.match(r"-[a-zA-Z]*[dF](?:\Z|[^a-zA-Z])|-[dF]|--data|--form|--json", word) for word in rest)
    if sends and program in ("curl", "gh", "glab") and not {"-G", "--get"} & set(rest):
        return f"{program} POST"
    return None


def _sql(program: str, rest: list[str]) -> str | None:
    texts, files = SQL_CLIENTS[program]
    for position, word in enumerate(rest):
        name, _, value = word.partition("=")
        value = value or (rest[position + 1] if position + 1 < len(rest) else "")
        if name in texts and (verb := writes_sql(value)):
            return f"{program} {verb}"
        if name in files:
            return f"{program} {name} {value}"
    return None
