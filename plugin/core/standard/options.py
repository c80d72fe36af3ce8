# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of a check, the same for command line, toolbox and panel."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError

if TYPE_CHECKING:
    from pyproj import CRS

    from ..geometry.tolerance import Tolerance
    from .profile import DocumentInfo, Norm

#: Smallest width (m) of the land of a line project, and diameter of that of a point.
MIN_WIDTH_M = 0.1


@dataclass(frozen=True)
class RunOptions:
    """Options of a run.

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
    whether a run without layers is valid, because other inputs are checked; ``original_crs``: the CRS that all layers
    were converted from, vertex by vertex.
    """

    standard: str = ""
    profile: str = ""
    roles: str | Mapping[str, str] = ""
    scope: str = ""
    rules: tuple[str, ...] = ()
    additional_rules: tuple[str, ...] = ()
    base_year: int | None = None
    figures: str = ""
    register: str = ""
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    lang: str = "zh"
    tolerance: Tolerance | None = None
    notices: tuple[tuple[str, dict[str, Any]], ...] = ()
    waivers: str = ""
    renumbered: str = ""
    phase: str = ""
    targets: str = ""
    baseline: str = ""
    side: Mapping[str, Any] = field(default_factory=dict)
    allow_no_layers: bool = False
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
            numbers |= {f"tolerance.{name}": value for name, value in self.tolerance.to_dict().items()}
        for name, value in numbers.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError("parameter_not_finite", name=name, value=str(value))
        profile = load_profile(self.profile)
        return Norm(check_numbers(load_standard(self.standard or profile.standard)), profile, parse_phase(self.phase))

    def get_role_choices(self) -> dict[str, str]:
        """Return layer code → name of the layer that the user chose for this code."""
        return parse_roles(self.roles) if isinstance(self.roles, str) else dict(self.roles)


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
