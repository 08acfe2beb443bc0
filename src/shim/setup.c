/* SPDX-License-Identifier: Apache-2.0 */
/* setup.c - what the container's configuration means for the VM, for the agent, and for an exec. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/path.h"
#include "oci/spec.h"
#include "shim/sandbox.h"
#include "store/container.h"
#include "store/kernel.h"
#include "vm/agent.h"

#define PREPARE_MS 60000
#define VM_MEMORY (512ull << 20)
#define VM_MEMORY_OVERHEAD (64ull << 20) /* on top of the container's limit */
#define SHARE_PATH "/run/berth/share"

/* --- the VM */

static int open_disk(const char *dir, const char *name, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, name);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;

	return fd < 0 ? err_sys(e, -errno, "cannot open disk '%s'", path ? path : name) : fd;
}

static uint64_t vm_memory(const cJSON *config)
{
	uint64_t limit = (uint64_t)json_int(config, "memory_bytes", 0);
	uint64_t n = limit ? limit + VM_MEMORY_OVERHEAD : VM_MEMORY;

	return (n + (1 << 20) - 1) & ~((1ull << 20) - 1);
}

static unsigned vm_cpus(const cJSON *config)
{
	double cpus = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(config, "cpus"));

	return cpus >= 1 ? (unsigned)(cpus + 0.999) : 1;
}

struct sandbox_room sandbox_room(const struct sandbox *sb)
{
	return (struct sandbox_room){ vm_memory(sb->config) - VM_MEMORY_OVERHEAD, vm_cpus(sb->config) };
}

static bool is_bind(const cJSON *m)
{
	return strcmp(json_str(m, "type") ?: "bind", "bind") == 0;
}

static size_t collect_binds(const cJSON *mounts, struct vm_bind *ret, size_t max)
{
	size_t n = 0;
	const cJSON *m;

	cJSON_ArrayForEach(m, mounts)
		if (is_bind(m) && n < max)
			ret[n++] = (struct vm_bind){ json_str(m, "source"), json_bool(m, "readonly", false) };
	return n;
}

/* A locally administered address that stays the container's over restarts. */
static void make_mac(const char *id, uint8_t ret[6])
{
	ret[0] = 0x02;
	for (int i = 1; i < 6; i++) {
		unsigned v = 0;

		sscanf(id + 2 * i, "%2x", &v);
		ret[i] = (uint8_t)v;
	}
}

/* *ret NULL: the one that comes with berth. BERTH_KERNEL, for tests, stands before the store's choice. */
static int find_kernel(const struct sandbox *sb, const char *name, char **ret, struct err *e)
{
	if (!name && getenv("BERTH_KERNEL"))
		return 0;
	return store_kernel_find(sb->root, name, ret, e);
}

int sandbox_make_vm(struct sandbox *sb, vm_event_cb on_event, struct err *e)
{
	const cJSON *c = sb->config;
	const char *accel = json_str(c, "accel") ?: "";
	AUTO_FREE char *own_dir = path_fmt("%s/containers/%s", sb->root, sb->id);
	AUTO_FREE struct vm_bind *binds = calloc(VM_BINDS_MAX, sizeof(*binds));
	AUTO_FREE char *kernel = NULL;
	AUTO_CLOSE int base = -1;
	AUTO_CLOSE int upper = -1;
	struct vm_disk disks[2];
	struct vm_config cfg = { 0 };

	if (!own_dir || !binds)
		return err_sys(e, -ENOMEM, "cannot make the VM");
	base = container_base_open(sb->root, c, e);
	if (base < 0)
		return base;
	upper = open_disk(own_dir, "upper.ext4", e);
	if (upper < 0)
		return upper;
	int rc = find_kernel(sb, json_str(c, "kernel"), &kernel, e);
	if (rc < 0)
		return rc;
	disks[0] = (struct vm_disk){ base, "base", true };
	disks[1] = (struct vm_disk){ upper, "upper", false };
	cfg.name = json_str(c, "name");
	cfg.run_dir = sb->run_dir_path;
	cfg.cpus = vm_cpus(c);
	cfg.memory = vm_memory(c);
	cfg.kernel = kernel;
	cfg.cmdline = json_str(c, "kernel_args");
	cfg.disks = disks;
	cfg.ndisks = ARRAY_LEN(disks);
	cfg.binds = binds;
	cfg.nbinds = collect_binds(json_arr(c, "mounts"), binds, VM_BINDS_MAX);
	cfg.net.kind = strcmp(json_str(c, "network") ?: "host-user", "none") == 0 ? VM_NET_NONE : VM_NET_USER;
	make_mac(sb->id, cfg.net.mac);
	cfg.accel = strcmp(accel, "kvm") == 0 ? VM_ACCEL_KVM : strcmp(accel, "tcg") == 0 ? VM_ACCEL_TCG :
											 VM_ACCEL_AUTO;
	return vm_create(sb->loop, &cfg, on_event, sb, &sb->vm, e);
}

/* --- the guest */

/* Strings of a JSON array, for protobuf's arrays; they stay the array's. */
static size_t borrow_strings(const cJSON *array, char **ret, size_t max)
{
	size_t n = 0;
	const cJSON *s;

	cJSON_ArrayForEach(s, array)
		if (cJSON_IsString(s) && n < max)
			ret[n++] = s->valuestring;
	return n;
}

#define NAMES_MAX 64

struct host_lines {
	Berth__Agent__V1__Host row[NAMES_MAX];
	Berth__Agent__V1__Host *rows[NAMES_MAX];
	char *names[NAMES_MAX][2];
	size_t n;
};

static void add_host(struct host_lines *h, char *address, char *name1, char *name2)
{
	if (h->n == NAMES_MAX)
		return;
	h->row[h->n] = (Berth__Agent__V1__Host)BERTH__AGENT__V1__HOST__INIT;
	h->row[h->n].address = address;
	h->names[h->n][0] = name1;
	h->names[h->n][1] = name2;
	h->row[h->n].names = h->names[h->n];
	h->row[h->n].n_names = name2 ? 2 : 1;
	h->rows[h->n] = &h->row[h->n];
	h->n++;
}

/* "name:address" of --add-host, cut in two in place. */
static void add_extra_hosts(struct host_lines *h, cJSON *extra)
{
	cJSON *s;

	cJSON_ArrayForEach(s, extra) {
		char *colon = cJSON_IsString(s) ? strchr(s->valuestring, ':') : NULL;

		if (!colon)
			continue;
		*colon = 0;
		add_host(h, strcmp(colon + 1, "host-gateway") == 0 ? (char *)"10.0.2.2" : colon + 1, s->valuestring,
			 NULL);
	}
}

int sandbox_prepare(struct sandbox *sb, rpc_unary_cb cb, struct err *e)
{
	const cJSON *c = sb->config;
	AUTO_JSON cJSON *extra = cJSON_Duplicate(json_arr(c, "add_hosts"), 1);
	Berth__Agent__V1__PrepareRequest req = BERTH__AGENT__V1__PREPARE_REQUEST__INIT;
	Berth__Agent__V1__Rootfs rootfs = BERTH__AGENT__V1__ROOTFS__INIT;
	Berth__Agent__V1__Share share = BERTH__AGENT__V1__SHARE__INIT, *shares[] = { &share };
	Berth__Agent__V1__Interface eth0 = BERTH__AGENT__V1__INTERFACE__INIT, *interfaces[] = { &eth0 };
	Berth__Agent__V1__Resolver resolver = BERTH__AGENT__V1__RESOLVER__INIT;
	struct host_lines hosts = { 0 };
	char *addresses[] = { (char *)"10.0.2.15/24" }, *dns[NAMES_MAX] = { (char *)"10.0.2.3" }, *search[NAMES_MAX];
	char *hostname = (char *)(json_str(c, "hostname") ?: "localhost");
	bool net = strcmp(json_str(c, "network") ?: "host-user", "none") != 0;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	req.id = sb->id;
	req.time_sec = now.tv_sec;
	req.time_nsec = (int32_t)now.tv_nsec;
	rootfs.base_serial = (char *)"base";
	rootfs.upper_serial = (char *)"upper";
	rootfs.discard = true;
	req.rootfs = &rootfs;
	req.hostname = hostname;
	if (vm_boot(sb->vm)->share != VM_SHARE_NONE) {
		share.type = vm_boot(sb->vm)->share == VM_SHARE_9P ? BERTH__AGENT__V1__SHARE__TYPE__P9 :
								     BERTH__AGENT__V1__SHARE__TYPE__VIRTIOFS;
		share.tag = (char *)VM_SHARE_TAG;
		share.path = (char *)SHARE_PATH;
		req.shares = shares;
		req.n_shares = 1;
	}
	add_host(&hosts, (char *)"127.0.0.1", (char *)"localhost", NULL);
	add_host(&hosts, (char *)"::1", (char *)"localhost", (char *)"ip6-localhost");
	add_host(&hosts, net ? (char *)"10.0.2.15" : (char *)"127.0.1.1", hostname, NULL);
	add_extra_hosts(&hosts, extra);
	req.hosts = hosts.rows;
	req.n_hosts = hosts.n;
	if (net) {
		eth0.name = (char *)"eth0";
		eth0.addresses = addresses;
		eth0.n_addresses = 1;
		eth0.gateway4 = (char *)"10.0.2.2";
		req.interfaces = interfaces;
		req.n_interfaces = 1;
		resolver.n_nameservers = borrow_strings(json_arr(c, "dns"), dns, NAMES_MAX);
		if (!resolver.n_nameservers)
			resolver.n_nameservers = 1;
		resolver.nameservers = dns;
		resolver.n_search = borrow_strings(json_arr(c, "dns_search"), search, NAMES_MAX);
		resolver.search = search;
		req.resolver = &resolver;
	}
	return rpc_unary_start(&sb->prepare, sb->agent, &agent_prepare, &req.base, PREPARE_MS, cb, e);
}

/* --- another process */

int sandbox_exec_spec(struct sandbox *sb, const struct sandbox_exec *x, cJSON **ret, struct err *e)
{
	const struct oci_exec_opts o = {
		.args = (const char *const *)x->args,
		.env = (const char *const *)x->env,
		.user = x->user && *x->user ? x->user : NULL,
		.cwd = x->cwd && *x->cwd ? x->cwd : NULL,
		.tty = x->tty,
		.privileged = x->privileged,
		.rows = x->rows,
		.cols = x->cols,
	};

	return oci_spec_exec(json_obj(sb->config, "spec"), &o, ret, e);
}
