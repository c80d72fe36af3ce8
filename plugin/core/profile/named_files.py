# SPDX-License-Identifier: GPL-2.0-or-later
"""Find the data file that a setting of a profile or of a standard names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ...paths import PROFILES_FOLDER
from ..errors import DataError

if TYPE_CHECKING:
    from .norm import Norm


def find_file_of_standard(norm: Norm, setting: str) -> Path:
    """Return the file that a setting of the standard names. Raise DataError if it is missing."""
    name = str(norm.standard.settings[setting])
    folders = [one.folder for one in norm.standard.list_with_included_standards()]
    path = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if path is None:
        raise DataError("data_file_missing", file=str(norm.standard.folder / name))
    return path


def find_file_of_profile(norm: Norm, setting: str) -> Path | None:
    """Return the file that the profile or one of its bases names, relative to that profile; None if none names one.

    A profile that was copied from a shipped one may name the file of that one. Raise DataError if the file is missing.
    """
    for profile in norm.profile.list_base_profiles():
        if setting in profile.own_settings and profile.path is not None:
            name = str(profile.own_settings[setting])
            candidates = (profile.path.parent / name, PROFILES_FOLDER / name)
            path = next((one for one in candidates if one.is_file()), None)
            if path is None:
                raise DataError("data_file_missing", file=str(candidates[0]))
            return path
    return None
