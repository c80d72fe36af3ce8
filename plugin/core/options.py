# SPDX-License-Identifier: GPL-2.0-or-later
"""What a check is told beside its data, the same from command line, toolbox and panel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from pyproj import CRS

    from .geometry.tolerance import Tolerance
    from .profile import DocumentInfo, Norm


@dataclass(frozen=True)
class Options:
    """What a run is told beside its data; empty means: as the profile, the standard or the layers say.

    ``roles`` is ``ROLE=layer;…``, the path of a file with such lines, or a mapping; ``rules`` codes or names;
    ``figures`` the path of a table of the figures that text and tables print (xlsx, CSV); ``register`` that of the
    register of heritage (names, kinds, levels);
    ``parameters`` code → keyword arguments that beat the standard's and the profile's; ``notices`` what the report is
    to say of the data that is not here, as text key and parameters. ``waivers``: the file of accepted findings (empty: the
    one beside a file or folder that is checked, if there; `NO_WAIVERS`: none); ``renumbered``: a table of old and new
    keys, by which waivers are followed and editions compared. ``phase``: id or Chinese name (`core.standard.editions`). ``targets``:
    the path of a table of tasks by township (xlsx, CSV). ``baseline``: the sealed edition (封库版本), a file or folder.
    ``document_info``: document information (成果信息) of the project, preferred to the profile's; it does not affect results.
    ``side``: side inputs that no file holds, by name (`model.side_inputs`: what is seen of a package). ``allow_no_layers``: the layers
    may be none, for something else is checked. ``original_crs``: the CRS that all layers were converted from, vertex by vertex.
    """

    standard: str = ""
    profile: str = ""
    roles: str | Mapping[str, str] = ""
    scope: str = ""
    rules: tuple[str, ...] = ()
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

    def norm(self) -> Norm:
        """Profile and standard, resolved for the phase. DataError and InputError name what is not there and what is."""
        from .profile import Norm, load_profile
        from .standard import load_standard
        from .standard.bounds import check_numbers
        from .standard.editions import phase_of

        self._check_finite()
        profile = load_profile(self.profile)
        return Norm(check_numbers(load_standard(self.standard or profile.standard)), profile, phase_of(self.phase))

    def _check_finite(self) -> None:
        """InputError for ``nan`` or infinity, which limits nothing."""
        given = {f"{code}.{name}": v for code, values in self.parameters.items() for name, v in values.items()}
        if self.tolerance is not None:
            given |= {f"tolerance.{name}": value for name, value in self.tolerance.to_dict().items()}
        for name, value in given.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError("parameter_not_finite", name=name, value=str(value))

    def role_choices(self) -> dict[str, str]:
        return parse_roles(self.roles) if isinstance(self.roles, str) else dict(self.roles)


def parse_roles(text: str) -> dict[str, str]:
    """``ROLE=layer;ROLE=layer`` as a dict; the text may also be the path of a UTF-8 file with one such pair a line.

    Full-width ；and ＝ count too, ``#`` starts a comment line. InputError names an entry that is no pair, and a role
    that is given two layers.
    """
    text = text.strip()
    if not text:
        return {}
    if "=" not in text.replace("＝", "=") or _is_file(text):
        try:
            text = Path(text).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise InputError("role_syntax", text=text) from error
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        for entry in line.replace("；", ";").split(";"):
            if not entry.strip():
                continue
            role, equals, layer = entry.replace("＝", "=", 1).partition("=")
            role, layer = role.strip().upper(), layer.strip()
            if not (role and equals and layer):
                raise InputError("role_syntax", text=entry.strip())
            if found.setdefault(role, layer) != layer:
                raise InputError("two_layers_one_role", role=role, first=found[role], second=layer)
    return found


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:
        return False
