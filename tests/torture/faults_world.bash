# faults_world.bash: faults of the program's surroundings: logs, networks, files, limits, signals, time.
# shellcheck shell=bash disable=SC2034,SC2154 # the row's own

# for_plain_build TOOL: returns 3 on a build with sanitizers, around which the tool does not work.
for_plain_build() {
  if [[ $BUILD == *asan* ]]; then
    echo "plain build only: $1"
    return 3
  fi
  [ "$1" = limits ] || type -P "$1" >/dev/null || { echo "no $1 here" && false; }
}

# --- logs ------------------------------------------------------------------------------------------

# devlog COMMAND...: makes something else at /dev/log, which is appended to the command.
devlog() {
  rm -f /dev/log
  "$@" /dev/log
}

no_devlog() {
  rm -f /dev/log
}

# network COMMAND: runs the program in a new, empty network, after this command.
network() {
  via+=(unshare --net sh -c "$1 && exec \"\$@\"" sh)
}

# Port 514 refuses, since nobody is in the network.
no_udp() {
  network "$LAB_BUILT/loopback_up"
}

only_stderr() {
  no_devlog && no_udp
}

# frozen_log: stops rsyslogd, and fills its socket.
frozen_log() {
  lab_freeze rsyslogd && fill "$KEPT_LOG"
}

# peer_log MODE: puts delivery.bash's peer at /dev/log.
peer_log() {
  no_devlog
  peer "$1" /dev/log
}

# A SOCK_SEQPACKET socket at /dev/log.
seqpacket_log() {
  # shellcheck disable=SC2016
  devlog lab_spawn peer perl -MSocket -MIO::Handle -e 'STDOUT->autoflush(1);
    socket(my $s, PF_UNIX, SOCK_SEQPACKET, 0); bind($s, sockaddr_un($ARGV[0])) or die; listen($s, 5);
    print "ready\n"; sleep' && lab_ready peer 5 grep -qs ready "$LAB_DIR/log/peer"
}

# sink DESCRIPTOR WHAT: sets what the program gets as stdin, stdout or stderr.
sink() {
  case $2 in
    closed) at+=" $1>&-" ;;
    null) at+=" $1>/dev/null" ;;
    full) at+=" $1>/dev/full" ;;
    read-only) at+=" $1</etc/passwd" ;;
    stuck) stuck_pipe "$1" ;;
    broken) stuck_pipe "$1" && lab_kill reader ;;
    full-disk) full_disk && at+=" $1>$T/disk/file" ;;
  esac
}

# A full pipe whose reader does not read.
stuck_pipe() {
  mkfifo "$T/pipe"
  lab_spawn reader sh -c "exec sleep 100 <'$T/pipe'" || return
  exec {pipe}>"$T/pipe"
  dd if=/dev/zero of="$T/pipe" oflag=nonblock bs=4096 2>/dev/null
  at+=" $1>&$pipe"
}

# disk OPTIONS: mounts a file system at $T/disk, with options as for mount(8).
disk() {
  undo "umount $T/disk"
  mkdir "$T/disk"
  mount -t tmpfs -o "$1" tmpfs "$T/disk"
}

# A disk without a free byte.
full_disk() {
  disk size=4k && : >"$T/disk/file" && ! dd if=/dev/zero of="$T/disk/other" bs=4096 count=9 2>/dev/null
}

# hung_disk: mounts a file system at $T/hung that never answers, like NFS whose server is gone; returns 3 without
# /dev/fuse, which is root's on most machines and absent from most containers.
hung_disk() {
  mkdir "$T/hung"
  if ! : 2>/dev/null <>/dev/fuse; then
    echo 'no right to /dev/fuse here: run it as root, and in a container with --device /dev/fuse'
    return 3
  fi
  undo "umount -l $T/hung 2>/dev/null || :"
  lab_spawn hung "$LAB_BUILT/hung_fs" "$T/hung" && lab_ready hung 5 grep -qs ready "$LAB_DIR/log/hung" && return
  ! grep -q 'hung_fs: mount: ' "$LAB_DIR/log/hung" || return 3 # a kernel without FUSE in user namespaces
  return 1
}

# hung_influx SCHEME KEY: a report for InfluxDB, with the file of this key in [influx] on that disk.
hung_influx() {
  etc [influx] 'org = o' 'bucket = b' "$2 = $T/hung/file" "$(if [ "$2" != token_file ]; then echo "token_file = $T/token"; fi)"
  (umask 077 && echo secret >"$T/token")
  report_to "$1://127.0.0.1:8086" influx
}

# hidden PATH...: empty folders for the program.
hidden() {
  via+=(unshare -m sh -c "for path in $*; do mount -t tmpfs tmpfs \$path || exit; done; exec \"\$@\"" sh)
}

# between_lines COMMAND: runs it once the verdict is logged; the report then cannot be written, which is a second line.
between_lines() {
  sink 1 stuck && with -o text || return
  during="lab_line '$LAB_DIR/rsyslog.raw' 'NTP healthy' && $1 && lab_kill reader"
}

between_lines_of_journal() {
  sink 1 stuck && with -o text || return
  during="lab_until 5 journald_logged && lab_kill journald && rm /run/systemd/journal/socket &&
    lab_journald_start && lab_kill reader"
}

journald_logged() {
  lab_journal SYSLOG_IDENTIFIER=ntp_monitor | grep -q .
}

# address HOW HOW-BACK ADDRESS: adds an address of the loopback (add del) or removes it (del add).
address() {
  undo "busybox ip addr $2 $3 dev lo"
  busybox ip addr "$1" "$3" dev lo
}

silent_dns() {
  printf '%s\n' 'nameserver 127.0.0.1' 'options timeout:5 attempts:2' >/etc/resolv.conf
  peer deaf-udp 127.0.0.1 53
}

# A name server that answers with rubbish only.
mad_dns() {
  # shellcheck disable=SC2016
  lab_spawn dns perl -MSocket -MIO::Handle -e 'STDOUT->autoflush(1); socket(my $s, PF_INET, SOCK_DGRAM, 0);
    bind($s, sockaddr_in(53, inet_aton("127.0.0.1"))) or die; print "ready\n";
    while (my $who = recv($s, my $asked, 512, 0)) { send($s, substr($asked, 0, 2) . "\xff" x 400, 0, $who); }' &&
    lab_ready dns 5 grep -qs ready "$LAB_DIR/log/dns"
}

# --- configuration ---------------------------------------------------------------------------------

# etc LINE..., home LINE...: writes the configuration file (with escapes like \x1b).
etc() {
  printf '%b\n' "$@" >/etc/ntp_monitor.conf
}

home() {
  printf '%b\n' "$@" >"$HOME/.ntp_monitor.conf"
}

# home_is COMMAND...: makes something else in place of the user's file, which is appended to the command.
home_is() {
  "$@" "$HOME/.ntp_monitor.conf"
}

# repeat COUNT TEXT
repeat() {
  local i
  for ((i = 0; i < $1; i++)); do
    printf '%s' "$2"
  done
}

# foreign MODE PATH: makes the program see another user's file: changes the kernel's answer, where struct stat has
# st_mode (in the machine's bytes) and st_uid.
foreign() {
  local stat
  case $(uname -m) in
    x86_64) stat=$(repeat 48 0)${1}e8030000 ;;
    aarch64 | riscv64) stat=$(repeat 32 0)${1}01000000e8030000 ;;
    *) echo 'not known where struct stat has its st_uid here' && return 1 ;;
  esac
  inject "?fstat:poke_exit=@arg2=$stat" -e "inject=?newfstatat:poke_exit=@arg3=$stat" -P "$2"
}

foreign_file() {
  home '[monitoring]'
  foreign a4810000 "$HOME/.ntp_monitor.conf" || return
  after=
}

german() {
  local folder=$LAB_DIR/locale
  if ! [ -d "$folder/de_DE.UTF-8" ]; then
    mkdir -p "$folder"
    localedef --no-warnings=ascii -i de_DE -f UTF-8 "$folder/de_DE.UTF-8" || return
  fi
  vars+=(LC_ALL=de_DE.UTF-8 "LOCPATH=$folder")
}

# --- the process -----------------------------------------------------------------------------------

# first COMMAND: runs it in the shell that then becomes the program.
first() {
  via+=(sh -c "$1; exec \"\$@\"" sh)
}

as_user() {
  via+=(unshare --user --map-user=1000 --map-group=1000)
}

# limit NAME=VALUE...: sets limits, in prlimit's form.
limit() {
  via+=(prlimit "${@/#/--}")
}

# inject SPEC [ARGUMENT...]: makes a system call fail, by strace, and checks that it did.
inject() {
  for_plain_build strace || return
  via+=(strace -D -f -o "$T/trace" -e "inject=$1" "${@:2}")
  after="lab_until 5 grep -q INJECTED '$T/trace'"
}

# True once the run can be ended by SIGTERM (bit 14), so is past its start, and sleeps.
asleep() {
  local caught
  caught=$(awk '/^SigCgt:/ { print $2 }' "/proc/$pid/status")
  (((0x${caught:-0} & 0x4000) != 0)) && grep -q '^State:[[:space:]]*S' "/proc/$pid/status"
}

# signalled SIGNAL: sends it while the program waits for a text.
signalled() {
  silent_text
  during="lab_until 5 asleep && kill -s $1 \$pid"
}

over() {
  [ "$(lab_uptime_ms)" -gt "$1" ]
}

# later MILLISECONDS: returns after that time.
later() {
  lab_until 60 over $(($(lab_uptime_ms) + $1))
}

# --- time ------------------------------------------------------------------------------------------

# faked VARIABLE...: sets another time through libfaketime's environment; the monotonic clock stays right.
faked() {
  local preload
  for_plain_build faketime || return
  # shellcheck disable=SC2016
  preload=$(faketime -f +0 sh -c 'echo "$LD_PRELOAD"')
  faking=(env "LD_PRELOAD=$preload" FAKETIME_DONT_FAKE_MONOTONIC=1 "$@")
  via+=("${faking[@]}")
}

# clock TIME: in the form of faketime -f.
clock() {
  faked "FAKETIME=$1"
}

# then_is TIME: the same for timesyncd as well.
then_is() {
  clock "$1" && second_bus || return
  lab_spawn fake "${faking[@]}" "$LAB_BUILT/fake_timesync1" &&
    lab_ready fake 5 lab_bus_owned org.freedesktop.timesync1
}

# steps TIME [MODE]: sets the program's clock while timesyncd prepares its answer.
steps() {
  echo +0 >"$T/clock"
  echo "$1" >"$T/clock.new"
  faked FAKETIME_NO_CACHE=1 "FAKETIME_TIMESTAMP_FILE=$T/clock" && fake "${2-normal}" late=600ms &&
    during="lab_until 5 asleep && mv '$T/clock.new' '$T/clock'"
}
