# SPDX-License-Identifier: GPL-2.0-or-later
"""Digest of the files from which the plugin makes pages and tables.

It shows whether two builds of one development version (-dev) make the same pages.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from ...paths import REPORT_TEMPLATES_FOLDER, STANDARDS_FOLDER, TEXTS_FOLDER

_CORE_FOLDER = Path(__file__).resolve().parent.parent
#: Code that fills the templates and lays out the tables.
_PYTHON_FOLDERS = (_CORE_FOLDER / "render", _CORE_FOLDER / "figures" / "indicators")
_SINGLE_MODULES = (
    "engine/provenance.py",
    "standard/messages/texts.py",
    "model/indicator.py",
    "model/findings.py",
    "package/page.py",
    "standard/indicator_catalogue.py",
    "checks/tabulate.py",
)


@cache
def compute_generator_digest() -> str:
    """Return the SHA-256 of the files that determine pages and tables.

    These are templates, texts, standards (names and citations) and the code that fills them.
    """
    digest = hashlib.sha256()
    for path in _list_generator_files():
        # Line ends of a copy do not change the pages.
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _list_generator_files() -> list[Path]:
    """Return the sorted paths of the files that determine pages and tables."""
    paths = [p for p in REPORT_TEMPLATES_FOLDER.iterdir() if p.suffix in (".j2", ".css")]
    paths += [*TEXTS_FOLDER.glob("*.toml"), *STANDARDS_FOLDER.glob("*/standard.toml")]
    paths += [p for folder in _PYTHON_FOLDERS for p in folder.rglob("*.py")]
    paths += [_CORE_FOLDER / module for module in _SINGLE_MODULES]
    return sorted(paths, key=lambda path: path.as_posix())
