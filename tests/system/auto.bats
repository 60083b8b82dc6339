#!/usr/bin/env bats
# auto.bats: the source auto against real daemons: the first in order that serves is read, and nothing is started; a
# daemon that hangs leaves time for the next ones; two that set one clock are a warning; when none serves, one line
# says what was tried, why each failed, and what to do.
# shellcheck disable=SC2034 # time.bash's AS

setup_file() {
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_ntp_start '*=+5ms'
}

setup() {
  load time
  mkdir -p /run/ptp
  CONF=$BATS_TEST_TMPDIR/conf
  printf '[sntp]\nservers = 127.0.0.2, 127.0.0.3\nsamples = 2\ninterval = 250ms\n' >"$CONF"
}

teardown() {
  local name
  lab_logs_on_failure
  for name in timesyncd bus chrony ptp far network; do
    lab_thaw "$name" 2>/dev/null
    lab_stop "$name"
  done
  rm -rf /run/chrony /run/ptp /run/ptp4lro
}

teardown_file() {
  lab_stop_all
}

chronyd() {
  lab_chrony_start "$(lab_chrony_server 127.0.0.1)" && lab_until 10 lab_chrony_marked '*' 1
}

timesyncd() {
  lab_bus_start && lab_timesyncd_start && lab_replies 3
}

# took SOURCE: the report and its first server name this source.
took() {
  jq -e --arg source "$1" '.source == $source and .servers[0].source == $source' "$OUT" >/dev/null ||
    fail "the source is $(jq -c .source "$OUT") instead of $1"
}

@test "auto: reads timesyncd when its bus name has an owner" {
  timesyncd
  check -C "$CONF"
  verdict 0 ok 'source: timesyncd$'
  took timesyncd
}

@test "auto: without timesyncd reads chronyd, with and without a bus" {
  chronyd
  check -C "$CONF"
  verdict 0 ok 'source: chrony$'
  took chrony
  lab_bus_start
  check -C "$CONF"
  verdict 0 ok 'source: chrony$'
  took chrony
}

@test "auto: reads chronyd as an ordinary user" {
  chronyd
  AS=lab_as_user
  check
  verdict 0 ok 'source: chrony$'
}

@test "auto: without timesyncd and chronyd reads ptp4l" {
  lab_ptp_network
  lab_ptp_start far a0 'free_running 1' 'priority1 10'
  lab_ptp_start ptp b0 'free_running 1' 'slaveOnly 1'
  printf '[ptp]\nsockets = /run/ptp/none /run/ptp/ptp\n' >"$CONF"
  lab_ptp_reach ptp UNCALIBRATED
  check -C "$CONF"
  verdict 0 warming-up 'source: ptp$'
  took ptp
}

@test "auto: without a daemon asks the servers of [sntp], and no others" {
  check -C "$CONF"
  verdict 0 ok 'source: sntp$'
  took sntp
  check -d -C "$CONF"
  grep -q 'auto: chrony, ptp: ' "$ERR" || fail 'no word of those that do not run'
  equal=$(jq -c '[.servers[].server]' "$OUT")
  [ "$equal" = '["127.0.0.2","127.0.0.3"]' ] || fail "$equal"
  : >"$LAB_DIR/log/ntp"
  check
  verdict 3 denied 'ntpd: .*127\.0\.0\.1 port 123 .*; .*-s sntp:HOST; chrony, ptp: .*; timesyncd: '
  # The only packets allowed ask whether port 123 is ntpd's.
  asked=$(tr -d '\0' <"$LAB_DIR/log/ntp" | grep -vE '^answered as (127\.0\.0\.1|::1)$' || true)
  [ -z "$asked" ] || fail "$asked"
}

@test "auto: two daemons that set one clock are a warning, but only with auto" {
  timesyncd
  chronyd
  check
  verdict 1 two-daemons 'timesyncd and chrony, jitter: .*source: timesyncd; '
  took timesyncd
  AS=lab_as_user
  check
  verdict 1 two-daemons
  AS=
  check -s timesyncd
  verdict 0 ok
  check -s chrony
  verdict 0 ok
  lab_stop timesyncd
  check
  verdict 0 ok 'source: chrony$'
}

@test "auto: an exceeded critical limit outranks two daemons" {
  timesyncd
  chronyd
  check --limit offset=,1ms
  verdict 2 offset 'NTP offset at the last reply above critical threshold'
}

@test "auto: a chronyd that hangs leaves time for the next sources" {
  chronyd
  lab_freeze chrony
  check -C "$CONF" -t 8s
  verdict 1 timeout 'chrony: chronyd .* [0-9.]+m?s.*source: sntp; '
  took sntp
  in_time 9
  check -t 4s
  verdict 3 timeout 'chrony: chronyd .* [0-9.]+m?s'
  in_time 5
}

@test "auto: a bus that hangs leaves time for the next sources" {
  lab_bus_start
  lab_freeze bus
  chronyd
  check -t 4s
  verdict 1 timeout 'timesyncd: .*system bus .*source: chrony'
  in_time 5
}

@test "auto: a timesyncd that hangs is a warning beside servers, and a second daemon beside chronyd" {
  timesyncd
  lab_freeze timesyncd
  check -C "$CONF"
  verdict 1 timeout 'timesyncd: systemd-timesyncd .* [0-9.]+m?s.*source: sntp'
  took sntp
  check -s sntp -C "$CONF" # only auto asks timesyncd
  verdict 0 ok
  chronyd
  check
  verdict 1 two-daemons 'chrony and timesyncd, .*; .*timesyncd: systemd-timesyncd .* [0-9.]+m?s'
  took chrony
  lab_stop timesyncd
  check
  verdict 0 ok 'source: chrony$'
}

@test "auto: timesyncd and a ptp4l that sets the clock are two daemons; a ptp4l that follows nobody is not" {
  timesyncd
  lab_ptp_network
  lab_ptp_start far a0 'priority1 10'
  lab_ptp_start ptp b0 'slaveOnly 1' 'clock_servo linreg'
  lab_ptp_reach ptp SLAVE
  printf '[ptp]\nsockets = /run/ptp/ptp\n' >"$CONF"
  check -C "$CONF"
  verdict 1 two-daemons 'timesyncd and ptp, .*source: timesyncd'
  printf '[ptp]\nsockets = /run/ptp/far\n' >"$CONF"
  check -C "$CONF"
  verdict 0 ok 'source: timesyncd$'
}

@test "auto: when none serves, one line says why, what else is not running, and what to do" {
  lab_stop ntp
  lab_bus_start
  touch -d '-3 hours' /run/systemd/timesync/synchronized
  check
  verdict 3 no-service 'timesyncd: systemd-timesyncd .*\([^)]* 3h[^)]*\); chrony, ntpd, ptp: .*; .*-s sntp:HOST,HOST,HOST$'
  rm /run/systemd/timesync/synchronized
  # The check did not start timesyncd.
  run ! busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" status org.freedesktop.timesync1
}

@test "auto: a failed lookup of configured servers comes first, without advice to configure some" {
  lab_stop ntp
  printf '[sntp]\nservers = ntp.example.org\n' >"$CONF"
  check -C "$CONF"
  jq -e '.reason | test("^(no-bus|no-service|ok)$") | not' "$OUT" || fail 'the reason is not that of the servers'
  verdict 3 "$(jq -r .reason "$OUT")" ' sntp: ntp\.example\.org: .*; chrony, ntpd, ptp: .*; timesyncd: '
  [[ $(jq -r .message "$OUT") != *sntp:HOST* ]] || fail 'the advice does not fit'
  [ "$(jq -r '.message | length' "$OUT")" -le 250 ] || fail 'it is long'
}

@test "auto: the log line has at most 250 characters; the trace has each source in full" {
  lab_stop ntp
  check -d
  [ "$(jq -r '.message | length' "$OUT")" -le 250 ] || fail 'it is long'
  for name in timesyncd chrony ntpd ptp sntp; do
    grep -q "source $name: .*([a-z-]*), " "$ERR" || fail "no $name in the trace"
  done
  grep -q 'systemctl start chronyd' "$ERR"
}
