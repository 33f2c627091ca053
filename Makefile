# Everything is installed below this folder by the targets themselves; a machine needs Python 3.11+, git and make.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PORT ?= 8000
HOST ?= 127.0.0.1
ARGS ?=
T ?=
DIR ?=
export PORT HOST T
# Where a machine forbids it, every process of the tests and of make run would compile the whole product anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
STATIC := static/vendor/.made
PIP := $(PY) -m pip --disable-pip-version-check install -qq

# Tests and checks read nothing of .env: the same result on every machine.
WITH_DATABASE := DEBUG=1 $(PY) -m portal.bootstrap.postgres exec --
WITH_BROWSER = PORTAL_CHROMIUM=$$($(PY) -m portal.bootstrap.browser); export PORTAL_CHROMIUM
SUITE := $(PY) -m pytest -n 2 --dist worksteal --durations=20
PRODUCTION := DEBUG=0 SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(50))') ALLOWED_HOSTS=portal.example.cn TRUSTED_PROXY_COUNT=1
TEMPLATES = git ls-files -z --cached --others --exclude-standard 'templates/*.html'
PYTHON_FILES = git ls-files -z --cached --others --exclude-standard '*.py'

.PHONY: help run test long faults t check lint fix docs demo bench evening cluster manage backup restore smoke lock static install clean

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: $(RUNTIME) $(STATIC) ## Start everything with demo data: make run PORT=8001
	@$(PY) -m portal.bootstrap.run serve

test: $(DEV) $(STATIC) ## The fast suite, browser tests included: make test ARGS="tests/portal -k sheets"
	@$(WITH_BROWSER); $(WITH_DATABASE) $(SUITE) -m "not long" $(ARGS)

long: $(DEV) $(STATIC) ## What takes longer, after make test: wide fuzz, years, recovery
	@$(WITH_BROWSER); $(WITH_DATABASE) $(SUITE) -m "(long or hypothesis) and not faults" --hypothesis-profile=wide --timeout=3600 $(ARGS)

# What is killed and timed has the machine for itself: by hand, until it was seen to end as a whole on a quiet one.
faults: $(DEV) $(STATIC) ## Real processes killed fifty times under load, full disks, a jumping clock; as root, ten minutes
	@$(WITH_DATABASE) $(PY) -m pytest -m faults --durations=0 --timeout=900 tests/faults tests/deploy

t: $(DEV) $(STATIC) ## One test, at once: make t ARGS="tests/portal/sign_in/test_sign_in.py -k spelling"
	@$(WITH_DATABASE) $(PY) -m pytest -q $(ARGS)

check: lint ## Everything that must hold before a change lands, but the tests
	$(WITH_DATABASE) $(PY) -m mypy
	$(PRODUCTION) $(PY) -m portal.bootstrap.postgres exec -- $(PY) manage.py check --deploy --fail-level WARNING
	$(WITH_DATABASE) $(PY) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) -m portal.bootstrap.postgres exec -- $(PY) manage.py collectstatic --noinput --clear --verbosity 0

lint: $(DEV) $(STATIC) ## Style and floors: ruff, import-linter, bandit, templates, old idioms, CSS and JavaScript
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	# It warns of each part of an expression that a mark stands beside.
	$(VENV)/bin/bandit -c pyproject.toml -q -r portal residents bases review 2> >(grep -v "nosec encountered" >&2)
	$(TEMPLATES) | xargs -0 -r $(VENV)/bin/djade --target-version 5.2 --check
	$(TEMPLATES) | xargs -0 -r $(VENV)/bin/djhtml --tabwidth 2 --check
	$(PYTHON_FILES) | xargs -0 -r $(VENV)/bin/django-upgrade --target-version 5.2 --check
	$(VENV)/bin/lint-imports
	$(PY) -m portal.bootstrap.frontend lint

fix: $(DEV) $(STATIC) ## Let the tools of lint mend what they can
	-$(PY) -m ruff check --fix .
	$(PYTHON_FILES) | xargs -0 -r $(VENV)/bin/django-upgrade --target-version 5.2 --exit-zero-even-if-changed
	$(PY) -m ruff format .
	-$(TEMPLATES) | xargs -0 -r $(VENV)/bin/djade --target-version 5.2
	-$(TEMPLATES) | xargs -0 -r $(VENV)/bin/djhtml --tabwidth 2
	-$(PY) -m portal.bootstrap.frontend lint --write

docs: $(DEV) ## Write into docs/ what keeps and proves each rule, and the states; fails on what leads nowhere
	@$(PY) -m tests.docs.check

demo: $(RUNTIME) ## Load the demo data and print its sign-ins
	@$(PY) -m portal.bootstrap.run manage migrate --verbosity 0
	@$(PY) -m portal.bootstrap.run manage load_demo

bench: $(DEV) ## The targets of the measurements, or one of them: make bench T=5
	@$(WITH_DATABASE) $(PY) -m tests.benchmarks.run

evening: $(DEV) $(STATIC) ## A nation's last evening in a house of its own: EVENING_PEOPLE=5000 EVENING_SECONDS=60 for a try
	@$(WITH_DATABASE) $(PY) -m tests.evening.run

cluster: $(DEV) $(STATIC) ## Two of everything from deploy/ on loopback, some of it killed, ten minutes: CLUSTER_ROUNDS=1 for a try
	@missing=""; for name in nginx pgbouncer; do \
	  PATH="$$PATH:/usr/sbin" command -v $$name >/dev/null || missing="$$missing $$name"; \
	done; \
	[ -z "$$missing" ] || apt-get install -y --no-install-recommends $$missing
	@$(WITH_DATABASE) $(PY) -m tests.cluster.run

manage: $(RUNTIME) ## Any management command: make manage ARGS="showmigrations"
	@$(PY) -m portal.bootstrap.run manage $(ARGS)

backup: $(RUNTIME) ## Database and uploads into a new folder: make backup DIR=/mnt/backup/2026-11-23
	@$(PY) -m portal.bootstrap.run manage backup "$(DIR)"

restore: $(RUNTIME) ## A backup into an empty database, rows compared: make restore DIR=… DATABASE_URL=… DATABASE_OWNER_URL=…
	@$(PY) -m portal.bootstrap.run manage restore "$(DIR)"

smoke: $(RUNTIME) $(STATIC) ## Tables, one web process, one request; with PORTAL_POSTGRES=embedded on the wheel's database
	@$(PY) -m portal.bootstrap.run smoke

lock: $(VENV)/.made ## Choose the newest versions in the ranges of requirements*.txt, with their hashes
	@$(PIP) "uv>=0.13,<1"
	@for name in requirements requirements-local requirements-dev; do \
	  $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --custom-compile-command "make lock" $$name.txt -o $$name.lock; \
	done

static: $(STATIC) ## Fetch the front-end packages and copy what the pages use

install: $(DEV) $(STATIC) ## Only install, for editors

clean: ## Remove what make installed and built; the database and uploads in var/ stay
	rm -rf $(VENV) node_modules static/vendor static/vendor.new var/static var/browser
	rm -rf .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .grimp_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.made:
	@python=""; \
	for name in $${PYTHON:-} python3 python3.13 python3.12 python3.11; do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "需要 Python 3.11 以上：请安装，或用 make PYTHON=路径 指明。/ Python 3.11 or newer is needed: make PYTHON=path" >&2; exit 1; \
	fi; \
	"$$python" -m venv $(VENV) || { \
	  echo "不能建立虚拟环境。Debian/Ubuntu 请先运行 apt-get install python3-venv。/ On Debian or Ubuntu install python3-venv first." >&2; exit 1; }
	@touch $@

$(RUNTIME): requirements-local.lock | $(VENV)/.made
	@echo "安装 Python 包 / installing Python packages"
	@$(PIP) --require-hashes -r requirements-local.lock
	@touch $@

$(DEV): requirements-dev.lock $(RUNTIME)
	@echo "安装测试与检查工具 / installing test and check tools"
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(STATIC): package.json package-lock.json portal/bootstrap/frontend.py | $(RUNTIME)
	@echo "安装前端文件 / installing front-end files"
	@$(PY) -m portal.bootstrap.frontend
	@touch $@
