# SPDX-License-Identifier: GPL-2.0-or-later
"""Libraries that a task needs: they are imported on demand, because QGIS starts without any of them."""

from __future__ import annotations

from ..core.base.errors import NEVER_CANCELLED, Cancellation, SanxianError
from ..core.cli.doctor.libraries import (
    Library,
    describe_libraries,
    describe_library_installation,
    list_unusable_libraries,
    load_requirements,
)
from ..core.standard.messages.texts import Texts
from .settings import get_interface_language


class MissingLibraries(SanxianError):
    """Error for missing libraries that a check needs."""


def require_libraries(cancellation: Cancellation = NEVER_CANCELLED) -> None:
    """Raise MissingLibraries if a check cannot run here.

    The error contains missing libraries and remedy. The first call loads the libraries, which takes a moment; it can be
    cancelled between two of them.
    """
    missing_libraries: list[Library] = []
    for name in load_requirements().required_libraries:
        cancellation.raise_if_cancelled()
        missing_libraries += list_unusable_libraries((name,))
    if missing_libraries:
        texts = Texts(get_interface_language())
        raise MissingLibraries(
            "environment_lacking",
            libraries=describe_libraries(missing_libraries, texts),
            remedy=describe_library_installation(texts),
        )
