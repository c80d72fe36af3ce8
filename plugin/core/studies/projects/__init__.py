# SPDX-License-Identifier: GPL-2.0-or-later
"""Conformity of projects (建设项目合规性审查): occupied land, admission (准入), verdict."""
