from __future__ import annotations

import pytest

from guard.frameworks.options import chosen

FLAGS, VALUED = {"-v", "--all"}, {"-c", "--order"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("-v -c x a b", (("-v", "-c", "x"), ("a", "b"))),
        ("--order=rand a --all", (("--order=rand", "--all"), ("a",))),
        ("", ((), ())),
        ("a --stop", "--stop"),
        ("a -c", "-c"),
        ("--all=1", "--all=1"),
        ("-vx", "-vx"),
    ],
)
def test_options_values_and_names(words: str, told: object) -> None:
    assert chosen(words.split(), FLAGS, VALUED) == told
