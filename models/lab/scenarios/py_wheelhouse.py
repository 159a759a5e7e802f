"""A folder of tiny wheels: what stands for a team's own packages, so that installs can go wrong without a registry."""

from __future__ import annotations

_MAKER = """
import pathlib, sys, zipfile
house = pathlib.Path("wheelhouse"); house.mkdir(exist_ok=True)
for word in sys.argv[1:]:
    head, _, requires = word.partition(":")
    head, _, python = head.partition("@")
    name, _, version = head.partition("==")
    module = name.replace("-", "_")
    meta = f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
    meta += "".join(f"Requires-Dist: {need}\\n" for need in requires.split(",") if need)
    meta += f"Requires-Python: {python}\\n" if python else ""
    info = f"{module}-{version}.dist-info"
    with zipfile.ZipFile(house / f"{module}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{module}/__init__.py", f"__version__ = {version!r}\\n" + "# padding\\n" * 300)
        wheel.writestr(f"{info}/METADATA", meta)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: lab\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
"""


def wheels(*packages: str) -> str:
    """A `prepare` that makes `name==version@python:need,need` wheels in ./wheelhouse."""
    words = " ".join(f"'{package}'" for package in packages)
    return f"python3 - {words} <<'MAKER'\n{_MAKER}MAKER\n"
