#!/bin/bash
# fast.sh: the unit tests and system suites named like what changed, for a quick check while working.
#
# The name and folders of a changed file select its tests: src/source/chrony/candm.c those with chrony or candm in their
# names. The documentation is compared with the program if either may have changed. Long suites are named and left out.
# usage: fast.sh COMMIT, the one to compare with; run by make check-fast
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
readonly LONG='hostile|influx|install|monitors|privilege|stores|valgrind|usage|config|build'
# The suite of a room, where its name differs.
declare -A suite_of=([log]=delivery [output]=outputs [format]=formats [json]=formats [nagios]=formats [bus]=bus_faults
  [aside]=config [automatic]=auto [README]=docs [man]=docs
  [ntp_monitor.conf.example]=docs [config_keys]=docs [options]=docs [reason]=docs [install_config]=install)

# Prints the words in all changed paths.
words() {
  { git diff --name-only "$1"; git ls-files --others --exclude-standard; } |
    sed -E 's/\.(c|h|bats|bash|sh|md)$//; s,^(src|include/ntp_monitor|tests/(unit|system))/,,' | tr '/' '\n' | sed 's/^test_//' | grep -vxE 'source|base' | sort -u
}

units='' suites=() long=()
for word in $(words "$1"); do
  units+="|test_$word(_|\$)"
  suite=tests/system/${suite_of[$word]-$word}.bats
  if [[ $suite =~ /($LONG).bats$ ]]; then
    long+=("${BASH_REMATCH[1]}")
  elif [ -e "$suite" ]; then
    suites+=("$suite")
  fi
done
if [ -z "$units" ]; then
  echo "check-fast: nothing has changed since $1"
  exit
fi
names=$(for test in tests/unit/test_*.c; do basename "$test" .c; done | grep -E "${units#|}" | paste -sd '|')
if [ "$names${suites[*]-}${long[*]-}" = '' ]; then
  echo 'check-fast: no test is named like what changed; run make check'
  exit 1
fi
result=0
[ "${#long[@]}" = 0 ] || echo "check-fast: left out, run it with make test FILE=NAME: ${long[*]}"
[ -z "$names" ] || $MAKE --no-print-directory unit ONLY="^($names)\$" || result=1
if [ "${#suites[@]}" -gt 0 ]; then
  # shellcheck disable=SC2046 # one a word
  $MAKE --no-print-directory lab >/dev/null && tests/run.sh $(printf '%s\n' "${suites[@]}" | sort -u) || result=1
fi
exit "$result"
