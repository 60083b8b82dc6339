#!/usr/bin/env bats
# Every way a log line can take, to a real receiver: rsyslogd, busybox syslogd and journald in the lab. The stored line
# is the intended one, byte for byte; when a step of the chain (the configured address, /dev/log, UDP 514, stderr) is
# missing, the next one gets the line, and with none left the exit status alone tells; no stopped, full, silent or
# unreachable receiver delays the run; and no foreign text forges a line.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # other shells' $; tests are subshells

bats_require_minimum_version 1.5.0
load delivery

setup_file() {
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_bus_start
  real_service_servers
}

setup() {
  common_setup
  cp /etc/resolv.conf "$T/resolv.conf"
  cp /etc/hosts "$T/hosts"
}

teardown() {
  common_teardown
  cat "$T/resolv.conf" >/etc/resolv.conf
  cat "$T/hosts" >/etc/hosts
}

teardown_file() {
  lab_stop_all
}

# taken LINE...: rsyslogd stored exactly these lines, as they came.
taken() {
  equal 'what rsyslogd stored' "$(rsyslogd_raw)" "$(printf '%s\n' "$@")"
}

taken_nothing() {
  equal 'what rsyslogd stored' "$(rsyslogd_raw)" ''
}

# The verdict is on stderr, the last step of the chain.
said() {
  equal 'stderr' "$(<"$T/err")" "ntp_monitor: $1"
}

# The same after all other steps failed: the line gives the reason of each (COUNT in all).
fallen() { # MESSAGE COUNT
  local line
  line=$(<"$T/err")
  [[ $line == "ntp_monitor: $1 ("*")" ]] || fail "stderr is: $line"
  line=${line#"ntp_monitor: $1 ("}
  equal 'the reasons' "$(grep -o ': [A-Z][^;:]*[;)]' <<<"$line" | wc -l) of $line" "$2 of $line"
}

local_line='<30>TIME ntp_monitor[PID]: INFO '$healthy

# The same in RFC 5424.
udp_line=$(
  printf '<30>1 TIME %s ntp_monitor PID ok [ntp_monitor@32473 jitter="0.001207" threshold="2"' "$(uname -n)"
  printf ' verdict="ok" reason="ok" source="text" server="ntp.example.org"]'
  printf '[timeQuality tzKnown="1" isSynced="1"] INFO %s' "$healthy"
)

# --- each step, with a real receiver -------------------------------------------

@test "delivery: rsyslogd at /dev/log stores the line in glibc's form" {
  rsyslogd_start
  monitor
  ended_silent 0
  taken "$local_line"
  equal 'what it understood' "$(rsyslogd_fields)" \
    "imuxsock|30|daemon|info|$(uname -n)|ntp_monitor|PID|-| INFO $healthy|"
}

@test "delivery: rsyslogd at another socket, set by -l and by the file" {
  rsyslogd_start -s "$T/socket" -p none
  monitor -l "$T/socket"
  ended_silent 0
  taken "$local_line"
  config '[logging]' "syslog_address = $T/socket"
  monitor -C "$T/conf"
  ended_silent 0
  equal 'the second line' "$(rsyslogd_raw | sed -n '2p')" "$local_line"
  [ ! -e /dev/log ]
}

@test "delivery: rsyslogd on UDP port 514, in every spelling of the address" {
  local address
  rsyslogd_start -s none
  for address in 127.0.0.1 127.0.0.1:514 ::1 '[::1]' '[::1]:514' localhost LocalHost:514; do
    : >"$LAB_DIR/rsyslog.raw"
    monitor -l "$address"
    ended_silent 0
    taken "$udp_line"
  done
}

@test "delivery: rsyslogd on another UDP port, IPv4 and IPv6" {
  local address
  rsyslogd_start -s none -p 5514
  for address in 127.0.0.1:5514 '[::1]:5514' localhost:5514; do
    : >"$LAB_DIR/rsyslog.raw"
    monitor -l "$address"
    ended_silent 0
    taken "$udp_line"
  done
}

@test "delivery: a file of the Python version with localhost:514 and log_level works" {
  rsyslogd_start -s none
  config '[monitoring]' 'jitter_threshold = 2.0' 'debug_mode = false' 'log_level = INFO' '' \
    '[logging]' 'syslog_address = localhost:514'
  monitor -C "$T/conf"
  ended_silent 0
  taken "$udp_line"
}

@test "delivery: rsyslogd parses every part of the RFC 5424 form" {
  rsyslogd_start
  reading jitter=1.5s
  monitor -l localhost -w 1s
  ended_silent 1
  local message='WARNING NTP jitter above threshold: 1.5s (threshold: 1s)'
  message+=', server: ntp.example.org, source: text'
  local data='[ntp_monitor@32473 jitter="1.5" threshold="1" verdict="warning" reason="jitter"'
  data+=' source="text" server="ntp.example.org"][timeQuality tzKnown="1" isSynced="1"]'
  equal 'what it understood' "$(rsyslogd_fields)" \
    "imudp|28|daemon|warning|$(uname -n)|ntp_monitor|PID|$data|$message|"
  taken "<28>1 TIME $(uname -n) ntp_monitor PID jitter $data $message"
}

@test "delivery: the RFC 5424 line on the real timesyncd agrees with the JSON report" {
  rsyslogd_start -s none
  real_service
  monitor -l localhost -o json -w 1ns -c 1h
  ended 1
  local wanted accuracy least
  wanted="[ntp_monitor@32473 jitter=\"$(figure jitter_s)\" offset=\"$(figure offset_s)\""
  wanted+=' threshold="0.000000001" verdict="warning" reason="jitter" source="timesyncd"'
  wanted+=" server=\"$(jq -r .servers[0].server "$T/out")\"]"
  # RFC 5424 section 7.1.3, in us: |offset| + delay / 2 + root distance + 15 ppm of the age, rounded up.
  accuracy=$(rsyslogd_raw | sed -E 's/.* syncAccuracy="([0-9]+)"\].*/\1/')
  least=$(jq '.servers[0] | (.offset_s + .delay_s / 2 + .root_distance_s + .age_s * 15e-6) * 1e6 | floor' "$T/out")
  between 'the accuracy' "$accuracy" "$least" $((least + 2))
  wanted+="[timeQuality tzKnown=\"1\" isSynced=\"1\" syncAccuracy=\"$accuracy\"]"
  taken "<28>1 TIME $(uname -n) ntp_monitor PID jitter $wanted WARNING $(jq -r .message "$T/out")"
  # The servers are 0.7 s ahead, so the offset is positive and part of the accuracy.
  [[ $(figure jitter_s) == 0.*[1-9] ]]
  [[ $wanted =~ \ offset=\"0\.[67][0-9]*\".*\ syncAccuracy=\"7[0-9]{5}\" ]] || fail "$wanted"
}

@test "delivery: syncAccuracy is exact when the clock is ahead" {
  rsyslogd_start -s none
  # In us: |-500499.5| + 1001 / 2 + 7 / 2 + 2 + 15 (of a second's drift) = 501020.5
  fake_service age=1s offset=-500.5ms delay=1001us root_delay_us=7 root_dispersion_us=2
  monitor -l localhost
  ended_silent 0
  [[ $(rsyslogd_raw) == *' offset="-0.5004995" '*' isSynced="1" syncAccuracy="50102'[1-3]'"] INFO '* ]] ||
    fail "$(rsyslogd_raw)"
  : >"$LAB_DIR/rsyslog.raw"
  # |-500500| + 1000 / 2 + 6 / 2 + 3 + 15 = 501021; one more does no harm
  fake_service age=1s offset=-500.5ms delay=1000us root_delay_us=6 root_dispersion_us=3
  monitor -l localhost
  ended_silent 0
  [[ $(rsyslogd_raw) == *' isSynced="1" syncAccuracy="50102'[1-3]'"] INFO '* ]] ||
    fail "$(rsyslogd_raw)"
}

@test "delivery: isSynced is 0 when not synchronised, stale, or without a reading" {
  local quality='[timeQuality tzKnown="1" isSynced="0"]'
  rsyslogd_start -s none
  reading leap=3
  monitor -l localhost
  ended_silent 1
  [[ $(rsyslogd_raw) == "<28>1 TIME $(uname -n) ntp_monitor PID not-synchronised [ntp_monitor@32473 jitter=\"0.001207\"\
 threshold=\"2\" verdict=\"warning\" reason=\"not-synchronised\" source=\"text\"\
 server=\"ntp.example.org\"]$quality WARNING NTP "*", jitter: 1.207ms (threshold: 2s), server: ntp.example.org,\
 source: text; "* ]] || fail "$(rsyslogd_raw)"
  : >"$LAB_DIR/rsyslog.raw"
  reading last='Wed 2020-01-01 00:00:00 UTC'
  monitor -l localhost
  ended_silent 1
  [[ $(rsyslogd_raw) == "<28>1 TIME "*" stale [ntp_monitor@32473 "*" reason=\"stale\" "*"]$quality WARNING "* ]]
  : >"$LAB_DIR/rsyslog.raw"
  rm "$T/reading"
  monitor -l localhost
  ended_silent 3
  [[ $(rsyslogd_raw) == "<28>1 TIME $(uname -n) ntp_monitor PID no-source [ntp_monitor@32473 threshold=\"2\"\
 verdict=\"unknown\" reason=\"no-source\" source=\"text\"]$quality WARNING NTP "*" $T/reading: No such file or directory" ]] ||
    fail "$(rsyslogd_raw)"
}

@test "delivery: non-ASCII text is sent as UTF-8, over UDP after a byte order mark" {
  local bom=$'\xef\xbb\xbf' name='시간.example.org' line
  rsyslogd_start
  reading server="$name"
  line="INFO ${healthy/ntp.example.org/$name}"
  monitor -l localhost
  ended_silent 0
  local udp=${udp_line//ntp.example.org/$name}
  taken "${udp/] INFO/] ${bom}INFO}"
  : >"$LAB_DIR/rsyslog.raw"
  : >"$LAB_DIR/rsyslog.fields"
  monitor
  ended_silent 0
  taken "<30>TIME ntp_monitor[PID]: $line"
  equal 'what it understood' "$(rsyslogd_fields)" \
    "imuxsock|30|daemon|info|$(uname -n)|ntp_monitor|PID|-| $line|"
}

@test "delivery: syslog_format = rfc3164 over UDP has the host name without its domain" {
  rsyslogd_start -s none
  config '[logging]' 'syslog_format = rfc3164' 'syslog_address = localhost'
  monitor -C "$T/conf"
  ended_silent 0
  taken "<30>TIME $(uname -n | cut -d. -f1) ntp_monitor[PID]: INFO $healthy"
  equal 'what it understood' "$(rsyslogd_fields)" \
    "imudp|30|daemon|info|$(uname -n | cut -d. -f1)|ntp_monitor|PID|-| INFO $healthy|"
  : >"$LAB_DIR/rsyslog.raw"
  via=(unshare --uts sh -c 'busybox hostname pi.example.org && exec "$@"' sh)
  monitor -C "$T/conf"
  ended_silent 0
  taken "<30>TIME pi ntp_monitor[PID]: INFO $healthy"
  : >"$LAB_DIR/rsyslog.raw"
  monitor -l '[::1]'
  ended_silent 0
  taken "${udp_line/ $(uname -n) / pi.example.org }"
}

@test "delivery: syslog_format = rfc5424 applies to UDP, and not to local sockets" {
  rsyslogd_start
  config '[logging]' 'syslog_format = rfc5424'
  monitor -C "$T/conf" -l localhost
  monitor -C "$T/conf" -l localhost
  equal 'over UDP' "$(rsyslogd_raw | sed -n '2p')" "$udp_line"
  : >"$LAB_DIR/rsyslog.raw"
  monitor -C "$T/conf"
  taken "$local_line"
}

@test "delivery: the timestamp is the run's, local in RFC 3164 and UTC in RFC 5424" {
  local least most at
  rsyslogd_start
  printf -v least '%(%s)T' -1
  via=(env TZ=XXX-9:30)
  monitor
  monitor -l localhost
  rsyslogd_settle
  printf -v most '%(%s)T' -1
  at=$(sed -nE 's/^<30>([A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}) ntp_monitor.*/\1/p' "$LAB_DIR/rsyslog.raw")
  between 'the local time' "$(TZ=XXX-9:30 date -d "$at" +%s)" "$least" "$most"
  at=$(sed -nE 's/^<30>1 ([^ ]+) .*/\1/p' "$LAB_DIR/rsyslog.raw")
  [[ $at == *Z ]]
  between 'the UTC time' "$(date -d "$at" +%s)" "$least" "$most"
}

@test "delivery: a one-digit day is padded with a blank; RFC 5424 has year and fraction" {
  plain_build_only faketime
  rsyslogd_start
  reading last='Thu 2027-03-04 14:59:57 UTC'
  via=(env DONT_FAKE_MONOTONIC=1 TZ=XXX-9 faketime -f '@2027-03-04 23:59:58')
  monitor
  monitor -l localhost
  rsyslogd_settle
  # faketime reads its start in the zone of TZ.
  lab_line "$LAB_DIR/rsyslog.raw" '^<30>Mar  4 23:59:58 ntp_monitor\[[0-9]+\]: INFO '
  lab_line "$LAB_DIR/rsyslog.raw" '^<30>1 2027-03-04T14:59:58\.[0-9]{6}Z '
}

@test "delivery: busybox syslogd" {
  lab_busybox_syslogd_start
  monitor
  ended_silent 0
  equal 'what it stored' "$(busybox_log)" "TIME $(uname -n) daemon.info ntp_monitor[PID]: INFO $healthy"
  monitor -w 1us
  ended_silent 1
  equal 'the second line' "$(busybox_log | sed -n '2p')" "TIME $(uname -n) daemon.warn ntp_monitor[PID]:\
 WARNING NTP jitter above threshold: 1.207ms (threshold: 1us), server: ntp.example.org, source: text"
}

@test "delivery: journald's own protocol has every field" {
  lab_journald_start
  real_service
  monitor -l journal -o json
  ended 0
  local entry
  entry=$(journal)
  equal 'the number of entries' "$(wc -l <<<"$entry")" 1
  equal 'the fields' \
    "$(jq -S 'with_entries(select(.key | test("^(NTP_|SYSLOG_|MESSAGE|PRIORITY|_PID|_TRANSPORT)")))' <<<"$entry")" \
    "$(jq -S --arg pid "$pid" '.servers[0] as $s | {
      MESSAGE: ("INFO " + .message), PRIORITY: "6", SYSLOG_FACILITY: "3",
      SYSLOG_IDENTIFIER: "ntp_monitor", SYSLOG_PID: $pid, _PID: $pid, _TRANSPORT: "journal",
      MESSAGE_ID: "d7763aeacc774566a9c1e06768ffa1c0",
      NTP_VERDICT: "ok", NTP_REASON: "ok", NTP_SOURCE: "timesyncd", NTP_SERVER: $s.server,
      NTP_JITTER_USEC: ($s.jitter_s * 1e6 | round | tostring),
      NTP_OFFSET_USEC: ($s.offset_s * 1e6 + 1e-4 | trunc | tostring)}' "$T/out")"
}

@test "delivery: journald gets verdict, priority and facility, and no field for unknown values" {
  lab_journald_start
  config '[logging]' 'syslog_facility = local3' 'syslog_address = journal'
  reading jitter=3s server=
  monitor -C "$T/conf" -c 2.5s
  ended_silent 2
  rm "$T/reading"
  monitor -C "$T/conf"
  ended_silent 3
  equal 'the fields' "$(journal | jq -c '[.PRIORITY, .SYSLOG_FACILITY, .NTP_VERDICT, .NTP_REASON,
    .NTP_JITTER_USEC, .NTP_OFFSET_USEC, .NTP_SERVER, (.MESSAGE | sub("; .*"; "; ...") | sub("NTP .*: /"; "/"))]')" \
    "$(printf '%s\n' '["2","19","critical","jitter","3000000",null,null,"CRITICAL NTP jitter above critical'\
' threshold: 3s (critical threshold: 2.5s), server: 192.0.2.1, source: text; ..."]' \
      "[\"4\",\"19\",\"unknown\",\"no-source\",null,null,null,\"WARNING $T/reading: No such file or directory\"]")"
}

@test "delivery: journald at its /dev/log" {
  lab_journald_start
  monitor -w 1us
  ended_silent 1
  equal 'the fields' "$(journal | jq -c '[._TRANSPORT, .PRIORITY, .SYSLOG_FACILITY, .SYSLOG_IDENTIFIER,
    .SYSLOG_PID, .MESSAGE]')" "[\"syslog\",\"4\",\"3\",\"ntp_monitor\",\"$pid\",\"WARNING NTP jitter above\
 threshold: 1.207ms (threshold: 1us), server: ntp.example.org, source: text\"]"
}

@test "delivery: stderr only, when configured" {
  rsyslogd_start
  monitor -l stderr
  ended 0
  said "INFO $healthy"
  equal 'stdout' "$(<"$T/out")" ''
  monitor -l stderr -w 1us -c 1us
  ended 2
  said "CRITICAL NTP jitter above critical threshold: 1.207ms (critical threshold: 1us), server:\
 ntp.example.org, source: text"
  taken_nothing
}

@test "delivery: a stream socket gets each line with a NUL, all on one connection" {
  peer stream "$T/socket"
  config '[monitoring]' 'min_replies = 2' 'min_replies = 2'
  monitor -C "$T/conf" -l "$T/socket"
  ended_silent 0
  lab_until 5 grep -qs 'NTP healthy' "$T/peer"
  lab_kill peer
  equal 'what came' "$(tr '\0' '\n' <"$T/peer" | sed -E "s/(: min_replies: ).+/\\1.../
    s/^<([0-9]+)>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} ntp_monitor\\[$pid\\]: /\\1 /")" \
    "connection
28 WARNING $T/conf:3: min_replies: ...
30 INFO $healthy"
  equal 'the bytes at line ends' "$(tr -dc '\0\n' <"$T/peer" | od -An -tx1)" ' 0a 00 00'
}

@test "delivery: every facility" {
  local name number=0 wanted=() numbers=(3 1 9 5 4 10 16 17 18 19 20 21 22 23)
  rsyslogd_start -p none
  for name in daemon user cron syslog auth authpriv local{0..7}; do
    config '[logging]' "syslog_facility = $name"
    monitor -C "$T/conf"
    ended_silent 0
    wanted+=("$((numbers[number] * 8 + 6))|$name|info")
    number=$((number + 1))
  done
  equal 'what it understood' "$(rsyslogd_fields | cut -d'|' -f2-4)" "$(printf '%s\n' "${wanted[@]}")"
}

# --- severities and log_level ------------------------------------------------------

# The severities at one log_level of the lines of five runs: OK, no reading, WARNING, CRITICAL and a broken
# configuration; and the exit statuses, which must not depend on it.
severities_at() {
  local level=$1 severities=$2 statuses=''
  : >"$LAB_DIR/rsyslog.raw"
  : >"$LAB_DIR/rsyslog.fields"
  config '[monitoring]' "log_level = $level"
  monitor -C "$T/conf"
  statuses+=$status
  source=(-s "text:$T/nothing")
  monitor -C "$T/conf"
  statuses+=$status
  source=(-s "text:$T/reading")
  monitor -C "$T/conf" -w 1us
  statuses+=$status
  monitor -C "$T/conf" -w 1us -c 1us
  statuses+=$status
  config '[monitoring]' "log_level = $level" 'jitter_threshold = soon'
  monitor -C "$T/conf"
  statuses+=$status
  equal "the severities at $level" "$(rsyslogd_fields | cut -d'|' -f4,9 | cut -d' ' -f1,2 | paste -sd' ')" \
    "$severities"
  equal "the exit statuses at $level" "$statuses" 03123
  equal 'stderr' "$(<"$T/err")" ''
}

@test "delivery: each verdict has its severity, and log_level filters them" {
  rsyslogd_start
  severities_at INFO 'info| INFO warning| WARNING warning| WARNING crit| CRITICAL err| ERROR err| ERROR'
  severities_at warning 'warning| WARNING warning| WARNING crit| CRITICAL err| ERROR err| ERROR'
  severities_at ERROR 'crit| CRITICAL err| ERROR err| ERROR'
  # No level hides ERROR.
  severities_at CRITICAL 'crit| CRITICAL err| ERROR err| ERROR'
}

@test "delivery: debug_mode in a file logs the trace as DEBUG after the verdict, and prints none" {
  rsyslogd_start
  config '[monitoring]' 'debug_mode = true' 'log_level = ERROR'
  monitor -C "$T/conf"
  ended_silent 0
  local lines
  lines=$(rsyslogd_raw)
  equal 'the first line' "$(head -n 1 <<<"$lines")" "$local_line"
  [ "$(wc -l <<<"$lines")" -gt 20 ]
  equal 'other lines' "$(tail -n +2 <<<"$lines" |
    grep -vE '^<31>TIME ntp_monitor\[PID\]: DEBUG \+[0-9]+\.[0-9]{3}ms [a-z ]+: ')" ''
}

# --- each step missing ----------------------------------------------------------------

@test "delivery: without the configured socket, or with something else there, /dev/log gets the line" {
  rsyslogd_start -p none
  : >"$T/file"
  mkdir "$T/folder"
  mkfifo "$T/fifo"
  perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die' "$T/dead"
  [ -S "$T/dead" ]
  local way
  for way in nothing file folder fifo dead no/folder file/below; do
    : >"$LAB_DIR/rsyslog.raw"
    monitor -l "$T/$way"
    ended_silent 0
    taken "$local_line"
  done
}

@test "delivery: without /dev/log, or with something else there, UDP 514 gets the line" {
  rsyslogd_start -s none
  local way
  for way in 'rm -f /dev/log' ': >/dev/log' 'rm /dev/log; mkdir /dev/log' 'rmdir /dev/log; mkfifo /dev/log' \
    'rm /dev/log; ln -s /dev/nothing /dev/log'; do
    eval "$way"
    : >"$LAB_DIR/rsyslog.raw"
    monitor
    ended_silent 0
    taken "$udp_line"
  done
}

@test "delivery: without the journal /dev/log gets the line" {
  rsyslogd_start -p none
  monitor -l journal
  ended_silent 0
  taken "$local_line"
}

@test "delivery: when UDP is refused /dev/log gets the line, within milliseconds" {
  rsyslogd_start -p none
  local address
  for address in 127.0.0.1 '[::1]' localhost:5514; do
    : >"$LAB_DIR/rsyslog.raw"
    monitor -l "$address"
    ended_silent 0
    taken "$local_line"
    run_took 0 900
  done
}

@test "delivery: a WARNING for a silent log host also goes to /dev/log; an INFO does not" {
  rsyslogd_start -p none
  # Anything sent there is lost silently, as with a machine that is switched off.
  busybox ip addr add 192.0.2.1/32 dev lo
  busybox ip route add 192.0.2.9/32 dev lo
  monitor -l 192.0.2.9 -w 1us
  ended_silent 1
  taken "<28>TIME ntp_monitor[PID]: WARNING NTP jitter above threshold: 1.207ms (threshold: 1us), server:\
 ntp.example.org, source: text"
  : >"$LAB_DIR/rsyslog.raw"
  monitor -l 192.0.2.9 -w 1us -c 1us
  ended_silent 2
  equal 'the line' "$(rsyslogd_raw | cut -d' ' -f3)" CRITICAL
  : >"$LAB_DIR/rsyslog.raw"
  config '[monitoring]' 'jitter_threshold = soon'
  monitor -l 192.0.2.9 -C "$T/conf"
  ended_silent 3
  equal 'the lines' "$(rsyslogd_raw | cut -d' ' -f3 | paste -sd' ')" 'ERROR ERROR'
  : >"$LAB_DIR/rsyslog.raw"
  monitor -l 192.0.2.9
  ended_silent 0
  taken_nothing
  # A copy that cannot be delivered is no failure: the log host may have the line.
  rm /dev/log
  monitor -l 192.0.2.9 -w 1us -d
  ended 1
  [[ $(log_trace) == '192.0.2.9: WARNING '* ]] || fail "$(log_trace)"
  grep -q ' log: .*/dev/log.*: No such file or directory$' "$T/err" || fail 'not a word of the copy'
  busybox ip addr del 192.0.2.1/32 dev lo
}

@test "delivery: over UDP to any address of this machine a WARNING goes only there" {
  local address
  rsyslogd_start -p none
  busybox ip addr add 192.0.2.1/32 dev lo
  for address in 127.0.0.5 192.0.2.1; do
    peer udp "$address" 5514
    monitor -l "$address:5514" -w 1us
    ended_silent 1
    lab_until 5 grep -q 'WARNING NTP jitter above' "$T/peer"
    taken_nothing
    lab_kill peer
  done
  busybox ip addr del 192.0.2.1/32 dev lo
}

@test "delivery: localhost is found when only the IPv6 loopback listens" {
  perl -MSocket=:all -e '$| = 1; socket(my $s, PF_INET6, SOCK_DGRAM, 0) or die;
    bind($s, pack_sockaddr_in6(514, inet_pton(AF_INET6, "::1"))) or die; print "ready\n";
    recv($s, my $bytes, 65536, 0); print "$bytes\n"' >"$T/peer" 3>&- &
  local receiver=$!
  lab_until 5 grep -qsx ready "$T/peer"
  monitor
  ended_silent 0
  wait "$receiver"
  equal 'what came' "$(sed -nE "s/^<30>1 [^ ]+ [^ ]+ ntp_monitor $pid ok .*\] //p" "$T/peer")" "INFO $healthy"
}

@test "delivery: with every step missing stderr gets the line, and the trace each reason in order" {
  local cause=" $T/nothing: No such file or directory; /dev/log: No such file or directory;\
 localhost: UDP port 514: Connection refused)"
  monitor -l "$T/nothing"
  ended 0
  [[ $(<"$T/err") == "ntp_monitor: INFO $healthy ("*"$cause" ]] || fail "$(<"$T/err")"
  monitor -l "$T/nothing" -d
  ended 0
  [[ $(log_trace) == "$T/nothing: No such file or directory
/dev/log: No such file or directory
localhost: UDP port 514: Connection refused
stderr: INFO $healthy ("*"$cause" ]] || fail "$(log_trace)"
  grep -qF "ntp_monitor: INFO $healthy (" "$T/err"
}

@test "delivery: no step is tried twice" {
  local way
  for way in /dev/log localhost:514; do
    monitor -l "$way" -d
    ended 0
    equal 'the ends tried' "$(log_trace | cut -d: -f1 | sort)" "$(printf '%s\n' /dev/log localhost stderr)"
  done
}

@test "delivery: configuration problems take the same way as the verdict" {
  config '[monitoring]' 'colour = red' 'jitter_threshold = soon'
  monitor -C "$T/conf"
  ended 3
  [[ $(<"$T/err") == "ntp_monitor: ERROR $T/conf:2: colour: "*"
ntp_monitor: ERROR $T/conf:3: jitter_threshold: 'soon' "*"
ntp_monitor: ERROR $healthy; "*" 2 "*" --check-config ("*" /dev/log: No such file or directory;\
 localhost: UDP port 514: Connection refused)" ]] || fail "$(<"$T/err")"
}

@test "delivery: without stderr as well the status is 3, whatever the verdict" {
  local way verdict
  mkfifo "$T/fifo"
  exec {both}<>"$T/fifo"
  exec {broken}>"$T/fifo"
  exec {both}>&-
  for way in '2>&-' '2>/dev/null' '2>/dev/full' "2>&$broken" '2</'; do
    for verdict in '-w 2s' '-w 1us' '-w 1us -c 1us' '-w 2s -l stderr' '-w 1us -l /nothing' '-w 1us -c 1us -l [::1]:514'; do
      at=$way
      # shellcheck disable=SC2086 # words
      monitor $verdict
      [ "$status" = 3 ] || fail "status $status with $way and $verdict"
    done
    monitor -l none -w 1us
    [ "$status" = 1 ] || fail "status $status with $way and -l none"
  done
  exec {broken}>&-
}

@test "delivery: an unread stderr is waited for until the deadline, no longer" {
  mkfifo "$T/fifo"
  exec {both}<>"$T/fifo"
  dd if=/dev/zero of="$T/fifo" oflag=nonblock bs=4096 2>/dev/null || true
  at="2>&$both"
  monitor -t 1
  exec {both}>&-
  [ "$status" = 3 ]
  run_took 800 1400
}

@test "delivery: an unread trace does not delay the verdict" {
  rsyslogd_start -p none
  mkfifo "$T/fifo"
  exec {both}<>"$T/fifo"
  dd if=/dev/zero of="$T/fifo" oflag=nonblock bs=4096 2>/dev/null || true
  at="2>&$both"
  monitor -d -t 1 -w 1us
  exec {both}>&-
  [ "$status" = 1 ]
  run_took 0 1400
  equal 'the first line' "$(rsyslogd_raw | head -n 1)" '<28>TIME ntp_monitor[PID]: WARNING NTP jitter above'\
' threshold: 1.207ms (threshold: 1us), server: ntp.example.org, source: text'
}

@test "delivery: -l none logs nothing, and the status is the verdict's" {
  local verdict
  rsyslogd_start
  for verdict in '0 -w 2s' '1 -w 1us' '2 -w 1us -c 1us'; do
    # shellcheck disable=SC2086 # words
    monitor -l none ${verdict#* }
    ended_silent "${verdict%% *}"
  done
  source=(-s text:/nothing)
  monitor -l none
  ended_silent 3
  taken_nothing
}

@test "delivery: a line below log_level is not logged anywhere, and the status is the verdict's" {
  config '[monitoring]' 'log_level = CRITICAL'
  monitor -C "$T/conf" -w 1us
  ended_silent 1 # without any receiver
  rsyslogd_start
  monitor -C "$T/conf"
  ended_silent 0
  monitor -C "$T/conf" -w 1us
  ended_silent 1
  taken_nothing
}

@test "delivery: an ordinary user without permission for the socket gets the next step" {
  rsyslogd_start
  chmod 000 /dev/log
  via=(unshare --user --map-user=1000 --map-group=1000)
  monitor -d
  ended 0
  equal 'the first line' "$(rsyslogd_raw | head -n 1)" "$udp_line"
  equal 'the trace' "$(log_trace)" "/dev/log: Permission denied
localhost: INFO $healthy"
}

# --- receivers that block ------------------------------------------------------------

@test "delivery: with rsyslogd stopped and its queue full the next step gets the line within a second" {
  rsyslogd_start -p none
  lab_freeze rsyslogd
  fill /dev/log
  monitor
  ended 0
  fallen "INFO $healthy" 2
  run_took 150 900
  lab_thaw rsyslogd
  taken_nothing # the line went to stderr only
}

@test "delivery: several lines for a full queue wait only once" {
  rsyslogd_start -p none
  lab_freeze rsyslogd
  fill /dev/log
  config '[monitoring]' 'a = 1' 'b = 1' 'c = 1' 'd = 1'
  monitor -C "$T/conf"
  ended 3
  equal 'the lines' "$(wc -l <"$T/err")" 5
  run_took 150 900
}

@test "delivery: with a full socket that nobody reads UDP gets the line" {
  rsyslogd_start -s none
  peer deaf-datagram "$T/socket"
  fill "$T/socket"
  monitor -l "$T/socket"
  ended_silent 0
  taken "$udp_line"
  run_took 150 900
}

@test "delivery: a stream socket that accepts nobody is skipped" {
  rsyslogd_start -p none
  peer deaf-stream "$T/socket"
  monitor -l "$T/socket"
  ended_silent 0
  taken "$local_line"
  run_took 0 900
}

@test "delivery: with journald stopped and both its sockets full stderr gets the line within a second" {
  lab_journald_start
  lab_freeze journald
  fill /run/systemd/journal/socket
  fill /dev/log
  monitor -l journal
  ended 0
  fallen "INFO $healthy" 3
  run_took 300 900
}

@test "delivery: a queue that is full only briefly is waited for" {
  plain_build_only 'the time that a run takes'
  # Empties the queue once the run sleeps, which it does only to wait for the queue.
  perl -MSocket -e '
    my ($path, @run) = @ARGV;
    socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
    bind($s, sockaddr_un($path)) or die;
    socket(my $c, PF_UNIX, SOCK_DGRAM, 0) or die;
    connect($c, sockaddr_un($path)) or die;
    1 while defined send($c, "filler", MSG_DONTWAIT);
    my $child = fork();
    if (!$child) { exec(@run) or die; }
    for (my $asleep = 0; $asleep < 5;) {
      open(my $stat, "<", "/proc/$child/stat") or die;
      my $ended = (my $state = (split(" ", <$stat>))[2]) eq "Z";
      last if $ended;
      $asleep = $state eq "S" ? $asleep + 1 : 0;
    }
    while (defined recv($s, my $bytes, 65536, MSG_DONTWAIT)) { print "$bytes\n" if $bytes ne "filler"; }
    waitpid($child, 0);
    my $status = $? >> 8;
    while (defined recv($s, my $bytes, 65536, MSG_DONTWAIT)) { print "$bytes\n" if $bytes ne "filler"; }
    exit $status;' "$T/socket" "$PROG" "${source[@]}" -l "$T/socket" >"$T/out" 2>"$T/err"
  [[ $(<"$T/out") == "<30>"*": INFO $healthy" ]]
  [ ! -s "$T/err" ]
}

# --- receivers that come and go -------------------------------------------------------

# hold [ARGUMENT...]: starts a run that has logged its verdict and waits for a reader of its report; `let_go` breaks
# that pipe, and the run then logs one more line.
hold() {
  mkfifo "$T/fifo"
  exec {both}<>"$T/fifo"
  exec {held}>"$T/fifo"
  dd if=/dev/zero of="$T/fifo" oflag=nonblock bs=4096 2>/dev/null || true
  at=">&$held {both}>&- {held}>&-"
  start -o text "$@"
}

let_go() {
  exec {both}>&- {held}>&-
  finish
}

broken='ERROR *stdout*: Broken pipe' # a pattern

@test "delivery: rsyslogd restarted between two lines gets both" {
  rsyslogd_start -p none
  hold
  lab_line "$LAB_DIR/rsyslog.raw" 'NTP healthy'
  lab_kill rsyslogd
  rm /dev/log
  rsyslogd_start -p none
  let_go
  ended_silent 3
  [[ $(rsyslogd_raw) == "<27>TIME ntp_monitor[PID]: "$broken ]] || fail "$(rsyslogd_raw)"
}

@test "delivery: journald restarted between two lines gets both" {
  lab_journald_start
  hold -l journal
  lab_until 5 journal_marked "INFO $healthy"
  lab_kill journald
  rm /run/systemd/journal/socket
  lab_journald_start
  let_go
  ended_silent 3
  [[ $(journal | jq -r .MESSAGE) == "INFO $healthy"$'\n'$broken ]] || fail "$(journal | jq -r .MESSAGE)"
}

@test "delivery: when rsyslogd stops between two lines the next step gets the second" {
  lab_busybox_syslogd_start
  rsyslogd_start -p none -s "$T/socket"
  hold -l "$T/socket"
  lab_line "$LAB_DIR/rsyslog.raw" 'NTP healthy'
  lab_kill rsyslogd
  let_go
  ended_silent 3
  [[ $(busybox_log) == "TIME $(uname -n) daemon.err ntp_monitor[PID]: "$broken ]] || fail "$(busybox_log)"
}

@test "delivery: when a UDP receiver stops between two lines the next step gets the second" {
  lab_busybox_syslogd_start
  rsyslogd_start -s none
  hold -l 127.0.0.1
  lab_line "$LAB_DIR/rsyslog.raw" 'NTP healthy'
  lab_kill rsyslogd
  let_go
  ended_silent 3
  [[ $(busybox_log) == "TIME $(uname -n) daemon.err ntp_monitor[PID]: "$broken ]] || fail "$(busybox_log)"
}

# --- names and routes --------------------------------------------------------------

@test "delivery: a host name is looked up, and its addresses are tried in turn" {
  printf '%s\n' '127.0.0.1 loghost.example.org' '127.0.0.9 loghost.example.org' >>/etc/hosts
  rsyslogd_start -s none
  monitor -l loghost.example.org
  ended_silent 0
  taken "$udp_line"
  lab_kill rsyslogd
  peer udp 127.0.0.9 5514
  monitor -l loghost.example.org:5514
  ended_silent 0
  lab_until 5 grep -qs "INFO $healthy\$" "$T/peer"
}

@test "delivery: when a name does not resolve the next step gets the line, and the trace the reason" {
  rsyslogd_start -p none
  monitor -l no-such-host.invalid -d
  ended 0
  equal 'the first line' "$(rsyslogd_raw | head -n 1)" "$local_line"
  [[ $(log_trace) == 'no-such-host.invalid: '*' no-such-host.invalid: '?*"
/dev/log: INFO $healthy" ]]
  printf '%s\n' 'hosts: files' >"$T/nsswitch.conf"
  via=(unshare -m sh -c 'mount --bind "$1" /etc/nsswitch.conf && shift && exec "$@"' sh "$T/nsswitch.conf")
  monitor -l no-such-host.invalid
  ended_silent 0
}

@test "delivery: a silent name server costs half of the time, and the chain goes on" {
  printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:5 attempts:2' >/etc/resolv.conf
  peer deaf-udp 127.0.0.1 53
  monitor -t 2 -l loghost.example.org -d
  ended 0
  run_took 900 1900
  [[ $(log_trace) == 'loghost.example.org: '*' loghost.example.org: '*DNS*"
/dev/log: No such file or directory
localhost: UDP port 514: Connection refused
stderr: INFO $healthy ("*' loghost.example.org: '*DNS*'; /dev/log: No such file or directory;'\
' localhost: UDP port 514: Connection refused)' ]] || fail "$(log_trace)"
  rsyslogd_start -p none
  monitor -t 1 -l loghost.example.org -w 1us
  ended_silent 1
  run_took 400 1400
  [[ $(rsyslogd_raw) == '<28>TIME ntp_monitor[PID]: WARNING NTP jitter above threshold: '* ]]
}

@test "delivery: a measurement that uses all its time leaves enough for the whole chain" {
  plain_build_only 'its time is measured'
  printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:5 attempts:2' >/etc/resolv.conf
  peer deaf-udp 127.0.0.1 53
  rsyslogd_start -p none
  lab_freeze rsyslogd
  fill /dev/log
  mkfifo "$T/fifo"
  exec {both}<>"$T/fifo"
  source=(-s "text:$T/fifo")
  monitor -t 2 -l loghost.example.org -d
  exec {both}>&-
  ended 3
  grep -qE "^ntp_monitor: WARNING .* $T/fifo: .*\(.*; .*\)$" "$T/err"
  run_took 1400 2300
  between 'the measurement, in ms beyond a second,' \
    "$(sed -nE 's/.* step: measuring [a-z]+ 1\.([0-9]{3}).*s$/\1/p' "$T/err")" 400 900
}

@test "delivery: without a network or a route the next step gets the line" {
  rsyslogd_start -p none
  local error
  for error in '192.0.2.1|Network is unreachable|true' 'localhost|Network is unreachable|true' \
    '[2001:db8::1]|Network is unreachable|true' \
    '192.0.2.1|Invalid argument|busybox ip route add blackhole 192.0.2.1/32' \
    '192.0.2.1|Permission denied|busybox ip route add prohibit 192.0.2.1/32' \
    '192.0.2.1|No route to host|busybox ip route add unreachable 192.0.2.1/32'; do
    : >"$LAB_DIR/rsyslog.raw"
    via=(unshare --net sh -c "${error##*|} && exec \"\$@\"" sh)
    monitor -l "${error%%|*}" -d
    ended 0
    error=${error#*|}
    [[ $(log_trace) =~ ^[^\ ]*": UDP port 514: "("${error%%|*}"|"Cannot assign requested address") ]] ||
      fail "$(log_trace)"
    equal 'the first line' "$(rsyslogd_raw | head -n 1)" "$local_line"
  done
}

@test "delivery: a receiver on the loopback costs only milliseconds" {
  local logged_ms
  rsyslogd_start -s none
  monitor -l localhost -d
  logged_ms=$(sed -nE 's/.* step: logging [a-z]+ ([0-9]+)(\.[0-9]+)?ms$/\1/p' "$T/err")
  between 'the time that logging took' "$logged_ms" 1 60
}

@test "delivery: without 127.0.0.1 localhost is ::1" {
  rsyslogd_start -s none
  busybox ip addr del 127.0.0.1/8 dev lo
  monitor -l localhost
  busybox ip addr add 127.0.0.1/8 dev lo
  ended_silent 0
  taken "$udp_line"
}

@test "delivery: another machine's refusal is waited for, 100 ms at most" {
  busybox ip addr add 192.0.2.77/32 dev lo
  peer udp 192.0.2.77 514
  monitor -l 192.0.2.77
  ended_silent 0
  run_took 90 900
  lab_until 5 grep -qs "INFO $healthy\$" "$T/peer"
  lab_kill peer
  rsyslogd_start -p none
  monitor -l 192.0.2.77
  busybox ip addr del 192.0.2.77/32 dev lo
  ended_silent 0
  taken "$local_line"
}

# --- length ---------------------------------------------------------------------------

@test "delivery: an overlong line is cut between characters; journald and RFC 5424 get it whole" {
  local pad long line whole
  printf -v long '%081d' 0
  long=${long//0/가} # 243 bytes
  rsyslogd_start -p none
  for pad in '' a ab; do
    : >"$LAB_DIR/rsyslog.raw"
    source=(-s "text:/$pad$long/$long/$long/$long/$long")
    monitor -o json
    ended 3
    rsyslogd_settle
    line=$(grep -a NTP "$LAB_DIR/rsyslog.raw")
    iconv -f UTF-8 -t UTF-8 <<<"$line" >/dev/null
    equal 'the end' "${line: -3}" ...
    between 'the length' "$(LC_ALL=C && echo ${#line})" 1021 1024
    whole=$(jq -r .message "$T/out")
    line=${line%...}
    equal 'the beginning' "${line#*: WARNING }" "${whole:0:$((${#line} - $(wc -m <<<"${line%%: WARNING *}: WARNING ") + 1))}"
  done
  lab_kill rsyslogd
  rm /dev/log
  rsyslogd_start -s none
  monitor -l localhost -o json
  whole=$(jq -r .message "$T/out")
  [[ $(rsyslogd_raw) == *"] "$'\xef\xbb\xbf'"WARNING $whole" ]]
  lab_journald_start
  monitor -l journal -o json
  equal 'the entry' "$(journal | jq -r .MESSAGE)" "WARNING $(jq -r .message "$T/out")"
}

# --- descriptors -------------------------------------------------------------------------

@test "delivery: with descriptors 0 to 2 closed in every combination the line arrives" {
  local way
  rsyslogd_start
  for way in '' '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    : >"$LAB_DIR/rsyslog.raw"
    at=$way
    monitor
    ended_silent 0
    taken "$local_line"
    : >"$LAB_DIR/rsyslog.raw"
    monitor -l localhost -w 1us
    ended_silent 1
    [[ $(rsyslogd_raw) == '<28>1 TIME '*'] WARNING NTP jitter above threshold: '* ]]
  done
}

@test "delivery: no socket, file or pipe of a run is descriptor 0, 1 or 2" {
  plain_build_only strace
  local way calls
  echo '127.0.0.1 loghost.example.org' >>/etc/hosts
  config '[monitoring]'
  for way in '' '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    via=(strace -f -o "$T/trace" -e 'trace=execve,socket,pipe2,openat,open,dup,dup2,dup3'
      sh -c "exec \"\$@\" $way" sh)
    monitor -C "$T/conf" -l loghost.example.org
    case $way in
      *'2>&-'*) [ "$status" = 3 ] ;;
      *) [ "$status" = 0 ] ;;
    esac
    # The descriptors that calls returned, from the program's own start on.
    calls=$(sed -n '/execve.*ntp_monitor"/,$p' "$T/trace" | sed -n '/ntp_monitor.conf\|\/conf"/,$p')
    [[ $calls == *'socket('*' = '[3-9]* ]] && [[ $calls == *'pipe2(['[3-9]* ]]
    equal "low descriptors with $way" "$(grep -E '(socket|openat?|dup[23]?)\(.* = [012]( |$)|pipe2\(\[([012],|[0-9]+, [012]\])' <<<"$calls")" ''
  done
}

# --- calls that fail -----------------------------------------------------------------------

@test "delivery: after one failed send the line still arrives, once" {
  plain_build_only strace
  local fault
  rsyslogd_start
  for fault in EINTR EAGAIN; do # these pass by themselves: same step
    : >"$LAB_DIR/rsyslog.raw"
    via=(strace -D -o "$T/trace" -e trace=sendto -e "inject=sendto:error=$fault:when=1")
    monitor
    ended_silent 0
    lab_until 5 grep -q 'exited with' "$T/trace"
    grep -q "$fault.*INJECTED" "$T/trace"
    taken "$local_line"
  done
  for fault in ENOBUFS EMSGSIZE ECONNREFUSED EPERM; do # these do not: next step
    : >"$LAB_DIR/rsyslog.raw"
    via=(strace -D -o "$T/trace" -e trace=sendto -e "inject=sendto:error=$fault:when=1")
    monitor
    ended_silent 0
    lab_until 5 grep -q 'exited with' "$T/trace"
    grep -q "$fault.*INJECTED" "$T/trace"
    taken "$udp_line"
  done
}

@test "delivery: without sockets, connections or a child for the lookup the line still arrives" {
  plain_build_only strace
  local fault
  echo '127.0.0.1 loghost.example.org' >>/etc/hosts
  rsyslogd_start
  for fault in socket:error=EMFILE connect:error=EACCES sendto:error=EIO; do
    via=(strace -D -f -o "$T/trace" -e "inject=$fault")
    monitor
    ended 0
    fallen "INFO $healthy" 2
    monitor -l loghost.example.org
    ended 0
    fallen "INFO $healthy" 3
  done
  taken_nothing
  via=(strace -D -f -o "$T/trace" -e 'inject=clone,clone3,fork,vfork:error=EAGAIN')
  monitor -l loghost.example.org
  ended_silent 0
  taken "$local_line"
  : >"$LAB_DIR/rsyslog.raw"
  via=(strace -D -f -o "$T/trace" -e inject=pipe2:error=EMFILE)
  monitor -l loghost.example.org
  ended_silent 0
  taken "$local_line"
  via=(strace -D -f -o "$T/trace" -e inject=socket:error=EMFILE -e inject=write:error=EIO)
  monitor -w 1us
  ended_silent 3
}

# --- hostile text ------------------------------------------------------------------------------

# What a server name must become: each byte that is not valid UTF-8, or acts on a log or a terminal, is escaped.
hostile=$'a\x1b[31mb\x07\x7f%n%s%d|"]\\\xff\xc2\x85\xe2\x80\xae\xe2\x80\xa8\xed\xa0\x80\xc0\xafend 시'
harmless='a\x1b[31mb\x07\x7f%n%s%d|"]\\xff\xc2\x85\xe2\x80\xae\xe2\x80\xa8\xed\xa0\x80\xc0\xafend 시'

# All receivers in turn; $1 is the server name each must show, ${source[@]} where it comes from.
hostile_everywhere() {
  local shown=$1 name=${source[1]%%:*} offset='' message data bom=$'\xef\xbb\xbf'
  [ "$name" = text ] || offset=', offset at the last reply: +23us'
  message="INFO NTP healthy, jitter: 1.207ms (threshold: 2s)$offset, server: $shown, source: $name"
  rsyslogd_start
  monitor
  ended_silent 0
  taken "<30>TIME ntp_monitor[PID]: $message"
  : >"$LAB_DIR/rsyslog.raw"
  monitor -l localhost
  ended_silent 0
  [[ $message == *[![:ascii:]]* ]] || bom=
  data=${shown//\\/\\\\} data=${data//\"/\\\"} data=${data//]/\\]}
  data=$(rsyslogd_raw | sed -n "s/.* source=\"$name\" server=\"\\(.*\\)\"\\]\\[timeQuality .*/\\1/p" | grep -cxF "$data")
  equal 'lines whose structured data has the name' "$data" 1
  equal 'lines' "$(rsyslogd_raw | wc -l)" 1
  [[ $(rsyslogd_raw) == *"] $bom$message" ]] || fail "$(rsyslogd_raw)"
  : >"$LAB_DIR/rsyslog.raw"
  config '[logging]' 'syslog_format = rfc3164'
  monitor -C "$T/conf" -l localhost
  ended_silent 0
  taken "<30>TIME $(uname -n) ntp_monitor[PID]: $message"
  LC_ALL=C grep -qa $'[\x01-\x09\x0b-\x1f\x7f]' "$LAB_DIR/rsyslog.raw" && fail 'a control byte in rsyslogd'
  lab_kill rsyslogd
  lab_busybox_syslogd_start
  monitor
  ended_silent 0
  equal 'what busybox stored' "$(busybox_log)" "TIME $(uname -n) daemon.info ntp_monitor[PID]: $message"
  lab_kill busybox
  lab_journald_start
  monitor -l journal
  ended_silent 0
  monitor
  ended_silent 0
  equal 'what journald stored' "$(journal | jq -c '[._TRANSPORT, .MESSAGE, .NTP_SERVER]')" \
    "$(jq -nc --arg m "$message" --arg s "$shown" '["journal", $m, $s], ["syslog", $m, null]')"
  monitor -l stderr
  ended 0
  said "$message"
}

@test "delivery: a hostile server name is one harmless line in every receiver" {
  reading server="$hostile"
  hostile_everywhere "$harmless"
}

@test "delivery: a server name with a newline stays on one line in every receiver" {
  local forged=$'x\n<0>Jan  1 00:00:00 kernel: forged\nPRIORITY=0\r\ty'
  fake_service packets=10 jitter_us=1207 offset=23us "name=$forged"
  hostile_everywhere 'x\x0a<0>Jan  1 00:00:00 kernel: forged\x0aPRIORITY=0\x0d\x09y'
}

@test "delivery: a hostile host name is harmless in every receiver" {
  rsyslogd_start -s none
  via=(unshare --uts sh -c 'busybox hostname "$0" && exec "$@"' $'a b\e[31m\xff]c')
  monitor -l localhost
  ended_silent 0
  equal 'what rsyslogd stored' "$(rsyslogd_raw | sed -E 's/^(<30>1 TIME )[!-~]+( ntp_monitor PID )/\1HOST\2/')" \
    "${udp_line/ $(uname -n) / HOST }"
  : >"$LAB_DIR/rsyslog.raw"
  config '[logging]' 'syslog_format = rfc3164'
  monitor -C "$T/conf" -l localhost
  ended_silent 0
  equal 'what rsyslogd stored' "$(rsyslogd_raw | sed -E 's/^(<30>TIME )[!-~]+( ntp_monitor\[PID)/\1HOST\2/')" \
    "<30>TIME HOST ntp_monitor[PID]: INFO $healthy"
}

@test "delivery: hostile text in files and messages is harmless" {
  rsyslogd_start -p none
  source=(-s text:/$'no\nsuch\x1bfile%n')
  monitor
  ended_silent 3
  [[ $(rsyslogd_raw) == '<28>TIME ntp_monitor[PID]: WARNING '*' /no\x0asuch\x1bfile%n: No such file or directory' ]]
  : >"$LAB_DIR/rsyslog.raw"
  source=(-s "text:$T/reading")
  config '[monitoring]' $'jitter_threshold = 2\x1b[2J\xe2\x80\xae%s'
  monitor -C "$T/conf"
  ended_silent 3
  [[ $(rsyslogd_raw) == "<27>TIME ntp_monitor[PID]: ERROR $T/conf:2: jitter_threshold: '2\\x1b[2J\\xe2\\x80\\xae%s' "* ]]
  : >"$LAB_DIR/rsyslog.raw"
  reading jitter=$'soon\x1b\x7f'
  monitor
  ended_silent 3
  [[ $(rsyslogd_raw) == *": Jitter='soon\\x1b\\x7f' "* ]]
}
