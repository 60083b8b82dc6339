#!/usr/bin/env bats
# Reports to InfluxDB over HTTP: to the real InfluxDB 1, with authentication and TLS; and to a server of the tests' own,
# for InfluxDB 2's API and for misbehaviour. What is sent is stored; every refusal is reported in the server's words;
# nothing holds the run beyond its deadline, or the verdict back from the log; the secret is only in the request; and a
# run that posts nothing pays nothing.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # bats' own names; tests are subshells

bats_require_minimum_version 1.5.0
load http

readonly URL=http://localhost:8086 TLS=https://localhost:8087 FAKE=http://localhost:8088
readonly PASSWORD='geheim: %41"\ß'

setup_file() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  [ -e "$TOP/$BUILD/plugins/http.so" ] || return 0
  lab_plugins
  start_log
  lab_influxd_locked_start 8086
  lab_influxd_locked_start 8087 tls
  lab_influx 8086 'CREATE DATABASE ntp'
  lab_influx 8086 "CREATE USER pi WITH PASSWORD 'geheim: %41\"\\\\ß'"
  lab_influx 8086 'GRANT WRITE ON ntp TO pi'
  lab_influx 8086 "CREATE USER reader WITH PASSWORD 'other'"
  lab_influx 8087 'CREATE DATABASE ntp'
}

setup() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  [ -e "$TOP/$BUILD/plugins/http.so" ] || skip 'this build has no plug-in http: make check-deps has libcurl'
  logged >/dev/null
}

teardown() {
  lab_logs_on_failure
}

teardown_file() {
  lab_stop_all
}

as_pi() {
  configured "${1-$URL}" 'database = ntp' 'username = pi' "password_file = $(secret pw "${2-$PASSWORD}")"
}

# Runs make without the variables of the make that runs the tests.
makes() {
  env -u MAKEFLAGS -u MAKELEVEL make -C "$TOP" "$@"
}

# Prints the request that the tests' own server received.
request() {
  tr -d '\r' <"$LAB_DIR/http.8088"
}

# --- InfluxDB 1 ----------------------------------------------------------------------

@test "influxdb 1: the report is stored, with host and nanoseconds" {
  as_pi
  expect 0 posts -o influx
  output=$(grep ',source=' <<<"$output") # the server's line, without the run's
  [ "$(wc -l <<<"$output")" = 1 ]
  lines_are "$(logged)" "$VERDICT"
  at=${output##* }
  stored=$(lab_influx 8086 "SELECT * FROM ntp_monitor WHERE time = $at" ntp)
  [[ $stored == *"[[$at,"* ]] || fail "$output" "$stored" # jq would round the time
  row=$(jq -c '.results[0].series[0] | .columns as $names | [.values[] | [$names, .] | transpose |
    map({(.[0]): .[1]}) | add | select(.jitter_s != null)][0]' <<<"$stored")
  [ "$(jq -r .host <<<"$row")" = "$(uname -n)" ]
  [ "$(jq .jitter_s <<<"$row")" = \
    "$(grep -oE 'jitter_s=[0-9.]+' <<<"$output" | cut -d= -f2)" ] || fail "$output" "$stored"
}

@test "influxdb 1: a wrong password, a user without permission, and no user are refused with the server's reason" {
  as_pi "$URL" 'geheim: wrong'
  fails_with "$URL: HTTP status 401: authorization failed; .*username and password_file .*\[influx\]"
  configured "$URL" 'database = ntp' 'username = reader' "password_file = $(secret pw other)"
  fails_with "$URL: HTTP status 403: \"reader\" user is not authorized to write to database \"ntp\"; .*"
  configured "$URL" 'database = ntp'
  fails_with "$URL: HTTP status 401: unable to parse authentication credentials; .*"
}

@test "influxdb 1: an unknown database is reported, whatever its name" {
  configured "$URL" 'database = a b&precision=h/é' 'username = admin' "password_file = $(secret pw 'lab admin')"
  fails_with "$URL: HTTP status 404: database not found: \"a b&precision=h/é\"; .*database .*\[influx\]"
}

@test "influxdb 1: also with -o on the command line, and as an ordinary user" {
  as_pi
  sed -i '/^influx = /d' "$conf"
  arrives -o "influx=$URL"
  as_pi
  chmod 755 "$BATS_TEST_TMPDIR"
  cp "$BATS_TEST_TMPDIR/pw" "$LAB_DIR/user/pw" # owned by that user: the lab has one uid
  expect 0 lab_as_user "$PROG" -C "$conf" -s "text:$BATS_TEST_TMPDIR/reading"
}

@test "influxdb 1: when it hangs the run ends in time, and the next one is served" {
  as_pi
  lab_freeze influxd.8086
  begun=$(lab_uptime_ms)
  expect 3 posts -t 1s
  took=$(($(lab_uptime_ms) - begun))
  lab_thaw influxd.8086
  [ "$took" -ge 700 ] && [ "$took" -lt 3000 ] || fail "$took ms"
  lines_are "$(logged)" "$VERDICT" "27 ERROR $URL: .*[Tt]imed out.*"
  arrives
}

@test "influxdb 1: a stopped server is reported" {
  as_pi http://localhost:8085
  fails_with "http://localhost:8085: Failed to connect to localhost port 8085.*"
}

# --- TLS -------------------------------------------------------------------------------

on_tls() {
  configured "$1" 'database = ntp' 'username = admin' "password_file = $(secret pw 'lab admin')" "${@:2}"
}

@test "tls: a certificate signed by ca_file is accepted" {
  on_tls "$TLS" "ca_file = $LAB_DIR/tls/ca.pem"
  expect 0 posts -o influx
  lines_are "$(logged)" "$VERDICT"
  stored=$(lab_influx 8087 "SELECT * FROM ntp_monitor WHERE time = ${output##* }" ntp)
  [ "$(jq '.results[0].series[0].values | length' <<<"$stored")" = 2 ] || fail "$stored"
}

@test "tls: an untrusted certificate, a wrong host name and a missing ca_file are refused" {
  on_tls "$TLS"
  fails_with "$TLS: SSL certificate problem: self.signed certificate"
  on_tls https://127.0.0.1:8087 "ca_file = $LAB_DIR/tls/ca.pem"
  fails_with "https://127.0.0.1:8087: SSL: no alternative certificate subject name matches target .*"
  on_tls "$TLS" "ca_file = /nonexistent/ca.pem"
  fails_with "$TLS: error setting certificate .*"
  # Nothing of the request was sent.
  [ "$(grep -c 'POST /write' "$LAB_DIR/log/influxd.8087")" -le 1 ]
}

@test "tls: ca_file replaces the system's certificates" {
  cp -r "$LAB_DIR/tls" "$BATS_TEST_TMPDIR/known"
  openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=localhost -keyout "$BATS_TEST_TMPDIR/key" \
    -out "$BATS_TEST_TMPDIR/other.pem" 2>/dev/null
  mkdir -p /etc/ssl/certs
  mount -t tmpfs tmpfs /etc/ssl/certs
  cp "$LAB_DIR/tls/ca.pem" /etc/ssl/certs/lab.pem
  cp "$LAB_DIR/tls/ca.pem" /etc/ssl/certs/ca-certificates.crt
  openssl rehash /etc/ssl/certs
  on_tls "$TLS"
  run posts -o influx
  silent_before=$status
  on_tls "$TLS" "ca_file = $BATS_TEST_TMPDIR/other.pem"
  logged >/dev/null
  run fails_with "$TLS: SSL certificate problem: self.signed certificate"
  umount /etc/ssl/certs
  [ "$silent_before" = 0 ] || fail 'the system does not vouch for it'
  [ "$status" = 0 ] || fail "$output"
}

@test "tls: https to a plain server, and http to a TLS server, are reported" {
  on_tls https://localhost:8086 "ca_file = $LAB_DIR/tls/ca.pem"
  fails_with 'https://localhost:8086: .*(SSL|wrong version number).*'
  on_tls http://localhost:8087
  fails_with 'http://localhost:8087: HTTP status 400: Client sent an HTTP request to an HTTPS server\.'
}

# --- InfluxDB 2 --------------------------------------------------------------------------

with_token() {
  configured "$FAKE" 'org = my org' 'bucket = b/1' "token_file = $(secret token "$1")"
}

@test "influxdb 2: path, organisation, bucket, precision, token and line are as its API wants them" {
  lab_http_server 8088 influx2 my%20org b%2F1 'geheim-token=='
  with_token geheim-token==
  arrives
  request >"$BATS_TEST_TMPDIR/request"
  in_order "$(cat "$BATS_TEST_TMPDIR/request")" \
    '^POST /api/v2/write\?org=my%20org&bucket=b%2F1&precision=ns HTTP/1.1$' '^Host: localhost:8088$' \
    '^$' '^ntp_monitor,.*host=.* .*jitter_s=.* [0-9]{19}$'
  for header in 'Authorization: Token geheim-token==' "User-Agent: ntp_monitor/$("$PROG" -V | cut -d' ' -f2)" \
    'Content-Type: text/plain; charset=utf-8'; do
    grep -qxF "$header" "$BATS_TEST_TMPDIR/request" || fail "no $header"
  done
  [ "$(grep -ciE '^(Expect|Cookie|Accept-Encoding):' "$BATS_TEST_TMPDIR/request")" = 0 ]
}

@test "influxdb 2: a wrong token and an unknown bucket are reported" {
  lab_http_server 8088 influx2 my%20org b%2F1 'geheim-token=='
  with_token geheim-wrong
  fails_with "$FAKE: HTTP status 401: unauthorized access; .*token_file .*\[influx\]"
  with_token geheim-token==
  sed -i 's/b\/1/other/' "$conf"
  fails_with "$FAKE: HTTP status 404: bucket \"other\" not found; .*org and bucket .*\[influx\]"
}

# --- misbehaving servers -------------------------------------------------------------------

to_fake() {
  lab_http_server 8088 "$@"
  configured "$FAKE" 'database = ntp'
}

within() {
  local begun took
  begun=$(lab_uptime_ms)
  expect 3 posts -t 1s
  took=$(($(lab_uptime_ms) - begun))
  [ "$took" -lt 3000 ] || fail "$took ms" # and not the last-resort timer, which would leave no such line
  lines_are "$(logged)" "$VERDICT" "27 ERROR $FAKE: $1"
}

@test "a server that never answers, or only byte by byte, is given up in time" {
  to_fake hang
  within '.*timed out.*'
  to_fake drip
  within '.*timed out.*'
}

@test "an endless answer is read up to 4 KiB" {
  to_fake huge
  begun=$(lab_uptime_ms)
  fails_with "$FAKE: HTTP status 500.*"
  [ $(($(lab_uptime_ms) - begun)) -lt 5000 ]
}

@test "a server that hangs leaves the next one its time" {
  to_fake hang
  printf '%s\n' '[output]' "influx = $FAKE" '[influx]' 'database = ntp' >"$conf"
  lab_http_server 8090 send 'HTTP/1.1 204 No Content\r\n\r\n'
  expect 3 posts -t 3s -o "influx=$FAKE" -o influx=http://localhost:8090
  lines_are "$(logged)" "$VERDICT" "27 ERROR $FAKE: .*timed out.*" "27 ERROR $FAKE: .*timed out.*"
  grep -q '^POST /write' "$LAB_DIR/http.8090"
  lab_stop http.8090
}

@test "a redirect is not followed" {
  to_fake send 'HTTP/1.1 307 Moved\r\nLocation: http://localhost:8086/write?db=x\r\nContent-Length: 0\r\n\r\n'
  fails_with "$FAKE: HTTP status 307: .* http://localhost:8086/write\?db=x; .*"
  [ "$(request | grep -c '^POST ')" = 1 ]
}

@test "any status but 204 is a failure, reported with the server's words, made harmless" {
  to_fake send 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>'
  fails_with "$FAKE: HTTP status 200"
  to_fake send 'HTTP/1.1 503 Oh\r\nContent-Length: 25\r\n\r\n\e[31mred\nforged: line\n...'
  fails_with "$FAKE: HTTP status 503: .*red"
  to_fake send 'HTTP/1.1 500 Oh\r\nContent-Length: 37\r\n\r\n{"error":"shard is \u003cgone\u003e"}'
  fails_with "$FAKE: HTTP status 500: shard is <gone>"
}

@test "a server that closes early or within its answer, or does not speak HTTP, is reported" {
  to_fake early
  fails_with "$FAKE: (Empty reply from server|Recv failure: Connection reset by peer)"
  to_fake send 'HTTP/1.1 204 No Con'
  fails_with "$FAKE: (Empty reply from server|Recv failure: Connection reset by peer)"
  to_fake send 'HTTP/1.1 500 Oh\r\nContent-Length: 100\r\n\r\n{"error":"ha'
  fails_with "$FAKE: HTTP status 500"
  to_fake send '220 mail.example.org ESMTP\r\n'
  fails_with "$FAKE: .*HTTP/0\.9.*"
}

# --- names ------------------------------------------------------------------------------------

@test "an unknown name, and a silent name server, are reported in time" {
  configured http://no.such.invalid 'database = ntp'
  expect 3 posts
  lines_are "$(logged)" "$VERDICT" "27 ERROR http://no.such.invalid: .*no\.such\.invalid.*"
  lab_spawn dns systemd-socket-activate -d -l 127.0.0.1:53 sleep 100
  lab_ready dns 5 lab_udp_bound 53
  configured http://silent.example 'database = ntp'
  printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:5 attempts:2' >/etc/resolv.conf
  begun=$(lab_uptime_ms)
  expect 3 posts -t 1s
  took=$(($(lab_uptime_ms) - begun))
  lab_kill dns
  [ "$took" -lt 3000 ] || fail "$took ms" # and not the last-resort timer, which would leave no such line
  lines_are "$(logged)" "$VERDICT" "27 ERROR http://silent.example: .*"
}

@test "a proxy in the environment is not used" {
  as_pi
  expect 0 bare http_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 HOME="$HOME" "$PROG" -C "$conf" \
    -s "text:$BATS_TEST_TMPDIR/reading"
}

# --- the configuration --------------------------------------------------------------------------

@test "config: missing and conflicting keys are reported by line and key" {
  while IFS='|' read -r keys says; do
    # shellcheck disable=SC2086 # words
    configured "$URL" $keys
    expect 3 "$PROG" -C "$conf" --check-config
    in_order "$output" "^problem: $conf:$says" '^1 problem'
  done <<'ROWS'
|2: influx: .*\[influx\].* database .* org, bucket and token_file
username=u|4: username: .*database 
database=d username=u|4: database: .*password_file 
org=o bucket=b|4: org: .*token_file 
database=d org=o bucket=b token_file=t|5: org: .*InfluxDB 2.*database.*InfluxDB 1
ROWS
  configured "$URL" 'database=d' 'token=geheim'
  expect 3 "$PROG" -C "$conf" --check-config
  [[ $output == *'token: '*'[influx]'* ]]
  # A secret in place of a file name is refused, but not repeated.
  configured "$URL" 'org=o' 'bucket=b' 'token_file=geheim-token=='
  expect 3 "$PROG" -C "$conf" --check-config
  [[ $output == *': token_file: '* ]]
  [[ $output != *geheim-token* ]]
}

@test "config: with a broken section the verdict of a run is not OK" {
  configured "$URL" 'username=u'
  expect 3 posts
  in_order "$(logged)" '^27 ERROR .*conf:4: username: .*database' "ERROR $URL: username: .*database"
}

# --- the secret ----------------------------------------------------------------------------------

@test "secret: a missing file, or one that others can read, is refused, and nothing is sent" {
  as_pi
  chmod 640 "$BATS_TEST_TMPDIR/pw"
  fails_with "$URL: password_file: .*/pw: .*\(mode 0640\).*; .*chmod 600.*"
  rm "$BATS_TEST_TMPDIR/pw"
  fails_with "$URL: password_file: .*/pw: .*: No such file or directory"
}

@test "secret: where a server repeats it, it is blanked" {
  to_fake send 'HTTP/1.1 400 Bad\r\nContent-Length: 49\r\n\r\nbad header: Authorization: Token geheim-token== !'
  with_token geheim-token==
  sed -i '1i [monitoring]\ndebug_mode = true' "$conf"
  expect 3 posts
  logged >"$BATS_TEST_TMPDIR/log"
  grep -q '27 ERROR .*bad header: Authorization: Token \*\*\*\*\*\*\*\*\*\*\*\*\*\* !' "$BATS_TEST_TMPDIR/log"
  run ! grep geheim-token "$BATS_TEST_TMPDIR/log"
}

@test "secret: a repeated password is blanked in base64 and with escapes as well" {
  local packed body
  as_pi http://127.0.0.1:8088 'geheim/"wort"'
  sed -i '1i [monitoring]\ndebug_mode = true' "$conf"
  packed=$(printf 'pi:geheim/"wort"' | base64)
  for body in "Authorization: Basic $packed" 'geheim%2F%22wort%22' '{"error":"geheim\/\"wort\" is wrong"}' \
    '{"error":"{\"error\":\"geheim\\\/\\\"wort\\\" is wrong\"}"}'; do
    to_fake send "HTTP/1.1 401 No\r\nContent-Length: ${#body}\r\n\r\n$body"
    as_pi http://127.0.0.1:8088 'geheim/"wort"'
    expect 3 posts
    logged >"$BATS_TEST_TMPDIR/log"
    grep -q '27 ERROR .*HTTP status 401: .*\*\*\*\*' "$BATS_TEST_TMPDIR/log" || fail "$(<"$BATS_TEST_TMPDIR/log")"
    run ! grep -E "geheim|wort|${packed%%=*}" "$BATS_TEST_TMPDIR/log"
  done
}

@test "secret: TLS session keys are written nowhere" {
  on_tls "$TLS" "ca_file = $LAB_DIR/tls/ca.pem"
  expect 0 env SSLKEYLOGFILE="$BATS_TEST_TMPDIR/keys" "$PROG" -C "$conf" -s "text:$BATS_TEST_TMPDIR/reading"
  [ ! -e "$BATS_TEST_TMPDIR/keys" ]
}

@test "secret: read from systemd's credentials" {
  lab_http_server 8088 influx2 my%20org b%2F1 'geheim-token=='
  configured "$FAKE" 'org = my org' 'bucket = b/1' 'token_file = influx.token'
  mkdir "$BATS_TEST_TMPDIR/credentials"
  echo geheim-token== >"$BATS_TEST_TMPDIR/credentials/influx.token"
  chmod 440 "$BATS_TEST_TMPDIR/credentials/influx.token"
  expect 0 bare CREDENTIALS_DIRECTORY="$BATS_TEST_TMPDIR/credentials" HOME="$HOME" "$PROG" -C "$conf" \
    -s "text:$BATS_TEST_TMPDIR/reading"
  lines_are "$(logged)" "$VERDICT"
  fails_with "$FAKE: token_file: influx.token: .*CREDENTIALS_DIRECTORY.*"
}

@test "secret: only in the request, never in a log, a trace, a printed configuration or an argument" {
  plain_build_only strace
  needs strace
  T=$BATS_TEST_TMPDIR
  for kind in good wrong; do
    lab_http_server 8088 influx2 my%20org b%2F1 "$([ "$kind" = good ] && echo geheim-token==)"
    with_token geheim-token==
    sed -i '1i [monitoring]\ndebug_mode = true' "$conf"
    run strace -f -e trace=execve,write,sendto,sendmsg,openat -s 9999 -o "$T/strace.$kind" \
      "$PROG" -C "$conf" -s "text:$T/reading" -d -o json
    echo "$output" >"$T/out.$kind"
    logged >"$T/log.$kind"
    grep -q 'POST http' "$T/log.$kind"
    "$PROG" -C "$conf" --print-config >"$T/print.$kind" 2>&1
    "$PROG" -C "$conf" --check-config >"$T/check.$kind" 2>&1
    grep -q geheim-token "$LAB_DIR/http.8088"
    # strace shows the one request that carried it.
    [ "$(grep -c geheim-token "$T/strace.$kind")" = 1 ]
    grep geheim-token "$T/strace.$kind" | grep -q 'Authorization: Token geheim'
  done
  ! grep -l geheim-token "$T"/{out,log,print,check}.* "$LAB_DIR"/rsyslog.* || fail 'the secret was said'
  # Nor is the password anywhere, plain or encoded.
  as_pi
  expect 0 posts -d
  printf '%s\n' "$output" "$stderr" "$(logged)" >"$T/out"
  ! grep -e 'geheim:' -e "$(printf 'pi:%s' "$PASSWORD" | base64 -w0)" "$T/out" || fail 'the password was said'
}

# --- the plug-in -------------------------------------------------------------------------------------

@test "plug-in: a missing one is reported by name with advice; other runs do not need it" {
  as_pi
  mv /usr/local/lib/ntp_monitor/http.so "$LAB_DIR/kept.so"
  run fails_with "$URL: .*http.*: /usr/local/lib/ntp_monitor/http.so: cannot open .*; .*"
  mv "$LAB_DIR/kept.so" /usr/local/lib/ntp_monitor/http.so
  [ "$status" = 0 ] || fail "$output"
  arrives
}

@test "plug-in: root opens none that others can write" {
  as_pi
  chmod 666 /usr/local/lib/ntp_monitor/http.so
  run fails_with "$URL: .*/usr/local/lib/ntp_monitor/http.so .* 0666.*; .*"
  chmod 644 /usr/local/lib/ntp_monitor/http.so
  [ "$status" = 0 ] || fail "$output"
  arrives
}

@test "plug-in: hardened, linked against libcurl, exports one symbol" {
  needs readelf
  plugin=$TOP/$BUILD/plugins/http.so
  expect 0 readelf -dW "$plugin"
  [[ $output == *'[libcurl'* && $output == *NOW* && $output != *TEXTREL* && $output != *PATH* ]]
  expect 0 readelf -lW "$plugin"
  [[ $output == *GNU_RELRO* ]]
  [ "$(awk '$1 == "GNU_STACK" { print $7 }' <<<"$output")" = RW ]
  plain_build_only 'sanitizers export names of their own'
  expect 0 nm -D --defined-only "$plugin"
  [ "$(awk '{ print $3 }' <<<"$output")" = http_plugin ] || fail "$output"
}

@test "plug-in: a run that posts nothing makes no extra system call" {
  plain_build_only strace
  needs strace
  run ldd "$PROG"
  [[ $output != *curl* ]]
  configured /dev/null
  sed -i '/^influx/d' "$conf"
  strace -f -o "$BATS_TEST_TMPDIR/none" "$PROG" -C "$conf" -s "text:$BATS_TEST_TMPDIR/reading"
  configured '' 'database = ntp' # configured, but not used
  strace -f -o "$BATS_TEST_TMPDIR/set" "$PROG" -C "$conf" -s "text:$BATS_TEST_TMPDIR/reading"
  [ "$(wc -l <"$BATS_TEST_TMPDIR/none")" = "$(wc -l <"$BATS_TEST_TMPDIR/set")" ]
  # execve shows the program's own path, which may hold any of these words.
  ! grep -v ' execve(' "$BATS_TEST_TMPDIR/set" | grep -E 'http\.so|curl|ssl|ntp_monitor/' || fail 'it looks for a plug-in'
  as_pi
  strace -f -o "$BATS_TEST_TMPDIR/posts" "$PROG" -C "$conf" -s "text:$BATS_TEST_TMPDIR/reading"
  [ "$(grep -c 'openat.*/usr/local/lib/ntp_monitor/http.so' "$BATS_TEST_TMPDIR/posts")" = 1 ]
  echo "# system calls: $(wc -l <"$BATS_TEST_TMPDIR/none") without, $(wc -l <"$BATS_TEST_TMPDIR/posts") with a post"
}

@test "make CURL=no: builds neither plug-in nor dlopen, and says what is missing" {
  plain_build_only 'another build'
  B=$BATS_TEST_TMPDIR/build
  expect 0 makes -j2 BUILD="$B" CURL=no WERROR=1 all
  [[ $output == *'left out of this build: http (libcurl)'* ]]
  [ ! -e "$B/plugins" ]
  ! nm -D "$B/ntp_monitor" | grep -E 'dlopen|curl' || fail 'it opens plug-ins'
  as_pi
  PROG=$B/ntp_monitor
  fails_with "$URL: .*libcurl4-openssl-dev.*"
}

@test "make install: another PREFIX gets its own plug-in, and only one object is rebuilt" {
  plain_build_only 'another build'
  B=$BATS_TEST_TMPDIR/build
  P=$LAB_DIR/prefix
  mkdir "$B"
  cp -a "$TOP/$BUILD"/{src,flags,plugindir,plugins,libntp_monitor.a,ntp_monitor} "$B"
  expect 0 makes -j2 BUILD="$B" all
  expect 0 makes BUILD="$B" PREFIX="$P" V=1 install
  [ "$(grep -cE ' -c -o ' <<<"$output")" -le 1 ] || fail "$output"
  [ -e "$P/lib/ntp_monitor/http.so" ]
  as_pi
  rm /usr/local/lib/ntp_monitor/http.so
  PROG=$P/bin/ntp_monitor
  run arrives
  cp "$TOP/$BUILD/plugins/http.so" /usr/local/lib/ntp_monitor/
  [ "$status" = 0 ] || fail "$output"
  expect 0 makes BUILD="$B" PREFIX="$P" uninstall
  [ ! -e "$P/lib/ntp_monitor" ] && [ ! -e "$P/bin/ntp_monitor" ]
}
