#!/usr/bin/env bats
# The formats for time series against their real readers: promtool, node_exporter's textfile collector, Prometheus and
# InfluxDB. They accept every kind of report without complaint and store each figure as printed, with its type; no
# server hides another; and each of them can complain.
# shellcheck disable=SC1003,SC2016,SC2030,SC2031,SC2034,SC2154 # backslashes and $ are meant; tests are
# subshells; the names are delivery.bash's

bats_require_minimum_version 1.5.0
load delivery

setup_file() {
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_node_exporter_start
  lab_prometheus_start
  lab_influxd_start
  lab_bus_start
  real_service_servers
}

setup() {
  common_setup
}

teardown() {
  common_teardown
}

teardown_file() {
  lab_stop_all
}

# Server names that mean something to a reader; the last ones are characters cut in half, and none at all.
hostile=('a b,c=d' 'q"uote\back/slash|{}' 'end\' '\' 'x\,y\ z\=' '#2' 'é 시간' $'tab\tand\nline' '%n%s' '"' 'a=' "'"
  $'half\xea\xb0' $'\xffa,\xed\xa0\x80 \xc0\xaf')

# --- reports of each kind ------------------------------------------------------

# kind NAME: runs the program to get a report of this kind, in $format.
kind() {
  local name=$1 count
  source=(-s "text:$T/reading")
  at=
  set -- -l none -o "$format"
  reading
  case $name in
    healthy) ;;
    whole) reading jitter=2s delay=4s dispersion=0 stratum=1 ;;
    warning) set -- "$@" -w 1us ;;
    critical) set -- "$@" -w 1us -c 1us ;;
    lost)
      set -- -l /nothing -o "$format" -w 1us -c 1us
      at='2>&-'
      ;;
    config)
      config '[monitoring]' 'timeout = soon'
      set -- "$@" -C "$T/conf"
      ;;
    never) sed -i '/^NTPMessage/d' "$T/reading" ;;
    nothing) source=(-s text:/nothing) ;;
    limits)
      set -- "$@" --limit jitter=1,2 --limit offset=1ns,1 --limit delay=1,off --limit root_distance=0.5us,3 \
        --limit error_bound=4,5 --limit stratum=0,15 --limit reach=8,1
      ;;
    twins) source+=("${source[@]}" "${source[@]}" -s text:/nothing) ;;
    many)
      source=()
      for count in {1..16}; do
        reading server="ntp$count" jitter="${count}ms" leap=$((count % 4))
        mv "$T/reading" "$T/$count"
        source+=(-s "text:$T/$count")
      done
      ;;
    unknown) printf 'Jitter=7us\n' >"$T/reading" ;;
    hostile-*) reading server="${hostile[${name#*-}]}" ;;
    timesyncd) real_service ;;
    fake) # a name that no text can hold either: a"b\<line end>, c=d
      fake_service offset=-7us age=-0.5s delay=4us name=0x6122625c0a2c20633d64 ;;
    *) fail "no kind $name" ;;
  esac
  monitor "$@"
  [ "$name" = lost ] || equal 'stderr' "$(<"$T/err")" ''
}

kinds=(healthy whole warning critical lost config never nothing limits twins many unknown "${!hostile[@]}" timesyncd fake)
kinds=("${kinds[@]/#[0-9]/hostile-&}")

# --- prometheus ------------------------------------------------------------------

# Moves the report to where node_exporter finds it.
put() {
  cp "$T/out" "$LAB_DIR/textfile/ntp_monitor.tmp"
  mv "$LAB_DIR/textfile/ntp_monitor.tmp" "$LAB_DIR/textfile/ntp_monitor.prom"
}

# Prints the samples of standard input in canonical form: labels sorted, numbers as doubles.
samples() {
  perl -ne 'next unless /^ntp_monitor/;
    my ($name, $labels, $value) = /^(\w+)(?:\{(.*)\})? (\S+)$/ or die "no sample: $_";
    printf "%s{%s} %.17g\n", $name, join(",", sort(($labels // "") =~ /\w+="(?:[^"\\]|\\.)*"/g)), $value' | sort
}

# of NAME: prints a sample's value in the report, whatever its labels.
of() {
  sed -nE "s/^ntp_monitor_$1(\{.*\})? ([^ ]*)$/\2/p" "$T/out"
}

# Fetches node_exporter's page into $T/exported; fails if it complains there or in its log (it drops a duplicate line
# without an error).
exported() {
  local log=$LAB_DIR/log/node_exporter before
  before=$(wc -c <"$log")
  lab_http GET 9100 /metrics >"$T/exported"
  grep -qx 'node_textfile_scrape_error 0' "$T/exported" && ! tail -c "+$((before + 1))" "$log" | grep -q level=error
}

@test "prometheus: promtool accepts every kind of report silently" {
  local format=prometheus name
  for name in "${kinds[@]}"; do
    kind "$name"
    promtool check metrics <"$T/out" >"$T/said" 2>&1 || fail "$name: $(<"$T/said")"
    equal "what promtool says of $name" "$(<"$T/said")" ''
    equal "the verdict of $name" "$(of verdict)" "$status"
  done
}

@test "prometheus: node_exporter shows every line of every kind of report, without an error" {
  local format=prometheus name
  for name in "${kinds[@]}"; do
    kind "$name"
    put
    exported || fail "$name: $(grep textfile "$T/exported")" "$(tail -n 1 "$LAB_DIR/log/node_exporter")"
    samples <"$T/out" >"$T/printed"
    [ "$(wc -l <"$T/printed")" -ge 5 ]
    equal "the lines of $name" "$(grep -c '^[^#]' "$T/out")" "$(wc -l <"$T/printed")"
    diff -u "$T/printed" <(samples <"$T/exported") || fail "$name differs"
  done
}

@test "prometheus: both readers complain about a broken report" {
  local format=prometheus
  kind healthy
  sed -i '/^# HELP ntp_monitor_stratum/d' "$T/out"
  run -3 promtool check metrics <"$T/out"
  kind healthy
  sed -i '/^ntp_monitor_stratum/{p}' "$T/out" # a duplicate
  put
  run ! exported
  kind healthy
  sed -i '/^ntp_monitor_stratum/s/$/ 1795237878000/' "$T/out"
  put
  run ! exported
  kind healthy
  put
  exported
}

@test "prometheus: contrib's configuration delivers the report, verdict by verdict" {
  local line reading
  line=$(sed -n 's,^prometheus = /var/lib/prometheus/node-exporter/,,p' "$TOP/contrib/README.md")
  [ "$line" = ntp_monitor.prom ]
  config '[output]' "prometheus = $LAB_DIR/textfile/$line"
  for reading in "$T/reading" /nothing "$T/reading"; do
    source=(-s "text:$reading")
    monitor -l none -C "$T/conf"
    equal 'what it says' "$(<"$T/err")" ''
    exported
    grep '^ntp_monitor_verdict' "$T/exported" >>"$T/verdicts"
  done
  equal 'the verdicts' "$(<"$T/verdicts")" 'ntp_monitor_verdict 0
ntp_monitor_verdict 3
ntp_monitor_verdict 0'
}

# promql QUERY: prints the values, one per line.
promql() {
  lab_promql "$1" | jq -r '.[].value[1]'
}

scraped() {
  local at
  at=$(promql ntp_monitor_last_run_timestamp_seconds)
  [ -n "$at" ] && awk -v a="$at" -v b="$(of last_run_timestamp_seconds)" 'BEGIN { exit (a - b)^2 > 1e-12 }'
}

# same WHAT A B: equal as numbers, to a millionth.
same() {
  awk -v a="$2" -v b="$3" 'BEGIN { exit !(a != "" && b != "" && (a - b)^2 <= 1e-12) }' || fail "$1: '$2' is not '$3'"
}

@test "prometheus: PromQL returns what the report on the real timesyncd says" {
  local format=prometheus name
  kind timesyncd
  put
  lab_until 30 scraped
  for name in verdict jitter_seconds offset_seconds delay_seconds root_distance_seconds error_bound_seconds \
    poll_interval_seconds last_update_timestamp_seconds stratum leap replies last_run_timestamp_seconds \
    run_duration_seconds; do
    same "$name" "$(promql "ntp_monitor_$name")" "$(of "$name")"
  done
  between 'the offset in ms' "$(promql 'round(ntp_monitor_offset_seconds * 1000)')" 690 720
  between 'the age in s' "$(promql 'floor(ntp_monitor_last_run_timestamp_seconds - on(instance) ntp_monitor_last_update_timestamp_seconds)')" 0 60
  equal 'the reason' "$(lab_promql ntp_monitor_reason | jq -r '.[].metric.reason')" ok
  equal 'the version' "ntp_monitor $(lab_promql ntp_monitor_build_info | jq -r '.[].metric.version')" "$("$PROG" -V)"
  equal 'the join with server_info' "$(lab_promql 'ntp_monitor_offset_seconds * on(instance, source, server)
    group_left(address, jitter_kind) ntp_monitor_server_info' | jq -c '.[].metric |
    [.source, .server == .address, .jitter_kind]')" '["timesyncd",true,"rms8"]'
  equal 'what is above its limit' "$(promql 'ntp_monitor_jitter_seconds > on(instance) group_left()
    ntp_monitor_limit_seconds{limit="jitter",level="warning"}')" ''
}

@test "prometheus: servers of the same name are separate series; without a reading only the verdict remains" {
  local format=prometheus
  kind twins
  put
  lab_until 30 scraped
  equal 'the series' "$(lab_promql 'ntp_monitor_jitter_seconds' | jq -r '.[].metric.server' | sort)" \
    'ntp.example.org (192.0.2.1)
ntp.example.org (192.0.2.1) #2
ntp.example.org (192.0.2.1) #3'
  equal 'the join' "$(promql 'count(ntp_monitor_jitter_seconds * on(instance, source, server) ntp_monitor_server_info)')" 3
  equal 'the alarm' "$(promql 'ntp_monitor_verdict > 0')" 3
  kind nothing
  put
  lab_until 30 scraped
  equal 'the verdict' "$(promql ntp_monitor_verdict)" 3
  equal 'the figures' "$(promql ntp_monitor_jitter_seconds)" ''
}

@test "prometheus: the duration runs from the program's start to its verdict" {
  local format=prometheus took
  kind timesyncd
  took=$(of run_duration_seconds | awk '{ printf "%d", $1 * 1000 }')
  between 'the quick run in ms' "$took" 0 "$took_ms"
  lab_freeze timesyncd
  monitor -l none -o prometheus -t 2
  lab_thaw timesyncd
  ended 3
  equal 'the reason' "$(grep -o '{reason=.*' "$T/out")" '{reason="timeout"} 1'
  between 'the run that waited, in ms' "$(of run_duration_seconds | awk '{ printf "%d", $1 * 1000 }')" 1400 2000
}

# --- influx ------------------------------------------------------------------------

# Prints the points of the report in $T/out, as JSON objects with their names.
points() {
  lab_influxql "SELECT *::tag, *::field FROM ntp_monitor WHERE time = $(head -n 1 "$T/out" | sed 's/.* //')" |
    jq -c '.results[0].series[0] | .columns as $names | .values[] | [$names, .] | transpose |
      map({key: .[0], value: .[1]}) | from_entries'
}

written() {
  lab_influx_write "$T/out" >"$T/said" 2>&1 || fail "$1: $(<"$T/said")"
  equal "what influxd says of $1" "$(<"$T/said")" ''
}

@test "influx: influxd accepts every kind of report, twice, and stores a point per line" {
  local format=influx name
  for name in "${kinds[@]}"; do
    kind "$name"
    written "$name"
    equal "the points of $name, and the verdict of the one that has no source" \
      "$(points | jq -s '[length, (map(select(.source == null))[0].verdict)] | join(" ")' -r)" \
      "$(wc -l <"$T/out") $status"
  done
  for name in "${kinds[@]}"; do
    kind "$name"
    written "$name"
  done
}

@test "influx: fields have their types, and host, server and source are the tags" {
  local format=influx
  for name in limits timesyncd; do
    kind "$name"
    written "$name"
  done
  lab_influxql 'SHOW FIELD KEYS' | jq -r '.results[0].series[0].values[] | join(" ")' | sort >"$T/types"
  equal 'the types' "$(<"$T/types")" 'address string
age_s float
delay_s float
error_bound_s float
jitter_kind string
jitter_s float
leap integer
offset_s float
poll_interval_s float
reason string
replies integer
root_distance_s float
run_duration_s float
stratum integer
verdict integer'
  equal 'the tags' "$(lab_influxql 'SHOW TAG KEYS' | jq -c '.results[0].series[0].values')" '[["host"],["server"],["source"]]'
}

@test "influx: a query returns what the report on the real timesyncd says" {
  local format=influx key
  kind timesyncd
  written timesyncd
  points | jq -c 'select(.source == "timesyncd")' >"$T/point"
  for key in jitter_s offset_s delay_s root_distance_s age_s error_bound_s poll_interval_s stratum leap replies; do
    same "$key" "$(jq ".$key" "$T/point")" "$(sed -nE "s/.*[ ,]$key=([-0-9.]+)i?[ ,].*/\1/p" "$T/out")"
  done
  equal 'the words' "$(jq -c '[.host, .reason, .jitter_kind, .server == .address, .state]' "$T/point")" \
    "[\"$(uname -n)\",\"ok\",\"rms8\",true,null]"
  equal 'the offset' "$(jq '.offset_s > 0.69 and .offset_s < 0.72' "$T/point")" true
}

# A chronyd that follows one of five servers; one lies, and one is silent.
chronyd() {
  local server lines=()
  lab_spawn servers "$LAB_BUILT/ntp_server" -p 1123 '*=+5ms' 127.0.0.3=+5s 127.0.0.4=drop=1 &&
    lab_ready servers 5 grep -qsx ready "$LAB_DIR/log/servers" || return
  for server in 127.0.0.{1..5}; do
    lines+=("$(lab_chrony_server "$server" port 1123)")
  done
  lab_chrony_start "${lines[@]}" && lab_until 10 lab_chrony_marked '*' 1 && lab_until 10 lab_chrony_marked x 1
  source=(-s chrony)
}

settled() {
  monitor -l none -o "json=$T/json" &&
    [[ $(jq -r '.servers[].state' "$T/json" | sort -u | paste -sd' ') == *falseticker*\ selected*\ unreachable ]]
}

# Prints the report's figures as "NAME SERVER VALUE", named as in PromQL.
figures() {
  jq -r '.servers[] | . as $s | {jitter_seconds: .jitter_s, offset_seconds: .offset_s, delay_seconds: .delay_s,
    root_distance_seconds: .root_distance_s, error_bound_seconds: .error_bound_s, poll_interval_seconds: .poll_interval_s,
    stratum, reach_ratio: (.reach / 8)} | to_entries[] | select(.value != null) | "\(.key) \($s.server) \(.value)"' "$1" | sort
}

@test "prometheus, influx: chronyd's figures, reach and state for each server are returned" {
  chronyd
  lab_until 30 settled
  monitor -l none -o "json=$T/json" -o prometheus
  ended 0
  put
  lab_until 30 scraped
  lab_promql '{__name__=~"ntp_monitor_(jitter|offset|delay|root_distance|error_bound|poll_interval)_seconds|ntp_monitor_stratum|ntp_monitor_reach_ratio"}' |
    jq -r '.[] | "\(.metric.__name__[12:]) \(.metric.server) \(.value[1] | tonumber)"' | sort >"$T/figures"
  diff -u <(figures "$T/json") "$T/figures" || fail 'the figures differ'
  [ "$(wc -l <"$T/figures")" -ge 15 ]
  equal 'the servers' "$(lab_promql ntp_monitor_server_info |
    jq -c '.[].metric | [.source, .server, .address, .state, .jitter_kind]' | sort)" \
    "$(jq -c '.servers[] | [.source, .server, .address, .state, .jitter_kind]' "$T/json" | sort)"
  equal 'the verdict' "$(promql ntp_monitor_verdict)" 0
  monitor -l none -o "json=$T/json" -o influx
  written chronyd
  equal 'the points' "$(points | jq -c 'select(.source != null) | [.server, .state, .reach, .offset_s, .verdict]' | sort)" \
    "$(jq -c '.servers[] | [.server, .state, .reach, .offset_s, ({ok: 0}[.verdict // ""])]' "$T/json" | sort)"
  lab_stop chrony
  lab_stop servers
}

@test "influx: names are returned unchanged" {
  local format name wanted
  for name in "${!hostile[@]}"; do
    format=json
    kind "hostile-$name"
    wanted=$(jq -r '.servers[0].server' "$T/out")
    [[ $wanted != *\\ ]] || wanted+=x5c # no tag can end in a backslash
    [[ $wanted != '#2' ]] || wanted+=' #1'
    format=influx
    kind "hostile-$name"
    written "$wanted"
    equal 'the server' "$(points | jq -r 'select(.source != null).server')" "$wanted"
  done
  via=(unshare --uts sh -c 'busybox hostname "$0" && exec "$@"' $'a b,\xff"\\')
  kind healthy
  written 'a hostile host'
  equal 'the host' "$(points | jq -r .host | uniq)" 'a b,\xff"\x5c'
}

@test "influx: without a reading there is one point with verdict and reason, and no source" {
  local format=influx at
  kind nothing
  written nothing
  equal 'the lines' "$(wc -l <"$T/out")" 1
  at=$(sed 's/.* //' "$T/out")
  lab_influxql "SELECT verdict, reason FROM ntp_monitor WHERE source = '' AND time = $at" >"$T/answer"
  grep -qF "\"values\":[[$at,3,\"no-source\"]]" "$T/answer" || fail "$(<"$T/answer")"
}

@test "monitors: exactly the values that are null in json are missing" {
  local format name
  for name in unknown never healthy fake; do
    format=json
    kind "$name"
    jq -r '.servers[0] | to_entries[] | select(.value != null and (.key |
      test("^(jitter_kind|spike|server|source|address|remark|sent|reasons)$") | not)).key' "$T/out" | sort >"$T/known"
    format=influx
    kind "$name"
    sed -n '2s/.* \([^ ]*\) [0-9]*$/\1/p' "$T/out" | tr ',' '\n' | sed -E 's/=.*//; /^(jitter_kind|address)$/d' | sort >"$T/influx"
    diff -u "$T/known" "$T/influx" || fail "$name: influx"
    format=prometheus
    kind "$name"
    sed -nE 's/^ntp_monitor_([a-z_]*)\{source=.*/\1/p' "$T/out" | grep -v server_info |
      sed 's/_seconds$/_s/; s/^last_update_timestamp_s$/age_s/; s/_ratio$//' | sort >"$T/prometheus"
    diff -u <(grep -vE '^(verdict|reason)$' "$T/known") "$T/prometheus" || fail "$name: prometheus"
  done
}

@test "influx: influxd complains about a changed type" {
  local format=influx
  kind healthy
  written healthy
  sed -i 's/jitter_s=[0-9.]*/jitter_s=2i/' "$T/out"
  run lab_influx_write "$T/out"
  [ "$status" = 1 ]
  [[ $output == *'field type conflict'* ]]
}
