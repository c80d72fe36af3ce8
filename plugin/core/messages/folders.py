# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders in texts: of Windows (drives, shares), of Unix, and as file addresses."""

from __future__ import annotations

import re

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
