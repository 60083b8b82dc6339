# The soak (ten years of cron), the bound on hangs, and what other tools do in the same faults.
#
#   make soak             all of the ten years, in pieces; continues where it stopped; SOAK_PIECES=N does N more
#   make torture-beside   what timedatectl, logger and check_ntp_time do in the same faults
#
# They need the source timesyncd, and a preloaded libfaketime, which excludes sanitizers.

SOAK_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/torture/soak*.c)) \
  $(addprefix $(BUILD)/tests/lab/,settings.o timesync1.o)
SOAK_PROGRAMS := $(addprefix $(BUILD)/tests/torture/,soak hang)

$(BUILD)/tests/torture/%: SANITIZERS :=
$(BUILD)/tests/torture/soak: $(SOAK_OBJECTS)
$(BUILD)/tests/torture/hang: $(BUILD)/tests/torture/hang.o
$(SOAK_PROGRAMS):
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SYSTEMD_LIBS)

-include $(wildcard $(BUILD)/tests/torture/*.d)

programs: $(SOAK_PROGRAMS)

ifeq ($(SANITIZE)$(filter no,$(SYSTEMD)),)
  LONG_SUITES += tests/torture/hang.sh
  ifeq ($(COVERAGE),)
    LONG_SUITES += tests/torture/soak.sh
  endif
endif

.PHONY: soak torture-beside
soak: all lab
	@TOP=$(CURDIR) BUILD=build PROG=$(abspath $(PROGRAM)) SOAK_PIECES=$(SOAK_PIECES) \
	  tests/lab/enter.sh tests/torture/soak.sh decade

torture-beside: all lab
	@TOP=$(CURDIR) BUILD=build PROG=$(abspath $(PROGRAM)) tests/lab/enter.sh tests/torture/beside.sh
