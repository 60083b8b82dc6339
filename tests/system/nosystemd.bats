#!/usr/bin/env bats
# A build without libsystemd (make SYSTEMD=no), for systems without systemd: the program has nothing of it, the source
# timesyncd is known and says why it cannot serve, and everything else works.
# shellcheck disable=SC2030,SC2031,SC2154 # bats' own names, set in a test

bats_require_minimum_version 1.5.0
load usage

readonly WHY=libsystemd

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

# As as_cron, with a configuration that finds ptp4l and samples servers quickly.
quickly() {
  printf '%s\n' '[sntp]' 'servers = 127.0.0.2, 127.0.0.3' 'interval = 250ms' '[ptp]' 'sockets = /run/ptp/slave' \
    >"$BATS_TEST_TMPDIR/quick"
  as_cron -C "$BATS_TEST_TMPDIR/quick" "$@"
}

teardown_file() {
  lab_stop_all
}

@test "the program neither links nor contains libsystemd" {
  expect 0 ldd "$PROG"
  [[ $output != *libsystemd* ]]
  [[ $output == *libc.so* ]]
  [ "$(grep -c sd_bus_ "$PROG")" = 0 ]
  expect 0 as_cron --version
}

@test "help: timesyncd is listed as not in this build" {
  expect 0 as_cron --help=all
  row=$(grep '^ *timesyncd ' <<<"$output")
  [[ $row == *build* ]] || fail "the row of timesyncd: $row"
  row=$(grep '^ *text:' <<<"$output")
  [[ $row != *build* ]]
}

@test "-s timesyncd: says why, in the log and the report, with status 3" {
  expect 3 as_cron -s timesyncd
  silent
  lines_are "$(logged)" "28 WARNING NTP .*$WHY.*"
  expect 3 as_cron -s timesyncd -o json
  [[ $output == *'"verdict":"unknown","reason":"no-service"'*"$WHY"*'"servers":[]'* ]]
  expect 3 as_cron -s timesyncd -o nagios
  [[ $output == *UNKNOWN*"$WHY"* ]]
}

@test "-s auto, -H and -M say the same, and start no ssh" {
  mkdir -p "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/sh\necho ran >>"%s/ran"\n' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/bin/ssh"
  chmod +x "$BATS_TEST_TMPDIR/bin/ssh"
  for arguments in '' '-s auto' '-H host.example' '-M machine' '-s timesyncd -H host.example'; do
    # shellcheck disable=SC2086 # words
    expect 3 bare HOME="$HOME" PATH="$BATS_TEST_TMPDIR/bin:/bin" "$PROG" $arguments
    silent
    case $arguments in
      *-[HM]*) where=" ${arguments##* }: .*" ;;
      *) where= ;;
    esac
    lines_are "$(logged)" "28 WARNING NTP .*$where$WHY.*"
  done
  [ ! -e "$BATS_TEST_TMPDIR/ran" ]
}

@test "debug: the trace shows that timesyncd was tried, and why it failed" {
  expect 3 as_cron -d
  in_order "$stderr" 'source timesyncd: ' "source timesyncd: .*$WHY" \
    'verdict: UNKNOWN, reason: no-service'
}

@test "a text is read and judged as in every build" {
  expect 0 as_cron -s "text:$(reading Jitter=1.5ms)"
  silent
  lines_are "$(logged)" '30 INFO NTP healthy, jitter: 1\.5ms \(threshold: 2s\), source: text; .*'
  expect 1 as_cron -s "text:$(reading Jitter=3s)"
  lines_are "$(logged)" '28 WARNING NTP jitter above threshold: 3s .*'
  # Beside a failed source the reading's verdict stands, and the line reports both.
  expect 1 as_cron -s timesyncd -s "text:$(reading Jitter=3s)"
  lines_are "$(logged)" "28 WARNING NTP jitter above threshold: 3s .*$WHY.*"
}

@test "help: the other sources are listed as part of this build" {
  expect 0 as_cron --help=all
  for name in auto chrony ntpd ptp sntp; do
    row=$(grep -E "^ *$name(:|\[| )" <<<"$output")
    [[ -n $row && $row != *build* ]] || fail "the row of $name: $row"
  done
}

@test "chronyd: read by name and by auto" {
  lab_ntp_start '*=+5ms'
  lab_chrony_start "$(lab_chrony_server 127.0.0.1)"
  lab_until 10 lab_chrony_marked '*' 1
  for arguments in '' '-s chrony'; do
    # shellcheck disable=SC2086 # words
    expect 0 as_cron $arguments
    silent
    lines_are "$(logged)" '30 INFO NTP healthy, jitter: .*, server: 127\.0\.0\.1, source: chrony'
  done
  lab_stop chrony
  expect 3 as_cron -s chrony
  lines_are "$(logged)" '28 WARNING NTP .*systemctl start chronyd'
  lab_stop ntp
}

@test "ntpd: read by name and by auto" {
  printf '%s\n' "driftfile $LAB_DIR/drift" "logfile $LAB_DIR/words" 'restrict 127.0.0.1' >"$LAB_DIR/ntpd.conf"
  expect 3 as_cron -s ntpd
  lines_are "$(logged)" '28 WARNING NTP .*systemctl start ntpsec .*'
  lab_spawn ntpd ntpd -n -N -c "$LAB_DIR/ntpd.conf"
  lab_until 5 ntpd_answers
  logged >/dev/null
  for arguments in '' '-s ntpd'; do
    # shellcheck disable=SC2086 # words
    expect 1 as_cron $arguments
    lines_are "$(logged)" '28 WARNING NTP [^;0-9]*, source: ntpd'
  done
  lab_stop ntpd
}

ntpd_answers() {
  "$PROG" -s ntpd -l none -o json | grep -q '"reason":"not-synchronised"'
}

@test "ptp4l: read by name and by auto" {
  lab_ptp_network
  lab_ptp_start gm a0 'use_syslog 0' 'priority1 10' 'announceReceiptTimeout 3'
  lab_ptp_start slave b0 'use_syslog 0' 'slaveOnly 1' 'clock_servo linreg'
  lab_ptp_reach slave SLAVE
  for arguments in '' '-s ptp'; do
    # shellcheck disable=SC2086 # words
    expect 0 quickly $arguments
    lines_are "$(logged)" "30 INFO NTP healthy, jitter: .*, source: ptp"
  done
  lab_stop slave
  lab_stop gm
}

@test "NTP servers: asked by name, and those of the configuration by auto" {
  lab_ntp_start '*=+5ms' '127.0.0.4=+5s'
  expect 0 quickly -s sntp:127.0.0.3,127.0.0.2,127.0.0.4
  lines_are "$(logged)" '30 INFO NTP healthy, jitter: .*, source: sntp; falseticker: 127\.0\.0\.4 \(.*\)'
  expect 0 quickly
  lines_are "$(logged)" "30 INFO NTP healthy, jitter: .*, source: sntp"
  lab_stop ntp
}

@test "auto without any service names each one, with advice" {
  expect 3 as_cron
  lines_are "$(logged)" "28 WARNING NTP .*timesyncd: .*$WHY.*; chrony, ntpd, ptp: .*-s sntp:HOST.*"
}
