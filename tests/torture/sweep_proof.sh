#!/bin/bash
# sweep_proof.sh: broken programs, each of which a sweep must catch, and say why.
#
# A row of the table is a change of a source file by a regular expression of perl (over the whole file), the
# test of sweep.sh that must fail, and what it must say. A change that no longer applies is a failure, too.
#
# environment: ONLY (a pattern of names)
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
work=build/torture/proof
test_number=0 failed=0

# mutant NAME FILE CHANGE TEST WORDS
mutant() {
  local name=$1 file=$2 change=$3 test=$4 words=$5 result
  if [ -n "${ONLY-}" ] && ! [[ $name =~ $ONLY ]]; then
    return
  fi
  test_number=$((test_number + 1))
  rm -rf "$work/tree/src"
  mkdir -p "$work/tree"
  cp -r Makefile include src "$work/tree"
  if ! perl -0pi -e "$change" "$work/tree/$file" || cmp -s "$file" "$work/tree/$file"; then
    result='the change does not apply'
  elif ! make -C "$work/tree" BUILD=plain all >"$work/log" 2>&1 ||
    { [[ $test == allocations* ]] && ! make -C "$work/tree" BUILD=asan CC=gcc SANITIZE=1 all >"$work/log" 2>&1; }; then
    result="it does not build: $(tail -n 3 "$work/log")"
  else
    FULL=1 ONLY=$test PROG=$PWD/$work/tree/plain/ntp_monitor ASAN=$PWD/$work/tree/asan/ntp_monitor \
      tests/lab/enter.sh tests/torture/sweep.sh >"$work/log" 2>&1
    result="it was not caught: $(head -n 3 "$work/log")"
    if grep -q '^not ok' "$work/log" && grep -q "$words" "$work/log"; then
      result=
    fi
  fi
  if [ -z "$result" ]; then
    echo "ok $test_number - $name: $(grep -m 1 "^#.*$words" "$work/log" | cut -c 3-110)"
  else
    echo "not ok $test_number - $name"
    printf '# %s\n' "$result"
    failed=1
  fi
}

# shellcheck disable=SC2016 # the $ are perl's
{
  mutant 'a NULL of realloc is not looked at' src/sample.c 's/  if \(items == NULL\) \{.*?\n  \}\n//s' \
    'allocations fail, local' 'neither true nor 3'
  mutant 'a leak where something else failed' src/bus.c 's/  (sd_bus_message_unref\(call\);)/  if (error >= 0) { $1 }/' \
    'allocations fail, local' 'neither true nor 3'
  mutant 'no memory, and OK all the same' src/main.c 's/report->verdict = VERDICT_UNKNOWN;\n    report->reason = REASON_NO_SOURCE;/report->verdict = VERDICT_OK;/' \
    'allocations fail, local' 'says OK'
  mutant 'the handler of SIGTERM is not set' src/guard.c 's/  handle\(SIGTERM, end_now\);\n//' \
    'SIGTERM and SIGKILL, local' 'no handler of SIGTERM'
  mutant 'the handler of SIGTERM ends with 0' src/guard.c 's/_exit\(STATUS_UNKNOWN\)/_exit(0)/' \
    'SIGTERM and SIGKILL, local' 'SIGTERM does not end it'
  mutant 'no timer' src/guard.c 's/  \(void\)timer_settime.*?;\n//' 'system calls hang, local' 'no timer'
  mutant 'the timer ends nothing' src/guard.c 's/  handle\(SIGALRM, end_now\);/  handle(SIGALRM, SIG_IGN);/' \
    'system calls hang, local' 'runs past its deadline'
  mutant 'ssh is not ended with us' src/bus.c 's/  \(void\)prctl\(PR_SET_PDEATHSIG, SIGKILL\);\n//' \
    'SIGTERM and SIGKILL, over a deaf' 'leaves a process behind'
  mutant 'the look-up child does not die with us' src/net_resolve.c 's/  \(void\)prctl\(PR_SET_PDEATHSIG, SIGKILL\);\n//' \
    'SIGTERM and SIGKILL, silent' 'leaves a process behind'
  mutant 'the look-up child does not see that we died before' src/net_resolve.c 's/getppid\(\) != parent/false/' \
    'SIGTERM and SIGKILL, silent' 'leaves a process behind'
  mutant 'the look-up child has our handler for a moment' src/net_resolve.c 's/sigfillset\(&all\)/sigemptyset(&all)/' \
    'SIGTERM and SIGKILL, bad reading' 'SIGTERM does not end it'
  mutant 'a line that nobody took counts as delivered' src/log.c 's/  \}\n  return error;\n\}/  }\n  return 0;\n}/' \
    'system calls fail, bad reading' 'no line tells of it'
  mutant 'a report that was not written counts as written' src/format.c 's/error = net_write\(/error = 0; net_write(/' \
    'system calls fail, local' 'stdout is not whole'
  mutant 'tries for ever' src/net.c 's/TRIES_MAX = 100 /TRIES_MAX = 1000000 /' 'system calls fail, local' 'spins'
  mutant 'a bad reading whose line failed counts as OK' src/main.c 's/run->lost \? VERDICT_UNKNOWN : \(int\)/run->lost ? VERDICT_OK : (int)/; s/run->lost \? VERDICT_UNKNOWN : run/run->lost ? VERDICT_OK : run/' \
    'system calls fail, bad reading' 'neither true nor 3'
  mutant 'a record and its end are sent apart' src/net.c 's/length_bytes \+ \(error == SOCK_STREAM\), deadline_ns\);/length_bytes, deadline_ns); if (error == 0 \&\& type_of(*fd) == SOCK_STREAM) error = net_send(*fd, "", 1, deadline_ns);/' \
    'SIGTERM and SIGKILL, stream' 'not whole'
  mutant 'a line with a newline in it' src/log/local.c 's/  int error =/  frame[bytes - 1] = 10;\n  int error =/' \
    'SIGTERM and SIGKILL, local' 'not whole'
  mutant 'a file is left' src/main.c 's/  guard_begin\(\);/  guard_begin();\n  (void)fclose(fopen("left", "w"));/' \
    'SIGTERM and SIGKILL, local' 'leaves a file behind'
  mutant 'a report is written in its place' src/output/file.c \
    's/O_CREAT \| O_EXCL \| O_NOFOLLOW/O_CREAT | O_TRUNC/; s/write_new\(folder, temporary,/write_new(folder, name,/; s/renameat\(folder, temporary, folder, name\) != 0/false/' \
    'SIGTERM and SIGKILL, files' 'half of one'
  mutant 'a file that was not written counts as written' src/output.c 's/      failed\(user, &why\);/      (void)failed;/' \
    'system calls fail, files' 'wrote none'
  mutant 'what was being written stays' src/output/file.c 's/  if \(error != 0\) \{\n    \(void\)unlinkat\(folder, temporary, 0\);\n  \}\n//' \
    'system calls fail, files' 'leaves what it was writing'
  mutant 'a request that cannot be read is none' src/inetd_talk.c 's/bytes < 0 && bytes != -ECONNRESET/false/' \
    'system calls fail, a request' 'stdout is not whole'
  mutant 'a request is read for ever' src/inetd_talk.c 's/TRIES_MAX = 100 /TRIES_MAX = 1000000 /' \
    'system calls fail, a request' 'spins'
}
echo "1..$test_number"
exit "$failed"
