# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of a sentence that speak when the sentence does, in its language: a window may speak another than the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from ..model.rule import Rule
    from .texts import Texts


@runtime_checkable
class Part(Protocol):
    """What can be a parameter of an error or problem in place of words."""

    def said(self, texts: Texts) -> str: ...


@dataclass(frozen=True)
class Saying:
    """A text of resources/texts by its section and key, with what fills it."""

    section: str
    key: str
    params: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def said(self, texts: Texts) -> str:
        return texts.get(self.section, self.key, **spoken(self.params, texts))


@dataclass(frozen=True)
class RuleNamed:
    """Code and title of a rule."""

    rule: Rule

    def said(self, texts: Texts) -> str:
        return f"{self.rule.code} {texts.rule_title(self.rule)}"


@dataclass(frozen=True)
class Cause:
    """Why an error came: its sentence with the remedy."""

    error: Any

    def said(self, texts: Texts) -> str:
        return texts.explain(self.error)


@dataclass(frozen=True)
class Lines:
    """Several, a line each."""

    parts: tuple[Part, ...]

    def said(self, texts: Texts) -> str:
        return "\n".join(part.said(texts) for part in self.parts)


def spoken(params: Mapping[str, Any], texts: Texts) -> dict[str, Any]:
    """The parameters with their parts said."""
    return {key: value.said(texts) if isinstance(value, Part) else value for key, value in params.items()}
