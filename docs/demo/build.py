"""Bundle many small modules into one archive, all inputs open at once, as linkers and bundlers do."""

from __future__ import annotations

import contextlib
import pathlib
import sys
import zipfile

folder = pathlib.Path(sys.argv[1])
sources = folder / "src"
sources.mkdir(parents=True, exist_ok=True)
for number in range(200):
    (sources / f"module_{number:03d}.py").write_text(f"VALUE = {number}\n")
print(f"bundling {len(list(sources.iterdir()))} modules")
with contextlib.ExitStack() as stack:
    inputs = [stack.enter_context(path.open("rb")) for path in sorted(sources.iterdir())]
    with zipfile.ZipFile(folder / "bundle.zip", "w") as bundle:
        for file in inputs:
            bundle.writestr(pathlib.Path(file.name).name, file.read())
print(f"wrote {folder / 'bundle.zip'}")
