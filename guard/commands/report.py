"""`guard report`: what the history says, as a table here, as a page, as Markdown, JSON or metrics."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import click

from guard import detect, forks
from guard.diagnosis.mask import Masker
from guard.errors import GuardError
from guard.failsafe import say
from guard.history import place, rows
from guard.platforms import PLATFORMS
from guard.report import text_file
from guard.report.trends.summing import renamed, trends
from guard.report.trends.values import Trends
from guard.settings.loading import load
from guard.settings.values import ReportSettings, Settings

_AGO = re.compile(r"(\d{1,5})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


@dataclass(frozen=True)
class Asked:
    """What the command line asked for; a file named `-` is standard output."""

    html: str | None = None
    markdown: str | None = None
    json: str | None = None
    prometheus: str | None = None
    junit: str | None = None
    since: str | None = None
    until: str | None = None
    project: str | None = None
    branch: str | None = None
    history: str | None = None
    config: str | None = None
    push: bool = False

    def files(self) -> dict[str, str]:
        """Format → file, of those that were asked for."""
        named = {"html": self.html, "markdown": self.markdown, "json": self.json, "prometheus": self.prometheus, "junit": self.junit}
        return {name: file for name, file in named.items() if file is not None}


def run(asked: Asked) -> int:
    """Print or write the report. Returns 0, or 2 for what the user must mend."""
    try:
        return _run(asked, dict(os.environ), datetime.now(timezone.utc))
    except GuardError as error:
        for line in error.lines():
            say(line)
        return error.exit_code


def _run(asked: Asked, env: Mapping[str, str], now: datetime) -> int:
    files = asked.files()
    if list(files.values()).count("-") > 1:
        raise GuardError("only one format can go to standard output", "name a file for the others")
    since, until = moment(asked.since, "--since", now), moment(asked.until, "--until", now)
    workspace = detect.workspace(env)
    flags: dict[str, object] = {"config": asked.config, "history": asked.history}
    settings = load(Path(workspace), flags, env, detect.platform(env), forks.fork_build(env))
    gateway = _gateway(settings.report, env) if asked.push else ""
    setting = "off" if settings.history_off else place.setting(settings.history, env, workspace)
    found = _trends(setting, asked, since, until, settings)
    if found is None:
        if asked.history:
            raise GuardError(f"--history: there is no history at {asked.history}")
        say(f"guard: {_no_history(setting)}")
        found = trends([], since=since, until=until, project=asked.project, branch=asked.branch)
    elif not found.whole.total:
        say("guard: no runs in the history" + (" match --since, --until, --project and --branch" if _filtered(asked) else " yet"))
    found = renamed(found, Masker.from_environment(env, ()).text)
    made_at = now.isoformat(timespec="seconds")
    if not files and not asked.push:
        return _print(found)
    for name, file in files.items():
        text = _junit(setting, asked, since, until) if name == "junit" else _FORMATS[name](found, made_at)
        _hand_over(name, file, text)
    if gateway:
        _push(gateway, found, made_at, setting)
    return 0


def moment(text: str | None, option: str, now: datetime) -> str | None:
    """`2026-11-24`, a moment in ISO 8601, or `7d`, `24h`, `4w` ago → UTC as the history writes it. Raises GuardError."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago is not None:
            found = now - timedelta(hours=int(ago[1]) * _HOURS[ago[2]])
        elif re.fullmatch(r"\d{4}-\d\d-\d\d", text.strip()):
            day = date.fromisoformat(text.strip())
            found = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
        else:
            found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
            # As a day alone, so a time of it: in UTC unless it says otherwise, whatever the machine's own zone.
            found = found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
        return found.astimezone(timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError) as error:
        raise GuardError(f"{option}: {text!r} is no date", "write 2026-11-24, 2026-11-24T08:00Z, or 7d for seven days ago") from error


def harmless(document: str) -> str:
    """JSON that says the same, in which no `##vso[` or `##teamcity[` of a text stands, should a CI read it from the log.

    Outside of its strings JSON has no such sign.
    """
    return document.replace("##", "#\\u0023")


def _filtered(asked: Asked) -> bool:
    return any((asked.since, asked.until, asked.project, asked.branch))


def _trends(setting: str, asked: Asked, since: str | None, until: str | None, settings: Settings) -> Trends | None:
    store = rows.open_store(setting)
    if store is None:
        return None
    with closing(store):
        return trends(
            store.rows(since, until, asked.project, asked.branch),
            store.remedy_trials(),
            store.tests(),
            since=since,
            until=until,
            project=asked.project,
            branch=asked.branch,
            price_per_minute=settings.report.price_per_minute,
            currency=settings.report.currency,
        )


def _no_history(setting: str) -> str:
    if setting == "off":
        return "no history is kept here: set `history: {store: sqlite:.pipeguard/history.db}`, or run this in a checkout"
    return "no history yet: it begins with the first run under guard that fails"


def _print(found: Trends) -> int:
    from guard.report.terminal_trends import lines

    # Names of tests and strategies stand in it: none may open a command of the CI that reads this log.
    escape = PLATFORMS[detect.platform(os.environ)].escape
    if found.whole.total:
        for line in lines(found):
            click.echo(escape(line))
    return 0


def _html(found: Trends, made_at: str) -> str:
    from guard.report.html_page import page

    return page(found, made_at)


def _markdown(found: Trends, made_at: str) -> str:
    from guard.report.markdown_trends import markdown

    del made_at
    return markdown(found)


def _json(found: Trends, made_at: str) -> str:
    from guard.report.json_trends import report_object

    return harmless(json.dumps(report_object(found, made_at), ensure_ascii=False, indent=1)) + "\n"


def _prometheus(found: Trends, made_at: str) -> str:
    from guard.report.prometheus import exposition

    return exposition(found, made_at)


_FORMATS: dict[str, Callable[[Trends, str], str]] = {
    "html": _html,
    "markdown": _markdown,
    "json": _json,
    "prometheus": _prometheus,
}


def _junit(setting: str, asked: Asked, since: str | None, until: str | None) -> str:
    from guard.report.junit_xml import junit

    store = rows.open_store(setting)
    if store is None:
        return junit([])
    masker = Masker.from_environment(os.environ, ())
    with closing(store):
        return junit(
            replace(one, name=masker.text(one.name))
            for one in store.tests()
            if (since is None or one.at >= since)
            and (until is None or one.at < until)
            and (asked.project is None or one.project == asked.project)
        )


def _hand_over(name: str, file: str, text: str) -> None:
    if file == "-":
        click.echo(text.encode("utf-8", "replace"), nl=False)
        return
    problem = text_file.write(file, text)
    if problem:
        raise GuardError(f"--{name}: {file} not written: {problem}")


def _gateway(report: ReportSettings, env: Mapping[str, str]) -> str:
    """The Pushgateway's address. Raises GuardError where none is set."""
    address = env.get(report.pushgateway_env, "") if report.pushgateway_env else report.pushgateway or ""
    if not address:
        missing = f"the variable {report.pushgateway_env} is empty" if report.pushgateway_env else "no Pushgateway is set"
        raise GuardError(f"--push: {missing}", "set `report: {pushgateway: https://HOST}` or `pushgateway_env: NAME`")
    if not address.startswith(("https://", "http://")):
        raise GuardError(f"--push: {report.pushgateway_env} holds no http(s) address")
    return address


def _push(address: str, found: Trends, made_at: str, store: str) -> None:
    from guard.escalate.connection import Undelivered
    from guard.escalate.pushgateway import push

    try:
        push(address, found.only_project, store, _prometheus(found, made_at))
    except Undelivered as failure:
        raise GuardError(f"--push: the Pushgateway did not take the metrics: {failure}") from failure
