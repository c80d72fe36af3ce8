# SPDX-License-Identifier: GPL-2.0-or-later
"""Is a file a VCT 3.0 one? Told by its first lines, on the main thread and without the geometry libraries."""

from __future__ import annotations

#: Comments may come before the header.
_BYTES = 8192


def is_vct(path: str) -> bool:
    """Does it begin as GB/T 17798 has it? False for what cannot be read, too: then it is not ours."""
    try:
        with open(path, "rb") as file:
            start = file.read(_BYTES)
    except OSError:
        return False
    lines = start.removeprefix(b"\xef\xbb\xbf").splitlines()
    return any(line.strip().lower() == b"headbegin" for line in lines)
