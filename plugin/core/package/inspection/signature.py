# SPDX-License-Identifier: GPL-2.0-or-later
"""Signature files beside the manifest, made by other tools: detect them, never verify them."""

from __future__ import annotations

from collections.abc import Iterable

from ...files.digests import MANIFEST

#: How files of detached signatures end: CMS (RFC 5652), OpenPGP (RFC 9580), SM2 (GM/T 0009, 0010) and what tools call them.
SUFFIXES = (
    ".p7s",
    ".p7b",
    ".p7m",
    ".p7",
    ".sig",
    ".sign",
    ".sgn",
    ".asc",
    ".gpg",
    ".sm2",
    ".sm2sig",
    ".cms",
    ".tsr",
    ".tst",
    ".ofd",
)


def is_signature(path: str) -> bool:
    """Return True if a path in the package is a signature of the manifest, such as manifest.json.p7s or manifest.p7s."""
    low = path.lower()
    stems = (MANIFEST, MANIFEST.removesuffix(".json"))
    return any(low == f"{stem}{suffix}" for stem in stems for suffix in SUFFIXES)


def signatures(paths: Iterable[str]) -> list[str]:
    return sorted(path for path in paths if is_signature(path))
