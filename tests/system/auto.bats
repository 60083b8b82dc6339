#!/usr/bin/env bats
# auto.bats: the source auto against real daemons: the first that serves, in order; nothing is started; what
# hangs leaves time for those behind it; two that set one clock are a warning; and when none serves, one line
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

# took SOURCE: which of them the reading came from, without a word to another.
took() {
  jq -e --arg source "$1" '.source == $source and .servers[0].source == $source' "$OUT" >/dev/null ||
    fail "the source is $(jq -c .source "$OUT") instead of $1"
}

@test "auto: timesyncd, where its name has an owner" {
  timesyncd
  check -C "$CONF"
  verdict 0 ok 'source: timesyncd$'
  took timesyncd
}

@test "auto: chronyd, where there is no timesyncd, with a bus and without" {
  chronyd
  check -C "$CONF"
  verdict 0 ok 'source: chrony$'
  took chrony
  lab_bus_start
  check -C "$CONF"
  verdict 0 ok 'source: chrony$'
  took chrony
}

@test "auto: chronyd for an ordinary user" {
  chronyd
  AS=lab_as_user
  check
  verdict 0 ok 'source: chrony$'
}

@test "auto: ptp4l, where there is neither" {
  lab_ptp_network
  lab_ptp_start far a0 'free_running 1' 'priority1 10'
  lab_ptp_start ptp b0 'free_running 1' 'slaveOnly 1'
  printf '[ptp]\nsockets = /run/ptp/none /run/ptp/ptp\n' >"$CONF"
  lab_ptp_reach ptp UNCALIBRATED
  check -C "$CONF"
  verdict 0 warming-up 'source: ptp$'
  took ptp
}

@test "auto: the servers of [sntp], where there is no daemon; and none that nobody named" {
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
  # Only whether that on port 123 is ntpd.
  asked=$(tr -d '\0' <"$LAB_DIR/log/ntp" | grep -vE '^answered as (127\.0\.0\.1|::1)$' || true)
  [ -z "$asked" ] || fail "$asked"
}

@test "auto: two daemons that set one clock are a warning, for auto alone" {
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

@test "auto: worse than two daemons is what a limit says" {
  timesyncd
  chronyd
  check --limit offset=,1ms
  verdict 2 offset 'NTP offset at the last reply above critical threshold'
}

@test "auto: a chronyd that hangs leaves time for those behind it" {
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

@test "auto: a bus that hangs leaves time for those behind it" {
  lab_bus_start
  lab_freeze bus
  chronyd
  check -t 4s
  verdict 1 timeout 'timesyncd: .*system bus .*source: chrony'
  in_time 5
}

@test "auto: a timesyncd that hangs is a warning beside servers, and a second service beside chronyd" {
  timesyncd
  lab_freeze timesyncd
  check -C "$CONF"
  verdict 1 timeout 'timesyncd: systemd-timesyncd .* [0-9.]+m?s.*source: sntp'
  took sntp
  check -s sntp -C "$CONF" # auto alone meets it
  verdict 0 ok
  chronyd
  check
  verdict 1 two-daemons 'chrony and timesyncd, .*; .*timesyncd: systemd-timesyncd .* [0-9.]+m?s'
  took chrony
  lab_stop timesyncd
  check
  verdict 0 ok 'source: chrony$'
}

@test "auto: timesyncd and a ptp4l that sets the clock are two; one that follows nobody is not" {
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

@test "auto: when none serves, one line says why, what else does not run, and what to do" {
  lab_stop ntp
  lab_bus_start
  touch -d '-3 hours' /run/systemd/timesync/synchronized
  check
  verdict 3 no-service 'timesyncd: systemd-timesyncd .*\([^)]* 3h[^)]*\); chrony, ntpd, ptp: .*; .*-s sntp:HOST,HOST,HOST$'
  rm /run/systemd/timesync/synchronized
  # Nothing was started by the question.
  run ! busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" status org.freedesktop.timesync1
}

@test "auto: servers that are named and cannot be looked up come first, and nobody is told to name some" {
  lab_stop ntp
  printf '[sntp]\nservers = ntp.example.org\n' >"$CONF"
  check -C "$CONF"
  jq -e '.reason | test("^(no-bus|no-service|ok)$") | not' "$OUT" || fail 'the reason is not that of the servers'
  verdict 3 "$(jq -r .reason "$OUT")" ' sntp: ntp\.example\.org: .*; chrony, ntpd, ptp: .*; timesyncd: '
  [[ $(jq -r .message "$OUT") != *sntp:HOST* ]] || fail 'the advice does not fit'
  [ "$(jq -r '.message | length' "$OUT")" -le 250 ] || fail 'it is long'
}

@test "auto: the line has at most 250 characters, and the trace has each in full" {
  lab_stop ntp
  check -d
  [ "$(jq -r '.message | length' "$OUT")" -le 250 ] || fail 'it is long'
  for name in timesyncd chrony ntpd ptp sntp; do
    grep -q "source $name: .*([a-z-]*), " "$ERR" || fail "no $name in the trace"
  done
  grep -q 'systemctl start chronyd' "$ERR"
}
