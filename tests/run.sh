#!/bin/bash
# run.sh: runs the test programs and files it is given, several at once, and counts.
#
# Unit tests are programs; bats files and scripts that print TAP run each in a lab of its own. Whatever a
# suite prints is kept, and shown when something in it failed. The last line is the count.
#
# usage: run.sh SUITE...      environment: BUILD (the folder to test), ONLY (a pattern of test names)
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
TOP=$PWD
BUILD=${BUILD-build}
export TOP BUILD ONLY=${ONLY-} PROG=$TOP/$BUILD/ntp_monitor
readonly BOUND_S=3000 FORBIDDEN=77 # the fault matrix takes 20 min on a slow machine
logs=$BUILD/tests/logs
rm -rf "$logs"
mkdir -p "$logs"

# Without a controlling terminal: ssh would stop itself to ask for a password there.
# A suite's TAP goes to its log; its status is kept beside it.
run_suite() {
  local suite=$1 log=$logs/${1##*/}
  case $suite in
    *.bats)
      timeout "$BOUND_S" setsid -w tests/lab/enter.sh bats --tap ${ONLY:+--filter "$ONLY"} "$suite" >"$log" 2>&1 </dev/null
      ;;
    *.sh) timeout "$BOUND_S" setsid -w tests/lab/enter.sh "$suite" >"$log" 2>&1 </dev/null ;;
    *) CMOCKA_MESSAGE_OUTPUT=tap timeout "$BOUND_S" setsid -w "$suite" >"$log" 2>&1 </dev/null ;;
  esac
  echo $? >"$log.status"
}

count() {
  grep -cE "$1" "$2" || true
}

# Of those that were not skipped.
count_run() {
  grep -E "$1" "$2" | grep -cvE '# ?(skip|SKIP)' || true
}

passed=0 failed=0 skipped=0
# Adds one suite to the counts, and prints it.
tell() {
  local suite=$1 log=$logs/${1##*/} status ok bad skip lost=0
  status=$(cat "$log.status")
  if [ "$status" = "$FORBIDDEN" ]; then
    lost=$(bats --count "$suite" 2>/dev/null) || lost=1
    cat "$log"
    echo "not run: $lost tests of $suite (see above how to allow them)"
    failed=$((failed + lost))
    return
  fi
  skip=$(count '^(not )?ok .*# ?(skip|SKIP)' "$log") # cmocka's say "not ok"
  ok=$(count_run '^ok ' "$log")
  bad=$(count_run '^not ok ' "$log")
  # A suite that ended before its time, or never began, has failed whatever it printed.
  if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
    bad=1
    echo "$suite ended with status $status:"
  fi
  passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
  if [ "$bad" != 0 ]; then
    cat "$log"
  fi
  [ "$skip" = 0 ] || grep -E '^(not )?ok .*# ?(skip|SKIP)' "$log"
  grep '^# score: ' "$log"
  printf '%-32s %3d passed, %d failed, %d skipped\n' "${suite##*/}" "$ok" "$bad" "$skip"
}

# The names that ONLY is held against: of tests of bats files and scripts; of the unit tests, programs.
names() {
  case $1 in
    *.bats) sed -nE 's/^@test ["'\''](.*)["'\''] \{.*/\1/p' "$1" ;;
    *.sh) "$1" --list | grep -v '^#' ;;
    *) echo "${1##*/}" ;;
  esac
}

# A suite with none of them is not begun: its lab would be set up for nothing.
suites=()
for suite in "$@"; do
  if [ -z "$ONLY" ] || names "$suite" | grep -qE -e "$ONLY"; then
    suites+=("$suite")
  fi
done

# Tells of the suites that have ended since the last time, in their order of ending.
tell_ended() {
  local suite log
  for suite in "${suites[@]}"; do
    log=$logs/${suite##*/}
    if [ -s "$log.status" ] && [ ! -e "$log.told" ]; then
      : >"$log.told"
      tell "$suite"
    fi
  done
}

running=0
for suite in "${suites[@]}"; do
  # One more than there are processors: most suites wait for daemons most of the time.
  if [ "$running" -gt "$(nproc)" ]; then
    wait -n
    running=$((running - 1))
    tell_ended
  fi
  run_suite "$suite" &
  running=$((running + 1))
done
wait
tell_ended
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
