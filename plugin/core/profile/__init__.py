# SPDX-License-Identifier: GPL-2.0-or-later
"""What a province, city or county sets on top of a standard, and the two resolved together (`Norm`).

A profile names its base and only adds or overrides. Every value is held against the standard's own when it is read: a slip of
the pen must not look like a decision. What a file may say:

``id``, ``name``, ``area_code`` (six digits; any other word needs ``members``, the codes of the areas it is made of), ``base`` (a
profile beside it, a shipped one, or a path), ``standard`` (id or folder) and ``edition``; sections of settings (`SETTING_SECTIONS`) and
their ``[marks]``; ``[severity]`` and ``[phase.<phase>.severity]`` (`core.standard.editions` says which wins); ``rules_extra``, ``rules_off``; ``[absent]``;
``[confirmed]``; ``[document]`` (成果信息, `document` has its keys); ``[[targets]]``, ``[[stated]]`` and ``[[heritage_register]]`` (`figures` has their keys).

From a base come settings, severities and rules, never its confirmations; figures keep their area code and apply nowhere else.
A rule reads them by ``ctx.norm.targets(area)``, ``.stated(area)`` and ``.register(area)``.
"""

from ..standard.editions import PHASES, phase_of
from .document import DocumentInfo, ResolvedDocument, load_secrecy_levels, resolve_document
from .load import find_profile_problems, load_profile, profile_ids
from .model import BINDING, OtherSource, Profile, RegisteredSite, StatedFigure, Target, decimals_of, division_prefix
from .norm import Norm

__all__ = [
    "BINDING",
    "PHASES",
    "DocumentInfo",
    "Norm",
    "OtherSource",
    "Profile",
    "RegisteredSite",
    "ResolvedDocument",
    "StatedFigure",
    "Target",
    "decimals_of",
    "division_prefix",
    "find_profile_problems",
    "load_profile",
    "load_secrecy_levels",
    "phase_of",
    "profile_ids",
    "resolve_document",
]
