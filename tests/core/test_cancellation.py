# SPDX-License-Identifier: GPL-2.0-or-later
"""Cancellation, checked at every step."""

import pytest

from plugin.core.cancellation import NEVER, Cancellation
from plugin.core.errors import Cancelled


def test_cancellation_raises_after_the_request():
    answers = iter([False, False, True, True])
    cancellation = Cancellation(lambda: next(answers))
    assert not cancellation.is_cancelled
    cancellation.raise_if_cancelled()
    assert cancellation.is_cancelled
    with pytest.raises(Cancelled):
        cancellation.raise_if_cancelled()


def test_run_without_cancellation_finishes():
    NEVER.raise_if_cancelled()
    assert not NEVER.is_cancelled


def test_error_of_the_callback_is_not_a_cancellation():
    with pytest.raises(ZeroDivisionError):
        Cancellation(lambda: bool(1 / 0)).raise_if_cancelled()
