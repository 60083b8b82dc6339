#!/usr/bin/env bats
# Whole runs under valgrind, through every part of the program that reads input: no error, every byte freed, every
# descriptor closed.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # tests are subshells; bats' $status

load usage

setup_file() {
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_bus_start
  lab_ntp_start '*=offset=3ms'
  lab_timesyncd_start
  lab_replies 3
  lab_rsyslogd_start
  lab_ntpd_net
  lab_ntpd_start ahead "$(lab_ntpd_server 10.9.1.1 10.9.1.2)"
  lab_ptp_network
  lab_ptp_start gm a0 'priority1 10' 'use_syslog 0' 'announceReceiptTimeout 3'
  lab_ptp_start slave b0 'slaveOnly 1' 'use_syslog 0' 'clock_servo linreg'
}

setup() {
  # shellcheck source=/dev/null
  . "$TOP/tests/lab/lab.sh"
  plain_build_only 'valgrind is a sanitizer itself'
  printf 'Jitter=3s\n' >"$BATS_TEST_TMPDIR/bad"
  cat >"$BATS_TEST_TMPDIR/problems" <<'INI'
key = before
[monitoring]
jitter_threshold = never
source = text:/nonexistent timesyncd
[nowhere]
INI
  cat >"$BATS_TEST_TMPDIR/ssh" <<'SH'
#!/bin/sh
echo 'no route, says ssh' >&2
exit 255
SH
  chmod +x "$BATS_TEST_TMPDIR/ssh"
  printf '%s\n' '[sntp]' 'samples = 2' 'interval = 250ms' '[ptp]' 'sockets = /run/ptp/none /run/ptp/slave' \
    'ptp_samples = 2' >"$BATS_TEST_TMPDIR/quick"
  # The C library's memmove and memcpy are one function, and with bounds checks this valgrind mistakes one for the
  # other. A real memcpy in the source is still checked.
  cat >"$BATS_TEST_TMPDIR/known" <<'END'
{
  memmove that is taken for memcpy
  Memcheck:Overlap
  fun:__memcpy_chk
  fun:memmove
}
END
  within=()
}

teardown() {
  lab_logs_on_failure
}

teardown_file() {
  lab_stop_all
}

# clean STATUS ARGUMENT...: such a run under valgrind finds nothing (through ${within[@]}, which runs its arguments,
# with stdin from $asked if set). A connection of -H or -M and the plug-in http stay open until exit, so only
# unreachable memory counts there.
clean() {
  local wanted=$1 status=0 said=$BATS_TEST_TMPDIR/valgrind kinds=all parent=$BASHPID open
  shift
  case "$*" in -[HM]* | *=http://*) kinds=definite,possible ;; esac
  rm -f "$said".*
  PATH=$BATS_TEST_TMPDIR:$PATH "${within[@]}" valgrind --log-file="$said.%p" --error-exitcode=99 --leak-check=full --show-leak-kinds=all \
    --errors-for-leak-kinds="$kinds" --track-fds=yes --suppressions="$BATS_TEST_TMPDIR/known" \
    "$PROG" "$@" <"${asked:-/dev/null}" >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
  # The child for a lookup or ssh writes its own log.
  said=$(grep -l "Parent PID: $parent\$" "$said".*)
  # Each descriptor open at exit has two lines; the second says where it was opened.
  open=$(grep -A 1 'Open file descriptor' "$said" | grep -vE 'Open file descriptor|^--$|inherited from parent' || true)
  [ "$kinds" != all ] || open+=$(grep 'Open AF_' "$said" || true)
  if [ "$status" = "$wanted" ] && [ -z "$open" ] && grep -q 'ERROR SUMMARY: 0 errors' "$said"; then
    return
  fi
  fail "status $status instead of $wanted, of: $*
$(head -c 4000 "$BATS_TEST_TMPDIR/out" "$said")"
}

@test "valgrind: a reading of the real service, with every log target and format" {
  clean 0
  clean 0 -o text -d
  clean 0 -o json -l 127.0.0.1
  clean 0 -o nagios -l localhost
  clean 0 -o prometheus
  clean 0 -o influx
  clean 1 -w 1ns -l stderr
  clean 2 -c 1ns -l none
}

@test "valgrind: reports to files, a port and a server, and a request" {
  local T=$BATS_TEST_TMPDIR
  echo Jitter=1ms >"$T/good"
  printf '%s\n' '[influx]' 'org = o' 'bucket = b' "token_file = $T/token" >"$T/influx"
  (umask 077 && echo t >"$T/token")
  clean 3 -s "text:$T/good" -o "prometheus=$T/a.prom" -o "influx=$T/b" -o json=/nothing/c -o influx=udp://127.0.0.1:8089
  grep -q '^ntp_monitor_verdict 3' "$T/a.prom" # rewritten after another report failed
  printf 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n' >"$T/request"
  asked=$T/request clean 0 -s "text:$T/good" --inetd
  grep -q '^ntp_monitor_verdict 0' "$T/out"
  [ -e "$TOP/$BUILD/plugins/http.so" ] || skip 'the last one: this build has no plug-in http'
  lab_plugins
  lab_http_server 8088 influx2 o b t
  clean 0 -C "$T/influx" -s "text:$T/good" -o influx=http://localhost:8088
}

@test "valgrind: good and bad configurations" {
  clean 0 --print-config
  clean 3 --check-config -C "$BATS_TEST_TMPDIR/problems"
  clean 3 -C "$BATS_TEST_TMPDIR/problems"
  clean 3 -C "$BATS_TEST_TMPDIR/missing"
  clean 3 --no-such-option
}

@test "valgrind: failing readings and logs" {
  clean 1 -s "text:$BATS_TEST_TMPDIR/bad"
  clean 3 -s text:/nonexistent
  clean 3 -H box
  clean 3 -M nosuch
  clean 0 -l /nonexistent
  clean 0 -l journal
  (
    export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent
    clean 3
  )
}

@test "valgrind: bad bytes on the bus" {
  local mode
  for mode in garbage accept-close auth-garbage hello-close hello-silent; do
    (
      lab_bad_bus_start "$mode"
      clean 3 -t 2s
      lab_stop bad_bus
    )
  done
}

@test "valgrind: chronyd by its socket and by UDP, frozen and gone" {
  lab_chrony_start "$(lab_chrony_server 127.0.0.1)" "$(lab_chrony_server 127.0.0.2)" 'server no.such.example'
  lab_until 10 lab_chrony_marked '*' 1
  clean 0 -s chrony
  # shellcheck disable=SC2016 # the other shell's
  within=(unshare -m sh -c 'mount -t tmpfs tmpfs /run/chrony && exec "$@"' sh)
  clean 0 -s chrony -o json
  within=()
  clean 1 -o text # two daemons
  lab_freeze chrony
  clean 3 -s chrony -t 1s
  lab_thaw chrony
  lab_stop chrony
  clean 3 -s chrony
}

@test "valgrind: ntpd, and a plain NTP server" {
  lab_until 30 lab_ntpd_follows ahead
  within=(nsenter --net=/run/netns/ahead)
  clean 0 -s ntpd -o json
  lab_freeze ahead
  clean 3 -s ntpd -t 1s
  lab_thaw ahead
  within=()
  clean 3 -s ntpd -t 2s
}

@test "valgrind: ptp4l following, frozen and missing" {
  lab_ptp_reach slave SLAVE
  clean 0 -C "$BATS_TEST_TMPDIR/quick" -s ptp -o json
  lab_freeze slave
  clean 3 -C "$BATS_TEST_TMPDIR/quick" -s ptp -t 2s
  lab_thaw slave
  clean 3 -s ptp
}

@test "valgrind: NTP servers: good, lying, refusing and unknown ones, and more servers than descriptors" {
  lab_ntp_set '*=offset=3ms' '127.0.7.1=+5s' '127.0.7.2=stratum=0,reference=DENY' '127.0.7.3=bad_origin=1' '127.0.7.4=leap=3'
  clean 0 -C "$BATS_TEST_TMPDIR/quick" -s sntp:127.0.0.4,127.0.0.2,127.0.0.3,127.0.7.1,127.0.7.2,127.0.0.4 -o json
  clean 0 -C "$BATS_TEST_TMPDIR/quick" -s sntp:localhost,127.0.0.2,127.0.0.3,127.0.0.4,127.0.0.5,127.0.0.6,127.0.0.4:9,no.such.example,224.0.1.1 -o text
  clean 3 -C "$BATS_TEST_TMPDIR/quick" -s sntp:127.0.7.3 -t 1s
  clean 1 -C "$BATS_TEST_TMPDIR/quick" -s sntp:127.0.7.4
  clean 3 -s sntp
  clean 3 -s sntp:a..b/c
  within=(prlimit --nofile=40)
  clean 0 -C "$BATS_TEST_TMPDIR/quick" -s "sntp:$(printf '127.0.6.%d,' {1..60})127.0.0.4"
}

@test "valgrind: auto without any service" {
  within=(unshare --net env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent)
  clean 3 -o json
}
