"""Each key of a settings file: its form, its bounds, and what to say when it is wrong."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guard.durations import seconds
from guard.errors import SettingsError
from guard.settings_file import Document, dotted
from guard.types import LABELS, Limits

KEYS = (
    "version", "attempts", "budget", "limits", "idempotent", "labels", "strategies", "signatures", "history",
    "escalate", "allow", "probes",
)  # fmt: skip
_LABEL_KEYS = ("attempts", "remedies", "min_probability", "verdict", "on")
_STRATEGY_KEYS = ("name", "when", "run", "timeout", "then")
_ESCALATE_KEYS = ("github_issue", "gitlab_issue", "pr_comment", "mr_comment", "slack", "webhook")
_RECLAIM = ("caches", "docker", "hosted")

Path_ = tuple["str | int", ...]


class Reader:
    """Reads a document key by key. Every method raises SettingsError for a value that cannot be."""

    def __init__(self, document: Document, workspace: Path) -> None:
        """`workspace`: resolved; paths of the file must lie inside it."""
        self.document = document
        self.values = document.values
        self.workspace = workspace

    def refuse_unknown(self) -> None:
        """Refuse unknown keys at the top, and a version that is not ours."""
        self._known(self.values, KEYS, ())
        if self.values.get("version", 1) != 1:
            raise self._error(("version",), f"{self.values['version']!r} is not known", "this guard reads version 1")

    def attempts(self) -> int:
        """Attempts in all."""
        return self._integer(self.values.get("attempts", 3), ("attempts",), 1, 20)

    def budget(self) -> float | None:
        """Seconds over all attempts and waits."""
        value = self.values.get("budget")
        if value is None:
            return None
        if not isinstance(value, dict):
            return self._duration(value, ("budget",))
        self._known(value, ("time",), ("budget",))
        return self._duration(value["time"], ("budget", "time")) if "time" in value else None

    def limits(self) -> Limits:
        """Limits of one attempt."""
        value = self._mapping(self.values.get("limits"), ("limits",))
        self._known(value, ("attempt", "idle"), ("limits",))
        return Limits(
            attempt_s=self._duration(value["attempt"], ("limits", "attempt")) if "attempt" in value else None,
            idle_s=self._duration(value["idle"], ("limits", "idle")) if "idle" in value else None,
        )

    def idempotent(self) -> bool | None:
        """True, False, or None for auto."""
        value = self.values.get("idempotent", "auto")
        if value is True or value is False:
            return value
        if value != "auto":
            raise self._error(("idempotent",), f"{value!r} is none of auto, true, false")
        return None

    def labels(self) -> dict[str, dict[str, Any]]:
        """Keyword arguments of LabelRule by label."""
        found: dict[str, dict[str, Any]] = {}
        for label, value in self._mapping(self.values.get("labels"), ("labels",)).items():
            path: Path_ = ("labels", label)
            if label not in LABELS:
                raise self._error(path, "is no label", _nearest(label, LABELS))
            if isinstance(value, bool):
                found[label] = {"on": value}
                continue
            if value in ("on", "off"):
                found[label] = {"on": value == "on"}
                continue
            if not isinstance(value, dict):
                raise self._error(path, f"{value!r} is none of on, off or a mapping")
            self._known(value, _LABEL_KEYS, path)
            found[label] = self._label(value, path)
        return found

    def _label(self, value: Mapping[str, Any], path: Path_) -> dict[str, Any]:
        from guard.remedies import REMEDIES

        rule: dict[str, Any] = {}
        if "on" in value:
            rule["on"] = self._boolean(value["on"], (*path, "on"))
        if "attempts" in value:
            rule["attempts"] = self._integer(value["attempts"], (*path, "attempts"), 1, 20)
        if "remedies" in value:
            names = self._texts(value["remedies"], (*path, "remedies"))
            for position, name in enumerate(names):
                if name not in REMEDIES:
                    raise self._error((*path, "remedies", position), f"{name!r} is no remedy", _nearest(name, REMEDIES))
            rule["remedies"] = names
        if "min_probability" in value:
            number = value["min_probability"]
            if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= 1:
                raise self._error((*path, "min_probability"), f"{number!r} is no number from 0 to 1")
            rule["min_probability"] = float(number)
        if "verdict" in value:
            rule["verdict"] = self._one_of(value["verdict"], ("pass", "warn", "fail"), (*path, "verdict"))
        return rule

    def strategies(self) -> list[dict[str, Any]]:
        """Keyword arguments of Strategy."""
        value = self.values.get("strategies")
        if value in (None, "off", False):
            return []
        if not isinstance(value, list):
            raise self._error(("strategies",), "is no list")
        found = []
        for position, entry in enumerate(value):
            path: Path_ = ("strategies", position)
            entry = self._mapping(entry, path)
            self._known(entry, _STRATEGY_KEYS, path)
            for key in ("name", "run"):
                if not isinstance(entry.get(key), str) or not entry[key].strip():
                    raise self._error((*path, key), "is missing or no text")
            when = self._mapping(entry.get("when"), (*path, "when"))
            self._known(when, ("label", "pattern"), (*path, "when"))
            label, pattern = when.get("label"), when.get("pattern")
            if label is not None and label not in LABELS:
                raise self._error((*path, "when", "label"), f"{label!r} is no label", _nearest(str(label), LABELS))
            if pattern is not None:
                self._pattern(pattern, (*path, "when", "pattern"))
            if label is None and pattern is None:
                raise self._error((*path, "when"), "needs a label or a pattern")
            arguments: dict[str, Any] = {"name": entry["name"], "label": label, "pattern": pattern, "run": entry["run"]}
            if "timeout" in entry:
                arguments["timeout_s"] = self._duration(entry["timeout"], (*path, "timeout"))
            if "then" in entry:
                arguments["then"] = self._one_of(entry["then"], ("retry",), (*path, "then"))
            found.append(arguments)
        return found

    def signatures(self) -> tuple[Path, ...]:
        """The user's own signature files, inside the workspace."""
        names = self._texts(self.values.get("signatures") or [], ("signatures",))
        return tuple(self._inside(name, ("signatures", position), self.workspace) for position, name in enumerate(names))

    def history(self, env: Mapping[str, str]) -> str | None:
        """The store's URL; None is off or not set."""
        value = self.values.get("history")
        if value in (None, "off", False):
            return None
        value = self._mapping(value, ("history",))
        self._known(value, ("store",), ("history",))
        store = value.get("store")
        if store is None or store == "off" or store is False:
            return None
        if not isinstance(store, str) or not store.startswith(("sqlite:", "postgresql://", "postgres://")):
            raise self._error(("history", "store"), f"{store!r} is none of sqlite:PATH, postgresql://…, off")
        if store.startswith("sqlite:"):
            home = env.get("XDG_STATE_HOME") or os.path.join(env.get("HOME", "/"), ".local", "state")
            path = self._inside(store[7:], ("history", "store"), self.workspace, Path(home))
            return f"sqlite:{path}"
        return store

    def escalate(self) -> Mapping[str, Any]:
        """What to tell whom; checked in form only."""
        value = self.values.get("escalate")
        if value in (None, "off", False):
            return {}
        value = self._mapping(value, ("escalate",))
        self._known(value, _ESCALATE_KEYS, ("escalate",))
        return dict(value)

    def allow(self) -> dict[str, Any]:
        """Keyword arguments of Allow."""
        value = self._mapping(self.values.get("allow"), ("allow",))
        self._known(value, ("reclaim", "delete", "swap", "kill"), ("allow",))
        found: dict[str, Any] = {}
        if "reclaim" in value:
            names = self._texts(value["reclaim"], ("allow", "reclaim"))
            for position, name in enumerate(names):
                self._one_of(name, _RECLAIM, ("allow", "reclaim", position))
            found["reclaim"] = names
        if "delete" in value:
            names = self._texts(value["delete"], ("allow", "delete"))
            found["delete"] = tuple(
                str(self._inside(name, ("allow", "delete", position), self.workspace, deletable=True))
                for position, name in enumerate(names)
            )
        if "swap" in value:
            found["swap"] = self._boolean(value["swap"], ("allow", "swap"))
        if "kill" in value:
            found["kill"] = self._one_of(value["kill"], ("none", "job"), ("allow", "kill"))
        return found

    def probes(self) -> bool:
        """Whether guard may ask the tool's own index or host after a failure."""
        return self._boolean(self.values.get("probes", False), ("probes",))

    def _inside(self, name: str, path: Path_, *roots: Path, deletable: bool = False) -> Path:
        """A path of the file, resolved; never outside its roots, nor the workspace itself or `.git`."""
        resolved = Path(os.path.realpath(self.workspace / name))
        if not any(resolved == root or root in resolved.parents for root in (root.resolve() for root in roots)):
            raise self._error(path, f"{name!r} lies outside the workspace")
        git = self.workspace / ".git"
        if resolved in (self.workspace, git, Path.home(), Path("/")) or git in resolved.parents:
            raise self._error(path, f"{name!r} may not be used here")
        if deletable and resolved in self.workspace.parents:
            raise self._error(path, f"{name!r} may not be deleted")
        return resolved

    def _known(self, value: Mapping[str, Any], allowed: Sequence[str], path: Path_) -> None:
        for key in value:
            if key not in allowed:
                raise self._error((*path, key), "is no known key", _nearest(key, allowed))

    def _mapping(self, value: Any, path: Path_) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._error(path, f"{value!r} is no mapping")
        return value

    def _texts(self, value: Any, path: Path_) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self._error(path, "is no list of texts")
        return tuple(value)

    def _integer(self, value: Any, path: Path_, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._error(path, f"{value!r} is no number from {least} to {most}")
        return value

    def _boolean(self, value: Any, path: Path_) -> bool:
        if isinstance(value, bool):
            return value
        if value in ("on", "off"):
            return bool(value == "on")
        raise self._error(path, f"{value!r} is none of on, off")

    def _one_of(self, value: Any, allowed: Sequence[str], path: Path_) -> str:
        if value not in allowed:
            # YAML reads a bare `off` as false.
            raise self._error(path, f"{value!r} is none of {', '.join(allowed)}", _nearest(str(value), allowed))
        return str(value)

    def _duration(self, value: Any, path: Path_) -> float:
        try:
            return seconds(value)
        except ValueError as error:
            raise self._error(path, str(error)) from error

    def _pattern(self, value: Any, path: Path_) -> None:
        import regex

        if not isinstance(value, str) or not value:
            raise self._error(path, "is no text")
        try:
            regex.compile(value)
        except regex.error as error:
            raise self._error(path, f"is no valid pattern: {error}") from error

    def _error(self, path: Path_, problem: str, hint: str = "") -> SettingsError:
        return self.document.error(path, problem, hint)


def _nearest(name: str, allowed: Sequence[str] | Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.5)
    return f"perhaps you meant `{close[0]}`" if close else f"known: {', '.join(allowed)}"


__all__ = ["KEYS", "Reader", "dotted"]
