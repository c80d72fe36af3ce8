# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict of a report, in a module without imports so that screens load fast."""

from enum import StrEnum


class Verdict(StrEnum):
    """A report's verdict: 不通过 / 未完成 / 有条件通过 / 通过."""

    FAILED = "fail"
    INCOMPLETE = "incomplete"
    CONDITIONAL = "conditional"
    PASSED = "pass"
