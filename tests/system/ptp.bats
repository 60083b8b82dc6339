# ptp.bats: the source ptp against a real ptp4l that follows another one: every figure against pmc, both signs, each
# state of a port, and every way of getting no answer.
#
# The lab cannot set a clock, so "slave" is SLAVE with a servo whose adjustments are refused. Its offset comes from the
# time stamps: near 0, since both clocks are this machine's, or what delayAsymmetry makes of it.

# shellcheck disable=SC2016,SC2034,SC2154 # other shells' $; time.bash's AS, and what it sets

readonly SOON='announceReceiptTimeout 3' # without a master a clock becomes one after 0.4 s

setup_file() {
  . "${TOP:?}/tests/lab/lab.sh"
  lab_ptp_network && lab_ptp_start gm a0 'priority1 10' "$SOON" && lab_ptp_reach gm MASTER
}

setup() {
  load time
  CONF=$BATS_TEST_TMPDIR/conf
  ptp /run/ptp/slave
}

teardown() {
  local name
  lab_logs_on_failure
  lab_thaw gm
  for name in slave other; do
    lab_stop "$name"
  done
  ip link set b0 up
  rm -rf /run/ptp/[!g]*
}

teardown_file() {
  lab_stop_all
}

# ptp SOCKETS [LINE...]: writes the configuration, with these lines for [ptp].
ptp() {
  printf '%s\n' '[monitoring]' 'source = ptp' "$MORE" '[ptp]' "sockets = $1" "${@:2}" >"$CONF"
}

measure() {
  check -C "$CONF" "$@"
}

# slave [SETTING...]: starts a clock, and waits until it follows the grandmaster.
slave() {
  lab_ptp_start slave b0 'slaveOnly 1' 'clock_servo linreg' "$@" && lab_ptp_reach slave SLAVE
}

# Prints in whole ns what JSON has in seconds.
ns_of() {
  server "if .$1 == null then 0 else .$1 * 1e9 | round end"
}

within() {
  if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
    fail "$1 is $2, not from $3 to $4"
  fi
}

# remark REGEX: the first server's, whose grandmaster has linuxptp's default class.
remark() {
  [[ $(server .remark) =~ ^\"$1\;\ .*\ 248[^\;]*\"$ ]] || fail "the remark is not: $1"
}

# whole_ns NAME ID FIELD: prints as an integer what pmc prints as "521.0".
whole_ns() {
  local figure
  figure=$(lab_ptp_get "$@")
  echo "${figure%.0}"
}

# --- a reading ----------------------------------------------------------------

@test "ptp: a clock that follows its master is healthy" {
  slave
  measure
  verdict 0 ok '^NTP healthy, jitter: [0-9.]+[num]?s \(threshold: 2s\), offset: [-+]?[0-9.]+[mun]?s, server: [0-9a-f]{6}\.[0-9a-f]{4}\.[0-9a-f]{6}, source: ptp$'
  in_time 3
  server_is .server "\"$(lab_ptp_get gm DEFAULT_DATA_SET clockIdentity)\""
  server_is .address null
  server_is .jitter_kind '"rms-successive"'
  server_is .state '"selected"'
  server_is .leap '"none"'
  server_is .poll_interval_s 0.0625
  server_is '[.stratum, .reach, .replies, .root_distance_s, .error_bound_s]' '[null, null, null, null, null]'
  server_is .clock_class "$(lab_ptp_get slave PARENT_DATA_SET gm.ClockClass)"
  within offset "$(ns_of offset_s)" -50000000 50000000
  within age "$(ns_of age_s)" 0 2000000000
  remark '[^;]* [2-8] [^;]* [0-9]+ [^;]*'
  harmless "$OUT" "$ERR"
}

@test "ptp: every figure matches pmc" {
  slave 'announceReceiptTimeout 240'
  lab_freeze gm # so that nothing changes any more
  MORE='stale_after = 1h' ptp /run/ptp/slave 'ptp_samples = 1'
  local offset ingress before after
  offset=$(whole_ns slave TIME_STATUS_NP master_offset)
  ingress=$(lab_ptp_get slave TIME_STATUS_NP ingress_time)
  before=$(date +%s%N)
  measure
  after=$(date +%s%N)
  verdict 0 ok '^NTP healthy, offset: [-+]?[0-9.]+[mun]?s, server: '
  [ "$offset" = "$(whole_ns slave CURRENT_DATA_SET offsetFromMaster)" ]
  [ "$(ns_of offset_s)" = $((-offset)) ] || fail "the offset is not -$offset"
  [ "$(ns_of delay_s)" = $((2 * $(whole_ns slave CURRENT_DATA_SET meanPathDelay))) ] || fail 'the delay is another'
  server_is .server "\"$(lab_ptp_get slave TIME_STATUS_NP gmIdentity)\""
  within age "$(ns_of age_s)" $((before - ingress - 1000)) $((after - ingress + 1000))
  server_is .jitter_kind null
  server_is '.remark | test("^[^;]* 248[^;]*$")' true
}

@test "ptp: the grandmaster's clock class is judged against its limit" {
  slave
  measure --limit clock_class=248,248
  verdict 0 ok '^NTP healthy, .*clock class: 248 \(threshold: 248'
  measure --limit clock_class=127
  verdict 1 clock-class '^NTP clock class above threshold: 248 \(threshold: 127\)'
  measure --limit clock_class=6,127
  verdict 2 clock-class '^NTP clock class above critical threshold: 248 \(critical threshold: 127\)'
}

@test "ptp: the jitter is computed from the measurements in the trace" {
  slave
  run_program -C "$CONF" -d -o json -l none
  [ "$status" = 0 ]
  local wanted
  wanted=$(sed -nE 's/.*master_offset=(-?[0-9]+) ingress_time=([0-9]+) .*/\1 \2/p' "$ERR" | uniq |
    awk 'NR > 1 { sum += ($1 - last) ^ 2 } { last = $1 } END { printf "%d", sqrt(sum / (NR - 1)) + 0.5 }')
  within jitter "$(ns_of jitter_s)" $((wanted - 1)) $((wanted + 1))
}

@test "ptp: the offset is positive when the local clock is behind, negative when it is ahead" {
  local asymmetry
  # The path from the master is longer by this much, which the time stamps cannot show: the local clock is behind by as
  # much more than they say.
  for asymmetry in 1500000000 -1500000000; do
    slave "delayAsymmetry $asymmetry"
    MORE='offset_threshold = 1s' ptp /run/ptp/slave
    measure
    verdict 1 offset "^NTP offset above threshold: [+-]1\.[45][0-9]*s \(threshold: 1s\)"
    within offset "$(ns_of offset_s)" $((asymmetry - 50000000)) $((asymmetry + 50000000))
    lab_stop slave
  done
}

@test "ptp: without new measurements there is no jitter, and the reading grows stale" {
  slave 'announceReceiptTimeout 240'
  lab_freeze gm
  MORE='stale_after = 1s' ptp /run/ptp/slave
  measure
  in_time 6
  verdict 1 stale ' [3-6](\.[0-9])?s .* 1s\)'
  server_is .jitter_s null
  remark '[^;]* 1 [^;]* [0-9]+ [^;]*'
}

@test "ptp: a short deadline is met with fewer samples" {
  slave
  ptp /run/ptp/slave 'ptp_interval = 300ms'
  measure -t 1
  in_time 1
  verdict 0 ok
  remark '[^;]* 2 [^;]* 2 [^;]*'
  ptp /run/ptp/slave 'ptp_interval = 60s'
  measure -t 1
  in_time 1
  verdict 0 ok
  remark '[^;]* 1 [^;]* 1 [^;]*'
}

@test "ptp: domain and transport_specific must be ptp4l's" {
  lab_ptp_start other a1 'domainNumber 24' 'transportSpecific 1' 'priority1 10' "$SOON"
  lab_ptp_start slave b1 'domainNumber 24' 'transportSpecific 1' 'slaveOnly 1' 'clock_servo linreg'
  lab_ptp_reach slave SLAVE
  ptp /run/ptp/slave 'domain = 24' 'transport_specific = 1'
  measure
  verdict 0 ok
  while read -r domain specific; do
    ptp /run/ptp/slave "domain = $domain" "transport_specific = $specific"
    measure
    in_time 4
    verdict 3 timeout "/run/ptp/slave .* 1s.*domainNumber [^,0-9]*$domain .*transportSpecific [^,0-9]*$specific;" ||
      row "$domain $specific"
  done <<'ROWS'
24 0
0 1
ROWS
}

@test "ptp: a check leaves no file behind, and ptp4l unchanged" {
  slave
  local before
  before=$(ls -A /run /run/ptp ~)
  AS=lab_as_user measure
  verdict 0 ok
  [ "$(ls -A /run /run/ptp ~)" = "$before" ]
  lab_ptp_is slave SLAVE
  lab_alive slave
}

# --- not (yet) synchronised ---------------------------------------------------

@test "ptp: UNCALIBRATED is warming up" {
  lab_ptp_start slave b0 'slaveOnly 1' 'free_running 1'
  lab_ptp_reach slave UNCALIBRATED
  lab_until 5 ptp_measured
  measure
  verdict 0 warming-up 'UNCALIBRATED: .*, server: '
  server_is '[.offset_s, .delay_s > 0]' '[null,true]'
  in_time 2
}

@test "ptp: UNCALIBRATED without an answer to delay requests: no figures, and a warning after a minute" {
  plain_build_only faketime
  lab_ptp_start slave b0 'slaveOnly 1' 'delay_mechanism P2P' 'clock_servo linreg'
  lab_ptp_reach slave UNCALIBRATED
  measure
  verdict 0 warming-up 'UNCALIBRATED: '
  server_is '[.offset_s, .delay_s]' '[null,null]'
  AS=in_two_minutes
  measure
  verdict 1 not-synchronised 'UNCALIBRATED: .* 2min.*; .*delay_mechanism'
}

@test "ptp: a system clock days away from ptp4l's clock is a warning" {
  plain_build_only faketime
  slave
  AS=in_three_days
  measure
  verdict 1 not-synchronised ' ahead .*; .*phc2sys'
}

in_two_minutes() {
  faketime -f +2m "$@"
}

in_three_days() {
  faketime -f +3d "$@"
}

ptp_measured() {
  [ "$(lab_ptp_get slave TIME_STATUS_NP ingress_time)" != 0 ]
}

# not_synchronised REGEX: a warning that matches, without figures.
not_synchronised() {
  measure
  in_time 2
  verdict 1 not-synchronised "$1" || return
  server_is '[.offset_s, .delay_s, .age_s, .jitter_s]' '[null, null, null, null]'
}

@test "ptp: a clock that is its own grandmaster is not healthy" {
  lab_ptp_start slave b1 "$SOON"
  lab_ptp_reach slave MASTER
  [ "$(whole_ns slave CURRENT_DATA_SET offsetFromMaster)" = 0 ] # an offset of 0 must not count
  not_synchronised 'MASTER: .*, source: ptp$'
  server_is .server null
}

@test "ptp: a clock that hears no master is not healthy" {
  lab_ptp_start slave b1 'slaveOnly 1'
  lab_ptp_reach slave LISTENING
  not_synchronised 'LISTENING: .*, source: ptp$'
}

@test "ptp: a port whose link is down is FAULTY" {
  slave
  ip link set b0 down
  lab_ptp_reach slave FAULTY
  not_synchronised 'FAULTY: '
}

@test "ptp: among several ports the SLAVE is read" {
  lab_ptp_start slave 'b1 b0' 'clock_servo linreg' "$SOON"
  lab_ptp_reach slave SLAVE
  lab_ptp_reach slave MASTER
  measure
  verdict 0 ok
  remark '[^;]* [2-8] [^;]* [0-9]+ [^;]*'
  ip link set b0 down
  lab_ptp_reach slave FAULTY
  not_synchronised ' 2 .*SLAVE; .* 2 .*FAULTY: '
}

# --- no answer ------------------------------------------------------------------

@test "ptp: when ptp4l is not running, the sockets tried are named" {
  measure
  in_time 1
  verdict 3 no-service ": /run/ptp/slave; .*systemctl status 'ptp4l\*'$"
  printf '%s\n' '[monitoring]' 'source = ptp' >"$CONF"
  measure
  verdict 3 no-service ': /run/ptp4lro /run/ptp/ptp4lro /run/ptp4l /run/ptp/ptp4l; '
}

@test "ptp: a ptp4l that was stopped or killed is not running" {
  slave
  lab_stop slave
  measure
  verdict 3 no-service ': /run/ptp/slave; '
  slave
  lab_kill slave
  measure
  in_time 1
  verdict 3 no-service ' socket /run/ptp/slave; '
}

@test "ptp: a ptp4l that hangs is a timeout, and is read again once it wakes up" {
  slave
  lab_freeze slave
  measure
  in_time 4
  verdict 3 timeout ' /run/ptp/slave .* 1s'
  measure -t 1
  in_time 1
  verdict 3 timeout ' /run/ptp/slave .* 3[0-9]{2}ms'
  lab_thaw slave
  lab_until 10 ptp_healthy
}

ptp_healthy() {
  measure && jq -e '.reason == "ok"' "$OUT" >/dev/null
}

@test "ptp: a user without permission for the socket gets advice" {
  slave
  chmod 000 /run/ptp/slave
  AS=lab_as_user measure
  in_time 1
  verdict 3 denied ' /run/ptp/slave; .*uds_ro_address'
  chmod 666 /run/ptp/slave
  AS=lab_as_user measure
  verdict 0 ok
}

@test "ptp: the first socket that answers is used" {
  slave
  lab_ptp_start other b1 "$SOON"
  lab_freeze other
  : >/run/ptp/file
  ptp '/run/ptp/none /run/ptp/file /run/ptp/other /run/ptp/slave'
  measure
  in_time 5
  verdict 0 ok
}
