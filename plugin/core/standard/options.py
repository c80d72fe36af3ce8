# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of a check, the same for command line, toolbox and panel."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError

if TYPE_CHECKING:
    from pyproj import CRS

    from ..geometry.tolerance import Tolerance
    from .profile import DocumentInfo, Norm

#: Smallest width (m) of the land of a line project, and diameter of that of a point.
MIN_WIDTH_M = 0.1


class LowerPlanKind(StrEnum):
    """A plan below the county's plan: 详细规划 or 村庄规划."""

    DETAILED = "detailed"
    VILLAGE = "village"


#: Choices of command and tool, the first for rows that are projects.
LOWER_PLANS = ("none", *LowerPlanKind)


def read_lower_plan(choice: str) -> LowerPlanKind | None:
    """Return the kind of a choice of `LOWER_PLANS`; None for the first."""
    return None if choice == LOWER_PLANS[0] else LowerPlanKind(choice)


class OptionKind(Enum):
    """What the value of an offered option is; DATA: a file, a folder or a connection."""

    TEXT = "text"
    YEAR = "year"
    FILE = "file"
    DATA = "data"


@dataclass(frozen=True)
class OfferedOption:
    """An option that command line and tools offer; ``hint``: values shown in the help, such as ``A | B``."""

    kind: OptionKind
    hint: str = ""


def _offer(kind: OptionKind = OptionKind.TEXT, default: Any = "", hint: str = "") -> Any:
    """Return a field of `RunOptions` from which the argument of the commands and the parameter of the tools are made.

    The command line and the tools name it like the field.
    """
    return field(default=default, metadata={"offered": OfferedOption(kind, hint)})


@dataclass(frozen=True)
class RunOptions:
    """Options of a run; those that `_offer` makes are offered by commands and tools, in this order.

    An empty value means that the profile, the standard or the layers decide. ``roles``: ``ROLE=layer;…``, the path of a
    file with such lines, or a mapping; ``rules``: codes or names, empty for those of the kind of delivery;
    ``additional_rules``: codes of rules that run beside these; ``figures``: path of a table with the figures printed in
    text and tables (xlsx, CSV); ``register``: path of the heritage register (names, kinds, levels); ``parameters``:
    rule code → keyword arguments that take precedence over the standard and the profile; ``notices``: text keys and
    parameters of notices for the report; ``waivers``: the file of waivers (empty: the default file next to the checked
    file or folder, if present; `NO_WAIVERS_WORDS`: none); ``renumbered``: path of a table of old and new keys, applied
    to waivers and to the comparison of editions; ``phase``: id or Chinese name (`core.standard.edition`); ``targets``:
    path of a table of targets by township (xlsx, CSV); ``baseline``: the sealed edition (封库版本), a file or folder;
    ``document_info``: document information (成果信息) of the project, which takes precedence over the profile's and
    does not affect results; ``side``: side inputs without a file, by name (`model.side_inputs`); ``allow_no_layers``:
    whether a run without layers is valid, because other inputs are checked; ``further_fields``: names of fields that
    are read though no template has them; ``original_crs``: the CRS that all layers were converted from, vertex by
    vertex.
    """

    standard: str = _offer()
    profile: str = _offer()
    roles: str | Mapping[str, str] = _offer()
    scope: str = _offer()
    base_year: int | None = _offer(OptionKind.YEAR, None)
    phase: str = _offer(hint="编制 | 公示 | 报批")
    baseline: str = _offer(OptionKind.DATA)
    figures: str = _offer(OptionKind.FILE)
    targets: str = _offer(OptionKind.FILE)
    register: str = _offer(OptionKind.FILE)
    waivers: str = _offer(OptionKind.FILE)
    renumbered: str = _offer(OptionKind.FILE)
    rules: tuple[str, ...] = ()
    additional_rules: tuple[str, ...] = ()
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    lang: str = "zh"
    tolerance: Tolerance | None = None
    notices: tuple[tuple[str, dict[str, Any]], ...] = ()
    side: Mapping[str, Any] = field(default_factory=dict)
    allow_no_layers: bool = False
    further_fields: tuple[str, ...] = ()
    original_crs: CRS | None = None
    document_info: DocumentInfo | None = field(default=None, compare=False)

    def resolve_norm(self) -> Norm:
        """Return the standard and the profile, resolved together for the phase.

        Raise DataError or InputError for an unknown standard or profile; the error lists those available. Raise
        InputError for a parameter or tolerance that is NaN or infinite.
        """
        from . import load_standard
        from .bounds import check_numbers
        from .edition import parse_phase
        from .profile import Norm, load_profile

        numbers = {
            f"{code}.{name}": number for code, values in self.parameters.items() for name, number in values.items()
        }
        if self.tolerance is not None:
            numbers |= {f"tolerance.{name}": value for name, value in asdict(self.tolerance).items()}
        for name, value in numbers.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError("parameter_not_finite", name=name, value=str(value))
        profile = load_profile(self.profile)
        return Norm(check_numbers(load_standard(self.standard or profile.standard)), profile, parse_phase(self.phase))

    def get_role_choices(self) -> dict[str, str]:
        """Return layer code → name of the layer that the user chose for this code."""
        return parse_roles(self.roles) if isinstance(self.roles, str) else dict(self.roles)


#: Name → option, for the fields of `RunOptions` that commands and tools offer, in the order of the help.
OFFERED_OPTIONS: Mapping[str, OfferedOption] = {
    one.name: one.metadata["offered"] for one in fields(RunOptions) if "offered" in one.metadata
}


def parse_roles(text: str) -> dict[str, str]:
    """Return ``ROLE=layer;ROLE=layer`` as a dict.

    The text may also be the path of a UTF-8 file with one pair on each line. Full-width ；and ＝ are accepted, ``#``
    starts a comment line. Raise InputError for an entry that is not a pair, and for a role with two layers.
    """
    text = text.strip()
    if not text:
        return {}
    if "=" not in text.replace("＝", "=") or os.path.isfile(text):
        try:
            text = Path(text).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise InputError("role_syntax", text=text) from error
    layer_by_role: dict[str, str] = {}
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        for assignment in line.replace("；", ";").split(";"):
            if not assignment.strip():
                continue
            role, equals, layer = assignment.replace("＝", "=", 1).partition("=")
            role, layer = role.strip().upper(), layer.strip()
            if not (role and equals and layer):
                raise InputError("role_syntax", text=assignment.strip())
            if layer_by_role.setdefault(role, layer) != layer:
                raise InputError("two_layers_one_role", role=role, first=layer_by_role[role], second=layer)
    return layer_by_role
