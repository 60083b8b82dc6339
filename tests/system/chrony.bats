# chrony.bats: the source chrony against a real chronyd, which follows NTP servers with programmed answers; chronyc
# is the oracle.
#
# chronyd -x estimates but never sets the clock, so its current correction is the servers' offset.

# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # time.bash's AS, and what it sets

setup() {
  load time
  lab_stop_all
  rm -rf /run/chrony
}

teardown() {
  lab_logs_on_failure
  lab_stop_all
  # Whatever happened to a run, the next one cleans up.
  run compgen -G '/run/chrony/ntp_monitor.*'
  [ -z "$output" ]
}

chrony() {
  check -s chrony "$@"
}

# follow [LINE...]: starts a chronyd that follows 127.0.0.1, with these extra lines, and waits until it has selected.
follow() {
  lab_chrony_start "$(lab_chrony_server 127.0.0.1)" "$@" && lab_until 10 lab_chrony_marked '*' 1
}

# --- healthy --------------------------------------------------------------------

@test "healthy: status 0 and one line, through the socket, 127.0.0.1 and ::1, as root and as a user" {
  lab_ntp_start '*=+5ms'
  follow
  line='^NTP healthy, jitter: [0-9.]+(ns|us|ms) \(threshold: 2s\), offset: \+[0-9.]+ms, server: 127\.0\.0\.1, source: chrony$'
  for AS in '' lab_as_user; do
    chrony -d
    verdict_in_trace /run/chrony/chronyd.sock
    chrony
    verdict 0 ok "$line"
    server_is '[.source, .verdict, .state, .jitter_kind]' '["chrony","ok","selected","stddev"]'
  done
  chmod 0 /run/chrony # a user without access to the socket
  chrony -d
  verdict_in_trace '127.0.0.1 port 323'
  chrony
  verdict 0 ok "$line"
  chmod 0750 /run/chrony
  lab_stop chrony
  follow 'bindcmdaddress /' 'bindcmdaddress 127.0.0.9' # of each family the last address counts
  chrony -d
  verdict_in_trace '::1 port 323'
  chrony
  verdict 0 ok "$line"
}

# verdict_in_trace WAY: the trace shows that the answer came this way.
verdict_in_trace() {
  [ "$status" = 0 ] || fail 'not OK' || return
  grep -q "chrony: $1: TRACKING .* 0, 104 bytes" "$ERR" || fail "no answer from $1"
}

stranger() {
  lab_owned 323 4242 "$START" "$@"
}

@test "port 323 is trusted if root or chronyd owns it, or if only privileged processes can bind it" {
  lab_ntp_start '*=+5ms'
  follow
  AS=stranger START=0
  chrony # through its socket
  verdict 0 ok
  chmod 0 /run/chrony
  mv /run/chrony /run/chrony-away # root can enter it in spite of its mode
  chrony
  verdict 3 bad-reply " 323 .* 4242.*\(root, chrony, _chrony\).*ss -ulpe 'sport = :323'"
  echo _chrony:x:4242:4242::/:/bin/false >>/etc/passwd
  chrony
  verdict 0 ok
  sed -i /^_chrony:/d /etc/passwd
  START=1024
  chrony
  verdict 0 ok
  rm -r /run/chrony-away
  service '*=+5ms'
  lab_replies 9
  lab_chrony_start "$(lab_chrony_server 127.0.0.1)"
  mv /run/chrony /run/chrony-away
  START=0
  check # nor does it count as a second daemon
  verdict 0 ok 'source: timesyncd$'
  rm -r /run/chrony-away
}

@test "auto reads chronyd where there is no timesyncd" {
  lab_ntp_start '*=+5ms'
  follow
  check
  verdict 0 ok 'source: chrony$'
}

@test "two time services: timesyncd is read, and chronyd is reported as the second" {
  service '*=+5ms'
  lab_replies 9
  lab_chrony_start "$(lab_chrony_server 127.0.0.1)"
  for AS in '' lab_as_user; do
    check
    verdict 1 two-daemons 'timesyncd and chrony, '
  done
  chmod 0 /run/chrony
  check
  verdict 1 two-daemons
  chmod 0750 /run/chrony
  lab_freeze chrony # it hangs, but exists
  check
  verdict 1 two-daemons
  in_time 2
  lab_thaw chrony
  lab_stop chrony
  check
  verdict 0 ok
}

@test "a chronyd without sources beside timesyncd sets no clock and is no second daemon" {
  service '*=+5ms'
  lab_replies 9
  lab_chrony_start
  for AS in '' lab_as_user; do
    check
    verdict 0 ok 'source: timesyncd$'
  done
  chmod 0 /run/chrony # it answers over UDP only
  check
  verdict 0 ok 'source: timesyncd$'
  chmod 0750 /run/chrony
  lab_stop chrony
  lab_chrony_start 'server 127.0.0.9' # a server that does not answer still counts
  check
  verdict 1 two-daemons
}

@test "sign: positive when the clock is behind, as chronyc says in words" {
  lab_ntp_start '*=+5ms'
  follow
  chrony
  server_is '.offset_s | . > 0.0045 and . < 0.0055' true
  lab_chronyc tracking | grep -q '^System time .* slow of NTP time$'
  lab_stop chrony
  lab_ntp_set '*=-5ms' '127.0.0.2=-8ms' '127.0.0.3=-1ms'
  # No two of them agree: without a trusted one chronyd may end up without a majority.
  lab_chrony_start "$(lab_chrony_server 127.0.0.1 trust prefer)" "$(lab_chrony_server 127.0.0.2)" \
    "$(lab_chrony_server 127.0.0.3)"
  lab_until 10 lab_chrony_marked '*' 1
  lab_until 5 sees '127.0.0.2: .offset_s | . > -0.0085 and . < -0.0075'
  lab_until 5 sees '127.0.0.3: .offset_s | . > -0.0015 and . < -0.0005'
  lab_chronyc tracking | grep -q '^System time .* fast of NTP time$'
}

# sees ADDRESS: FILTER: a fresh reading has this server, and the filter holds for it.
sees() {
  chrony
  jq -e --arg address "${1%%: *}" ".servers | map(select(.address == \$address)) | .[0] | ${1#*: }" \
    "$OUT" >/dev/null
}

# --- every field ------------------------------------------------------------------

# The expected report, from chronyc; the rest of each row bounds what moves with time.
oracle() {
  local report
  for report in sources sourcestats tracking; do
    lab_chrony_csv "$report" -a | sed "s/^/$report,/"
  done
}

# Compares the report with two chronyc readings around it, as JSON.
oracle_json() {
  jq -R -s '
    def octal: explode | reduce .[] as $c (0; . * 8 + $c - 48);
    def ones: [recurse(if . > 1 then . / 2 | floor else empty end) | . % 2] | add;
    split("\n") | map(select(. != "") | split(",")) |
    {tracking: (map(select(.[0] == "tracking"))[0] |
      {correction: (.[5] | tonumber), distance: ((.[11] | tonumber) / 2 + (.[12] | tonumber)), leap: .[14]}),
     rows: [ (map(select(.[0] == "sourcestats"))) as $stats |
       map(select(.[0] == "sources")) | to_entries[] | .key as $i | .value as $s | $stats[$i] as $t |
       {mark: $s[2], key: $s[3], stratum: ($s[4] | tonumber), poll: ($s[5] | tonumber),
        reach: ($s[6] | octal | ones), age: ($s[7] | tonumber), latest: ($s[8] | tonumber),
        count: ($t[2] | tonumber), sd: ($t[8] | tonumber)} ]}'
}

@test "every field matches chronyc, for every kind of source" {
  echo '127.0.0.7 ntp.example.org' >>/etc/hosts
  lab_ntp_start '*=+5ms,stratum=3,root_delay=30ms,root_dispersion=10ms' '127.0.0.3=+5s' \
    '127.0.0.5=+6ms,drop=1' '::1=+5ms'
  follow "$(lab_chrony_server 127.0.0.2)" "$(lab_chrony_server 127.0.0.3)" "$(lab_chrony_server ntp.example.org)" \
    "$(lab_chrony_server 127.0.0.5)" "$(lab_chrony_server ::1)" 'server no.such.example' \
    'refclock SHM 0 refid GPS0'
  lab_until 10 lab_chrony_reached 127.0.0.3 x 4
  lab_until 10 lab_chrony_marked + 3
  lab_chrony_slow 127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.7 ::1
  for AS in '' lab_as_user; do
    oracle >"$BATS_TEST_TMPDIR/before"
    chrony
    oracle >"$BATS_TEST_TMPDIR/after"
    verdict 0 ok
    jq -n -e --slurpfile report "$OUT" \
      --argjson before "$(oracle_json <"$BATS_TEST_TMPDIR/before")" \
      --argjson after "$(oracle_json <"$BATS_TEST_TMPDIR/after")" '
      def between(a; b): . >= ([a, b] | min) - 2e-9 and . <= ([a, b] | max) + 2e-9;
      def states: {"*": "selected", "+": "combined", "-": "selectable", "x": "falseticker", "~": "jittery"};
      ($report[0].servers | map({key: (.address // .server), value: .}) | from_entries) as $servers |
      ([$before.rows, $after.rows] | transpose) as $rows |
      ($rows | length) == ($report[0].servers | length) and ($rows | length) == 8 and
      all($rows[]; .[0] as $b | .[1] as $a |
        $servers[if $b.key | startswith("ID#") then "no.such.example" else $b.key end] as $s |
        $s.state == (states[$b.mark] // (if $b.reach == 0 then "unreachable" else "unusable" end)) and
        $s.reach == $b.reach and
        $s.poll_interval_s == pow(2; $b.poll) and
        $s.jitter_kind == "stddev" and
        if $b.count >= 3 then $s.jitter_s - $b.sd | fabs < 2e-9 else $s.jitter_s == null end and
        if $b.age == 4294967295 then [$s.age_s, $s.offset_s, $s.stratum] == [null, null, null]
        else ($s.age_s | between($b.age; $a.age)) and $s.stratum == $b.stratum and
          (if $b.mark == "*" then
            ($s.offset_s | between($before.tracking.correction; $after.tracking.correction)) and
            ($s.root_distance_s | between($before.tracking.distance; $after.tracking.distance)) and
            ($s.error_bound_s - $s.offset_s - $s.root_distance_s | fabs < 2e-9) and
            $s.leap == "none" and $before.tracking.leap == "Normal"
          else
            ($s.offset_s | between($before.tracking.correction - $b.latest; $after.tracking.correction - $a.latest)) and
            $s.root_distance_s == null and $s.leap == null
          end)
        end)' >/dev/null || fail "chronyc says: $(paste "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after")"
    # The primary first, names as configured, then each server's own clock.
    jq -e '.servers | .[0].state == "selected" and
      (map(select(.address == "127.0.0.7"))[0].server == "ntp.example.org") and
      (map(select(.address == "127.0.0.3"))[0].offset_s - 5 | fabs < 0.001) and
      (map(select(.server == "GPS0"))[0] | .address == null and .remark != null) and
      (map(select(.server == "no.such.example"))[0].remark != null) and
      (map(select(.address == "::1"))[0].server == "::1")' "$OUT" || fail 'names, remarks'
    chmod 0 /run/chrony # the user gets it over UDP
  done
  chmod 0750 /run/chrony
  run_program -s chrony -o text -l none
  grep -q '^  falseticker     127\.0\.0\.3, ' "$OUT" || fail 'no falseticker in the text'
}

@test "a reference clock carries the verdict, under its name" {
  lab_chrony_start 'refclock SOCK /run/chrony/gps.sock refid GPS1 poll -2'
  lab_chrony_clock /run/chrony/gps.sock 0.003
  lab_until 10 lab_chrony_marked '*' 1
  chrony
  verdict 0 ok '^NTP healthy, jitter: .* server: GPS1, source: chrony$'
  server_is '[.server, .address, .stratum, .state, .remark != null]' '["GPS1",null,0,"selected",true]'
  server_is '.offset_s - 0.003 | fabs < 0.0005' true
  lab_stop clock
  lab_until 10 not_synchronised_as unreachable
}

@test "a pool: its servers are listed, its spare slots are not" {
  printf '%s two.example.org\n' 127.0.0.1 127.0.0.2 >>/etc/hosts
  lab_ntp_start '*=+5ms'
  lab_chrony_start 'pool two.example.org iburst minpoll -4 maxpoll -4' 'server no.such.example'
  lab_until 10 lab_chrony_marked '*' 1
  [ "$(lab_chrony_csv sources -a | grep -c 'ID#')" -gt 2 ] # the slots exist
  chrony
  verdict 0 ok
  jq -e '[.servers[] | [.server, .address, .remark == null]] | sort == [["no.such.example", null, false],
    ["two.example.org", "127.0.0.1", true], ["two.example.org", "127.0.0.2", true]]' "$OUT" || fail 'others'
  run_program -s chrony -o prometheus -l none
  if grep "#[0-9]" "$OUT"; then fail "series of nobody"; fi
}

@test "a pool with an unknown name is listed as that name" {
  lab_chrony_start 'pool no.such.example'
  lab_until 5 not_synchronised_as unreachable resolved
  jq -e '[.servers[1:][].server] == ["no.such.example"]' "$OUT"
}

# --- limits ---------------------------------------------------------------------------

@test "jitter above its threshold is a WARNING" {
  lab_ntp_start '*=+5ms'
  follow
  chrony -w 1ns
  verdict 1 jitter '^NTP jitter above threshold: .* \(threshold: 1ns\), offset: \+[0-9.]+ms, server: 127\.0\.0\.1, source: chrony$'
}

@test "a reading grows stale" {
  lab_ntp_start '*=+5ms'
  lab_chrony_start 'server 127.0.0.1 iburst minpoll -4 maxpoll -4'
  lab_until 10 lab_chrony_reached 127.0.0.1 '*' 4
  lab_chrony_slow 127.0.0.1
  lab_until 5 lab_chrony_older 2
  config 'stale_after = 1s'
  chrony -C "$CONF"
  verdict 1 stale 'server: 127\.0\.0\.1'
}

# --- not synchronised ---------------------------------------------------------------

@test "not synchronised: no sources, silent servers, unknown names, the first measurements" {
  lab_ntp_start '*=+5ms' '127.0.0.9=drop=1'
  while IFS='|' read -r states words given; do
    mapfile -t lines <<<"${given//;/$'\n'}"
    lab_chrony_start "${lines[@]}"
    lab_until 5 not_synchronised_as "$states" "$words" || fail "not as $states" || row "$given"
    for AS in '' lab_as_user; do
      chrony
      verdict 1 not-synchronised "$words.*, source: chrony$" || row "$given"
      server_is '[.server, .verdict, .reason, .leap]' '[null,"warning","not-synchronised","unsynchronised"]' || row "$given"
      harmless "$OUT" "$ERR"
    done
    AS=
    lab_stop chrony
  done <<'ROWS'
||
unreachable||server 127.0.0.9
unreachable unreachable| 2 |server 127.0.0.9;refclock SHM 0 refid GPS0
unreachable|resolved|server no.such.example
[a-z]+| 1 of 3 |server 127.0.0.1 minpoll 6
|stratum 10|local stratum 10
unreachable|stratum 9|local stratum 9;server 127.0.0.9
ROWS
}

# not_synchronised_as STATES [REGEX]: the states of the sources, and a pattern for the message.
not_synchronised_as() {
  chrony
  [[ $(jq -r '"\(.reason)|\([.servers[1:][].state] | join(" "))|\(.message)"' "$OUT") =~ ^not-synchronised\|$1\|.*${2-} ]]
}

@test "not synchronised: two servers disagree, or the only one is not synchronised" {
  lab_ntp_start '*=+5ms' '127.0.0.2=+5s' '127.0.0.4=leap=3'
  lab_chrony_start "$(lab_chrony_server 127.0.0.1)" "$(lab_chrony_server 127.0.0.2)"
  lab_until 10 not_synchronised_as 'falseticker falseticker' '2 falseticker'
  verdict 1 not-synchronised
  lab_stop chrony
  lab_chrony_start "$(lab_chrony_server 127.0.0.4)"
  lab_line "$LAB_DIR/log/ntp" 'answered as 127\.0\.0\.4'
  for _ in 1 2 3; do
    chrony
    verdict 1 not-synchronised
  done
}

@test "not synchronised: its servers are gone, although its tracking goes on" {
  lab_ntp_start '*=+5ms'
  follow
  lab_stop ntp
  lab_until 15 not_synchronised_as unreachable
  verdict 1 not-synchronised
  [ "$(lab_chrony_csv tracking | cut -d , -f 14)" = Normal ]
  server_is '.offset_s | . > 0.004 and . < 0.006' true
}

# --- no reading ---------------------------------------------------------------------

@test "no reading: it is not running, never did, or was killed" {
  for AS in '' lab_as_user; do
    chrony
    verdict 3 no-service '/run/chrony/chronyd\.sock: No such file or directory, 127\.0\.0\.1 port 323: Connection refused, ::1 port 323: Connection refused; .*systemctl start chronyd$'
    in_time 1
  done
  lab_chrony_start
  lab_kill chrony
  for AS in '' lab_as_user; do
    chrony
    verdict 3 no-service 'chronyd\.sock: Connection refused'
  done
  chmod 0 /run/chrony
  chrony # the folder is closed, with nobody behind it
  verdict 3 no-service 'chronyd\.sock: Permission denied'
  chmod 0750 /run/chrony
}

@test "no reading: it hangs" {
  lab_chrony_start
  lab_freeze chrony
  for AS in '' lab_as_user; do
    chrony -t 2
    verdict 3 timeout ' 1\.[0-9]s.*\(/run/chrony/chronyd\.sock: .*systemctl status chronyd$'
    in_time 2
  done
  lab_thaw chrony # serves again
  chrony
  verdict 1 not-synchronised
}

@test "no reading: cmdport 0 and a socket we cannot use" {
  lab_ntp_start '*=+5ms'
  follow 'cmdport 0'
  AS=lab_as_user
  chrony
  verdict 0 ok
  chmod 0 /run/chrony
  chrony
  verdict 3 denied '\(/run/chrony/chronyd\.sock: Permission denied, 127\.0\.0\.1 port 323: Connection refused, ::1 port 323: Connection refused\)' 'cmdport .*chrony\.conf$'
  chmod 0550 /run/chrony # readable, but no file can be created in it
  chrony
  verdict 3 denied 'chronyd\.sock: Permission denied'
  chmod 0750 /run/chrony
}

@test "another socket and port are used when configured" {
  lab_ntp_start '*=+5ms'
  mkdir /run/other && chmod 0700 /run/other
  lab_chronyc() {
    chronyc -p 3230 -n "$@"
  }
  follow 'cmdport 3230' 'bindcmdaddress /run/other/chronyd.sock'
  chrony
  verdict 3 no-service
  config
  printf '%s\n' '[chrony]' 'port = 3230' >>"$CONF"
  chrony -C "$CONF" -d
  verdict_in_trace '127.0.0.1 port 3230'
  printf '%s\n' '[chrony]' 'socket = /run/other/chronyd.sock' >"$CONF"
  chrony -C "$CONF" -d
  verdict_in_trace /run/other/chronyd.sock
  [ "$(ls /run/other)" = chronyd.sock ]
}

# --- what stays behind ------------------------------------------------------------

@test "a killed run leaves its socket, and the next run removes it" {
  lab_chrony_start
  lab_freeze chrony
  for signal in KILL TERM; do
    "$PROG" -s chrony -l none -t 10 &
    pid=$!
    lab_until 5 test -S "/run/chrony/ntp_monitor.$pid.sock"
    kill -s "$signal" "$pid"
    wait "$pid" || true
  done
  [ -n "$(compgen -G '/run/chrony/ntp_monitor.*.sock')" ]
  : >/run/chrony/ntp_monitor.1.sock~
  lab_thaw chrony
  chrony
  verdict 1 not-synchronised
  [ -z "$(compgen -G '/run/chrony/ntp_monitor.*.sock')" ]
  rm /run/chrony/ntp_monitor.1.sock~
}

@test "concurrent runs do not disturb each other" {
  lab_ntp_start '*=+5ms'
  follow
  pids=()
  for _ in {1..20}; do
    "$PROG" -s chrony -l none &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do
    wait "$pid" || fail "status $?"
  done
}

@test "the trace has every request and every field" {
  lab_ntp_start '*=+5ms'
  follow
  chrony -d
  for line in 'TRACKING 0, .* [0-9a-f]{8}, .* 1, 104 bytes' 'n_sources=1$' \
    'tracking: ref_id=7F000001 stratum=2 leap=0 current_correction=[0-9]+ root_delay=[0-9]+ root_dispersion=[0-9]+ \(ns\)' \
    'source 0: name=127\.0\.0\.1 poll=-4 stratum=1 state=0 mode=0 reach=[0-7]+ since_sample=[0-9]+ latest_meas=-?[0-9]+ \(ns\)' \
    'sourcestats 0: n_samples=[0-9]+ sd=[0-9]+ \(ns\)'; do
    grep -qE "$line" "$ERR" || fail "no line like: $line"
  done
}
