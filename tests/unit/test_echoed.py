"""Commands that the log shows to have been run count as much as those that scripts are seen to name."""

from __future__ import annotations

import pytest

from guard.policy.echoed import echoed
from guard.types import LogWindow

RAN = [
    "+ twine upload dist/a.whl\nERROR 503\n", "++ kubectl -n prod apply -f x\n", "$ git push origin HEAD:main\n", "> semantic-release --ci\n",
    "nox > twine upload dist/a.whl\n", "+ sudo docker push x/y\n", "2026-01-02T03:04:05.123Z + helm upgrade a b\n", "\x1b[32;1m$ terraform apply p\x1b[0;m\n",
    "cc -c a.c\ntwine upload dist/*\nmake: *** [Makefile:3: all] Error 1\n", "$ cd x && npm publish\n", "+ curl -X POST https://h.example\r\n",
]
DID_NOT = [
    "+ kubectl get pods\n", "+ git fetch\n", "  $ git push\n", "hint: git push -u origin main\n", "+ echo twine upload dist\n", "twine upload dist\n", "> x@1.0.0 build\n> tsc\n",
    "+ helm upgrade --dry-run a b\n", "-git push\n+git push\n", "make: *** no rule\nsee: git push\n", "", "+ ssh-keyscan host\n",
]  # fmt: skip


@pytest.mark.parametrize("log", RAN)
def test_seen(log: str) -> None:
    assert echoed(LogWindow(head=log.encode()))
    assert echoed(LogWindow(head=b"x\n", tail=b"y\n" + log.encode(), dropped_bytes=9))


@pytest.mark.parametrize("log", DID_NOT)
def test_not_seen(log: str) -> None:
    assert echoed(LogWindow(head=log.encode())) is None


def test_a_hostile_log_ends() -> None:
    assert echoed(LogWindow(head=b"+ git " + b"$(" * 500_000)) is None
    assert echoed(LogWindow(head=b"make: x\n" + b"git a\n" * 300_000)) is None
    assert echoed(LogWindow(head=b"A=" * 500_000)) is None
