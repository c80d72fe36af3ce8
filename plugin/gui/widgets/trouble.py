# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors as sentences with a remedy, wherever the desktop tells of one."""

from __future__ import annotations

from ...bridge import settings
from ...bridge.running.tasks import log_error
from ...bridge.texts import tr
from ...core.errors import SanxianError


def explain(error: SanxianError | ImportError) -> str:
    """An error as a sentence with its remedy."""
    if isinstance(error, SanxianError):
        from ...core.messages.texts import Texts

        return Texts(settings.interface_language()).explain(error)
    text = tr("Not started: {name} is missing. All else works; see Environment Check.")
    return text.format(name=error.name or error)


def told(error: Exception, unforeseen: str) -> str:
    """As `explain`; an error that nobody foresaw goes to the log with its trace, and is told by ``unforeseen``: what did not
    come about, with ``{error}``."""
    if isinstance(error, SanxianError | ImportError):
        return explain(error)
    log_error(error)
    return unforeseen.format(error=type(error).__name__)
