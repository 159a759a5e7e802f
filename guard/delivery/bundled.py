"""What guard.pyz starts with: guard's modules from the archive's bytecode for this Python, else from its sources.

Bytecode lies in two pieces, what a pass needs and the rest, and the sources in one: a start reads little and looks at few
names. Kept readable by old versions of Python, which learn here that they are too old.
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
    """Finds and loads `guard` (the protocols of importlib: finder and loader)."""

    def __init__(self, archive: str, importer: "zipimporter", bytecode: str) -> None:
        """`importer`: the zipimporter of the archive; `bytecode`: the folder for this Python, "" where there is none."""
        self._archive = archive
        self._importer = importer
        self._bytecode = bytecode
        self._whole = not bytecode
        self._modules = self._piece("pass") if bytecode else self._sources()

    def _piece(self, name: str) -> "dict[str, tuple[bool, bytes]]":
        """Module name -> (is a package, its code)."""
        data = self._importer.get_data(self._bytecode + name)
        found: dict[str, tuple[bool, bytes]] = marshal.loads(memoryview(data)[len(_BOOTSTRAP.MAGIC_NUMBER) :])
        return found

    def _sources(self) -> "dict[str, tuple[bool, bytes]]":
        """Module name -> (is a package, its text)."""
        found: dict[str, tuple[bool, bytes]] = marshal.loads(self._importer.get_data("source"))
        return found

    def find_spec(self, name: str, path: object = None, target: object = None) -> "ModuleSpec | None":
        """The spec of a module of guard; None for all others."""
        if name not in self._modules:
            if self._whole or not name.startswith("guard."):
                return None
            self._whole = True
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
        packaged, content = self._modules[name]
        code: CodeType
        if self._bytecode:
            code = marshal.loads(content)
        else:
            code = compile(content, self._file(name, packaged), "exec", dont_inherit=True)
        return code

    def get_source(self, name: str) -> str:
        """The source of a module: what a traceback shows."""
        return self._sources()[name][1].decode()

    def is_package(self, name: str) -> bool:
        """Whether a module is a package."""
        return self._modules[name][0]

    def get_data(self, path: str) -> bytes:
        """The content of a file of the archive. Raises OSError."""
        return self._importer.get_data(path)


def main(archive: str, importer: "zipimporter", bytecode: str) -> None:
    """Run guard from the archive; what it carries of other packages comes after the standard library."""
    sys.meta_path.insert(0, Bundle(archive, importer, bytecode))
    sys.path.append(archive + "/vendor")
    from guard.launch import main as launch

    launch(archive)
