# SPDX-License-Identifier: GPL-2.0-or-later
"""Surveys that a person confirmed as the reference of a layer's edges, stored in the project."""

from __future__ import annotations

from qgis.core import QgsProject

_PROJECT_SCOPE, _KEY = "sanxian", "confirmed_surveys"


def is_survey_confirmed(project: QgsProject, role: str, survey_role: str) -> bool:
    """Return True if the layer ``role`` may be aligned with the survey ``survey_role``."""
    return _format_layer_pair(role, survey_role) in project.readListEntry(_PROJECT_SCOPE, _KEY)[0]


def store_confirmed_survey(project: QgsProject, role: str, survey_role: str) -> None:
    """Store in the project that the layer ``role`` may be aligned with the survey ``survey_role``."""
    pairs = {*project.readListEntry(_PROJECT_SCOPE, _KEY)[0], _format_layer_pair(role, survey_role)}
    project.writeEntry(_PROJECT_SCOPE, _KEY, sorted(pairs))


def _format_layer_pair(role: str, survey_role: str) -> str:
    return f"{role}>{survey_role}"
