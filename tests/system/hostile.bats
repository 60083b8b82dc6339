#!/usr/bin/env bats
# Hostile text: some fifty texts (line ends, terminal escapes, C1, bidi controls, broken UTF-8, forged frames, fields
# and performance data, 4 KiB), each through every way in (files, the bus, ssh, a chronyd, an ntpd, the command line,
# the environment, the host name) to every way out (every transport with a real receiver, every format, a terminal).
# Every receiver stores the same lines, one for one; none acts on a log or a terminal, or forges a line or a field; and
# each text can still be read in them.
#
# The product is made once, in setup_file; a row reads one way out.
# shellcheck disable=SC2154 # BATS's and delivery.bash's names

bats_require_minimum_version 1.5.0
load delivery
load hostile
load hostile_judge
load hostile_peers

setup_file() {
  T=$BATS_FILE_TMPDIR
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  : "${PROG:=$TOP/build/ntp_monitor}"
  mkdir "$T/bin" "$T/in"
  # Speaks, refuses, and stays, so that all its output is there before it ends.
  printf '#!/bin/sh\ncat %q >&2\nprintf "NO\\r\\nNO\\r\\nNO\\r\\n"\nexec sleep 9\n' "$T/said" >"$T/bin/ssh"
  chmod +x "$T/bin/ssh"
  ln -s "$T/conf" /etc/ntp_monitor.conf
  ln -s "$TOP/build/tests/lab/fake_timesync1" "$T/fake"
  hostile_program "$T/product.pl"
  # Sanitizers make a run ten times slower: only one way out for each form of line and report.
  case ${BUILD-} in *asan*) export HOSTILE_OUTS='^(stderr|journal|RFC .*)$' ;; esac
  lab_bus_start
  lab_busybox_syslogd_start
  mv /dev/log /dev/log.busybox
  lab_journald_start
  rsyslogd_start -s "$T/rsyslog.socket"
  peer stream "$T/stream.socket"
  hostile_peers_program "$T/peers.pl"
  lab_spawn peers perl "$T/peers.pl" "$T/name"
  lab_ready peers 5 grep -qsx ready "$LAB_DIR/log/peers"
  unshare --uts script -qec "$(printf '%q ' perl "$T/product.pl" run "$T" "$PROG" "$T/fake")" /dev/null \
    </dev/null >"$T/terminal"
  rsyslogd_settle
  ln -sfn /dev/log.busybox /dev/log
  busybox_log >/dev/null
  ln -sfn /run/systemd/journal/dev-log /dev/log
  journal >"$T/journal"
  lab_kill peer
  perl "$T/product.pl" judge "$T" "$PROG" "$T/fake"
}

teardown_file() {
  # shellcheck source=/dev/null
  . "$TOP/tests/lab/lab.sh"
  lab_stop_all
  rm -rf /etc/ntp_monitor.conf /run/log/journal
}

# row NAME LEAST: fails if something was wrong there, or if fewer than LEAST runs were judged.
row() {
  local count wrong least=$2
  case ${BUILD-} in *asan*) least=100 ;; esac
  {
    read -r count
    wrong=$(cat)
  } <"$BATS_FILE_TMPDIR/row.$1"
  [ "$count" != none ] || skip 'not under the sanitizers'
  equal 'what is wrong' "$wrong" ''
  between 'the number of runs' "$count" "$least" 9999
}

@test "hostile: each text is shown once, with its active characters escaped" { row shown 1300; }
@test "hostile: stderr" { row stderr 690; }
@test "hostile: rsyslogd at a local socket" { row rsyslogd 690; }
@test "hostile: busybox syslogd" { row busybox 690; }
@test "hostile: a stream socket" { row stream 690; }
@test "hostile: RFC 5424 over UDP, up to the last quote of the structured data" { row 'RFC 5424 over UDP' 690; }
@test "hostile: RFC 3164 over UDP" { row 'RFC 3164 over UDP' 450; }
@test "hostile: the journal's own protocol forges no field" { row journal 450; }
@test "hostile: journald at /dev/log" { row journald 690; }
@test "hostile: a terminal sees no escape and no stray line" { row terminal 690; }
@test "hostile: jq parses the json report, which agrees with the log" { row json 1400; }
@test "hostile: text" { row text 1300; }
@test "hostile: nagios prints one line, with its own data only" { row nagios 900; }
@test "hostile: --check-config" { row check-config 160; }
@test "hostile: --print-config" { row print-config 160; }
