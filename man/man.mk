# SPDX-License-Identifier: Apache-2.0
dist_man_MANS += %D%/berth.1 %D%/berth-filter.7
nodist_man_MANS = %D%/berth-tui.7 %D%/berth-config.5 %D%/berth-commands.1
EXTRA_DIST += %D%/berth-tui.7.in %D%/berth-config.5.in %D%/berth-commands.1.in
CLEANFILES += %D%/berth-tui.7 %D%/berth-config.5 %D%/berth-commands.1

# The keys in the page are those of the program.
noinst_PROGRAMS += %D%/gen-keys
%C%_gen_keys_SOURCES = %D%/gen-keys.c
%C%_gen_keys_LDADD = $(tui_LIBS)
%D%/berth-tui.7: %D%/berth-tui.7.in %D%/gen-keys$(EXEEXT)
	$(AM_V_GEN)%D%/gen-keys$(EXEEXT) >$@.keys && \
	sed -e '/^@KEYS@$$/{' -e 'r $@.keys' -e 'd' -e '}' '$(srcdir)/%D%/berth-tui.7.in' >$@.tmp && \
	rm -f $@.keys && mv $@.tmp $@

# The options in the page are those that the program reads.
noinst_PROGRAMS += %D%/gen-config
%C%_gen_config_SOURCES = %D%/gen-config.c
%C%_gen_config_LDADD = $(base_LIBS)
%D%/berth-config.5: %D%/berth-config.5.in %D%/gen-config$(EXEEXT)
	$(AM_V_GEN)%D%/gen-config$(EXEEXT) >$@.options && \
	sed -e '/^@OPTIONS@$$/{' -e 'r $@.options' -e 'd' -e '}' '$(srcdir)/%D%/berth-config.5.in' >$@.tmp && \
	rm -f $@.options && mv $@.tmp $@

# The commands in the page are those of the program.
%D%/berth-commands.1: %D%/berth-commands.1.in berth$(EXEEXT)
	$(AM_V_GEN)./berth debug man >$@.commands && \
	sed -e '/^@COMMANDS@$$/{' -e 'r $@.commands' -e 'd' -e '}' '$(srcdir)/%D%/berth-commands.1.in' >$@.tmp && \
	rm -f $@.commands && mv $@.tmp $@

TESTS += tests/man/pages.sh
EXTRA_DIST += tests/man/pages.sh
