#!/bin/bash
# faults_broken.bash: shows that rows of the fault matrix can fail: breaks the program in one way after the
# other, and counts the rows that see it.
#
# usage: faults_broken.bash [NAME...]     environment: ONLY (as for faults.sh)
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
TOP=$PWD
folder=$TOP/build/broken

# NAME | FILE | a sed expression that breaks it
table() {
  cat <<'TABLE'
deadline-ignored | src/env.c | s/start_ns + timeout_ns/start_ns + 60 * DURATION_S/
no-bus-is-ok | src/main.c | s/return run->lost ? VERDICT_UNKNOWN/return run->report.reason == REASON_NO_BUS ? 0 : run->lost ? 3/
no-escaping | src/text.c | s/bool plain = .*/bool plain = true;/
blocking-send | src/net.c | s/ | MSG_DONTWAIT//; s/socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK/socket(AF_UNIX, type | SOCK_CLOEXEC/
no-stderr-fallback | src/log.c | s/i < FALLBACKS; i++/i < FALLBACKS - 1; i++/
lost-line-is-ok | src/main.c | s/run->lost ? VERDICT_UNKNOWN : //
starts-the-service | src/bus.c | s/set_auto_start(call, false)/set_auto_start(call, true)/
low-descriptors | src/guard.c | s/^  fill_descriptors();//
no-last-resort | src/guard.c | s/^  (void)timer_settime.*//
sigpipe | src/guard.c | s/handle(SIGPIPE, SIG_IGN)/handle(SIGPIPE, SIG_DFL)/
leaves-a-file | src/main.c | s/^  guard_begin();/&\n  (void)fclose(fopen(".ntp_monitor.state", "w"));/
never-stale | src/judge.c | s/if (judge_is_stale(sample, config))/if (false)/
udp-believed | src/net.c | s/^  int64_t until_ns = clock_monotonic_ns() + wait_ns;/  return 0;\n&/
hung-source-takes-all | src/automatic.c | s/return now_ns + (local.*/return env->measure_deadline_ns + 0 * half_ns * local;/
no-second-daemon | src/automatic.c | s/^      find_rival(env, config, .*//
sick-is-well | src/automatic.c | s/^      tell_sick(.attempts, .*//
chrony-socket-stays | src/ntp/chrony_socket.c | s/^  if (is_socket(own->directory, own->name)) {/  if (false) {/
failed-report-is-ok | src/main.c | s/run->report.exit_status = VERDICT_UNKNOWN;/(void)0;/
temporary-stays | src/output/file.c | s/^    (void)unlinkat(folder, temporary, 0);/    (void)0;/
folder-of-anybody | src/output/file.c | s/root ? check_folder/false ? check_folder/
links-are-followed | src/output/file.c | s/flags | O_NOFOLLOW)/flags)/
over-what-there-is | src/output/file.c | s/error : check_name(folder/error : 0 * check_name(folder/
sigxfsz | src/guard.c | s/handle(SIGXFSZ, SIG_IGN)/handle(SIGXFSZ, SIG_DFL)/
request-unset | src/inetd_talk.c | s/(struct inetd_request){.head = false}/(struct inetd_request){.head = true}/
says-it-twice | src/main.c | s/^  say(run, judge_severity.*/&\n&/
TABLE
}

# build NAME FILE EXPRESSION: the broken program is $folder/NAME/build/ntp_monitor.
build() {
  local tree=$folder/$1
  rm -rf "$tree"
  mkdir -p "$tree"
  cp -r Makefile src include "$tree"
  sed -i "$3" "$tree/$2"
  if cmp -s "$2" "$tree/$2"; then
    echo "$1: nothing was broken: $2 has changed"
    return 1
  fi
  env -u MAKEFLAGS make -s -j2 -C "$tree" BUILD=build CFLAGS=-w all >"$tree/log" 2>&1 || { cat "$tree/log" && return 1; }
}

caught_by_all=0
while IFS='|' read -r name file expression; do
  name=${name%% *} file=${file// /}
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  build "$name" "$file" "${expression# }"
  PROG=$folder/$name/build/ntp_monitor tests/torture/faults.sh >"$folder/$name/tap" 2>&1 || true
  ids=$(sed -n 's/^not ok [0-9]* \([^:]*\):.*/\1/p' "$folder/$name/tap" | tr '\n' ' ')
  printf '%-20s %3d rows: %s\n' "$name" "$(wc -w <<<"$ids")" "$ids"
  [ -n "$ids" ] || caught_by_all=1
done < <(table)
exit "$caught_by_all"
