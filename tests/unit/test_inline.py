"""Guard as text between the marks of a skin."""

from __future__ import annotations

import base64
import io
import lzma
import marshal
import re
import zipfile
import zlib

import pytest

from guard.delivery import inline
from guard.errors import GuardError

MEMBERS = {
    "guard/__init__.py": b"VERSION = 1\n", "guard/it's.py": b"'quoted'\n" * 1000, "guard/data.json": b"{}", "guard/sub/__init__.py": b"", "guard/sub/late.py": b"",
}  # fmt: skip
FIRST = {"guard", "guard.sub", "guard.unknown", "os"}


def test_the_payload_is_what_a_pass_needs_and_the_archive_of_the_rest() -> None:
    text = inline.function(MEMBERS, FIRST)
    payload = re.search(r"pipeguard_payload='([^']*)'\n", text)
    assert payload
    first, rest = payload[1].split(f"\n{inline.PARTED}\n")
    assert marshal.loads(zlib.decompress(base64.b64decode(first))) == {"guard": (True, b"VERSION = 1\n"), "guard.sub": (True, b"")}
    archive = zipfile.ZipFile(io.BytesIO(lzma.decompress(base64.b64decode(rest))))
    assert {name: archive.read(name) for name in archive.namelist()} == {
        name: MEMBERS[name] for name in ("guard/it's.py", "guard/data.json", "guard/sub/late.py")
    }
    assert text == inline.function(dict(reversed(MEMBERS.items())), FIRST)
    assert max(map(len, text.splitlines())) <= 4100


def test_it_is_written_as_deep_as_its_marks() -> None:
    skin = f"a:\n  - |\n    before\n    {inline.BEGIN}\n    old\n    {inline.END}\n    after\n"
    made = inline.inlined(skin, "one\n\n  two\n")
    assert made == f"a:\n  - |\n    before\n    {inline.BEGIN}\n    one\n\n      two\n    {inline.END}\n    after\n"
    assert inline.inlined(made, "one\n\n  two\n") == made


@pytest.mark.parametrize("text", ["", inline.BEGIN, f"{inline.END}\n{inline.BEGIN}", f"{inline.BEGIN}\n{inline.END}\n{inline.END}"])
def test_a_skin_without_marks_is_an_error(text: str) -> None:
    with pytest.raises(GuardError, match="no lines"):
        inline.inlined(text, "x")
