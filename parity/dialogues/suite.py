#!/bin/sh
# Core against Rasa 3.6.21: the training trackers of the assistants in ../shared, then random assistants made here.
#   scripts/parity_core [COUNT] [SEED]
set -eu
cd "$(dirname -- "$0")/.."
count=${1:-25}
seed=${2:-1}
ours=$(scripts/environment --dev)/bin/python
theirs=$(scripts/rasa_env)/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compare() { # compare SCRIPT INPUT: both sides answer about the input, Rasa's talk goes to a log that is shown on failure
  if ! "$theirs" "$1" rasa "$2" "$work/theirs.json" >"$work/log" 2>&1; then
    tail -20 "$work/log"
    return 1
  fi
  "$ours" "$1" rebake "$2" "$work/ours.json" && "$ours" "$1" compare "$work/ours.json" "$work/theirs.json"
}

failed=0
for assistant in moodbot helpdesk formbot travelbot e2ebot; do
  echo "trackers of $assistant"
  compare scripts/parity_trackers.py "../shared/reference/$assistant/assistant" || failed=1
done
echo "$count random assistants, seed $seed"
"$ours" scripts/parity_core_random.py make "$work/random" "$count" "$seed"
compare scripts/parity_core_random.py "$work/random" || failed=1
exit $failed
