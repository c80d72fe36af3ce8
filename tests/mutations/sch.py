# SPDX-License-Identifier: GPL-2.0-or-later
"""Defects of structure (SCH)."""

from __future__ import annotations

from tests.county.workshop import FIELD
from tests.mutations.frame import Draft, plants


@plants("SCH001")
def no_woods(draft: Draft) -> None:
    draft.lose("TRL")


@plants("SCH002", silent=["ATT003"])
def cultivated_land_without_its_deduction(draft: Draft) -> None:
    draft.lose(FIELD, "KCMJ")
