# SPDX-License-Identifier: GPL-2.0-or-later
"""Inputs of a batch check: the counties, settings of their checks, the folder of results."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QLabel, QSpinBox, QWidget

from ...bridge import settings
from ...bridge.checking.counties import read_source
from ...bridge.project import county
from ...bridge.texts import tr
from ...core.base.connection_text import is_connection
from ...core.base.parallel.process_state import get_available_cores
from ...core.counties.county_record import REPORT_SUFFIXES, BatchOptions
from ...core.standard.options import RunOptions
from ...core.standard.profile import list_profile_ids
from ..widgets import FileLine, ProfileCombo, fill_form, fill_layout, theme

#: A typed path is read when the user has paused for this time (ms).
_TYPING_PAUSE_MS = 600
#: Most counties at the same time that are proposed: each takes memory.
_MAX_PROPOSED_JOBS = 4
_SETTING = "counties/{name}"
#: Forms of a county's report that the user chooses; the page is always written, because the list opens it.
_PAGE_FORM, *_CHOSEN_FORMS = REPORT_SUFFIXES


class CountiesForm(QWidget):
    """The inputs of a batch check.

    Signals: ``changed``: an input has changed, and the user has paused; ``edited``: a path has changed, at each key.
    """

    changed = pyqtSignal()
    edited = pyqtSignal()

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        #: The counties for which a folder of results was proposed, and that folder.
        self._source = self._proposed_output = ""
        self._make_widgets()
        settings_row = self.profile.make_row_with_button()
        settings_row.addSpacing(self.fontMetrics().height())
        fill_layout(settings_row, QLabel(tr("Counties at the same time")), self.jobs)
        rows = []
        for boxes in ((self.resume, self.only_changed), self.forms.values()):
            row = QHBoxLayout()
            for box in boxes:
                row.addWidget(box)
                row.addSpacing(self.fontMetrics().height())
            rows.append(fill_layout(row, (None, 1)))
        layout = fill_form(
            QFormLayout(self),
            (tr("Data of the counties"), self.source),
            (tr("Folder of the results"), self.output),
            (tr("County profile"), settings_row),
            (tr("Former results"), rows[0]),
            (tr("Reports also as"), rows[1]),
        )
        layout.setContentsMargins(0, 0, 0, 0)

        # The choices of the last time.
        def read(name, default):
            return settings.read_setting(_SETTING.format(name=name), default)

        self.profile.set_profiles(list_profile_ids())
        profile = read("profile", county.read_county_settings(QgsProject.instance()).profile)
        if not profile.lower().endswith(".toml") or Path(profile).is_file():
            self.profile.choose_profile(profile)
        self.jobs.setValue(read("jobs", max(1, min(get_available_cores() // 2, _MAX_PROPOSED_JOBS))))
        self.resume.setChecked(read("resume", True))
        self.only_changed.setChecked(read("only_changed", False))
        self.only_changed.setEnabled(self.resume.isChecked())
        forms = read("forms", "").split(",")
        for form, box in self.forms.items():
            box.setChecked(form in forms)
        source = read("source", "")
        if is_connection(source) or (source and Path(source).exists()):
            self.source.line.setText(source)
            self.output.line.setText(read("output", ""))
            # Other counties get another folder.
            self._source, self._proposed_output = source, self.output.text()
        self._timer = QTimer(self, singleShot=True, interval=_TYPING_PAUSE_MS, timeout=self._propose_output)
        self._timer.timeout.connect(self.changed)
        self.resume.toggled.connect(self.only_changed.setEnabled)
        texts_changed = (self.source.line.textChanged, self.output.line.textChanged)
        ticked = (box.toggled for box in (self.resume, self.only_changed, *self.forms.values()))
        for signal in (*texts_changed, self.profile.currentIndexChanged, self.jobs.valueChanged, *ticked):
            signal.connect(lambda _value: self._timer.start())
        for signal in texts_changed:
            signal.connect(lambda _text: self.edited.emit())

    def _make_widgets(self) -> None:
        self.source = FileLine(
            file_filter=f"{tr('Tables')} (*.csv *.xlsx)",
            allows_folders=True,
            file_label=tr("List…"),
            file_tip=tr("Choose a list of counties (CSV, Excel) with the columns 县, 数据, 县配置, 封库版本"),
            folder_tip=tr("Choose the folder that has the data or the submission package of each county"),
        )
        self.output = FileLine(allows_only_folders=True, folder_tip=tr("Choose the folder of the results"))
        source_hint = tr("Folder with the data of each county, or a list (CSV, Excel)")
        output_hint = tr("Reports of all counties and the summary are written here")
        for line, name, label, hint in (
            (self.source.line, "SanxianCountiesSource", tr("Data of the counties"), source_hint),
            (self.output.line, "SanxianCountiesOutput", tr("Folder of the results"), output_hint),
        ):
            line.setObjectName(name)
            line.setAccessibleName(label)
            theme.set_placeholder(line, hint)
        self.profile = ProfileCombo(
            "SanxianCountiesProfile",
            toolTip=tr("Used for the counties to which the list gives no profile"),
            accessibleName=tr("County profile"),
        )
        self.jobs = QSpinBox(
            objectName="SanxianCountiesJobs",
            accessibleName=tr("Counties at the same time"),
            minimum=1,
            maximum=max(1, get_available_cores()),
            toolTip=tr(
                "More counties at the same time take more memory. With 1, the counties are checked one after the other "
                "inside QGIS."
            ),
        )
        self.resume = QCheckBox(
            tr("Continue: keep results of counties that are unchanged"),
            toolTip=tr("A result is kept if data, profile, settings and version are the same as at its check"),
        )
        self.only_changed = QCheckBox(
            tr("Also leave counties without a verdict that are unchanged"),
            toolTip=tr("Otherwise counties that could not be checked are tried again, also with unchanged data"),
        )
        names = {"docx": tr("Word"), "xlsx": tr("Excel"), "findings": tr("Layer of findings")}
        tip = tr("Written for each county next to the page and JSON")
        self.forms = {form: QCheckBox(names[form], toolTip=tip) for form in _CHOSEN_FORMS}

    # --- choices of the last time

    def store_choices(self) -> None:
        """Offer the present choices again the next time."""
        choices = {
            "source": self.source.text(),
            "output": self.output.text(),
            "profile": self.profile.currentData(),
            "jobs": self.jobs.value(),
            "resume": self.resume.isChecked(),
            "only_changed": self.only_changed.isChecked(),
            "forms": ",".join(form for form, box in self.forms.items() if box.isChecked()),
        }
        for name, value in choices.items():
            settings.store_setting(_SETTING.format(name=name), value)

    # --- the options
    @property
    def is_complete(self) -> bool:
        """Return True if the counties and the folder of results are given."""
        return bool(self.source.text() and self.output.text())

    def make_options(self) -> BatchOptions:
        """Return the batch that the form describes. Raise InputError for a connection with a password."""
        return BatchOptions(
            read_source(self.source.text()),
            Path(self.output.text()),
            RunOptions(profile=self.profile.currentData() or "", lang=settings.get_report_language()),
            forms=(_PAGE_FORM, *(form for form, box in self.forms.items() if box.isChecked())),
            jobs=self.jobs.value(),
            resumes=self.resume.isChecked(),
            only_changed=self.resume.isChecked() and self.only_changed.isChecked(),
        )

    def end_pause(self) -> None:
        """Take over inputs that have just changed, without ``changed``."""
        if self._timer.isActive():
            self._propose_output()
            self._timer.stop()

    def _propose_output(self) -> None:
        """Propose a folder of results for other counties, unless the user has chosen one.

        A path on a server may answer slowly, so it is not looked up at each key.
        """
        source = self.source.text()
        if source != self._source and self.output.text() in ("", self._proposed_output):
            path, self._proposed_output = Path(source), ""
            # Next to a folder or list of counties, such as ``data/大同市_检查结果``; none for a database.
            if source and not is_connection(source) and path.exists():
                stem, suffix = path.name if path.is_dir() else path.stem, tr("check results")
                self._proposed_output = str(path.parent / f"{stem}_{suffix}" if stem else path / suffix)
            self.output.line.setText(self._proposed_output)
            self._timer.stop()
        self._source = source
