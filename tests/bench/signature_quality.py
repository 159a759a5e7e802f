"""`python tests/bench/signature_quality.py FILE.jsonl…`: how right the diagnosis by signatures is on labelled excerpts.

A line of a file is {"id", "label", "alt"?, "text", "exit_code"?}. Printed: accuracy, abstentions (the answer
`unknown`), and of the decisions to heal the share that is right: those whose true label heals inline.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from pathlib import Path

from guard.diagnosis.diagnose import diagnose
from guard.policy.plan import MIN_PROBABILITY
from guard.policy.refusals import REFUSED
from guard.types import Command, LogWindow, NoMemory, Outcome, Telemetry


def outcome_of(text: str, exit_code: int | None) -> Outcome:
    """The outcome of a command that printed the text."""
    return Outcome(
        command=Command(argv=("?",)),
        number=1,
        exit_code=1 if exit_code is None else exit_code,
        signal=None,
        ended="exited",
        duration_s=1.0,
        window=LogWindow(head=text.encode("utf-8", "surrogatepass")),
        telemetry=Telemetry(),
    )


def main(paths: list[str], show: int) -> None:
    """Measure on the files and print."""
    rows = [json.loads(line) for path in paths for line in Path(path).read_text(encoding="utf-8").split("\n") if line]
    right = abstained = lenient = 0
    heal = heal_right = healable = 0
    confusions: Counter[tuple[str, str]] = Counter()
    wrong = []
    begin = time.perf_counter()
    for row in rows:
        found = diagnose(outcome_of(row["text"], row.get("exit_code")), NoMemory())
        accepted = {row["label"], row.get("alt")}
        right += found.label == row["label"]
        lenient += found.label in accepted
        abstained += found.label == "unknown" and row["label"] != "unknown"
        heals = found.label not in REFUSED and found.probability >= MIN_PROBABILITY
        truly = row["label"] not in REFUSED
        healable += truly
        heal += heals
        heal_right += heals and truly and found.label in accepted
        if found.label not in accepted:
            confusions[row["label"], found.label] += 1
            wrong.append((row, found))
    seconds = time.perf_counter() - begin
    total = len(rows)
    print(f"{total} excerpts, {seconds / total * 1000:.1f} ms each")
    print(f"accuracy {right / total:.3f} (with the second defensible label {lenient / total:.3f}), abstained {abstained / total:.3f}")
    print(f"wrong without abstaining {(total - lenient - abstained) / total:.3f}")
    print(f"heal decisions {heal}: right {heal_right / max(heal, 1):.3f}; of {healable} healable found {heal_right / max(healable, 1):.3f}")
    for (truth, answer), count in confusions.most_common(12):
        print(f"  {count:4d} {truth} taken for {answer}")
    for row, found in wrong[:show]:
        last = [line for line in row["text"].splitlines() if line.strip()][-4:]
        print("---", row["id"], row.get("tool"), row["label"], "->", found.label, found.source, round(found.probability, 2))
        for evidence in found.evidence[:1]:
            print("   by:", evidence.text[:150])
        for line in last:
            print("     ", line[:150])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    show = int(arguments.pop(0)[2:]) if arguments and arguments[0].startswith("-n") else 0
    main(arguments, show)
