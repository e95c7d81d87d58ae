/// The suite of black-box tests: crtop is used by its command line alone. One test at a time, since they start jobs.

import Testing

@Suite(.serialized) enum CommandLine {}
