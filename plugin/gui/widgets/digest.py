# SPDX-License-Identifier: GPL-2.0-or-later
"""What a digest (校验值) is, in the words of the dialogs that show one."""

from __future__ import annotations

from ...bridge.texts import tr


def explain_digest() -> str:
    """Return a sentence that explains what a SHA-256 digest is and what it is for."""
    return tr(
        "A digest is computed from the whole contents of a file and differs after the change of a single byte. Note it "
        "down: if it is computed again later and is equal, the file was not changed."
    )
