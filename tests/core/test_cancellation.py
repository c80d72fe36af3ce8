# SPDX-License-Identifier: GPL-2.0-or-later
"""A request to cancel: asked anew at every step."""

import pytest

from plugin.core.cancellation import NEVER, Cancellation
from plugin.core.errors import Cancelled


def test_a_cancellation_raises_once_the_user_has_asked():
    answers = iter([False, False, True, True])
    cancellation = Cancellation(lambda: next(answers))
    assert not cancellation.is_cancelled
    cancellation.raise_if_cancelled()
    assert cancellation.is_cancelled
    with pytest.raises(Cancelled):
        cancellation.raise_if_cancelled()


def test_never_runs_to_the_end():
    NEVER.raise_if_cancelled()
    assert not NEVER.is_cancelled


def test_an_error_of_the_question_is_no_cancel():
    with pytest.raises(ZeroDivisionError):
        Cancellation(lambda: bool(1 / 0)).raise_if_cancelled()
