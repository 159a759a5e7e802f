"""From the dumps of a hang to the lines that a person reads."""

from __future__ import annotations

import pytest

from guard.diagnosis.hanging import evidence
from guard.diagnosis.mask import Masker
from guard.types import Telemetry

JVM = """2026-01-01 10:00:00
Full thread dump OpenJDK 64-Bit Server VM (17.0.1):

"Finalizer" #3 daemon prio=8 os_prio=0
	at java.lang.Object.wait(java.base@17/Native Method)

"main" #1 prio=5 os_prio=0 cpu=41.46ms elapsed=3.1s tid=0x1 nid=0x1 in Object.wait()
   java.lang.Thread.State: WAITING (on object monitor)
	at java.lang.Object.wait(java.base@17/Native Method)
	- waiting on <0x000000069ec18720> (a java.lang.Object)
	at shop.Cart.total(Cart.java:12)
	at shop.Main.main(Main.java:3)

"GC Thread#0" os_prio=0
"""
PY_SPY = """Process 7: python3 -m shop
Python v3.11.7 (/usr/bin/python3)

Thread 7 (idle): "MainThread"
    wait (threading.py:320)
    total (shop/cart.py:12)
    <module> (shop/__main__.py:3)
Thread 8 (active): "worker"
    work (shop/worker.py:9)
"""
NODE = "open: tcp connected to 10.0.0.1:5432\nopen: timer due in 900 ms"


@pytest.mark.parametrize(
    ("dump", "where"),
    [
        (JVM, "shop.Cart.total(Cart.java:12)"),
        (PY_SPY, "total (shop/cart.py:12)"),
        (NODE, "its event loop, with tcp connected to 10.0.0.1:5432, timer due in 900 ms"),
    ],
)
def test_the_programs_own_frame_is_named(dump: str, where: str) -> None:
    found = evidence(Telemetry(dumps=("x (7) sleeps: x", f"x (7):\n{dump}")), Masker())
    assert [one.text for one in found] == ["x (7) sleeps: x", f"x (7) stands at {where}"]
    assert {one.line for one in found} == {0}


def test_a_secret_on_a_command_line_is_masked() -> None:
    masker = Masker.from_environment({"DB_PASSWORD": "sesame-open"}, ())
    (line,) = evidence(Telemetry(dumps=("psql (7) sleeps: psql --password=sesame-open",)), masker)
    assert "sesame-open" not in line.text


def test_nothing_was_dumped() -> None:
    assert evidence(Telemetry(), Masker()) == ()
