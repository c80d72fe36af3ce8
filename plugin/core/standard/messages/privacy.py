# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts without folders and user name of this machine, for results that are sent to others."""

from __future__ import annotations

import re
from pathlib import Path

from ...base.connection_text import mask_connections

_NAME = r"[^\\/:*?\"<>|\s“”'，。；]+"
#: Words of a name with spaces; a word with a suffix ends the path.
_SPACED_NAME = rf"(?:(?!\S*\.[A-Za-z]{{2,5}}\s){_NAME} ){{0,7}}{_NAME}"
_ROOTS = (
    r"(?:home|Users|mnt|media|data|tmp|var|opt|srv|root|etc|usr|run|work|share|storage|nas|Volumes|private|export|net)"
)
#: The folders of an absolute path, up to its last separator: messages and reports may show names of files, but no
#: folders of this machine. Chinese texts have no space before a path. There “/” also separates words, so a path begins
#: with a known folder. Separators are doubled where an error quotes a path.
FOLDER = re.compile(
    r"(?<![A-Za-z0-9_.:/\\])(?:"
    r"[A-Za-z]:[\\/]+(?:[^\\/:*?\"<>|\n“”'，。；]+[\\/]+)*"
    r"|\\\\+(?:[^\\/:*?\"<>|\n“”'，。；]+\\+)+"
    r"|file:/+(?:[^/\s]+/)*"
    rf"|/{_ROOTS}/(?:{_SPACED_NAME}/)*"
    rf"|(?<!\w)/(?:{_SPACED_NAME}/)+)"
)


def strip_folders(text: str) -> str:
    """Return a text with absolute paths cut to the file name, and connections without user and password.

    Reports are passed on; the folders of this machine are not.
    """
    return FOLDER.sub("", mask_connections(text))


def describe_exception(error: Exception) -> str:
    """Return type and message of an error without folders."""
    return strip_folders(f"{type(error).__name__}: {error}".replace(str(Path.home()), ""))
