# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors that appeared since editing began."""

from dataclasses import replace

import pytest
import shapely

from plugin.core.live.session import FindingsChange
from plugin.core.model.findings import Finding
from plugin.core.model.rule import Severity
from plugin.core.results.new_errors import NewErrors


def make_error(fingerprint, role="CZKFBJ", related_role="YJJBNTBHTB", severity=Severity.ERROR, **more):
    return replace(
        Finding(role, fingerprint, code="REL002", related_role=related_role, severity=severity, **more),
        fingerprint=fingerprint,
    )


OLD = make_error("old")


@pytest.fixture
def new_errors():
    found = NewErrors()
    found.begin([OLD])
    return found


def test_nothing_is_new_before_the_findings_before_the_edits_are_known():
    assert NewErrors().list_new([OLD], ["CZKFBJ"]) == []


def test_an_error_that_appeared_is_new_and_the_others_are_not(new_errors):
    added = make_error("added")
    assert new_errors.list_new([OLD, added], ["CZKFBJ"]) == [added]


def test_warnings_and_waived_errors_are_not_named(new_errors):
    findings = [make_error("a", severity=Severity.WARNING), replace(make_error("b"), state="waived")]
    assert new_errors.list_new(findings, ["CZKFBJ"]) == []


@pytest.mark.parametrize(
    ("roles", "is_named"), [(["CZKFBJ"], True), (["YJJBNTBHTB"], True), (["STBHHX"], False), ([], False)]
)
def test_only_errors_of_a_saved_layer_are_named(new_errors, roles, is_named):
    assert bool(new_errors.list_new([make_error("added")], roles)) is is_named


def test_an_error_that_was_ended_and_brought_back_by_undo_is_not_new(new_errors):
    new_errors.follow(FindingsChange(ended_findings=[OLD]))
    new_errors.follow(FindingsChange(new_findings=[OLD]))
    assert new_errors.list_new([OLD], ["CZKFBJ"]) == []


def test_an_error_that_an_edit_changed_in_size_is_not_new(new_errors):
    grown = replace(OLD, fingerprint="grown")
    new_errors.follow(FindingsChange(changed_findings=[(OLD, grown)]))
    assert new_errors.list_new([grown], ["CZKFBJ"]) == []
    new = make_error("new")
    new_errors.follow(FindingsChange(changed_findings=[(new, replace(new, fingerprint="new2"))]))
    assert new_errors.list_new([replace(new, fingerprint="new2")], ["CZKFBJ"])


@pytest.mark.parametrize(("x", "is_new"), [(5, False), (500, True)], ids=["same place", "elsewhere"])
def test_an_error_by_place_that_an_edit_moved_is_new_only_elsewhere(x, is_new):
    shapes = [shapely.box(0, 0, 10, 10), shapely.box(x, 0, x + 10, 10)]
    before, after = (
        replace(make_error(name, by_place=True, geometry=shape), key="1", fingerprint=name)
        for name, shape in zip(("before", "after"), shapes, strict=True)
    )
    found = NewErrors()
    found.begin([before])
    found.follow(FindingsChange(ended_findings=[before], new_findings=[after]))
    assert bool(found.list_new([after], ["CZKFBJ"])) is is_new


def test_reported_errors_are_not_named_again(new_errors):
    added, later = make_error("added"), make_error("later")
    new_errors.accept([added])
    assert new_errors.list_new([OLD, added, later], ["CZKFBJ"]) == [later]


def test_a_change_of_project_forgets_the_errors(new_errors):
    new_errors.forget()
    assert not new_errors.has_begun
    assert new_errors.list_new([make_error("added")], ["CZKFBJ"]) == []
