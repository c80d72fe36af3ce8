# SPDX-License-Identifier: GPL-2.0-or-later
"""Texts of fixes in the user's language: titles, messages, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from ...paths import TEXTS_FOLDER
from ..base.files.data import read_toml
from ..standard.messages.texts import Texts, format_number, shorten_key
from ..standard.template import Template
from .fix_declaration import Fix
from .proposal import Proposal, Refusal

#: Parameters that are keys (BSM), shown by their tail.
_KEY_PARAMETERS = ("key", "other_key", "keys", "values", "candidates")


@cache
def _load_fixes_zh() -> dict[str, Any]:
    """Return the Chinese texts of fixes: code of a fix → its texts."""
    return read_toml(TEXTS_FOLDER / "fixes_zh.toml")


class FixTexts:
    """All sentences on fixes in one language (``zh`` or ``en``).

    ``templates``: layer code → template, from which the names of layers are taken.
    """

    def __init__(self, lang: str, templates: Mapping[str, Template]):
        self.lang = lang
        self._texts = Texts(lang)
        self._templates = templates

    def get_title(self, fix: Fix) -> str:
        """Return the title of a fix."""
        return str(_load_fixes_zh()[fix.code]["title"]) if self.lang == "zh" else fix.title

    def get_help(self, fix: Fix) -> dict[str, str]:
        """Return heading → text of the help of a fix."""
        headings = self._texts.get_section("fix_headings")
        if self.lang == "zh":
            source = _load_fixes_zh()[fix.code]
            return self._texts.add_setting_titles(
                {headings[key]: str(source[key]) for key in ("what", "safe", "limits")}
            )
        sections = fix.sections
        keys = {"what": "What it does", "safe": "When it is safe", "limits": "Limits"}
        return self._texts.add_setting_titles(
            {headings[key]: " ".join(sections[heading].split()) for key, heading in keys.items()}
        )

    def make_sentence(self, proposal: Proposal) -> str:
        """Return what a proposal does, as one sentence without a full stop."""
        fix, case = proposal.fix, proposal.edits.case
        text = _load_fixes_zh()[fix.code]["messages"][case] if self.lang == "zh" else fix.messages[case]
        return str(text).format(**self._format_params(proposal.edits.params))

    def explain_refusal(self, refusal: Refusal) -> str:
        """Return why a finding has no proposal."""
        return self._texts.get("fix_reasons", refusal.reason, **self._format_params(refusal.params))

    def list_doubts(self, proposal: Proposal) -> list[str]:
        """Return sentences on why a proposal is not safe; empty for a safe one."""
        return [self._texts.get("fix_doubts", key, **self._format_params(params)) for key, params in proposal.doubts]

    def describe_untried_rules(self, proposal: Proposal) -> str:
        """Return a sentence on the rules not tried with a proposal; empty without any."""
        return self.get("note_untried", rules=", ".join(proposal.untried_rules)) if proposal.untried_rules else ""

    def get_layer_name(self, role: str) -> str:
        """Return the name of a layer, with its code in Chinese texts."""
        template = self._templates.get(role)
        return f"{template.name}（{role}）" if template is not None and self.lang == "zh" else role

    def get(self, key: str, **params: Any) -> str:
        """Return a text on batches of fixes by its key, with ``params`` filled in."""
        return self._texts.get("fix_words", key, **params)

    def _format_params(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Return parameters as texts: areas in m², keys by their last digits, layers by their names."""
        return {name.removesuffix("_m2"): self._format_value(name, value) for name, value in params.items()}

    def _format_value(self, name: str, value: Any) -> str:
        """Return the value of a parameter as text, by the name of the parameter."""
        if name.endswith("_m2"):
            return f"{format_number(float(value), 2)} m²"
        if name in ("role", "other_role"):
            return self.get_layer_name(str(value))
        if isinstance(value, list | tuple):
            separator = self._texts.get("words", "between_names")
            return separator.join(self._format_value(name, one) for one in value)
        if name in _KEY_PARAMETERS:
            return shorten_key(str(value)) or self.get("no_key")
        if isinstance(value, float):
            return format_number(value, 2)
        return str(value)
