# SPDX-License-Identifier: GPL-2.0-or-later
"""Indicators (指标): figures of a plan with unit, basis, inputs and target.

All functions are pure.
"""
