# The fault matrix: make faults [ONLY=B9]; make faults-broken shows that its rows can fail.

ifneq ($(SYSTEMD),no)
LONG_SUITES += tests/torture/faults.sh
endif

.PHONY: faults faults-broken
faults: all lab
	@BUILD=$(BUILD) ONLY='$(ONLY)' tests/torture/faults.sh

faults-broken: lab
	@ONLY='$(ONLY)' tests/torture/faults_broken.bash
