#!/bin/bash
# lab_http.sh: part of lab.sh: everything that speaks HTTP: InfluxDB, Prometheus, inetd, and servers of the tests' own.
#
#   lab_plugins                  the plug-ins of $TOP/$BUILD, where the program looks for them
#   lab_influxd_locked_start PORT [tls] InfluxDB 1 with authentication, and its user admin, password "lab admin"
#                                (influxd). tls: https, with a certificate for localhost, $LAB_DIR/tls/ca.pem
#   lab_influx PORT Q [DATABASE] the answer to admin's query, as JSON, times in ns
#   lab_http_server PORT RULE... a server of the tests' own; its requests are in $LAB_DIR/http.PORT (http.PORT)
#   lab_http_ask PORT TEXT [SECONDS]  sends TEXT (in printf %b's form) to 127.0.0.1, prints everything up to the end
#   lab_inetd_start PORT ARGUMENT...     $PROG --inetd behind inetd(8), with the connection as its stderr (inetd)
#   lab_activate_start PORT ARGUMENT...  the same behind systemd-socket-activate, whose log has stderr (activate)

lab_plugins() {
  mountpoint -q /usr/local/lib || mount -t tmpfs -o mode=0755 tmpfs /usr/local/lib || return
  mkdir -p /usr/local/lib/ntp_monitor
  cp "$TOP/$BUILD"/plugins/*.so /usr/local/lib/ntp_monitor/
}

lab_certificate() {
  mkdir -p "$LAB_DIR/tls"
  openssl req -x509 -newkey rsa:2048 -nodes -days 36500 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$LAB_DIR/tls/key.pem" -out "$LAB_DIR/tls/ca.pem" 2>/dev/null
}

lab_influxd_locked_start() {
  local port=$1 tls=${2-} dir=$LAB_DIR/influx.$1
  [ -z "$tls" ] || [ -e "$LAB_DIR/tls/key.pem" ] || lab_certificate || return
  lab_influxd_config "$port" >"$dir.conf" <<CONF
bind-address = ":$port"
auth-enabled = true
https-enabled = $([ -n "$tls" ] && echo true || echo false)
https-certificate = "$LAB_DIR/tls/ca.pem"
https-private-key = "$LAB_DIR/tls/key.pem"
CONF
  lab_spawn "influxd.$port" influxd -config "$dir.conf" && lab_ready "influxd.$port" 20 lab_listens "$port" || return
  lab_influx "$port" "CREATE USER admin WITH PASSWORD 'lab admin' WITH ALL PRIVILEGES" >/dev/null
}

lab_listens() {
  grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf '%04x' "$1") [0-9A-F:]* 0A " /proc/net/tcp /proc/net/tcp6
}

lab_http_ask() {
  local port=$1 text=$2 seconds=${3-10} connection
  exec {connection}<>"/dev/tcp/127.0.0.1/$port" || return
  # A server that refuses at once may close before everything is sent.
  (trap '' PIPE && printf '%b' "$text" >&"$connection") 2>/dev/null
  timeout "$seconds" cat <&"$connection"
  local status=$?
  exec {connection}>&-
  return $status
}

# Waits for a new server's first answer: it listens before it is ready.
lab_influx() {
  local port=$1 q=$2 database=${3-} body
  body="q=$(jq -rn --arg q "$q" '$q | @uri')"
  if grep -q 'https-enabled = true' "$LAB_DIR/influx.$port.conf"; then
    lab_http_ask_tls "$port" "$body" "$database"
  else
    lab_http_ask "$port" "$(lab_influx_request "$body" "$database")"
  fi | tr -d '\r' | grep '^{'
}

lab_influx_request() {
  local path="/query?epoch=ns&db=$2"
  printf 'POST %s HTTP/1.0\\r\\nAuthorization: Basic %s\\r\\n' "$path" "$(printf 'admin:lab admin' | base64)"
  printf 'Content-Type: application/x-www-form-urlencoded\\r\\nContent-Length: %s\\r\\n\\r\\n%s' "${#1}" "$1"
}

lab_http_ask_tls() {
  printf '%b' "$(lab_influx_request "$2" "$3")" |
    openssl s_client -quiet -connect "localhost:$1" -CAfile "$LAB_DIR/tls/ca.pem" 2>/dev/null
}

lab_http_server() {
  local port=$1
  shift
  : >"$LAB_DIR/http.$port"
  lab_stop "http.$port"
  lab_spawn "http.$port" "$LAB_BUILT/http_server" "$port" "$LAB_DIR/http.$port" "$@" &&
    lab_ready "http.$port" 5 grep -q ready "$LAB_DIR/log/http.$port"
}

# inetd(8) splits the line at blanks, and accepts at most 20 arguments.
lab_inetd_start() {
  local port=$1
  shift
  printf '127.0.0.1:%s stream tcp4 nowait root %s ntp_monitor --inetd %s\n' "$port" "$PROG" "$*" >"$LAB_DIR/inetd.conf"
  lab_spawn inetd inetd -i -R 1000000 "$LAB_DIR/inetd.conf" && lab_ready inetd 5 lab_listens "$port"
}

lab_activate_start() {
  local port=$1
  shift
  lab_spawn activate systemd-socket-activate --accept --inetd -l "127.0.0.1:$port" "$PROG" --inetd "$@" &&
    lab_ready activate 5 lab_listens "$port"
}
