#!/usr/bin/env bats
# A build without libsystemd (make SYSTEMD=no), for systems without systemd: nothing of it is in the
# program, the source timesyncd is known and says why it does not serve, and all else works.
# shellcheck disable=SC2030,SC2031,SC2154 # bats' own names, set in a test

bats_require_minimum_version 1.5.0
load usage

readonly WHY='built without libsystemd'

setup_file() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  start_log
}

setup() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  logged >/dev/null
}

teardown() {
  lab_logs_on_failure
}

teardown_file() {
  lab_stop_all
}

@test "the program neither needs nor holds libsystemd" {
  expect 0 ldd "$PROG"
  [[ $output != *libsystemd* ]]
  [[ $output == *libc.so* ]]
  [ "$(grep -c sd_bus_ "$PROG")" = 0 ]
  expect 0 as_cron --version
}

@test "help: the source stands there, and that it is left out" {
  expect 0 as_cron --help
  row=$(grep '^ *timesyncd ' <<<"$output")
  [[ $row == *'left out'* ]] || fail "the row of timesyncd: $row"
  row=$(grep '^ *text:' <<<"$output")
  [[ $row != *'left out'* ]]
}

@test "-s timesyncd: says why, in the log and the status" {
  expect 3 as_cron -s timesyncd
  silent
  lines_are "$(logged)" "28 WARNING NTP jitter unavailable: .*$WHY.*timesyncd.*"
  expect 3 as_cron -s timesyncd -o json
  [[ $output == *'"verdict":"unknown","reason":"no-service"'*"$WHY"*'"servers":[]'* ]]
  expect 3 as_cron -s timesyncd -o nagios
  [[ $output == *UNKNOWN*"$WHY"* ]]
}

@test "-s auto, -H and -M say the same, and ask nobody" {
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\necho ran >>"%s/ran"\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/ssh"
  chmod +x "$BATS_TEST_TMPDIR/bin/ssh"
  for arguments in '' '-s auto' '-H host.example' '-M machine' '-s timesyncd -H host.example'; do
    # shellcheck disable=SC2086 # words
    expect 3 bare HOME="$HOME" PATH="$BATS_TEST_TMPDIR/bin:/bin" "$PROG" $arguments
    silent
    lines_are "$(logged)" "28 WARNING NTP jitter unavailable: .*$WHY.*"
  done
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "debug: that the source was tried, and why it does not serve" {
  expect 3 as_cron -d
  in_order "$stderr" 'source timesyncd: asking' "source timesyncd: does not serve .*$WHY" \
    'verdict: UNKNOWN, reason: no-service'
}

@test "a text is read and judged as in every build" {
  expect 0 as_cron -s "text:$(reading Jitter=1.5ms)"
  silent
  lines_are "$(logged)" '30 INFO NTP healthy, jitter: 1\.5ms \(threshold: 2s\), source: text'
  expect 1 as_cron -s "text:$(reading Jitter=3s)"
  lines_are "$(logged)" '28 WARNING NTP jitter above threshold: 3s .*'
  # With a source that does not serve beside it, the reading's verdict stands and both are told of.
  expect 1 as_cron -s timesyncd -s "text:$(reading Jitter=3s)"
  lines_are "$(logged)" "28 WARNING NTP jitter above threshold: 3s .*$WHY.*"
}
