# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts without folders and user name of this machine, for results that are sent to others."""

from __future__ import annotations

from pathlib import Path

from .texts import strip_folders


def hide_folders(text: str) -> str:
    """Return a text without the home folder; other absolute paths are cut to the file name."""
    return strip_folders(text.replace(str(Path.home()), ""))


def describe_exception(error: Exception) -> str:
    """Return type and message of an error without folders."""
    return hide_folders(f"{type(error).__name__}: {error}")
