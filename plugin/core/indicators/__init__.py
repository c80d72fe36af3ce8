# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators (指标): figures with their unit, basis, inputs and target, as pure functions."""

from .model import AREA_FIGURES as AREA_FIGURES
from .model import NO_TARGET as NO_TARGET
from .model import RATIO_FORMS as RATIO_FORMS
from .model import SQUARE_METRES as SQUARE_METRES
from .model import STATED_FIGURES as STATED_FIGURES
from .model import Indicator as Indicator
from .model import in_unit as in_unit
from .ratio import expansion_ratios as expansion_ratios
from .targets import BROKEN as BROKEN
from .targets import CLOSE as CLOSE
from .targets import MET as MET
from .targets import REFERENCE as REFERENCE
from .targets import UNCONFIRMED as UNCONFIRMED
from .targets import WARNING as WARNING
from .targets import compare as compare
from .targets import compare_area as compare_area
from .targets import room as room
