#!/usr/bin/env bats
# The three ways of use, with a real systemd-timesyncd and a real rsyslogd: a cron job, which prints nothing, healthy or
# not, and logs one line; a person at a terminal; a debug run, which reports in order what happened. And what a run must
# withstand: a wrong command line, signals, a call that never returns, an odd inherited state, a clock in another age.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # other shells' $; bats' own names, set in a test

bats_require_minimum_version 1.5.0
load usage

# Ten replies that differ by microseconds, or nine and one that is nine seconds off.
ask_well() {
  lab_stop timesyncd && lab_timesyncd_start && lab_replies 9
}

ask_outlier() {
  lab_stop timesyncd && lab_timesyncd_start && lab_replies 9 && lab_replies 10 127.0.200.9
}

# Opens descriptor 9 on a full pipe without a reader.
full_pipe() {
  mkfifo "$1"
  exec 9<>"$1"
  dd if=/dev/zero of="$1" bs=4096 oflag=nonblock 2>"$1.dd" || grep -q 'temporarily unavailable' "$1.dd"
}

setup_file() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  start_log
  lab_bus_start
  lab_ntp_start '*=+50ms' '127.0.200.9=+9s,delay=30ms'
  ask_well
  help_to_nobody
}

# Starts a writer that blocks in the C library and uses the whole deadline of 10 s; the last test looks at its end.
help_to_nobody() {
  local folder=$LAB_DIR/help
  mkdir "$folder"
  (
    exec 3>&-
    full_pipe "$folder/pipe"
    status=0
    "$PROG" --help >&9 2>"$folder/stderr" </dev/null || status=$?
    echo "$status" >"$folder/status.new"
    mv "$folder/status.new" "$folder/status"
  ) &
  disown $!
}

setup() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  rm -f /etc/ntp_monitor.conf "$HOME/.ntp_monitor.conf"
  lab_alive rsyslogd || start_log
  logged >/dev/null
}

teardown() {
  lab_logs_on_failure
}

teardown_file() {
  lab_stop_all
}

readonly WELL='INFO NTP healthy, jitter: [0-9.]+(us|ms)? \(threshold: 2s\), offset at the last reply: [+-]?[0-9.]+(us|ms)?, server: 127\.0\.0\.[0-9]+, source: timesyncd'
readonly NOT_WELL='WARNING NTP offset at the last reply above threshold: \+[0-9.]+s \(threshold: 1s\), jitter: [0-9.]+s \(threshold: 2s\), server: 127\.0\.200\.9, source: timesyncd'

# after CODE [ARGUMENT...]: /bin/sh runs the code, and then becomes the program as cron runs it.
after() {
  local first=$1
  shift
  bare HOME="$HOME" T="$BATS_TEST_TMPDIR" /bin/sh -c "$first && exec \"\$@\"" sh "$PROG" "$@"
}

# --- a cron job ---------------------------------------------------------------

@test "cron, healthy: nothing on stdout or stderr, one line in the log" {
  expect 0 as_cron
  silent
  lines_are "$(logged)" "30 $WELL"
}

@test "cron, jitter too high: nothing on stdout or stderr, one WARNING in the log" {
  ask_outlier
  expect 1 as_cron
  silent
  lines_are "$(logged)" "28 $NOT_WELL"
  expect 2 as_cron --critical 2.5
  silent
  lines_are "$(logged)" '26 CRITICAL NTP jitter above critical threshold: .*'
  ask_well
}

@test "cron, no reading: nothing on stdout or stderr, one WARNING in the log" {
  lab_stop timesyncd
  expect 3 as_cron
  silent
  lines_are "$(logged)" '28 WARNING .*timesyncd.*'
  ask_well
}

@test "cron, log_level = WARNING: a healthy clock logs nothing, a bad one does" {
  printf '[monitoring]\nlog_level = WARNING\n' >/etc/ntp_monitor.conf
  expect 0 as_cron
  silent
  lines_are "$(logged)"
  expect 1 as_cron --warning 1ns -s "text:$(reading Jitter=1ms)"
  silent
  lines_are "$(logged)" '28 WARNING NTP jitter above threshold: 1ms .*'
}

@test "cron, no log receiver: the verdict is mailed, as one line" {
  lab_receiver_stop rsyslogd
  expect 0 as_cron
  [ -z "$output" ]
  lines_are "$stderr" "ntp_monitor: $WELL \\(.* /dev/log: No such file or directory; localhost: UDP port 514: Connection refused\\)"
}

@test "cron, debug_mode in a file: the trace goes to the log only" {
  printf '[monitoring]\ndebug_mode = true\n' >/etc/ntp_monitor.conf
  expect 0 as_cron
  silent
  log=$(logged)
  lines_are "${log%%$'\n'*}" "30 $WELL"
  trace=$(tail -n +2 <<<"$log")
  [ "$(grep -cE '^31 DEBUG \+[0-9]+\.[0-9]{3}ms ' <<<"$trace")" = "$(wc -l <<<"$trace")" ]
  in_order "$trace" 'ntp_monitor.conf: ' 'setting: debug_mode = true' 'source timesyncd: .* 1 ' 'verdict: OK' 'step: printing '
}

# --- a person at a terminal ----------------------------------------------------

@test "terminal: shows the report, and the log gets its line as well" {
  expect 0 on_terminal "'$PROG'"
  lines_are "$output" $'\e\[32mOK\e\[0m  '"${WELL#INFO }" '' '  server +127[0-9.]+' \
    '  jitter +[0-9.]+(us|ms)? .* 2s' '  offset +\+[0-9.]+ms .* behind, .* 1s, .* 1min' \
    '  delay .*' '  root distance .*' '  error bound .*' '  last reply +.*' '  replies +9' '  stratum +1 .* 9' \
    '  source +timesyncd'
  lines_are "$(logged)" "30 $WELL"
}

@test "terminal: -q prints nothing; the verdict is in the log and the status" {
  expect 0 on_terminal "'$PROG' -q"
  silent
  lines_are "$(logged)" "30 $WELL"
  expect 1 on_terminal "'$PROG' -q -s text:$(reading Jitter=5s)"
  silent
  lines_are "$(logged)" '28 WARNING NTP jitter above threshold: 5s .*'
}

@test "terminal: no colour with NO_COLOR or on a dumb terminal; an empty NO_COLOR does not count" {
  local text
  text=text:$(reading Jitter=5s)
  expect 1 on_terminal "NO_COLOR=1 '$PROG' -s $text"
  lines_are "${output%%$'\n'*}" 'WARNING  NTP jitter above threshold.*'
  expect 1 on_terminal "TERM=dumb '$PROG' -s $text"
  lines_are "${output%%$'\n'*}" 'WARNING  NTP jitter above threshold.*'
  expect 1 on_terminal "NO_COLOR= '$PROG' -s $text"
  lines_are "${output%%$'\n'*}" $'\e\[33mWARNING\e\[0m  NTP jitter above threshold.*'
}

@test "terminal: -o chooses the report; without a terminal only -o prints one" {
  expect 0 on_terminal "'$PROG' -o json"
  lines_are "$output" '\{"schema":1,.*\}'
  expect 0 as_cron -o json
  lines_are "$output" '\{"schema":1,.*\}'
  expect 0 as_cron -o text
  lines_are "${output%%$'\n'*}" "OK  ${WELL#INFO }"
  [ -z "$stderr" ]
  # Only stdout counts, not stdin or stderr.
  expect 0 on_terminal "'$PROG' >'$BATS_TEST_TMPDIR/stdout'"
  [ -z "$output" ]
  [ ! -s "$BATS_TEST_TMPDIR/stdout" ]
}

@test "terminal: debug_mode in a file shows the trace as well" {
  printf '[monitoring]\ndebug_mode = true\n' >/etc/ntp_monitor.conf
  expect 0 on_terminal "'$PROG' -q"
  in_order "$output" '^debug: .* setting: debug_mode = true' '^debug: .* verdict: OK'
  logged | grep -q '^31 DEBUG .* verdict: OK'
}

# --- a debug run ----------------------------------------------------------------

# Prints each line without "debug: " and its time, which must not go back.
told() {
  local line ms=0 rest
  while IFS= read -r line; do
    [[ $line =~ ^debug:\ \+([0-9]+)\.([0-9]{3})ms\ (.*)$ ]] || fail "no trace: $line" || return
    rest=${BASH_REMATCH[3]}
    line=$((10#${BASH_REMATCH[1]}${BASH_REMATCH[2]}))
    [ "$line" -ge "$ms" ] || fail "goes back to $line us: $rest" || return
    ms=$line
    echo "$rest"
  done <<<"$stderr"
}

@test "debug: everything that happened, in order, on stderr" {
  printf '[monitoring]\nmin_replies = 3\n' >/etc/ntp_monitor.conf
  expect 0 as_cron --debug --log "$LAB_DIR/no.log" -o json
  [ "$(wc -l <<<"$output")" = 1 ]
  trace=$(told)
  in_order "$trace" '^config: /etc/ntp_monitor.conf: .* 2 ' \
    "^config: $HOME/.ntp_monitor.conf: " \
    '^setting: min_replies = 3 \(/etc/ntp_monitor.conf:2\)$' \
    '^setting: debug_mode = true \(command line\)$' \
    "^setting: syslog_address = $LAB_DIR/no.log \(command line\)\$" \
    '^setting: .*--print-config$' \
    '^step: configuration .* [0-9.]+[um]s$' \
    '^source timesyncd: ' \
    '^timesyncd: .*Jitter=' \
    '^source timesyncd: .* 1 .* [0-9.]+[um]s$' \
    '^step: measuring .* [0-9.]+[um]s$' \
    '^judge: .*jitter' \
    '^verdict: OK, reason: ok: NTP healthy' \
    "^log: .*$LAB_DIR/no.log .*: No such file or directory\$" \
    '^log: .*/dev/log .*: INFO NTP healthy' \
    '^step: logging .* [0-9.]+[um]?s$' \
    '^step: printing .* [0-9.]+[um]?s$'
}

@test "debug: each non-default setting with its origin, as in --print-config" {
  printf '[monitoring]\nmin_replies = 3\n[logging]\nsyslog_facility = cron\n' >/etc/ntp_monitor.conf
  printf '[monitoring]\nsource = auto\nstale_after = 1h\n' >"$HOME/.ntp_monitor.conf"
  expect 0 as_cron --print-config -d -w 1s
  wanted=$(sed -nE 's/^([a-z_]+) += (.*[^ ])? *; (.*)$/\1 = \2 (\3)/p' <<<"$output")
  [ "$(wc -l <<<"$wanted")" -ge 15 ]
  wanted=$(grep -v ' (default)$' <<<"$wanted")
  [ "$(wc -l <<<"$wanted")" = 6 ]
  expect 0 as_cron -d -w 1s
  [ "$(told | sed -n '/--print-config$/d; s/^setting: //p')" = "$wanted" ]
}

@test "debug: an ignored file, and why" {
  printf '[monitoring]\nmin_replies = 3\n' >/etc/ntp_monitor.conf
  chmod 666 /etc/ntp_monitor.conf
  expect 3 as_cron -d
  in_order "$(told)" '^config: problem: /etc/ntp_monitor.conf: .*0666' \
    '^setting: debug_mode = true'
  [[ $(told) != *'setting: min_replies'* ]]
}

@test "debug: every raw field, as busctl reads it" {
  expect 0 as_cron -d
  trace=$(told)
  manager=(org.freedesktop.timesync1 /org/freedesktop/timesync1 org.freedesktop.timesync1.Manager)
  # (uuuuittayttttbtt): leap, version, mode, stratum, precision, root delay, root dispersion, reference, four
  # timestamps, ignored, packet count, jitter
  read -r -a field < <(busctl get-property "${manager[@]}" NTPMessage)
  [ "${#field[@]}" = 20 ]
  case ${field[17]} in false) spike=no ;; true) spike=yes ;; esac
  poll=$(busctl get-property "${manager[@]}" PollIntervalUSec)
  words=" $(grep '^timesyncd: ' <<<"$trace" | tr '\n' ' ') "
  server=$(busctl get-property "${manager[@]}" ServerName | tr -d '"')
  for wanted in "ServerName=${server#s }" "PollIntervalUSec=${poll#t }" "Leap=${field[1]}" \
    "Version=${field[2]}" "Mode=${field[3]}" "Stratum=${field[4]}" "Precision=${field[5]}" \
    "RootDelay=${field[6]}" "RootDispersion=${field[7]}" "T1=${field[13]}" "T2=${field[14]}" \
    "T3=${field[15]}" "T4=${field[16]}" "Ignored=$spike" "PacketCount=${field[18]}" \
    "Jitter=${field[19]}"; do
    [[ $words == *" $wanted "* ]] || fail "not in the trace: $wanted, but:$words"
  done
  grep -q '^timesyncd: .*ServerAddress' <<<"$trace"
  grep -q '^timesyncd: .*Reference' <<<"$trace"
}

@test "debug: each source tried, and why it failed" {
  expect 3 bare HOME="$HOME" DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere \
    "$PROG" -d -s auto -s text:/nowhere/reading
  in_order "$(told)" '^source timesyncd: ' \
    '^source timesyncd: .*\(no-bus\), .* [0-9.]+[um]s: .*' \
    '^source text: ' \
    '^source text: .*\(no-source\), .*/nowhere/reading: No such file' \
    '^verdict: UNKNOWN, reason: '
}

@test "debug: each step of the log chain tried, and why it failed" {
  lab_receiver_stop rsyslogd
  expect 0 as_cron -d -l 127.0.0.1:5514
  in_order "$stderr" 'log: .*5514: Connection refused$' 'log: .*/dev/log .*: No such file or directory$' \
    'log: .*localhost.*: Connection refused$' 'log: stderr .*: INFO NTP healthy'
}

@test "debug: the trace is logged as well, but only once when the log is stderr" {
  expect 0 as_cron -d
  [ "$(logged | sed -n 's/^31 DEBUG /debug: /p')" = "$stderr" ]
  expect 0 as_cron -d -l stderr
  [ "$(grep -c 'step: measuring' <<<"$stderr")" = 1 ]
}

@test "debug: a reader that stops reading delays nothing, and loses only the trace" {
  full_pipe "$BATS_TEST_TMPDIR/full"
  began=$(lab_uptime_ms)
  status=0
  timeout -s KILL 5 "$PROG" -d -t 2 -s "text:$(reading Jitter=1ms)" 2>&9 || status=$?
  exec 9>&-
  [ "$status" = 0 ]
  [ $(($(lab_uptime_ms) - began)) -lt 1900 ]
  logged | grep -q '^30 INFO NTP healthy'
}

# --- usage errors ------------------------------------------------------------

# refused QUOTE ARGUMENT...: status 3, one line on stderr with QUOTE in it, and nothing else.
refused() {
  local quote=$1
  shift
  expect 3 as_cron "$@"
  [ -z "$output" ] || fail "on stdout: $output" || return
  lines_are "$stderr" 'ntp_monitor: ERROR usage: .* --help' || return
  [[ $stderr == *"$quote"* ]] || fail "does not say $quote: $stderr"
}

@test "usage: an unknown option, or one that lacks or must not have an argument, is quoted" {
  refused ' -x;' -x
  refused ' -4;' -4
  refused ' --nope;' --nope
  refused ' --debgu ' --debgu
  refused ' --debug' --debgu
  refused ': --critical --config --check-config;' --c
  refused --debug=yes --debug=yes
  refused --check-config=no --check-config=no
  for option in -w -c -t -s -H -M -o -l -C --warning --critical --timeout --source --host \
    --machine --output --log --config; do
    refused "usage: $option " "$option"
  done
  refused "'more'" more
  refused "''" -d ''
  refused "'-'" -
  refused "'-d'" -- -d
  refused '\x1b[31m' $'--\e[31m'
  lines_are "$(logged)"
}

@test "usage: in a bundle only the unknown letter is quoted" {
  refused ' -x;' -dx
  refused ' -x;' -xd
  refused ' -x;' -o json -qxd
}

@test "usage: an invalid value is quoted with its option" {
  for option in warning critical timeout; do
    for value in '' nan inf -1 +1 0 0x10 1e3 2,5 '2 s x' 1000001 99999999999999999999 2s5; do
      refused "--$option: '$value'" "--$option" "$value"
    done
  done
  refused '2\x0as' -w $'2\ns'
  refused "--timeout: 'off'" -t off
  for value in '' nosuch text text: timesyncd:x auto:x Timesyncd 'timesyncd text:x'; do
    refused "--source: '$value'" -s "$value"
  done
  for value in '' host:99999 host:0 host: '[::1' '[::1]x' 'a b' "/$(printf 'x%.0s' {1..108})"; do
    refused "--log: '${value:0:60}" -l "$value"
  done
  for value in '' xml TEXT json,text; do
    refused "'$value'" -o "$value"
  done
  for value in '' -oProxyCommand=x 'a b' $'a\tb'; do
    refused "--host: " -H "$value"
    refused "--machine: " -M "$value"
  done
  lines_are "$(logged)"
}

@test "usage: conflicting options and too many sources are refused" {
  refused '--quiet and --output' -q -o json
  refused '-o json and -o text' -o json -o text
  refused "'/x'" -o json=/x -o text=/x
  refused 'jitter_critical 50ms (command line)' -w 60ms -c 50ms
  refused 'jitter_threshold 60ms (command line)' -w 60ms -c 50ms
  refused '--host and --machine' -H a -M b
  refused 'text:x' -H a -s text:x
  refused 'text:x' -M a -s text:x
  many=()
  for i in {1..17}; do
    many+=(-s "text:$i")
  done
  refused '16' "${many[@]}"
  many=()
  for i in {1..65}; do
    many+=(-d)
  done
  refused '64' "${many[@]}"
  lines_are "$(logged)"
}

@test "usage: without a reader on stderr a usage error is logged" {
  status=0
  bare HOME="$HOME" "$PROG" --nope 2>&- || status=$?
  [ "$status" = 3 ]
  lines_are "$(logged)" '27 ERROR usage: .*--nope.*'
  bare HOME="$HOME" "$PROG" --nope 2>/dev/null || status=$?
  lines_are "$(logged)" '27 ERROR usage: .*--nope.*'
}

@test "help: 80 columns, the everyday options in the first 24 lines, status 0" {
  for option in -h --help --hel; do
    expect 0 as_cron "$option"
    [ -z "$stderr" ]
    [ -z "$(awk 'length > 80' <<<"$output")" ]
  done
  top=$(head -n 24 <<<"$output")
  for option in '-w, --warning TIME' '-c, --critical TIME' '-t, --timeout TIME' \
    '-s, --source NAME' '-o, --output FORMAT[=FILE]' '-l, --log ADDRESS' '-d, --debug' '-q, --quiet' \
    '-C, --config FILE' '--check-config' '--print-config' '-h, --help[=all]' '-V, --version'; do
    [[ $top == *" $option "* ]] || fail "not in the first 24 lines: $option"
  done
  lines_are "$(logged)"
}

@test "help and version: work with broken files, and fail when they cannot be printed" {
  printf '[monitoring]\ntimeout = never\n' >/etc/ntp_monitor.conf
  for option in -V --version; do
    expect 0 as_cron "$option"
    lines_are "$output" 'ntp_monitor [0-9]+\.[0-9]+\.[0-9]+'
    [ -z "$stderr" ]
  done
  expect 0 as_cron --help
  rm /etc/ntp_monitor.conf
  for option in --version --help --print-config --check-config; do
    expect 3 after 'exec >/dev/full' "$option"
    lines_are "$stderr" 'ntp_monitor: .*stdout.*'
  done
}

@test "check-config: problems that cannot be printed are not lost silently" {
  printf '[monitoring]\ntimeout = never\n' >/etc/ntp_monitor.conf
  expect 3 after 'exec >/dev/full' --check-config
  lines_are "$stderr" 'ntp_monitor: .*stdout.*'
}

# --- signals, and calls that do not return -------------------------------------

# Starts the command with a silent pipe at descriptor 8, and returns once it sleeps; sets $pid, and $said to the file of
# its output.
start_hanging() {
  said=$BATS_TEST_TMPDIR/said
  [ -p "$BATS_TEST_TMPDIR/pipe" ] || mkfifo "$BATS_TEST_TMPDIR/pipe"
  exec 8<>"$BATS_TEST_TMPDIR/pipe"
  "$@" >"$said" 2>&1 3>&- &
  pid=$!
  lab_until 5 hangs
}

# It catches SIGTERM (signal 15 is bit 14), so it is past its start, and sleeps.
hangs() {
  local caught
  caught=$(awk '/^SigCgt:/ { print $2 }' "/proc/$pid/status")
  (((0x${caught:-0} & 0x4000) != 0)) && grep -q '^State:[[:space:]]*S' "/proc/$pid/status"
}

# ends_by SIGNAL STATUS: sends the signal, and fails unless the program soon ends with this status.
ends_by() {
  local status=0
  kill -s "$1" "$pid"
  lab_until 5 gone
  wait "$pid" || status=$?
  exec 8>&-
  [ "$status" = "$2" ] || fail "ended with status $status"
}

gone() {
  ! [ -e "/proc/$pid" ] || grep -q '^State:[[:space:]]*Z' "/proc/$pid/status"
}

@test "signals: SIGTERM ends a waiting run with status 3 and one line" {
  start_hanging "$PROG" -s "text:$BATS_TEST_TMPDIR/pipe"
  ends_by TERM 3
  lines_are "$(cat "$said")" 'ntp_monitor: ERROR .*SIGTERM.*'
  start_hanging sh -c 'exec "$0" -s text:- <&8' "$PROG"
  ends_by TERM 3
  lines_are "$(cat "$said")" 'ntp_monitor: ERROR .*SIGTERM.*'
}

@test "signals: SIGTERM, SIGPIPE and SIGCHLD work although the parent blocked or ignored them" {
  start_hanging env --block-signal=TERM,ALRM "$PROG" -s "text:$BATS_TEST_TMPDIR/pipe"
  ends_by TERM 3
  lines_are "$(cat "$said")" 'ntp_monitor: ERROR .*SIGTERM.*'
  start_hanging env --ignore-signal=TERM,ALRM "$PROG" -s "text:$BATS_TEST_TMPDIR/pipe"
  ends_by TERM 3
  lines_are "$(cat "$said")" 'ntp_monitor: ERROR .*SIGTERM.*'
  for way in --block-signal --ignore-signal --default-signal; do
    expect 0 bare HOME="$HOME" env "$way"=PIPE,CHLD,TERM,ALRM,XFSZ "$PROG"
    silent
    lines_are "$(logged)" "30 $WELL"
  done
}

@test "signals: SIGTERM ends a run whose stderr nobody reads" {
  full_pipe "$BATS_TEST_TMPDIR/full"
  start_hanging sh -c 'exec "$0" -s "text:$1" 2>&9' "$PROG" "$BATS_TEST_TMPDIR/pipe"
  ends_by TERM 3
  exec 9>&-
}

@test "signals: SIGINT and SIGHUP end it as they do any program" {
  start_hanging env --default-signal=INT,HUP "$PROG" -s "text:$BATS_TEST_TMPDIR/pipe"
  ends_by INT 130
  start_hanging env --default-signal=INT,HUP "$PROG" -s "text:$BATS_TEST_TMPDIR/pipe"
  ends_by HUP 129
}

# strace_run ARGUMENT-OF-STRACE... -- ARGUMENT...: runs the program under strace, with the reading $healthy.
strace_run() {
  local arguments=()
  while [ "$1" != -- ]; do
    arguments+=("$1")
    shift
  done
  shift
  bare HOME="$HOME" PATH="$PATH" strace -o "$BATS_TEST_TMPDIR/strace" "${arguments[@]}" \
    "$PROG" -l none -s "text:$healthy" "$@"
}

@test "deadline: a silent source costs no more than the deadline" {
  mkfifo "$BATS_TEST_TMPDIR/pipe"
  exec 8<>"$BATS_TEST_TMPDIR/pipe"
  began=$(lab_uptime_ms)
  expect 3 as_cron -t 0.4 -s "text:$BATS_TEST_TMPDIR/pipe"
  took=$(($(lab_uptime_ms) - began))
  exec 8>&-
  silent
  [ "$took" -ge 200 ]
  [ "$took" -lt 1500 ]
  lines_are "$(logged)" "28 WARNING .* $BATS_TEST_TMPDIR/pipe: .*"
}

@test "deadline: a call that no signal interrupts is ended by SIGKILL" {
  plain_build_only 'strace delays the call'
  needs strace
  healthy=$(reading Jitter=1ms)
  expect 137 strace_run -P "$healthy" -e inject=openat:delay_enter=700000 -- -t 0.3 -o json
  [ -z "$output" ]
  # Before the deadline the same call may take its time.
  expect 0 strace_run -P "$healthy" -e inject=openat:delay_enter=700000 -- -t 5 -o json
  [ -z "$stderr" ]
}

# --- an odd inheritance -------------------------------------------------------

# bats warns about 127, but here it is an answer: the dynamic loader found no memory.
not_loaded_is_97() {
  local status=0
  "$@" || status=$?
  [ "$status" != 127 ] || return 97
  return "$status"
}

@test "inherited: an empty environment, without HOME" {
  expect 0 bare "$PROG"
  silent
  lines_are "$(logged)" "30 $WELL"
}

@test "inherited: umask 777, a deleted folder, a file size limit of 0, 16 descriptors" {
  for first in 'umask 777' 'mkdir "$T/gone" && cd "$T/gone" && rmdir "$T/gone"' 'ulimit -f 0' \
    'ulimit -c 0' 'ulimit -n 16'; do
    expect 0 after "$first"
    silent
    lines_are "$(logged)" "30 $WELL"
  done
}

@test "inherited: with any of descriptors 0, 1 and 2 closed nothing goes to the wrong place" {
  for close in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    expect 0 after "exec $close"
    silent
    lines_are "$(logged)" "30 $WELL"
    expect 3 after "exec $close" --nope
    [ -z "$output" ]
    logged >/dev/null # a usage error goes to stderr, which may be closed
    # A socket with the number of stdout or stderr would get the report or the trace.
    case " $close" in
      *' >&-'*) wanted=3 ;; # the report cannot be written
      *) wanted=0 ;;
    esac
    expect "$wanted" after "exec $close" -d -o json
    log=$(logged)
    in_order "$log" "^30 $WELL" '^31 DEBUG .*source timesyncd: .* 1 ' '^31 DEBUG .*step: printing'
    [ "$(grep -cvE '^(30 INFO |27 ERROR .*stdout|31 DEBUG )' <<<"$log")" = 0 ] || fail "$log"
  done
}

@test "inherited: a report that cannot be written is an ERROR, and OK becomes 3" {
  healthy=text:$(reading Jitter=1ms)
  expect 3 after 'exec >&-' -o json -s "$healthy"
  expect 3 after 'exec >/dev/full' -o json -s "$healthy"
  expect 3 after 'ulimit -f 0; exec >"$T/report"' -o json -s "$healthy"
  [ ! -s "$BATS_TEST_TMPDIR/report" ]
  # A pipe without a reader, with SIGPIPE at its default and ignored.
  expect 3 after 'mkfifo "$T/p" && exec 8<>"$T/p" >"$T/p" 8>&-' -o json -s "$healthy"
  expect 3 after 'trap "" PIPE; exec 8<>"$T/p" >"$T/p" 8>&-' -o json -s "$healthy"
  expect 1 after 'exec >/dev/full' -o json -s "$healthy" -w 1us
  error='27 ERROR .*stdout.*: '
  healthy='30 INFO NTP healthy.*'
  lines_are "$(logged)" "$healthy" "$error.*" "$healthy" "${error}No space left on device" \
    "$healthy" "${error}File too large" "$healthy" "${error}Broken pipe" \
    "$healthy" "${error}Broken pipe" '28 WARNING NTP jitter above.*' "${error}No space left on device"
}

@test "inherited: with too few descriptors there is no OK without a log line" {
  for limit in {3..15}; do
    run --separate-stderr not_loaded_is_97 after "ulimit -n $limit"
    log=$(logged)
    case $status in
      0) lines_are "$log" "30 $WELL" ;;
      3) [ -n "$log$stderr" ] || fail "status 3 without a word at $limit" ;;
      97) [ "$limit" -lt 6 ] || fail "not loaded at $limit: $stderr" ;;
      *) fail "status $status at $limit: $stderr" ;;
    esac
  done
  [ "$status" = 0 ]
}

@test "inherited: with too little memory there is no OK without a log line" {
  plain_build_only 'a limit of the address space'
  lowest=
  for kib in {2048..24576..512}; do
    run --separate-stderr not_loaded_is_97 after "ulimit -v $kib"
    log=$(logged)
    case $status in
      0)
        lines_are "$log" "30 $WELL"
        lowest=${lowest:-$kib}
        ;;
      3) [ -n "$log$stderr" ] || fail "status 3 without a word at $kib KiB" ;;
      # 126, 137 and 139: the kernel could not even map the program.
      97 | 126 | 137 | 139) [ -z "$lowest" ] ;;
      *) fail "status $status at $kib KiB: $stderr" ;;
    esac
  done
  [ -n "$lowest" ]
  [ "$lowest" -gt 2048 ]
}

# --- clocks in another age --------------------------------------------------------

# Writes a text whose last reply came at $1, with a poll interval of 32 s.
reading_of() {
  reading ServerName=ntp.example.org PollIntervalUSec=32s \
    "NTPMessage={ Leap=0, Stratum=1, DestinationTimestamp=$1, Ignored=no, PacketCount=9, Jitter=1ms }"
}

# at TIME ARGUMENT...: runs the program at that time.
at() {
  local time=$1
  shift
  bare HOME="$HOME" PATH="$PATH" TZ=UTC0 faketime --exclude-monotonic -f "@$time" "$PROG" "$@"
}

@test "time: 1970, the start of NTP's second era in 2036, 2038 and 2040" {
  plain_build_only 'faketime is a preload'
  needs faketime
  while read -r date began asked; do
    expect 0 at "$date $began" -o json -s "text:$(reading_of "Sat $date $asked UTC")"
    [ -z "$stderr" ]
    [[ $output =~ \"time\":\"${date}T${began%[0-9]}[0-9]\.[0-9]{6}Z\" ]]
    [[ $output =~ \"reason\":\"ok\" ]]
    [[ $output =~ \"age_s\":([0-9]+)(\.[0-9]+)?, ]]
    age=${BASH_REMATCH[1]}
    [ "$age" -ge 5 ]
    [ "$age" -lt 10 ]
    LC_ALL=C TZ=UTC0 date -d "$date $began" '+%b %e %H:%M:%S' >>"$BATS_TEST_TMPDIR/stamps"
  done <<'DATES'
1970-01-01 00:01:01 00:00:56
2036-02-07 06:28:20 06:28:15
2036-02-07 06:28:16 06:28:11
2038-01-19 03:14:09 03:14:04
2040-01-01 00:00:31 00:00:26
DATES
  lines_are "$(logged)" "30 INFO.*" "30 INFO.*" "30 INFO.*" "30 INFO.*" "30 INFO.*"
  # The line's own timestamp, to ten seconds.
  while read -r stamp; do
    grep -qF "<30>${stamp%?}" <(sed 's/>\(...\)  /> \1 /' "$LAB_DIR/rsyslog.raw") ||
      grep -qF "<30>${stamp%?}" "$LAB_DIR/rsyslog.raw" || fail "no line of $stamp"
  done <"$BATS_TEST_TMPDIR/stamps"
}

@test "time: with a clock not set yet the last reply is in the future, and reported so" {
  plain_build_only 'faketime is a preload'
  needs faketime
  expect 1 at '1970-01-01 00:01:00' -s "text:$(reading_of 'Sat 2026-11-21 05:11:18 UTC')"
  silent
  lines_are "$(logged)" '28 WARNING .*stale.*future.*'
  expect 1 at '2040-01-01 00:00:00' -s "text:$(reading_of 'Sat 2026-11-21 05:11:18 UTC')"
  lines_are "$(logged)" '28 WARNING .*stale.* [0-9]+d .*'
}

# --- started with the first test ------------------------------------------------------

@test "deadline: a writer that blocks in the C library is ended by the last-resort timer" {
  lab_until 15 test -e "$LAB_DIR/help/status"
  [ "$(cat "$LAB_DIR/help/status")" = 3 ]
  lines_are "$(cat "$LAB_DIR/help/stderr")" 'ntp_monitor: ERROR .*deadline.*'
}
