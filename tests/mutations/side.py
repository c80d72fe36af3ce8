# SPDX-License-Identifier: GPL-2.0-or-later
"""Side inputs of the clean county's check (a sealed edition, a table of figures …): each a file that agrees with it.

One function for each, giving the fields of `Options` that it fills; a mutation writes another file into `draft.folder`
and names it in `draft.options`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.county.attributes import County

Give = Callable[[County, Path], dict[str, Any]]
GIVEN: list[Give] = []


def inputs(county: County, folder: Path) -> dict[str, Any]:
    """All of them together."""
    return {name: value for give in GIVEN for name, value in give(county, folder).items()}
