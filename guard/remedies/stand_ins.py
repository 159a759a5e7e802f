"""Stand-ins: where a number stands in a file that is the user's to edit, a script of the program's own name puts a better one in its place.

The scripts lie in a folder of ours in front of PATH; each changes the numbers in its words and becomes the program that comes
next in PATH. So they reach a program behind npm, make or scripts of any depth, but not one that is called by its whole path.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from guard.remedies.workers.flags import PARALLEL
from guard.types import Around

# Plain sh. What stands between @ is filled in.
_SCRIPT = """#!/bin/sh
# Of guard, for the attempts of one build: the @NAME@ that comes next in PATH, with @WHAT@.
here=@HERE@
rest=$PATH:
real=
while [ -n "$rest" ]; do
  next=${rest%%:*}
  rest=${rest#*:}
  [ "$next" = "$here" ] && continue
  [ -f "${next:-.}/@NAME@" ] && [ -x "${next:-.}/@NAME@" ] && real=${next:-.}/@NAME@ && break
done
[ -n "$real" ] || { echo "@NAME@: not found" >&2; exit 127; }
@BODY@exec "$real" "$@"
"""
# Each word in its turn goes to the end of the list, where any has to be changed at all: lists may be long.
_WORDS = """case " $* " in @ANY@) after=
  for word do
    shift
    @CHANGE@
    set -- "$@" "$word"
  done;;
esac
"""
_NODE_FLAG = "--max[-_]old[-_]space[-_]size="
_NODE = """larger() { case $1 in '' | *[!0-9]*) return 1;; esac; [ "$1" -lt @SIZE@ ] 2>/dev/null; }
@WORDS@case ${NODE_OPTIONS-} in *@FLAG@[0-9]*)
  before=${NODE_OPTIONS%@FLAG@*}
  after=${NODE_OPTIONS##*@FLAG@}
  number=${after%%[!0-9]*}
  larger "$number" && NODE_OPTIONS=$before--max-old-space-size=@SIZE@${after#"$number"} && export NODE_OPTIONS;;
esac
"""
_NODE_CHANGE = 'case $word in @FLAG@*) larger "${word#*=}" && word=--max-old-space-size=@SIZE@;; esac'
_PHP_CHANGE = "case $word in -dmemory_limit=[0-9]* | memory_limit=[0-9]* | --memory-limit=[0-9]*) word=${word%%=*}=@SIZE@M;; esac"
_WORKERS = """fewer() { case $1 in auto | logical | max) return 0;; '' | *[!0-9]*) return 1;; esac; [ "$1" -gt @MOST@ ] 2>/dev/null; }
@WORDS@"""
_WORKERS_CHANGE = """if [ -n "$after" ]; then
      after=
      fewer "$word" && word=@MOST@
    else case $word in
      @CASES@
    esac; fi"""
_PYTEST = '*" -m pytest "* | *" -m py.test "*'
# `-j 8` and `-j` alone: the next word tells, and only a number there is the flag's.
_BARE = 'case ${1-} in "" | *[!0-9]*) word=@JOINED@;; *) after=1;; esac'


def node(name: str, folder: Path, megabytes: int) -> str:
    """Node with each smaller heap in its words or in NODE_OPTIONS set to this size."""
    words = _filled(_WORDS, ANY=f'*" "{_NODE_FLAG}*', CHANGE=_NODE_CHANGE)
    body = _filled(_NODE, WORDS=words, FLAG=_NODE_FLAG, SIZE=str(megabytes))
    return _script(name, folder, "a larger heap where a smaller one is set", body)


def php(name: str, folder: Path, megabytes: int) -> str:
    """PHP with each memory limit in its words set to this size."""
    body = _filled(_WORDS, ANY="*memory[-_]limit=[0-9]*", CHANGE=_PHP_CHANGE, SIZE=str(megabytes))
    return _script(name, folder, "a larger memory limit where one is set", body)


def workers(name: str, folder: Path, most: int) -> str:
    """A tool of PARALLEL, or a Python that runs pytest, with each larger number of workers in its words set to `most`."""
    python = name not in PARALLEL
    tool = PARALLEL["pytest" if python else name]
    cases = []
    for flag in tool.flags:
        short = len(flag) == 2
        bare = _filled(_BARE, JOINED=f"{flag}{most}" if short else f"{flag}={most}")
        cases.append(f"{flag}) {bare if flag in tool.bare else 'after=1'};;")
        begins = (f"{flag}=", f"{flag}:", *([flag] if short else []))
        cases += [f'{begin}[0-9alm]*) fewer "${{word#{begin}}}" && word={begin}{most};;' for begin in begins]
    change = _filled(_WORKERS_CHANGE, CASES="\n      ".join(cases), MOST=str(most))
    flags = _PYTEST if python else " | ".join(f'*" "{flag}*' for flag in tool.flags)
    words = _filled(_WORDS, ANY=flags, CHANGE=change)
    return _script(name, folder, "fewer workers", _filled(_WORKERS, WORDS=words, MOST=str(most)))


def in_front(folder: Path) -> Around:
    """What puts the folder in front of PATH."""
    return Around(before=f"{folder}{os.pathsep}")


def _script(name: str, folder: Path, what: str, body: str) -> str:
    return _filled(_SCRIPT, NAME=name, WHAT=what, BODY=body, HERE=shlex.quote(str(folder)))


def _filled(text: str, **parts: str) -> str:
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text
