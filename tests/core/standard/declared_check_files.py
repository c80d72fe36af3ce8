# SPDX-License-Identifier: GPL-2.0-or-later
"""Profiles with declared checks, written to a folder for tests."""

from __future__ import annotations

from pathlib import Path

from plugin.core.base.errors import DataError
from plugin.core.standard.options import RunOptions
from plugin.core.standard.profile import Norm, find_profile_problems

HEAD = """id = "own"
name = "某县"
area_code = "140225"
standard = "county_db"
"""
#: A check without conditions and examples: code, layer, mark and texts.
CHECK_START = """
[[check]]
code = "Xown-001"
layer = "CZKFBJ"
mark = "C"
source = "未见原文"
zh = { name = "要求", problem = "问题", why = "原因。", remedy = "请改正。" }
en = { name = "Requirement", problem = "Problem", why = "Reason.", remedy = "Correct it." }
"""


def write_profile(folder: Path, checks: str, head: str = HEAD) -> Path:
    """Write a profile with the text of its checks; return its path."""
    path = folder / "own.toml"
    path.write_text(head + checks, encoding="utf-8")
    return path


def load_norm(folder: Path, checks: str, head: str = HEAD) -> Norm:
    """Return the norm with a profile that has these checks."""
    return RunOptions(profile=str(write_profile(folder, checks, head))).resolve_norm()


def list_problems(folder: Path, checks: str, head: str = HEAD) -> list[DataError]:
    """Return the errors of a profile with these checks."""
    return find_profile_problems(write_profile(folder, checks, head))
