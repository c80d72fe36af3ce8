# SPDX-License-Identifier: GPL-2.0-or-later
"""What was edited between a check and the moment its report is written; the report's first page states it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model.report import Report


@dataclass(frozen=True)
class LayerEdits:
    """Edits of one layer since a check.

    ``features``: number of edited features, 0 if it is unknown; ``unsaved``: how many of them are not saved, or how
    many unsaved edits the layer has if ``features`` is unknown.
    """

    name: str
    features: int = 0
    unsaved: int = 0


@dataclass(frozen=True)
class EditsSinceCheck:
    """Edits of the checked data since a check.

    ``layers``: the edited layers; ``is_counted``: their edited features are counted, and no other layer was edited;
    ``have_settings_changed``: county settings, waivers or another file of the check changed, too.
    """

    layers: tuple[LayerEdits, ...] = ()
    is_counted: bool = True
    have_settings_changed: bool = False

    def __bool__(self) -> bool:
        return bool(self.layers) or not self.is_counted or self.have_settings_changed


NO_EDITS = EditsSinceCheck()


def record_edits(report: Report, edits: EditsSinceCheck) -> Report:
    """Return a copy of a report whose provenance states the edits since its check; without edits the report itself."""
    if not edits:
        return report
    record = {
        "layers": [asdict(layer) for layer in edits.layers],
        "counted": edits.is_counted,
        "settings_changed": edits.have_settings_changed,
    }
    return replace(report, provenance={**report.provenance, "edits_since_check": record})
