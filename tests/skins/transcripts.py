"""Transcripts in the documentation: what a test saw, with times, shares and paths made alike, against what the page shows."""

from __future__ import annotations

import os
import re

from tests.skins.act_runner import ROOT

BLESS = "BLESS_TRANSCRIPTS"
"""Set it to write the pages instead of comparing them."""


def alike(text: str, *folders: str) -> str:
    """The text without what differs from run to run."""
    for folder in sorted(folders, key=len, reverse=True):
        # In Markdown an underscore stands behind a backslash.
        text = text.replace(folder, "/builds").replace(folder.replace("_", "\\_"), "/builds")
    text = re.sub(r"\d+(?:\.\d+)? s\b", "0.1 s", text)
    text = re.sub(r"\d+(?=%)", "97", text)
    text = re.sub(r"(?<=GUARD_PROBABILITY\b).{0,20}?\d\.\d\d", lambda match: match[0][:-4] + "0.97", text)
    text = re.sub(r"/builds/temp/[\w./-]+\.md", "/builds/temp/summary.md", text)
    lines = [line.rstrip() for line in text.splitlines() if "no classifier" not in line]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def check(page: str, name: str, text: str) -> None:
    """Compare a transcript with its place in a page, a block between two marks."""
    path = ROOT / "docs" / f"{page}.md"
    before, rest = path.read_text(encoding="utf-8").split(f"<!-- begin: {name} -->\n")
    shown, after = rest.split(f"<!-- end: {name} -->")
    longest = max((len(row) for row in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    block = f"\n{fence}text\n{text}\n{fence}\n\n"
    if os.environ.get(BLESS):
        path.write_text(f"{before}<!-- begin: {name} -->\n{block}<!-- end: {name} -->{after}", encoding="utf-8")
        return
    assert shown == block, f"docs/{page}.md shows something else; {BLESS}=1 writes what was seen"
