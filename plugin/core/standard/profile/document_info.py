# SPDX-License-Identifier: GPL-2.0-or-later
"""Document information (成果信息): secrecy level, compiler, date, map approval."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from ....paths import DOCUMENT_SETTINGS
from ...base.files.data import SourceMark, read_record, read_toml


@dataclass(frozen=True)
class SecrecyLevels:
    """The levels of resources/document.toml, from the lowest to the highest.

    ``term_mark``: the character between a level and its term in years (★).
    """

    names: tuple[str, ...] = field(metadata={"key": "levels"})
    public_level: str = field(metadata={"key": "public"})
    term_mark: str
    marks: dict[str, SourceMark]

    def strip_term(self, text: str) -> str:
        """Return the level of a marking without its term: 秘密 of 秘密★20年."""
        return text.partition(self.term_mark)[0].strip()

    def is_known(self, text: str) -> bool:
        """Return True if the level is listed."""
        return self.strip_term(text) in self.names

    def is_public(self, text: str) -> bool:
        """Return True if the level is public."""
        return self.strip_term(text) == self.public_level

    def is_lower(self, text: str, above: str) -> bool:
        """Return True if the marking ``text`` has a lower level than the marking ``above``.

        A change from or to an unlisted level counts as lowering; an empty marking does not.
        """
        level, above_level = self.strip_term(text), self.strip_term(above)
        if not level or not above_level or level == above_level:
            return False
        if level in self.names and above_level in self.names:
            return self.names.index(level) < self.names.index(above_level)
        return True


@cache
def load_secrecy_levels() -> SecrecyLevels:
    """Return the levels of resources/document.toml."""
    return read_record(SecrecyLevels, read_toml(DOCUMENT_SETTINGS), file=DOCUMENT_SETTINGS)


@dataclass(frozen=True)
class DocumentInfo:
    """Document information of one source; an empty value is taken from the next source.

    ``secrecy``: 密级; ``compiler``: 编制单位; ``cartographer``: 制图单位; ``date``: as printed; ``map_approval``:
    审图号; ``secrecy_reason``: 降密理由, why the level is lower than that of the next source.
    """

    secrecy: str = ""
    compiler: str = ""
    cartographer: str = ""
    date: str = ""
    map_approval: str = ""
    secrecy_reason: str = ""

    @property
    def printable_map_approval(self) -> str:
        """Return the map approval number (审图号) to print; empty unless the secrecy level is public.

        A map that is not public must not show the number.
        """
        return self.map_approval if load_secrecy_levels().is_public(self.secrecy) else ""
