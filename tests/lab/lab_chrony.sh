#!/bin/bash
# lab_chrony.sh: part of lab.sh: the real chronyd, which follows the NTP servers of lab_ntp_start.
#
#   lab_chrony_start [LINE...]   chronyd with these lines of chrony.conf beside the lab's own: command socket
#                                and port at their usual places, no NTP port.             (chrony)
#   lab_chrony_server ADDRESS [OPTION...]   prints a line for a server to poll 16 times a second
#   lab_chronyc COMMAND...       by whatever way is left
#   lab_chrony_csv REPORT        chronyc's tracking, sources or sourcestats: comma-separated, numeric
#   lab_chrony_reached ADDRESS MARK [COUNT]
#       true when sources has the address with this mark (*+-x~?), and sourcestats COUNT samples of it
#   lab_chrony_marked MARK COUNT true when COUNT sources have this mark
#   lab_chrony_clock SOCKET OFFSET   a reference clock, OFFSET seconds ahead of ours, for a line
#                                `refclock SOCK SOCKET ...`                                (clock)
#   lab_chrony_slow ADDRESS...   polls these every 64 s from now on, so that their figures stand still
#   lab_chrony_older SECONDS     true when the first source was last heard this long ago

lab_chrony_server() {
  printf 'server %s iburst minpoll -4 maxpoll -4\n' "$*"
}

lab_chrony_start() {
  # chronyd insists on a folder that is private to it.
  mkdir -p /run/chrony && chmod 0750 /run/chrony
  printf '%s\n' 'port 0' 'pidfile /run/chrony/chronyd.pid' 'bindcmdaddress 127.0.0.1' 'bindcmdaddress ::1' \
    'bindcmdaddress /run/chrony/chronyd.sock' "$@" >"$LAB_DIR/chrony.conf"
  lab_spawn chrony chronyd -x -d -f "$LAB_DIR/chrony.conf" -u root &&
    lab_ready chrony 10 lab_chrony_csv tracking >/dev/null
}

lab_chronyc() {
  chronyc -h /run/chrony/chronyd.sock,127.0.0.1,::1 -n "$@" 2>"$LAB_DIR/log/chronyc"
}

lab_chrony_csv() {
  lab_chronyc -c "$@"
}

lab_chrony_reached() {
  lab_chrony_csv sources | awk -F , -v a="$1" -v m="$2" '$3 == a && $2 == m { f = 1 } END { exit !f }' &&
    lab_chrony_csv sourcestats | awk -F , -v a="$1" -v n="${3-0}" '$1 == a && $2 >= n { f = 1 } END { exit !f }'
}

lab_chrony_marked() {
  [ "$(lab_chrony_csv sources | awk -F , -v m="$1" '$2 == m' | wc -l)" = "$2" ]
}

lab_chrony_slow() {
  local address
  for address; do
    lab_chronyc maxpoll "$address" 6 && lab_chronyc minpoll "$address" 6 || return
  done >/dev/null
  lab_until 5 lab_chrony_still
}

# Two reports one poll interval apart differ only in time.
lab_chrony_still() {
  local before
  before=$(lab_chrony_csv sourcestats)
  sleep 0.2
  [ "$(lab_chrony_csv sourcestats | cut -d , -f 1-4)" = "$(cut -d , -f 1-4 <<<"$before")" ]
}

lab_chrony_older() {
  [ "$(lab_chrony_csv sources | cut -d , -f 7 | head -n 1)" -ge "$1" ]
}

# struct sock_sample of chrony's refclock_sock.c, ten times a second.
lab_chrony_clock() {
  # shellcheck disable=SC2016 # Perl's $
  lab_spawn clock perl -MSocket -e '
    socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die;
    connect($socket, sockaddr_un($ARGV[0])) or die;
    while (1) {
      my ($s, $us) = split " ", `date "+%s %6N"`;
      send($socket, pack("qqdiiiI", $s, $us, $ARGV[1], 0, 0, 0, 0x534f434b), 0);
      select(undef, undef, undef, 0.1);
    }' "$@"
}
