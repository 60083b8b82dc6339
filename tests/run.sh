#!/bin/bash
# run.sh: runs the given test programs and files, several at once, and counts.
#
# Unit tests are programs; bats files and scripts that print TAP each run in a lab of their own. A suite's output is
# kept, and shown if something in it failed. The last line is the count.
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

# Without a controlling terminal: ssh would stop to ask for a password there. A suite's TAP goes to its log; its status
# is stored next to it.
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

# Counts matches without the skipped tests.
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
  skip=$(count '^(not )?ok .*# ?(skip|SKIP)' "$log") # cmocka prints "not ok" for these
  ok=$(count_run '^ok ' "$log")
  bad=$(count_run '^not ok ' "$log")
  # A suite that ended early, or never started, has failed whatever it printed.
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

# Prints the names that ONLY matches: the tests of bats files and scripts; a unit test's program.
names() {
  case $1 in
    *.bats) sed -nE 's/^@test ["'\''](.*)["'\''] \{.*/\1/p' "$1" ;;
    *.sh) "$1" --list | grep -v '^#' ;;
    *) echo "${1##*/}" ;;
  esac
}

# Skips suites without a matching test, whose lab would be set up for nothing.
suites=()
for suite in "$@"; do
  if [ -z "$ONLY" ] || names "$suite" | grep -qE -e "$ONLY"; then
    suites+=("$suite")
  fi
done

# Prints the suites that have ended since the last call, in that order.
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
  # One more than there are processors, since most suites spend their time waiting for daemons.
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
