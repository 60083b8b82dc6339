#!/bin/bash
# sweep.sh: everything fails once, in runs that use all parts of the program.
#
# Each row of the table is a way to run it, and its result when nothing fails; each sweep of a row is one test. `make
# check` runs the sweeps marked quick; FULL=1 (make torture-sweep) runs all. sweep.c describes the sweeps, sweep_rules.c
# what must hold for each run.
#
# usage: sweep.sh [--list]
# environment: TOP, ONLY (a pattern of test names), FULL, and FAULT: one fault from a report, to repeat it.
# Always tests the plain build, since a sanitizer does not survive a failing mmap(2). The sweep of memory has a build of
# its own with AddressSanitizer, which also finds leaks.
set -u
readonly LIST=${1-}
[ -n "$LIST" ] || : "${LAB_DIR:?is set inside the lab: run this by make check}"
TOP=${TOP-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
# shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
. "$TOP/tests/lab/lab.sh"
# shellcheck source-path=SCRIPTDIR source=networks.bash
. "$TOP/tests/torture/networks.bash"
built=$TOP/build/tests/torture
PROG=${PROG-$TOP/build/ntp_monitor} ASAN=${ASAN-$TOP/build/torture/asan/ntp_monitor}
far=${LAB_DIR-}/far
test_number=0 failed=0
place=() # a prefix that runs a sweep elsewhere

# --- what the runs read -----------------------------------------------------------------

# A reading with 6 ms of jitter.
set_up_time() {
  new_network "$AWAY" && lab_bus_start && away lab_ntp_start '*=+5ms' '127.0.9.9=+31ms,delay=3ms,stratum=3' &&
    away lab_timesyncd_start && lab_replies 8 && lab_replies 9 127.0.9.9
}

# Its stamp is fresh, since an unknown age gets a remark; its poll interval keeps it so for all sweeps.
set_up_text() {
  cat >"$LAB_DIR/reading" <<END
ServerName=ntp.example.org
ServerAddress=192.0.2.1
PollIntervalUSec=34min 8s
NTPMessage={ Leap=0, Version=4, Mode=4, Stratum=2, Precision=-25, RootDelay=15us, RootDispersion=45us, Reference=7F000001, OriginateTimestamp=n/a, ReceiveTimestamp=n/a, TransmitTimestamp=n/a, DestinationTimestamp=$(LC_ALL=C date -u '+%a %F %T UTC'), Ignored=no, PacketCount=10, Jitter=1.207ms }
END
  printf '%s\n' '[monitoring]' 'jitter_treshold = 1' 'jitter_threshold = soon' ' continued' '[nowhere]' \
    '[logging]' 'syslog_address = loghost' >"$LAB_DIR/bad.conf"
  printf '%s\n' '[monitoring]' 'jitter_threshold = 2' '[logging]' 'syslog_address = journal' >"$LAB_DIR/good.conf"
  mkdir "$LAB_DIR/reports"
  printf 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n' >"$LAB_DIR/request"
}

# Two stand-ins for ssh: one leads to the bus, the other ends only by SIGKILL.
set_up_ssh() {
  local libraries
  libraries=$(sed -n 's/^LD_LIBRARY_PATH=\([^ ]*\) .*/\1/p' "$LAB_DIR/bin/busctl")
  mkdir -p "$far/bridge" "$far/deaf"
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%q SYSTEMD_LOG_TARGET=null exec %q -p %q\n' "$libraries" \
    "$LAB_ROOT/usr/bin/systemd-stdio-bridge" "$DBUS_SYSTEM_BUS_ADDRESS" >"$far/bridge/ssh"
  printf '#!/bin/sh\ntrap "" HUP INT TERM PIPE\nexec sleep 100\n' >"$far/deaf/ssh"
  chmod +x "$far"/*/ssh
}

# Servers at port 1123, a ptp4l that follows another, and an ntpd with 127.0.0.1 in a network of its own. chronyd runs
# for its own rows only, since auto would report it.
set_up_sources() {
  lab_spawn servers "$LAB_BUILT/ntp_server" -p 1123 '*=+5ms,root_dispersion=50ms' && lab_ready servers 5 grep -qsx ready "$LAB_DIR/log/servers" &&
    away start_ntpd && lab_ptp_network &&
    lab_ptp_start gm a0 'use_syslog 0' 'priority1 10' 'announceReceiptTimeout 3' &&
    lab_ptp_start slave b0 'use_syslog 0' 'slaveOnly 1' 'clock_servo linreg' || return
  printf '%s\n' '[chrony]' 'socket = /run/none/chronyd.sock' '[ptp]' 'sockets = /run/ptp/slave' 'ptp_samples = 1' \
    '[sntp]' 'samples = 1' 'interval = 250ms' 'min_truechimers = 1' >"$LAB_DIR/quick.conf"
  sed 's/samples = 1/samples = 2/' "$LAB_DIR/quick.conf" >"$LAB_DIR/two.conf"
}

# shellcheck disable=SC2317 # in the other network
start_ntpd() {
  lab_ntpd_net && lab_ntpd_start ahead "$(lab_ntpd_server 10.9.1.1)" "logfile $LAB_DIR/log/words-of-ahead"
}

set_up_chronyd() {
  lab_chrony_start "$(lab_chrony_server 127.0.0.1 port 1123)" && lab_until 10 lab_chrony_marked '*' 1
}

set_up() {
  printf '%s\n' '127.0.0.1 loghost' '127.0.0.9 timehost' >>/etc/hosts
  mkdir "$LAB_DIR/cwd"
  cd "$LAB_DIR/cwd" || return
  set_up_time && set_up_text && set_up_ssh && set_up_sources
}

# --- the tests ---------------------------------------------------------------------------

healthy='INFO NTP healthy, jitter: [^ ]+ \(threshold: 2s\)(, offset at the last reply: [^ ]+)?, server: [^ ]+, source: (timesyncd|text)'
of_source='INFO NTP (healthy|warming up).*source: (chrony|ntpd|ptp|sntp)(; 1 of 2 .*)?'
above='WARNING NTP jitter above threshold: [^ ]+ \(threshold: 1ms\)(, offset at the last reply: [^ ]+)?, server: [^ ]+, source: (timesyncd|text)'
of_config='WARNING NTP healthy, .*; .* [0-9]+ .*--check-config.*'
silent='WARNING NTP .*system bus of far .* [0-9.]+m?s.*'

# sweep OPTION... SWEEP NAME ARGUMENT...: one test. The options are the program sweep's.
sweep() {
  local options=() kind name title summary result begun_ms program=$PROG
  while [ "$1" != -- ]; do
    options+=("$1")
    shift
  done
  kind=$2 name=$3
  shift 3
  case $kind in
    calls) title="system calls fail, $name" ;;
    signals) title="SIGTERM and SIGKILL, $name" ;;
    hangs) title="system calls hang, $name" ;;
    memory) title="allocations fail, $name" program=$ASAN ;;
  esac
  if [ -n "${ONLY-}" ] && ! [[ $title =~ $ONLY ]]; then
    return
  fi
  if [ -n "$LIST" ]; then
    echo "$title"
    return
  fi
  test_number=$((test_number + 1))
  if [ "$kind" = memory ] && ! [ -x "$program" ]; then
    echo "ok $test_number - $title # skip no gcc with AddressSanitizer made $program"
    return
  fi
  if [ "$kind" = memory ]; then
    export FAILING_MALLOC_LIBRARY=$built/failing_malloc.so
    # Leave crashes to the kernel: the C library's name lookup does not survive a lack of memory, and so neither does
    # its child. The program must, and its own crash breaks a rule.
    export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=1:exitcode=99:handle_segv=0
  fi
  begun_ms=$(lab_uptime_ms)
  "${place[@]}" "$built/sweep" "${options[@]}" ${FAULT:+-r "$FAULT"} "$kind" "$program" "$@" >"$LAB_DIR/sweep.out" 2>&1
  result=$?
  unset FAILING_MALLOC_LIBRARY ASAN_OPTIONS
  summary=$(tail -n 1 "$LAB_DIR/sweep.out")", $((($(lab_uptime_ms) - begun_ms + 500) / 1000)) s"
  case $result in
    0) echo "ok $test_number - $title: $summary" ;;
    77) echo "ok $test_number - $title # skip $summary" ;;
    *)
      echo "not ok $test_number - $title: $summary"
      failed=1
      ;;
  esac
  if [ "$result" != 0 ] || [ -n "${FAULT-}" ]; then
    head -n -1 "$LAB_DIR/sweep.out"
  fi
}

# row NAME SWEEPS QUICK OPTION... -- ARGUMENT...: the sweeps of a row, "calls signals"; those in QUICK are part of make
# check.
row() {
  local name=$1 sweeps=$2 quick=$3 options=() kind milliseconds
  shift 3
  while [ "$1" != -- ]; do
    options+=("$1")
    # When a fault leaves only stderr for the verdict, the line says why.
    [ "$1" != -v ] || { shift && options+=("$1( \(.*: .*\))?"); }
    shift
  done
  shift
  [ -n "${FULL-}" ] || sweeps=$quick
  for kind in $sweeps; do
    [[ $kinds == *$kind* ]] || continue
    # A run that hangs lasts until its deadline; AddressSanitizer needs more time, but nothing hangs there.
    milliseconds=100
    [ "$kind" != memory ] || milliseconds=5000
    sweep -t "$milliseconds" "${options[@]}" -- "$kind" "$name" "$@"
  done
}

# A coverage build loses its counters in a kill, and most of its system calls write them, so only allocations fail
# there, and leaks do not count.
kinds='calls signals hangs memory'
if [[ ${BUILD-} == *coverage* ]]; then
  kinds='memory' ASAN=$PROG
fi

if [ -n "$LIST" ]; then # without setting anything up
  LAB_DIR=''
  set_up() { :; }
  set_up_chronyd() { :; }
  lab_stop() { :; }
  lab_ptp_reach() { :; }
  lab_until() { :; }
fi

all='calls signals hangs memory'
set_up || exit
row 'local log, JSON' "$all" "$all" -e 0 -v "$healthy" -- -o json
row 'bad reading, UDP by name' "$all" "$all" -e 1 -v "$above" -- -w 1ms -l loghost
PATH=$far/bridge:$PATH row 'over ssh' "$all" 'signals memory' -e 0 -v "$healthy, host: far" -- -H far -o nagios
PATH=$far/deaf:$PATH row 'over a deaf ssh' 'signals hangs' 'signals' -o -b -e 3 -v "$silent" -- -H far
row 'journal, text from a pipe' "$all" memory -i "$LAB_DIR/reading" -e 0 -v "$healthy" -- \
  -C "$LAB_DIR/good.conf" -s text:- -o json
row 'files of reports' "$all" 'calls signals memory' -e 0 -v "$healthy" -- \
  -s "text:$LAB_DIR/reading" -o "prometheus=$LAB_DIR/reports/a.prom" -o "influx=$LAB_DIR/reports/b"
row 'a request' "$all" 'calls memory' -i "$LAB_DIR/request" -e 0 -- --inetd -s "text:$LAB_DIR/reading"
row 'stream log' 'calls signals' '' -s -e 1 -v "$above" -- -w 1ms -o nagios
row 'bad configuration' "$all" memory -e 3 -v "$of_config" -- -C "$LAB_DIR/bad.conf" -o text
row 'trace' "$all" '' -e 1 -v "$above" -- -w 1ms -d
row 'two sources, nagios' "$all" '' -i "$LAB_DIR/reading" -e 0 -v "$healthy" -- -s text:- -s timesyncd -o nagios
row 'silent name server' 'calls signals' '' -w -e 1 -v "$above" -- -w 1ms -l nowhere.example.org
row 'check-config, bad' 'calls signals memory' '' -m -e 3 -- -C "$LAB_DIR/bad.conf" --check-config
row 'print-config, good' 'calls signals memory' '' -m -e 0 -- -C "$LAB_DIR/good.conf" --print-config

set_up_chronyd || exit
row 'chronyd by UDP' "$all" 'calls memory' -e 0 -v "$of_source" -- -C "$LAB_DIR/quick.conf" -s chrony
row 'chronyd by its socket' "$all" '' -e 0 -v "$of_source" -- -s chrony
lab_stop chrony
lab_ptp_reach slave SLAVE || exit
row 'ptp4l' "$all" 'calls memory' -e 0 -v "$of_source" -- -C "$LAB_DIR/quick.conf" -s ptp
row 'NTP servers' "$all" 'calls memory' -e 0 -v "$of_source" -- -C "$LAB_DIR/quick.conf" -s sntp:127.0.0.2:1123,127.0.0.3:1123
row 'NTP servers by name, two samples' 'calls memory' '' -t 800 -e 0 -v "$of_source" -- \
  -C "$LAB_DIR/two.conf" -s sntp:timehost:1123,127.0.0.3:1123
lab_until 90 lab_ntpd_follows ahead || exit
place=(nsenter --net=/run/netns/ahead)
row 'ntpd' "$all" 'calls memory' -e 0 -v "$of_source" -- -s ntpd
[ -n "$LIST" ] || echo "1..$test_number"
exit "$failed"
