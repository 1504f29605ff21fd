#!/usr/bin/env bash
# The whole flywheel on a CPU: the small model lives 2,000 tasks, its verified successes are kept, it
# learns from them for a few hundred updates, and is measured before and after on tasks that no
# training draws, with intervals. What it learned from is converted for other trainers too.
#
#   recipes/flywheel.sh [FOLDER]      goes on where it was stopped
#
# WEIGHTS names a folder with weights of yours; else those of this package are taken. FAMILIES,
# COUNT, TASKS and TOKENS change what is lived, measured and learned.
set -euo pipefail

folder=${1:-runs/flywheel}
start=()
if [[ -n ${WEIGHTS:-} ]]; then start=(--from "$WEIGHTS"); fi

codeact train improve ${start[@]+"${start[@]}"} --families "${FAMILIES:-}" --rounds 1 \
  --count "${COUNT:-2000}" -n "${TASKS:-200}" --budget "${TOKENS:-1500k}" -o "$folder"
codeact data convert "$folder/round-1/learned.jsonl" -o "$folder/train.jsonl" --force
