/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - all commands, the global options, and docker's options that berth has not. */
#include "cli/cli.h"

#define COMMANDS(X)                                                                                     \
	X(run) X(create) X(start) X(stop) X(restart) X(kill) X(pause) X(unpause) X(wait) X(rm) X(rename) X(update)        \
	X(exec) X(attach) X(consoles) X(screen) X(logs)                                                         \
	X(ps) X(container_ls) X(inspect) X(top) X(stats) X(events) X(port) X(boot)                                                     \
	X(pull) X(image_pull) X(images) X(image_ls) X(image_inspect) X(rmi) X(image_rm)                         \
	X(save) X(load) X(import) X(image_save) X(image_load) X(image_import)                                    \
	X(history) X(image_history) X(image_verify) X(image_prune)                                               \
	X(tag) X(image_tag) X(push) X(image_push) X(login) X(logout) X(tags) X(manifest_inspect) X(manifest_referrers) \
	X(trash_ls) X(trash_restore) X(trash_purge)                                                             \
	X(rootfs_create) X(rootfs_ls) X(rootfs_cat) X(rootfs_extract) X(rootfs_check) X(diff) X(export) X(commit) X(cp)                                                                                        \
	X(jobs) X(jobs_cancel)                                                                                  \
	X(kernel_ls) X(kernel_inspect) X(kernel_import) X(kernel_build) X(kernel_default) X(kernel_rm)          \
	X(system_df) X(system_check) X(system_prune)                                                            \
	X(system_probe) X(system_info) X(info) X(version) X(system_version)                                     \
	X(config_check) X(config_defaults) X(completion) X(list_keys) X(help) X(debug_man)        \
	X(debug_vt) X(debug_faults) X(debug_tar_to_ext4)

#define DECLARE(word) extern const struct cli_cmd cli_cmd_##word;
COMMANDS(DECLARE)

#define ROW(word) &cli_cmd_##word,
const struct cli_cmd *const cli_table[] = { COMMANDS(ROW) NULL };

const struct cli_cmd *const cli_container_cmds[] = {
	&cli_cmd_run, &cli_cmd_create, &cli_cmd_start, &cli_cmd_stop, &cli_cmd_restart, &cli_cmd_kill, &cli_cmd_pause, &cli_cmd_unpause,
	&cli_cmd_wait, &cli_cmd_rm, &cli_cmd_rename, &cli_cmd_update, &cli_cmd_exec, &cli_cmd_attach, &cli_cmd_consoles, &cli_cmd_screen,
	&cli_cmd_logs, &cli_cmd_ps, &cli_cmd_inspect, &cli_cmd_top, &cli_cmd_stats, &cli_cmd_port, &cli_cmd_boot, &cli_cmd_diff,
	&cli_cmd_export, &cli_cmd_commit, &cli_cmd_cp, NULL
};

const struct cli_opt cli_global_opts[] = {
	{ 0, "root", "DIR", "where images and containers are kept" },
	{ 0, "run-root", "DIR", "where sockets of what runs are" },
	{ 0, "config", "FILE", "configuration file" },
	{ 0, "log-level", "LEVEL", "error, warn, info, debug or trace" },
	{ 0, "progress", "KIND", "auto, tty, plain, json or none" },
	{ 0, "color", "WHEN", "auto, always or never" },
	{ 0, "read-only", NULL, "the terminal UI: refuse every change" },
	{ 0, "version", NULL, "print the version" },
	{ 0 },
};

const struct cli_foreign cli_foreign_opts[] = {
	{ "volumes-from", "name the same folders with -v" },
	{ "link", "containers reach the host's loopback as 10.0.2.2; publish the port with -p" },
	{ "gpus", "there is no device pass-through yet" },
	{ "device", "there is no device pass-through yet" },
	{ "ipc", "each container has a virtual machine of its own" },
	{ "pid", "each container has a virtual machine of its own" },
	{ "uts", "each container has a virtual machine of its own; --hostname sets its name" },
	{ "userns", "each container has a virtual machine of its own; its root is not the host's" },
	{ "isolation", "every container is in a virtual machine" },
	{ "runtime", "every container is in a virtual machine" },
	{ "log-driver", "logs are files that rotate; berth logs prints them" },
	{ "storage-opt", "--root-size sets the size of the writable disk" },
	{ "oom-kill-disable", "-m sets a limit that leaves room" },
	{ "publish-all", "-p CTR takes any free port of the host" },
	{ "net", "--network" },
	{ "mac-address", "the address is made from the container's id" },
	{ "ip", "there are no networks with addresses of their own yet" },
	{ "network-alias", "there are no networks with names yet" },
	{ "init", "run an init of the image's as the command" },
	{ "health-cmd", "there are no health checks yet" },
	{ "memory-swap", "virtual machines have no swap: -m is the whole limit" },
	{ "cpu-shares", "--cpus limits the CPU" },
	{ "cpuset-cpus", "--cpus limits the CPU" },
	{ NULL, NULL },
};
