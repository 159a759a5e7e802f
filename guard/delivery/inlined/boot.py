"""Read by `python3 -I -S -c` from guard.sh: reads guard from descriptor 3 and becomes it; what cannot start runs bare.

Arguments: this text, the text of bare.sh, guard's own words. Kept readable by old versions of Python.
"""

import os
import sys

NOWHERE = "/dev/null/pipeguard"
"""A folder that cannot be there."""


def bare(why: str) -> None:
    """Become the bare command; does not return."""
    os.execv("/bin/sh", ["sh", "-c", sys.argv[2], "sh", why] + sys.argv[3:])  # noqa: RUF005


def newer() -> None:
    """Become a newer Python where one is found by its name, else the bare command."""
    for minor in range(20, 9, -1):
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder, "python3.%d" % minor)  # noqa: UP031
            if os.path.isabs(folder) and os.access(path, os.X_OK):
                os.execv(path, [path, "-I", "-S", "-c", sys.argv[1]] + sys.argv[1:])  # noqa: RUF005
    bare("this python3 is %d.%d, guard wants 3.10 or newer" % sys.version_info[:2])  # noqa: UP031


class Held:
    """Finds and loads what a pass needs of guard from memory; the rest is unpacked, as an archive, when it is asked for.

    The protocols of importlib: finder and loader.
    """

    def __init__(self, modules, rest) -> None:  # type: ignore[no-untyped-def]
        """`modules`: name -> (is a package, text); `rest`: reads the archive and returns its path."""
        self.modules = modules
        self.rest = rest
        self.root = NOWHERE

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        """The spec of a module of guard or of what it carries; None for all others."""
        if name in self.modules:
            packaged = self.modules[name][0]
            place = self.root + "/" + name.replace(".", "/")
            file = place + ("/__init__.py" if packaged else ".py")
            spec = type(sys.__spec__)(name, self, origin=file, is_package=packaged)  # type: ignore[arg-type]
            spec.has_location = True
            if packaged:
                spec.submodule_search_locations = [place]
            return spec
        if self.rest is None or name.partition(".")[0] not in ("guard", "tenacity", "yaml"):
            return None
        rest, self.rest = self.rest, None
        try:
            self.root = rest()
        except Exception:
            return None
        self.moved()
        return sys.modules["_frozen_importlib_external"].PathFinder.find_spec(name, sys.path if path is None else path)

    def moved(self) -> None:
        """Where the rest was thought to be nowhere, it is in the archive now."""
        from zipimport import zipimporter

        for name in self.modules:
            loaded = sys.modules.get(name)
            if loaded is not None and hasattr(loaded, "__path__"):
                loaded.__path__[:] = [self.root + "/" + name.replace(".", "/")]
        # Files that travel beside the modules are asked of the package's loader.
        sys.modules["guard"].__spec__.loader = zipimporter(self.root)  # type: ignore[union-attr]
        sys.path[:] = [entry for entry in sys.path if entry != NOWHERE + "/vendor"] + [self.root + "/vendor"]

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        """The usual module."""

    def exec_module(self, module):  # type: ignore[no-untyped-def]
        """Run a module's code in it."""
        exec(compile(self.modules[module.__name__][1], module.__file__, "exec", dont_inherit=True), module.__dict__)


def held() -> Held:
    """What descriptor 3 holds: the first part read, the second left for later. Raises OSError, ValueError, ImportError, zlib.error."""
    text = b""
    while b"\n-\n" not in text:
        piece = os.read(3, 1 << 17)
        if not piece:
            raise ValueError("no end of the first part")
        text += piece
    os.set_inheritable(3, False)
    first, _, begun = text.partition(b"\n-\n")
    import binascii
    import marshal
    import zlib

    return Held(marshal.loads(zlib.decompress(binascii.a2b_base64(first))), lambda: unpacked(begun))


def unpacked(text: bytes) -> str:
    """The path of the archive. Raises OSError, ValueError, ImportError, LZMAError."""
    while True:
        piece = os.read(3, 1 << 20)
        if not piece:
            break
        text += piece
    os.close(3)
    import binascii
    import lzma

    data = lzma.decompress(binascii.a2b_base64(text))
    try:
        return in_memory(data)
    except (OSError, AttributeError):
        return in_folder(data)


def in_memory(data: bytes) -> str:
    """The path of a file that is gone with this process, however it ends (Linux). Raises OSError, AttributeError."""
    descriptor = os.memfd_create("pipeguard")
    path = "/proc/self/fd/%d" % descriptor  # noqa: UP031
    with open(path, "wb") as file:
        file.write(data)
    return path


def in_folder(data: bytes) -> str:
    """The path of a file where there is room. Raises OSError."""
    problem = OSError("no folder to write to")
    for folder in (os.environ.get("TMPDIR", ""), "/tmp", "/var/tmp", "/dev/shm", os.getcwd()):
        if not os.path.isabs(folder):
            continue
        path = os.path.join(folder, "pipeguard-%s.pyz" % os.urandom(8).hex())  # noqa: UP031
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
        except OSError as error:
            problem = error
            remove(path)
            continue
        import atexit

        atexit.register(remove, path)
        return path
    raise problem


def remove(path: str) -> None:
    """Delete the archive, if it is there."""
    try:
        os.unlink(path)
    except OSError:
        pass


def start() -> None:
    """Become guard; does not return."""
    if sys.version_info < (3, 10):  # noqa: UP036
        newer()
    try:
        sys.meta_path.insert(0, held())
        from guard.launch import main
    except Exception as error:
        bare("guard could not be unpacked (%s)" % type(error).__name__)  # noqa: UP031
    sys.argv = ["guard"] + sys.argv[3:]  # noqa: RUF005
    main(NOWHERE)


if __name__ == "__main__":
    start()
