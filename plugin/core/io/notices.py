# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reader is told beside the rows: of the encoding, and by the driver."""

from __future__ import annotations

import unicodedata
import warnings
from typing import Any

from ..files.encoding import Encoding


def encoding_notices(shown: str, encoding: Encoding | None) -> list[tuple[str, dict[str, Any]]]:
    """That the encoding of texts was found by looking at them, or is another than the file says."""
    if encoding is None or encoding.how in ("cpg", "none"):
        return []
    name = {"GB18030": "GBK"}.get(encoding.name, encoding.name)
    if encoding.declared:
        return [("notice_cpg_wrong", {"layer": shown, "declared": encoding.declared, "encoding": name})]
    return [("notice_encoding", {"layer": shown, "encoding": name})]


def driver_notices(shown: str, told: list[warnings.WarningMessage]) -> list[tuple[str, dict[str, Any]]]:
    """What the reader warned of, once each; what is reported elsewhere left out."""
    texts = dict.fromkeys(" ".join(str(w.message).split()) for w in told if "pyogrio" in w.filename)
    if not texts:
        return []
    notices: list[tuple[str, dict[str, Any]]] = []
    rest = []
    for text in texts:
        if "Measured (M)" in text:
            notices.append(("notice_measured", {"layer": shown}))
        elif "does not have any features" not in text:
            rest.append(text)
    if rest:
        notices.append(("notice_driver", {"layer": shown, "count": len(rest), "detail": _printable(rest[0])[:200]}))
    return notices


def _printable(text: str) -> str:
    """Text without control characters, for messages."""
    return "".join(c for c in text if unicodedata.category(c)[0] != "C")
