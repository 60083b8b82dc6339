# fuzz.mk: libFuzzer targets for every parser of foreign bytes (clang 14 or later).
#
#   make fuzz          runs each target for FUZZ_SECONDS (60), two at a time, and prints a table of the results
#   make fuzz-merge    merges the new inputs of `make fuzz` into tests/fuzz/corpus, and minimises it
#
# `make check` replays corpus and crashers, and runs each target for ten seconds. ONLY selects targets (a regular
# expression), FUZZ_SEED repeats a run. Everything is built under build/fuzz with clang, whatever the other builds use.

ifneq ($(SYSTEMD),no)

FUZZ := build/fuzz
FUZZ_CC ?= clang
FUZZ_TARGETS := config duration text ntpmessage address escape options bus resolve \
  candm mode6 ptp ntp_packet ntp_select inetd influx
FUZZ_SHARED := $(patsubst tests/fuzz/%.c,$(FUZZ)/tests/fuzz/%.o,$(wildcard tests/fuzz/fuzz*.c))
FUZZ_PROGRAMS := $(addprefix $(FUZZ)/,$(FUZZ_TARGETS))
FUZZ_BUGS := $(shell tests/bugs/plant.pl --list fuzz)
FUZZ_BROKEN := $(FUZZ_BUGS:%=$(FUZZ)/broken/%)

FUZZ_CPPFLAGS := -I. $(filter-out -DNTP_MONITOR_VERSION=%,$(ALL_CPPFLAGS))
FUZZ_CFLAGS := -std=gnu17 $(WARNINGS) -O2 -g -fno-omit-frame-pointer -U_FORTIFY_SOURCE \
  -fno-sanitize-recover=all
FUZZ_SANITIZE := address$(,)undefined
# Only the program guides the fuzzer and counts in the table, not our own checks.
$(FUZZ)/src/%.o $(FUZZ)/tests/fuzz/bus.o $(FUZZ)/tests/fuzz/resolve.o: FUZZ_SANITIZE := \
  fuzzer-no-link$(,)address$(,)undefined
FUZZ_LINK := -fsanitize=fuzzer$(,)address$(,)undefined

$(FUZZ)/%.o: %.c tests/fuzz/fuzz.mk Makefile
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_CPPFLAGS) -DNTP_MONITOR_VERSION='"0"' $(FUZZ_CFLAGS) -fsanitize=$(FUZZ_SANITIZE) -MD -MP -c -o $@ $<

$(FUZZ)/libfuzz.a: $(filter-out $(FUZZ)/src/main.o,$(SOURCES:%.c=$(FUZZ)/%.o))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(FUZZ_PROGRAMS): $(FUZZ)/%: $(FUZZ)/tests/fuzz/%.o $(FUZZ_SHARED) $(FUZZ)/libfuzz.a
	$(call say,LD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_LINK) -o $@ $^ $(LIBS)

# The suite reports a target that does not build.
$(FUZZ_BROKEN): $(FUZZ)/broken/%: tests/bugs/planted.txt tests/bugs/plant.pl tests/fuzz/fuzz.sh $(FUZZ_PROGRAMS)
	$(call say,FUZZ,$@)
	-$(Q)CC='$(FUZZ_CC)' FLAGS='$(FUZZ_CPPFLAGS) $(FUZZ_CFLAGS) $(FUZZ_LINK)' LIBS='$(LIBS)' \
	  tests/fuzz/fuzz.sh build $*

-include $(wildcard $(FUZZ)/src/*.d $(FUZZ)/src/*/*.d $(FUZZ)/src/*/*/*.d $(FUZZ)/tests/fuzz/*.d)

.PHONY: fuzz fuzz-merge fuzz-programs
fuzz-programs: $(FUZZ_PROGRAMS) $(FUZZ_BROKEN)
fuzz: $(FUZZ_PROGRAMS)
	@tests/fuzz/fuzz.sh run
fuzz-merge: $(FUZZ_PROGRAMS)
	@tests/fuzz/fuzz.sh merge

# The sanitizers are in it anyway, so once is enough. Targets that ONLY does not select are not built.
FUZZ_WANTED := $(shell printf '%s: replays fuzzed\n' planted.txt $(FUZZ_TARGETS) $(FUZZ_BUGS) | grep -cE -e $(call quoted,$(ONLY)))
ifeq ($(SANITIZE)$(COVERAGE)$(filter 0,$(FUZZ_WANTED)),)
check: fuzz-programs
NEEDS_fuzz.sh := fuzz-programs
LONG_SUITES += tests/fuzz/fuzz.sh
endif

endif
