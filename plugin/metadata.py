# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's own metadata.txt, read without any library."""

from __future__ import annotations

from .paths import METADATA


def plugin_version() -> str:
    """Return the version that metadata.txt states; empty where it states none."""
    for line in METADATA.read_text(encoding="utf-8").splitlines():
        if line.startswith("version="):
            return line.removeprefix("version=").strip()
    return ""
