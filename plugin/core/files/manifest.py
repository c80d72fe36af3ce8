# SPDX-License-Identifier: GPL-2.0-or-later
"""What the manifest in a package's folder tells, when it is one that can be believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeGuard

from .data import DoubledNameError, strict_json
from .digests import MANIFEST, SCHEMA, is_later, is_link, sha256, told_digest

#: What becomes of a manifest: as it was written, not there, none that can be read, altered since, of a later version; with a
#: name twice, which only who looks for it is told (`doubled_manifest`): for others it is damaged.
OK, MISSING, DAMAGED, CHANGED, LATER, DOUBLED = "ok", "missing", "damaged", "changed", "later", "doubled"
#: What is asked of its rows. Maps came later than the rest; a manifest without them is whole.
_ROWS: dict[str, dict[str, type]] = {
    "files": {"path": str, "sha256": str},
    "layers": {"layer": str, "file": str, "features": int},
    "maps": {"file": str, "origin": str},
}


def told_manifest(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """The manifest of a package's folder and its state; None in a state other than OK and CHANGED."""
    path = folder / MANIFEST
    if not path.is_file() or is_link(path):
        return None, MISSING
    try:
        manifest = strict_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None, DAMAGED
    if isinstance(manifest, dict) and is_later(manifest.get("schema")):
        return None, LATER
    if not _is_whole(manifest):
        return None, DAMAGED
    return manifest, OK if told_digest(folder) == sha256(path) else CHANGED


def doubled_manifest(folder: Path) -> tuple[dict[str, Any] | None, str]:
    """A manifest in which a name stands twice, with the last value as most programs read it, and the name; None for another."""
    try:
        text = (folder / MANIFEST).read_text(encoding="utf-8")
        strict_json(text)
    except DoubledNameError as error:
        manifest = json.loads(text)
        return (manifest, error.name) if _is_whole(manifest) else (None, "")
    except (OSError, ValueError, RecursionError):
        return None, ""
    return None, ""


def _is_whole(manifest: object) -> bool:
    if not _has(manifest, {"schema": str, "check": dict, "files": list, "layers": list}):
        return False
    manifest = {"maps": [], **manifest}
    if manifest["schema"] != SCHEMA or not manifest["check"] or not isinstance(manifest["maps"], list):
        return False
    return all(_has(row, kinds) for part, kinds in _ROWS.items() for row in manifest[part])


def _has(row: object, kinds: dict[str, type]) -> TypeGuard[dict[str, Any]]:
    return isinstance(row, dict) and all(isinstance(row.get(key), kind) for key, kind in kinds.items())
