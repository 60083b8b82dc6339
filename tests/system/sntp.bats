#!/usr/bin/env bats
# sntp.bats: the source sntp against NTP servers: real ones (chronyd, ntpd, on this host and another), and one that
# follows a rule for each address, so that its clock is known.
#
# The daemons start once, in setup_file. Most tests sample four times within a second; the defaults, and a server that
# does not answer, take several.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # time.bash's AS, status and took_ms, bats' names

setup_file() {
  # shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_ntp_start '10.9.0.1=+0s' '*=+5ms'
  lab_sntp_network
  lab_sntp_v6
  lab_sntp_chronyd_start 127.0.0.21
  lab_sntp_ntpd_start 'server 10.9.0.1 iburst minpoll 3 maxpoll 3'
  printf '127.0.0.%d four.example\n' 51 52 53 54 >>/etc/hosts
  printf '%s\n' '127.0.0.41 both.example' 'fd0a::41 both.example' '127.0.0.41 twin.example' >>/etc/hosts
  ip route add prohibit 10.66.0.0/16
  by_default 3>&- &
}

# Starts the six-second run for the test of the defaults, in parallel with the other tests.
by_default() {
  local begun_ms status=0
  begun_ms=$(lab_uptime_ms)
  cd "$BATS_FILE_TMPDIR" || return
  "$PROG" -s sntp:127.0.6.1,127.0.6.2,127.0.6.3,fd0a::2 -d -o json -l none >default.json 2>default.log || status=$?
  echo "$status $(($(lab_uptime_ms) - begun_ms))" >default.status
}

teardown_file() {
  # shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  lab_stop_all
}

setup() {
  load time
  CONF=$BATS_TEST_TMPDIR/conf
  printf '%s\n' '[sntp]' 'interval = 250ms' >"$CONF"
}

teardown() {
  lab_logs_on_failure
  for many in "$LAB_DIR"/pids/sntp_many_*; do
    [ ! -e "$many" ] || lab_stop "${many##*/}"
  done
  rules
}

# rules [RULE...]: sets ntp_server's rules, without changing the server that ntpd follows.
rules() {
  lab_ntp_set '10.9.0.1=+0s' '*=+5ms' "$@"
}

# ask SERVERS [ARGUMENT...]: one run that samples these servers four times within a second.
ask() {
  local servers=$1
  shift
  before=$(wc -l <"$LAB_DIR/log/ntp")
  check -C "$CONF" -s "sntp:$servers" "$@"
}

# one_will_do: accepts that most servers do not answer, which is not the subject of the test.
one_will_do() {
  printf 'min_truechimers = 1\n' >>"$CONF"
}

# of SERVER FILTER VALUE: the report has this JSON value for the server.
of() {
  jq -e --arg server "$1" --argjson wanted "$3" \
    "(.servers[] | select(.server == \$server) | $2) == \$wanted" "$OUT" >/dev/null ||
    fail "$2 of $1 is $(jq -c --arg server "$1" ".servers[] | select(.server == \$server) | $2" "$OUT") instead of $3"
}

# same_as SERVER OTHER: OTHER was not asked, and its remark names SERVER.
same_as() {
  of "$2" "[(.remark | contains(\"$1\")), .sent]" '[true,null]'
}

# near SERVER SECONDS: its offset, as exactly as the delay allows, however busy the machine is.
near() {
  of "$1" "(.offset_s - ($2) | fabs) <= .delay_s / 2 + 0.000001" true
}

# asked ADDRESS COUNT: ntp_server got this many requests at the address since `ask`.
asked() {
  local count
  count=$(tail -n "+$((before + 1))" "$LAB_DIR/log/ntp" | grep -cE "^(answered|dropped) as $1\$")
  [ "$count" = "$2" ] || fail "$1 was asked $count times instead of $2"
}

message() {
  jq -r .message "$OUT"
}

# --- one server, every field ---------------------------------------------------

@test "sntp: healthy, as root and as a user, with every field as the server's rule sets it" {
  rules '127.0.0.5=+250ms,delay=40ms,root_delay=20ms,root_dispersion=3ms,stratum=7,leap=1,reference=0x0a090002'
  for AS in '' lab_as_user; do
    ask 127.0.0.5
    verdict 0 ok '^NTP healthy, jitter: [0-9.]+(ns|us|ms) \(threshold: 2s\), offset: [-+]?[0-9.]+[mun]?s, server: 127\.0\.0\.5, source: sntp$'
    of 127.0.0.5 '[.state, .stratum, .leap, .replies, .sent, .jitter_kind, .address, .verdict, .reach, .poll_interval_s]' \
      '["selected",7,"insert",4,4,"rms","127.0.0.5","ok",null,null]'
    of 127.0.0.5 '.root_distance_s * 1e4 | round' 130
    of 127.0.0.5 '(.offset_s - 0.25 | fabs) < .delay_s - 0.04 + 0.0005' true
    of 127.0.0.5 '.delay_s >= 0.04 and .delay_s < 0.24 and .age_s >= 0 and .age_s < 1' true
    of 127.0.0.5 '.error_bound_s - (.offset_s + .delay_s / 2 + .root_distance_s) | . > 0 and . < 0.0002' true
    asked 127.0.0.5 4
  done
}

# Prints three oracles' offset of ADDRESS, one per line; they run in parallel.
oracles() {
  "$LAB_ROOT/usr/lib/nagios/plugins/check_ntp_time" -H "$1" | sed -n 's/.*Offset \([-0-9.]*\) secs.*/\1/p' &
  ntpdig "$1" | awk '{ print $4 + 0 }' &
  chronyd -u root -U -Q -t 10 "server $1 iburst" "pidfile /run/chrony/$1" 2>&1 |
    sed -n 's/.*wrong by \([-0-9.]*\) seconds.*/\1/p' &
  wait
}

@test "sntp: the offset has the sign that check_ntp_time, ntpdig and chronyd give it, both ways" {
  local address theirs found
  mkdir -p /run/chrony && chmod 700 /run/chrony
  rules '127.0.0.6=+250ms' '127.0.0.7=-250ms'
  for address in 127.0.0.6 127.0.0.7; do
    oracles $address >"$BATS_TEST_TMPDIR/$address" 3>&- &
  done
  ask 127.0.0.6,127.0.0.7
  wait
  for address in 127.0.0.6 127.0.0.7; do
    found=0
    while read -r theirs; do
      # On a busy machine they read the clock late, so only the sign counts.
      of $address ".offset_s - ($theirs) | fabs < 0.15" true
      found=$((found + 1))
    done <"$BATS_TEST_TMPDIR/$address"
    [ $found = 3 ] || fail "not three oracles, but $found"
  done
  near 127.0.0.6 0.25
  near 127.0.0.7 -0.25
}

@test "sntp: the jitter is RFC 5905's, recomputed from the samples in the trace" {
  rules '*=+5ms,delay=2ms'
  ask 127.0.0.7,127.0.0.8 -d
  [ "$status" = 0 ]
  local wanted name
  for name in 127.0.0.7 127.0.0.8; do
    wanted=$(sed -nE "s/.* ntp: $name: reply: .* offset=(-?[0-9]+) delay=([0-9]+) .*/\2 \1/p" "$ERR" | sort -n |
      awk 'NR == 1 { best = $2 } { sum += ($2 - best) ^ 2 } END { if (NR == 4) printf "%d", sqrt(sum / 3) }')
    [ -n "$wanted" ] || fail "no four samples of $name in the trace"
    # Never below the precision, 2^-20 s.
    of $name ".jitter_s * 1e9 - ([$wanted, 953] | max) | fabs < 3" true
  done
}

@test "sntp: by default takes four samples 2 s apart, from all servers in parallel" {
  lab_until 15 test -s "$BATS_FILE_TMPDIR/default.status"
  cp "$BATS_FILE_TMPDIR/default.json" "$OUT"
  cp "$BATS_FILE_TMPDIR/default.log" "$ERR"
  read -r status took_ms <"$BATS_FILE_TMPDIR/default.status"
  [ "$status" = 0 ] && [ "$took_ms" -ge 6000 ] && [ "$took_ms" -lt 9000 ] || fail 'not four samples 2 s apart'
  jq -e '[.servers[] | [.replies, .sent]] == [[4, 4], [4, 4], [4, 4], [4, 4]]' "$OUT" || fail 'not four of each'
  # T1 is when the request left; reading that clock may lag a moment.
  sed -nE 's/.* ntp: 127.0.6.2: request [0-9] to .* T1=([0-9.]+) .*/\1/p' "$ERR" |
    awk '{ if (NR > 1 && $1 - last < 1.9) exit 1; last = $1 } END { if (NR != 4) exit 1 }' || fail 'two requests within 2 s'
}

@test "sntp: the servers come from the configuration; without any, advice says what to write" {
  printf '%s\n' '[sntp]' 'interval = 250ms' 'servers = 127.0.0.11:123, [fd0a::1]:123 127.0.0.3' >"$CONF"
  check -C "$CONF" -s sntp
  verdict 0 ok
  jq -e '[.servers[].server] == ["127.0.0.11:123", "[fd0a::1]:123", "127.0.0.3"] and ([.servers[].replies] == [4, 4, 4])' "$OUT"
  printf '%s\n' '[sntp]' 'samples = 1' >"$CONF"
  check -C "$CONF" -s sntp
  verdict 3 no-source '; .*-s sntp:HOST,HOST,\.\.\., .*servers = HOST .*\[sntp\]'
  check -C "$CONF" -s sntp:127.0.0.11,a..b/c
  verdict 3 no-source "'a\.\.b/c' "
}

@test "sntp: a single sample has no jitter, and is judged without it" {
  printf '%s\n' '[sntp]' 'samples = 1' >"$CONF"
  ask 127.0.0.11
  verdict 0 ok '^NTP healthy, offset: \+[0-9.]+ms, server: 127\.0\.0\.11, source: sntp$'
  of 127.0.0.11 '[.jitter_s, .jitter_kind, .replies, .sent]' '[null,null,1,1]'
  near 127.0.0.11 0.005
  in_time 1
}

@test "sntp: samples beyond the timeout are dropped; when only one fits, the report says so" {
  check -s sntp:127.0.0.11 -t 3s -d
  [ "$status" = 0 ]
  of 127.0.0.11 '[.replies, .sent]' '[2,2]'
  grep -q 'ntp: 1 .* 4 .* 2s [^;]*;' "$ERR"
  in_time 3
  check -s sntp:127.0.0.11 -t 1s
  verdict 0 ok '^NTP healthy, offset: .*; .*timeout.*samples = 1$'
}

# --- real servers -----------------------------------------------------------------

@test "sntp: a real chronyd's reply matches ntpdig's" {
  lab_until 20 lab_sntp_served 127.0.0.21 '.stratum == 2'
  ask 127.0.0.21
  verdict 0 ok
  ntpdig -j 127.0.0.21 >"$BATS_TEST_TMPDIR/oracle"
  of 127.0.0.21 '[.stratum, .leap, .replies]' "$(jq -c '[.stratum, "none", 4]' "$BATS_TEST_TMPDIR/oracle")"
  of 127.0.0.21 '.offset_s - 0.005 | fabs < 0.005' true # it follows 127.0.0.22
}

@test "sntp: a frozen chronyd gets two requests; once thawed it is read again" {
  lab_freeze sntp_chronyd
  ask 127.0.0.21
  lab_thaw sntp_chronyd
  verdict 3 timeout '127\.0\.0\.21: .* 2 .*; .* 123 '
  [ "$took_ms" -ge 4000 ] && in_time 6
  ask 127.0.0.21
  verdict 0 ok
}

@test "sntp: a stopped chronyd is refused at once; one without time, or on its own clock, is unusable" {
  lab_stop sntp_chronyd
  rules
  ask 127.0.0.21:1123
  verdict 3 no-service '127\.0\.0\.21:1123: '
  in_time 1
  lab_sntp_chronyd_start 127.0.0.21 'server 127.0.0.99 port 9'
  ask 127.0.0.21
  verdict 1 not-synchronised 'server: 127\.0\.0\.21'
  of 127.0.0.21 '[.state, .leap, .offset_s]' '["unusable","unsynchronised",null]'
  in_time 1
  lab_stop sntp_chronyd
  lab_sntp_chronyd_start 127.0.0.21 'local stratum 3'
  ask 127.0.0.21
  verdict 3 no-source '127\.0\.0\.21: .*its own clock'
  ask 127.0.0.21,127.0.0.31,127.0.0.32
  verdict 0 ok 'server: 127\.0\.0\.3[12], source: sntp; 2 of 3 '
  of 127.0.0.21 '[.state, (.remark | test("its own clock"))]' '["unusable",true]'
}

# --- the vote -----------------------------------------------------------------------

@test "sntp: a liar is outvoted and named" {
  rules '127.0.0.33=+250ms' '127.0.0.34=-3s'
  ask 127.0.0.31,127.0.0.32,127.0.0.33,127.0.0.35
  verdict 0 ok '; falseticker: 127\.0\.0\.33 \(offset \+2[45][0-9.]*ms\)$'
  jq -e '[.servers[].state] | sort == ["combined", "combined", "falseticker", "selected"]' "$OUT"
  of 127.0.0.33 '.state' '"falseticker"'
  jq -e '[.servers[] | select(.verdict != null) | .state] == ["selected"]' "$OUT"
  ask 127.0.0.31,127.0.0.32,127.0.0.33,127.0.0.34,127.0.0.35
  verdict 0 ok '; falsetickers: 127\.0\.0\.33 \(offset \+2[45][0-9.]*ms\), 127\.0\.0\.34 \(offset -(3|2\.9)[0-9.]*s\)$'
}

@test "sntp: two against two have no majority, which is a warning" {
  rules '127.0.0.33=+250ms' '127.0.0.34=+250ms'
  ask 127.0.0.31,127.0.0.32,127.0.0.33,127.0.0.34
  verdict 1 falseticker ' 0 .* 4 .* 3\)'
  jq -e '[.servers[].state] | unique == ["falseticker"]' "$OUT"
}

@test "sntp: overlapping intervals agree, as in chronyd; the one further off is judged" {
  rules '127.0.0.31=+0s' '127.0.0.36=+12ms,delay=30ms'
  ask 127.0.0.31,127.0.0.36 --limit offset=1s
  verdict 0 ok
  jq -e '[.servers[].state] == ["combined", "selected"]' "$OUT"
  ask 127.0.0.31,127.0.0.36 --limit offset=5ms
  verdict 1 offset 'server: 127\.0\.0\.36'
  printf '%s\n' "bindcmdaddress $BATS_TEST_TMPDIR/none" 'cmdport 11323' "pidfile $BATS_TEST_TMPDIR/pid" \
    'bindcmdaddress 127.0.0.1' 'server 127.0.0.31 iburst' 'server 127.0.0.36 iburst' >"$BATS_TEST_TMPDIR/chrony.conf"
  sed -i 1d "$BATS_TEST_TMPDIR/chrony.conf"
  lab_spawn sntp_oracle chronyd -x -d -f "$BATS_TEST_TMPDIR/chrony.conf" -u root
  lab_until 20 both_taken
  lab_stop sntp_oracle
}

# chronyd marks neither as x (falseticker).
both_taken() {
  chronyc -h 127.0.0.1 -p 11323 -n -c sources | cut -d, -f 2 | sort -u | tr -d '\n' | grep -qxE -- '\*|\*\+|\*-|\+\*|-\*'
}

@test "sntp: a second server hides nothing: each is judged, and the worse counts" {
  rules '127.0.0.33=+36000s'
  ask 127.0.0.33 --limit offset=1s,1min
  verdict 2 offset
  ask 127.0.0.31,127.0.0.33 --limit offset=1s,1min
  verdict 2 offset 'server: 127\.0\.0\.33, .*falsetickers: 127\.0\.0\.31 \(offset [^)]*\), 127\.0\.0\.33 \(offset \+'
}

@test "sntp: fewer than half of the servers answer, so that these may be wrong together" {
  rules '*=drop=1' '127.0.0.33=drop=0,+36000s'
  ask 127.0.0.31,127.0.0.32,127.0.0.33,127.0.0.34,127.0.0.35,127.0.0.33:123 --limit offset=off,off
  verdict 1 falseticker ' 1 of 5 .* 3\>'
  rules '127.0.0.34=drop=1' '127.0.0.35=drop=1'
  ask 127.0.0.31,127.0.0.32,127.0.0.33,127.0.0.34,127.0.0.35
  verdict 0 ok '; 3 of 5 '
}

@test "sntp: a root distance above 1 s, as of Windows domain controllers, is accepted and judged by its limit" {
  rules '127.0.0.33=+5ms,root_dispersion=3s'
  ask 127.0.0.33 --limit root_distance=5s
  verdict 0 ok
  of 127.0.0.33 '[.state, .root_distance_s]' '["selected",3]'
  ask 127.0.0.33 --limit root_distance=2s
  verdict 1 root-distance '^NTP root distance above threshold: 3s'
}

@test "sntp: this machine is refused as a server, by any of its addresses and names" {
  local name
  for name in 127.0.0.1 ::1 localhost 10.9.0.1 10.9.0.4 fd09::1 ::ffff:127.0.0.1; do
    ask "$name"
    verdict 3 no-source "$name: .*this machine"
  done
  ask localhost,127.0.0.31
  verdict 0 ok 'server: 127\.0\.0\.31, source: sntp$' # one of one answered
  of localhost '[(.remark | test("this machine")), .sent]' '[true,null]'
}

@test "sntp: when the clock is set between two samples, only later ones count" {
  printf '%s\n' '[sntp]' 'interval = 3s' 'samples = 3' >"$CONF" # time for the rule to come in between on a busy machine
  {
    lab_line "$LAB_DIR/log/ntp" 'answered as 127.0.5.2'
    rules '127.0.5.2=+816ms'
  } >/dev/null 2>&1 3>&- &
  check -C "$CONF" -t 20 -s sntp:127.0.5.2 --limit jitter=100ms --limit offset=100ms
  verdict 1 offset ' \+81[0-9.]*ms, .* 2 [^;]*$'
  near 127.0.5.2 0.816
}

# --- invalid replies and refusals ---------------------------------------------------

@test "sntp: invalid replies are dropped, whatever is wrong with them" {
  rules '127.0.2.1=bad_origin=1' '127.0.2.2=zero_transmit=1' '127.0.2.3=length=40' \
    '127.0.2.4=mode=3' '127.0.2.5=length=47' '127.0.2.6=version=7' '127.0.2.7=delay=-500ms' \
    '127.0.2.8=noise=64'
  local all=127.0.2.1,127.0.2.2,127.0.2.3,127.0.2.4,127.0.2.5,127.0.2.6,127.0.2.7,127.0.2.8
  ask 127.0.2.1,127.0.2.2 -t 1s
  verdict 3 bad-reply ': 127\.0\.2\.1: .*origin'
  in_time 1
  # Beside a good server they are listed with the reason.
  one_will_do
  ask 127.0.0.11,$all
  verdict 0 ok 'server: 127\.0\.0\.11'
  jq -e '[.servers[1:][] | select(.state != "unreachable" or .remark == null or .replies != 0)] == []' "$OUT" ||
    fail 'one of them was believed'
  # Each fault has its own words.
  jq -e '[.servers[1:][].remark] | unique | length >= 6' "$OUT"
}

@test "sntp: a good reply after bad ones is found" {
  rules '*=+5ms,noise=63'
  ask 127.0.0.11
  verdict 0 ok
  of 127.0.0.11 '[.replies, .sent]' '[4,4]'
}

@test "sntp: a kiss code ends the exchange after one request, and is reported" {
  local code
  rules '127.0.3.1=stratum=0,reference=RATE' '127.0.3.2=stratum=0,reference=DENY' \
    '127.0.3.3=stratum=0,reference=RSTR' '127.0.3.4=stratum=0,reference=XXXX'
  ask 127.0.3.1,127.0.3.2,127.0.3.3,127.0.3.4
  verdict 3 denied 'RATE' 'DENY' 'RSTR' 'XXXX'
  in_time 1
  for code in 1 2 3 4; do
    asked 127.0.3.$code 1
  done
  one_will_do
  ask 127.0.0.11,127.0.3.1
  verdict 0 ok
  of 127.0.3.1 '[.state, .replies, .sent]' '["unreachable",0,1]'
}

@test "sntp: after a later kiss code the earlier samples count, and no request follows" {
  printf '%s\n' '[sntp]' 'interval = 3s' >"$CONF"
  {
    lab_line "$LAB_DIR/log/ntp" 'answered as 127.0.5.1'
    rules '127.0.5.1=stratum=0,reference=RATE'
  } >/dev/null 2>&1 3>&- &
  before=0
  check -C "$CONF" -t 20 -s sntp:127.0.5.1
  verdict 0 ok '^NTP healthy, offset: .*; .*RATE: .* 1 of 4 '
  of 127.0.5.1 '[.replies, .sent]' '[1,2]'
  asked 127.0.5.1 2
}

@test "sntp: unsynchronised servers are unusable" {
  rules '127.0.4.1=leap=3' '127.0.4.2=stratum=16' '127.0.4.3=stratum=0,reference=0x00000000,leap=3' \
    '127.0.4.4=stratum=0,reference=INIT,leap=3' '127.0.4.5=root_dispersion=17s'
  ask 127.0.4.1,127.0.4.2,127.0.4.3,127.0.4.4,127.0.4.5
  verdict 1 not-synchronised
  jq -e '[.servers[] | [.state, .leap, .sent]] | unique == [["unusable", "unsynchronised", 1]]' "$OUT"
  one_will_do
  ask 127.0.0.11,127.0.4.1
  verdict 0 ok
}

@test "sntp: a lost packet is requested again" {
  lab_stop ntp && lab_ntp_start '10.9.0.1=+0s' '127.0.0.9=drop_every=3' # restarts its count
  ask 127.0.0.9
  verdict 0 ok
  of 127.0.0.9 '[.replies, .sent]' '[4,5]'
}

# --- names and addresses ---------------------------------------------------------

@test "sntp: IPv6, and a name with both families of which one answers" {
  rules 'fd0a::1=-7ms'
  ask 'fd0a::1,fd0a::2,[fd0a::1]:123'
  of fd0a::1 '[.address, .replies]' '["fd0a::1",4]'
  of fd0a::2 '[.address, .replies]' '["fd0a::2",4]'
  near fd0a::1 -0.007
  same_as fd0a::1 '[fd0a::1]:123'
  rules 'fd0a::41=drop=1'
  ask both.example
  verdict 0 ok 'server: both\.example'
  of both.example '[.address, .replies, .sent]' '["127.0.0.41",4,4]'
  rules '127.0.0.41=drop=1'
  ask both.example
  of both.example '[.address, .replies]' '["fd0a::41",4]'
  rules '127.0.0.41=stratum=0,reference=DENY' 'fd0a::41=delay=50ms'
  ask both.example # one server: after a refusal by one address the other is not asked
  verdict 3 denied 'both\.example: .*DENY'
  asked 127.0.0.41 1
}

@test "sntp: a name's next addresses are asked after a silent and a refusing one; a pool of four votes" {
  rules '127.0.0.51=drop=1' '127.0.0.52=stratum=0,reference=DENY'
  ask four.example
  verdict 0 ok
  of four.example '[.address, .replies, .sent]' '["127.0.0.53",4,6]'
  rules '127.0.0.54=+5s'
  ask pool:four.example
  verdict 0 ok '; falseticker: four\.example'
  jq -e '[.servers[].address] == ["127.0.0.51","127.0.0.52","127.0.0.53","127.0.0.54"]' "$OUT"
  printf '%s\n' 'servers = pool:four.example 127.0.0.53' >>"$CONF"
  check -C "$CONF" -s sntp
  same_as four.example 127.0.0.53
}

@test "sntp: a link-local address needs its zone" {
  ask 'fe80::99%no.such'
  verdict 3 no-source 'fe80::99%no\.such: '
  ask fe80::1
  verdict 3 no-source "'fe80::1' .* fe80::1%eth0"
  local there
  there=$(lab_sntp_there ip -6 -o addr show dev vb scope link | sed -E 's|.*inet6 ([^/]*)/.*|\1|')
  lab_until 30 served_linklocal "$there%va"
  of "$there%va" '.address' "\"$there%va\""
}

served_linklocal() {
  sleep 0.3 # ntpd ignores more frequent requests
  ask "$1,127.0.0.31,127.0.0.32"
  jq -e '.servers[0] | .replies > 0 or .leap == "unsynchronised"' "$OUT" >/dev/null
}

@test "sntp: two names for one address are one server with one vote" {
  rules '127.0.0.41=+250ms'
  ask 127.0.0.41,127.0.0.11,127.0.0.2,twin.example,127.0.0.41:123,::ffff:127.0.0.41
  verdict 0 ok
  asked 127.0.0.41 4
  same_as 127.0.0.41 twin.example
  of twin.example .verdict null
  same_as 127.0.0.41 ::ffff:127.0.0.41
}

@test "sntp: an address that cannot be a server's is not asked; the report says why, as for one without a route" {
  ask 224.0.1.1,192.0.2.1,10.66.0.1,no.such.example,::,0.0.0.0,ff02::101,255.255.255.255,2001:db8::1
  verdict 3 no-source ': 224\.0\.1\.1: [^;]*; 192\.0\.2\.1: [^;]*: Network is unreachable; .*; .* 1 [^;]*; '
}

@test "sntp: each server that cannot be asked has its remark" {
  one_will_do
  ask 127.0.0.11,224.0.1.1,255.255.255.255,0.0.0.0,::,ff02::101,192.0.2.1,2001:db8::1,10.66.0.1,no.such.example
  verdict 0 ok
  in_time 9
  local name
  for name in 224.0.1.1 255.255.255.255 0.0.0.0 :: ff02::101; do
    of $name '[.remark == null, .sent]' '[false,null]'
  done
  of 192.0.2.1 '.remark | endswith(": Network is unreachable")' true
  of 2001:db8::1 '.remark | endswith(": Network is unreachable")' true
  of 10.66.0.1 '.remark | endswith(": Permission denied")' true
  of no.such.example '[.remark == null, .state, .address, .sent]' '[false,"unreachable",null,null]'
}

@test "sntp: names that hang cost at most half of the time, however many there are" {
  lab_spawn dns "$LAB_BUILT/ntp_server" -p 53 '*=drop=1'
  lab_ready dns 5 grep -qsx ready "$LAB_DIR/log/dns"
  one_will_do
  printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:30' >/etc/resolv.conf
  ask "$(printf 'n%d.example,' {1..80})127.0.0.11" -t 4s
  lab_stop dns
  printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:1 attempts:1' >/etc/resolv.conf
  verdict 0 ok 'server: 127\.0\.0\.11'
  in_time 4
  jq -e '[.servers[] | select(.remark // "" | test("DNS"))] | length == 80' "$OUT"
  [ -z "$(lab_processes ntp_monitor)" ] || fail 'a child is left'
}

# --- many -------------------------------------------------------------------------

@test "sntp: a thousand servers are sampled" {
  lab_sntp_many 1000 '*=+5ms'
  ask "$LAB_SNTP_MANY"
  verdict 0 ok
  # The servers' sockets overflow on a busy machine, and then a sample is requested again.
  jq -c '[.servers[] | [.replies, .sent]] | group_by(.) | map([.[0], length])' "$OUT" >"$BATS_TEST_TMPDIR/counts"
  jq -e '[.servers[] | select(.replies == 4 and .sent == 4)] | length >= 900' "$OUT" &&
    jq -e '[.servers[] | select(.replies == 4 and .sent <= 8)] | length == 1000' "$OUT" || fail "$(<"$BATS_TEST_TMPDIR/counts")"
  in_time 4
}

@test "sntp: with fewer descriptors than servers the soft limit is raised, and beyond the hard one servers are asked in waves" {
  lab_sntp_many 100 '*=+5ms,delay=20ms'
  ulimit -Sn 24
  ask "$LAB_SNTP_MANY"
  ulimit -Sn "$(ulimit -Hn)"
  verdict 0 ok
  jq -e '.note == null and ([.servers[] | select(.replies == 4)] | length == 100)' "$OUT"
  (
    ulimit -n 24
    ask "$LAB_SNTP_MANY" -d
    [ "$status" = 0 ] || fail 'not healthy'
    jq -e '[.servers[] | select(.replies == 4)] | length == 100' "$OUT" || fail 'not all have answered'
    jq -e '.note | test(" [0-9]+ file descriptors")' "$OUT"
    grep -qE 'ntp: .*[0-9]+ file descriptors' "$ERR"
  )
}

# --- needs ten seconds from its start -----------------------------------------------

served() {
  sleep 0.3 # ntpd ignores more frequent requests
  ask fd09::2,127.0.0.31,127.0.0.32
  jq -e '.servers[0].stratum == 2' "$OUT" >/dev/null
}

# ntpq's own figures, in ms. They shrink with each of its first polls, one of which may come in between.
distance_agrees() {
  local distance_ms
  ask fd09::2,127.0.0.31,127.0.0.32
  distance_ms=$(lab_sntp_there ntpq -n -c 'rv 0 rootdelay,rootdisp' 127.0.0.1 | tr ',' '\n' |
    awk -F= '/rootdelay/ { d += $2 / 2 } /rootdisp/ { d += $2 } END { print d }')
  of fd09::2 ".root_distance_s * 1000 - ($distance_ms) | fabs < 20" true
}

@test "sntp: a real ntpd on another host is read, and discounted because it follows this machine" {
  lab_until 30 served
  ask fd09::2,127.0.0.31,127.0.0.32
  of fd09::2 '[.stratum, .leap, .replies, .state]' '[2,"none",4,"unusable"]' # it follows 10.9.0.1
  lab_until 15 distance_agrees
  ask 10.9.0.2
  verdict 3 no-source '10\.9\.0\.2: .*from this machine'
  ask fd09::2,127.0.0.31,127.0.0.32
  verdict 0 ok '; 2 of 3 '
  of fd09::2 '.state' '"unusable"'
}
