# Shared by delivery.bats and formats.bats, inside the lab: a reading to judge, one run of the program, and receivers
# of log lines with what they stored.
# shellcheck shell=bash disable=SC2034,SC2119,SC2120,SC2154 # the tests' names, and what they call

# The line for the reading that `reading` writes by default.
healthy='NTP healthy, jitter: 1.207ms (threshold: 2s), server: ntp.example.org, source: text'

fail() {
  printf '%s\n' "$*" >&2
  return 1
}

# equal WHAT GOT WANTED
equal() {
  [ "$2" = "$3" ] || fail "$1 is:
$2
and should be:
$3"
}

# between WHAT NUMBER LEAST MOST
between() { # WHAT NUMBER LEAST MOST
  if ! [[ $2 =~ ^[0-9]+$ ]] || [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
    fail "$1 is $2, and should be between $3 and $4"
  fi
}

# run_took LEAST MOST: so many ms; a build with sanitizers has a second more, as it has at its deadline.
run_took() {
  local slack=0
  case ${BUILD-} in *asan*) slack=1000 ;; esac
  between 'the time of the run, in ms,' "$took_ms" "$1" $(($2 + slack))
}

plain_build_only() {
  case ${BUILD-} in
    *asan*) skip "driven by $1: plain build only" ;;
  esac
}

common_setup() {
  : "${LAB_DIR:?is set inside the lab: run this by make check}"
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  : "${PROG:=$TOP/build/ntp_monitor}"
  T=$BATS_TEST_TMPDIR
  via=()
  source=(-s "text:$T/reading")
  at=
  udp_port=514
  reading
}

common_teardown() {
  local name
  lab_logs_on_failure
  for name in rsyslogd busybox journald peer; do
    lab_kill "$name"
  done
  rm -rf /dev/log /run/systemd/journal /run/log/journal "$LAB_DIR"/{rsyslog.raw,rsyslog.fields,busybox.log}
}

# --- the reading and the run -------------------------------------------------

# reading [NAME=VALUE...]: what `timedatectl show-timesync` prints, in $T/reading.
reading() {
  local server=ntp.example.org address=192.0.2.1 poll=32s leap=0 stratum=2 delay=15us
  local dispersion=45us last spike=no replies=10 jitter=1.207ms
  last=$(LC_ALL=C date -u '+%a %F %T UTC')
  [ $# = 0 ] || local "$@"
  local zero='Thu 1970-01-01 00:00:00 UTC'
  cat >"$T/reading" <<END
LinkNTPServers=
ServerName=$server
ServerAddress=$address
PollIntervalUSec=$poll
NTPMessage={ Leap=$leap, Version=4, Mode=4, Stratum=$stratum, Precision=-25, RootDelay=$delay, \
RootDispersion=$dispersion, Reference=7F000001, OriginateTimestamp=$zero, ReceiveTimestamp=$zero, \
TransmitTimestamp=$zero, DestinationTimestamp=$last, Ignored=$spike, PacketCount=$replies, \
Jitter=$jitter }
Frequency=0
END
}

# monitor [ARGUMENT...]: runs the program through ${via[@]}, with the redirections $at, on ${source[@]}; sets $status,
# $pid, $took_ms, $T/out and $T/err.
monitor() {
  local begun_ms
  begun_ms=$(lab_uptime_ms)
  start "$@"
  finish
  took_ms=$(($(lab_uptime_ms) - begun_ms))
}

start() {
  # A process of its own, so that $pid is the program's whatever stands in front of it.
  eval 'exec "${via[@]}" "$PROG" "${source[@]}" "$@" >"$T/out" 2>"$T/err" </dev/null 3>&- '"$at" &
  pid=$!
}

finish() {
  status=0
  wait "$pid" || status=$?
}

# config LINE...: writes $T/conf, for -C.
config() {
  printf '%s\n' "$@" >"$T/conf"
}

# ended STATUS: with nothing on stdout or stderr.
ended_silent() {
  ended "$1"
  equal 'stdout' "$(<"$T/out")" ''
  equal 'stderr' "$(<"$T/err")" ''
}

ended() {
  [ "$status" = "$1" ] || fail "exit status $status instead of $1; stdout:
$(<"$T/out")
stderr:
$(<"$T/err")"
}

# figure KEY: prints this number of the first server in the JSON report, digit for digit.
figure() {
  sed -nE "s/.*\"servers\":\[\{.*\"$1\":([^,}]*).*/\1/p" "$T/out"
}

# Prints the logging steps of a trace (-d): PLACE: its error, or the line it accepted.
log_trace() {
  sed -nE 's/^debug: \+[0-9.]+ms log: ([^:]* )?([^ ]*[^ :]) [a-z]+: /\2: /p' "$T/err"
}

# --- the time services -----------------------------------------------------------

# Servers 0.7 s ahead; every second reply that real_service asks for is 10 ms further off, for some jitter.
real_service_servers() {
  local rule=delay=2ms,root_delay=3ms,root_dispersion=2ms,stratum=2
  lab_ntp_start "*=offset=+700ms,$rule" "127.0.8.2=offset=+710ms,$rule,delay=9ms"
}

# On the bus from setup_file: timesyncd itself with replies, or a fake with these settings.
real_service() {
  lab_stop fake
  lab_stop timesyncd
  lab_timesyncd_start && lab_replies 8 127.0.8.1 127.0.8.2
  source=(-s timesyncd)
}

fake_service() {
  lab_stop timesyncd
  lab_stop fake
  lab_fake_start normal "$@"
  source=(-s timesyncd)
}

# --- receivers -------------------------------------------------------------------

# Starts rsyslogd like lab_rsyslogd_start, and returns once all its sockets listen.
rsyslogd_start() {
  local OPTIND=1 option
  udp_port=514
  lab_rsyslogd_start "$@" || return
  while getopts s:p: option; do
    [ "$option" = s ] || udp_port=$OPTARG
  done
  [ "$udp_port" = none ] || lab_ready rsyslogd 5 udp6_bound "$udp_port"
}

udp6_bound() {
  grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf '%04x' "$1") " /proc/net/udp6
}

# datagram SOCKET TEXT: sends without waiting.
datagram() {
  perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
    connect($s, sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!\n";
    defined send($s, $ARGV[1], MSG_DONTWAIT) or die "$ARGV[0]: $!\n"' "$@"
}

# fill SOCKET: sends until its queue is full.
fill() {
  perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
    connect($s, sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!\n";
    1 while defined send($s, "<13>filler: ", MSG_DONTWAIT)' "$1"
}

lines_of() { # FILE TEXT COUNT: FILE has this many lines with TEXT
  [ "$(grep -c -- "$2" "$1")" = "$3" ]
}

# Datagrams are stored in order, so once all marks are stored, so is everything sent before them.
rsyslogd_settle() {
  local mark="mark-$RANDOM-$RANDOM" count=0 socket address
  socket=$(<"$LAB_DIR/rsyslogd.socket")
  if [ "$socket" != none ]; then
    datagram "$socket" "<13>mark: $mark"
    count=1
  fi
  if [ "$udp_port" != none ]; then
    for address in 127.0.0.1 ::1; do
      if printf '<13>mark: %s' "$mark" 2>/dev/null >"/dev/udp/$address/$udp_port"; then
        count=$((count + 1))
      fi
    done
  fi
  lab_until 5 lines_of "$LAB_DIR/rsyslog.raw" "$mark" "$count"
  lab_until 5 lines_of "$LAB_DIR/rsyslog.fields" "$mark" "$count"
}

# Prints the lines that rsyslogd stored, without its own and the marks, as they came, with TIME and PID in place of
# the run's timestamp and PID.
rsyslogd_raw() {
  rsyslogd_settle
  sed -E -e '/^<4[0-9]>[^:]+:[0-9]{2}:[0-9]{2} rsyslogd: /d; /^<13>mark: /d; /^<13>filler: $/d' \
    -e 's/^(<[0-9]+>)[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}(:[0-9]{2}){2} /\1TIME /' \
    -e 's/^(<[0-9]+>1) [0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{6}Z /\1 TIME /' \
    -e "s/ ntp_monitor\\[$pid\\]: / ntp_monitor[PID]: /; s/ ntp_monitor $pid / ntp_monitor PID /" \
    "$LAB_DIR/rsyslog.raw"
}

# The same as rsyslogd parsed them: INPUT|PRI|FACILITY|SEVERITY|HOST|APP-NAME|PROCID|SD|MSG|.
rsyslogd_fields() {
  rsyslogd_settle
  sed -E -e '/\|rsyslogd\|/d; /\|mark\|/d; /\|filler\|/d' -e "s/\\|$pid\\|/|PID|/" \
    "$LAB_DIR/rsyslog.fields"
}

busybox_log() {
  local mark="mark-$RANDOM-$RANDOM"
  datagram /dev/log "<13>mark: $mark"
  lab_until 5 lines_of "$LAB_DIR/busybox.log" "$mark" 1
  sed -E -e '/ syslog\.info syslogd started/d; / mark: mark-[0-9]+-[0-9]+$/d; / rsyslogd: /d' \
    -e 's/^[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}(:[0-9]{2}){2} /TIME /' \
    -e "s/ ntp_monitor\\[$pid\\]: / ntp_monitor[PID]: /" "$LAB_DIR/busybox.log"
}

journal_marked() {
  lab_journal MESSAGE="$1" 2>/dev/null | grep -q .
}

# Prints the entries except journald's own, one JSON object per line.
journal() {
  local mark="mark-$RANDOM-$RANDOM"
  datagram /dev/log "<13>$mark-log"
  datagram /run/systemd/journal/socket "MESSAGE=$mark-native"$'\n'
  lab_until 5 journal_marked "$mark-log"
  lab_until 5 journal_marked "$mark-native"
  lab_journal | jq -c 'select(._COMM != "systemd-journal" and
    (.MESSAGE | if type == "string" then test("^mark-") | not else true end))'
}

# peer MODE ARGUMENT...: a receiver that behaves as no real one does. What it gets is in $T/peer.
#   stream SOCKET         accepts and reads; a line "connection" before each
#   deaf-stream SOCKET    never accepts, and its backlog is full
#   deaf-datagram SOCKET  bound, never reads
#   udp ADDRESS PORT      reads, one datagram per line
#   deaf-udp ADDRESS PORT bound, never reads
peer() {
  : >"$T/peer"
  rm -f "$LAB_DIR/log/peer" # it holds "ready" from an earlier peer
  # shellcheck disable=SC2016
  lab_spawn peer perl -MSocket -MIO::Handle -e '
    my ($kept, $mode, $place, $port) = @ARGV;
    open(my $out, ">>", $kept) or die; $out->autoflush(1); STDOUT->autoflush(1);
    my $type = $mode =~ /stream/ ? SOCK_STREAM : SOCK_DGRAM;
    my $udp = $mode =~ /udp/;
    my $address = $udp ? sockaddr_in($port, inet_aton($place)) : sockaddr_un($place);
    socket(my $s, $udp ? PF_INET : PF_UNIX, $type, 0) or die;
    bind($s, $address) or die "$place: $!\n";
    listen($s, $mode eq "stream" ? 5 : 0) if $type == SOCK_STREAM;
    my @callers;
    for (my $full = $mode ne "deaf-stream"; !$full;) {
      socket(my $caller, PF_UNIX, SOCK_STREAM, 0) or die;
      $caller->blocking(0);
      $full = !connect($caller, $address);
      push @callers, $caller;
    }
    print "ready\n";
    while ($mode eq "stream") {
      accept(my $caller, $s) or die;
      print $out "connection\n";
      while (sysread($caller, my $bytes, 65536)) { print $out $bytes; }
    }
    while ($mode eq "udp") {
      recv($s, my $bytes, 65536, 0);
      print $out "$bytes\n";
    }
    sleep;' "$T/peer" "$@" && lab_ready peer 5 grep -qsx ready "$LAB_DIR/log/peer"
}
