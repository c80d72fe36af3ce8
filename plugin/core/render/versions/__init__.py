# SPDX-License-Identifier: GPL-2.0-or-later
"""Comparison of two editions of one layer.

Land is moved in (调入), moved out (调出) or has changed attributes (属性变更).
"""
