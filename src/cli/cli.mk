# SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += berth
berth_SOURCES = \
	%D%/attach.c %D%/attach-keys.c %D%/attach-keys.h \
	%D%/cli.h \
	%D%/cmd-rootfs.c %D%/cmd-changes.c %D%/cmd-cp.c \
	%D%/cmd-config.c %D%/cmd-events.c %D%/cmd-exec.c %D%/cmd-image.c %D%/cmd-kernel.c %D%/cmd-life.c %D%/cmd-logs.c \
	%D%/cmd-port.c %D%/cmd-ps.c %D%/cmd-run.c %D%/cmd-stats.c %D%/cmd-system.c %D%/cmd-top.c %D%/cmd-trash.c %D%/cmd-update.c \
	%D%/cmd-archive.c %D%/cmd-history.c %D%/cmd-upkeep.c \
	%D%/cmd-login.c %D%/cmd-push.c %D%/cmd-registry.c \
	%D%/cmd-rootfs-create.c \
	%D%/completion.c \
	%D%/debug-vt.c %D%/debug-vt.h \
	%D%/format.c %D%/help.c %D%/main.c %D%/man.c %D%/parse.c %D%/progress.c %D%/prompt.c \
	%D%/run-opts.c %D%/run-opts.h \
	%D%/table.c %D%/words.c
berth_CFLAGS = $(AM_CFLAGS) $(UV_CFLAGS) $(CJSON_CFLAGS)
berth_LDADD = $(call linked_in,$(tui_LIBS) $(engine_LIBS) $(vt_LIBS))
berth_DEPENDENCIES = $(filter %.la,$(tui_LIBS) $(engine_LIBS) $(vt_LIBS))

# Completion of shells, as the program itself prints it.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
nodist_bashcompletion_DATA = completions/berth
nodist_zshcompletion_DATA = completions/_berth
nodist_fishcompletion_DATA = completions/berth.fish
CLEANFILES += completions/berth completions/_berth completions/berth.fish
completions/berth: berth$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) completions && ./berth completion bash >$@.tmp && mv $@.tmp $@
completions/_berth: berth$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) completions && ./berth completion zsh >$@.tmp && mv $@.tmp $@
completions/berth.fish: berth$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) completions && ./berth completion fish >$@.tmp && mv $@.tmp $@
