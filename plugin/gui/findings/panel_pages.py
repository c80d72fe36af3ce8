# SPDX-License-Identifier: GPL-2.0-or-later
"""What the panel shows without findings: pages, texts around a check, and progress."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from importlib import metadata
from typing import Any

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QToolButton, QWidget

from ...bridge import settings
from ...bridge.layers.role_recognition import RecognisedLayers
from ...bridge.texts import join_first_names, tr
from ...core.base.errors import SanxianError
from ...core.cli.doctor.libraries import load_requirements
from ...core.standard.messages.texts import Texts, format_number
from ..widgets import EmptyPage, fill_layout

ActionCallback = Callable[[], None]
#: Missing layers that the page names; its tool tip lists all.
_MAX_NAMED_LAYERS = 3
#: The time left is shown only from here on, because earlier estimates are unstable.
_MIN_SECONDS_TO_ESTIMATE, _MIN_SHARE_TO_ESTIMATE = 1.0, 0.15
_PROGRESS_STEPS = 1000


def has_recent_geopandas() -> bool:
    """Return True if geopandas is installed in a new enough version; do not import it.

    The check itself validates the libraries.
    """
    if importlib.util.find_spec("geopandas") is None:
        return False
    try:
        version = metadata.version("geopandas")
    except metadata.PackageNotFoundError:
        return True
    return int(version.split(".")[0]) >= int(load_requirements().required_libraries["geopandas"].split(".")[0])


def make_libraries_missing_page(open_doctor: ActionCallback) -> EmptyPage:
    """Return the panel's page for missing libraries.

    ``open_doctor``: opens the environment check.
    """
    return EmptyPage(
        tr("The check did not start: geopandas 1.0 or later is missing. See Environment Check."),
        [(tr("Environment Check…"), open_doctor)],
    )


def make_no_layer_page(create_project: ActionCallback, open_sample: ActionCallback) -> EmptyPage:
    """Return the panel's page for a project without plan layers."""
    text = tr(
        "No plan layer yet. Begin with a new county plan, add your own plan layers to the project, or try the sample "
        "county."
    )
    return EmptyPage(text, [(tr("New County Plan…"), create_project), (tr("Open Sample County"), open_sample)])


def make_never_checked_page(run_check: ActionCallback) -> EmptyPage:
    """Return the panel's page for a project that was never checked."""
    return EmptyPage(tr("Nothing checked yet."), [(tr("Check All"), run_check)])


def make_missing_layers_page(
    recognised_layers: RecognisedLayers, choose_roles: ActionCallback, run_check: ActionCallback
) -> EmptyPage:
    """Return the panel's page for a project that lacks required plan layers."""
    texts = Texts(settings.get_interface_language())
    names = []
    for concept, roles in recognised_layers.missing_concepts:
        name, codes = texts.get_concept_name(concept), "/".join(roles)
        if name == concept and texts.lang == "zh":
            # A concept that is itself the code of a layer has its name in the standard.
            name = recognised_layers.missing_name_by_role.get(concept, concept)
        names.append(codes if name == codes else f"{name} {codes}")
    return EmptyPage(
        tr("{count} layers recognised, {names} missing. Rules without their layer are skipped and do not pass.").format(
            count=len(recognised_layers.layer_id_by_role), names=join_first_names(names, _MAX_NAMED_LAYERS)
        ),
        [(tr("Layer Roles…"), choose_roles), (tr("Check Anyway"), run_check)],
        "\n".join(names) if len(names) > _MAX_NAMED_LAYERS else "",
    )


def make_pages_without_findings(
    result: Any, make_report: ActionCallback, show_reasons: ActionCallback
) -> tuple[EmptyPage, EmptyPage]:
    """Return the two pages for a result without findings: all rules were checked; some rules were skipped.

    ``make_report``, ``show_reasons``: functions of their buttons.
    """
    summary, tolerance = result.report.summary, result.report.tolerance
    clean_text = tr("All {rules} rules ran, no finding. Ignored slivers: {count}, {area} m² in all.").format(
        rules=summary["rules"],
        count=tolerance.get("ignored_slivers", 0),
        area=format_number(tolerance.get("ignored_area_m2", 0.0), 2),
    )
    skipped_text = tr(
        "No finding, but {count} rules could not be checked completely, so the plan does not pass."
    ).format(count=summary["skipped"] + summary["crashed"])
    return EmptyPage(clean_text, [(tr("Make Report"), make_report)]), EmptyPage(
        skipped_text, [(tr("See Why"), show_reasons)]
    )


def get_county_label(options: Any) -> str:
    """Return the name of the county in the options, else that of the profile.

    Empty without a profile.
    """
    if not options.profile:
        return ""
    from ...core.standard.profile import load_profile

    try:
        return load_profile(options.profile).name or options.profile
    except (SanxianError, ImportError):
        return str(options.profile)


def count_rules(options: Any) -> int:
    """Return the number of rules that a check would run; 0 if settings are invalid.

    The check reports why profile or standard are invalid.
    """
    try:
        norm = options.resolve_norm()
        return len(set(norm.expand_groups(options.rules)) or norm.rules)
    except (SanxianError, ImportError):
        return 0


def get_norm_and_outcomes(result: Any, options: Any) -> tuple[Any, Callable[[str], Any]]:
    """Return the norm for the help page of a rule, and a function that returns the outcome of a rule by its code.

    Both are of the displayed result ``result``; if it is None, the norm is that of ``options`` and there are no
    outcomes. The norm is None if standard or profile cannot be read, which the next check reports.
    """
    if result is not None:
        return result.check_result.plan.norm, result.find_rule_outcome
    try:
        return options.resolve_norm(), lambda code: None
    except (SanxianError, ImportError):
        return None, lambda code: None


class CheckProgressBar(QWidget):
    """Progress bar of a check with a Cancel button, which emits ``cancelled``."""

    cancelled = pyqtSignal()

    def __init__(self):
        super().__init__()
        self.bar = QProgressBar(objectName="SanxianProgress", textVisible=True, maximum=_PROGRESS_STEPS)
        self.button = QPushButton(tr("Cancel"), objectName="SanxianCancel", clicked=self._cancel)
        fill_layout(QHBoxLayout(self), (self.bar, 1), self.button, has_margins=False)
        self._rule_count = self._rule_number = 0
        self._is_recheck = False
        self._start_time = 0.0
        self.hide()

    def start(self, rule_count: int, is_recheck: bool) -> None:
        """Show the progress bar.

        ``rule_count``: number of rules to check; ``is_recheck``: there is a result of a former check.
        """
        self._rule_count, self._rule_number, self._is_recheck = rule_count, 0, is_recheck
        self._start_time = time.monotonic()
        self.bar.setValue(0)
        self.bar.setFormat(tr("Reading layers"))
        self.button.setEnabled(True)
        self.show()

    def show_progress(self, share: float, code: str) -> None:
        """Show the progress (0–1) of a check.

        ``code``: rule that begins; empty while layers are read.
        """
        self.bar.setValue(round(_PROGRESS_STEPS * share))
        if not self.button.isEnabled() or not code:
            return
        self._rule_number = min(self._rule_number + 1, self._rule_count)
        activity = tr("Re-checking") if self._is_recheck else tr("Checking")
        parts = [activity, f"{self._rule_number}/{self._rule_count}", code]
        passed = time.monotonic() - self._start_time
        if passed >= _MIN_SECONDS_TO_ESTIMATE and share >= _MIN_SHARE_TO_ESTIMATE:
            left = max(1, round(passed * (1 - share) / share))
            parts.append(tr("about {seconds} s left").format(seconds=left))
        self.bar.setFormat("  ".join(parts))

    def _cancel(self) -> None:
        self.button.setEnabled(False)
        self.bar.setFormat(tr("Cancelling"))
        self.cancelled.emit()


class WorkProgressBar(QWidget):
    """Bar with the share of findings that need no more work; signal ``conflictsRequested``: show the conflicts."""

    conflictsRequested = pyqtSignal()

    def __init__(self):
        super().__init__()
        self.text = QLabel(objectName="SanxianWorkProgress")
        self.bar = QProgressBar(textVisible=False, maximumHeight=self.fontMetrics().height() // 2)
        self.stale = QLabel(objectName="SanxianWorkStale")
        self.conflicts = QToolButton(
            objectName="SanxianWorkConflicts",
            text=tr("Conflicts {count}").format(count=0),
            toolTip=tr("Choose one of the versions of each row that two people changed"),
            clicked=self.conflictsRequested,
        )
        fill_layout(QHBoxLayout(self), self.text, (self.bar, 1), self.stale, self.conflicts, has_margins=False)
        self.hide()

    def show_counts(self, done: int, total: int, stale: int, conflicts: int) -> None:
        """Show the numbers of findings."""
        self.text.setText(tr("Done {done} / {total}").format(done=done, total=total))
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.stale.setText(tr("To re-check {count}").format(count=stale))
        self.stale.setVisible(stale > 0)
        self.conflicts.setText(tr("Conflicts {count}").format(count=conflicts))
        self.conflicts.setVisible(conflicts > 0)
        self.show()
