#!/bin/bash
# fuzz.sh: runs the fuzz targets, and shows that they can fail.
#
# Without a mode it is a suite of `make check` that prints TAP: each target accepts every file of its corpus and every
# crasher, then runs for FUZZ_SECONDS (10) and must reach a number of executions, since a target that does nothing would
# pass as well; and the crasher of each fuzz bug in tests/bugs/planted.txt finds it.
#
# usage: fuzz.sh [--list|run|merge|broken|build NAME]      environment: ONLY (a pattern of names),
# FUZZ_SECONDS, FUZZ_SEED
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
readonly MODE=${1-check} FUZZ=build/fuzz OWN=tests/fuzz FLOOR=1000 FILES_MAX=60
readonly RUN=$FUZZ/out/$MODE SEED=${FUZZ_SEED:-$((RANDOM * 32768 + RANDOM + 1))}
# A small quarantine: the default one costs a page fault per execution.
export ASAN_OPTIONS=quarantine_size_mb=8:detect_stack_use_after_return=0

# The targets, and the length of their inputs.
declare -A most=([config]=1024 [duration]=128 [text]=2048 [ntpmessage]=2048 [address]=320 [escape]=512
  [options]=2048 [bus]=1024 [resolve]=512
  [candm]=1024 [mode6]=2048 [ptp]=256 [ntp_packet]=2112 [ntp_select]=512 [inetd]=512 [influx]=512)
targets='config ntpmessage text escape options bus address resolve duration
  candm mode6 ptp ntp_packet ntp_select inetd influx'

wanted() {
  [[ -z ${ONLY-} || $1 =~ $ONLY ]]
}

# each COMMAND NAME...: runs COMMAND for each NAME, one per core but at most two at once.
each() {
  local command=$1 running=0 name
  shift
  for name in "$@"; do
    if [ "$running" -ge 2 ] || [ "$running" -ge "$(nproc)" ]; then
      wait -n
      running=$((running - 1))
    fi
    "$command" "$name" &
    running=$((running + 1))
  done
  wait
}

# launch PROGRAM TARGET SECONDS LOG CORPUS...: new inputs go to the first corpus.
launch() {
  local program=$1 target=$2 seconds=$3 log=$4
  shift 4
  timeout $((seconds + 60)) "$program" -seed="$SEED" -max_total_time="$seconds" -max_len="${most[$target]}" \
    -dict=$OWN/fuzz.dict -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$RUN/$target-" "$@" >"$log" 2>&1
}

executions() {
  sed -n 's/^stat::number_of_executed_units: *//p' "$1" | grep . || echo 0
}

# covered LOG cov|ft: prints the number of edges, or of their features, reached.
covered() {
  sed -nE "s/^#[0-9]+.* $2: ([0-9]+).*/\\1/p" "$1" | tail -n 1
}

# Prints the planted bugs that fuzzing catches. A bug is named for its target, a hyphen and a word.
bugs() {
  tests/bugs/plant.pl --list fuzz
}

bug_is() {
  tests/bugs/plant.pl --show "$1" what
}

# --- the planted bugs -------------------------------------------------------------

# Builds the target with this bug planted; CC, FLAGS and LIBS come from make.
build() {
  local name=$1 target=${1%%-*} program=$FUZZ/broken/$1 tree=$FUZZ/broken.src/$1 source copy files
  mkdir -p "${program%/*}"
  rm -f "$program"
  source=$(tests/bugs/plant.pl --into "$tree" "$name") || return
  copy=$tree/$source
  files=("$FUZZ/$OWN/$target.o" "$copy")
  grep -q "^#include \"$source\"" "$OWN/$target.c" && files=("$OWN/$target.c") # the target includes the source
  # shellcheck disable=SC2086 # words
  $CC -w -I"$tree" -I"$tree/src" $FLAGS -o "$program" "${files[@]}" $FUZZ/$OWN/fuzz*.o $FUZZ/libfuzz.a $LIBS
}

# The kept crasher must crash the broken copy, and not the sound one. Nobody reads the names in the stack of a bug that is
# found, and finding them takes longer than the bug.
check_broken() {
  local name=$1 target=${1%%-*} crasher=$OWN/crashers/${1/-//} log=$RUN/$1.log
  local quiet=(env "ASAN_OPTIONS=$ASAN_OPTIONS:symbolize=0" UBSAN_OPTIONS=symbolize=0)
  if [ ! -x "$FUZZ/broken/$name" ]; then
    echo "not ok $name: there is no broken copy: see make fuzz-programs"
  elif ! "$FUZZ/$target" -timeout=5 "$crasher" >"$log" 2>&1; then
    echo "not ok $name: $crasher crashes the sound program, or is not there"
    explain "$log"
  elif "${quiet[@]}" "$FUZZ/broken/$name" -timeout=5 -artifact_prefix="$RUN/$target-" "$crasher" >"$log" 2>&1 ||
    ! grep -q '^SUMMARY: ' "$log"; then
    echo "not ok $name: $crasher does not show the bug: $(bug_is "$name")"
    explain "$log"
  else
    echo "ok $name: found: $(bug_is "$name")"
  fi >"$RUN/$name.tap"
}

check_table() {
  local target missing=''
  for target in $targets; do
    bugs | grep -q "^$target-" || missing+=" $target"
  done
  if [ -z "$missing" ]; then
    echo 'ok planted.txt: a bug to plant for every target'
  else
    echo "not ok planted.txt: no bug to plant for:$missing"
  fi
}

# --- the suite ----------------------------------------------------------------------

# Prints from a log what crashed, where, and the input's path.
explain() {
  {
    grep -E 'does not hold|runtime error|ERROR: |Test unit written to' "$1" ||
      tail -n 10 "$1"
    grep -m 8 -E '^ +#[0-9]+ .* in .*(src|tests/fuzz)/' "$1"
  } | sed 's/^/# /'
}

check_replay() {
  local target=$1 log=$RUN/$1-replay.log files=("$OWN/corpus/$1"/* "$OWN/crashers/$1"/*)
  local what="$target: replays ${#files[@]} files of its corpus and the crashers"
  if "$FUZZ/$target" -timeout=5 -artifact_prefix="$RUN/$target-" "${files[@]}" >"$log" 2>&1 &&
    [ "$(grep -c '^Executed ' "$log")" = "${#files[@]}" ]; then
    echo "ok $what"
  else
    echo "not ok $what"
    explain "$log"
  fi
}

check_target() {
  local target=$1 log=$RUN/$1.log status count seconds=${FUZZ_SECONDS:-10}
  local corpora=("$RUN/$target" "$OWN/corpus/$target" "$OWN/crashers/$target")
  mkdir -p "$RUN/$target"
  ! wanted "$target: replays" || check_replay "$target"
  if wanted "$target: fuzzed"; then
    launch "$FUZZ/$target" "$target" "$seconds" "$log" "${corpora[@]}"
    status=$?
    count=$(executions "$log")
    if [ "$status" = 0 ] && [ "$count" -lt "$FLOOR" ]; then # a busy machine
      launch "$FUZZ/$target" "$target" $((seconds + 300)) "$log" -runs="$FLOOR" "${corpora[@]}"
      status=$?
      count=$(executions "$log")
    fi
    if [ "$status" = 0 ] && [ "$count" -ge "$FLOOR" ]; then
      echo "ok $target: fuzzed for $seconds s: $count executions, $(covered "$log" cov) edges"
    else
      echo "not ok $target: fuzzed: status $status, $count executions of at least $FLOOR"
      echo "# again: FUZZ_SEED=$SEED; or: $FUZZ/$target FILE"
      explain "$log"
    fi
  fi
}

check_target_tap() {
  check_target "$1" >"$RUN/$1.tap"
}

check() {
  local name running=() broken=()
  echo "# FUZZ_SEED=$SEED"
  for name in $targets; do
    if wanted "$name: replays" || wanted "$name: fuzzed"; then running+=("$name"); fi
  done
  for name in $(bugs); do
    ! wanted "$name" || broken+=("$name")
  done
  each check_target_tap "${running[@]}"
  each check_broken "${broken[@]}"
  {
    ! wanted planted.txt || check_table
    for name in "${running[@]}" "${broken[@]}"; do
      cat "$RUN/$name.tap"
    done
  } | awk '/^ok / { sub("ok ", "ok " ++n " ") }
    /^not ok / { sub("not ok ", "not ok " ++n " "); bad = 1 }
    { print }
    END { print "1.." n + 0; exit bad }'
}

# --- by hand ------------------------------------------------------------------------

run_target() {
  mkdir -p "$FUZZ/corpus/$1"
  launch "$FUZZ/$1" "$1" "${FUZZ_SECONDS:-60}" "$RUN/$1.log" "$FUZZ/corpus/$1" "$OWN/corpus/$1" \
    "$OWN/crashers/$1"
  echo $? >"$RUN/$1.status"
}

run() {
  local name log names=() bad=0
  for name in $targets; do
    ! wanted "$name" || names+=("$name")
  done
  echo "FUZZ_SEED=$SEED, ${FUZZ_SECONDS:-60} s each"
  each run_target "${names[@]}"
  printf '%-12s %12s %8s %8s %8s %8s\n' target executions exec/s edges features files
  for name in "${names[@]}"; do
    log=$RUN/$name.log
    printf '%-12s %12s %8s %8s %8s %8s\n' "$name" "$(executions "$log")" \
      "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" "$(covered "$log" cov)" \
      "$(covered "$log" ft)" "$(find "$FUZZ/corpus/$name" "$OWN/corpus/$name" -type f | wc -l)"
    if [ "$(cat "$RUN/$name.status")" != 0 ]; then
      bad=1
      grep -E 'does not hold|^SUMMARY|runtime error|Test unit written to' "$log"
    fi
  done
  return $bad
}

# cover DIRECTORY TARGET [OPTION]: selects as few files as reach everything reached so far.
cover() {
  local to=$1 target=$2
  shift 2
  mkdir -p "$to" "$FUZZ/corpus/$target"
  "$FUZZ/$target" -set_cover_merge=1 "$@" -max_len="${most[$target]}" -timeout=5 "$to" "$OWN/corpus/$target" \
    "$OWN/crashers/$target" "$FUZZ/corpus/$target" >"$to.log" 2>&1 || { cat "$to.log" && return 1; }
}

# Keeps the shortest inputs for every edge and its counts, up to FILES_MAX files.
merge() {
  local name new file
  for name in $targets; do
    wanted "$name" || continue
    new=$RUN/$name
    cover "$new" "$name" -use_counters=0 && cover "$new.counters" "$name" || return
    while read -r file; do
      [ "$(find "$new" -type f | wc -l)" -ge "$FILES_MAX" ] || cp "$new.counters/$file" "$new"
    done < <(find "$new.counters" -type f -printf '%s %f\n' | sort -n | cut -d ' ' -f 2)
    rm -f "$OWN/corpus/$name"/*
    cp "$new"/* "$OWN/corpus/$name"
    echo "$name: $(find "$new" -type f | wc -l) files, $(cat "$new"/* | wc -c) bytes"
  done
}

# Finds the same bugs anew from the corpus.
find_broken() {
  local name=$1 target=${1%%-*} log=$RUN/$1-anew.log
  check_broken "$name"
  mkdir -p "$RUN/$name"
  launch "$FUZZ/broken/$name" "$target" "${FUZZ_SECONDS:-120}" "$log" "$RUN/$name" "$OWN/corpus/$target"
  if grep -q '^SUMMARY: ' "$log"; then
    echo "ok $name: anew, after $(executions "$log") executions: $(grep -m 1 -oE 'does not hold.*|runtime error.*|ERROR: AddressSanitizer: [A-Za-z-]+' "$log")"
  else
    echo "not ok $name: not found anew in ${FUZZ_SECONDS:-120} s: $(bug_is "$name")"
  fi >>"$RUN/$name.tap"
  cat "$RUN/$name.tap"
}

broken() {
  local name names=()
  echo "# FUZZ_SEED=$SEED"
  for name in $(bugs); do
    ! wanted "$name" || names+=("$name")
  done
  each find_broken "${names[@]}"
  ! grep -q '^not ok' "$RUN"/*.tap
}

shopt -s nullglob
case $MODE in
  check | run | merge | broken)
    rm -rf "$RUN"
    mkdir -p "$RUN"
    "$MODE"
    ;;
  build) build "$2" ;;
  --list)
    for name in $targets; do
      printf '%s\n' "$name: replays" "$name: fuzzed"
    done
    bugs
    echo planted.txt
    ;;
  *)
    sed -n 's/^# usage: //p' "$0"
    exit 2
    ;;
esac
