# SPDX-License-Identifier: GPL-2.0-or-later
"""Sealed layers (封库图层): what no fix and no batch may change, as the standard lists them or a profile does."""

from __future__ import annotations

from . import Norm

#: Concepts and layer codes; a setting of the standard that a profile may replace.
SETTING = "sealed.roles"


def sealed_roles(norm: Norm) -> frozenset[str]:
    """The layer codes that are sealed, whichever of a concept's layers a plan has."""
    named: list[str] = norm.get(SETTING)
    return frozenset(role for name in named for role in norm.standard.concepts.get(name, (name,)))


def is_sealed(role: str, norm: Norm) -> bool:
    """May only a person, with a document at hand, change this layer?"""
    return role in sealed_roles(norm)


def is_sealed_by_profile(role: str, norm: Norm) -> bool:
    """Does the county or its province itself say so, not only the standard's default? Then a change against the sealed
    edition is an error."""
    return SETTING in norm.profile.settings and is_sealed(role, norm)
