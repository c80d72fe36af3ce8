# SPDX-License-Identifier: GPL-2.0-or-later
"""The severity of a finding and the verdict of a report, in a module without imports so that screens load fast."""

from enum import StrEnum

#: The family of the rules that a standard or a profile declares as data; their codes are X, its id and a number.
DECLARED_FAMILY = "X"
RULE_FAMILIES = ("SCH", "GEO", "ATT", "TOP", "REL", "LAW", "DOC", "RUN", DECLARED_FAMILY)


class Verdict(StrEnum):
    """A report's verdict: 不通过 / 未完成 / 有条件通过 / 通过."""

    FAILED = "fail"
    INCOMPLETE = "incomplete"
    CONDITIONAL = "conditional"
    PASSED = "pass"


class Severity(StrEnum):
    """The severity of a finding: 错误 / 警告 / 提示."""

    ERROR = "ERROR"
    WARNING = "WARNING"
    INFO = "INFO"


def get_rule_family(code: str) -> str:
    """Return the family of a rule by its code; the first three letters for a code of no family."""
    return DECLARED_FAMILY if code.startswith(DECLARED_FAMILY) and "-" in code else code[:3]
