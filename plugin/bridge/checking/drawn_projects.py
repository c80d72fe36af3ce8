# SPDX-License-Identifier: GPL-2.0-or-later
"""Reviews of projects that are drawn or selected in QGIS, one for each position of the mouse, in another thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from qgis.core import QgsCoordinateReferenceSystem, QgsFeature, QgsGeometry, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, pyqtSignal

from ...core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled
from ..layers.properties import (
    convert_to_python_value,
    convert_to_wkb_and_curve_text,
    format_crs_for_pyproj,
    get_field_type,
)
from ..running.tasks import BackgroundJob, JobRunner
from ..running.threads import post_to_main
from ..texts import tr

if TYPE_CHECKING:
    from pyproj import CRS

    from ...core.base.files.writing import OutputPaths
    from ...core.checks.live.edited_rows import EditedRows
    from ...core.studies.projects.prepared import DrawnProject, PreparedReview
    from ...core.studies.projects.reviewed_project import ConformityResult

#: Without a request for this long (s) the thread ends, so that Python collects garbage again.
_IDLE_S = 4.0
#: Interval (s) at which the waiting thread notices that it is cancelled.
_POLL_S = 0.1


@dataclass(frozen=True)
class ProjectShape:
    """A project's shape and attributes, without a reference to a layer.

    ``wkb``: polygon, line or point; ``crs``: as pyproj reads it; ``attributes``: meaning of a field → text
    (`core.studies.projects.review_settings.FIELD_MEANINGS`); ``origin``: name of the file or layer and row, an empty
    name if it is drawn on the map.
    """

    wkb: bytes
    crs: str
    attributes: dict[str, str] = field(default_factory=dict)
    origin: tuple[str, int] = ("", 0)


@dataclass(frozen=True)
class ReviewData:
    """What projects are reviewed against: the result of a check, and its rows with the edits since.

    ``rows``: None if the rows are those of the check.
    """

    check_result: Any
    rows: EditedRows | None = None


@dataclass(frozen=True)
class ReviewRequest:
    """Projects to review. ``number``: grows with each request; ``source``: name of the source in notes."""

    number: int
    data: ReviewData
    projects: tuple[ProjectShape, ...]
    source: str
    lang: str


def make_shape(geometry: QgsGeometry, crs: QgsCoordinateReferenceSystem, attributes: dict[str, str]) -> ProjectShape:
    """Return a geometry of QGIS as the shape of a project; arcs become segments."""
    return ProjectShape(convert_to_wkb_and_curve_text(QgsGeometry(geometry))[0], format_crs_for_pyproj(crs), attributes)


def read_features(
    layer: QgsVectorLayer,
    features: Iterable[tuple[int, QgsFeature]],
    names_by_meaning: dict[str, tuple[str, ...]],
    source: str,
) -> list[ProjectShape]:
    """Return the features of a layer with a geometry as projects.

    ``features``: each with its row; ``names_by_meaning``: names of fields, in capitals, as in the settings of reviews;
    ``source``: name of the file or layer. Attributes have each text by the name of its field, and the first one of a
    meaning by the meaning.
    """
    index_by_name = {one.name().upper(): number for number, one in reversed(list(enumerate(layer.fields())))}
    found = []
    for row, feature in features:
        if feature.geometry().isNull():
            continue
        attributes: dict[str, str] = {}
        for meaning, names in names_by_meaning.items():
            for name in filter(index_by_name.__contains__, names):
                index = index_by_name[name]
                value = convert_to_python_value(feature.attribute(index), get_field_type(layer.fields()[index]))
                if value is not None and (text := str(value).strip()):
                    attributes[name] = text
                    attributes.setdefault(meaning, text)
        found.append(replace(make_shape(feature.geometry(), layer.crs(), attributes), origin=(source, row)))
    return found


@lru_cache(maxsize=16)
def _parse_crs(text: str) -> CRS:
    from pyproj import CRS

    return CRS.from_user_input(text)


class DrawnProjectReviewer(QObject):
    """Reviews projects in one thread, always the latest request; older ones that wait are dropped.

    A review that has begun is answered, so that figures follow a mouse that does not rest.

    ``describe(result)``: called in that thread, returns what ``answered`` passes on. Signals: ``answered(number,
    description, error)``: result of a request, ``error`` is None or the exception; ``preparing``: the plan is being
    prepared, which takes seconds once for each check. Methods run on the main thread.
    """

    answered = pyqtSignal(int, object, object)
    preparing = pyqtSignal()

    def __init__(self, runner: JobRunner, describe: Callable[[ConformityResult], Any], parent: QObject | None = None):
        super().__init__(parent)
        self._runner, self._describe = runner, describe
        self._condition = threading.Condition()
        self._waiting: ReviewRequest | None = None
        self._job: BackgroundJob | None = None
        self._is_serving = self._is_stopped = False
        self._latest = 0
        #: Results of older requests are of another project, or of data that are no longer displayed.
        self._first_valid = 1
        self._reviews = _Reviews()

    def request(self, data: ReviewData, projects: Sequence[ProjectShape], source: str, lang: str) -> int:
        """Review projects as soon as the running review has ended; return the number of the request."""
        self._latest += 1
        with self._condition:
            self._waiting = ReviewRequest(self._latest, data, tuple(projects), source, lang)
            self._condition.notify_all()
            is_new_job_needed = not self._is_serving and not self._is_stopped
            self._is_serving = True
        if is_new_job_needed:
            self._job = self._runner.start(
                BackgroundJob(
                    tr("Project Conformity"),
                    self._serve,
                    on_done=lambda _nothing: None,
                    on_error=self._on_failed,
                    on_cancelled=self._on_cancelled,
                    is_hidden=True,
                )
            )
        return self._latest

    def drop_requests(self) -> None:
        """Drop the waiting request, and ignore the result of the running one."""
        self._first_valid = self._latest + 1
        with self._condition:
            self._waiting = None

    def forget_plan(self) -> None:
        """Drop requests and free what was prepared, when the check's result is no longer displayed."""
        self.drop_requests()
        self._reviews = _Reviews()

    def stop(self) -> None:
        """Stop permanently: no signal is emitted any more."""
        self._is_stopped = True
        self.drop_requests()
        if self._job is not None:
            self._job.cancel_and_disconnect()
        self._job = None

    # --- in the other thread
    def _serve(self, _progress: Callable[[float, str], None], cancellation: Cancellation) -> None:
        """Review the latest requests until none comes for a while."""
        idle_since = time.monotonic()
        while True:
            cancellation.raise_if_cancelled()
            with self._condition:
                if self._waiting is None:
                    self._condition.wait(_POLL_S)
                request, self._waiting = self._waiting, None
                if request is None and time.monotonic() - idle_since > _IDLE_S:
                    self._is_serving = False
                    return
            if request is None:
                continue
            try:
                result = self._reviews.review(request, lambda: post_to_main(self.preparing.emit), cancellation)
                post_to_main(partial(self._pass_on, request.number, self._describe(result), None))
            except Cancelled:
                raise
            except Exception as error:
                # The panel shows why; the next position of the mouse may be reviewed.
                post_to_main(partial(self._pass_on, request.number, None, error))
            idle_since = time.monotonic()

    # --- on the main thread
    def _pass_on(self, number: int, description: Any, error: Exception | None) -> None:
        if number >= self._first_valid and not self._is_stopped:
            self.answered.emit(number, description, error)

    def _on_failed(self, error: Exception) -> None:
        with self._condition:
            self._is_serving = False
        self._pass_on(self._latest, None, error)

    def _on_cancelled(self) -> None:
        with self._condition:
            self._is_serving = False


class _Reviews:
    """The prepared review of the latest result; used by one thread at a time."""

    _kept: tuple[ReviewData, PreparedReview] | None = None

    def review(
        self, request: ReviewRequest, on_preparing: Callable[[], None], cancellation: Cancellation
    ) -> ConformityResult:
        """Return the review of a request. Raise SanxianError and Cancelled."""
        from ...core.studies.projects.prepared import review_drawn_projects

        data = request.data
        if self._kept is None or self._kept[0].check_result is not data.check_result:
            on_preparing()
            self._kept = data, make_prepared_review(data, cancellation)
        elif self._kept[0].rows is not data.rows:
            self._kept = data, self._kept[1].use_rows(data.rows)
        return review_drawn_projects(
            make_drawn_projects(request.projects), self._kept[1], request.source, request.lang, cancellation
        )


def make_prepared_review(data: ReviewData, cancellation: Cancellation = NEVER_CANCELLED) -> PreparedReview:
    """Return a review of a check's plan, prepared. Raise SanxianError for a wrong admission table, and Cancelled."""
    from ...core.studies.projects.prepared import PreparedReview
    from ...core.studies.projects.review_settings import load_admission, load_review_settings

    plan = data.check_result.plan
    settings = load_review_settings(plan.norm)
    table = load_admission(plan.norm, settings)
    review = PreparedReview(plan, settings, table, plan.norm.make_tolerance(), data.rows)
    review.prepare(cancellation)
    return review


def make_drawn_projects(projects: Sequence[ProjectShape]) -> list[DrawnProject]:
    """Return shapes of projects in the form of the core."""
    import shapely

    from ...core.studies.projects.prepared import DrawnProject

    return [
        DrawnProject(shapely.from_wkb(one.wkb), _parse_crs(one.crs), one.attributes, one.origin) for one in projects
    ]


def write_review(
    data: ReviewData,
    projects: Sequence[ProjectShape],
    source: str,
    lang: str,
    outputs: OutputPaths,
    cancellation: Cancellation,
) -> ConformityResult:
    """Review projects, write the requested results and return the result. Raise SanxianError and Cancelled."""
    from ...core.studies.projects.prepared import review_drawn_projects
    from ...core.studies.projects.write_review import check_conformity_outputs, write_conformity_outputs
    from ..printing.pdf import render_svg, write_pdf

    check_conformity_outputs(outputs, list(data.check_result.plan.input_files))
    review = make_prepared_review(data, cancellation)
    result = review_drawn_projects(make_drawn_projects(projects), review, source, lang, cancellation)
    print_pdf = partial(write_pdf, cancellation=cancellation)
    write_conformity_outputs(result, outputs, cancellation, print_pdf=print_pdf, rasterise=render_svg)
    return result
