"""A package that guard was started without: lent by this Python's own folders, or by what guard keeps for itself."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from importlib.machinery import PathFinder

from guard.delivery import private_folders
from guard.delivery.provision import Fetching, NotFetched

VARIABLE = "PIPEGUARD_PROVISION"


def wanted(env: Mapping[str, str]) -> bool:
    """Whether guard may fetch what it lacks: `on` in PIPEGUARD_PROVISION; nothing is fetched by default."""
    return env.get(VARIABLE, "").strip().lower() == "on"


def lend(package: str, purpose: str, env: Mapping[str, str]) -> str:
    """Import a package from the first folder that has it, so that `import` finds it; else why it is not to be had.

    The folder is on the path for this one import, after the standard library: nothing else of it gets in.
    """
    kept = private_folders.finished(purpose, env)
    for folder in (*own_folders(), *((str(kept),) if kept is not None else ())):
        if _imported(package, folder):
            return ""
    if not wanted(env):
        return f"{package} is not installed ({VARIABLE}=on fetches it)"
    try:
        folder = str(Fetching(purpose, env).wait(lambda: False))
    except NotFetched as error:
        return f"{package} is not installed, and {error}"
    return "" if _imported(package, folder) else f"{package} cannot be imported"


def own_folders() -> tuple[str, ...]:
    """Where this Python itself keeps packages (of a virtual environment, its own): not the user's, nor PYTHONPATH's."""
    import site

    prefixes, more = [sys.prefix], []
    environment = os.path.dirname(os.path.dirname(sys.executable))
    if os.path.isfile(os.path.join(environment, "pyvenv.cfg")):
        prefixes = [environment]
        # Debian's Python answers with the folders of its packages where it does not see that it is a virtual one, as with -S.
        more = [os.path.join(environment, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")]
    return tuple(folder for folder in dict.fromkeys((*site.getsitepackages(prefixes), *more)) if os.path.isdir(folder))


def _imported(package: str, folder: str) -> bool:
    found = PathFinder.find_spec(package, [folder])
    if found is None or found.loader is None:
        return False
    sys.path.append(folder)
    try:
        importlib.import_module(package)
    except Exception:
        # A package that is broken is as good as none; the next folder may have a better one.
        for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
            del sys.modules[name]
        return False
    finally:
        sys.path.remove(folder)
    return True
