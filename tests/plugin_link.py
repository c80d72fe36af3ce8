# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders through which the QGIS programs of the tests find the plugin."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def link_plugin(name: str) -> Path:
    """Return a plugin folder of QGIS with a link to this checkout, in the build folder.

    It is the same in each run: Python stores bytecode by the path of a module, and each QGIS with a new path would
    compile the whole plugin again.
    """
    folder = Path(os.environ.get("SANXIAN_BUILD", ROOT / "build")) / "plugins of tests" / name
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "sanxian"
    if not link.is_symlink() or link.resolve() != ROOT:
        # Another process may make the same link at the same time: the last one replaces it.
        scratch = folder / f"sanxian-{os.getpid()}"
        scratch.unlink(missing_ok=True)
        scratch.symlink_to(ROOT, target_is_directory=True)
        scratch.replace(link)
    return folder
