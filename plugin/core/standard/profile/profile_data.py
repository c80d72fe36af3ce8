# SPDX-License-Identifier: GPL-2.0-or-later
"""Data classes of a profile, its document information (成果信息) included."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

from ....paths import DOCUMENT_SETTINGS, PROFILES_FOLDER
from ...base.errors import DataError
from ...base.files.data import (
    MAY_BE_GIVEN,
    NOT_IN_FILE,
    Limit,
    SourceMark,
    between,
    check_known,
    one_of,
    read_toml_record,
)
from ...model.indicator import AREA_FIGURES, SQUARE_METRES, STATED_FIGURES
from ..declared_operators import DeclaredCheck
from ..messages.numbers import count_decimals

BINDING_TARGET_WORD = "约束性"
_COMPARISONS, _BINDINGS = (">=", "<=", "="), (BINDING_TARGET_WORD, "预期性", "")
_Comparison = Annotated[str, one_of(*_COMPARISONS, known=[f"“{one}”" for one in _COMPARISONS])]
_Binding = Annotated[str, one_of(*_BINDINGS, known=[f"“{one}”" for one in _BINDINGS])]
#: Years that a plan may name; a typing error (20235, 25) is outside.
_PlanYear = Annotated[int, between(1990, 2100)]
_NUMBER_FORM = r"\d+(\.\d+)?"
#: A number with too many digits becomes infinite, and would limit nothing.
_PrintedNumber = Annotated[
    str,
    Limit(
        lambda text: bool(re.fullmatch(_NUMBER_FORM, text)) and math.isfinite(float(text)),
        ('"16.46"',),
        {"pattern": f"^{_NUMBER_FORM}$"},
    ),
]
_AREA_KEYS = ("area", "core_area", "control_area")
#: Item with which a county confirms that it has no such layers (本县无).
ABSENCE_ITEM = "absent"


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


#: Returns the levels of resources/document.toml.
load_secrecy_levels = cache(partial(read_toml_record, SecrecyLevels, DOCUMENT_SETTINGS))


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


@dataclass(frozen=True)
class OtherSource:
    """A target or stated figure as another document prints it, in the same unit.

    ``value``: the printed number; ``source``: the document; ``year``: 0 if it is the figure's own year.
    """

    value: _PrintedNumber
    source: str
    year: _PlanYear = 0


class PrintedValue:
    """A figure whose ``value`` is the printed number, so that its decimals are known."""

    value: str

    @property
    def numeric_value(self) -> float:
        """Return the value as a number."""
        return float(self.value)

    @property
    def printed_decimals(self) -> int:
        """Return the number of decimals as printed."""
        return count_decimals(self.value)


@dataclass(frozen=True)
class IndicatorTarget(PrintedValue):
    """A limit for a figure of the plan (指标目标).

    ``value`` as printed, so that its decimals are known. ``warn_below``: margin (余量) below which an early warning is
    given, as printed, in the target's unit; empty: the share that applies to all targets
    (``indicators.warning_share``).
    """

    area_code: str = field(metadata=MAY_BE_GIVEN)
    indicator: Annotated[str, one_of(*AREA_FIGURES, *STATED_FIGURES)]
    comparison: _Comparison
    value: _PrintedNumber
    unit: str
    year: _PlanYear
    binding: _Binding
    source: str
    other_sources: tuple[OtherSource, ...] = field(default=(), metadata={"key": "also_said"})
    warn_below: _PrintedNumber = ""

    @property
    def must_be_met(self) -> bool:
        """Return True if the plan must meet this figure (约束性).

        If the file does not state the kind, areas allocated by the upper-level plan must be met. A figure that a text
        only states need not.
        """
        return self.binding == BINDING_TARGET_WORD or (not self.binding and self.indicator in AREA_FIGURES)

    def is_looser(self, above: IndicatorTarget) -> bool:
        """Return True if a plan can meet this target and still miss the target ``above``.

        Both are for the same indicator and year.
        """
        if not above.must_be_met:
            return False
        if not self.must_be_met or self.comparison not in (above.comparison, "="):
            return True
        own_area, task_area = (Decimal(t.value) * Decimal(repr(SQUARE_METRES.get(t.unit, 1.0))) for t in (self, above))
        # 亩 and 万亩 are not round numbers of square metres.
        is_nearly_equal = abs(own_area - task_area) <= Decimal("1e-9") * abs(task_area)
        if is_nearly_equal or above.comparison == "=":
            return not is_nearly_equal
        return own_area < task_area if above.comparison == ">=" else own_area > task_area

    def get_warning_share(self, general: float) -> float:
        """Return the share of the target below which a margin gives an early warning.

        ``general``: the share if the target sets none.
        """
        return float(self.warn_below) / self.numeric_value if self.warn_below and self.numeric_value else general


@dataclass(frozen=True)
class StatedFigure(PrintedValue):
    """A figure of a plan that no layer gives (森林覆盖率 and the like).

    It is stored and listed, never computed. ``name`` and ``unit`` as printed; ``note``: a remark for readers (累计,
    约).
    """

    area_code: str = field(metadata=NOT_IN_FILE)
    name: str
    comparison: _Comparison
    value: _PrintedNumber
    unit: str
    year: _PlanYear
    binding: _Binding
    source: str
    note: str = ""
    other_sources: tuple[OtherSource, ...] = field(default=(), metadata={"key": "also_said"})


@dataclass(frozen=True)
class RegisteredSite:
    """A row of the plan's heritage register: a number of sites, or one site.

    ``term`` as printed (全国重点文物保护单位); ``kind``: a name of ``heritage_kind.csv``; ``level``: a name of
    ``heritage_level.csv``, empty if the text gives none. ``count``: number of sites; None for one site, which has a
    ``name`` and may have areas as printed, in ``unit``: the whole, its core (核心保护范围) and its control zone
    (建设控制地带).
    """

    area_code: str = field(metadata=NOT_IN_FILE)
    term: str
    kind: str
    level: str
    source: str
    count: Annotated[int, between(0, math.inf, known=">= 0")] | None = None
    name: str = ""
    unit: Annotated[str, one_of(*SQUARE_METRES)] = ""
    area: _PrintedNumber = ""
    core_area: _PrintedNumber = ""
    control_area: _PrintedNumber = ""

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError for a site without a name, an area without a unit, and a number of sites with areas."""
        other_keys = [key for key in ("name", "unit", *_AREA_KEYS) if getattr(self, key)]
        if self.count is not None and other_keys:
            known = "count, kind, level, source, term"
            raise DataError("data_key_unknown", file=str(file), key=f"{where}.{other_keys[0]}", known=known)
        if self.count is None and not self.name:
            raise DataError("data_key_missing", file=str(file), key=f"{where}.name")
        if any(getattr(self, key) for key in _AREA_KEYS):
            check_known(self.unit, SQUARE_METRES, file, f"{where}.unit")


@dataclass(frozen=True)
class Profile:
    """Settings of a province, city or county, merged with its bases.

    ``rules``: codes and groups that run in addition to the default ones; ``rules_off``: those that do not run;
    ``severity``: code → severity; ``phases``: phase → the same for that phase. ``targets``, ``stated_figures`` and
    ``register`` keep the area code of their authority. ``member_areas``: the areas of a profile that is not a division
    (a city cluster). ``is_example``: it shows a way of writing, and is chosen by hand only. ``own_settings``: dotted
    key → value of this profile's own file, without its ``base``.
    ``mark_sources``: key of a mark → the source document. ``document_info``: its ``[document]`` merged with that of its
    bases. ``checks``: the checks of its bases and of its file. ``retired_settings``: keys of its file and
    bases that this version ignores.

    ``confirmed``: items that the county confirmed together; ``confirmed_by``: their authority, document and date.
    ``confirmed_singly``: item → its own authority, document and date. ``confirmed_values``: item of either kind → the
    value it had then; another value withdraws the confirmation.
    """

    id: str
    name: str
    area_code: str
    standard: str
    path: Path | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    mark_sources: dict[str, str] = field(default_factory=dict)
    severity: dict[str, str] = field(default_factory=dict)
    targets: tuple[IndicatorTarget, ...] = ()
    confirmed: frozenset[str] = frozenset()
    confirmed_by: dict[str, str] = field(default_factory=dict)
    confirmed_singly: dict[str, dict[str, Any]] = field(default_factory=dict)
    confirmed_values: dict[str, Any] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    rules: tuple[str, ...] = ()
    rules_off: tuple[str, ...] = ()
    phases: dict[str, dict[str, str]] = field(default_factory=dict)
    stated_figures: tuple[StatedFigure, ...] = ()
    register: tuple[RegisteredSite, ...] = ()
    member_areas: tuple[str, ...] = ()
    is_example: bool = False
    base: Profile | None = None
    own_settings: dict[str, Any] = field(default_factory=dict)
    document_info: DocumentInfo = field(default_factory=DocumentInfo)
    checks: tuple[DeclaredCheck, ...] = ()
    retired_settings: tuple[str, ...] = ()

    def covers(self, area_code: str) -> bool:
        """Return True if an area is this profile's area or a part of it.

        A profile without an area code covers all areas.
        """
        return any(
            area_code.startswith(compute_division_prefix(code)) for code in self.member_areas or (self.area_code,)
        )

    @property
    def is_shipped(self) -> bool:
        """Return True for a profile that comes with the plugin, and for the empty one."""
        return self.path is None or self.path.resolve().parent == PROFILES_FOLDER.resolve()

    def list_base_profiles(self) -> tuple[Profile, ...]:
        """Return this profile, its base, the base's base …, in this order."""
        return (self, *(self.base.list_base_profiles() if self.base else ()))


def compute_division_prefix(area_code: str) -> str:
    """Return the digits that all codes in an area begin with: 1407 for 140700."""
    while area_code.endswith("00"):
        area_code = area_code[:-2]
    return area_code
