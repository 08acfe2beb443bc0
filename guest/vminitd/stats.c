/* SPDX-License-Identifier: Apache-2.0 */
/* stats.c - SandboxContext/ContainerStatistics: what containers use, out of their cgroups and their network
 * namespaces. Kernel: Documentation/admin-guide/cgroup-v2.rst, and proc(5) of /proc/PID/net/dev. */
#include "stats.h"

#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/path.h"
#include "container.h"
#include "sandbox.pb-c.h"

#define DEVICES_MAX 64
#define INTERFACES_MAX 64
#define TEXT_MAX_BYTES 65536

enum {
	WANT_PROCESS = 1 << SANDBOX__STAT_CATEGORY__STAT_CATEGORY_PROCESS,
	WANT_MEMORY = 1 << SANDBOX__STAT_CATEGORY__STAT_CATEGORY_MEMORY,
	WANT_CPU = 1 << SANDBOX__STAT_CATEGORY__STAT_CATEGORY_CPU,
	WANT_BLOCK_IO = 1 << SANDBOX__STAT_CATEGORY__STAT_CATEGORY_BLOCK_IO,
	WANT_NETWORK = 1 << SANDBOX__STAT_CATEGORY__STAT_CATEGORY_NETWORK,
	WANT_MEMORY_EVENTS = 1 << SANDBOX__STAT_CATEGORY__STAT_CATEGORY_MEMORY_EVENTS,
	WANT_ALL = ~0,
};

/* One container's part of the answer. */
struct answer {
	Sandbox__ContainerStats stats;
	Sandbox__ProcessStats process;
	Sandbox__MemoryStats memory;
	Sandbox__CPUStats cpu;
	Sandbox__BlockIOStats block_io;
	Sandbox__BlockIOEntry device[DEVICES_MAX], *devices[DEVICES_MAX];
	Sandbox__NetworkStats network[INTERFACES_MAX], *networks[INTERFACES_MAX];
	char interface[INTERFACES_MAX][IFNAMSIZ];
	Sandbox__MemoryEventStats memory_events;
};

/* A line "KEY NUMBER" of a cgroup file, and the member that takes the number. */
struct field {
	const char *key;
	size_t at;
};

static char *load(const struct vi_container *c, const char *file)
{
	char *text = NULL;

	return c->cgroup_fd >= 0 && file_load(c->cgroup_fd, file, TEXT_MAX_BYTES, &text, NULL, NULL) == 0 ? text : NULL;
}

static void read_fields(const struct vi_container *c, const char *file, const struct field *f, size_t n, void *ret)
{
	AUTO_FREE char *text = load(c, file);
	char *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');

		if (!value)
			continue;
		*value++ = 0;
		for (size_t i = 0; i < n; i++)
			if (strcmp(f[i].key, line) == 0)
				*(uint64_t *)((char *)ret + f[i].at) = strtoull(value, NULL, 10);
	}
}

/* --- the categories; a limit of 0 is none ("max" reads as 0) */

static void add_process(const struct vi_container *c, struct answer *a)
{
	sandbox__process_stats__init(&a->process);
	a->process.current = vi_cgroup_number(c, "pids.current", NULL);
	a->process.limit = vi_cgroup_number(c, "pids.max", NULL);
	a->stats.process = &a->process;
}

static void add_memory(const struct vi_container *c, struct answer *a)
{
#define F(key, member) { key, offsetof(Sandbox__MemoryStats, member) }
	static const struct field fields[] = {
		F("file", cache_bytes), F("kernel_stack", kernel_stack_bytes), F("slab", slab_bytes),
		F("pgfault", page_faults), F("pgmajfault", major_page_faults), F("inactive_file", inactive_file),
		F("anon", anon), F("workingset_refault_anon", workingset_refault_anon),
		F("workingset_refault_file", workingset_refault_file), F("pgsteal_kswapd", pgsteal_kswapd),
		F("pgsteal_direct", pgsteal_direct), F("pgsteal_khugepaged", pgsteal_khugepaged),
	};
#undef F
	sandbox__memory_stats__init(&a->memory);
	read_fields(c, "memory.stat", fields, ARRAY_LEN(fields), &a->memory);
	a->memory.usage_bytes = vi_cgroup_number(c, "memory.current", NULL);
	a->memory.limit_bytes = vi_cgroup_number(c, "memory.max", NULL);
	a->memory.swap_usage_bytes = vi_cgroup_number(c, "memory.swap.current", NULL);
	a->memory.swap_limit_bytes = vi_cgroup_number(c, "memory.swap.max", NULL);
	a->stats.memory = &a->memory;
}

static void add_cpu(const struct vi_container *c, struct answer *a)
{
#define F(key, member) { key, offsetof(Sandbox__CPUStats, member) }
	static const struct field fields[] = {
		F("usage_usec", usage_usec), F("user_usec", user_usec), F("system_usec", system_usec),
		F("nr_periods", throttling_periods), F("nr_throttled", throttled_periods),
		F("throttled_usec", throttled_time_usec),
	};
#undef F
	sandbox__cpustats__init(&a->cpu);
	read_fields(c, "cpu.stat", fields, ARRAY_LEN(fields), &a->cpu);
	a->stats.cpu = &a->cpu;
}

/* "254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0", a line a device. */
static void add_block_io(const struct vi_container *c, struct answer *a)
{
	static const struct field fields[] = {
		{ "rbytes=", offsetof(Sandbox__BlockIOEntry, read_bytes) },
		{ "wbytes=", offsetof(Sandbox__BlockIOEntry, write_bytes) },
		{ "rios=", offsetof(Sandbox__BlockIOEntry, read_operations) },
		{ "wios=", offsetof(Sandbox__BlockIOEntry, write_operations) },
	};
	AUTO_FREE char *text = load(c, "io.stat");
	char *save = NULL, *save2;

	sandbox__block_iostats__init(&a->block_io);
	a->block_io.devices = a->devices;
	a->stats.block_io = &a->block_io;
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		Sandbox__BlockIOEntry *d = &a->device[a->block_io.n_devices];
		char *word = strtok_r(line, " ", &save2);

		if (a->block_io.n_devices == DEVICES_MAX)
			break;
		sandbox__block_ioentry__init(d);
		if (!word || sscanf(word, "%" SCNu64 ":%" SCNu64, &d->major, &d->minor) != 2)
			continue;
		while ((word = strtok_r(NULL, " ", &save2)))
			for (size_t i = 0; i < ARRAY_LEN(fields); i++)
				if (strncmp(word, fields[i].key, strlen(fields[i].key)) == 0)
					*(uint64_t *)((char *)d + fields[i].at) =
						strtoull(word + strlen(fields[i].key), NULL, 10);
		a->devices[a->block_io.n_devices++] = d;
	}
}

/* Two lines of heads, then "  eth0: bytes packets errs drop fifo frame compressed multicast bytes …" as received
 * and sent. Of the container's own namespace, as long as its init lives in it; without loopback. */
static void add_networks(const struct vi_container *c, struct answer *a)
{
	AUTO_FREE char *path = c->init && c->init->started && !c->init->exited ? path_fmt("/proc/%d/net/dev", c->init->pid) :
										  NULL;
	AUTO_FREE char *text = NULL;
	char *save = NULL;

	a->stats.networks = a->networks;
	if (!path || file_load(AT_FDCWD, path, TEXT_MAX_BYTES, &text, NULL, NULL) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		Sandbox__NetworkStats *n = &a->network[a->stats.n_networks];
		char *name = a->interface[a->stats.n_networks], *colon = strchr(line, ':');

		if (a->stats.n_networks == INTERFACES_MAX)
			break;
		line += strspn(line, " ");
		if (!colon || colon - line >= IFNAMSIZ || strncmp(line, "lo:", 3) == 0)
			continue;
		sandbox__network_stats__init(n);
		if (sscanf(colon + 1,
			   "%" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64,
			   &n->receivedbytes, &n->receivedpackets, &n->receivederrors, &n->transmittedbytes,
			   &n->transmittedpackets, &n->transmittederrors) != 6)
			continue;
		memcpy(name, line, (size_t)(colon - line));
		name[colon - line] = 0;
		n->interface = name;
		a->networks[a->stats.n_networks++] = n;
	}
}

static void add_memory_events(const struct vi_container *c, struct answer *a)
{
#define F(member) { #member, offsetof(Sandbox__MemoryEventStats, member) }
	static const struct field fields[] = { F(low), F(high), F(max), F(oom), F(oom_kill), F(oom_group_kill) };
#undef F
	sandbox__memory_event_stats__init(&a->memory_events);
	read_fields(c, "memory.events", fields, ARRAY_LEN(fields), &a->memory_events);
	a->stats.memory_events = &a->memory_events;
}

static void fill(const struct vi_container *c, unsigned want, struct answer *a)
{
	static const struct {
		unsigned want;
		void (*add)(const struct vi_container *c, struct answer *a);
	} parts[] = {
		{ WANT_PROCESS, add_process },	 { WANT_MEMORY, add_memory },	{ WANT_CPU, add_cpu },
		{ WANT_BLOCK_IO, add_block_io }, { WANT_NETWORK, add_networks }, { WANT_MEMORY_EVENTS, add_memory_events },
	};

	sandbox__container_stats__init(&a->stats);
	a->stats.container_id = (char *)c->id;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (want & parts[i].want)
			parts[i].add(c, a);
}

static unsigned wanted(const Sandbox__ContainerStatisticsRequest *req)
{
	unsigned want = 0;

	for (size_t i = 0; i < req->n_categories; i++)
		if ((unsigned)req->categories[i] < 32)
			want |= 1u << req->categories[i];
	return req->n_categories ? want : (unsigned)WANT_ALL;
}

static const struct vi_container *nth(const Sandbox__ContainerStatisticsRequest *req, size_t i)
{
	if (req->n_container_ids)
		return vi_container_find(req->container_ids[i]);
	list_each(struct vi_container, c, &vi_containers, link)
		if (i-- == 0)
			return c;
	return NULL;
}

void vi_method_container_statistics(struct rpc_call *call, const ProtobufCMessage *msg)
{
	const Sandbox__ContainerStatisticsRequest *req = (const void *)msg;
	Sandbox__ContainerStatisticsResponse resp = SANDBOX__CONTAINER_STATISTICS_RESPONSE__INIT;
	Sandbox__ContainerStats *list[VI_CONTAINERS_MAX];
	AUTO_FREE struct answer *answers = NULL;
	size_t n = req->n_container_ids;

	if (!n)
		for (const struct list *l = vi_containers.next; l != &vi_containers; l = l->next)
			n++;
	if (n > VI_CONTAINERS_MAX) {
		rpc_call_fail(call, RPC_INVALID_ARGUMENT, "container statistics: %zu containers are asked for, %d is the most",
			      n, VI_CONTAINERS_MAX);
		return;
	}
	answers = calloc(n + 1, sizeof(*answers));
	if (!answers) {
		rpc_call_fail(call, RPC_RESOURCE_EXHAUSTED, "container statistics: out of memory");
		return;
	}
	for (; resp.n_containers < n; resp.n_containers++) {
		const struct vi_container *c = nth(req, resp.n_containers);

		if (!c) {
			rpc_call_fail(call, RPC_NOT_FOUND, "container statistics: there is no container '%.64s'",
				      req->container_ids[resp.n_containers]);
			return;
		}
		fill(c, wanted(req), &answers[resp.n_containers]);
		list[resp.n_containers] = &answers[resp.n_containers].stats;
	}
	resp.containers = list;
	rpc_call_reply(call, &resp.base);
}
