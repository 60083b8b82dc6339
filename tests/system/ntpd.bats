# ntpd.bats: the source ntpd against the real ntpd (ntpsec), with ntpq as the oracle.
#
# All ntpds start at once and get to know their servers in parallel, each with a trouble of its own or none; the tests
# then look at them. None may set the clock, which does not stop ntpd from calling itself synchronised.

# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154 # a test is a subshell; jq's $; time.bash's AS, and what it sets

setup_file() {
  # shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  lab_ntp_start '10.9.1.1=+10ms' '10.9.1.2=+10.3ms,stratum=2,root_delay=20ms,root_dispersion=3ms' \
    '10.9.1.3=+9.8ms' '10.9.1.4=+2.5s' '10.9.1.5=drop=1' '10.9.2.1=-10ms' '10.9.3.1=+1ms' '10.9.5.1=-1.2ms'
  lab_ntpd_net
  printf '%s pool.example.org\n' 10.9.1.1 10.9.1.3 >>/etc/hosts
  # Three must agree, or the first to answer might be the wrong one. They are polled rarely: on a busy machine two ntpq
  # queries with a run between them take seconds, and no reply may arrive meanwhile.
  lab_ntpd_start ahead 'tos minsane 3' "$(printf 'server 10.9.1.%s iburst minpoll 5 maxpoll 5\n' {1..5})"
  lab_ntpd_start behind "$(lab_ntpd_server 10.9.2.1)" "$(lab_ntpd_server 10.9.1.1) noselect"
  lab_ntpd_start idle 'disable ntp' "$(lab_ntpd_server 10.9.1.1)"
  lab_ntpd_start step "$(lab_ntpd_server 10.9.1.4)"
  lab_ntpd_start split "$(lab_ntpd_server 10.9.1.1 10.9.1.4)"
  lab_ntpd_start lost 'server 10.9.3.1 iburst minpoll 0 maxpoll 0'
  lab_ntpd_start never "$(lab_ntpd_server 10.9.1.5)"
  lab_ntpd_start none
  lab_ntpd_start many 'tos minsane 131' "$(printf 'server 10.9.4.%s\n' {1..130})"
  lab_ntpd_start mute 'restrict 127.0.0.1 noquery' 'restrict ::1 noquery'
  lab_ntpd_start six 'restrict 127.0.0.1 ignore' "$(lab_ntpd_server 10.9.1.1)"
  lab_ntpd_start jump 'server 10.9.5.1 iburst minpoll 0 maxpoll 0'
  lab_ntpd_start pool 'pool pool.example.org iburst minpoll 3 maxpoll 3' "$(lab_ntpd_server no.such.example)" \
    'broadcast 10.8.12.255'
  lab_ntpd_start names 'pool no.such.example' "$(lab_ntpd_server nor.such.example)"
  for NTPD in ahead behind idle step lost jump pool; do
    lab_until 60 lab_ntpd_follows $NTPD || return
  done
  sed -i '$a 10.9.3.1=drop=1' "$LAB_DIR/ntp.rules"
}

setup() {
  load time
  NTPD=ahead
  AS=here
}

teardown() {
  lab_logs_on_failure
}

teardown_file() {
  . "$TOP/tests/lab/lab.sh"
  lab_stop_all
}

here() {
  lab_ntpd_here "$NTPD" "$@"
}

user() {
  HOME=$LAB_DIR/user here unshare --user --map-user=1000 --map-group=1000 "$@"
}

ask() {
  check -s ntpd "$@"
}

# of ADDRESS [FILTER]: jq on this server of the report.
of() {
  jq -c ".servers[] | select(.address == \"$1\") | ${2-.}" "$OUT"
}

# --- healthy --------------------------------------------------------------------

@test "healthy: status 0 and one line, as root and as a user" {
  for AS in here user; do
    ask
    verdict 0 ok '^NTP healthy, jitter: [0-9.]+us \(threshold: 2s\), offset: [-+][0-9.]+[mun]?s, server: 10\.9\.1\.[123], source: ntpd$'
    server_is '[.verdict, .reason, .state, .leap, .jitter_kind]' '["ok","ok","selected","none","sys_jitter"]'
    server_is '.remark' null
    jq -e '.source == "ntpd" and .note == null and (.servers | length) == 5' "$OUT"
  done
}

@test "auto: finds ntpd where nothing else is running" {
  check
  verdict 0 ok 'source: ntpd$'
}

stranger() {
  here unshare -m sh -c "$LAB_OWNED" 123 4242 "$START" "$@"
}

@test "port 123 is trusted if root or ntpd owns it, or if only privileged processes can bind it" {
  AS=stranger START=0
  ask
  verdict 3 bad-reply " 123 .* 4242.*\(root, ntp, ntpsec, _ntp\).*ss -ulpe 'sport = :123'"
  check
  verdict 3 bad-reply 'ntpd: .* 123 .* 4242'
  lab_bus_start
  lab_timesyncd_start
  lab_replies 3
  check # nor does it count as a second daemon
  verdict 0 ok 'source: timesyncd$'
  check -d
  grep -q 'debug: .* ntpd: .* 123 .* 4242' "$ERR" || fail 'not a word in the trace'
  lab_stop timesyncd
  lab_stop bus
  echo ghost:x:4242:4242::/:/bin/false >>/etc/passwd
  ask
  verdict 3 bad-reply
  sed -i s/^ghost:/ntpsec:/ /etc/passwd
  ask
  verdict 0 ok
  sed -i /^ntpsec:/d /etc/passwd
  START=123 # anyone may bind 123 and above
  ask
  verdict 3 bad-reply
  START=124
  ask
  verdict 0 ok
  START=1024
  ask
  verdict 0 ok
  AS=here
  ask -d
  grep -q 'ntpd: .* 123 .* 0$' "$ERR" || fail 'the owner is not root'
}

@test "auto: timesyncd and ntpd together are two daemons that set the clock" {
  lab_bus_start
  lab_timesyncd_start
  lab_replies 3
  check
  verdict 1 two-daemons 'timesyncd and ntpd, '
  NTPD=none # a network without ntpd
  check
  verdict 0 ok 'source: timesyncd$'
  lab_stop timesyncd
  lab_stop bus
}

@test "jitter: only strictly above a limit" {
  ask -w 1ns
  verdict 1 jitter '^NTP jitter above threshold: [0-9.]+us \(threshold: 1ns\)'
  ask -w 1ns -c 2ns
  verdict 2 jitter
}

SYSTEM_NAMES=leap,offset,sys_jitter,rootdelay,rootdisp,clock,peer
PEER_NAMES=srcadr,stratum,hpoll,reach,offset,delay,jitter,dispersion,rootdelay,rootdisp,rec

# Turns the variables into one object for the system and one per server; ms become ns, NTP timestamps us. (.rootdelay is
# whole ns, halves are cut.)
READ='def bits: if . == 0 then 0 else (. % 2) + (. / 2 | floor | bits) end;
  def hex: ltrimstr("0x") | explode | reduce .[] as $c (0; . * 16 + $c - (if $c > 57 then 87 else 48 end));
  def ns: tonumber * 1e6 | round;
  def us: split(".") | (.[0] | hex) * 1000000 + ((.[1] | hex) * 1000000 / 4294967296 | floor);
  reduce (inputs | capture("(?<key>[^=]+)=(?<value>.*)")) as $row
    ([{}]; if $row.key == "srcadr" then . + [{}] else . end | .[-1][$row.key] = $row.value) |
  {system: .[0], peers: .[1:]} | .system |= {
    leap: ["none", "insert", "delete"][.leap | tonumber], offset: (.offset | ns), jitter: (.sys_jitter | ns),
    distance: ((.rootdelay | ns) / 2 + (.rootdisp | ns) | floor), half: ((.rootdelay | ns) / 2), clock: (.clock | us)} |
  .peers |= (map({key: .srcadr, value: {
    stratum: (.stratum | tonumber), poll: pow(2; .hpoll | tonumber), reach: (.reach | hex | bits), offset: (.offset | ns),
    delay: (.delay | ns), jitter: (.jitter | ns), distance: ((.rootdelay | ns) / 2 + (.rootdisp | ns) | floor),
    dispersion: (.dispersion | ns), rec: (.rec | us)}}) | from_entries)'

ntpq_says() {
  local association rows=()
  for association in $associations; do
    rows+=("$association" "$PEER_NAMES")
  done
  lab_ntpd_vars "$NTPD" 0 "$SYSTEM_NAMES" "${rows[@]}" | jq -cRn "$READ"
}

# The report against ntpq just before and just after; where these two differ a reply came in between, and the comparison
# is repeated. The age is ntpd's clock minus the last arrival, by its own stamps.
AGREES='def ns: . * 1e9 | round;
  ($before | del(.system.clock, .system.distance)) == ($after | del(.system.clock, .system.distance)) and
  (.servers[0] | $before.peers[.address] as $peer |
    ([$before.system.offset, $peer.offset] | max_by(fabs)) as $offset |
    .state == "selected" and .leap == $before.system.leap and (.offset_s | ns) == $offset and
    (.jitter_s | ns) == $before.system.jitter and .stratum == $peer.stratum and .poll_interval_s == $peer.poll and
    .reach == $peer.reach and (.delay_s | ns) == $peer.delay and
    (.root_distance_s | ns) >= $before.system.distance and (.root_distance_s | ns) <= $after.system.distance and
    (.error_bound_s | ns) == ([(.root_distance_s | ns), $before.system.half + ($offset | fabs) | floor] | max) and
    (.age_s * 1e6) >= $before.system.clock - $peer.rec - 1 and (.age_s * 1e6) <= $after.system.clock - $peer.rec + 1) and
  ([.servers[1:][] | select(.offset_s != null) | $before.peers[.address] as $peer |
    .stratum == $peer.stratum and .poll_interval_s == $peer.poll and .reach == $peer.reach and .leap == null and
    (.offset_s | ns) == $peer.offset and (.delay_s | ns) == $peer.delay and (.jitter_s | ns) == $peer.jitter and
    (.root_distance_s | ns) == $peer.distance and
    (.error_bound_s | ns) == $peer.distance + $peer.dispersion + ($peer.delay / 2 | floor) + ($peer.offset | fabs)]
   == [true, true, true])'

agrees() {
  before=$(ntpq_says)
  ask
  after=$(ntpq_says)
  jq -e --argjson before "$before" --argjson after "$after" "$AGREES" "$OUT"
}

@test "every field of every server matches ntpq" {
  associations=$(lab_ntpd_associations ahead)
  lab_until 40 agrees || fail "ntpq says $before, then $after"
}

@test "states: combined or selectable, a falseticker with its offset, an unreachable server without figures" {
  ask
  [ "$(of 10.9.1.4 '[.state, .reach > 0, (.offset_s - 2.5 | fabs) < 0.1, .verdict]')" = '["falseticker",true,true,null]' ] ||
    fail 'no falseticker at 10.9.1.4'
  [ "$(of 10.9.1.5 '[.state, .reach, .offset_s, .delay_s, .jitter_s, .stratum, .error_bound_s]')" = \
    '["unreachable",0,null,null,null,null,null]' ] || fail '10.9.1.5 has figures'
  [ "$(jq -c '[.servers[] | select(.address | test("[.][123]$")) | .state] - ["selected", "combined", "selectable"]' "$OUT")" = '[]' ]
  [ "$(jq '[.servers[] | select(.state == "selected")] | length' "$OUT")" = 1 ]
}

@test "sign: a server ahead has a positive offset, one behind a negative" {
  ask
  server_is '.offset_s > 0.009 and .offset_s < 0.012' true
  lab_ntpd_vars ahead 0 offset | grep -qx 'offset=[0-9.]*'
  NTPD=behind
  ask
  verdict 0 ok
  server_is '.offset_s < -0.009 and .offset_s > -0.012' true
  lab_ntpd_vars behind 0 offset | grep -qx 'offset=-[0-9.]*'
}

@test "a single server: ntpd's sys_jitter is 0, so the jitter is the server's" {
  NTPD=behind
  [ "$(lab_ntpd_vars behind 0 sys_jitter)" = sys_jitter=0.000000 ]
  ask
  verdict 0 ok
  server_is '[.jitter_kind, .jitter_s > 0]' '["rms",true]'
}

@test "a pool: its servers are listed without its name; an unresolved name has no address" {
  NTPD=pool
  ask
  verdict 0 ok
  jq -e '[.servers[] | .address // .server] | sort == ["10.9.1.1", "10.9.1.3", "no.such.example"]' "$OUT" ||
    fail 'others'
  jq -e '.servers[] | select(.server == "no.such.example") |
    [.address, .state, .remark != null] == [null, "unreachable", true]' "$OUT"
}

@test "unknown names are reported, and counted once each" {
  unsynchronised names ' 2 .* no\.such\.example: .*; .*DNS, source: ntpd$'
  jq -e '[.servers[1:][] | [.server, .address]] == [["no.such.example", null], ["nor.such.example", null]]' "$OUT"
}

noselect_shown() {
  ask
  [ "$(of 10.9.1.1 '[.state, .offset_s > 0.009, .delay_s > 0, (.remark | test("noselect"))]')" = '["unusable",true,true,true]' ]
}

@test "a noselect server is listed with its offset" {
  NTPD=behind
  lab_until 20 noselect_shown || fail 'no offset of 10.9.1.1'
}

# --- not synchronised --------------------------------------------------------------

# unsynchronised NTPD PATTERN: a warning whose message matches.
unsynchronised() {
  NTPD=$1
  for AS in here user; do
    ask
    verdict 1 not-synchronised "$2" 'source: ntpd' || row "$1"
    server_is .leap '"unsynchronised"' || row "$1"
  done
}

@test "disable ntp: a server is followed, but the clock is not disciplined" {
  [ "$(lab_ntpd_vars idle 0 leap)" = leap=3 ]
  unsynchronised idle "'disable ntp'"
  # The system's offset is 0 then, but the server's is not.
  server_is '[.state, .address, .offset_s > 0.009, .root_distance_s]' '["selected","10.9.1.1",true,null]'
}

@test "a pending step is a warning, and its offset is judged" {
  unsynchronised step 'step .*\+2\.(49|5)[0-9]*s, '
  ask --limit offset=1s,2s
  verdict 2 offset '^NTP offset above critical threshold: \+?2\.(49|5)[0-9]*s'
}

@test "two servers that disagree are reported as falsetickers" {
  unsynchronised split '2 of 2 .*falseticker'
}

@test "not synchronised: no server has answered yet, or there is none" {
  unsynchronised never ' 1\>.*; .* 123 .*, source: ntpd$'
  unsynchronised none '^[^;0-9]*, source: ntpd$'
}

@test "130 servers: the list arrives in pieces, and 64 are looked at" {
  [ "$(lab_ntpd_associations many | wc -l)" = 130 ]
  unsynchronised many ' [0-9]+ of 130 .*: 10\.9\.4\.1: .*, source: ntpd; .* 130 .* 64 '
  jq -e '(.servers | length) == 65 and ([.servers[].address] | unique | length) == 65' "$OUT"
  in_time 5
}

# --- no reading --------------------------------------------------------------------

@test "an ntpd that refuses queries, and a plain NTP server, are denied with advice" {
  NTPD=mute
  for AS in here ''; do # '': ntp_server
    ask -t 4
    verdict 3 denied '127\.0\.0\.1 port 123 .*; .*restrict 127\.0\.0\.1 .*noquery; '
  done
}

@test "a chronyd with clients is treated like another NTP server" {
  NTPD=chronyd
  lab_ntpd_link chronyd
  printf '%s\n' 'local stratum 1' 'allow 127.0.0.0/8' "pidfile $LAB_DIR/chronyd.pid" 'bindcmdaddress /' >"$LAB_DIR/chronyd.conf"
  lab_spawn chronyd nsenter --net=/run/netns/chronyd chronyd -x -d -u root -f "$LAB_DIR/chronyd.conf"
  lab_ready chronyd 10 lab_ntpd_here chronyd ntpdig -t 1 127.0.0.1 >/dev/null 2>&1
  ask -t 4
  verdict 3 denied 'restrict 127\.0\.0\.1 .*noquery; .* -s sntp:HOST$'
  lab_stop chronyd
}

@test "an ntpd that answers queries over IPv6 only is read" {
  NTPD=six
  ask
  [ "$status" -le 1 ]
  server_is .source '"ntpd"'
}

@test "an ntpd that hangs is a timeout within the deadline" {
  lab_freeze step
  NTPD=step
  for AS in user here; do
    ask -t 2
    verdict 3 timeout '127\.0\.0\.1 port 123 .* 1\.[0-9]s'
    in_time 2
  done
  ask
  verdict 3 timeout
  in_time 10
  lab_thaw step
}

@test "a stopped ntpd is reported at once" {
  lab_stop idle
  NTPD=idle
  for AS in here user; do
    ask
    verdict 3 no-service ' 123 .*127\.0\.0\.1 and ::1; .*systemctl start ntpsec'
    in_time 2
  done
}

@test "the debug trace has requests and replies" {
  run_program -s ntpd -l none -o json -d
  grep -Eq 'ntpd: sent [0-9]+ bytes: first=0x16 opcode=0x02 .*association=0 ' "$ERR" || fail 'no question'
  grep -Eq 'ntpd: association 0: .*leap=0, ' "$ERR" || fail 'no variables'
  grep -Eq 'ntpd: received .* opcode=0x81 .*count=20$' "$ERR" || fail 'no list'
  harmless "$ERR"
}

# The lab cannot set a clock, so the server jumps.
@test "after a jump the server's offset is judged, since ntpd's own stays old for minutes" {
  NTPD=jump
  ask --limit offset=100ms,1s
  verdict 0 ok 'offset: -1\.[0-9]+ms'
  sed -i '$a 10.9.5.1=+500s' "$LAB_DIR/ntp.rules"
  lab_until 30 jumped || fail 'not CRITICAL'
  verdict 2 offset '^NTP offset above critical threshold: \+?8min 20(\.[0-9]+)?s \(critical threshold: 1s\)'
  [[ $(lab_ntpd_vars jump 0 offset) == offset=-1.* ]] || fail "ntpd has seen it"
  server_is '[.leap, .error_bound_s > 500]' '["none",true]'
  server_is '.remark | test("; .* -1[.][0-9]+ms$")' true
}

jumped() {
  ask --limit offset=100ms,1s
  [ "$status" = 2 ]
}

# Last, since ntpd takes some 16 s to give up a server polled every second.
@test "with all servers lost ntpd keeps its leap, stratum and offset, and we warn" {
  NTPD=lost
  gave_up() {
    ask
    [ "$status" = 1 ]
  }
  lab_until 60 gave_up
  [ "$(lab_ntpd_vars lost 0 leap)" = leap=0 ]
  unsynchronised lost ' 1\>.* ([0-9.]+min )?[0-9.]+s .*, source: ntpd$'
  server_is '[.offset_s, .stratum, .age_s > 5]' '[null,null,true]'
  [ "$(of 10.9.3.1 '[.state, .reach, .offset_s]')" = '["unreachable",0,null]' ]
}
