# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile i18n/*.ts to .qm, into a package folder or next to the sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

LRELEASE_PROGRAMS = (
    "lrelease",
    "/usr/lib/qt5/bin/lrelease",
    "/usr/lib/qt6/bin/lrelease",
    "lrelease-qt5",
    "lrelease-qt6",
)
ROOT = Path(__file__).resolve().parent.parent


def find_lrelease() -> str | None:
    """Return the path of a working lrelease, Qt's compiler of translations; None without one."""
    for name in filter(None, (os.environ.get("LRELEASE"), *LRELEASE_PROGRAMS)):
        found = shutil.which(name)  # Debian's wrapper may exist without its program
        if found and subprocess.run([found, "-version"], capture_output=True, check=False).returncode == 0:
            return found
    return None


def compile_translations(sources: list[Path], folder: Path) -> list[Path]:
    """Compile .ts files to .qm files in a folder; return the paths of the .qm files.

    Exit with a message if lrelease is missing.
    """
    if not sources:
        return []
    tool = find_lrelease()
    if tool is None:
        sys.exit(
            "没有 lrelease，无法编译界面翻译 · lrelease is missing, translations cannot be compiled.\n"
            "  Debian: apt-get install qttools5-dev-tools"
        )
    compiled = []
    for source in sources:
        target = folder / source.with_suffix(".qm").name
        # Replace the file, because QGIS from the checkout maps it: overwriting in place would cause a bus error.
        new = target.with_suffix(f".{os.getpid()}.qm")
        subprocess.run([tool, "-silent", str(source), "-qm", str(new)], check=True)
        new.replace(target)
        compiled.append(target)
    return compiled


if __name__ == "__main__":
    compile_translations(sorted((ROOT / "i18n").glob("*.ts")), ROOT / "i18n")
