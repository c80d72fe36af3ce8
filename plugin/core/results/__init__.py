# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of a check: how a run becomes a report, and how results are kept beside a project."""
