#!/usr/bin/env bats
# --inetd over real connections: behind inetd(8), which makes the connection the program's stderr as well, and behind
# systemd-socket-activate; asked by a client of ours and by the real Prometheus. Each answer is complete, with the right
# length and nothing else on the connection, whatever goes wrong; no request holds it beyond the deadline; and only
# trouble with the clock is logged.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # bats' own names; tests are subshells

bats_require_minimum_version 1.5.0
load usage

readonly PORT=9559 END=' HTTP/1.1\r\nHost: localhost\r\n\r\n'

setup_file() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  start_log
  : >"$LAB_DIR/conf"
  lab_inetd_start "$PORT" -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading" -t 2s
}

setup() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  : >"$LAB_DIR/conf"
  echo Jitter=1.5ms >"$LAB_DIR/reading"
  logged >/dev/null
}

teardown() {
  lab_logs_on_failure
}

teardown_file() {
  lab_stop_all
}

# asks TEXT: sets $head, $status_line and $body; fails unless the connection carries exactly one answer.
asks() {
  local length
  lab_http_ask "${port-$PORT}" "$1" >"$BATS_TEST_TMPDIR/answer" || fail "no answer to $1" || return
  head=$(sed '/^\r$/q' "$BATS_TEST_TMPDIR/answer" | tr -d '\r')
  body=$(sed '1,/^\r$/d' "$BATS_TEST_TMPDIR/answer" && echo .)
  body=${body%.}
  status_line=${head%%$'\n'*}
  length=$(sed -nE 's/^Content-Length: ([0-9]+)$/\1/p' <<<"$head")
  [ "$length" = "$(printf %s "$body" | wc -c)" ] || { [[ $1 == HEAD* ]] && [ -z "$body" ] && [ "$length" -gt 0 ]; } ||
    fail "$length bytes? $head $body" || return
  [[ $head == *$'\nConnection: close' && $head =~ Date:\ [A-Z][a-z]{2},\ [0-3][0-9]\ [^$'\n']*\ GMT$'\n' ]] || fail "$head"
}

# gets STATUS TEXT
gets() {
  asks "$2" || return
  [[ $status_line == "HTTP/1.1 $1 "* ]] || fail "$status_line, not $1: $2"
}

# --- pages ---------------------------------------------------------------------------

@test "/metrics: the report of a check made now, in Prometheus' format" {
  gets 200 "GET /metrics$END"
  grep -qx 'Content-Type: text/plain; version=0.0.4; charset=utf-8' <<<"$head"
  [ "${body: -1}" = $'\n' ]
  expect 0 "$PROG" -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading" -l none -o prometheus
  diff <(grep -vE '^[^#]*(timestamp|run_duration)' <<<"$body") <(grep -vE '^[^#]*(timestamp|run_duration)' <<<"$output"$'\n')
  promtool check metrics <<<"${body%$'\n'}"
  echo Jitter=3s >"$LAB_DIR/reading"
  before=$body
  gets 200 "GET /metrics$END"
  [ "$body" != "$before" ]
}


@test "/health: 200 for a good verdict, else 503, with the log line as body" {
  gets 200 "GET /health$END"
  [[ $body == "OK NTP healthy, jitter: 1.5ms (threshold: 2s), source: text; "*$'\n' ]] || fail "$body"
  grep -qx 'Content-Type: text/plain; charset=utf-8' <<<"$head"
  echo Jitter=3s >"$LAB_DIR/reading"
  gets 503 "GET /health$END"
  [[ $body == "WARNING NTP jitter above threshold: 3s (threshold: 2s), source: text; "*$'\n' ]] || fail "$body"
  rm "$LAB_DIR/reading"
  gets 503 "GET /health$END"
  [[ $body == 'UNKNOWN NTP '*" $LAB_DIR/reading: "*$'\n' ]] || fail "$body"
}

# The lines of a head that stay the same: a run's duration varies in length.
same_head() {
  sed -E '/^Date:/d; s/^(Content-Length: [0-9]{3})[0-9]$/\1x/' <<<"$head"
}

@test "HEAD: the same head without the body" {
  for page in metrics health nothing; do
    asks "GET /$page$END"
    wanted=$(same_head)
    asks "HEAD /$page$END"
    [ -z "$body" ]
    [ "$(same_head)" = "$wanted" ] || fail "$head" "$wanted"
  done
}

@test "other pages, methods, versions and non-HTTP bytes get their status" {
  gets 404 "GET /$END"
  gets 404 "GET /metrics/x$END"
  gets 405 "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
  grep -qx 'Allow: GET, HEAD' <<<"$head"
  gets 505 'GET /metrics HTTP/3.0\r\n\r\n'
  gets 400 'GET /metrics HTTP/1.1\r\n\r\n'
  gets 400 'hello\r\n'
  gets 400 '\x16\x03\x01\x02\x00'
  gets 200 'GET /metrics HTTP/1.0\r\n\r\n'
  gets 200 'GET http://localhost/health?x HTTP/1.1\nHost: a\n\n'
  silent_log
}

silent_log() {
  local said
  said=$(logged)
  [ -z "$said" ] || fail "logged: $said"
}

@test "a request over 8 KiB: 414 or 431, and the answer arrives although the request was not read" {
  printf -v long '%30000s' ''
  gets 414 "GET /${long// /a}$END"
  gets 431 "GET /metrics HTTP/1.1\r\nX: ${long// /a}\r\nHost: a\r\n\r\n"
  printf -v long '%7900s' ''
  gets 200 "GET /metrics HTTP/1.1\r\nX: ${long// /a}\r\nHost: a\r\n\r\n"
}

# The program counts from its own start; its start and the client add seconds on a busy machine. An answer at all shows
# that the program cut the request off at half of the time.
@test "an unfinished request is cut off at half of the time: 408" {
  lab_stop inetd
  lab_inetd_start "$PORT" -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading" -t 8s
  begun=$(lab_uptime_ms)
  gets 408 'GET /metrics HTTP/1.1\r\n'
  took=$(($(lab_uptime_ms) - begun))
  [ "$took" -ge 3900 ] && [ "$took" -lt 7800 ] || fail "$took ms"
  lab_stop inetd
  lab_inetd_start "$PORT" -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading" -t 2s
}

@test "a request in many pieces is answered" {
  exec {connection}<>"/dev/tcp/127.0.0.1/$PORT"
  for piece in GE 'T /hea' 'lth HTTP/1.1\r' '\nHost: a\r\n' '\r\n'; do
    # shellcheck disable=SC2059 # they are formats
    printf "$piece" >&"$connection"
    sleep 0.05
  done
  IFS= read -r -t 5 line <&"$connection"
  exec {connection}>&-
  [[ $line == 'HTTP/1.1 200 OK'* ]]
}

@test "twenty requests at once are answered" {
  for i in {1..20}; do
    lab_http_ask "$PORT" "GET /health$END" >"$BATS_TEST_TMPDIR/at.$i" &
  done
  wait
  [ "$(cat "$BATS_TEST_TMPDIR"/at.* | grep -c '^OK NTP healthy')" = 20 ]
}

# --- what is logged, and what the connection must not see --------------------------------------

@test "log: WARNING and worse, the usual way; OK leaves no line" {
  gets 200 "GET /metrics$END"
  gets 404 "GET /$END"
  silent_log
  echo Jitter=3s >"$LAB_DIR/reading"
  gets 200 "GET /metrics$END"
  lines_are "$(logged)" '28 WARNING NTP jitter above threshold: 3s .*'
  printf '[monitoring]\nmin_replies = 0\n' >"$LAB_DIR/conf"
  echo Jitter=1ms >"$LAB_DIR/reading"
  gets 503 "GET /health$END"
  lines_are "$(logged)" '27 ERROR .*min_replies: .*' '27 ERROR NTP healthy.* 1 .*'
}

@test "log: without any receiver the answer is free of log lines" {
  lab_receiver_stop rsyslogd
  echo Jitter=3s >"$LAB_DIR/reading"
  gets 200 "GET /metrics$END"
  [[ $body != *threshold* ]]
  gets 503 "GET /health$END"
  start_log
}

@test "the configured outputs are written by the timer's run only" {
  printf '[output]\njson = %s/json\n' "$LAB_DIR" >"$LAB_DIR/conf"
  gets 200 "GET /metrics$END"
  [ ! -e "$LAB_DIR/json" ]
}

@test "a usage error: 500 and a log line, without a word on the connection" {
  lab_stop inetd
  for options in '-o json' '-q' '-d' '--bogus' '-s text:-' '-w 1x'; do
    port=9561
    # shellcheck disable=SC2086 # words
    lab_inetd_start 9561 -C "$LAB_DIR/conf" $options
    gets 500 "GET /metrics$END"
    [[ $body == ?*$'\n' && $body != *usage* && $body != *--help* ]] || fail "$body"
    lines_are "$(logged)" '27 ERROR usage: .* --help'
    lab_stop inetd
  done
  lab_inetd_start "$PORT" -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading" -t 2s
}

@test "the last-resort timer and SIGTERM leave nothing on the connection" {
  mkfifo "$BATS_TEST_TMPDIR/fifo"
  lab_stop inetd
  lab_inetd_start "$PORT" -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading" -t 20s
  exec {connection}<>"/dev/tcp/127.0.0.1/$PORT"
  printf 'GET /metr' >&"$connection"
  child() { lab_processes ntp_monitor | grep .; }
  lab_until 5 child >"$BATS_TEST_TMPDIR/pid"
  kill -TERM "$(head -n 1 "$BATS_TEST_TMPDIR/pid")"
  [ -z "$(timeout 5 cat <&"$connection")" ]
  exec {connection}>&-
  lab_stop inetd
  lab_inetd_start "$PORT" -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading" -t 2s
}

# --- how it is started --------------------------------------------------------------------------

@test "behind systemd's socket activation the exit status is 0 once it has answered" {
  lab_activate_start 9560 -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading"
  port=9560
  echo Jitter=3s >"$LAB_DIR/reading"
  gets 503 "GET /health$END"
  gets 400 'hello\r\n'
  # A client that only probes the port.
  exec {connection}<>/dev/tcp/127.0.0.1/9560 && exec {connection}>&-
  lab_until 5 died 3
  [ "$(grep -c 'died with code 0' "$LAB_DIR/log/activate")" = 3 ] || fail "$(cat "$LAB_DIR/log/activate")"
  lab_stop activate
}

died() {
  [ "$(grep -c ' died with ' "$LAB_DIR/log/activate")" = "$1" ]
}

@test "a stderr that is not the connection is kept" {
  lab_activate_start 9560 -C "$LAB_DIR/conf" -s "text:$LAB_DIR/reading" -l stderr
  port=9560
  echo Jitter=3s >"$LAB_DIR/reading"
  gets 200 "GET /metrics$END"
  lab_line "$LAB_DIR/log/activate" 'ntp_monitor: WARNING NTP jitter above threshold: 3s'
  [ -z "$(logged)" ]
  lab_stop activate
}

@test "Prometheus scrapes it" {
  plain_build_only prometheus
  cat >"$LAB_DIR/prometheus.yml" <<CONF
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs: [{job_name: ntp, static_configs: [{targets: ['127.0.0.1:$PORT']}]}]
CONF
  lab_spawn prometheus prometheus --config.file="$LAB_DIR/prometheus.yml" --storage.tsdb.path="$LAB_DIR/tsdb" \
    --web.listen-address=127.0.0.1:9090
  lab_ready prometheus 20 lab_listens 9090
  lab_until 20 scraped up 1
  lab_stop prometheus
}

# scraped SERIES VALUE: Prometheus has the series with this value.
scraped() {
  [ "$(lab_http_ask 9090 "GET /api/v1/query?query=$1 HTTP/1.0\r\n\r\n" | tr -d '\r' | grep '^{' |
    jq -r '.data.result[0].value[1]')" = "$2" ]
}
