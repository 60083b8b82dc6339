#!/bin/bash
# lab_monitors.sh: part of lab.sh: real time series databases, and a client to query them.
#
#   lab_http METHOD PORT PATH [FILE]   one request to 127.0.0.1 with FILE as its body; prints the answer's body, and
#                                      fails unless the status is 2xx (then with the status on stderr)
#   lab_node_exporter_start [DIR]      only its textfile collector, on DIR ($LAB_DIR/textfile), port 9100 (node_exporter)
#   lab_prometheus_start [FILE]        scrapes that each second, or what the configuration FILE says, port 9090 (prometheus)
#   lab_promql QUERY                   its current value: the list of results, as JSON
#   lab_influxd_start                  port 8086, and UDP 8089, with the database "lab"         (influxd)
#   lab_influx_write FILE              writes its lines
#   lab_influxql QUERY                 the answer, as JSON

# HTTP/1.0, so that no server sends chunks.
lab_http() {
  local method=$1 port=$2 path=$3 body=${4-/dev/null} status line server
  exec {server}<>"/dev/tcp/127.0.0.1/$port" || return
  {
    printf '%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\n' "$method" "$path"
    printf 'Content-Length: %d\r\n\r\n' "$(wc -c <"$body")"
    cat "$body"
  } >&"$server"
  read -r -t 30 -u "$server" _ status _ || status="none within 30 s"
  while read -r -t 30 -u "$server" line && [ "$line" != $'\r' ]; do :; done
  timeout 30 cat <&"$server"
  exec {server}>&-
  [[ $status == 2?? ]] || {
    lab_say "$method $path: status $status"
    return 1
  }
}

# True once it answers, whatever it printed before.
lab_http_ready() {
  lab_http GET "$1" "$2" >/dev/null 2>&1
}

lab_uri() {
  jq -rn --arg text "$1" '$text | @uri'
}

lab_node_exporter_start() {
  local directory=${1-$LAB_DIR/textfile}
  mkdir -p "$directory"
  lab_spawn node_exporter prometheus-node-exporter --collector.disable-defaults --collector.textfile \
    --collector.textfile.directory="$directory" --web.listen-address=127.0.0.1:9100 &&
    lab_ready node_exporter 10 lab_http_ready 9100 /metrics
}

lab_prometheus_start() {
  local file=${1-$LAB_DIR/prometheus.yml}
  [ $# -gt 0 ] || cat >"$file" <<YML
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: node
    static_configs:
      - targets: [127.0.0.1:9100]
YML
  lab_spawn prometheus prometheus --config.file="$file" \
    --storage.tsdb.path="$LAB_DIR/prometheus" --web.listen-address=127.0.0.1:9090 &&
    lab_ready prometheus 30 lab_http_ready 9090 /-/ready
}

lab_promql() {
  lab_http GET 9090 "/api/v1/query?query=$(lab_uri "$1")" | jq -c '.data.result'
}

# The configuration of an InfluxDB 1 on PORT; stdin adds to it, starting inside its section [http].
lab_influxd_config() {
  local dir=$LAB_DIR/influx.$1
  printf '%s\n' 'reporting-disabled = true' "bind-address = \"127.0.0.1:$(($1 + 1000))\"" '[meta]' "dir = \"$dir/meta\"" \
    '[data]' "dir = \"$dir/data\"" "wal-dir = \"$dir/wal\"" '[monitor]' 'store-enabled = false' '[http]'
  cat
}

lab_influxd_start() {
  lab_influxd_config 8086 >"$LAB_DIR/influxdb.conf" <<'CONF'
bind-address = "127.0.0.1:8086"
[[udp]]
enabled = true
bind-address = "127.0.0.1:8089"
database = "lab"
batch-size = 1
CONF
  lab_spawn influxd influxd -config "$LAB_DIR/influxdb.conf" &&
    lab_ready influxd 30 lab_http_ready 8086 /ping &&
    lab_http POST 8086 "/query?q=$(lab_uri 'CREATE DATABASE lab')" >/dev/null
}

lab_influx_write() {
  lab_http POST 8086 '/write?db=lab&precision=ns' "$1"
}

lab_influxql() {
  lab_http GET 8086 "/query?db=lab&epoch=ns&q=$(lab_uri "$1")"
}
