"""Each key of a settings file: its form, its bounds, and what to say when it is wrong."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from guard.durations import seconds
from guard.errors import SettingsError
from guard.settings.document import Document, Place, shown
from guard.types import LABELS, Limits

KEYS = (
    "version", "attempts", "budget", "limits", "idempotent", "labels", "strategies", "signatures", "quarantine", "history",
    "escalate", "report", "allow", "probes",
)  # fmt: skip
_LABEL_KEYS = ("attempts", "remedies", "min_probability", "verdict", "on")
_STRATEGY_KEYS = ("name", "when", "run", "timeout", "then")
_ESCALATE_KEYS = ("github_issue", "gitlab_issue", "pr_comment", "mr_comment", "slack", "webhook", "healed")
_SLACK_KEYS = ("webhook_env", "channel")
_WEBHOOK_KEYS = ("url", "url_env", "token_env")
_ADDRESSES = ("url", "pushgateway")
_REPORT_KEYS = ("price_per_minute", "currency", "pushgateway", "pushgateway_env")
_RECLAIM = ("caches", "docker", "hosted")
_LONGEST_PATTERN = 2000
_HIGHEST_PRICE = 1_000_000
_CURRENCY = re.compile(r"[A-Z]{3}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# What other tools call it, or where the key really stands.
_ELSEWHERE = {
    "timeout": "limits: {attempt: 20m}",
    "attempt": "limits: {attempt: 20m}",
    "idle": "limits: {idle: 10m}",
    "idle_timeout": "limits: {idle: 10m}",
    "retries": "attempts: 3 (in all, the first included)",
    "max_attempts": "attempts: 3",
    "reclaim": "allow: {reclaim: [caches]}",
    "delete": "allow: {delete: [build/]}",
    "swap": "allow: {swap: on}",
    "kill": "allow: {kill: job}",
    "store": "history: {store: ...}",
    "slack": "escalate: {slack: {webhook_env: NAME}}",
}


class Reader:
    """Reads a document key by key. Every method raises SettingsError for a value that cannot be."""

    def __init__(self, document: Document, workspace: Path) -> None:
        """`workspace`: resolved; paths of the file must lie inside it."""
        self.document = document
        self.values = document.values
        self.workspace = workspace

    def refuse_unknown(self) -> None:
        """Refuse unknown keys at the top, and a version that is not ours."""
        for key in self.values:
            if key in _ELSEWHERE and key not in KEYS:
                raise self._error((key,), "is no known key", f"write `{_ELSEWHERE[key]}`")
        self._known(self.values, KEYS, ())
        version = self.values.get("version")
        if version is not None and (isinstance(version, bool) or not isinstance(version, int) or version != 1):
            raise self._error(("version",), f"{shown(version)} is not known", "this guard reads `version: 1`")

    def attempts(self) -> int:
        """Attempts in all."""
        value = self.values.get("attempts")
        return 3 if value is None else self._integer(value, ("attempts",), 1, 20)

    def budget(self) -> float | None:
        """Seconds over all attempts and waits."""
        value = self.values.get("budget")
        if value is None:
            return None
        if not isinstance(value, dict):
            return self._duration(value, ("budget",))
        self._known(value, ("time",), ("budget",))
        return self._duration(value["time"], ("budget", "time")) if value.get("time") is not None else None

    def limits(self) -> Limits:
        """Limits of one attempt."""
        value = self._mapping(self.values.get("limits"), ("limits",))
        self._known(value, ("attempt", "idle"), ("limits",))
        return Limits(
            attempt_s=self._limit(value, "attempt"),
            idle_s=self._limit(value, "idle"),
        )

    def _limit(self, value: Mapping[str, Any], name: str) -> float | None:
        return self._duration(value[name], ("limits", name)) if value.get(name) is not None else None

    def idempotent(self) -> bool | None:
        """True, False, or None for auto."""
        value = self.values.get("idempotent")
        if value is None or value == "auto":
            return None
        if isinstance(value, bool):
            return value
        raise self._error(("idempotent",), f"{shown(value)} is none of auto, true, false")

    def labels(self) -> dict[str, dict[str, Any]]:
        """Keyword arguments of LabelRule by label."""
        found: dict[str, dict[str, Any]] = {}
        for label, value in self._mapping(self.values.get("labels"), ("labels",)).items():
            path: Place = ("labels", label)
            if label not in LABELS:
                raise self._error(path, "is no label", _nearest(label, LABELS))
            if value is None:
                continue
            if isinstance(value, bool):
                found[label] = {"on": value}
                continue
            if value in ("on", "off"):
                found[label] = {"on": value == "on"}
                continue
            if not isinstance(value, dict):
                raise self._error(path, f"{shown(value)} is none of on, off or a mapping")
            self._known(value, _LABEL_KEYS, path)
            found[label] = self._label(value, path)
        return found

    def _label(self, value: Mapping[str, Any], path: Place) -> dict[str, Any]:
        from guard.remedies import REMEDIES

        rule: dict[str, Any] = {}
        if "on" in value:
            rule["on"] = self._boolean(value["on"], (*path, "on"))
        if value.get("attempts") is not None:
            rule["attempts"] = self._integer(value["attempts"], (*path, "attempts"), 1, 20)
        if "remedies" in value:
            names = self._texts(value["remedies"], (*path, "remedies"))
            for position, name in enumerate(names):
                if name not in REMEDIES:
                    raise self._error((*path, "remedies", position), f"{shown(name)} is no remedy", _nearest(name, REMEDIES))
            rule["remedies"] = names
        if "min_probability" in value:
            number = value["min_probability"]
            if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= 1:
                raise self._error((*path, "min_probability"), f"{shown(number)} is no number from 0 to 1")
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
        found: list[dict[str, Any]] = []
        for position, entry in enumerate(value):
            path: Place = ("strategies", position)
            if not isinstance(entry, dict):
                raise self._error(path, f"{shown(entry)} is no mapping", "a strategy has name, when and run")
            self._known(entry, _STRATEGY_KEYS, path)
            for key in ("name", "run"):
                if not isinstance(entry.get(key), str) or not entry[key].strip():
                    raise self._error((*path, key), "is missing or no text")
            if any(entry["name"] == other["name"] for other in found):
                raise self._error((*path, "name"), f"{shown(entry['name'])} stands twice", "names tell strategies apart")
            when = self._mapping(entry.get("when"), (*path, "when"))
            self._known(when, ("label", "pattern"), (*path, "when"))
            label, pattern = when.get("label"), when.get("pattern")
            if label is not None and not (isinstance(label, str) and label in LABELS):
                raise self._error((*path, "when", "label"), f"{shown(label)} is no label", _nearest(str(label), LABELS))
            if pattern is not None:
                self._pattern(pattern, (*path, "when", "pattern"))
            if label is None and pattern is None:
                raise self._error(
                    (*path, "when"), "needs a label or a pattern", "when: {label: connection_failure} or {pattern: '...'}"
                )
            arguments: dict[str, Any] = {"name": entry["name"], "label": label, "pattern": pattern, "run": entry["run"]}
            if "timeout" in entry:
                arguments["timeout_s"] = self._duration(entry["timeout"], (*path, "timeout"))
            if "then" in entry:
                arguments["then"] = self._one_of(entry["then"], ("retry",), (*path, "then"))
            found.append(arguments)
        return found

    def signatures(self) -> tuple[Path, ...]:
        """The user's own signature files, inside the workspace."""
        value = self.values.get("signatures")
        names = self._texts([] if value is None else value, ("signatures",))
        return tuple(self._inside(name, ("signatures", position), self.workspace) for position, name in enumerate(names))

    def quarantine(self) -> Path | None:
        """The list of tests that are known to be flaky: a file inside the workspace."""
        value = self.values.get("quarantine")
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise self._error(("quarantine",), f"{shown(value)} is no text", "quarantine: ci/flaky-tests.txt")
        path = self._inside(value, ("quarantine",), self.workspace)
        if not path.is_file():
            raise self._error(("quarantine",), f"{shown(value)} is no file that is here", "one test a line, as the framework names it")
        return path

    def history(self, env: Mapping[str, str]) -> str | None:
        """The store's URL; None is off or not set."""
        value = self.values.get("history")
        if value in (None, "off", False):
            return None
        value = self._mapping({"store": value} if isinstance(value, str) else value, ("history",))
        self._known(value, ("store", "retention"), ("history",))
        store = value.get("store")
        if store is None or store == "off" or store is False:
            return None
        place = ("history", "store")
        if not isinstance(store, str) or not store.startswith(("sqlite:", "postgresql://", "postgres://")):
            raise self._error(place, f"{shown(store)} is none of sqlite:PATH, postgresql://…, off")
        if store.startswith("sqlite:"):
            path = self._inside(store.removeprefix("sqlite:"), place, self.workspace, *_state_folder(env))
            return f"sqlite:{path}"
        return store

    def history_off(self) -> bool:
        """Whether the file says that nothing is to be remembered."""
        value = self.values.get("history")
        if isinstance(value, dict) and "store" in value:
            value = value["store"]
        return value == "off" or value is False

    def retention(self, name: str) -> int | None:
        """How many `days` runs are remembered, how many `megabytes` a store may grow to; None: nothing is said."""
        history = self.values.get("history")
        path: Place = ("history", "retention")
        value = self._mapping(history.get("retention") if isinstance(history, dict) else None, path)
        self._known(value, ("days", "megabytes"), path)
        if value.get(name) is None:
            return None
        return self._integer(value[name], (*path, name), 1, 36_500 if name == "days" else 1_000_000)

    def escalate(self) -> Mapping[str, Any]:
        """What to tell whom; checked in form only."""
        value = self.values.get("escalate")
        if value in (None, "off", False):
            return {}
        value = self._mapping(value, ("escalate",))
        self._known(value, _ESCALATE_KEYS, ("escalate",))
        found: dict[str, Any] = {}
        for name, entry in value.items():
            path: Place = ("escalate", name)
            if isinstance(entry, dict) and name in ("slack", "webhook"):
                self._endpoint(entry, path)
                found[name] = dict(entry)
            elif name in ("slack", "webhook"):
                if entry not in (None, False, "off"):
                    key = "webhook_env" if name == "slack" else "url_env"
                    raise self._error(path, f"{shown(entry)} is no mapping", f"{name}: {{{key}: NAME_OF_A_VARIABLE}}")
            elif entry is not None and self._boolean(entry, path):
                found[name] = True
        return found

    def _endpoint(self, entry: Mapping[str, Any], path: Place) -> None:
        slack = path[-1] == "slack"
        allowed, needed = (_SLACK_KEYS, ("webhook_env",)) if slack else (_WEBHOOK_KEYS, ("url", "url_env"))
        self._known(entry, allowed, path)
        if not any(key in entry for key in needed):
            raise self._error(path, f"needs {' or '.join(needed)}")
        self._addresses(entry, path)

    def _addresses(self, entry: Mapping[str, Any], path: Place) -> None:
        """Refuse what is no text, no name of a variable (`…_env`), no http(s) address."""
        for key, value in entry.items():
            if not isinstance(value, str) or not value:
                raise self._error((*path, key), f"{shown(value)} is no text")
            if key.endswith("_env") and not _VARIABLE.fullmatch(value):
                # Whoever writes the address itself here publishes it with the repository: it is not repeated.
                raise self._error((*path, key), "is no name of an environment variable", f"{key}: NAME_OF_A_VARIABLE")
            if key in _ADDRESSES and not value.startswith(("https://", "http://")):
                raise self._error((*path, key), f"{shown(value)} is no http(s) address")

    def report(self) -> dict[str, Any]:
        """Keyword arguments of ReportSettings."""
        path: Place = ("report",)
        value = self._mapping(self.values.get("report"), path)
        self._known(value, _REPORT_KEYS, path)
        found: dict[str, Any] = {}
        price = value.get("price_per_minute")
        if price is not None:
            # Not a number at all compares with nothing, and infinity with everything.
            if isinstance(price, bool) or not isinstance(price, (int, float)) or not 0 <= price <= _HIGHEST_PRICE:
                raise self._error((*path, "price_per_minute"), f"{shown(price)} is no number from 0 to {_HIGHEST_PRICE:,}")
            found["price_per_minute"] = float(price)
        currency = value.get("currency")
        if currency is not None:
            if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
                raise self._error((*path, "currency"), f"{shown(currency)} is no currency", "currency: USD")
            found["currency"] = currency
        places = {key: value[key] for key in ("pushgateway", "pushgateway_env") if value.get(key) is not None}
        self._addresses(places, path)
        return {**found, **places}

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
        return self._boolean(self.values.get("probes") or False, ("probes",))

    def _inside(self, name: str, path: Place, *roots: Path, deletable: bool = False) -> Path:
        """A path of the file, links followed; never outside its roots, nor what must not be touched."""
        try:
            resolved = Path(os.path.realpath(os.path.join(self.workspace, name)))
            allowed = [Path(os.path.realpath(root)) for root in roots]
        except (OSError, ValueError) as error:
            raise self._error(path, f"{shown(name)} is no path") from error
        home = Path(os.path.realpath(os.path.expanduser("~")))
        if resolved in (self.workspace, home, Path("/")) or (deletable and resolved in home.parents):
            raise self._error(path, f"{shown(name)} may not be used here", "name a folder or file inside the workspace")
        if not any(root in resolved.parents for root in allowed):
            raise self._error(path, f"{shown(name)} lies outside the workspace", "name a path inside the workspace")
        below = resolved.parts[len(self.workspace.parts) :] if self.workspace in resolved.parents else resolved.parts
        if any(part.lower() == ".git" for part in below):
            raise self._error(path, f"{shown(name)} lies in `.git`, which guard does not touch")
        return resolved

    def _known(self, value: Mapping[str, Any], allowed: Sequence[str], path: Place) -> None:
        for key in value:
            if key not in allowed:
                raise self._error((*path, key), "is no known key", _nearest(key, allowed))

    def _mapping(self, value: Any, path: Place) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._error(path, f"{shown(value)} is no mapping")
        return value

    def _texts(self, value: Any, path: Place) -> tuple[str, ...]:
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
            raise self._error(path, "is no list of texts")
        return tuple(value)

    def _integer(self, value: Any, path: Place, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._error(path, f"{shown(value)} is no number from {least} to {most}")
        return value

    def _boolean(self, value: Any, path: Place) -> bool:
        if isinstance(value, bool):
            return value
        if value in ("on", "off"):
            return bool(value == "on")
        raise self._error(path, f"{shown(value)} is none of on, off")

    def _one_of(self, value: Any, allowed: Sequence[str], path: Place) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise self._error(path, f"{shown(value)} is none of {', '.join(allowed)}", _nearest(str(value), allowed))
        return value

    def _duration(self, value: Any, path: Place) -> float:
        try:
            return seconds(value)
        except ValueError as error:
            raise self._error(path, str(error)) from error

    def _pattern(self, value: Any, path: Place) -> None:
        from guard.patterns import BadPattern, compiled

        if not isinstance(value, str) or not value:
            raise self._error(path, "is no text")
        if len(value) > _LONGEST_PATTERN:
            raise self._error(path, f"is longer than {_LONGEST_PATTERN} characters")
        try:
            compiled(value)
        except BadPattern as error:
            raise self._error(path, f"is no valid pattern: {error}") from error

    def _error(self, path: Place, problem: str, hint: str = "") -> SettingsError:
        return self.document.error(path, problem, hint)


def _state_folder(env: Mapping[str, str]) -> tuple[Path, ...]:
    """The user's folder for state (the XDG base directories; a relative value counts as none)."""
    named = env.get("XDG_STATE_HOME", "")
    if os.path.isabs(named) and os.path.realpath(named) != "/":
        return (Path(named),)
    home = env.get("HOME", "")
    return (Path(home, ".local", "state"),) if os.path.isabs(home) else ()


def _nearest(name: str, allowed: Sequence[str] | Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name[:80].lower().replace("-", "_"), list(allowed), n=1, cutoff=0.5)
    return f"perhaps you meant `{close[0]}`" if close else f"known: {', '.join(allowed)}"


__all__ = ["KEYS", "Reader"]
