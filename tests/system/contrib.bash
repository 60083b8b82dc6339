# What contrib.bats asks of dashboards and stores, and where their data comes from. Loaded by it inside the lab.
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154 # $ is meant; lines are words; the tests' names

# reason_ids: prints REASON ID per line, from the program's table.
reason_ids() {
  tr -d '\n' <"$TOP/src/base/reason.c" | grep -oE '\{"[a-z-]+", +"[0-9a-f]{32}"' | sed -E 's/\{"(.*)", +"(.*)"/\1 \2/'
}

# Installs the catalogue where `make install` does, in a /usr/local/lib of the test's own.
catalog_install() {
  mkdir -p /var/lib/systemd/catalog
  cp "$TOP/contrib/systemd/ntp_monitor.catalog" "$T"
  unshare -m sh -c 'mount -t tmpfs tmpfs /usr/local/lib && mkdir -p /usr/local/lib/systemd/catalog &&
    cp "$0" /usr/local/lib/systemd/catalog && journalctl --update-catalog' "$T/ntp_monitor.catalog" >"$T/said" 2>&1 || fail "$(<"$T/said")"
  equal 'what journalctl says' "$(grep ntp_monitor "$T/said")" ''
}

# --- dashboards -----------------------------------------------------------------

# A jq program that lists what is wrong with a dashboard.
dashboard_faults='
  def panels: [.panels[] | select(.type != "row")];
  def query: .expr // .query // "";
  ([.templating.list[].name] + ["timeFilter", "__interval"]) as $variables |
  [ (if .uid and .title and .description and (.schemaVersion >= 36) and .time.from then empty else "no head" end),
    (if ([.panels[].id] | length == (unique | length)) then empty else "an id twice" end),
    (.panels[] | select(.gridPos | .x < 0 or .w < 1 or .h < 1 or .x + .w > 24) | "\(.title): outside"),
    ([.panels[] | .title as $title | .gridPos | . as $g | range(.y; .y + .h) as $y | range($g.x; $g.x + $g.w) as $x | "\($x),\($y)"] |
      if length == (unique | length) then empty else "panels lie over each other" end),
    (panels[] | select((.description // "") == "" or (.title // "") == "") | "\(.title): no words"),
    (panels[] | select(.datasource.uid != "${datasource}") | "\(.title): a data source of its own"),
    (panels[] | select(.fieldConfig.defaults.unit == null) | "\(.title): no unit"),
    (panels[] | select([.targets[].refId] | length == 0 or length != (unique | length)) | "\(.title): targets"),
    (panels[] | .title as $title | .targets[] | query | select(. == "") | "\($title): no query"),
    (panels[] | .title as $title | .targets[] | query | [scan("\\$([a-zA-Z_]+)")[0]][] |
      select([.] | inside($variables) | not) | "\($title): no variable \(.)"),
    (["timeseries", "stat", "heatmap", "state-timeline", "table"] - [.panels[].type] | .[] | "no panel \(.)"),
    (panels[] | .type | select(IN("timeseries", "stat", "heatmap", "state-timeline", "table") | not) | "unknown panel \(.)") ]'

# dashboard_queries KIND: its queries, one per line, URI-encoded, for all machines and the last hour.
dashboard_queries() {
  jq -r '.panels[].targets[]? | .expr // .query | gsub("\\$timeFilter"; "time > now() - 1h") | gsub("\\$__interval"; "1s") |
    gsub("\\$(job|instance|host)"; ".*") | @uri' "$TOP/contrib/grafana/ntp_monitor-$1.json"
}

# Prometheus' answers for the dashboard's variables: label_values(SERIES, LABEL).
dashboard_labels() {
  jq -r '.templating.list[] | select(.type == "query").query.query' "$TOP/contrib/grafana/ntp_monitor-prometheus.json" |
    sed -E 's/\$job/.*/; s/label_values\((.*), ([a-z]+)\)/\2 \1/' | while read -r label series; do
    lab_http GET 9090 "/api/v1/label/$label/values?match%5B%5D=$(lab_uri "$series")" | jq -c .data
  done | paste -sd' '
}

# --- stores, and data for them ----------------------------------------------------

# as_host NAME COMMAND...
as_host() {
  unshare --uts sh -c 'busybox hostname "$0" && exec "$@"' "$@"
}

# Two machines: this one, through its line of cron.d; and a critical one, whose file names its own instance, as a second
# node_exporter would.
fleet_prometheus() {
  local folder=/var/lib/prometheus/node-exporter line
  mkdir -p "$folder"
  line=$(sed -n 's/^#.* root \(.* -o prometheus=.*\)/\1/p' "$TOP/contrib/cron/ntp_monitor")
  equal 'the line of cron.d and that of the drop-in' "$line" "$(sed -n 's/^ExecStart=\(.\)/\1/p' "$TOP/contrib/systemd/textfile.conf")"
  rm -f /dev/log
  lab_busybox_syslogd_start
  $line
  lab_receiver_stop busybox
  lab_node_exporter_start "$folder"
  sed 's/1m$/1s/; s/15s$/1s/; s/^rule_files/  evaluation_interval: 1s\n&/' "$TOP/contrib/prometheus/prometheus.yml" >"$LAB_DIR/prometheus.yml"
  "$PROG" -l none -c 1us -o prometheus >"$LAB_DIR/m3" || true
  lab_spawn m3 busybox httpd -f -p 127.0.0.1:9101 -h "$LAB_DIR"
  cat >>"$LAB_DIR/prometheus.yml" <<'YML'
  - job_name: other
    metrics_path: /m3
    static_configs:
      - targets: [localhost:9101]
        labels: {job: node, instance: m3}
YML
  cp "$TOP/contrib/prometheus/ntp_monitor.rules.yml" "$LAB_DIR"
  lab_prometheus_start "$LAB_DIR/prometheus.yml"
  lab_until 30 scraped_both
}

scraped_both() {
  [ "$(lab_promql 'count(ntp_monitor_verdict)' | jq -r '.[].value[1]')" = 2 ]
}

recorded() {
  [ "$(lab_promql "$1" | jq length)" -gt 0 ]
}

# Four machines, one with each verdict, through telegraf's own line.
fleet_influxdb() {
  local line
  line=$(toml "$TOP/contrib/telegraf/ntp_monitor.conf" | jq -r '.inputs.exec[0].commands[0]')
  lab_influxd_start
  {
    as_host m1 $line || true
    as_host m2 $line -w 1us || true
    as_host m3 $line -c 1us || true
    as_host m4 $line -s text:/nothing || true
  } >"$T/lines"
  lab_influx_write "$T/lines"
}

toml() {
  local libraries
  libraries=$(sed -n 's/^LD_LIBRARY_PATH=\([^ ]*\) .*/\1/p' "$LAB_DIR/bin/busctl")
  LD_LIBRARY_PATH=$libraries PYTHONHOME=$LAB_ROOT/usr PYTHONDONTWRITEBYTECODE=1 "$LAB_ROOT/usr/bin/python3" -c '
import json, sys, tomllib
print(json.dumps(tomllib.load(open(sys.argv[1], "rb"))))' "$1"
}

# --- conditions to wait for ---------------------------------------------------------

nagios_checked() {
  sed -n '/^servicestatus/,/}/p' "$LAB_DIR/nagios/status" >"$T/status" 2>/dev/null && grep -q has_been_checked=1 "$T/status"
}

icinga_checked() {
  grep -qs SERVICEPERFDATA "$LAB_DIR"/icinga/perfdata*
}

# A new line is in the new file.
logs_anew() {
  monitor
  grep -qs INFO /var/log/ntp_monitor.log
}
