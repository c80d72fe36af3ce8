# SPDX-License-Identifier: GPL-2.0-or-later
"""Cancellation of a check at every step."""

import pytest

from plugin.core.base.errors import Cancellation, Cancelled


def test_cancellation_raises_after_it_was_requested():
    answers = iter([False, False, True, True])
    cancellation = Cancellation(lambda: next(answers))
    assert not cancellation.cancelled()
    cancellation.raise_if_cancelled()
    assert cancellation.cancelled()
    with pytest.raises(Cancelled):
        cancellation.raise_if_cancelled()


def test_error_raised_by_the_cancellation_callback_does_not_count_as_a_cancellation():
    with pytest.raises(ZeroDivisionError):
        Cancellation(lambda: bool(1 / 0)).raise_if_cancelled()
