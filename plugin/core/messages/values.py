# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters of messages that are rendered by their type. Everywhere else (JSON, fingerprints, comparisons) such a value is
the plain string that it holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .texts import Texts


class NamedValue(str, ABC):
    """An identifier that a message shows by its name."""

    __slots__ = ()

    @abstractmethod
    def said(self, texts: Texts) -> str:
        """Return the name in the language of the texts."""


class ConceptName(NamedValue):
    """A concept, rendered by its name; a layer's code where it is none."""

    __slots__ = ()

    def said(self, texts: Texts) -> str:
        return texts.concept(self)


class CodeListName(NamedValue):
    """The id of a code list, rendered by its title."""

    __slots__ = ()

    def said(self, texts: Texts) -> str:
        return texts.setting(f"codes.{self}")


class IndicatorName(NamedValue):
    """The id of an indicator, rendered by the indicator's name."""

    __slots__ = ()

    def said(self, texts: Texts) -> str:
        return texts.indicator(self)
