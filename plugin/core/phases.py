# SPDX-License-Identifier: GPL-2.0-or-later
"""The phase (阶段) of a plan: 编制, 公示 or 报批. Standard and profile may give a rule another severity in it.

The severity of a rule is the first that is said: by the profile for the phase, by its base …, by the standard for the phase;
by the profile, by its base …, by the standard; by the rule itself.
"""

from __future__ import annotations

from .errors import InputError

#: Ids, a promise to users, and the words of the offices.
PHASES = {"drafting": "编制", "publicity": "公示", "approval": "报批"}


def phase_of(text: str) -> str:
    """The id of a phase by id or Chinese name (编制, 编制阶段); empty for none. InputError names those there are."""
    wanted = text.strip().removesuffix("阶段")
    for phase, name in PHASES.items():
        if wanted.lower() == phase or wanted == name:
            return phase
    if wanted:
        known = "、".join(f"{phase}（{name}）" for phase, name in PHASES.items())
        raise InputError("phase_unknown", value=text, known=known)
    return ""
