"""`__main__` of guard.pyz, compiled anew on each start and therefore short: loads `delivery.bundled`, which does the rest."""

import marshal
import sys

bytecode = "bytecode/%s-%d.%d/" % ((sys.implementation.name,) + sys.version_info[:2])  # noqa: RUF005, UP031
try:
    piece = __loader__.get_data(bytecode + "start")  # type: ignore[name-defined]
    magic = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER
    if piece[: len(magic)] != magic:
        # A Python of the same number before its release has other bytecode.
        raise OSError
    code = marshal.loads(piece[len(magic) :])
except OSError:
    bytecode = ""
    sources = marshal.loads(__loader__.get_data("source"))  # type: ignore[name-defined]
    code = compile(sources["guard.delivery.bundled"][1], "guard.pyz/guard/delivery/bundled.py", "exec")
names = {"__name__": "guard.delivery.bundled"}
exec(code, names)
names["main"](sys.path[0], __loader__, bytecode)  # type: ignore[name-defined,operator]
