# SPDX-License-Identifier: GPL-2.0-or-later
# The logic is in tools/*.sh: make does not handle spaces in paths well, so that no local path is a target here.
# Settings: SANXIAN_ENV (virtual environment, default .venv), SANXIAN_NO_INSTALL=1 (install no system packages).
SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

RUN := bash tools/run.sh
SAMPLE := -m tests.county
# Distribute tests by file, the longest first (tests/conftest.py): tests of a file share what they set up.
# A worker that dies ends the run: a new worker would wait for tests that are never assigned to it.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder --max-worker-restart=0 --durations=80 --durations-min=10
ARGS ?= --help
TESTS ?=
BENCH ?=
PROFILE ?= hunyuan
PHASE ?=
RULES ?=
PICTURES ?=
FILMS ?=
COUNT ?= 5000
SEED ?= 1
ACTION ?= run
MINUTES ?= 120
PARCELS ?= 150000
READERS ?=
SYSTEMS ?=
SITE ?=
CONTACT ?=

.PHONY: help help-all setup demo test test-all oldest matrix postgis fuzz mutants soak testset check format benchmark rules profile rule sample schemas symbols manual screenshots films package release wheel qgis qgis_process clean

# “## ” marks the commands of `make help`, “##+ ” those that only `make help-all` lists.
help: ##+ 常用命令 · the usual commands
	@awk -F ':.*## ' '/^[a-z_-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

help-all: ## 全部命令 · all commands
	@awk -F ':.*##[+]? ' '/^[a-z_-]+:.*##[+]? / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

setup: ## 准备环境（QGIS、虚拟环境）· the environment: QGIS, libraries
	@bash tools/setup.sh

demo: setup ## 检查示例县并给出摘要 · checks the sample county
	@bash tools/demo.sh

test: setup ## 日常测试 · tests of every behaviour (TESTS="tests/core -k ratio" for some)
	@$(RUN) pytest $(if $(value TESTS),$(value TESTS),$(SIDE_BY_SIDE) -m "not exhaustive")

test-all: setup ## 全部测试，含全部组合 · these and all permutations (docs/quality.md)
	@$(RUN) pytest $(SIDE_BY_SIDE) --hypothesis-profile=exhaustive

oldest: setup ##+ 用所接受的最旧的库自检 · the self-check with the oldest libraries that are accepted
	@bash tools/oldest.sh

matrix: ##+ 在全新的 Debian 系统中运行（SYSTEMS="debian13 testing"，root）· fresh Debian systems: commands, tests, scipy
	@bash tools/matrix.sh $(SYSTEMS)

postgis: setup ##+ 数据库来源的测试（临时的 PostGIS 服务器）· tests with a private PostGIS server
	@bash tools/postgis.sh

fuzz: setup ##+ 损坏的文件、失败的写入、变形的县（COUNT=500、SEED=1、READERS="gpkg shp"）· damaged files, failed writes, counties drawn otherwise
	@$(RUN) python -m tests.fuzz --count "$(COUNT)" --seed "$(SEED)" $(if $(READERS),--readers $(READERS))
	@$(if $(READERS),:,$(RUN) python -m tests.fuzz --count "$(COUNT)" --seed "$(SEED)" --minutes 30 --writers)
	@$(if $(READERS),:,$(RUN) python -m tests.metamorphic --seed "$(SEED)" $(if $(filter file,$(origin COUNT)),,--count "$(COUNT)"))

mutants: setup ##+ 逐处改动代码，测试应当发现（ACTION=record|run|report）· change the code at one place at a time
	@bash tools/mutants.sh "$(ACTION)" $(if $(filter file,$(origin COUNT)),,--count "$(COUNT)") --seed "$(SEED)" --minutes "$(MINUTES)"

soak: setup ##+ 长时间在桌面编辑（MINUTES=120、PARCELS=150000）· edit at the desktop for hours
	@$(RUN) python -m tests.desktop.soak_run --minutes "$(MINUTES)" --parcels "$(PARCELS)"

testset: setup ##+ 公开测试集，供其他软件自测 · the public test set (docs/testset.md), in dist/
	@$(RUN) python -m tests.testset

check: setup ## 格式、静态检查、分层、类型、快速测试 · format, lint, layers, types, fast tests
	@bash tools/check.sh

format: setup ## 整理代码格式 · formats the code
	@$(RUN) ruff check --quiet --fix . ; $(RUN) ruff format .

benchmark: setup ##+ 性能基准（BENCH="--parcels 150000"）· speed as ratios
	@$(RUN) python -m tests.benchmarks $(value BENCH)

rules: setup ##+ 规则清单 · the rules (RULES="--html build/rules.html" or "--csv …")
	@$(RUN) python -m plugin.core rules $(value RULES)

profile: setup ## 县配置的全部设置（PROFILE=hunyuan PHASE=报批）· all settings of a profile
	@$(RUN) python -m plugin.core profile "$(PROFILE)" --phase "$(PHASE)"

rule: setup ## 新规则 · a new rule: CODE=ATT099 NAME=missing-use
	@$(RUN) python tools/new_rule.py "$(CODE)" "$(NAME)"

sample: setup ##+ 重新生成示例县 · makes the sample county again
	@$(RUN) python $(SAMPLE)

schemas: setup ##+ 数据文件的结构说明（resources/schemas）· schemas of data files, for editors
	@$(RUN) python tools/make_schemas.py

symbols: setup ##+ 全部符号一览（build/symbols.pdf）· a sheet of all symbols
	@$(RUN) python tools/symbol_sheet.py

manual: setup ##+ 使用手册（resources/manual、build/*.pdf）· the manual: HTML and PDF
	@$(RUN) python tools/make_manual.py

screenshots: setup ##+ 手册图片（docs/images，PICTURES="wizard"）· pictures of the manual
	@$(RUN) python tools/screenshots.py $(value PICTURES)

films: setup ##+ 三部一分钟的无声短片（需要 ffmpeg）· three silent films of a minute (FILMS="fixing"), in dist/films
	@$(RUN) python tools/films.py $(value FILMS)

package: setup ## 可安装的 zip · the installable zip, in dist/
	@$(RUN) python tools/package.py --site '$(SITE)' --email '$(CONTACT)'

release: setup ## 发布：zip、校验值、清单、说明、扫描（SITE=本单位服务器）· a release, in dist/
	@$(RUN) python tools/release.py --site '$(SITE)' --email '$(CONTACT)'

wheel: setup ##+ Dask worker 用的程序包（.whl）· the core for Dask workers, in dist/
	@$(RUN) python tools/wheel.py

qgis: setup ## 打开 QGIS 并载入示例县（副本）· the desktop with a copy of the sample
	@bash tools/qgis.sh

qgis_process: setup ## ARGS="run sanxian:check_plan -- SOURCE='…'"
	@bash tools/qgis_process.sh $(value ARGS)

clean: ##+ 清除生成物（保留虚拟环境）· removes generated files, keeps the environment
	@rm -rf build dist resources/manual .pytest_cache .mypy_cache .ruff_cache && rm -f i18n/*.qm && find plugin tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
