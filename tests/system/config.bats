#!/usr/bin/env bats
# The layers of the configuration, from files to verdict: /etc, the user's file over it key by key, the command line
# over both, -C alone; files of the Python version; every defect of a file, reported as FILE:LINE in the log with OK
# turned into status 3 and nothing else changed; and the homes, locales, owners and modes that decide which file is
# read. Readings come from texts, so that builds without libsystemd are tested alike.
# shellcheck disable=SC2030,SC2031,SC2154 # bats' own names, set in a test

bats_require_minimum_version 1.5.0
load usage

readonly ETC=/etc/ntp_monitor.conf
readonly NO_PROBLEM='0 problems[^0-9]*' # the end of --check-config's output

setup_file() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  make_locales
}

# de_DE writes 2,5 for 2.5; ko_KR is written in another script.
make_locales() {
  local name
  type -P localedef >/dev/null || return 0
  mkdir "$LAB_DIR/locale"
  for name in de_DE ko_KR; do
    localedef -i "$name" -f UTF-8 "$LAB_DIR/locale/$name.UTF-8" >"$LAB_DIR/log/localedef" 2>&1 || :
  done
}

setup() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  USER_FILE=$HOME/.ntp_monitor.conf
  rm -rf "$ETC" "$USER_FILE" "$LAB_DIR/user/.ntp_monitor.conf"
  good=$BATS_TEST_TMPDIR/good
  echo Jitter=1.5ms >"$good"
  high=$BATS_TEST_TMPDIR/high
  echo Jitter=3s >"$high"
}

teardown() {
  lab_logs_on_failure
}

teardown_file() {
  lab_stop_all
}

# write FILE LINE...: replaces the file with these lines.
write() {
  local file=$1
  shift
  rm -rf "$file"
  printf '%s\n' "$@" >"$file"
}

# Runs the program as cron does, with the log on stderr and a healthy reading.
check() {
  as_cron -l stderr -s "text:$good" "$@"
}

# Prints each setting of --print-config with these arguments as "KEY = VALUE (ORIGIN)".
settings() {
  as_cron --print-config "$@" | sed -nE 's/^([a-z_]+) += (.*[^ ]) +; (.*)$/\1 = \2 (\3)/p'
}

# set_to KEY VALUE ORIGIN [ARGUMENT...]
set_to() {
  local wanted="$1 = $2 ($3)" found
  found=$(settings "${@:4}" | grep "^$1 = ")
  [ "$found" = "$wanted" ] || fail "it is: $found
and not: $wanted"
}

# healthy [ARGUMENT...]: status 0, and the log has only the verdict.
healthy() {
  expect 0 check "$@"
  lines_are "$stderr" "ntp_monitor: INFO NTP healthy, .*"
}

# problem WHERE KEY REASON [ARGUMENT...]: what every problem must do. WHERE is FILE:LINE or FILE, KEY may be empty,
# and the line holds REASON; the arguments are the program's.
problem() {
  local where=$1 key=$2 reason=$3 line
  shift 3
  # OK becomes 3 and the verdict's line says why; the rest of that line stays.
  expect 3 check "$@"
  [ -z "$output" ] || fail "on stdout: $output" || return
  [ "$(wc -l <<<"$stderr")" = 2 ] || fail "not two lines: $stderr" || return
  line=${stderr%%$'\n'*}
  [[ $line == "ntp_monitor: ERROR $where: ${key:+$key: }"*"$reason"* ]] ||
    fail "this is not $where: $key ... $reason: $line" || return
  [[ ${stderr##*$'\n'} == "ntp_monitor: ERROR NTP healthy, "*" 1 "*--check-config ]] ||
    fail "the verdict does not say it: $stderr" || return
  # WARNING and CRITICAL keep their status, and so does a missing reading.
  expect 1 as_cron -l stderr -s "text:$high" "$@"
  [[ $stderr == "$line"$'\n'"ntp_monitor: WARNING NTP jitter above "* ]] || fail "$stderr" || return
  expect 2 as_cron -l stderr -s "text:$high" -c 2.5 "$@"
  [[ $stderr == "$line"$'\n'"ntp_monitor: CRITICAL NTP jitter above "* ]] || fail "$stderr" || return
  expect 3 as_cron -l stderr -s "text:$good.not" "$@"
  [[ $stderr == "$line"$'\n'"ntp_monitor: WARNING "*" $good.not: "* ]] || fail "$stderr" || return
  # --check-config prints the same words.
  expect 3 as_cron --check-config "$@"
  lines_are "$stderr" || return
  [[ $output == "problem: ${line#ntp_monitor: ERROR }"$'\n1 problem'* ]] || fail "$output"
}

# warning WHERE REASON [ARGUMENT...]: what every warning must do: appear, and change no status.
warning() {
  local where=$1 reason=$2 line
  shift 2
  expect 0 check "$@"
  [ "$(wc -l <<<"$stderr")" = 2 ] || fail "not two lines: $stderr" || return
  line=${stderr%%$'\n'*}
  [[ $line == "ntp_monitor: WARNING $where: "*"$reason"* ]] ||
    fail "this is not $where: ... $reason: $line" || return
  [[ ${stderr##*$'\n'} == "ntp_monitor: INFO NTP healthy, "* ]] || fail "$stderr" || return
  expect 0 as_cron --check-config "$@"
  lines_are "$stderr" || return
  [[ $output == "warning: ${line#ntp_monitor: WARNING }"$'\n0 problem'*' 1 warning'* ]] || fail "$output"
}

# --- the layers ----------------------------------------------------------------

@test "layers: without any file every key has its default" {
  healthy
  expect 0 as_cron --check-config
  lines_are "$output" "$NO_PROBLEM"
  lines_are "$stderr"
  expect 0 as_cron --print-config
  lines_are "$stderr"
  all=$(settings)
  [ "$(grep -c ' (default)$' <<<"$all")" = "$(wc -l <<<"$all")" ]
  for wanted in 'jitter_threshold = 2s' 'jitter_critical = off' 'offset_threshold = 1s' \
    'offset_critical = 1min' 'root_distance_threshold = 5s' 'root_distance_critical = off' \
    'stratum_threshold = 9' 'stratum_critical = off' 'clock_class_threshold = off' \
    'stale_after = auto' 'min_replies = 2' 'source = auto' 'timeout = 10s' 'debug_mode = false' \
    'log_level = INFO' 'syslog_address = /dev/log' 'syslog_facility = daemon' \
    'syslog_format = auto'; do
    grep -qxF "$wanted (default)" <<<"$all" || fail "not at its default: $wanted"
  done
}

@test "layers: /etc alone" {
  write "$ETC" '# a comment' '[monitoring]' 'jitter_threshold = 4' '' '[logging]' \
    'syslog_facility = local3'
  set_to jitter_threshold 4s "$ETC:3"
  set_to syslog_facility local3 "$ETC:6"
  set_to min_replies 2 default
  expect 0 as_cron -l stderr -s "text:$high"
  lines_are "$stderr" 'ntp_monitor: INFO NTP healthy, jitter: 3s \(threshold: 4s\), .*'
}

@test "layers: the user's file alone" {
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = 4'
  set_to jitter_threshold 4s "$USER_FILE:2"
  expect 0 as_cron -l stderr -s "text:$high"
}

@test "layers: the user's file overrides /etc key by key" {
  write "$ETC" '[monitoring]' 'jitter_threshold = 1' 'min_replies = 3' '[logging]' \
    'syslog_format = rfc3164' 'syslog_facility = cron'
  write "$USER_FILE" '[logging]' 'syslog_facility = user' '[monitoring]' 'jitter_threshold = 4'
  set_to jitter_threshold 4s "$USER_FILE:4"
  set_to min_replies 3 "$ETC:3"
  set_to syslog_format rfc3164 "$ETC:5"
  set_to syslog_facility user "$USER_FILE:2"
  expect 0 as_cron -l stderr -s "text:$high"
  # Also for a key that the user's file sets back to its default.
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = 2s'
  set_to jitter_threshold 2s "$USER_FILE:2"
  expect 1 as_cron -l stderr -s "text:$high"
}

@test "layers: -C is read alone; neither /etc nor the user's file is opened" {
  write "$ETC" '[monitoring]' 'jitter_threshold = never' 'min_replies = 7'
  write "$USER_FILE" '[monitoring]' 'timeout = never' 'stale_after = 1h'
  write "$BATS_TEST_TMPDIR/own" '[monitoring]' 'jitter_threshold = 4'
  for option in -C --config; do
    set_to jitter_threshold 4s "$BATS_TEST_TMPDIR/own:2" "$option" "$BATS_TEST_TMPDIR/own"
    set_to min_replies 2 default "$option" "$BATS_TEST_TMPDIR/own"
    set_to stale_after auto default "$option" "$BATS_TEST_TMPDIR/own"
    expect 0 as_cron -l stderr -s "text:$high" "$option" "$BATS_TEST_TMPDIR/own"
    lines_are "$stderr" 'ntp_monitor: INFO NTP healthy, .*'
  done
  expect 0 check -d -C "$BATS_TEST_TMPDIR/own"
  [[ $stderr != *"$ETC"* ]]
  [[ $stderr != *"$USER_FILE"* ]]
  # A relative name is found in the working directory; nothing else there is read.
  cd "$BATS_TEST_TMPDIR"
  set_to jitter_threshold 4s own:2 -C own
}

@test "layers: a missing file is a problem with -C; an empty one is not" {
  problem "$BATS_TEST_TMPDIR/none" '' 'No such file' -C "$BATS_TEST_TMPDIR/none"
  : >"$BATS_TEST_TMPDIR/empty"
  healthy -C "$BATS_TEST_TMPDIR/empty"
}

@test "layers: the command line overrides both files" {
  write "$ETC" '[monitoring]' 'jitter_threshold = 1' 'timeout = 5' 'source = text:/nowhere' \
    '[logging]' 'syslog_address = /nowhere/log'
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = 1.5' 'jitter_critical = 1.75'
  arguments=(-w 4 --critical 5min -t 500ms -s "text:$high" -s "text:$good" -l stderr)
  set_to jitter_threshold 4s 'command line' "${arguments[@]}"
  set_to jitter_critical 5min 'command line' "${arguments[@]}"
  set_to timeout 500ms 'command line' "${arguments[@]}"
  set_to source "text:$high text:$good" 'command line' "${arguments[@]}"
  set_to syslog_address stderr 'command line' "${arguments[@]}"
  set_to debug_mode true 'command line' -d
  expect 0 as_cron "${arguments[@]}"
  expect 2 as_cron -s "text:$high" -l stderr
  expect 1 as_cron -s "text:$high" -l stderr -c 4
  # The last of two options wins, and is checked against the file's critical limit.
  set_to jitter_threshold 1.6s 'command line' -w 4 -w 1.6
  expect 3 as_cron --print-config -w 1.6 -w 4
  lines_are "$stderr" "ntp_monitor: ERROR usage: jitter_critical 1\.75s \($USER_FILE:3\) .*jitter_threshold 4s .*"
}

without_origin() {
  awk -F ' *; ' '{ print $1 }' <<<"$output"
}

@test "layers: the output of --print-config, read back, means the same" {
  write "$BATS_TEST_TMPDIR/all" '[monitoring]' 'jitter_threshold = 0.0015' \
    'jitter_critical = 1min 30.5s' 'offset_threshold = 1h 3min' 'offset_critical = 1w' \
    'root_distance_threshold = 1ns' 'root_distance_critical = 999999.999999999s' \
    'stale_after = 90 min' 'min_replies = 1000' 'source = auto text:/some/where text:-' \
    'timeout = 1ms' 'debug_mode = yes' 'log_level = warn' '[logging]' \
    'syslog_address = [::1]:1514' 'syslog_facility = LOCAL7' 'syslog_format = RFC5424' \
    '[monitoring]' 'delay_threshold = 1ms' 'delay_critical = 2ms' 'error_bound_threshold = 3ms' \
    'error_bound_critical = 4ms' 'stratum_threshold = 0' 'stratum_critical = 15' 'reach_threshold = 8' \
    'reach_critical = 1' 'clock_class_threshold = 6' 'clock_class_critical = 7' '[sntp]' 'servers = a.example.org, [::1]:1123 192.0.2.1' 'samples = 1' \
    'interval = 250ms' 'min_truechimers = 1000' '[chrony]' 'socket = /a' 'port = 65535' '[ptp]' \
    'sockets = /a /b' 'domain = 255' 'transport_specific = 15' 'ptp_samples = 100' 'ptp_interval = 1min' \
    '[output]' 'prometheus = /p' 'json = /j' 'influx = https://h:1' '[influx]' 'database =' 'username =' \
    'password_file =' 'org = o p' 'bucket = b%' 'token_file = influx.token' 'ca_file = /ca.pem'
  for first in "$BATS_TEST_TMPDIR/all" /dev/null; do
    if [ "$first" = /dev/null ]; then
      expect 0 as_cron --print-config
    else
      expect 0 as_cron --print-config -C "$first"
    fi
    lines_are "$stderr"
    write "$BATS_TEST_TMPDIR/printed" "$output"
    printed=$(without_origin)
    expect 0 as_cron --check-config -C "$BATS_TEST_TMPDIR/printed"
    lines_are "$output" "$NO_PROBLEM"
    expect 0 as_cron --print-config -C "$BATS_TEST_TMPDIR/printed"
    [ "$(without_origin)" = "$printed" ]
    [ "$(grep -c "; $BATS_TEST_TMPDIR/printed:[0-9]*\$" <<<"$output")" = "$(grep -c = <<<"$output")" ]
  done
  # Every value comes from the file, none from a default.
  expect 0 as_cron --print-config -C "$BATS_TEST_TMPDIR/all"
  [[ $output != *'; default'* ]]
  set_to jitter_threshold 1.5ms "$BATS_TEST_TMPDIR/all:2" -C "$BATS_TEST_TMPDIR/all"
  set_to jitter_critical '1min 30.5s' "$BATS_TEST_TMPDIR/all:3" -C "$BATS_TEST_TMPDIR/all"
  set_to stale_after '1h 30min' "$BATS_TEST_TMPDIR/all:8" -C "$BATS_TEST_TMPDIR/all"
  set_to log_level WARNING "$BATS_TEST_TMPDIR/all:13" -C "$BATS_TEST_TMPDIR/all"
  set_to syslog_facility local7 "$BATS_TEST_TMPDIR/all:16" -C "$BATS_TEST_TMPDIR/all"
}

@test "layers: a value of any length is printed so that it can be read back" {
  servers=$(printf 'server%02d.example.org,' {1..8})
  write "$BATS_TEST_TMPDIR/all" '[sntp]' "servers = ${servers%,}"
  expect 0 as_cron --print-config -C "$BATS_TEST_TMPDIR/all"
  grep -qxF "; $BATS_TEST_TMPDIR/all:2" <<<"$output"
  write "$BATS_TEST_TMPDIR/printed" "$output"
  expect 0 as_cron --check-config -C "$BATS_TEST_TMPDIR/printed"
  lines_are "$output" "$NO_PROBLEM"
  expect 0 as_cron --print-config -C "$BATS_TEST_TMPDIR/printed"
  grep -qxF "servers=${servers%,}" <<<"$output"
  # All mistakes are told, also those beyond the ones that are kept.
  printf 'nonsense%s = 1\n' {1..30} | cat <(echo '[monitoring]') - >"$BATS_TEST_TMPDIR/bad"
  expect 3 as_cron --print-config -C "$BATS_TEST_TMPDIR/bad"
  [[ $stderr == *'6 more problems or warnings: see ntp_monitor --check-config' ]] || fail "$stderr"
}

@test "layers: nothing is read from the working directory" {
  mkdir "$BATS_TEST_TMPDIR/here"
  cd "$BATS_TEST_TMPDIR/here"
  for name in ntp_monitor.conf .ntp_monitor.conf ntp_monitor.conf.example ntp_monitor.ini; do
    write "$name" '[monitoring]' 'jitter_threshold = never'
  done
  mkdir etc
  cp ntp_monitor.conf etc
  healthy
  expect 0 bare "$PROG" -l stderr -s "text:$good"
  expect 0 bare HOME=. "$PROG" -l stderr -s "text:$good"
  expect 0 bare HOME= "$PROG" -l stderr -s "text:$good"
}

# --- the Python version's files ------------------------------------------------

@test "python: its example file works unchanged" {
  write "$ETC" '[monitoring]' 'jitter_threshold = 2.0' 'debug_mode = true' 'log_level = INFO' '' \
    '[logging]' 'syslog_address = localhost:514'
  expect 0 as_cron --check-config
  lines_are "$output" "$NO_PROBLEM"
  set_to jitter_threshold 2s "$ETC:2"
  set_to debug_mode true "$ETC:3"
  set_to log_level INFO "$ETC:4"
  set_to syslog_address localhost:514 "$ETC:7"
  lab_rsyslogd_start -s none
  expect 0 as_cron -s "text:$good"
  silent
  lab_line "$LAB_DIR/rsyslog.fields" "\|info\|.*\|ntp_monitor\|.*\|INFO NTP healthy, .*\|"
  lab_line "$LAB_DIR/rsyslog.fields" "\|debug\|.*\|DEBUG .*verdict: OK.*\|"
  lab_stop rsyslogd
}

@test "python: configparser's colons, case, comments, blanks and booleans work" {
  write "$ETC" '; first' '# second' '[monitoring]' 'Jitter_Threshold: 4' 'MIN_REPLIES=3' \
    '  stale_after   =   2 h   ' 'timeout = 7 ; seconds' '' '   # third' '[logging]' \
    '	syslog_facility:user' '[monitoring]' 'log_level = Warning'
  expect 0 as_cron --check-config
  lines_are "$output" "$NO_PROBLEM"
  set_to jitter_threshold 4s "$ETC:4"
  set_to min_replies 3 "$ETC:5"
  set_to stale_after 2h "$ETC:6"
  set_to timeout 7s "$ETC:7"
  set_to syslog_facility user "$ETC:11"
  set_to log_level WARNING "$ETC:13"
  for value in 1 yes true on YES True; do
    write "$ETC" '[monitoring]' "debug_mode = $value"
    set_to debug_mode true "$ETC:2"
  done
  for value in 0 no false off Off; do
    write "$ETC" '[monitoring]' "debug_mode = $value"
    set_to debug_mode false "$ETC:2"
  done
}

@test "python: %% is one percent sign, also in --print-config" {
  write "$ETC" '[logging]' 'syslog_address = /run/100%%/%%(log)s'
  expect 0 as_cron --check-config
  lines_are "$output" "$NO_PROBLEM"
  set_to syslog_address '/run/100%%/%%(log)s' "$ETC:2"
  expect 0 as_cron -d -s "text:$good" -C "$ETC"
  grep -qF 'setting: syslog_address = /run/100%/%(log)s (' <<<"$stderr"
  write "$ETC" '[influx]' 'bucket = 100%'
  set_to bucket '100%%' "$ETC:2"
}

@test "python: [DEFAULT], %(x)s and continuations are refused by line" {
  write "$ETC" '[DEFAULT]' '[monitoring]' 'min_replies = 3'
  problem "$ETC:1" '' DEFAULT
  set_to min_replies 3 "$ETC:3"
  write "$ETC" '[monitoring]' 'min_replies = 3' 'source = text:%(here)s/saved'
  problem "$ETC:3" source '%(here)s'
  set_to source auto default
  write "$ETC" '[monitoring]' 'source = auto' '  text'
  problem "$ETC:3" '' continuation
  set_to source auto "$ETC:2"
}

# --- bad files ----------------------------------------------------------------

@test "C1 without HOME the home is the effective user's in the passwd database" {
  write "$USER_FILE" '[monitoring]' 'min_replies = 3'
  run --separate-stderr bare "$PROG" --print-config
  grep -qF "; $USER_FILE:2" <<<"$output"
  expect 0 bare "$PROG" -l stderr -s "text:$good"
  expect 0 bare "$PROG" -d -l none -s "text:$good"
  grep -q '^debug: .* HOME ' <<<"$stderr"
  # labuser has a home of its own; a user without an entry has no file.
  write "$LAB_DIR/user/.ntp_monitor.conf" '[monitoring]' 'min_replies = 4'
  run --separate-stderr lab_as_user env -i "$PROG" --print-config
  grep -qF "; $LAB_DIR/user/.ntp_monitor.conf:2" <<<"$output"
  expect 0 unshare --user --map-user=4242 env -i "$PROG" -d -l none -s "text:$good"
  [[ $stderr != *.ntp_monitor.conf* ]]
  grep -q '^debug: .* home ' <<<"$stderr"
}

@test "C2 a relative or empty HOME counts as unset; one that does not exist, or is too long, has no file" {
  write "$USER_FILE" '[monitoring]' 'min_replies = 3'
  mkdir "$BATS_TEST_TMPDIR/home"
  write "$BATS_TEST_TMPDIR/home/.ntp_monitor.conf" '[monitoring]' 'min_replies = 5'
  cd "$BATS_TEST_TMPDIR"
  for home in '' home ./home . '~'; do
    expect 0 bare HOME="$home" "$PROG" --print-config
    grep -qF "; $USER_FILE:2" <<<"$output" || fail "with HOME=$home: $output"
  done
  expect 0 bare HOME="$BATS_TEST_TMPDIR/home" "$PROG" --print-config
  grep -qF "; $BATS_TEST_TMPDIR/home/.ntp_monitor.conf:2" <<<"$output"
  long=/$(printf 'x%.0s' {1..5000})
  for home in /nonexistent /dev/null /etc/passwd "$long"; do
    expect 0 bare HOME="$home" "$PROG" -l stderr -s "text:$good"
    lines_are "$stderr" 'ntp_monitor: INFO NTP healthy, .*' || fail "with HOME=${home:0:30}"
    expect 0 bare HOME="$home" "$PROG" --print-config
    grep -q '^min_replies .* 2 .*; default$' <<<"$output"
  done
  # A home whose path has no room for the file's name is reported.
  expect 3 bare HOME="${long:0:4090}" "$PROG" -l stderr -s "text:$good"
  [[ ${stderr%%$'\n'*} == *'File name too long' ]]
}

@test "C3 a missing file or a dangling link is silently skipped" {
  healthy
  ln -s /nowhere "$ETC"
  ln -s /nowhere "$USER_FILE"
  healthy
}

@test "C4 a loop of links and an unreadable file are reported; the other file is read" {
  ln -s ntp_monitor.conf "$ETC"
  write "$USER_FILE" '[monitoring]' 'min_replies = 3'
  problem "$ETC" '' 'Too many levels of symbolic links'
  set_to min_replies 3 "$USER_FILE:2"
  write "$ETC" '[monitoring]' 'min_replies = 5'
  chmod 000 "$ETC"
  expect 3 lab_as_user "$PROG" -l stderr -s "text:$good"
  lines_are "$stderr" "ntp_monitor: ERROR $ETC: .*: Permission denied" \
    'ntp_monitor: ERROR NTP healthy.*'
  expect 1 lab_as_user "$PROG" -l stderr -s "text:$high"
  write "$LAB_DIR/user/.ntp_monitor.conf" '[monitoring]' 'min_replies = 4'
  run --separate-stderr lab_as_user "$PROG" --print-config
  grep -qF "; $LAB_DIR/user/.ntp_monitor.conf:2" <<<"$output"
  # A file in a closed folder is ignored where it is only the default, and reported where -C names it.
  chmod 644 "$ETC"
  mkdir -m 000 "$BATS_TEST_TMPDIR/closed"
  expect 0 lab_as_user env HOME="$BATS_TEST_TMPDIR/closed" "$PROG" -l stderr -s "text:$good"
  lines_are "$stderr" 'ntp_monitor: INFO NTP healthy.*'
  expect 0 lab_as_user env HOME="$BATS_TEST_TMPDIR/closed" "$PROG" -d -l none -s "text:$good"
  grep -q "config: $BATS_TEST_TMPDIR/closed/.ntp_monitor.conf: .*no permission to enter a directory" <<<"$stderr"
  expect 3 lab_as_user "$PROG" -l stderr -s "text:$good" -C "$BATS_TEST_TMPDIR/closed/a"
  grep -q "ERROR $BATS_TEST_TMPDIR/closed/a: .*: Permission denied" <<<"$stderr"
}

@test "C4 a read error is reported, and the file is ignored entirely" {
  plain_build_only 'strace makes the read fail'
  needs strace
  write "$ETC" '[monitoring]' 'min_replies = 5'
  expect 3 bare PATH="$PATH" HOME="$HOME" strace -o "$BATS_TEST_TMPDIR/strace" -P "$ETC" \
    -e inject=read:error=EIO "$PROG" -l stderr -s "text:$good"
  lines_are "$stderr" "ntp_monitor: ERROR $ETC: .*Input/output error" 'ntp_monitor: ERROR NTP healthy.*'
}

@test "C5, C6 a folder, pipe, device or socket is reported at once, and nothing hangs" {
  mkdir "$USER_FILE"
  problem "$USER_FILE" '' 'regular file'
  rmdir "$USER_FILE"
  mkfifo "$USER_FILE"
  problem "$USER_FILE" '' 'regular file'
  began=$(lab_uptime_ms)
  expect 3 check
  [ $(($(lab_uptime_ms) - began)) -lt 5000 ]
  for device in /dev/zero /dev/null /dev/tty /dev/full; do
    ln -sf "$device" "$USER_FILE"
    expect 3 check
    lines_are "$stderr" "ntp_monitor: ERROR $USER_FILE: .+" 'ntp_monitor: ERROR NTP healthy.*'
  done
  rm "$USER_FILE"
  lab_rsyslogd_start -s "$USER_FILE" -p none
  problem "$USER_FILE" '' 'regular file'
  lab_receiver_stop rsyslogd
}

@test "C7 64 KiB are read; one byte more is refused" {
  write "$USER_FILE" '[monitoring]' 'min_replies = 3'
  size=$(stat -c %s "$USER_FILE")
  printf '%*s\n' $((65536 - size - 1)) '' | tr ' ' '\n' >>"$USER_FILE"
  [ "$(stat -c %s "$USER_FILE")" = 65536 ]
  healthy
  set_to min_replies 3 "$USER_FILE:2"
  echo >>"$USER_FILE"
  problem "$USER_FILE" '' '64 KiB'
  set_to min_replies 2 default
}

@test "C8 a NUL byte is reported by line, and the file is ignored entirely" {
  printf '[monitoring]\nmin_replies = 3\n# a\n# b\0c\n' >"$USER_FILE"
  problem "$USER_FILE:4" '' NUL
  set_to min_replies 2 default
  printf '\0' >"$USER_FILE"
  problem "$USER_FILE:1" '' NUL
  head -c 3000 "$PROG" >"$USER_FILE"
  problem "$USER_FILE:1" '' NUL
}

@test "C9 a byte order mark and CRLF are accepted; UTF-16 and lone CRs are reported" {
  printf '\xef\xbb\xbf[monitoring]\r\nmin_replies = 3\r\n' >"$USER_FILE"
  healthy
  set_to min_replies 3 "$USER_FILE:2"
  printf '[monitoring]\nmin_replies = 3' >"$USER_FILE" # the last line needs no line end
  healthy
  set_to min_replies 3 "$USER_FILE:2"
  printf '\xff\xfe[\0m\0]\0\n\0' >"$USER_FILE"
  problem "$USER_FILE" '' UTF-16
  printf '\xfe\xff\0[\0m\0]\0\n' >"$USER_FILE"
  problem "$USER_FILE" '' UTF-16
  printf '[monitoring]\rmin_replies = 3\r' >"$USER_FILE"
  problem "$USER_FILE" '' CR
  set_to min_replies 2 default
}

@test "C10 an overlong line is ignored entirely; its end is not read as a line" {
  # Where inih on its own would cut: after 199 bytes.
  line="# $(printf '=%.0s' {1..197})jitter_threshold=999"
  write "$USER_FILE" '[monitoring]' "$line" 'min_replies = 3'
  lines_are "$(as_cron --check-config)" "$NO_PROBLEM"
  set_to jitter_threshold 2s default
  set_to min_replies 3 "$USER_FILE:3"
  hangul=$(printf '한%.0s' {1..70})
  write "$USER_FILE" '[monitoring]' "# $hangul"
  lines_are "$(as_cron --check-config)" "$NO_PROBLEM"
  write "$USER_FILE" '[monitoring]' "source = $hangul"
  problem "$USER_FILE:2" '' ' 197 bytes'
  # The longest accepted.
  line="jitter_threshold = 3$(printf ' %.0s' {1..190})"
  write "$USER_FILE" '[monitoring]' "${line:0:197}"
  healthy
  set_to jitter_threshold 3s "$USER_FILE:2"
  write "$USER_FILE" '[monitoring]' "${line:0:198}"
  problem "$USER_FILE:2" '' ' 197 bytes'
  set_to jitter_threshold 2s default
}

@test "C11 an indented key is a separate key" {
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = 4' '  log_level = WARNING' '	min_replies = 3'
  set_to jitter_threshold 4s "$USER_FILE:2"
  set_to log_level WARNING "$USER_FILE:3"
  set_to min_replies 3 "$USER_FILE:4"
  expect 0 as_cron --check-config
  lines_are "$output" "$NO_PROBLEM"
}

@test "C12 a comment after a value starts with a semicolon; another sign is reported" {
  write "$ETC" '[monitoring]' 'jitter_threshold = 1'
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = 2.0 # two'
  problem "$USER_FILE:2" jitter_threshold "'2.0 # two'"
  set_to jitter_threshold 1s "$ETC:2"
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = 3 ; three'
  healthy
  set_to jitter_threshold 3s "$USER_FILE:2"
}

@test "C13 unknown or misplaced keys and sections are problems that name the nearest known one" {
  write "$USER_FILE" '[monitoring]' 'jitter_treshold = 4'
  problem "$USER_FILE:2" jitter_treshold jitter_threshold
  write "$USER_FILE" '[monitoring]' 'xyzzy = 4'
  problem "$USER_FILE:2" xyzzy '[monitoring]'
  [[ $output != *\?* ]]
  write "$USER_FILE" '[monitorng]' 'jitter_threshold = 4' 'timeout = never'
  problem "$USER_FILE:1" '[monitorng]' '[monitoring]'
  write "$USER_FILE" '[Monitoring]' 'jitter_threshold = 4'
  problem "$USER_FILE:1" '[Monitoring]' '[monitoring]'
  write "$USER_FILE" 'jitter_threshold = 4'
  problem "$USER_FILE:1" jitter_threshold '[section]'
  write "$USER_FILE" '[logging]' 'jitter_threshold = 4'
  problem "$USER_FILE:2" jitter_threshold '[monitoring]'
  set_to jitter_threshold 2s default
}

@test "C14 within one file the last of two equal keys wins, with a warning; across files without" {
  write "$USER_FILE" '[monitoring]' 'min_replies = 3' '' 'MIN_REPLIES = 4'
  warning "$USER_FILE:4" 'min_replies'
  [[ $output == *'line 2'* ]]
  set_to min_replies 4 "$USER_FILE:4"
  write "$ETC" '[monitoring]' 'min_replies = 5'
  write "$USER_FILE" '[monitoring]' 'min_replies = 3'
  healthy
}

@test "C15 a section name longer than inih's 49 bytes is unknown, whatever its beginning" {
  name=$(printf 'monitoring%.0s' {1..6})
  write "$USER_FILE" '[monitoring]' 'min_replies = 3' "[$name]" 'min_replies = 9'
  problem "$USER_FILE:3" "[$name]" ''
  set_to min_replies 3 "$USER_FILE:2"
  write "$USER_FILE" '[monitoring' 'min_replies = 9'
  problem "$USER_FILE:1" '' ']'
  set_to min_replies 2 default
}

@test "C16 an invalid time keeps the lower layer's value and is quoted" {
  write "$ETC" '[monitoring]' 'jitter_threshold = 1'
  for value in nan inf -1 +1 1e999 0x10 1e-400 2,5 '"3 "' 2. . 0 0.0 0.4ns 1000000.000000001 1000001 \
    99999999999999999999 '1 2' '2 s s' '2s 3' 2parsecs s ٢ '2;' "'2'"; do
    write "$USER_FILE" '[monitoring]' "jitter_threshold = $value"
    bad_value jitter_threshold "$value" 1s "$ETC:2"
  done
  write "$USER_FILE" '[monitoring]' 'jitter_threshold =' '[logging]'
  bad_value jitter_threshold '' 1s "$ETC:2"
  write "$USER_FILE" '[monitoring]' 'jitter_threshold'
  problem "$USER_FILE:2" '' ''
  # One with everything a problem must do, and the edges just inside the range.
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = nan'
  problem "$USER_FILE:2" jitter_threshold "'nan'"
  for value in 1ns 1000000 '1000000 s' 0.000000001 '.5' 002.50 off; do
    write "$USER_FILE" '[monitoring]' "jitter_threshold = $value"
    expect 0 as_cron --check-config
  done
}

# bad_value KEY VALUE KEPT FROM: line 2 of the user's file is a problem; the value KEPT stays, from FROM.
bad_value() {
  expect 3 check
  [[ ${stderr%%$'\n'*} == "ntp_monitor: ERROR $USER_FILE:2: $1: "*"$3 ($4)" ]] ||
    fail "for '$2': $stderr" || return
  [[ ${stderr%%$'\n'*} == *"'${2:0:79}"* ]] || fail "does not quote '$2': $stderr" || return
  set_to "$1" "$3" "$4"
}

@test "C17 no locale changes how numbers are read or printed" {
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = 2.5' 'jitter_critical = 3,5'
  echo Jitter=2.25 >"$good"
  expect 3 check -o json
  first=$output$stderr
  [[ $first == *'jitter: 2.25s (threshold: 2.5s)'*'"jitter_s":2.25,'* ]] ||
    [[ $first == *'"jitter_s":2.25,'*'jitter: 2.25s (threshold: 2.5s)'* ]]
  for locale in C C.UTF-8 de_DE.UTF-8 ko_KR.UTF-8 no_SUCH; do
    expect 3 bare HOME="$HOME" LC_ALL="$locale" LANG="$locale" LOCPATH="$LAB_DIR/locale" "$PROG" \
      -l stderr -s "text:$good" -o json
    [ "$(without_time "$output$stderr")" = "$(without_time "$first")" ] || fail "$locale: $output$stderr"
  done
  [ -d "$LAB_DIR/locale/de_DE.UTF-8" ] && [ -d "$LAB_DIR/locale/ko_KR.UTF-8" ] ||
    skip "no locales de_DE and ko_KR here (package locales); tried the names alone"
  # The locales work: the C library's own printf writes a comma in them.
  [ "$(LC_ALL=de_DE.UTF-8 LOCPATH=$LAB_DIR/locale bash -c 'printf %.1f 2,5')" = 2,5 ]
}

without_time() {
  awk '{ sub(/"time":"[^"]*"/, ""); sub(/"age_s":[0-9.]+/, ""); print }' <<<"$1"
}

@test "C18 the two files disagree: each problem of each is said, and each good line counts" {
  write "$ETC" '[monitoring]' 'jitter_threshold = 4' 'min_replies = many'
  write "$USER_FILE" '[monitoring]' 'jitter_threshold = high' 'min_replies = 3' 'nosuch = 1'
  expect 3 check
  lines_are "$stderr" "ntp_monitor: ERROR $ETC:3: min_replies: .*'many'.* 2 \(default\)" \
    "ntp_monitor: ERROR $USER_FILE:2: jitter_threshold: .*'high'.* 4s \($ETC:2\)" \
    "ntp_monitor: ERROR $USER_FILE:4: nosuch: .*" \
    'ntp_monitor: ERROR NTP healthy.* 3 .*'
  set_to jitter_threshold 4s "$ETC:2"
  set_to min_replies 3 "$USER_FILE:3"
}

@test "C19 a file that others can write is not trusted, neither by root nor by a user" {
  write "$ETC" '[monitoring]' 'min_replies = 3'
  for mode in 660 606 666 777 602 620; do
    chmod "$mode" "$ETC"
    problem "$ETC" '' "0$mode"
    set_to min_replies 2 default
  done
  for mode in 644 600 640 400 444 755; do
    chmod "$mode" "$ETC"
    healthy
    set_to min_replies 3 "$ETC:2"
  done
  chmod 666 "$ETC"
  expect 3 lab_as_user "$PROG" -l stderr -s "text:$good"
  grep -q "ERROR $ETC: .*(mode 0666)" <<<"$stderr"
  # The same for root's own file, for -C and through a link.
  write "$USER_FILE" '[monitoring]' 'min_replies = 4'
  chmod 646 "$USER_FILE"
  chmod 644 "$ETC"
  problem "$USER_FILE" '' 0646
  set_to min_replies 3 "$ETC:2"
  problem "$USER_FILE" '' 0646 -C "$USER_FILE"
  mv "$USER_FILE" "$BATS_TEST_TMPDIR/elsewhere"
  ln -s "$BATS_TEST_TMPDIR/elsewhere" "$USER_FILE"
  problem "$USER_FILE" '' 0646
}

@test "C19 nor is a file in a folder that others can write, wherever on the path" {
  local home=$BATS_TEST_TMPDIR/home
  mkdir -m 777 "$home"
  write "$home/.ntp_monitor.conf" '[monitoring]' 'min_replies = 3'
  for as in as_root lab_as_user; do
    expect 3 "$as" env HOME="$home" "$PROG" -l stderr -s "text:$good"
    grep -q "ERROR $home/.ntp_monitor.conf: .* $home (mode 0777)" <<<"$stderr"
  done
  # Through a link, and in a folder below.
  ln -s "$home/.ntp_monitor.conf" "$USER_FILE"
  problem "$USER_FILE" '' " $home (mode 0777)"
  mkdir "$home/below"
  mv "$home/.ntp_monitor.conf" "$home/below"
  problem "$home/below/.ntp_monitor.conf" '' " $home (mode 0777)" -C "$home/below/.ntp_monitor.conf"
  # In a folder like /tmp a file stays its owner's, but nobody has a home there.
  rm "$USER_FILE"
  chmod 1777 "$home"
  healthy -C "$home/below/.ntp_monitor.conf"
  mv "$home/below/.ntp_monitor.conf" "$home"
  healthy -C "$home/.ntp_monitor.conf"
  expect 3 env HOME="$home" "$PROG" -l stderr -s "text:$good"
  grep -q "ERROR $home/.ntp_monitor.conf: .* $home (mode 1777)" <<<"$stderr"
}

as_root() { "$@"; }

@test "C19 a user does not trust a file owned by neither that user nor root" {
  plain_build_only 'strace changes what fstat answers'
  needs strace
  foreign_stat e9 # labuser is 1000
  write "$LAB_DIR/user/.ntp_monitor.conf" '[monitoring]' 'min_replies = 3'
  expect 3 lab_as_user strace -o "$BATS_TEST_TMPDIR/strace" -P "$LAB_DIR/user/.ntp_monitor.conf" \
    -e "inject=?fstat:poke_exit=@arg2=$stat" -e "inject=?newfstatat:poke_exit=@arg3=$stat" \
    "$PROG" -l stderr -s "text:$good"
  grep -q "ERROR $LAB_DIR/user/.ntp_monitor.conf: .* uid 1001\>" <<<"$stderr"
}

# shellcheck disable=SC2016 # the inner shell's
@test "D9 a device given as configuration or text is examined but never opened" {
  needs strace
  ln -s /dev/zero "$BATS_TEST_TMPDIR/device"
  for way in "-C $BATS_TEST_TMPDIR/device" "-s text:$BATS_TEST_TMPDIR/device"; do
    # shellcheck disable=SC2086 # two words
    run --separate-stderr strace -o "$BATS_TEST_TMPDIR/strace" "$PROG" -l none -s "text:$good" $way
    grep -F "$BATS_TEST_TMPDIR/device" "$BATS_TEST_TMPDIR/strace" >"$BATS_TEST_TMPDIR/opened"
    [ -s "$BATS_TEST_TMPDIR/opened" ]
    ! grep -v O_PATH "$BATS_TEST_TMPDIR/opened" || fail "opened with $way"
    ! grep -E '^open.*"/dev/zero"' "$BATS_TEST_TMPDIR/strace" || fail "opened with $way"
  done
  # Pipes are still read.
  expect 0 bash -c '"$0" -l stderr -s text:<(cat "$1")' "$PROG" "$good"
  expect 0 bash -c 'cat "$1" | "$0" -l stderr -s text:/dev/stdin' "$PROG" "$good"
}

@test "C19 root does not trust another user's file" {
  # The lab has only one user, so strace changes the kernel's answer.
  plain_build_only 'strace changes what fstat answers'
  needs strace
  foreign_stat
  write "$USER_FILE" '[monitoring]' 'min_replies = 3'
  expect 3 bare PATH="$PATH" HOME="$HOME" strace -o "$BATS_TEST_TMPDIR/strace" -P "$USER_FILE" \
    -e "inject=?fstat:poke_exit=@arg2=$stat" -e "inject=?newfstatat:poke_exit=@arg3=$stat" \
    "$PROG" -l stderr -s "text:$good"
  lines_are "$stderr" "ntp_monitor: ERROR $USER_FILE: .* uid 1000\>.*" \
    'ntp_monitor: ERROR NTP healthy.*'
}

# foreign_stat [LOW]: sets $stat to the bytes of struct stat from st_mode to st_uid, for a file of uid 1000, or of the
# uid with this lowest byte.
foreign_stat() {
  case $(uname -m) in
    x86_64) stat=$(printf '%048d' 0)a4810000${1-e8}030000 ;;
    aarch64 | riscv64) stat=$(printf '%032d' 0)a481000001000000${1-e8}030000 ;;
    *) skip "not known where struct stat has its st_uid here" ;;
  esac
}

@test "C20 an invalid boolean, level, count, source, facility, format or address is quoted, and its default kept" {
  path=/$(printf 'x%.0s' {1..107}) # with the NUL 108 bytes, as many as a socket name can have
  while IFS='|' read -r section key value kept; do
    write "$USER_FILE" "[$section]" "$key = $value"
    bad_value "$key" "$value" "$kept" default
  done <<END
monitoring|debug_mode|maybe|false
monitoring|debug_mode|2|false
monitoring|log_level|LOUD|INFO
monitoring|log_level|6|INFO
monitoring|min_replies|0|2
monitoring|min_replies|1001|2
monitoring|min_replies|2.5|2
monitoring|min_replies|-2|2
monitoring|source|gps|auto
monitoring|source|text|auto
monitoring|timeout|off|10s
monitoring|timeout|999us|10s
monitoring|stale_after|off|auto
monitoring|offset_threshold|auto|1s
logging|syslog_facility|kernel|daemon
logging|syslog_format|rfc1149|auto
logging|syslog_address|host:port|/dev/log
logging|syslog_address|host:65536|/dev/log
logging|syslog_address|two words|/dev/log
logging|syslog_address|[::1|/dev/log
logging|syslog_address|$path|/dev/log
END
  write "$USER_FILE" '[logging]' "syslog_address = ${path:0:107}"
  expect 0 as_cron --check-config
  write "$USER_FILE" '[monitoring]' 'debug_mode = maybe'
  problem "$USER_FILE:2" debug_mode "'maybe'"
}

@test "a critical limit below its warning limit is a problem, whichever layers set them" {
  write "$ETC" '[monitoring]' 'jitter_critical = 1' # below the default warning limit, which then does not apply
  expect 0 check
  lines_are "$stderr" 'ntp_monitor: INFO NTP healthy, jitter: 1\.5ms \(critical threshold: 1s\), .*'
  write "$USER_FILE" '[monitoring]' '' 'jitter_threshold = 1'
  healthy
  write "$USER_FILE" '[monitoring]' '' 'jitter_threshold = 1.5'
  expect 3 check
  lines_are "$stderr" "ntp_monitor: ERROR $ETC:2: jitter_critical: .*$USER_FILE:3.*" 'ntp_monitor: ERROR .*'
  expect 3 check -w 3 -c 2.9
  lines_are "$stderr" 'ntp_monitor: ERROR usage: jitter_critical 2\.9s \(command line\) .*jitter_threshold 3s \(command line\); .*'
  expect 0 check -w 3 -c 3
}

@test "control characters from a file are shown escaped" {
  printf '[monitoring]\njitter_threshold = \e[31m2\x7f\xc2\x9b\xe2\x80\xae\n\e]0;x\a = 1\n' >"$USER_FILE"
  expect 3 check
  [[ $stderr == *'\x1b[31m2\x7f\xc2\x9b\xe2\x80\xae'* ]]
  for text in "$stderr" "$(as_cron --check-config)" "$(as_cron --print-config)"; do
    [ "$(tr -d '\n' <<<"$text")" = "$(tr -d '\000-\037\177' <<<"$text")" ]
    [[ $text != *$'\xe2\x80\xae'* ]]
  done
}

# --- where problems are reported ------------------------------------------------

@test "problems: --check-config prints every problem of every file, and logs nothing" {
  start_log -p none
  write "$ETC" '[monitoring]' 'jitter_threshold = x' 'timeout = y' 'nosuch = 1'
  write "$USER_FILE" '[logging]' 'syslog_address = host:port' '[monitoring]' 'min_replies = z'
  expect 3 as_cron --check-config
  lines_are "$stderr"
  lines_are "$output" "problem: $ETC:2: jitter_threshold: .*" "problem: $ETC:3: timeout: .*" \
    "problem: $ETC:4: nosuch: .*" "problem: $USER_FILE:2: syslog_address: .*" \
    "problem: $USER_FILE:4: min_replies: .*" '5 problem.*'
  lines_are "$(logged)"
  expect 3 as_cron -s "text:$good"
  silent
  lines_are "$(logged)" "27 ERROR $ETC:2: .*" "27 ERROR $ETC:3: .*" "27 ERROR $ETC:4: .*" \
    "27 ERROR $USER_FILE:2: .*" "27 ERROR $USER_FILE:4: .*" '27 ERROR NTP healthy.* 5 .*'
  # -l none is deliberate: nothing is reported, but the status stays.
  expect 3 as_cron -s "text:$good" -l none
  silent
  lab_stop rsyslogd
}

@test "problems: --check-config prints them all, however many" {
  {
    echo '[monitoring]'
    for i in {2..100}; do
      echo "this is line $i"
    done
  } >"$USER_FILE"
  write "$ETC" '[monitoring]' 'timeout = never'
  expect 3 as_cron --check-config
  [[ ${output##*$'\n'} == '100 problem'* ]]
  [ "$(grep -c '^problem: ' <<<"$output")" = 100 ]
  for i in {2..100}; do
    grep -q "^problem: $USER_FILE:$i: " <<<"$output" || fail "line $i is not there"
  done
}

@test "problems: a check that cannot report all of them says how many it omits" {
  for i in {2..100}; do
    echo "this is line $i"
  done >"$USER_FILE"
  expect 3 check
  [[ ${stderr##*$'\n'} == *' 99 '* ]]
  if [ "$(grep -c "ERROR $USER_FILE:" <<<"$stderr")" -lt 99 ]; then
    grep -q ' [0-9]* more ' <<<"$stderr"
  fi
}

@test "problems: --print-config prints the effective settings, and the problems on stderr" {
  write "$USER_FILE" '[monitoring]' 'timeout = never' 'min_replies = 3'
  expect 3 as_cron --print-config
  lines_are "$stderr" "ntp_monitor: $USER_FILE:2: timeout: .*"
  grep -q "^min_replies .* 3 .*; $USER_FILE:3\$" <<<"$output"
  grep -q '^timeout .* 10s .*; default$' <<<"$output"
}

@test "problems: log_level hides none, and an unknown key is one" {
  local level
  for level in CRITICAL ERROR; do
    write "$USER_FILE" '[monitoring]' "log_level = $level" 'timeout = never' 'nosuch = 1'
    expect 3 check
    lines_are "$stderr" "ntp_monitor: ERROR $USER_FILE:3: timeout.*" "ntp_monitor: ERROR $USER_FILE:4: nosuch: .*" 'ntp_monitor: ERROR NTP healthy.*'
  done
}

@test "problems: on a terminal they appear on stderr as well; elsewhere only in the log" {
  start_log -p none
  write "$USER_FILE" '[monitoring]' 'timeout = never' 'nosuch = 1'
  # stdout is a file, so the terminal shows only stderr.
  expect 3 on_terminal "'$PROG' -s 'text:$good' >'$BATS_TEST_TMPDIR/stdout'"
  lines_are "$output" "ntp_monitor: $USER_FILE:2: timeout: .*" "ntp_monitor: $USER_FILE:3: nosuch: .*"
  [ ! -s "$BATS_TEST_TMPDIR/stdout" ]
  lines_are "$(logged)" "27 ERROR $USER_FILE:2: .*" "27 ERROR $USER_FILE:3: .*" '27 ERROR NTP .*'
  # stderr is a file and stays empty; the report appears on stdout.
  expect 3 on_terminal "'$PROG' -s 'text:$good' 2>'$BATS_TEST_TMPDIR/stderr'"
  [[ ${output%%$'\n'*} == *UNKNOWN*--check-config* ]]
  [ ! -s "$BATS_TEST_TMPDIR/stderr" ]
  # A log on the terminal is not repeated there.
  expect 3 on_terminal "'$PROG' -s 'text:$good' -l stderr >'$BATS_TEST_TMPDIR/stdout'"
  [ "$(grep -c "$USER_FILE:2" <<<"$output")" = 1 ]
  lab_stop rsyslogd
}

@test "problems: a path with arbitrary bytes forges no line, neither in a problem nor in --print-config" {
  odd="$BATS_TEST_TMPDIR/"$'a\nERROR forged\e[31m'
  write "$odd" '[monitoring]' 'jitter_threshold = 2s' 'jitter_critical = 1s' 'min_replies = x'
  expect 3 as_cron -C "$odd" -l stderr -s "text:$good"
  [ "$(wc -l <<<"$stderr")" = 3 ] || fail "$stderr"
  expect 3 as_cron -C "$odd" --print-config
  for text in "$stderr" "$output"; do
    [[ $text != *$'\e'* && $text != *$'\nERROR forged'* ]] || fail "$text"
  done
}
