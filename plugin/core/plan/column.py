# SPDX-License-Identifier: GPL-2.0-or-later
"""One column of a layer, read once for all rules that ask for it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..files.cells import stripped, texts
from ..files.encoding import garbled

if TYPE_CHECKING:
    import pandas as pd


class Column:
    """``raw`` as it was read. What is given is not to be changed: others are given the same."""

    def __init__(self, raw: pd.Series):
        self._raw = raw

    @cached_property
    def values(self) -> pd.Series:
        """(n,) the values without blanks around them, blank text as missing."""
        return stripped(self._raw)

    @cached_property
    def texts(self) -> list[str]:
        """(n,) the values as text, missing ones empty; whole numbers without a decimal point."""
        import pandas as pd

        values = self.values
        if pd.api.types.infer_dtype(values, skipna=True) != "string":
            return texts(values)
        # They are stripped already.
        found = values.to_numpy(dtype=object, copy=True)
        found[values.isna().to_numpy()] = ""
        return list(found)

    @cached_property
    def garbled(self) -> frozenset[str]:
        """Those of the texts that were broken before they came here."""
        if self.values.dtype.kind in "iufbM":
            return frozenset()
        return frozenset(v for v in self.values.unique() if isinstance(v, str) and not v.isascii() and garbled(v))
