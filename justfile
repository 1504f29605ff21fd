# What is done often, one line each; every recipe can be read and typed by hand.

bin := ".venv/bin"

[private]
default:
    @just --list --unsorted

# A virtual environment with all that the checks need
setup:
    python3 -m venv .venv
    {{bin}}/pip install -e '.[dev]'
    {{bin}}/pre-commit install

# All checks
check: fast types floors test

# The fast half: what pre-commit runs
fast:
    {{bin}}/ruff check .
    {{bin}}/ruff format --check .
    {{bin}}/pytest -q tests/test_house.py

types:
    {{bin}}/mypy

floors:
    {{bin}}/lint-imports --no-logo

# The tests, on all processors; `just test tests/formats` for some of them
test *arguments:
    {{bin}}/pytest -n auto {{arguments}}

# The tests, and which lines of the trunk they miss
cover:
    rm -f .coverage .coverage.*
    COVERAGE_FILE="$PWD/.coverage" COVERAGE_PROCESS_START="$PWD/pyproject.toml" {{bin}}/pytest -n auto
    {{bin}}/coverage combine --quiet
    {{bin}}/coverage report --skip-covered --show-missing --fail-under=100

# Repair what a machine can repair
fix:
    {{bin}}/ruff check --fix .
    {{bin}}/ruff format .

# Redraw the tree at the end of the README
tree:
    {{bin}}/python tests/readme_tree.py

# The longest files
size:
    @git ls-files '*.py' | xargs wc -l | sort -rn | head -20

# What continuous integration does, with what is committed
ci:
    bash .ci/run
