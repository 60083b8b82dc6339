# timesyncd.bats: the source timesyncd and the verdict, against a real systemd-timesyncd on a real bus, which follows
# NTP servers with programmed answers: the figures are the daemon's own.
#
# Each test has its own bus and daemon; both start in a tenth of a second.

# shellcheck disable=SC2016,SC2034,SC2154 # other shells' $; time.bash's AS, and what it sets

setup() {
  load time
}

teardown() {
  lab_logs_on_failure
  lab_stop_all
  rm -f "$LAB_DIR"/log/*
}

# --- healthy, jitter ----------------------------------------------------------

@test "healthy: status 0 and one line, as root and as a user" {
  service '*=+5ms'
  lab_replies 9
  for AS in '' lab_as_user; do
    check
    verdict 0 ok '^NTP healthy, jitter: (0|[0-9.]+(us|ms)) \(threshold: 2s\), offset at the last reply: [+-]?[0-9.]+(us|ms)?, server: 127\.0\.0\.[0-9]+, source: timesyncd$'
    jq -e '.source == "timesyncd" and (.servers | length == 1) and
           .limits == {"jitter_s": {"warning": 2, "critical": null}, "offset_s": {"warning": 1, "critical": 60},
             "root_distance_s": {"warning": 5, "critical": null}, "stratum": {"warning": 9, "critical": null}}' "$OUT"
    server_is '[.source, .verdict, .reason]' '["timesyncd","ok","ok"]'
  done
}

@test "jitter: one reply 6 s off raises the daemon's own figure above 2 s" {
  service '*=+50ms' '127.0.9.9=+6s,delay=30ms'
  lab_replies 9
  check
  verdict 0 ok
  lab_replies 10 127.0.9.9
  for AS in '' lab_as_user; do
    check
    verdict 1 offset "^NTP offset at the last reply above threshold: \+[56][.0-9]*s \(threshold: 1s\), jitter: 2\.2[45][0-9]*s\
 \(threshold: 2s\), server: 127\.0\.9\.9, source: timesyncd$"
    jq -e '.reasons == ["offset", "jitter"]' "$OUT"
    check --limit offset=off
    verdict 1 jitter '^NTP jitter above threshold: 2\.2[45][0-9]*s \(threshold: 2s\), offset at the last reply: \+[56][.0-9]*s, server'
    # One of eight samples is 5.95 s off the rest: sqrt(5.95^2 / 7).
    server_is '.jitter_s - 2.24889 | fabs < 0.001' true
    server_is '[.verdict, .reason]' '["warning","jitter"]'
  done
}

@test "jitter: only strictly above a limit, to the nanosecond" {
  service '*=+50ms' '127.0.9.9=+150ms,delay=5ms'
  lab_replies 9
  lab_replies 10 127.0.9.9
  check
  us=$(server '.jitter_s * 1e6 | round')
  [ "$us" -gt 30000 ]
  for AS in '' lab_as_user; do
    check -w "${us}us"
    verdict 0 ok
    check -w "$((us * 1000 - 1))ns"
    verdict 1 jitter "\(threshold: [0-9.]*ms\)"
    check -w 1ms -c "${us}us"
    verdict 1 jitter
    check -w 1ms -c "$((us * 1000 - 1))ns"
    verdict 2 jitter '^NTP jitter above critical threshold: ' '\(critical threshold: [0-9.]+ms\)'
    server_is '[.verdict, .reason]' '["critical","jitter"]'
    jq -e '.limits.jitter_s.warning == 0.001' "$OUT"
  done
}

@test "jitter: an outlier that the daemon ignored is reported as one" {
  service '*=+0s' '127.0.9.9=+20ms,delay=100ms'
  lab_replies 9
  lab_replies 10 127.0.9.9
  [ "$(property NTPMessage | jq '.[12]')" = true ]
  check
  verdict 0 ok
  server_is .spike true
  run_program -o text -l none
  grep -Eq '^  replies +10 .*outlier' "$OUT" || fail 'no word of the outlier'
}

# --- every field ---------------------------------------------------------------

# The report agrees with busctl on the same daemon.
fields_agree() {
  local before_us after_us wanted got
  before_us=$(($(date +%s%N) / 1000))
  check
  after_us=$(($(date +%s%N) / 1000))
  verdict 0 ok || return
  wanted=$(jq -n --argjson poll "$(property PollIntervalUSec)" --argjson name "$(property ServerName)" \
    --argjson message "$(property NTPMessage)" '
    $message as [$leap, $version, $mode, $stratum, $precision, $delay, $dispersion, $reference,
                 $t1, $t2, $t3, $t4, $spike, $count, $jitter] |
    {$name, poll: ($poll * 1000), $stratum, leap: ["none", "insert", "delete"][$leap],
     replies: $count, $spike, jitter: ($jitter * 1000),
     offset: (($t2 - $t1 + $t3 - $t4) * 500), delay: ((($t4 - $t1) - ($t3 - $t2)) * 1000),
     distance: ($delay * 500 + $dispersion * 1000)}')
  got=$(server 'def ns: . * 1e9 | round;
    {name: .server, poll: (.poll_interval_s | ns), stratum, leap, replies, spike,
     jitter: (.jitter_s | ns), offset: (.offset_s | ns), delay: (.delay_s | ns),
     distance: (.root_distance_s | ns)}' | jq .)
  [ "$got" = "$wanted" ] || fail "the report has $got; busctl says $wanted" || return
  server_is "(.age_s * 1e6 | round) as \$age | $(property NTPMessage | jq '.[11]') as \$t4 |
    $before_us - \$t4 <= \$age and \$age <= $after_us - \$t4" true
}

# show KEY: prints its value from timedatectl show-timesync, also from inside NTPMessage.
show() {
  timedatectl show-timesync | tr '{,}' '\n' | sed -n "s/^ *$1=\(.*[^ ]\) *$/\1/p"
}

# status_us LABEL: prints its span from timedatectl timesync-status, in microseconds, without the sign.
status_us() {
  span_us "$(timedatectl timesync-status | sed -n "s/^ *$1: [-+]\{0,1\}\([^(]*\).*/\1/p")"
}

timedatectl_agrees() {
  local us='def us: . * 1e9 | round | fabs / 1000 | floor;'
  server_is '.server' "\"$(show ServerName)\"" || return
  server_is '.address' "\"$(show ServerAddress)\"" || return
  server_is "[.stratum, .replies]" "[$(show Stratum),$(show PacketCount)]" || return
  server_is '{none: 0, insert: 1, delete: 2}[.leap]' "$(show Leap)" || return
  server_is 'if .spike then "yes" else "no" end' "\"$(show Ignored)\"" || return
  server_is "$us .poll_interval_s | us" "$(span_us "$(show PollIntervalUSec)")" || return
  server_is "$us .jitter_s | us" "$(span_us "$(show Jitter)")" || return
  server_is "$us .jitter_s | us" "$(status_us Jitter)" || return
  server_is "$us .offset_s | us" "$(status_us Offset)" || return
  server_is "$us .delay_s | us" "$(status_us Delay)" || return
  server_is "$us .root_distance_s | us" "$(status_us 'Root distance')" || return
}

@test "every field matches busctl and timedatectl, for a named IPv4 server" {
  echo 127.0.9.9 ntp.example.org >>/etc/hosts
  service '*=+5ms' \
    '127.0.9.9=+31ms,delay=3ms,stratum=3,leap=1,root_delay=125ms,root_dispersion=250ms'
  lab_replies 8
  lab_replies 9 ntp.example.org
  for AS in '' lab_as_user; do
    fields_agree
    timedatectl_agrees
  done
  server_is '[.server, .address, .stratum, .leap, .replies, .root_distance_s, .spike]' \
    '["ntp.example.org","127.0.9.9",3,"insert",9,0.3125,false]'
  server_is '.offset_s - 0.031 | fabs < 0.005' true
  server_is '.delay_s - 0.003 | fabs < 0.005' true
}

@test "every field matches busctl and timedatectl, for an IPv6 server" {
  service '*=+5ms' '::1=-17ms,delay=2ms,stratum=9,leap=2,root_delay=31250us'
  lab_replies 4
  lab_replies 5 ::1
  fields_agree
  timedatectl_agrees
  server_is '[.server, .address, .stratum, .leap, .root_distance_s]' '["::1","::1",9,"delete",0.015625]'
}

# --- the sign --------------------------------------------------------------------

@test "sign: a server ahead of us gives a positive offset, reported as the clock being behind" {
  service '*=+35ms'
  lab_replies 9
  check
  server_is '.offset_s > 0.034 and .offset_s < 0.045' true
  [ "$(timedatectl timesync-status | sed -n 's/^ *Offset: \(.\).*/\1/p')" = + ]
  run_program -o text -l none
  grep -Eq '^  offset +\+[34][0-9][.0-9]*ms .* behind, .* 1s, .* 1min$' "$OUT" || fail 'text has no such row'
}

@test "sign: a server behind us gives a negative offset, reported as the clock being ahead" {
  service '*=-35ms'
  lab_replies 9
  check
  server_is '.offset_s < -0.025 and .offset_s > -0.036' true
  [ "$(timedatectl timesync-status | sed -n 's/^ *Offset: \(.\).*/\1/p')" = - ]
  run_program -o text -l none
  grep -Eq '^  offset +-[23][0-9][.0-9]*ms .* ahead, .* 1s, .* 1min$' "$OUT" || fail 'text has no such row'
}

@test "text: the verdict, then one row per figure" {
  service '*=+5ms,stratum=2,root_dispersion=125ms,leap=1'
  lab_replies 3
  run_program -o text -l none -c 3s
  [ "$status" = 0 ] || fail 'not healthy'
  head -n 1 "$OUT" | grep -Eq '^OK  NTP healthy, jitter: ' || fail 'the verdict is not first'
  [ "$(sed -n '2p' "$OUT")" = '' ] || fail 'no empty line'
  [ "$(tail -n +3 "$OUT" | sed -E 's/^  (.{15}) .*/\1/; s/ +$//' | paste -sd,)" = \
    'server,jitter,offset,delay,root distance,error bound,last reply,replies,stratum,leap second,source' ] ||
    fail 'other rows'
  grep -Eq '^  server +127\.0\.0\.[0-9]+$' "$OUT" || fail 'server'
  grep -Eq '^  jitter .* 2s, .* 3s$' "$OUT" || fail 'jitter'
  grep -Eq '^  root distance +125ms .* 5s$' "$OUT" || fail 'root distance'
  grep -Eq '^  last reply +[0-9][0-9a-z.]* .* [0-9minsh. ]+$' "$OUT" || fail 'last reply'
  grep -Eq '^  leap second .*insert' "$OUT" || fail 'leap'
  harmless "$OUT"
}

# --- no reply, or too few -------------------------------------------------------------

nothing_measured() {
  server_is '[.jitter_s, .offset_s, .delay_s, .root_distance_s, .age_s, .stratum, .leap, .spike, .replies]' \
    '[null,null,null,null,null,null,null,null,0]'
}

@test "not synchronised: the servers do not answer" {
  service '*=drop=1'
  # What a careless client would take for times: the year 1900 as an unsigned number.
  property NTPMessage | jq -e '.[9] > 1e19 and .[13] == 0'
  for AS in '' lab_as_user; do
    check
    verdict 1 not-synchronised '127\.0\.0\.1, .*source: timesyncd; .* 123; .*journalctl -u systemd-timesyncd$'
    nothing_measured
    check -w 1ns -c 1ns
    verdict 1 not-synchronised
  done
}

@test "not synchronised: an unsynchronised server, a refusal, and an unknown name" {
  for answer in leap=3 root_dispersion=12s stratum=0,reference=RATE stratum=0,reference=DENY; do
    service "*=$answer"
    lab_line "$LAB_DIR/log/ntp" answered
    check
    verdict 1 not-synchronised '127\.0\.0\.1, .*journalctl' || row "$answer"
    nothing_measured
    lab_stop_all
    rm -f "$LAB_DIR"/log/*
  done
  service '*=drop=1'
  lab_stop timesyncd
  lab_timesyncd_start NTP=no.such.example FallbackNTP=
  check
  verdict 1 not-synchronised resolvectl
}

@test "not synchronised: networkd reports offline, or no server is configured" {
  mkdir -p /run/systemd/netif
  printf '%s\n' OPER_STATE=no-carrier CARRIER_STATE=no-carrier ADDRESS_STATE=off \
    ONLINE_STATE=offline >/run/systemd/netif/state
  service '*=+5ms'
  for AS in '' lab_as_user; do
    check
    verdict 1 not-synchronised 'systemd-timesyncd.*networkctl'
    nothing_measured
  done
  AS=
  timedatectl show-timesync >"$BATS_TEST_TMPDIR/text"
  check -s "text:$BATS_TEST_TMPDIR/text"
  verdict 1 not-synchronised networkctl
  rm /run/systemd/netif/state
  lab_stop timesyncd
  lab_timesyncd_start NTP= FallbackNTP=
  check
  verdict 1 not-synchronised '; .*NTP= .*timesyncd\.conf$'
  nothing_measured
}

@test "the next server has no address yet: the figures may be the last one's, and the report says so" {
  service '*=+5ms'
  lab_replies 3
  check
  verdict 0 ok 'source: timesyncd$'
  lab_ask no.such.example
  lab_until 5 named no.such.example
  check
  verdict 0 ok 'source: timesyncd; '
  server_is '[.address, .replies]' '[null,3]'
}

@test "after a sleep one reply is six days off, and so is the verdict" {
  service '*=+5ms' '127.0.9.9=+518400s,delay=3ms'
  lab_replies 7
  lab_replies 8 127.0.9.9
  config 'offset_critical = 1min'
  check -C "$CONF"
  verdict 2 offset '(5d 23h|6d)' 'jitter: 2d 6h'
  server_is '.jitter_s > 190000 and .offset_s > 518000' true
  lab_replies 9 127.0.9.8
  check -C "$CONF"
  verdict 1 jitter 'NTP jitter above threshold: 2d 6h'
}

@test "warming up: too few replies for a jitter are OK, and reported" {
  service '*=+5ms' '127.0.9.9=+150ms,delay=3ms'
  lab_replies 1
  for AS in '' lab_as_user; do
    check
    verdict 0 warming-up ' 1 of 2 '
    server_is '[.replies, .reason]' '[1,"warming-up"]'
  done
  lab_replies 3 127.0.9.9 127.0.9.8
  config 'min_replies = 4'
  check -C "$CONF" -w 1ms -c 1ms
  verdict 0 warming-up ' 3 of 4 '
  config 'min_replies = 3'
  check -C "$CONF" -w 1ms
  verdict 1 jitter
}

# --- no answer ------------------------------------------------------------------------

# activates COMMAND...: fails unless the command makes the bus start timesyncd.
activates() {
  rm -f "$trap_file"
  "$@" >/dev/null 2>&1 || true
  lab_until 5 test -s "$trap_file"
}

@test "stopped: reported without starting it, as systemd's own tools would" {
  trap_file=$LAB_DIR/tmp/activated
  lab_bus_start -a "$trap_file"
  activates property NTPMessage
  activates timedatectl show-timesync
  activates timedatectl timesync-status
  rm -f "$trap_file" /run/systemd/timesync/synchronized
  lab_stop ntp # which is not ntpd, but has its port
  for AS in '' lab_as_user; do
    check
    verdict 3 no-service 'timesyncd: .*; chrony, ntpd, ptp: '
    check -s timesyncd
    verdict 3 no-service 'systemctl start systemd-timesyncd$'
    run_program -d -l stderr
  done
  # The bus would have answered only once its activation had ended, so a trace would exist.
  [ ! -e "$trap_file" ] || fail 'the check started the service'
  activates property NTPMessage # the trap still works
}

@test "stopped: the report still says when it last synchronised" {
  service '*=+5ms'
  lab_replies 2
  lab_stop timesyncd
  [ -e /run/systemd/timesync/synchronized ]
  check -s timesyncd
  verdict 3 no-service ' \(.* (0|[0-9.]+m?s)\>.*\); .*systemctl start'
  touch -d '-3 hours -2 minutes' /run/systemd/timesync/synchronized
  for AS in '' lab_as_user; do
    check -s timesyncd
    verdict 3 no-service ' \(.* 3h 2min( [0-9]s)?\>.*\); .*systemctl start'
  done
}

@test "frozen: a daemon that does not answer is a timeout within the deadline" {
  service '*=+5ms'
  lab_replies 2
  lab_freeze timesyncd
  for AS in '' lab_as_user; do
    check -t 1
    in_time 2
    verdict 3 timeout ' [0-9.]+m?s.* systemctl status systemd-timesyncd'
  done
  lab_thaw timesyncd
  check
  verdict 0 ok
}

@test "frozen: one that wakes up in time still serves" {
  service '*=+5ms'
  lab_replies 2
  lab_freeze timesyncd
  once_asked lab_thaw timesyncd
  check
  in_time 8
  verdict 0 ok
}

@test "killed during the call: reported at once" {
  service '*=+5ms'
  lab_replies 2
  lab_freeze timesyncd
  once_asked lab_kill timesyncd
  check -s timesyncd
  in_time 6
  verdict 3 no-service 'systemctl status systemd-timesyncd$'
}

# --- the other limits --------------------------------------------------------------------

# older_than SECONDS: the last reply is older than this in a new check.
older_than() {
  check
  server_is ".age_s > $1" true 2>/dev/null
}

@test "stale: a daemon whose servers are gone still looks healthy, and is not" {
  service '*=+5ms'
  lab_replies 9
  check
  figures=$(server '[.jitter_s, .offset_s, .delay_s, .stratum, .leap, .replies]')
  lab_stop ntp
  lab_until 5 older_than 0.4
  server_is '[.jitter_s, .offset_s, .delay_s, .stratum, .leap, .replies]' "$figures"
  config 'stale_after = 300ms'
  for AS in '' lab_as_user; do
    check -C "$CONF"
    verdict 1 stale ' [0-9.]+m?s .* 300ms'
    server_is '[.verdict, .reason]' '["warning","stale"]'
  done
  config 'stale_after = 1h'
  check -C "$CONF"
  verdict 0 ok
}

@test "stale: a clock a day away from the last reply" {
  plain_build_only faketime
  command -v faketime >/dev/null
  service '*=+5ms'
  lab_replies 9
  export FAKETIME_DONT_FAKE_MONOTONIC=1
  AS=a_day_later
  check
  verdict 1 stale ' 1d( [0-9]+s)? .* [0-9]+min'
  AS=a_day_earlier
  check
  verdict 1 stale ' (1d|23h [0-9]+min) .*future'
  server_is '.age_s < -86000' true
}

a_day_later() {
  faketime -f +1d "$@"
}

a_day_earlier() {
  faketime -f -1d "$@"
}

@test "offset: a clock that is never corrected is CRITICAL by default, from the second reply on" {
  for sign in + -; do
    service "*=${sign}1080s"
    lab_replies 1
    check
    verdict 0 warming-up ", offset at the last reply: [$sign]18min \\([^0-9]+\\), server" # not judged
    lab_replies 2
    check
    verdict 2 offset "^NTP offset at the last reply above critical threshold: [$sign]18min \(critical threshold: 1min\)"
    check --limit offset=off
    verdict 1 jitter ", offset at the last reply: [$sign]18min, server" # the first offset raised it
    check --limit offset=off --limit jitter=off
    verdict 0 ok ", offset at the last reply: [$sign]18min, server"
  done
}

@test "offset: its limits apply to both signs" {
  for sign in + -; do
    service "*=${sign}300ms"
    lab_replies 9
    check
    verdict 0 ok
    config 'offset_threshold = 200ms'
    check -C "$CONF"
    verdict 1 offset "^NTP offset at the last reply above threshold: [$sign](29|30)[0-9.]+ms \(threshold: 200ms\)"
    config 'offset_threshold = 200ms' 'offset_critical = 0.25'
    check -C "$CONF"
    verdict 2 offset '^NTP offset at the last reply above critical threshold: '
    jq -e '.limits.offset_s == {"warning": 0.2, "critical": 0.25}' "$OUT"
    config 'offset_threshold = 400ms'
    check -C "$CONF"
    verdict 0 ok ', offset at the last reply: .*ms \(threshold: 400ms\)'
  done
}

@test "root distance: only strictly above its limits" {
  service '*=root_delay=125ms,root_dispersion=250ms'
  lab_replies 9
  for row in '312500us 0 ok' '312499us 1 root-distance' '312499999ns 1 root-distance'; do
    # shellcheck disable=SC2086 # a row is three words
    set -- $row
    config "root_distance_threshold = $1"
    check -C "$CONF"
    verdict "$2" "$3" 'root distance.*312\.5ms'
  done
  config 'root_distance_threshold = 1ms' 'root_distance_critical = 312.4ms'
  check -C "$CONF"
  verdict 2 root-distance '^NTP root distance above critical threshold: 312\.5ms'
}

@test "of several exceeded limits the worst decides" {
  service '*=+300ms,root_dispersion=250ms' '127.0.9.9=+6s,delay=30ms,root_dispersion=250ms'
  lab_replies 9
  lab_replies 10 127.0.9.9
  config 'offset_critical = 1s' 'root_distance_threshold = 1ms'
  check -C "$CONF"
  verdict 2 offset ', jitter: 2\.[0-9]+s \(threshold: 2s\), root distance: 250ms'
  config 'root_distance_threshold = 1ms' 'offset_threshold = off'
  check -C "$CONF"
  verdict 1 root-distance ', jitter: 2\.[0-9]+s \(threshold: 2s\)'
  jq -e '.reasons == ["root-distance", "jitter"]' "$OUT"
}

# --- the server's name ------------------------------------------------------------------

@test "a hostile server name that the daemon accepts is shown escaped" {
  # A right-to-left override and a C1 control; the daemon accepts no C0 controls.
  name=$'ntp\u202egro\u009b31m.example'
  echo "127.0.9.9 $name" >>/etc/hosts
  service '*=+5ms'
  lab_replies 2
  lab_ask "$name"
  lab_until 5 named "$name"
  for AS in '' lab_as_user; do
    check
    verdict 0 ok 'ntp\\xe2\\x80\\xaegro\\xc2\\x9b31m\.example'
    harmless "$OUT" "$ERR"
    run_program -o text -d -l none
    harmless "$OUT" "$ERR"
  done
}

named() {
  [ "$(property ServerName | jq -r .)" = "$1" ]
}
