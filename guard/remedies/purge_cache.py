"""A damaged download in a tool's cache: that entry deleted where the tool can tell it, else that tool's cache.

What the attempt itself brought into the cache came damaged over the network: there the next attempt waits besides.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from guard.caches import CACHES, places
from guard.caches.root import verified
from guard.caches.said import lost_below
from guard.frameworks.output import started
from guard.remedies import byte_code, own_files, wait
from guard.remedies.around_evidence import with_neighbours
from guard.remedies.deleting import delete_tree
from guard.remedies.space.sizes import size_of
from guard.remedies.tools_in_play import programs
from guard.types import Action, Applied, Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "purge_cache"
LABELS = frozenset({"corrupt_artifact"})

# Yarn fills the project's folder from the one for all projects: what is damaged in one is often so in the other.
_BERRY = ("yarn_berry", "yarn_berry_mirror")
# What signatures and commands call a tool → the caches it may have, the likeliest first.
_CACHES_OF: dict[str, tuple[str, ...]] = {
    "python": ("pip",), "python3": ("pip",), "pip3": ("pip",), "pipx": ("pip",), "tox": ("pip",), "nox": ("pip",),
    "npx": ("npm",), "node": ("npm",), "yarn": ("yarn", *_BERRY), "yarnpkg": ("yarn", *_BERRY), "yarn_berry": _BERRY,
    "pnpx": ("pnpm",), "corepack": ("pnpm", *_BERRY, "yarn"), "rustc": ("cargo_target",), "rust": ("cargo",), "cargo": ("cargo_target",),
    "mvn": ("maven",), "mvnw": ("maven",), "mvnd": ("maven",), "gradlew": ("gradle",), "go": ("go", "go_build"),
    "uvx": ("uv",), "javac": ("maven", "gradle", "coursier"), "java": ("maven", "gradle", "coursier"), "jvm": ("maven", "gradle", "coursier"),
    "sbt": ("coursier", "maven"), "scala": ("coursier",), "scalac": ("coursier",), "mill": ("coursier",), "cs": ("coursier",),
    "scala-cli": ("coursier",), "bazelisk": ("bazel",), "kotlin": ("gradle", "maven"), "kotlinc": ("gradle", "maven"),
}  # fmt: skip
_MOST_ENTRIES = 500


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Deletes the damaged entries that the log leads to, as they really lie in the verified cache."""
    if diagnosis.label not in LABELS:
        return None
    compiled = byte_code.elsewhere(NAME, diagnosis, outcome, surroundings)
    if compiled is not None:
        return compiled
    answer = _purged(diagnosis, outcome, surroundings)
    if not isinstance(answer, Change) or not _just_came(answer, started(outcome)):
        return answer
    pause = wait.propose(diagnosis, outcome, surroundings)
    if not isinstance(pause, Change):
        return answer
    return replace(answer, summary=f"{answer.summary}, which came damaged in this attempt, and {pause.summary}", wait_s=pause.wait_s)


def _just_came(change: Change, begin: float | None) -> bool:
    """Whether all that it deletes was made since then."""
    try:
        return begin is not None and all(os.lstat(action.target).st_ctime >= begin for action in change.actions)
    except OSError:
        return False


def _purged(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    wide = with_neighbours(diagnosis, outcome)
    own = places.assigned(outcome.command)
    if own:
        surroundings = replace(surroundings, env={**surroundings.env, **own})
    roots: list[tuple[str, Path]] = []
    refusal: Refusal | None = None
    for name in _asked(diagnosis, outcome):
        root = _root(name, outcome, surroundings)
        if isinstance(root, Path):
            roots.append((name, root))
        elif "no cache of" not in root.reason:
            refusal = refusal or root
    # A line that names a file in a cache says more than the name of a tool.
    roots.sort(key=lambda one: not lost_below(one[1], wide))
    if roots and surroundings.allow.delete is None:
        return Refusal(NAME, "a policy forbids all deletion")
    for name, root in roots:
        # The evidence itself first: what stands around it may speak of packages that are sound.
        for told in (diagnosis, wide):
            entries = CACHES[name].damaged(root, told)
            if entries:
                copies = [(other, place, CACHES[other].damaged(place, told)) for other, place in _copies(name, roots)]
                return _change([(name, root, entries), *copies], whole=False)
    return _whole(roots, diagnosis, surroundings) or refusal


def _copies(name: str, roots: list[tuple[str, Path]]) -> list[tuple[str, Path]]:
    """The other caches in which the same tool keeps the same thing."""
    return [one for one in roots if name in _BERRY and one[0] in _BERRY and one[0] != name]


def _whole(roots: list[tuple[str, Path]], diagnosis: Diagnosis, surroundings: Surroundings) -> Change | Refusal | None:
    """The tool's cache where the entry cannot be told; only of a tool that the diagnosis itself names."""
    tool = _plain(str(diagnosis.entities.get("tool", "")))
    named = _caches_of(tool)
    for name, root in roots:
        if name not in named:
            continue
        entries = CACHES[name].purgeable(root)
        if not entries:
            continue
        if "caches" not in surroundings.allow.reclaim:
            return Refusal(NAME, f"which entry of {name}'s cache is damaged cannot be told, and settings do not allow `reclaim: [caches]`")
        copies = [(other, place, CACHES[other].purgeable(place)) for other, place in _copies(name, roots)]
        return _change([(name, root, entries), *copies], whole=True)
    return None


def _asked(diagnosis: Diagnosis, outcome: Outcome) -> Iterator[str]:
    """Names of caches: of the tool that failed, then of the programs in the command, then all others by path alone."""
    tool = _plain(str(diagnosis.entities.get("tool", "")))
    words = [tool, *sorted(_plain(program) for program in programs(outcome.command))]
    asked = list(dict.fromkeys(name for word in words for name in _caches_of(word)))
    yield from asked
    # Behind a script or `make` any tool may have run; these are asked only about paths that the lines name.
    text = " ".join(evidence.text for evidence in diagnosis.evidence) + str(diagnosis.entities.get("path", ""))
    if "/" in text:
        yield from (name for name in CACHES if name not in asked and _speaks_of(name, text))


def _caches_of(word: str) -> tuple[str, ...]:
    """Of its own name, and those that it has besides (Yarn 1 and 2, Go's modules and builds)."""
    return tuple(dict.fromkeys(name for name in (word, *_CACHES_OF.get(word, ())) if name in CACHES))


def _plain(word: str) -> str:
    return re.sub(r"(?:[-.]?\d[\d.]*)$", "", word.strip().lower().rsplit("/", 1)[-1]) if word else ""


def _speaks_of(name: str, text: str) -> bool:
    marks = {
        "npm": "_cacache", "maven": ".m2/", "gradle": ".gradle", "cargo": "registry/", "cargo_target": "target/", "go": "pkg/mod", "pip": "pip",
        "go_build": "go-build", "yarn": "yarn", "yarn_berry": ".yarn", "yarn_berry_mirror": ".yarn", "pnpm": "pnpm", "uv": "uv",
        "ccache": "ccache", "poetry": "pypoetry", "bazel": "/install/", "deno": "/npm/",
    }  # fmt: skip
    return marks.get(name, name) in text


def _root(name: str, outcome: Outcome, surroundings: Surroundings) -> Path | Refusal:
    return verified(CACHES[name], surroundings, places.named_by(name, outcome.command))


def _change(found: list[tuple[str, Path, tuple[Path, ...]]], whole: bool) -> Change:
    """`found`: name of a cache, its root, what goes of it; the first is the one that the summary names."""
    name, root, _ = found[0]
    entries = [(cache, place, entry) for cache, place, some in found for entry in some]
    entries = entries if whole else entries[:_MOST_ENTRIES]
    sizes = [size_of(entry) for _, _, entry in entries]
    names = [str(entry.relative_to(place)) for _, place, entry in entries]
    shown = ", ".join(names[:2]) + (" …" if len(names) > 2 else "")
    what = f"{name}'s cache ({sum(sizes) >> 20} MB)" if whole else f"the damaged entry of {name}'s cache: {shown}"
    return Change(
        remedy=NAME,
        summary=f"deletes {what}",
        actions=tuple(
            Action("delete", str(entry), {"root": str(place), "cache": cache, "bytes": str(size)})
            for (cache, place, entry), size in zip(entries, sizes, strict=True)
        ),
        success_probability=0.7 if whole else 0.8,
        cost_s=0.5 + sum(sizes) / (1 << 30) * 5,
        details={
            "cache": name,
            "root": str(root),
            "entries": names[:20],
            "entries_total": len(entries),
            "bytes": sum(sizes),
            "whole": whole,
        },
    )


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Delete the entries one by one, after looking at the root once more; an entry that cannot go is the error."""
    if any(action.kind == "write" for action in change.actions):
        return own_files.apply(change, surroundings)
    done: list[str] = []
    seen: set[Path] = set()
    for action in change.actions:
        root, name = Path(action.data["root"]), action.data["cache"]
        # Between the proposal and now the attempt's leftovers may have exchanged it; asked as if the command named it.
        again = root if root in seen else verified(CACHES[name], surroundings, (root,))
        seen.add(root)
        if again != root:
            reason = again.reason if isinstance(again, Refusal) else f"{root} leads elsewhere now"
            return Applied(change, tuple(done), error=reason)
        try:
            freed = delete_tree(root, Path(action.target))
        except (OSError, ValueError) as problem:
            return Applied(change, tuple(done), error=f"{action.target}: {problem}")
        done.append(f"deleted {action.target} ({freed} bytes)")
    return Applied(change, tuple(done))


def undo(applied: Applied, surroundings: Surroundings) -> None:
    """What was deleted stays deleted; a folder of ours is gone again."""
    own_files.undo(applied, surroundings)
