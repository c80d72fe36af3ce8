# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialog 字段映射: map the fields of a layer to a template."""
