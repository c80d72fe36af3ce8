# SPDX-License-Identifier: GPL-2.0-or-later
"""What a waiver says of itself, as rows of the detail pane."""

from __future__ import annotations

from typing import Any

from ...bridge.texts import tr
from ..widgets.look import state_word
from .waive_button import why_not, withdrawable


def state_text(finding: Any) -> str:
    """Waived or to do; and why it cannot be waived, where it cannot."""
    word, why = state_word(finding.state), why_not(finding)
    known = finding.state == "waived" or withdrawable(finding)
    return word if known or not why else tr("{state}. {why}").format(state=word, why=why)


def rows(finding: Any) -> list[tuple[str, str]]:
    """(label, text) of the waiver behind a finding; empty without one."""
    said = finding.params.get("waiver")
    if not said:
        return []
    who = tr("{author}, {date}").format(author=said["author"], date=said["date"])
    until = tr("until {date}").format(date=said["until"]) if said["until"] else tr("without an end")
    document = said["document"]
    if said["attachment"]:
        document = tr("{document} (attachment {name})").format(document=document, name=said["attachment"])
    return [
        (tr("Reason"), said["reason"]),
        (tr("Document"), document),
        (tr("Accepted by"), tr("{who}, {until}").format(who=who, until=until)),
    ]
