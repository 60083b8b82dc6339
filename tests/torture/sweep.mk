# The sweeps: everything fails once (tests/torture/sweep.c describes them).
#
#   make check                some of them, 2.5 minutes of one core
#   make torture-sweep        all of them, 15 minutes; ONLY='pattern' of test names
#
# Their tools are the tests' own, built under build/ without sanitizers.

SWEEP := $(BUILD)/tests/torture
SWEEP_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/torture/sweep*.c)) $(SWEEP)/sweep_names.o

$(SWEEP)/%: SANITIZERS :=

# The names of this machine's system calls.
$(SWEEP)/sweep_names.c: tests/torture/sweep.mk
	@mkdir -p $(@D)
	$(Q){ echo '#include "tests/torture/sweep.h"'; echo '#include <sys/syscall.h>'; \
	  echo 'const char *const call_names[CALL_NUMBERS] = {'; \
	  echo '#include <sys/syscall.h>' | $(CC) -E -dM - | \
	    sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/[__NR_\1] = "\1",/p'; \
	  echo '};'; } > $@

$(SWEEP)/sweep_names.o: $(SWEEP)/sweep_names.c $(BUILD)/flags
	$(Q)$(CC) $(ALL_CPPFLAGS) -I. $(ALL_CFLAGS) -c -o $@ $<

$(SWEEP)/sweep: $(SWEEP_OBJECTS)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(SWEEP)/failing_malloc.so: tests/torture/failing_malloc.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(filter-out -fPIE,$(ALL_CFLAGS)) -fPIC -shared -o $@ $<

-include $(wildcard $(SWEEP)/*.d)

programs: $(SWEEP)/sweep $(SWEEP)/failing_malloc.so

# gcc's AddressSanitizer is a shared library, so failing_malloc can come before it. Without gcc the sweeps of memory are
# skipped.
.PHONY: sweep-asan torture-sweep
sweep-asan:
	@! command -v gcc >/dev/null || \
	  $(MAKE) --no-print-directory BUILD=build/torture/asan CC=gcc SANITIZE=1 SYSTEMD=yes all

torture-sweep: all lab sweep-asan
	@FULL=1 ONLY='$(ONLY)' PROG=$(abspath $(PROGRAM)) tests/lab/enter.sh tests/torture/sweep.sh

# They test the plain program with all its parts.
ifneq ($(SYSTEMD),no)
ifeq ($(SANITIZE),)
LONG_SUITES += tests/torture/sweep.sh
ifeq ($(COVERAGE),)
check: sweep-asan
NEEDS_sweep.sh := sweep-asan
endif
endif
endif
