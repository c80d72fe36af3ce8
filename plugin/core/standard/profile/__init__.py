# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of a province, city or county that override a standard.

`Norm` is a standard and a profile, resolved together.

A profile names its base and only adds or overrides. Every value is compared with the standard's own when it is read,
so that a typing error is not taken for a decision. Keys of a file:

``id``, ``name``, ``area_code`` (six digits; any other word needs ``members``, the codes of its areas), ``base`` (a
profile in the same folder, a shipped one, or a path), ``standard`` (id or folder) and ``edition``; sections of
settings (`SETTING_SECTIONS`) and their ``[marks]``; ``[severity]`` and ``[phase.<phase>.severity]``
(`core.standard.edition` defines their order); ``rules_extra``, ``rules_off``; ``example`` (chosen by hand only);
``[[check]]`` (checks declared as data, `core.standard.declared_reader`); ``[absent]``; ``[confirmed]``;
``[document]`` (成果信息, `document` has its keys); ``[[targets]]``, ``[[stated]]`` and ``[[heritage_register]]``
(`profile_figures` has their keys).

A profile inherits settings, severities and rules of its base, but no confirmations; figures keep their area code and
apply nowhere else. A rule reads them by methods of ``ctx.norm``.
"""

from ..edition import PLANNING_PHASES, parse_phase
from .document import ResolvedDocument, resolve_document
from .load import find_profile_problems, list_profile_ids, load_profile
from .norm import Norm
from .profile_data import (
    BINDING_TARGET_WORD,
    DocumentInfo,
    IndicatorTarget,
    OtherSource,
    Profile,
    RegisteredSite,
    StatedFigure,
    compute_division_prefix,
    load_secrecy_levels,
)

__all__ = [
    "BINDING_TARGET_WORD",
    "PLANNING_PHASES",
    "DocumentInfo",
    "IndicatorTarget",
    "Norm",
    "OtherSource",
    "Profile",
    "RegisteredSite",
    "ResolvedDocument",
    "StatedFigure",
    "compute_division_prefix",
    "find_profile_problems",
    "list_profile_ids",
    "load_profile",
    "load_secrecy_levels",
    "parse_phase",
    "resolve_document",
]
