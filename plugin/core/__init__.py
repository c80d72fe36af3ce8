# SPDX-License-Identifier: GPL-2.0-or-later
"""The core: checks, fixes, packages, projects and batches on local files, without QGIS and without Qt.

Six functions do what commands, algorithms and windows offer. They take `standard.options.RunOptions` (profile, phase,
scope, roles …; ``RunOptions(profile="hunyuan")``), never change an input, and write beside a target, then move.

- `checks.check.check_plan`: file, folder or layers → `CheckResult` (plan, report, side inputs, waivers)
- `fixes.run_fixes.run_fixes`: file → a copy with the safe fixes of chosen findings, and lists of what changed
- `package.export.export_package`: `CheckResult`, `ExportOrder` → the package for submission (成果包), read back
- `package.inspection.inspect.inspect_package`: folder or zip of a package → `CheckResult`
- `studies.projects.run_review.review_projects`: layer of projects, plan → `ConformityResult`
- `counties.run_batch.check_counties`: `BatchOptions` → a report for each county, and the summary of all

`render.outputs.write_outputs` writes a report as page, JSON, layer, document and ledger. All raise InputError (what
was given), DataError (profile, standard, texts), OutputError (what is to be written) and Cancelled
(`base.errors`). Modules that begin with an underscore, and names that do, may change at any time.
"""
