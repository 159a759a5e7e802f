"""Trends → one self-contained page: no script or style from outside, dark and light, readable on a phone.

What others wrote (names of projects, branches and tests) stands in it as text only: every one is escaped, and the
page's own policy lets nothing run but its own script, nothing load, nothing be sent.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape

from guard import __version__, packed
from guard.report import html_view
from guard.report.amounts import clean, count, day, span
from guard.report.trends.values import Trends


def page(trends: Trends, made_at: str) -> str:
    """The whole page; `made_at` is a moment in ISO 8601, shown below."""
    style, script = (packed.data("report", name).decode() for name in ("page.css", "page.js"))
    names = {id(view): f"v{at}" for at, view in enumerate(trends.views)}
    # The whole stands last: a view that was chosen hides what follows it, without any script.
    sections = [html_view.section(view, names[id(view)], trends) for view in trends.views[1:]]
    index = html_view.index(trends.views[1:], [names[id(view)] for view in trends.views[1:]], trends)
    sections.append(html_view.section(trends.whole, names[id(trends.whole)], trends, index))
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        # An empty icon of its own: else a browser asks the server for one.
        '<link rel="icon" href="data:,">'
        f"<title>{_heading(trends)}</title><style>{style}</style></head>\n"
        f"<body>{_header(trends)}<main>{''.join(sections)}</main>{_footer(trends, made_at)}"
        f"<script>{script}</script></body></html>\n"
    )


def _policy(style: str, script: str) -> str:
    """Content-Security-Policy: this very style and script, by their hashes, and nothing else."""
    digest = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{digest[0]}'; script-src 'sha256-{digest[1]}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _heading(trends: Trends) -> str:
    only = trends.only_project
    return f"Build health{f': {escape(clean(only))}' if only else ''}"


def _header(trends: Trends) -> str:
    whole = trends.whole
    only = trends.only_project
    when = span(trends.first, trends.last) if trends.first and trends.last else "no runs yet"
    parts = [count(whole.total, "run"), when]
    if trends.branch is not None:
        parts.append(f"branch {clean(trends.branch)}")
    attribute = f' data-only-project="{escape(clean(only))}"' if only is not None else ""
    form = (
        f'<form hidden{attribute}><label>Project <select name="project"></select></label>'
        '<label>Branch <select name="branch"></select></label></form>'
        if len(trends.views) > 1
        else ""
    )
    return f'<header><h1>{_heading(trends)}</h1><p class="muted">{escape(" · ".join(parts))}</p>{form}</header>'


def _footer(trends: Trends, made_at: str) -> str:
    price = (
        f"Money is minutes times {trends.price_per_minute:g} {escape(clean(trends.currency))} a minute, "
        "the <code>report.price_per_minute</code> of the settings."
    )
    return (
        "<footer><details><summary>What the words mean</summary><dl>"
        "<dt>Healed</dt><dd>The command failed, something was changed or waited for, and the command itself then passed.</dd>"
        "<dt>Heal rate</dt><dd>Healed runs among all whose first attempt failed. The range beside a share is where the true "
        "one lies with a probability of 95 %, given that few runs or many were seen.</dd>"
        "<dt>Time to green</dt><dd>For healed runs, from start to green. For red ones, from the first red run to the end of "
        "the next green run of that command on that branch.</dd>"
        "<dt>Rescued</dt><dd>What running the whole command again by hand would have cost, minus what healing cost. "
        "What the job does before the command, and the time of people, is not in it.</dd>"
        "<dt>Wasted</dt><dd>Attempts and waits of guard that did not end green.</dd>"
        "<dt>Lost</dt><dd>Time of red runs, and what healed ones spent before their green attempt.</dd>"
        "<dt>Flaky</dt><dd>Of the commits on which a test failed: the share on which it passed too.</dd>"
        "<dt>Runs seen of a test</dt><dd>Those that failed or healed and whose own record (JUnit XML, a verbose log) names the test. A "
        "run that passed at once is not looked at: flaky odds rest on the commits where a test failed, which it does not change.</dd>"
        f"<dt>Money</dt><dd>{price}</dd></dl></details>"
        f"<p>Made on {escape(day(made_at))} by pipeguard {escape(__version__)} from its own history.</p></footer>"
    )


