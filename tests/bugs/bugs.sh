#!/bin/bash
# bugs.sh: plants each bug of planted.txt and runs the test that must catch it.
#
# environment: ONLY (a pattern of names); fuzz.sh plants the bugs that fuzzing catches.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
readonly PLANT=tests/bugs/plant.pl WORK=$PWD/build/bugs
failed=0

caught_by_matrix() {
  local ids
  PROG=$WORK/$1/plain/ntp_monitor ONLY='' tests/torture/faults.sh >"$WORK/$1/tap" 2>&1
  ids=$(sed -n 's/^not ok [0-9]* \([^:]*\):.*/\1/p' "$WORK/$1/tap" | tr '\n' ' ')
  echo "rows: $ids"
  [ -n "$ids" ]
}

# caught_by_sweep NAME "TEST: WORDS"
caught_by_sweep() {
  local test=${2%%: *} words=${2#*: }
  FULL=1 ONLY=$test PROG=$WORK/$1/plain/ntp_monitor ASAN=$WORK/$1/asan/ntp_monitor \
    tests/lab/enter.sh tests/torture/sweep.sh >"$WORK/$1/tap" 2>&1
  grep -m 1 "^#.*$words" "$WORK/$1/tap" | cut -c 3-110
  grep -q '^not ok' "$WORK/$1/tap" && grep -q "$words" "$WORK/$1/tap"
}

# build NAME BUILD WORD...: makes the broken program $WORK/NAME/BUILD/ntp_monitor.
build() {
  local name=$1 folder=$2
  shift 2
  env -u MAKEFLAGS make -s -j2 -C "$WORK/$name" BUILD="$folder" CFLAGS=-w "$@" all >"$WORK/$name/log" 2>&1 ||
    { echo "does not build: $(tail -n 3 "$WORK/$name/log")" && return 1; }
}

try() {
  local name=$1 caught
  caught=$($PLANT --show "$name" caught)
  if [ "$caught" = fuzz ]; then # with its crasher, and again from the corpus
    ONLY="^$name\$" tests/fuzz/fuzz.sh broken
    return
  fi
  rm -rf "${WORK:?}/$name"
  mkdir -p "$WORK/$name"
  cp -r --parents Makefile src include tests/lab/no_leak_check.c "$WORK/$name"
  $PLANT --into "$WORK/$name" "$name" >/dev/null && build "$name" plain || return
  if [[ $caught == *'allocations fail'* ]]; then
    build "$name" asan CC=gcc SANITIZE=1 || return
  fi
  if [ "$caught" = matrix ]; then
    caught_by_matrix "$name"
  else
    caught_by_sweep "$name" "${caught#sweep }"
  fi
}

for name in $($PLANT --list); do
  [[ $name =~ ${ONLY-} ]] || continue
  if said=$(try "$name"); then
    echo "ok $name: $($PLANT --show "$name" what): caught: $said"
  else
    echo "not ok $name: $($PLANT --show "$name" what): $said"
    failed=1
  fi
done
exit "$failed"
