#!/usr/bin/env bats
# Least privilege: what the program asks of the system, and that it asks for nothing else. Each scenario (all sources,
# all ways of a log line, files of reports, a request, -H, -M, failures) runs once under strace; every call is checked
# against a list, every descriptor is tracked. Then the scenarios repeat without what they must not need: without
# capabilities, without /proc and /tmp, on a read-only disk, and in the sandbox of contrib's systemd unit.
# shellcheck disable=SC2034,SC2154 # BATS's and delivery.bash's names

bats_require_minimum_version 1.5.0
load delivery
load privilege

setup_file() {
  T=$BATS_FILE_TMPDIR
  # shellcheck source=/dev/null
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  : "${PROG:=$TOP/build/ntp_monitor}"
  privilege_program "$T/privilege.pl"
  scenarios_begin
  mkdir "$T/first"
  as=first
  via=(strace -f -s 64 -o "$T/trace/NAME")
  scenarios_local
  ls "$T/trace" >"$T/local"
  scenarios_elsewhere
}

setup() {
  # shellcheck source=/dev/null
  . "$TOP/tests/lab/lab.sh"
  : "${PROG:=$TOP/build/ntp_monitor}"
  T=$BATS_FILE_TMPDIR
}

teardown() { lab_logs_on_failure; }

teardown_file() {
  # shellcheck source=/dev/null
  . "$TOP/tests/lab/lab.sh"
  lab_stop_all
  rm -rf /run/log/journal
}

# traces MODE [REGEX]: prints what the reader finds in the traces whose names match.
traces() {
  find "$T/trace" -type f | grep -E "/(${2-.*})\$" | sort | xargs perl "$T/privilege.pl" "$1"
}

# --- the calls ------------------------------------------------------------------------------

@test "privilege: no call sets the clock, writes a file, gains a right, or starts a program except ssh" {
  plain_build_only strace
  equal 'calls that are not on the list' "$(traces calls)" ''
  # The traces cover ssh, the container and a lookup's child.
  [[ $(traces names 'ssh.*') == *execve* && $(traces names container) == *setns* && $(traces names lookup) == *clone* ]]
}

@test "privilege: descriptors are close-on-exec, one at a time, and none is left open" {
  plain_build_only strace
  equal 'descriptors' "$(traces descriptors)" ''
}

# more SCENARIO OTHER: prints the names that it opens and the other does not.
more() {
  comm -23 <(traces opened "$1" | sort -u) <(traces opened "$2" | sort -u)
}

@test "privilege: a file target opens only its path and itself, a request nothing, and neither a plug-in" {
  plain_build_only strace
  equal 'what is opened for a file' "$(more output text)" \
    "$({ tr / '\n' <<<"$T/made" && printf '%s\n' "$T/made/report" "$T/made/a.prom" / . .report.ntp_monitor-N .a.prom.ntp_monitor-N; } | grep . | sort -u)"
  equal 'what is opened for a request' "$(more request text)" ''
  equal 'who opens a plug-in' "$(grep -lE 'http\.so|libcurl|libssl' "$T"/trace/*)" ''
}

@test "privilege: descriptors 0 to 2, umask, SIGPIPE and signal mask are set before anything else" {
  plain_build_only strace
  equal 'what is not' "$(traces order)" ''
}

@test "privilege: with 0 to 2 closed in every combination, no descriptor takes their place" {
  plain_build_only strace
  local way trace count=0
  mkdir "$T/closed"
  as=closed
  for way in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
    count=$((count + 1))
    via=(strace -f -s 64 -o "$T/trace/NAME" sh -c "exec \"\$@\" $way" sh)
    scenario "lookup-closed-$count" 0 -l loghost.example.org
    trace=$T/trace/lookup-closed-$count
    sed -n '/execve("[^"]*ntp_monitor"/,$p' "$trace" >"$T/ours" # without the calls of sh
    mv "$T/ours" "$trace"
    equal "substitutes with $way" "$(grep -c 'openat(AT_FDCWD, "/", O_RDONLY|O_PATH) = [012]$' "$trace")" \
      "$(grep -o '&-' <<<"$way" | wc -l)"
  done
  equal 'descriptors' "$(traces descriptors 'lookup-closed-.*')" ''
  equal 'what is not before all else' "$(traces order 'lookup-closed-.*')" ''
}

@test "privilege: sets its umask, whatever it inherits" {
  plain_build_only strace
  local mask
  for mask in 0000 0777; do
    (umask $mask && strace -o "$T/umask" "$PROG" -s "text:$T/reading" -l journal)
    grep -qE "^umask\(022\) += ${mask/0000/000}\$" "$T/umask" || fail "$(grep umask "$T/umask")"
  done
}

# held ARGUMENT...: starts the program, stops it just after it sent its log line, and sets $pid.
held() {
  rm -f "$T/held"
  lab_spawn held strace -D -o "$T/held" -e trace=sendto -e inject=sendto:signal=STOP:when=1 "$PROG" "$@"
  lab_line "$T/held" 'stopped by SIGSTOP' >/dev/null
  pid=$(lab_pid held)
}

@test "privilege: while it logs, the log socket is its only descriptor" {
  plain_build_only strace
  local end name fds fd ignored
  for end in /dev/log journal 127.0.0.1 loghost.example.org; do
    held -s timesyncd -l "$end"
    fds=
    for fd in /proc/"$pid"/fd/*; do
      name=$(readlink "$fd")
      fd=${fd##*/}
      [ "$fd" -le 2 ] || grep -q '^flags:.*02[0-9]\{6\}$' "/proc/$pid/fdinfo/$fd" || fail "$fd is not close-on-exec"
      fds+="$fd ${name%%:*} "
    done
    equal "the descriptors with $end" "$fds" "0 /dev/null 1 $LAB_DIR/log/held 2 $LAB_DIR/log/held 3 socket "
    equal "the blocked signals with $end" "$(sed -nE 's/^SigBlk:\s*0*//p' "/proc/$pid/status")" ''
    # The ignored ones include SIGPIPE and SIGXFSZ, 13 and 25.
    ignored=$((0x$(sed -nE 's/^SigIgn:\s*//p' "/proc/$pid/status")))
    equal "the ignored signals with $end" $((ignored >> 12 & 1 & ignored >> 24)) 1
    kill -CONT "$pid"
    lab_until 5 lab_gone held
  done
}

@test "privilege: ssh inherits its three descriptors, and no blocked or ignored signal" {
  equal 'its descriptors' "$(sed -nE 's/.* ([0-9]+) -> .*/\1/p' "$T/ssh.saw" | paste -sd' ')" '0 1 2 3' # 3: of ls
  equal 'what they are' "$(sed -nE 's/.* ([02]) -> ([a-z]+):.*/\1 \2/p' "$T/ssh.saw" | paste -sd' ')" '0 socket 2 pipe'
  # Except 32 and 33, the C library's own: make leaves them ignored, and nobody can change that.
  equal 'its signals' "$(sed -nE 's/^Sig(Ign|Blk):\s*//p' "$T/ssh.saw" | sed s/0000000180000000/0000000000000000/ |
    sort -u)" 0000000000000000
  equal 'its umask' "$(tail -n 1 "$T/ssh.saw")" 0022
}

# --- what it does without --------------------------------------------------------------------

# same AS: the scenarios printed the same as the first time, except for times and places, what depends on an age (the
# blanks after it, the error bound), which of two servers was selected, and the way to chronyd, which is UDP where no
# socket can be made beside its own.
same() {
  local file
  for file in "$T/$1"/*; do
    equal "$1, ${file##*/}" "$(timeless "$file")" "$(timeless "$T/first/${file##*/}")"
  done
}

timeless() {
  sed -E 's/([0-9]+min )?[0-9]+(\.[0-9]+)?(ns|us|ms|s|min)\b/TIME/g; s/(TIME ago) +/\1 /
    s/"time":"[^"]*"/"time":TIME/; s/"(age|error_bound)_s":[0-9.]+/"\1_s":TIME/g
    s/(uid [0-9]+|PID|T[1-4]=)[0-9]*/\1/g; s/^(debug: )\+TIME /\1/; s/server: [^ ]+, source: sntp/server: ANY, source: sntp/
    s/(chronyd is not responding: no answer within [^ ]*) \(.*\)/\1/; s/^Date: .*/Date:/' "$1"
}

# in_place AS COMMAND...: runs all local scenarios through the command, which runs its arguments.
in_place() {
  as=$1
  shift
  mkdir "$T/$as"
  via=("$@")
  scenarios_local
  same "$as"
}

@test "privilege: needs no capability: an ordinary user gets the same as root" {
  equal 'set-user-ID or set-group-ID' "$(find "$PROG" -perm /6000)" ''
  in_place user unshare --user --map-user=1000 --map-group=1000
  in_place no-capability setpriv --no-new-privs --inh-caps=-all --bounding-set=-all
}

# shut FOLDER...: makes a place where the program is /usr/local/bin/ntp_monitor, every disk is read-only and these
# folders are empty, after running stdin; ${inside[@]} enters it.
shut() {
  cat - >"$T/shut.sh" <<END
mount -t tmpfs tmpfs /usr/local && mkdir /usr/local/bin && cp '$PROG' /usr/local/bin/ntp_monitor || exit 99
while read -r _ place _ options _; do
  # Options that a mount has must stay, or the kernel refuses.
  keep=\$(echo "\$options" | tr , '\\n' | grep -xE 'nosuid|nodev|noexec|noatime|nodiratime|relatime' | paste -sd,)
  [ "\$place" = /proc ] || mount -o "remount,bind,ro\${keep:+,\$keep}" "\$place" 2>/dev/null || [ ! -w "\$place" ] || exit 98
done </proc/self/mounts
for place in $*; do
  mount -t tmpfs -o ro,mode=0555 tmpfs "\$place" || exit 97
done
echo ready
exec sleep 100
END
  lab_spawn shut unshare --mount sh -e "$T/shut.sh" && lab_ready shut 60 grep -qsx ready "$LAB_DIR/log/shut"
  inside=(nsenter --target "$(lab_pid shut)" --mount --)
  ! "${inside[@]}" touch "$T/made" /dev/made /etc/made 2>/dev/null || fail 'something can be written there'
}

@test "privilege: works on a read-only disk, without /proc, /sys, /tmp and /home" {
  plain_build_only 'no /proc'
  shut /proc /sys /tmp /home /root </dev/null
  # shellcheck disable=SC2016 # the other shell's
  in_place bare "${inside[@]}" sh -c 'shift && exec /usr/local/bin/ntp_monitor "$@"' sh
  lab_kill shut
}

# --- the unit for systemd ---------------------------------------------------------------------

@test "unit: systemd-analyze verify is clean" {
  # shellcheck disable=SC2016 # the other shell's
  unshare -m sh -c 'mount -t tmpfs tmpfs /usr/local && mkdir /usr/local/bin && cp "$0" /usr/local/bin/ntp_monitor &&
    exec systemd-analyze verify --man=no "$@"' "$PROG" "$TOP"/contrib/systemd/ntp_monitor.{service,timer} >"$T/verify" 2>&1
  equal 'what systemd says' "$(<"$T/verify")" ''
}

@test "unit: its exposure is at most 1.2" {
  systemd-analyze security --offline=true --threshold=12 --no-pager "$TOP/contrib/systemd/ntp_monitor.service"
}

@test "unit: allows every call and every socket family the program needs" {
  plain_build_only strace
  local names
  names=$(paste -sd'|' "$T/local")
  [[ $names == *silent-bus* && $(traces names "$names") == *recvmsg* ]]
  equal 'calls that it does not allow' "$(traces names "$names" | grep -vxF "$(unit_calls)")" ''
  # NTP servers included: knowing our own addresses needs no other family.
  equal 'the families of its sockets' "$(traces families "$names|sntp.*")" "$(setting RestrictAddressFamilies | tr ' ' '\n')"
}

# filtered FAMILIES COMMAND...: runs it under the unit's SystemCallFilter=, but any other call kills the process.
filtered() {
  [ -e "$T/numbers" ] || unit_numbers "$T/numbers" < <(unit_calls)
  perl "$T/privilege.pl" filter "$T/numbers" "$@"
}

# AF_UNIX is 1, AF_INET 2, AF_INET6 10 (socket.h). The lab's only network is the loopback, which is what IPAddressAllow=
# leaves.
readonly FAMILIES=1,2,10

@test "unit: in a sandbox like its own the program gets everything it needs" {
  plain_build_only 'the filter of system calls'
  status=0
  filtered "$FAMILIES" date -s @1 >"$T/date" 2>&1 || status=$?
  equal 'the status of what sets the clock' "$status" 159 # SIGSYS: the filter works
  # PrivateDevices= as systemd does it; PrivateTmp=, ProtectHome=, ProtectSystem=.
  shut /home /root /tmp /var/tmp /mnt <<'END'
mount -t tmpfs -o mode=0755 tmpfs /mnt
mkdir /mnt/pts /mnt/shm
ln -s /run/systemd/journal/dev-log /mnt/log
for node in null zero full random urandom tty; do
  : >/mnt/$node
  mount --bind /dev/$node /mnt/$node
done
mount --rbind /mnt /dev
mount -t proc -o subset=pid,hidepid=invisible proc /proc # ProcSubset=, ProtectProc=
END
  # User=, PrivateUsers=, CapabilityBoundingSet=, SystemCallFilter=; the filter sets NoNewPrivileges=.
  # shellcheck disable=SC2016 # the other shell's
  in_place unit "${inside[@]}" unshare --user --map-user=1000 --map-group=1000 perl "$T/privilege.pl" filter \
    "$T/numbers" "$FAMILIES" sh -c 'shift && exec /usr/local/bin/ntp_monitor "$@"' sh
  lab_kill shut
}

@test "unit: a line that no socket accepts goes to stderr, which is the journal" {
  plain_build_only 'the filter of system calls'
  mv /dev/log /dev/log.away
  filtered 1 "$PROG" -s "text:$T/reading" >"$T/alone" 2>&1
  mv /dev/log.away /dev/log
  [[ $(<"$T/alone") == "ntp_monitor: INFO $healthy ("*" /dev/log: "*")" ]] || fail "$(<"$T/alone")"
}

@test "unit: NTP servers, a remote log host and -H need no other call" {
  plain_build_only 'the filter of system calls'
  filtered "$FAMILIES" true # makes the list of numbers
  mkdir "$T/elsewhere"
  as=elsewhere
  via=(perl "$T/privilege.pl" filter "$T/numbers" "$FAMILIES")
  scenarios_outputs
  scenarios_udp
  scenarios_sntp
  scenario ssh 0 PATH="$T/bin:$PATH" DBUS_SYSTEM_BUS_ADDRESS= -H far -l stderr
  same elsewhere
}
