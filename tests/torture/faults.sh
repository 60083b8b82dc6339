#!/bin/bash
# faults.sh: the fault matrix: makes whatever can go wrong around the program go wrong, for real.
#
# Each row of faults.tab is one fault: how to provoke it, and how the program must respond. faults_rules.bash has the
# rules for every row, faults_lab.bash the healthy machine that the faults break, and faults_service.bash,
# faults_sources.bash, faults_world.bash and faults_outputs.bash the ways to break it. Prints TAP, and the score.
#
# usage: faults.sh [--list]     environment: BUILD (the folder to test), PROG (the program), ONLY (a
#                               pattern of ids and words)
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
readonly TABLE=tests/torture/faults.tab
export TOP=$PWD BUILD=${BUILD-build} ONLY=${ONLY-}
export PROG=${PROG-$TOP/$BUILD/ntp_monitor}

# rows: prints the table's rows, one fault per line, with a tab between columns.
rows() {
  sed -E '/^(#|$)/d; s/ +\| +/\t/g; s/ +$//' "$TABLE" | grep -E -- "$ONLY"
}

if [ "${1-}" = --list ]; then
  rows | cut -f 1,2
  echo "# $(rows | wc -l) faults"
  exit
fi
if [ -z "${LAB_DIR-}" ]; then
  exec tests/lab/enter.sh tests/torture/faults.sh
fi

# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. tests/lab/lab.sh
# shellcheck source-path=SCRIPTDIR source=../system/delivery.bash
. tests/system/delivery.bash # for its receivers
# shellcheck source-path=SCRIPTDIR source=networks.bash
. tests/torture/networks.bash
# shellcheck source-path=SCRIPTDIR source=faults_lab.bash
. tests/torture/faults_lab.bash
# shellcheck source-path=SCRIPTDIR source=faults_rules.bash
. tests/torture/faults_rules.bash
# shellcheck source-path=SCRIPTDIR source=faults_service.bash
. tests/torture/faults_service.bash
# shellcheck source-path=SCRIPTDIR source=faults_sources.bash
. tests/torture/faults_sources.bash
# shellcheck source-path=SCRIPTDIR source=faults_world.bash
. tests/torture/faults_world.bash
# shellcheck source-path=SCRIPTDIR source=faults_outputs.bash
. tests/torture/faults_outputs.bash

# --- one run ---------------------------------------------------------------------------------------

# watchdog PID SECONDS: kills the process after that time.
watchdog() {
  read -rt "$2" <>"$LAB_DIR/never"
  kill -KILL "$1" 2>/dev/null
}

# Starts the program as cron does, except for what the row changes; $pid is its PID and its process group.
start() {
  (
    cd "$cwd" || exit
    eval 'exec setsid env -i --default-signal=INT,QUIT HOME="$HOME" LOGNAME=root SHELL=/bin/sh PATH="$PATH" \
      "${vars[@]}" "${via[@]}" "$PROG" "${args[@]}" >"$T/out" 2>"$T/err" </dev/null '"$at"
  ) &
  pid=$!
}

# Runs it once, and sets $status and $took_ms.
run() {
  local begun_ms guard beside=
  begun_ms=$(lab_uptime_ms)
  start
  watchdog "$pid" $((limit_ms / 1000 + 5)) &
  guard=$!
  if [ -n "$during" ]; then
    eval "$during" >>"$T/during" 2>&1 &
    beside=$!
  fi
  status=0
  wait "$pid" 2>/dev/null || status=$? # bash reports signals there
  took_ms=$(($(lab_uptime_ms) - begun_ms))
  kill "$guard" 2>/dev/null
  # shellcheck disable=SC2086 # none or one
  [ -z "$beside" ] || wait $beside || complain "what should happen during the run did not: $(<"$T/during")"
}

# Runs $copies in parallel, and keeps the worst status.
run_all() {
  local pids=() each worst=0 begun_ms
  if [ "$copies" = 1 ]; then
    run
    return
  fi
  begun_ms=$(lab_uptime_ms)
  while [ "${#pids[@]}" -lt "$copies" ]; do
    start
    pids+=("$pid")
  done
  for each in "${pids[@]}"; do
    status=0
    wait "$each" || status=$?
    [ "$status" -le "$worst" ] || worst=$status
  done
  status=$worst took_ms=$(($(lab_uptime_ms) - begun_ms))
}

# --- one row ---------------------------------------------------------------------------------------

# Runs the steps of the column "provoked by", separated by " + ".
provoke() {
  local steps=${1// + /$'\n'} step
  while IFS= read -r step <&9; do
    eval "$step" || return
  done 9<<<"$steps"
}

# Resets what a row may change: how the program is started.
fresh() {
  T=$LAB_DIR/row
  rm -rf "$T"
  mkdir -p "$T/cwd"
  via=() vars=() args=() at='' cwd=$T/cwd
  during='' # runs next to the program
  after=''  # must be true once it has ended
  copies=1 limit_ms=10000
  : >"$T/out"
  : >"$T/err"
  : >"$T/wrong"
}

# Runs in a subshell; returns 0 passed, 1 failed, 2 not provoked, 3 not for this build.
row() {
  local provoked_by=$3 status=0 pid=0 took_ms=0 before
  wanted=$4 reason=$5 says=$6 where=$7
  fresh
  [ "$reason" = - ] || args=(-o json)
  provoke "$provoked_by" >"$T/provoke" 2>&1
  case $? in
    0) ;;
    3) return 3 ;;
    *) return 2 ;;
  esac
  before=$(files)
  run_all
  judge "$before"
  [ ! -s "$T/wrong" ]
}

passed=0 failed=0 lost=0 skipped=0 number=0

# tell STATUS ID WORDS: prints the row's line of TAP.
tell() {
  local name="$2: $3" why=''
  number=$((number + 1))
  [[ $1 != [23] ]] || why=$(tr '\n' ' ' <"$LAB_DIR/row/provoke")
  case $1 in
    0)
      passed=$((passed + 1))
      echo "ok $number $name"
      ;;
    3)
      skipped=$((skipped + 1))
      echo "ok $number $name # skip $why"
      ;;
    2)
      lost=$((lost + 1))
      echo "not ok $number $name - not provoked: $why"
      ;;
    *)
      failed=$((failed + 1))
      echo "not ok $number $name"
      sed 's/^/#   /' "$LAB_DIR/row/wrong"
      ;;
  esac
}

main() {
  local columns
  echo "1..$(rows | wc -l)"
  [ "$(rows | wc -l)" = 0 ] || machine_start || exit
  while IFS=$'\t' read -ra columns <&8; do
    (row "${columns[@]}" 8<&-)
    tell $? "${columns[@]:0:2}"
    mend || exit
  done 8< <(rows)
  lab_stop_all
  echo "# score: $passed of $((number - skipped)) faults: passed, $failed failed, $lost not provoked"
  [ $((failed + lost)) = 0 ]
}

main
