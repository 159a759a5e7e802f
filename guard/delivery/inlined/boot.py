"""Read by `python3 -I -S -c` from guard.sh: unpacks guard from descriptor 3 and becomes it; what cannot start runs bare.

Arguments: this text, the text of bare.sh, guard's own words. Kept readable by old versions of Python.
"""

import os
import sys


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


def unpacked() -> str:
    """The path of the archive, written where there is room. Raises OSError, ValueError, ImportError, LZMAError."""
    text = b""
    while True:
        piece = os.read(3, 1 << 20)
        if not piece:
            break
        text += piece
    os.close(3)
    import binascii
    import lzma

    data = lzma.decompress(binascii.a2b_base64(text))
    problem = OSError("no folder to write to")
    for folder in (os.environ.get("TMPDIR", ""), "/tmp", "/var/tmp", "/dev/shm", os.getcwd()):
        if not os.path.isabs(folder):
            continue
        path = os.path.join(folder, "pipeguard-%s.pyz" % os.urandom(8).hex())  # noqa: UP031
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            return path
        except OSError as error:
            problem = error
            remove(path)
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
    path = ""
    try:
        path = unpacked()
        sys.path.insert(0, path)
        from guard.launch import main

        sys.path.remove(path)
    except Exception as error:
        remove(path)
        bare("guard could not be unpacked (%s)" % type(error).__name__)  # noqa: UP031
    import atexit

    atexit.register(remove, path)
    sys.path.append(path + "/vendor")
    sys.argv = ["guard"] + sys.argv[3:]  # noqa: RUF005
    main(path)


if __name__ == "__main__":
    start()
