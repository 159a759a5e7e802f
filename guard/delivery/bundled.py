"""`__main__` of guard.pyz: guard's modules from bytecode for this Python, in two pieces: for a pass, and the rest.

The archive's own import (zipimport) reads each module's source and compiles it: that stays the way for a Python
that the archive holds no bytecode for. Kept readable by old versions of Python.
"""

import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any
    from zipimport import zipimporter

# What importlib itself uses; importing it by its public name would cost milliseconds.
_BOOTSTRAP = sys.modules["_frozen_importlib_external"]


class Bundle:
    """Finds and loads `guard` from the archive's bytecode (the protocols of importlib: finder and loader)."""

    def __init__(self, archive: str, importer: "zipimporter") -> None:
        """`importer`: the zipimporter of the archive. Raises OSError where there is no bytecode for this Python."""
        self._archive = archive
        self._importer = importer
        self._rest = False
        self._modules = self._piece("pass")

    def _piece(self, name: str) -> "dict[str, tuple[bool, bytes]]":
        """Module name -> (is a package, its code)."""
        path = "bytecode/%s-%d.%d/%s" % (sys.implementation.name, *sys.version_info[:2], name)  # noqa: UP031
        data = self._importer.get_data(path)
        magic = _BOOTSTRAP.MAGIC_NUMBER
        if data[: len(magic)] != magic:
            # A Python of the same number before its release has other bytecode.
            raise OSError("bytecode of another Python")
        found: dict[str, tuple[bool, bytes]] = marshal.loads(memoryview(data)[len(magic) :])
        return found

    def find_spec(self, name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        """The spec of a module of guard; None for all others."""
        if name not in self._modules:
            if self._rest or not name.startswith("guard."):
                return None
            self._rest = True
            self._modules.update(self._piece("rest"))
            if name not in self._modules:
                return None
        packaged = self._modules[name][0]
        kind: Any = type(sys.__spec__)
        spec: ModuleSpec = kind(name, self, origin=self._file(name, packaged), is_package=packaged)
        spec.has_location = True
        if packaged:
            spec.submodule_search_locations = [self._folder(name)]
        return spec

    def _folder(self, name: str) -> str:
        return str(_BOOTSTRAP.path_sep).join((self._archive, *name.split(".")))

    def _file(self, name: str, packaged: bool) -> str:
        return self._folder(name + ".__init__" if packaged else name) + ".py"

    def create_module(self, spec: "ModuleSpec") -> None:
        """The usual module."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code in it."""
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> "CodeType":
        """The code of a module."""
        code: CodeType = marshal.loads(self._modules[name][1])
        return code

    def get_source(self, name: str) -> str:
        """The source of a module: what a traceback shows."""
        return self._importer.get_data(self._file(name, self._modules[name][0])).decode()

    def is_package(self, name: str) -> bool:
        """Whether a module is a package."""
        return self._modules[name][0]

    def get_data(self, path: str) -> bytes:
        """The content of a file of the archive. Raises OSError."""
        return self._importer.get_data(path)


def main(archive: str, importer: "zipimporter") -> None:
    """Run guard from the archive; what it carries of other packages comes after the standard library."""
    try:
        sys.meta_path.insert(0, Bundle(archive, importer))
    except OSError:
        pass
    sys.path.append(archive + "/vendor")
    from guard.launch import main as launch

    launch(archive)


if __name__ == "__main__":
    main(sys.path[0], __loader__)  # type: ignore[name-defined]
