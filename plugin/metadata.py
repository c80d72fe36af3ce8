# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the plugin's metadata.txt, without any library."""

from __future__ import annotations

from .paths import METADATA_FILE


def read_plugin_version() -> str:
    """Return the version in metadata.txt, or an empty string."""
    for line in METADATA_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("version="):
            return line.removeprefix("version=").strip()
    return ""
