# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialogs that explain: rules, data dictionary, environment check (环境自检)."""
