# Whole machines: boots Debian 12 and 13 with systemd, and installs ntp_monitor there as README says.
#
#   sudo make machine          both; ONLY='pattern' of test names, MACHINES=trixie for one
#
# The first run creates the machines (500 MB each in build/lab/machine); later ones copy them.

.PHONY: machine
machine:
	@ONLY='$(ONLY)' MACHINES='$(MACHINES)' tests/machine/run.sh
