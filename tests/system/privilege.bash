# privilege.bash: for privilege.bats: the scenarios, each run once under strace; a reader of those traces, which checks
# every call against a list of allowed ones; and a system call filter like the one systemd gives a unit.
# shellcheck shell=bash disable=SC2034,SC2154 # delivery.bash's names

# --- the scenarios ---------------------------------------------------------------------

# scenario NAME STATUS [NAME=VALUE...] [ARGUMENT...]: one run through ${via[@]}, which must end with this status; its
# output is kept under $T/$as; $asked, if set, is its stdin.
scenario() {
  local name=$1 wanted=$2 variables=()
  shift 2
  while [[ ${1-} == [A-Z]*=* ]]; do
    variables+=("$1")
    shift
  done
  status=0
  env "${variables[@]}" "${via[@]//NAME/$name}" "$PROG" "$@" >"$T/$as/$name.out" 2>"$T/$as/$name.err" <"${asked:-/dev/null}" 3>&- ||
    status=$?
  [ "$status" = "$wanted" ] || fail "$as, $name: status $status instead of $wanted: $(cat "$T/$as/$name.err")"
}

# The scenarios that the hardened unit allows, since it may reach only this machine. Each prints the same wherever it
# runs.
scenarios_local() {
  scenarios_bus
  scenarios_daemons
}

scenarios_bus() {
  scenario bus 0 -o json
  scenario text 0 -s "text:$T/reading" -l /dev/log -o text
  scenario journal 0 -s "text:$T/reading" -l journal -o nagios
  scenario stderr 0 -s "text:$T/reading" -l stderr
  scenario stream 0 -s "text:$T/reading" -l "$T/stream"
  scenario trace 0 -s "text:$T/reading" -d
  scenario warning 1 -s "text:$T/reading" -w 1us
  scenario critical 2 -s "text:$T/reading" -w 1us -c 1us
  scenario config 3 -C "$T/bad.conf" -s "text:$T/reading"
  scenario no-bus 3 DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nothing
  scenario silent-bus 3 DBUS_SYSTEM_BUS_ADDRESS="unix:path=$T/silent" -t 0.4
  scenario no-file 3 -s text:/nothing
  scenario no-home 0 HOME= -s "text:$T/reading"
  scenario stdin 3 -s text:-
  asked=$T/request scenario request 0 --inetd -s "text:$T/reading" -l /dev/log
  asked=$T/request scenario request-bad 0 --inetd -s text:/nothing -l /dev/log
  scenario usage 3 --nonsense
  scenario check-config 3 -C "$T/bad.conf" --check-config
  scenario print-config 0 --print-config
  scenario help 0 --help
  scenario version 0 --version
}

# chronyd and ntpd run only here: beside other scenarios auto would report two daemons.
scenarios_daemons() {
  chronyd_start
  scenario chrony 0 -s chrony -l stderr
  scenario chrony-auto 0 DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nothing -l stderr
  scenario two-daemons 1 -l stderr
  lab_freeze chrony
  scenario chrony-hangs 3 -s chrony -l stderr -t 0.4
  lab_thaw chrony
  lab_stop chrony
  scenario chrony-gone 3 -s chrony -l /dev/log
  ntpd_start
  scenario ntpd 1 -s ntpd -l stderr
  scenario ntpd-auto 1 DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nothing -l stderr
  lab_stop ntpd
  scenario ntpd-gone 3 -s ntpd -l stderr
  scenario ptp 1 -C "$T/ptp.conf" -s ptp -l stderr
  scenario ptp-gone 3 -s ptp -l stderr
}

# The socket that a killed run left beside chronyd's is removed.
chronyd_start() {
  lab_chrony_start "$(lab_chrony_server 127.0.0.1 port 1123)" && lab_until 10 lab_chrony_marked '*' 1 || return
  rm -f /run/chrony/ntp_monitor.*
  perl -MSocket -e 'socket(my $s, PF_UNIX, SOCK_DGRAM, 0); bind($s, sockaddr_un($ARGV[0])) or die' \
    /run/chrony/ntp_monitor.999999.sock
}

ntpd_start() {
  echo 0.000 >"$LAB_DIR/ntpd.drift"
  printf '%s\n' "driftfile $LAB_DIR/ntpd.drift" "logfile $LAB_DIR/log/ntpd.words" \
    'restrict 127.0.0.1' 'restrict ::1' >"$LAB_DIR/ntpd.conf"
  lab_spawn ntpd ntpd -n -N -c "$LAB_DIR/ntpd.conf" && lab_ready ntpd 5 ntpd_answers
}

ntpd_answers() {
  "$PROG" -s ntpd -l none -o json | grep -q '"reason":"not-synchronised"'
}

# With fewer descriptors than servers as well.
scenarios_sntp() {
  scenario sntp 0 -C "$T/sntp.conf" -s "sntp:127.0.0.2:1123,[fd0a::1]:1123" -l stderr
  scenario sntp-auto 0 DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nothing -C "$T/sntp.conf" -l stderr
  scenario lookup-sntp 0 -C "$T/sntp.conf" -s sntp:127.0.0.3:1123,loghost.example.org:1123,127.0.0.2:1123 -l stderr
  scenario sntp-refused 3 -C "$T/sntp.conf" -s sntp:127.0.0.2:9 -l stderr
  (
    ulimit -Sn 24
    scenario sntp-many 0 -C "$T/sntp.conf" -s "sntp:$(printf '127.0.2.%d:1123,' {1..30})127.0.2.31:1123" -l stderr
  )
}

scenarios_udp() {
  scenario udp 0 -s "text:$T/reading" -l 127.0.0.1
  scenario udp-refused 0 -s "text:$T/reading" -l '[::1]:9'
  scenario lookup 0 -s "text:$T/reading" -l loghost.example.org
  scenario lookup-in-vain 0 -s "text:$T/reading" -l no-such-host.invalid
}

scenarios_outputs() {
  scenario output 0 -s "text:$T/reading" -l /dev/log -o "json=$T/made/report" -o "prometheus=$T/made/a.prom"
  scenario output-fails 3 -s "text:$T/reading" -l /dev/log -o "json=$T/nothing/report"
}

scenarios_elsewhere() {
  scenarios_outputs
  scenarios_udp
  scenarios_sntp
  scenario nobody 0 -s "text:$T/reading" -l /nothing
  scenario ssh 0 PATH="$T/bin:$PATH" DBUS_SYSTEM_BUS_ADDRESS= -H far -l stderr
  scenario ssh-fails 3 PATH="$T/bin/fails:$PATH" -H far -l stderr
  scenario ssh-hangs 3 PATH="$T/bin/hangs:$PATH" -H far -l stderr -t 0.4
  scenario container 0 -M box -l stderr
  scenario no-container 3 -M nothing -l stderr
}

# Starts what they need: a bus with timesyncd's name on it, receivers, NTP servers, a ptp4l without a master, a far
# machine, a container.
scenarios_begin() {
  local libraries
  mkdir -p "$T"/{trace,bin/fails,bin/hangs,made} /run/systemd/machines
  printf 'GET /health HTTP/1.1\r\nHost: a\r\n\r\n' >"$T/request"
  reading 'poll=34min 8s' # poll= keeps it fresh for the whole suite
  printf '%s\n' '[monitoring]' 'jitter_threshold = soon' 'colour = red' >"$T/bad.conf"
  printf '%s\n' '127.0.0.1 loghost.example.org' '127.0.0.7 loghost.example.org' >>/etc/hosts
  lab_bus_start && lab_fake_start normal age=10s && lab_journald_start && rm /dev/log && rsyslogd_start && peer stream "$T/stream"
  (lab_bad_bus_start accept-silent "$T/silent")
  lab_sntp_v6
  lab_spawn servers "$LAB_BUILT/ntp_server" -p 1123 '*=+5ms' && lab_ready servers 5 grep -qsx ready "$LAB_DIR/log/servers" &&
    lab_ptp_network && lab_ptp_start alone b0 'use_syslog 0' 'slaveOnly 1' && lab_ptp_reach alone LISTENING
  printf '%s\n' '[ptp]' 'sockets = /run/ptp/alone' >"$T/ptp.conf"
  printf '%s\n' '[sntp]' 'servers = 127.0.0.2:1123' 'samples = 2' 'interval = 250ms' >"$T/sntp.conf"
  libraries=$(sed -n 's/^LD_LIBRARY_PATH=\([^ ]*\) .*/\1/p' "$LAB_DIR/bin/busctl")
  # Records what a child of ours inherits, then becomes the far end of the bus.
  {
    printf '#!/bin/sh\nexport LD_LIBRARY_PATH=%q\n' "$libraries"
    # shellcheck disable=SC2016 # read by the shell itself: while it starts a cat, its signals are blocked
    printf 'ls -l /proc/self/fd >%q; while read -r l; do echo "$l"; done </proc/$$/status >>%q; umask >>%q\n' "$T"/ssh.{saw,saw,saw}
    printf 'exec %q -p %q\n' "$LAB_ROOT/usr/bin/systemd-stdio-bridge" "$DBUS_SYSTEM_BUS_ADDRESS"
  } >"$T/bin/ssh"
  printf '#!/bin/sh\necho no way >&2\nexit 255\n' >"$T/bin/fails/ssh"
  printf '#!/bin/sh\nexec sleep 9\n' >"$T/bin/hangs/ssh"
  chmod +x "$T"/bin/ssh "$T"/bin/*/ssh
  lab_spawn box unshare -m sleep 100
  printf '%s\n' NAME=box CLASS=container "LEADER=$(lab_pid box)" >/run/systemd/machines/box
}

# --- the hardened unit ----------------------------------------------------------------------

# setting KEY: prints its values in the unit, one per line.
setting() {
  sed -n "s/^$1=//p" "$TOP/contrib/systemd/ntp_monitor.service"
}

# expand SET...: prints the system calls in these sets of systemd's (systemd.exec(5), SystemCallFilter=).
expand() {
  local set name
  for set; do
    systemd-analyze syscall-filter "$set" | awk 'NR > 1 && !/#/ { print $1 }' | while read -r name; do
      case $name in
        @*) expand "$name" ;;
        *) echo "$name" ;;
      esac
    done
  done
}

# Prints the calls that the unit may make.
unit_calls() {
  local line calls words
  calls=$(expand @default)
  while read -r line; do
    read -ra words <<<"${line#\~}"
    case $line in
      \~*) calls=$(grep -vxF "$(expand "${words[@]}")" <<<"$calls") ;;
      *) calls+=$'\n'$(expand "${words[@]}") ;;
    esac
  done < <(setting SystemCallFilter)
  sort -u <<<"$calls"
}

# unit_numbers FILE: writes their numbers on this machine, as NAME NUMBER.
unit_numbers() {
  sed 's/.*/& __NR_&/' | "${CC:-cc}" -E -P -include asm/unistd.h -x c - | grep -E ' [-+()0-9x ]+$' >"$1"
}

# --- the allowed calls ------------------------------------------------------------------

# privilege_program FILE: writes the reader of traces and the filter.
privilege_program() {
  cat >"$1" <<'PERL'
use strict; use warnings;
my ($mode, @arguments) = @ARGV;

# What the program, the C library and sd-bus call: each name with the form of its arguments. Anything else is a
# privilege that the program has no use for. Names from other machines and C libraries are included.
my $path = qr/(?:AT_FDCWD, )?"(?:[^"\\]|\\.)*"/;
my $std = qr/[012]/;
my $ports = qr/9|123|323|514|1123/; # on the loopback: closed, ntpd's, chronyd's, syslog's, the tests' NTP servers'
my $read = qr/O_RDONLY(?:\|O_(?:CLOEXEC|NOCTTY|NONBLOCK|DIRECTORY|LARGEFILE|NOFOLLOW))*\z/;
my $look = qr/(?:O_RDONLY\|)?(?:O_(?:CLOEXEC|NOFOLLOW|DIRECTORY)\|)*O_PATH(?:\|O_(?:CLOEXEC|NOFOLLOW|DIRECTORY))*/; # and nothing more
my $beside = qr{/run/chrony/ntp_monitor\.\d+\.sock};
my %allowed = (
  # starting a process, memory, ending
  map({ $_ => qr// } qw(brk munmap arch_prctl set_tid_address set_robust_list rseq getrandom exit_group futex
    futex_time64 madvise mremap)),
  map({ $_ => qr/, (?!.*PROT_WRITE\|PROT_EXEC)(?:.*MAP_PRIVATE|.*MAP_SHARED\|MAP_ANONYMOUS, -1, )/ } qw(mmap mmap2)),
  mprotect => qr/, PROT_(?:NONE|READ|READ\|WRITE|READ\|EXEC)\z/,
  prlimit64 => qr/\A0, RLIMIT_(?:[A-Z]+, NULL, |NOFILE, \{rlim_cur=\S+, rlim_max=\S+\}, NULL\z)/,
  setrlimit => qr/\ARLIMIT_NOFILE, /, ugetrlimit => qr//, getrlimit => qr//,
  # identity
  map({ $_ => qr/\A\z/ } qw(getpid getppid gettid getuid geteuid getgid getegid getuid32 geteuid32 getgid32 getegid32)),
  uname => qr//, sysinfo => qr//, prctl => qr/\APR_(?:CAPBSET_READ, |SET_PDEATHSIG, SIG(?:KILL|TERM)\z)/,
  # signals, timers, reading the clock
  rt_sigaction => qr//, rt_sigprocmask => qr//, rt_sigreturn => qr//, umask => qr/\A0(?:22|00)\z/, # 0 while a socket is bound
  timer_create => qr/\ACLOCK_MONOTONIC, .*sigev_signo=SIG(?:ALRM|KILL)/, timer_settime => qr//, timer_settime64 => qr//,
  map({ $_ => qr/\ACLOCK_(?:REALTIME|MONOTONIC)/ } qw(clock_gettime clock_gettime64)), gettimeofday => qr//, time => qr//,
  # files: examined and read
  map({ $_ => qr/\A$path, [RWXF]_OK|\A$path, F_OK/ } qw(access faccessat faccessat2)),
  openat => qr/\A$path, $read|\A\d+, "\.", $read|\AAT_FDCWD, "\/", (?:O_RDONLY\|)?O_PATH\z|\A$path, $look\z|\A\d+, "[^"\/]+", (?:$look|$read)\z/,
  openat2 => qr/\A$path, \{flags=$look, resolve=RESOLVE_NO_(?:XDEV|SYMLINKS)\}, \d+\z/,
  map({ $_ => qr// } qw(newfstatat fstat fstat64 fstatat64 stat stat64 lstat statx fstatfs statfs read pread64 lseek _llseek
    readlink readlinkat getcwd close poll ppoll ppoll_time64 getdents64)),
  ioctl => qr/\A\d+, (?:TCGETS|SIOCGIFCONF, \{)/, write => qr/\A$std, /, writev => qr/\A$std, /,
  # sockets: connected, never listened on
  socket => qr/\AAF_(?:UNIX|INET|INET6), SOCK_(?:DGRAM|STREAM)\|SOCK_CLOEXEC/, socketpair => qr/\AAF_UNIX, SOCK_\w+\|SOCK_CLOEXEC/,
  connect => qr/sa_family=AF_UNIX|sin6?_port=htons\($ports\), (?:sin_addr=inet_addr\("127\.|.*"(?:::1|fd0a::1)")/,
  # a socket's own name, for the reply: chosen by the kernel, or beside chronyd's socket
  bind => qr/\A\d+, \{sa_family=AF_UNIX(?:, sun_path="$beside")?\}, /, unlink => qr/\A"$beside"\z/,
  unlinkat => qr/\A\d+, "ntp_monitor\.\d+\.sock", 0\z/, recvfrom => qr/, MSG_TRUNC\|MSG_DONTWAIT, NULL, NULL\z/,
  # many sockets at once
  epoll_create1 => qr/\AEPOLL_CLOEXEC\z/, epoll_ctl => qr/, EPOLL_CTL_ADD, \d+, \{events=EPOLLIN, /,
  map({ $_ => qr// } qw(epoll_wait epoll_pwait epoll_pwait2)),
  map({ $_ => qr// } qw(getsockname getpeername getsockopt recvmsg)), shutdown => qr/\A1, SHUT_WR\z/,
  setsockopt => qr/SOL_SOCKET, SO_(?:(?:SND|RCV)BUF(?:FORCE)?|TIMESTAMPNS\w*), /, sendto => qr/MSG_NOSIGNAL/, sendmsg => qr/MSG_NOSIGNAL/,
  # the lookup's child, and ssh
  pipe2 => qr/O_CLOEXEC/, map({ $_ => qr/F_DUPFD_CLOEXEC|F_GETF[DL]|F_SETFD, FD_CLOEXEC\z/ } qw(fcntl fcntl64)),
  dup2 => qr/, 2\z/, dup3 => qr/, 2, 0\z/, map({ $_ => qr/\A(?!.*CLONE_(?:NEW|VM|THREAD)).*SIGCHLD/ } qw(clone clone3)),
  fork => qr//, vfork => qr//, wait4 => qr//, waitid => qr//, kill => qr/, (?:SIGKILL|0)\z/, # signal 0: whether it exists
);
# For a report to a file: it is made beside its target, under a name of ours, and renamed.
my $made = qr/"\.[a-z.]+\.ntp_monitor-[0-9a-f]{16}"/;
my %output = (write => qr//, fchmod => qr/, 0644\z/, fsync => qr//, unlinkat => qr/\A\d+, $made, 0\z/,
  openat => qr/\A\d+, (?:"[^"\/]+", $read|$made, O_WRONLY\|O_CREAT\|O_EXCL\|O_NOFOLLOW\|O_CLOEXEC, 0600\z)/,
  renameat => qr/\A(\d+), "\.([a-z.]+)\.ntp_monitor-[0-9a-f]{16}", \1, "\2"\z/, flock => qr/\A\d+, LOCK_EX\|LOCK_NB\z/);
# In the lookup's child: replies, and the network interfaces.
my %resolver = (write => qr//, prctl => qr/\APR_SET_PDEATHSIG, SIGKILL\z/, socket => qr/\AAF_NETLINK, SOCK_RAW\|SOCK_CLOEXEC/,
  map({ $_ => qr// } qw(bind connect sendto sendmmsg recvfrom setsockopt ioctl)));
# In sd-bus's own children, on the way to ssh and into a container.
my %sd_bus = (prctl => qr/\APR_SET_(?:NAME|MM|PDEATHSIG), /, close_range => qr//, dup2 => qr/, [012]\z/, fcntl => qr//,
  prlimit64 => qr/RLIMIT_NOFILE/, execve => qr/"ssh", /,
  map({ $_ => qr// } qw(setns fchdir chroot setresuid setresgid setgroups setreuid setregid)));

# The calls in a trace that are ours: the first process, and its children until they become another program.
sub calls {
  my ($file) = @_;
  open(my $trace, '<', $file) or die "$file: $!";
  my (@calls, %begun, %ours, %role);
  my @lines = <$trace>;
  my ($main) = $lines[0] =~ /\A(\d+) /;
  my @family = [$main, ''];
  # Collect the family first: a child's calls may precede its parent's return from clone.
  while (my $member = shift @family) {
    my ($pid, $role) = @$member;
    my $text = join '', grep /\A$pid /, @lines[1 .. $#lines];
    $text =~ s/^\d+ +(?:<\.\.\. )?execve[^\n]*= 0\n.*//ms; # the rest belongs to another program
    $role = 'sd-bus' if $text =~ /PR_SET_NAME, "\(sd-/;
    ($ours{$pid}, $role{$pid}) = (1, $role);
    push @family, map [$_, $role || 'resolver'],
      $text =~ /^\d+ +(?:<\.\.\. )?(?:clone3?|v?fork)(?:\([^\n]*| resumed[^\n]*)= (\d+)$/mg;
  }
  for my $line (@lines) {
    my ($pid, $rest) = $line =~ /\A(\d+) +(.*)/;
    next if !$ours{$pid} || $rest =~ /\A(?:\+\+\+|---)/;
    if ($rest =~ s/ *<unfinished \.\.\.>\z//) { $begun{$pid} = $rest; next; }
    $rest = delete($begun{$pid}) . $1 if $rest =~ /\A<\.\.\. \w+ resumed>(.*)/;
    my ($name, $args, $result) = $rest =~ /\A(\w+)\((.*?)\)? += (\S+)/ or die "not understood: $line";
    next if $result eq '?' && $name !~ /exit/; # interrupted and restarted
    push @calls, {pid => $pid, role => $role{$pid}, name => $name, args => $args =~ s/ +\z//r, result => $result, line => $line};
    delete $ours{$pid} if $name eq 'execve' && @calls > 1 && $result eq '0';
  }
  return @calls;
}

sub scenario { (split m{/}, $_[0])[-1] }

# Every call that is not on the list.
sub judge_calls {
  for my $file (@_) {
    my $first = 1;
    for my $call (calls($file)) {
      my ($name, $args) = @$call{qw(name args)};
      next if $first && $name eq 'execve' && $first--;
      my $list = {resolver => \%resolver, 'sd-bus' => \%sd_bus}->{$call->{role}} // (scenario($file) =~ /\Aoutput/ ? \%output : {});
      my @patterns = grep defined, $list->{$name}, $allowed{$name};
      print scenario($file), ": $call->{line}" if !grep $args =~ $_, @patterns;
    }
  }
}

# Descriptors: each is closed at an exec, and none but a substitute is 0 to 2. At most one is open, or four while a file
# is examined (the file, its folder, the next one, and the one being read); none at the end. A lookup adds its pipe; -H
# and -M keep the connection to the end; chronyd may need three sockets, one of them with its folder; a report's file
# has its folder, beside the log; NTP servers have one each.
sub judge_descriptors {
  for my $file (@_) {
    my $name = scenario($file);
    my ($most, $left) = $name =~ /\A(?:sntp|lookup-sntp)/ ? (40, 0)
      : $name =~ /\Aoutput/ ? (3, 0) : $name =~ /\A(?:bus|no-bus|silent-bus|two-daemons|chrony|ntpd-auto)/ ? (5, 0) : $name =~ /\Alookup/ ? (2, 0)
      : $name =~ /\Assh/ ? (5, 1) : $name =~ /container/ ? (7, 1) : (4, 0);
    my (%open, $main, $began);
    my $peak = 0;
    for my $call (calls($file)) {
      my ($args, $result) = @$call{qw(args result)};
      $main //= $call->{pid};
      $began ||= $call->{name} =~ /\A(?:rt_sigaction|umask|uname)\z/; # before that the linker opens and closes libraries
      my @made = $call->{name} =~ /\A(?:socket|openat|open|accept4?|dup|fcntl(?:64)?|eventfd2?|epoll_create1?|memfd_create|timerfd_create|inotify_init1?)\z/
        && $result =~ /\A\d+\z/ && $args !~ /F_[GS]ET/ ? ($result)
        : $call->{name} =~ /\A(?:pipe2?|socketpair)\z/ && $args =~ /\[(\d+), (\d+)\]/ ? ($1, $2) : ();
      print "$name: not close-on-exec: $call->{line}" if @made && $args !~ /CLOEXEC/ && $args !~ /"\/", (?:O_RDONLY\|)?O_PATH/;
      print "$name: a standard descriptor: $call->{line}" if $began && grep($_ < 3, @made) && $args !~ /"\/", (?:O_RDONLY\|)?O_PATH/;
      next if $call->{pid} != $main;
      $open{$_} = $call->{line} for grep $_ > 2, @made;
      delete $open{$1} if $call->{name} eq 'close' && $args =~ /\A(\d+)/;
      $peak = keys %open if keys %open > $peak;
      print "$name: beside others there is now: $call->{line}" if @made && keys %open > $most;
      print "$name: open at the end: ", values %open if $call->{name} eq 'exit_group' && keys %open > $left;
    }
    print "$name: no descriptors in the trace\n" if !$peak && $name !~ /help|version|usage|stdin|print/;
  }
}

# The program's first own action (after the linker and the libraries) must be to secure 0 to 2; the signal mask and
# SIGPIPE are set before anything is opened.
sub judge_order {
  for my $file (@_) {
    my $name = scenario($file);
    my @calls = grep { $_->{role} eq '' } calls($file);
    shift @calls while @calls && !($calls[0]{name} =~ /\Ap?poll/ && $calls[0]{args} =~ /fd=0.*fd=1.*fd=2/);
    shift @calls;
    shift @calls while @calls && $calls[0]{args} =~ /"\/", (?:O_RDONLY\|)?O_PATH\z/;
    my @before = map "$_->{name}($_->{args})", @calls;
    splice @before, (grep $before[$_] =~ /\A(?:open|socket|pipe|write)/, 0 .. $#before)[0] // scalar @before;
    my $before = join "\n", @before;
    print "$name: $_ is not done before all else, but: $before\n"
      for grep $before !~ /$_/, 'umask\(022\)', 'rt_sigaction\(SIGPIPE, \{sa_handler=SIG_IGN', 'rt_sigprocmask\(SIG_SETMASK, \[\]';
  }
}

sub print_names { my %seen; $seen{$_->{name}} = 1 for map calls($_), @_; print "$_\n" for sort keys %seen; }
# What the first process opens, without the numbers.
sub print_opened {
  for my $call (grep { $_->{role} eq '' && $_->{name} =~ /\Aopen/ } map calls($_), @_) {
    print $call->{args} =~ /"(.*?)"/ ? $1 =~ s/ntp_monitor-[0-9a-f]{16}/ntp_monitor-N/r : '?', "\n";
  }
}
sub print_families { my %seen; $_->{name} eq 'socket' && $_->{args} =~ /\A(\w+)/ and $seen{$1} = 1 for map calls($_), @_; print "$_\n" for sort keys %seen; }

# filter NUMBERS FAMILIES COMMAND...: runs it with only these system calls, and sockets of these families only:
# seccomp(2) as systemd uses it, except that any other call kills the process.
sub filter {
  my ($numbers, $families, @command) = @_;
  my %number = map { /\A(\w+) ([-+()0-9x ]+)\n/ ? ($1 => eval $2) : () } do { open(my $f, '<', $numbers) or die; <$f> };
  my @program = ([0x20, 0, 0, 0]);                                      # the call's number
  my @families = split /,/, $families;
  push @program, [0x15, 0, 3 + @families, $number{socket}], [0x20, 0, 0, 16]; # socket(2): its first argument
  push @program, [0x15, $#families - $_ + 1, 0, $families[$_]] for 0 .. $#families;
  push @program, [6, 0, 0, 0x00050000 | 97], [6, 0, 0, 0x7fff0000];      # EAFNOSUPPORT; allowed
  push @program, [0x15, 0, 1, $number{$_}], [6, 0, 0, 0x7fff0000] for grep $_ ne 'socket', sort keys %number;
  push @program, [6, 0, 0, 0x80000000];                                 # SECCOMP_RET_KILL_PROCESS
  my $code = join '', map pack('S C C L', @$_), @program;
  my $header = pack('S x![J] P', scalar @program, $code);
  syscall($number{prctl}, 38, 1, 0, 0, 0) == 0 or die "no_new_privs: $!"; # PR_SET_NO_NEW_PRIVS
  syscall($number{prctl}, 22, 2, $header, 0, 0) == 0 or die "seccomp: $!"; # PR_SET_SECCOMP, a filter
  exec @command or die "$command[0]: $!";
}

{calls => \&judge_calls, descriptors => \&judge_descriptors, order => \&judge_order, names => \&print_names,
  families => \&print_families, opened => \&print_opened, filter => \&filter}->{$mode}->(@arguments);
PERL
}
