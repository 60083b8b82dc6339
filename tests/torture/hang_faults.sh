#!/bin/bash
# hang_faults.sh: what can block a program, as functions in the lab's shell; for hang.sh and beside.sh.
# shellcheck disable=SC2016 # other shells' and perl's $

nothing() {
  :
}

bad_bus() {
  lab_bad_bus_start "$1"
}

frozen() { # bus | timesyncd
  lab_bus_start && lab_timesyncd_start && lab_freeze "$1"
}

# In place of ssh: holds its pipes and stays silent. An ignored signal stays ignored in what it executes.
silent_ssh() {
  mkdir -p "$LAB_DIR/ssh"
  printf '#!/bin/sh\n%s\nexec sleep 1000\n' "${1:+trap '' TERM HUP INT PIPE}" >"$LAB_DIR/ssh/ssh"
  chmod +x "$LAB_DIR/ssh/ssh"
}

# Someone must hold it open, since a FIFO without a writer is at its end.
fifo() {
  mkfifo "$LAB_DIR/fifo" && lab_spawn holder sh -c 'exec sleep 1000 <>"$1"' sh "$LAB_DIR/fifo" &&
    lab_until 5 holds "$LAB_DIR/fifo"
}

holds() {
  [ "$(readlink "/proc/$(lab_pid holder)/fd/0")" = "$1" ]
}

# silent KIND ADDRESS: a bound socket that reads nothing, and is full.
silent() {
  lab_spawn "silent.${2##*/}" perl -MSocket -MIO::Handle -e '
    my ($kind, $place) = @ARGV;
    my $type = $kind eq "stream" ? SOCK_STREAM : SOCK_DGRAM;
    my $domain = $kind eq "udp" ? PF_INET : PF_UNIX;
    my $address = $kind eq "udp" ? sockaddr_in($place, INADDR_LOOPBACK) : sockaddr_un($place);
    socket(my $s, $domain, $type, 0) or die;
    bind($s, $address) or die "$place: $!\n";
    listen($s, 0) if $type == SOCK_STREAM;
    my @callers;
    while ($kind ne "udp") {
      socket(my $caller, $domain, $type, 0) or die;
      $caller->blocking(0);
      push @callers, $caller;
      connect($caller, $address) or last;
      if ($type == SOCK_DGRAM) { 1 while defined send($caller, "<13>filler: ", 0); last; }
    }
    STDOUT->autoflush(1);
    print "ready\n";
    sleep;' "$@" && lab_ready "silent.${2##*/}" 5 grep -qsx ready "$LAB_DIR/log/silent.${2##*/}"
}

deaf_log() {
  silent "$1" /dev/log
}

# A few debug lines per second, and more in the trace.
slow_log() {
  printf '%s\n' '[monitoring]' 'debug_mode = true' >"$LAB_DIR/debug.conf"
  lab_spawn slow perl -MSocket -e '
    socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
    bind($s, sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!\n";
    $| = 1;
    print "ready\n";
    while (1) { recv($s, my $line, 4096, 0); select(undef, undef, undef, 0.1); }' /dev/log &&
    lab_ready slow 5 grep -qsx ready "$LAB_DIR/log/slow" && fill /dev/log
}

fill() {
  perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die;
    connect($s, sockaddr_un($ARGV[0])) or die "$ARGV[0]: $!\n";
    1 while defined send($s, "<13>filler: ", MSG_DONTWAIT)' "$1"
}

frozen_rsyslogd() {
  lab_rsyslogd_start -p none && lab_freeze rsyslogd && fill /dev/log
}

frozen_journald() {
  lab_journald_start && lab_freeze journald && fill /run/systemd/journal/socket &&
    fill /run/systemd/journal/dev-log
}

silent_dns() {
  printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:5 attempts:2' >/etc/resolv.conf
  silent udp 53
}

everything() {
  bad_bus accept-silent && silent_dns && deaf_log datagram
}
