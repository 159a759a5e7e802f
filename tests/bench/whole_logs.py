"""`python tests/bench/whole_logs.py FOLDER…`: diagnosis of labelled whole logs (index.jsonl beside gzip logs).

Printed: accuracy, abstentions, heal decisions that are right, and evidence hit@1 and hit@3: a shown line inside a
range that the annotators marked. Lines there are counted with universal newlines, ours at LF; a shown line is
mapped by its bytes.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import time
from collections import Counter
from pathlib import Path

from guard.diagnosis.diagnose import diagnose
from guard.policy.plan import MIN_PROBABILITY
from guard.policy.refusals import REFUSED
from guard.types import Command, LogWindow, NoMemory, Outcome, Telemetry


def main(folders: list[str], show: int) -> None:
    """Measure and print."""
    total = right = lenient = abstained = heals = heals_right = healable = found_healable = hit1 = hit3 = ranged = 0
    confusions: Counter[tuple[str, str]] = Counter()
    begin = time.perf_counter()
    for folder in map(Path, folders):
        for row in map(json.loads, (folder / "index.jsonl").read_text().splitlines()):
            data = gzip.decompress((folder / row["log"]).read_bytes())
            outcome = Outcome(Command(("?",)), 1, 1, None, "exited", 1.0, LogWindow(head=data), Telemetry())
            found = diagnose(outcome, NoMemory())
            accepted = {row["label"], *(row.get("also") or [])}
            total += 1
            right += found.label == row["label"]
            lenient += found.label in accepted
            abstained += found.label == "unknown" and "unknown" not in accepted
            heal = found.label not in REFUSED and found.probability >= MIN_PROBABILITY
            heals += heal
            heals_right += heal and found.label in accepted
            truly = row["label"] not in REFUSED
            healable += truly
            found_healable += truly and heal and found.label in accepted
            ranges = row.get("evidence") or row.get("key") or []
            if ranges:
                ranged += 1
                shown = [universal(data, one.line) for one in found.evidence if one.line][:3]
                hits = [any(low - 1 <= line <= high + 1 for low, high in ranges) for line in shown]
                hit1 += bool(hits[:1] and hits[0])
                hit3 += any(hits)
            if found.label not in accepted:
                confusions[row["label"], found.label] += 1
                if show:
                    show -= 1
                    print("---", row["id"], row["label"], "->", found.label, found.source, round(found.probability, 2))
                    for one in found.evidence[:2]:
                        print(f"    {one.line}/{row['lines']}: {one.text[:140]}")
                    for low, high in ranges[:1]:
                        text = io.StringIO(data.decode("utf-8", "replace"), newline=None).read().split("\n")
                        for line in text[low - 1 : min(high, low + 3)]:
                            print("      truth:", line[:140])
    seconds = time.perf_counter() - begin
    print(f"{total} logs, {seconds / total * 1000:.0f} ms each")
    print(f"accuracy {right / total:.3f} (defensible {lenient / total:.3f}), abstained {abstained / total:.3f}")
    print(f"heal decisions {heals}: right {heals_right / max(heals, 1):.3f}; of {healable} healable found {found_healable / max(healable, 1):.3f}")
    print(f"evidence hit@1 {hit1 / max(ranged, 1):.3f} hit@3 {hit3 / max(ranged, 1):.3f} of {ranged}")
    for (truth, answer), count in confusions.most_common(15):
        print(f"  {count:4d} {truth} taken for {answer}")


def universal(data: bytes, number: int) -> int:
    """A line number counted at LF as one counted with universal newlines."""
    lines = data.split(b"\n")
    before = b"\n".join(lines[: number - 1]) + (b"\n" if number > 1 else b"")
    extra = before.count(b"\r") - before.count(b"\r\n")
    own = lines[number - 1].rstrip(b"\r").count(b"\r") if number <= len(lines) else 0
    return number + extra + own


if __name__ == "__main__":
    arguments = sys.argv[1:]
    show = int(arguments.pop(0)[2:]) if arguments and arguments[0].startswith("-n") else 0
    main(arguments, show)
