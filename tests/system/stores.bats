#!/usr/bin/env bats
# What stores return, against the JSON of the run that wrote it: one run with a real timesyncd writes for
# node_exporter's textfile collector and for InfluxDB over UDP and HTTP; a real Prometheus scrapes the former, and
# --inetd as well. And contrib's alerts, with their own expressions, in that Prometheus: each fires when the clock, or
# its monitoring, is in the state it describes, and only then.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # $ is meant; tests are subshells; delivery.bash's names

bats_require_minimum_version 1.5.0
load delivery

setup_file() {
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_plugins
  lab_bus_start
  real_service_servers
  real_service
  lab_influxd_start
  lab_node_exporter_start
  lab_activate_start 10123 -s timesyncd -l none
  # contrib's own file with short intervals, and its rules without `for`.
  sed -E 's/1[m5]s?$/1s/; s/^rule_files/  evaluation_interval: 1s\n&/' "$TOP/contrib/prometheus/prometheus.yml" >"$LAB_DIR/stores.yml"
  sed 's/for: .*/for: 0s/' "$TOP/contrib/prometheus/ntp_monitor.rules.yml" >"$LAB_DIR/ntp_monitor.rules.yml"
  lab_prometheus_start "$LAB_DIR/stores.yml"
}

setup() {
  common_setup
  source=(-s timesyncd)
  FILE=$LAB_DIR/textfile/ntp_monitor.prom
}

teardown() {
  common_teardown
}

teardown_file() {
  lab_stop_all
}

# The run that everything is compared with: its JSON is in $T/out.
run_once() {
  printf '%s\n' '[influx]' 'database = lab' >"$T/conf"
  monitor -l none -C "$T/conf" -o json -o prometheus="$FILE" "$@"
  equal 'stderr' "$(<"$T/err")" ''
}

# json FILTER: prints it for the one server.
json() {
  jq -r ".servers[0] | $1" "$T/out"
}

# near WHAT A B: the same number, to the precision of a double.
near() {
  awk -v a="$2" -v b="$3" 'BEGIN { exit !(a != "" && b != "" && (a - b)^2 <= 1e-12 * (1 + b * b)) }' || fail "$1: '$2' is not '$3'"
}

# promql QUERY: prints the one value.
promql() {
  lab_promql "$1" | jq -r '.[].value[1]'
}

# --- the figures ------------------------------------------------------------------

of_this_run() {
  local at
  at=$(promql 'ntp_monitor_last_run_timestamp_seconds{job="node"}')
  [ -n "$at" ] && awk -v a="$at" -v b="$(date -d "$(jq -r .time "$T/out")" +%s.%N)" 'BEGIN { exit (a - b)^2 > 1e-10 }'
}

# prometheus_has JOB METRIC...: its figures for the server match the JSON.
prometheus_has() {
  local job=$1 name
  shift
  for name; do
    near "$job: $name" "$(promql "ntp_monitor_$name{job=\"$job\"}")" "$(json ".${name/%_seconds/_s}")" || return
  done
}

@test "prometheus: the textfile's figures match the JSON of the same run" {
  run_once
  lab_until 30 of_this_run
  prometheus_has node {jitter,offset,delay,root_distance,error_bound,poll_interval}_seconds stratum replies
  near verdict "$(promql 'ntp_monitor_verdict{job="node"}')" "$status"
  near leap "$(promql 'ntp_monitor_leap{job="node"}')" 0
  near 'the age' "$(promql 'ntp_monitor_last_run_timestamp_seconds{job="node"} - on() ntp_monitor_last_update_timestamp_seconds{job="node"}')" "$(json .age_s)"
  near 'the limit' "$(promql 'ntp_monitor_limit_seconds{job="node",limit="jitter",level="warning"}')" "$(jq .limits.jitter_s.warning "$T/out")"
  equal 'the labels' "$(lab_promql 'ntp_monitor_server_info{job="node"}' | jq -r '.[].metric | [.source, .server, .address, .jitter_kind] | join(" ")')" \
    "$(json '[.source, .server, .address, .jitter_kind] | join(" ")')"
}

of_this_reply() {
  [ "$(promql 'ntp_monitor_replies{job="ntp_monitor"}')" = "$(json .replies)" ]
}

# A reply that arrives between the run and the last query is another one, so the whole comparison is repeated. The error
# bound grows from run to run.
inetd_has_this_reply() {
  run_once && lab_until 5 of_this_reply &&
    prometheus_has ntp_monitor {jitter,offset,delay,root_distance,poll_interval}_seconds stratum replies
}

@test "prometheus: figures scraped through --inetd match the JSON for the same reply" {
  lab_until 60 inetd_has_this_reply
  near up "$(promql 'up{job="ntp_monitor"}')" 1
}

# Prints the point that a run wrote, as an object. The JSON has microseconds.
point() {
  local at_us
  at_us=$(date -d "$(jq -r .time "$T/out")" +%s%6N)
  lab_influxql "SELECT *::tag, *::field FROM ntp_monitor WHERE source = 'timesyncd' AND time >= ${at_us}000 AND time <= ${at_us}999" |
    jq -c '.results[0].series[0] // empty | .columns as $names | .values[0] | [$names, .] | transpose |
      map({key: .[0], value: .[1]}) | from_entries'
}

stored() {
  point >"$T/point" && [ -s "$T/point" ]
}

@test "influxdb: figures sent over UDP and HTTP match the JSON of the same run" {
  local to key
  for to in udp://127.0.0.1:8089 http://127.0.0.1:8086; do
    run_once -o influx=$to
    lab_until 10 stored
    for key in {jitter,offset,delay,root_distance,error_bound,poll_interval,age}_s stratum replies; do
      near "$to: $key" "$(jq ".$key" "$T/point")" "$(json ".$key")"
    done
    equal "$to: the tags" "$(jq -r '[.host, .server, .source] | join(" ")' "$T/point")" \
      "$(jq -r '[.host, .servers[0].server, .servers[0].source] | join(" ")' "$T/out")"
  done
}

# --- alerts -----------------------------------------------------------------------

firing() {
  [ "$(lab_promql 'ALERTS{alertstate="firing"}' | jq -r '[.[].metric.alertname] | unique | join(" ")')" = "$1" ]
}

# fires ALERTS ARGUMENT...: exactly these fire after a run with ARGUMENTs.
fires() {
  local wanted=$1
  shift
  monitor -l none -o prometheus="$FILE" "$@"
  lab_until 20 firing "$wanted" || fail "$wanted: $(lab_promql 'ALERTS' | jq -c '.[].metric')"
}

@test "alerts: a healthy clock fires none; jitter, offset, a limit, age and a critical verdict fire theirs" {
  printf '%s\n' '[monitoring]' 'stale_after = 1us' >"$T/stale"
  fires ''
  fires NtpMonitorJitter -w 1us
  fires NtpMonitorOffset --limit offset=1us
  fires NtpMonitorLimit --limit delay=1us
  fires NtpMonitorStale -C "$T/stale"
  fires 'NtpMonitorCritical NtpMonitorJitter' -c 1us
  fires ''
}

@test "alerts: a clock that never synchronised, and a missing reading, fire theirs" {
  sed -i 's/^NTPMessage.*//' "$T/reading"
  source=(-s "text:$T/reading")
  fires NtpMonitorNotSynchronised
  source=(-s text:/nothing)
  fires NtpMonitorUnknown
}

@test "alerts: a file that is not renewed, and a monitor that is gone, fire theirs" {
  fires ''
  touch -d '20 minutes ago' "$FILE"
  lab_until 20 firing NtpMonitorTextfile
  fires ''
  lab_stop activate
  lab_until 20 firing NtpMonitorSilent
  lab_activate_start 10123 -s timesyncd -l none
  fires ''
}
