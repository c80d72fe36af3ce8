# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators (指标): figures with their unit, basis, inputs and target; pure functions."""
