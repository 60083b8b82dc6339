# bus_faults.bats: every way in which the system bus, or whoever owns timesyncd's name on it, can fail: status 3
# within the deadline, a reason and advice, and never a figure that is not true.

# shellcheck disable=SC2016,SC2034,SC2154 # other shells' $; time.bash's AS, and what it sets

setup() {
  load time
  SOURCE=timesyncd
}

teardown() {
  lab_logs_on_failure
  lab_stop_all
  rm -f "$LAB_DIR"/log/*
}

# --- no bus, or a broken one ------------------------------------------------------

# bad_bus MODE REASON [REGEX]: checks as root and as a user.
bad_bus() {
  local mode=$1 reason=$2 pattern=${3-}
  lab_bad_bus_start "$mode" || return
  for AS in '' lab_as_user; do
    check -t 1
    in_time 2 && verdict 3 "$reason" "$pattern" || return
    harmless "$OUT" "$ERR" || return
  done
}

readonly CLOSED='(Connection reset by peer|Broken pipe); .*systemctl status dbus$'
readonly SILENT=' [0-9.]+m?s; .*systemctl status dbus$'

@test "bus: accepts and closes" {
  bad_bus accept-close no-bus "$CLOSED"
}

@test "bus: accepts and is silent" {
  bad_bus accept-silent timeout "$SILENT"
}

@test "bus: sends garbage and is silent" {
  bad_bus garbage timeout "$SILENT"
}

@test "bus: sends an endless line" {
  bad_bus endless no-bus
}

@test "bus: answers at ten bytes per second" {
  bad_bus drip timeout "$SILENT"
}

@test "bus: refuses every authentication" {
  bad_bus reject denied 'Operation not permitted; '
}

@test "bus: authenticates and is silent" {
  bad_bus auth-silent timeout "$SILENT"
}

@test "bus: authenticates and sends garbage" {
  bad_bus auth-garbage no-bus 'Bad message'
}

@test "bus: authenticates and closes" {
  bad_bus auth-close no-bus "$CLOSED"
}

@test "bus: says hello and is silent" {
  bad_bus hello-silent timeout ' [0-9.]+m?s'
}

@test "bus: says hello and closes on the call" {
  bad_bus hello-close no-bus "$CLOSED"
}

@test "bus: its backlog is full" {
  bad_bus backlog-full no-bus 'Resource temporarily unavailable; .*systemctl status dbus$'
}

@test "bus: a socket without a listener" {
  bad_bus stale no-bus 'Connection refused; '
}

@test "bus: none there" {
  : >"$BATS_TEST_TMPDIR/file"
  while read -r path words; do
    for AS in '' lab_as_user; do
      DBUS_SYSTEM_BUS_ADDRESS=unix:path=$path check -t 1
      in_time 1
      verdict 3 no-bus "$words; "
    done
  done <<ROWS
/nonexistent/socket No such file or directory
$BATS_TEST_TMPDIR/file Connection refused
$BATS_TEST_TMPDIR Connection refused
/dev/null Connection refused
ROWS
  unset DBUS_SYSTEM_BUS_ADDRESS # then the standard path, which the lab does not have
  check
  verdict 3 no-bus 'No such file or directory; '
}

# Drops our own user from the lab's /etc/passwd: DynamicUser= looks like this to dbus-daemon.
@test "bus: dbus-daemon rejects a user without a passwd entry, and the log says so" {
  lab_bus_start
  lab_stop bus
  grep -v ':x:0:' /etc/passwd >"$BATS_TEST_TMPDIR/passwd"
  mount --bind "$BATS_TEST_TMPDIR/passwd" /etc/passwd
  rm -f /run/dbus/system_bus_socket
  lab_spawn bus dbus-daemon --config-file="$LAB_DIR/bus.conf" --nofork --nopidfile --nosyslog
  lab_until 5 test -S /run/dbus/system_bus_socket
  check
  umount /etc/passwd
  verdict 3 denied 'uid 0 .*/etc/passwd; ' 'User=ntp_monitor, .*DynamicUser=yes'
}

@test "bus: no permission for the socket" {
  lab_bus_start
  chmod 000 /run/dbus/system_bus_socket
  AS=lab_as_user
  check
  verdict 3 denied 'Permission denied; '
}

@test "bus: a frozen dbus-daemon is a timeout" {
  lab_bus_start
  lab_fake_start
  lab_freeze bus
  for AS in '' lab_as_user; do
    check -t 1
    in_time 2
    verdict 3 timeout "$SILENT"
  done
  lab_thaw bus
  check
  verdict 0 ok
}

# True while a connection waits for the bus to accept it: state 02 in /proc/net/unix.
waiting_at_bus() {
  awk '$6 == "02" && $8 ~ /system_bus_socket$/ { found = 1 } END { exit !found }' /proc/net/unix
}

@test "bus: one that wakes up in time still serves" {
  lab_bus_start
  lab_fake_start
  lab_freeze bus
  { lab_until 5 waiting_at_bus && lab_thaw bus; } 3>&- &
  check
  verdict 0 ok
}

@test "bus: its policy forbids the call" {
  lab_bus_start -d
  lab_fake_start
  for AS in '' lab_as_user; do
    check
    in_time 1
    verdict 3 denied 'systemd-timesyncd.* \(.+\); .*org\.freedesktop\.timesync1\.conf .*/usr/share/dbus-1/system\.d$'
  done
}

# --- where DBUS_SYSTEM_BUS_ADDRESS leads -------------------------------------------

@test "address: root executes nothing that the environment names" {
  evil=$LAB_DIR/tmp/evil
  printf '#!/bin/sh\n: >"$0.ran"\n' >"$evil"
  chmod 755 "$evil"
  for address in "unixexec:path=$evil" "unix:path=/nonexistent;unixexec:path=$evil" \
    "unixexec:path=$evil;unix:path=/nonexistent" ";unixexec:path=$evil" \
    "unix:path=/nonexistent;;unixexec:path=$evil" "unix:path=/nonexistent;unixexec:path=$evil;"; do
    DBUS_SYSTEM_BUS_ADDRESS=$address check -t 1
    in_time 1
    verdict 3 no-bus 'DBUS_SYSTEM_BUS_ADDRESS .*unix: '
    [ ! -e "$evil.ran" ] || fail "executed: $address"
  done
  # A user may, as in every program that uses sd-bus; this also shows that the trap works.
  AS=lab_as_user
  DBUS_SYSTEM_BUS_ADDRESS=unixexec:path=$evil check -t 1
  in_time 2
  verdict 3 no-bus
  lab_until 2 test -e "$evil.ran"
}

@test "address: root connects to unix: addresses only" {
  for address in tcp:host=127.0.0.1,port=1 x-machine-unix:machine=box autolaunch: unixexec: \
    UNIX:path=/x ' unix:path=/x' nonsense $'tcp:\e[31m\n\xff'; do
    DBUS_SYSTEM_BUS_ADDRESS=$address check -t 1
    in_time 1
    verdict 3 no-bus 'DBUS_SYSTEM_BUS_ADDRESS .*unix: '
    harmless "$OUT" "$ERR"
  done
  # Well-formed, but leading nowhere.
  for address in '' unix: unix:path= unix:path=relative 'unix:path=%zz' unix:abstract=nobody; do
    for AS in '' lab_as_user; do
      DBUS_SYSTEM_BUS_ADDRESS=$address check -t 1
      in_time 2
      verdict 3 no-bus
      if grep -q DBUS_SYSTEM_BUS_ADDRESS "$OUT"; then fail "refused: $address"; fi
    done
  done
}

# --- a false timesyncd: the reply's form ---------------------------------------------

# answer SETTING...: checks against a fake_timesync1 with these settings.
answer() {
  lab_stop fake
  lab_fake_start "$@" || return
  check -t 1
  in_time 2 || fail "$*"
}

@test "reply: another type or a missing field is refused" {
  lab_bus_start
  while read -r mode words; do
    answer "$mode"
    verdict 3 bad-reply "systemd-timesyncd.* $words" || row "$mode"
    harmless "$OUT" "$ERR"
  done <<'ROWS'
nothing '' .*a\{sv\}
text 's' .*a\{sv\}
texts '\(ss\)' .*a\{sv\}
not-variants 'a\{ss\}' .*a\{sv\}
not-names 'a\{uv\}' .*a\{sv\}
more 'a\{sv\}s' .*a\{sv\}
empty ServerName
many property list
no-name ServerName
no-address ServerAddress
no-poll PollIntervalUSec
no-message NTPMessage; .* 239
name-number ServerName .* u .* s
address-text ServerAddress .* s .* \(iay\)
poll-text PollIntervalUSec .* s .* t
message-text NTPMessage .* s .* \(uuuuittayttttbtt\)
message-short NTPMessage .* \(uuuu\) .* \(uuuuittayttttbtt\)
message-long NTPMessage .* \(uuuuittayttttbttu\) .* \(uuuuittayttttbtt\)
message-fd NTPMessage .* h .* \(uuuuittayttttbtt\)
ROWS
}

@test "reply: fields that are not read may hold anything" {
  lab_bus_start
  answer fd
  verdict 0 ok
  server_is '[.jitter_s, .replies]' '[0.001207,10]'
}

@test "reply: a name of one mebibyte is cut, and the lines stay lines" {
  lab_bus_start
  answer name-huge
  verdict 0 ok 'server: A+\.\.\., source: timesyncd$'
  server_is '.server | length < 300' true
  [ "$(wc -c <"$ERR")" -lt 1024 ] || fail 'the log line is not bounded'
  run_program -o text -d -l none
  [ "$(wc -L <"$OUT")" -lt 1024 ] && [ "$(wc -L <"$ERR")" -lt 1100 ] || fail 'text is not bounded'
}

@test "reply: D-Bus errors map to reasons by their names" {
  lab_bus_start
  e=org.freedesktop.DBus.Error
  while read -r name reason words; do
    answer error error_name="$name" error_message='because'
    verdict 3 "$reason" "$words" || row "$name"
  done <<ROWS
$e.ServiceUnknown no-service systemctl start systemd-timesyncd
$e.NameHasNoOwner no-service systemctl start systemd-timesyncd
org.freedesktop.systemd1.NoSuchUnit no-service systemctl start systemd-timesyncd
$e.NoReply no-service systemctl status systemd-timesyncd
$e.AccessDenied denied systemd-timesyncd.* \(because\);
$e.UnknownMethod bad-reply $e\.UnknownMethod: because
org.example.Broken bad-reply org\.example\.Broken: because
ROWS
  # A newline, an escape sequence, a right-to-left override, a C1 control.
  answer error error_message=0x6974200a1b5b33316d20e280ae20c29b20656e64
  verdict 3 bad-reply 'org\.example\.Broken: it \\x0a\\x1b\[31m \\xe2\\x80\\xae \\xc2\\x9b end'
  harmless "$OUT" "$ERR"
}

@test "reply: none at all, a late one, and an owner that exits instead" {
  lab_bus_start
  answer swallow
  verdict 3 timeout ' [0-9.]+m?s.* systemctl status systemd-timesyncd$'
  answer late=5s
  verdict 3 timeout
  answer late=200ms
  verdict 0 ok
  [ "$took_ms" -ge 190 ]
  answer exit
  in_time 1
  verdict 3 no-service 'systemctl status systemd-timesyncd$'
}

# --- a false timesyncd: the values ---------------------------------------------------------

@test "values: impossible ones make no reading" {
  lab_bus_start
  while IFS='|' read -r settings words; do
    # shellcheck disable=SC2086 # several settings
    answer $settings
    verdict 3 bad-reply "$words" || row "$settings"
  done <<'ROWS'
leap=4|leap .* 4\>.* 0 to 3
leap=4294967295|leap .* 4294967295\>
version=2|version .* 2\>.* 3 or 4
version=5|version .* 5\>
mode=3|mode .* 3\>.* 4
mode=5|mode .* 5\>
stratum=17|stratum .* 17\>.* 0 to 16
stratum=4294967295|stratum .* 4294967295\>
precision=129|precision
precision=-129|precision
precision=-2147483648|precision
reference=0x|reference.* 0\>
reference=0x010203|reference.* 3\>
reference=0x0102030405|reference.* 5\>
root_delay_us=86400000001|root delay .* day
root_delay_us=18446744073709551615|root delay .* day
root_dispersion_us=86400000001|root dispersion .* day
root_dispersion_us=18446744073709551615|root dispersion .* day
jitter_us=9223372036854776|jitter .* 292 years
jitter_us=9223372036854775808|jitter .* 292 years
jitter_us=18446744073709551615|jitter .* 292 years
address=0xc00002|family 2 .*3 bytes
address=0x|family 2 .*0 bytes
family=10|family 10 .*4 bytes
family=0|family 0 .*4 bytes
family=-1|family -1
family=1|family 1\>
family=10 address=0x0102030405060708090a0b0c0d0e0f1011|family 10 .*17 bytes
t1=18446744073709551615|originate .*2262
t2=18446744073709551615|receive .*2262
t3=9223372036854775809|transmit .*2262
t4=9223372036854776|destination .*2262
t1=now t4=now-1s|timestamps .*\(.*, .*\)
t2=now t3=now-1s|timestamps .*\(.*, .*\)
t1=now-1s t2=now-3s t3=now t4=now|timestamps .*\(.*, .*\)
ROWS
}

@test "values: the extreme possible ones make a reading" {
  lab_bus_start
  while IFS='|' read -r settings wanted reason filter value; do
    # shellcheck disable=SC2086 # several settings
    answer $settings
    verdict "$wanted" "$reason" && server_is "$filter" "$value" || row "$settings"
  done <<'ROWS'
leap=0 version=3 stratum=1|0|ok|[.leap, .stratum]|["none",1]
leap=1|0|ok|.leap|"insert"
leap=2|0|ok|.leap|"delete"
leap=3|1|not-synchronised|.leap|"unsynchronised"
stratum=9|0|ok|.stratum|9
stratum=15|1|stratum|.stratum|15
stratum=16|1|not-synchronised|[.stratum, .leap]|[16,"unsynchronised"]
stratum=0|1|not-synchronised|[.stratum, .leap]|[0,"unsynchronised"]
precision=127|0|ok|.replies|10
precision=-128|0|ok|.replies|10
jitter_us=86400000000|1|jitter|.jitter_s|86400
jitter_us=198720000000|1|jitter|.jitter_s|198720
jitter_us=9223372036854775|1|jitter|.jitter_s > 9.2e9|true
root_delay_us=10000000|0|ok|.root_distance_s|5
root_delay_us=10000002|1|root-distance|.root_distance_s == 5.000001|true
root_delay_us=86400000000|1|root-distance|.root_distance_s|43200
root_delay_us=1|0|ok|.root_distance_s == 5e-7|true
root_dispersion_us=86400000000|1|root-distance|.root_distance_s|86400
poll_us=131072000000|0|ok|.poll_interval_s|131072
poll_us=259200000000|0|ok|.poll_interval_s|259200
poll_us=18446744073709551615|0|ok|.poll_interval_s > 2.3e9|true
precision=-6 t1=now-2ms t2=now t3=now+15ms t4=now|0|ok|.delay_s|0
age=2000s poll_us=2048000000 offset=0 delay=0 root_delay_us=0 root_dispersion_us=13000|0|ok|.error_bound_s > 0.0429 and .error_bound_s < 0.0432|true
poll_us=0|0|ok|.poll_interval_s|null
family=10 address=0x20010db8000000000000000000000001|0|ok|.address|"2001:db8::1"
family=0 address=0x|0|ok|.address|null
name=|0|ok|.server|null
spike=1|0|ok|.spike|true
packets=18446744073709551615|0|ok|.replies > 1.8e19|true
packets=1 jitter_us=0|0|warming-up|[.jitter_s, .replies]|[null,1]
offset=-250ms|0|ok|.offset_s|-0.25
offset=250ms delay=0|0|ok|[.offset_s, .delay_s]|[0.25,0]
ROWS
}

@test "values: before the first reply nothing in the message counts" {
  lab_bus_start
  answer packets=0 t1=0 t2=18444535084909551616 t3=18444535084909551616 t4=0 jitter_us=0 stratum=0
  verdict 1 not-synchronised 'ntp\.example\.org'
  server_is '[.jitter_s, .offset_s, .delay_s, .root_distance_s, .age_s, .stratum, .leap, .replies]' \
    '[null,null,null,null,null,null,null,0]'
  answer packets=0 jitter_us=18446744073709551615 stratum=77 leap=9 mode=1 reference=0x name= \
    family=0 address=0x
  verdict 1 not-synchronised networkctl
}

@test "age: too old, and in the future" {
  lab_bus_start
  while IFS='|' read -r settings wanted reason words; do
    # shellcheck disable=SC2086 # several settings
    answer $settings
    verdict "$wanted" "$reason" "$words" || row "$settings"
  done <<'ROWS'
age=811s|0|ok|
age=813s|1|stale| 13min 3[34]s .* 13min 32s
poll_us=1000000 age=780s|0|ok|
poll_us=1000000 age=782s|1|stale| 13min [23]s .* 13min 1s
poll_us=0 age=2827s|0|ok|
poll_us=0 age=2829s|1|stale| 47min 8s
age=-0.9s|0|ok|
age=-1.5s|1|stale| 1\.[45]s .*future
packets=1 jitter_us=0 age=-1.5s offset=1s|0|warming-up|
packets=1 jitter_us=0 age=-1.5s offset=-1s|0|warming-up|
packets=1 jitter_us=0 age=-2.5s offset=1s|1|stale|future
packets=1 jitter_us=0 age=-2.5s offset=-1s|1|stale|future
age=-1.5s offset=1s|1|stale|future
age=-3000s offset=3600s|2|offset|stale: .* (50min|49min 5[89]s) .*future
age=3600s offset=3600s|2|offset|stale: .* 1h\>
age=-3600s|1|stale| (1h|59min 59s) .*future
packets=1 jitter_us=0 age=816s offset=5s|0|warming-up|
packets=1 jitter_us=0 age=818s offset=5s|1|stale|
packets=1 jitter_us=0 age=816s offset=-5s|1|stale|
packets=1 jitter_us=0 age=3600s offset=7200s|1|stale| (1h|59min 59s)
t1=0 t2=0 t3=0 t4=0|1|stale| [0-9]+d\>
ROWS
  answer age=813s jitter_us=3000000
  verdict 1 stale ', jitter: 3s \(threshold: 2s\)'
  check -c 2.5
  verdict 2 jitter
}

# The build with UBSan would report an overflow.
@test "age: timestamps at the ends of their range" {
  lab_bus_start
  end=9223372036854775
  while read -r t1 t2 t3 t4 wanted reason; do
    answer "t1=$t1" "t2=$t2" "t3=$t3" "t4=$t4" root_delay_us=86400000000
    verdict "$wanted" "$reason" stale || row "$t1 $t2 $t3 $t4"
    config 'offset_threshold = 1s'
    check -C "$CONF"
    verdict "$wanted" "$reason" || row "$t1 $t2 $t3 $t4"
    check -l 127.0.0.1 # RFC 5424 lines carry the clock's error bound, which is computed here
    [ "$status" = "$wanted" ] || fail "$t1 $t2 $t3 $t4"
    run_program -o text -l none
    [ "$status" = "$wanted" ] || fail "$t1 $t2 $t3 $t4"
  done <<ROWS
0 $end $end 0 2 offset
0 $end $end $end 2 offset
0 0 0 $end 2 offset
$end $end $end $end 1 stale
0 0 $end $end 1 stale
ROWS
}

@test "limits: strictly above, to the nanosecond, and by absolute offset" {
  lab_bus_start
  answer offset=-250ms
  check -w 1207us
  verdict 0 ok
  check -w 1206999ns
  verdict 1 jitter '^NTP jitter above threshold: 1\.207ms \(threshold: 1\.206999ms\)'
  check -c 1207us -w 1ms
  verdict 1 jitter
  check -c 1206999ns -w 1ms
  verdict 2 jitter
  config 'offset_threshold = 250ms'
  check -C "$CONF"
  verdict 0 ok ', offset at the last reply: -250ms \(threshold: 250ms\)'
  config 'offset_threshold = 249999999ns'
  check -C "$CONF"
  verdict 1 offset '^NTP offset at the last reply above threshold: -250ms \(threshold: 249\.999999ms\)'
  config 'offset_critical = 249999999ns'
  check -C "$CONF"
  verdict 2 offset
}

# --- the server's name ---------------------------------------------------------------------

@test "name: hostile characters reach no log and no terminal" {
  lab_bus_start
  answer
  run_program -o text -l none
  line_count=$(wc -l <"$OUT")
  # Line ends, ESC, DEL, C1, line separator, bidi controls, zero width, byte order mark, tag.
  for bytes in 0a 0d 09 1b5b324a 7f c285 c29b324a e280a8 e280a9 e280ae e281a6 d89c e2808b efbbbf \
    f3a08081; do
    answer "name=0x6e7470$bytes$(printf '\nCRITICAL forged' | od -An -tx1 | tr -d ' \n')"
    verdict 0 ok 'server: ntp(\\x[0-9a-f]{2})+.*\\x0aCRITICAL forged, source: timesyncd$' || row "$bytes"
    harmless "$OUT" "$ERR"
    for format in text nagios; do
      run_program -o "$format" -l stderr
      harmless "$OUT" "$ERR"
    done
    run_program -o text -d -l none
    [ "$(wc -l <"$OUT")" = "$line_count" ] || fail "$bytes: a line was forged"
    harmless "$OUT" "$ERR"
  done
}

@test "name: harmless but unusual characters are shown as they are" {
  lab_bus_start
  for name in 'a"b\c]d' $'\u00fc\u4e2d.example' "it's 100%s %n" '<b>&amp;'; do
    answer "name=$name"
    verdict 0 ok
    [ "$(server .server | jq -r .)" = "$name" ] || fail "$name"
    grep -qF "server: $name, source" "$ERR" || row "$name"
    harmless "$OUT" "$ERR"
  done
  # Cut between characters, not within one.
  answer "name=0x$(for _ in {1..85}; do printf e4b8ad; done)"
  verdict 0 ok
  harmless "$OUT" "$ERR"
}
