/* SPDX-License-Identifier: Apache-2.0 */
/* scenes-lists.c - the designed screens of lists and forms: the store that shows what was drawn. */
#include "tests/tui/golden.h"

#include <string.h>

/* ---- a: nothing yet ----------------------------------------------------------------------------------------- */

static void nothing(struct fake *f)
{
	f->empty = true;
	f->info = "{\"qemu\":\"8.2\",\"kernel\":\"6.6.32\",\"guest_init\":true,\"disk_free_bytes\":44238812774}";
}

/* ---- b: home ------------------------------------------------------------------------------------------------ */

#define SECOND 1000000000ll
#define HOUR (3600 * SECOND)
#define ID8(c) #c #c #c #c #c #c #c #c
#define ID(c) ID8(c) ID8(c) ID8(c) ID8(c) ID8(c) ID8(c) ID8(c) ID8(c)
#define CTR(c, n, img, cmd, st, start, ...)                                                                     \
	{ .id = ID(c), .name = n, .image = img, .image_id = "sha256:" img, .command = cmd, .state = st,        \
	  .created = FAKE_NOW - 300 * HOUR, .started = start, .memory_bytes = 1 << 28, .cpus = 1, .kernel = "6.6", \
	  .accel = "kvm", .cause = "", __VA_ARGS__ }

static const struct berth_port web_ports[] = { { "0.0.0.0", 8080, 80, "tcp" } };
static const struct berth_port db_ports[] = { { "0.0.0.0", 5432, 5432, "tcp" } };
static const struct berth_port cache_ports[] = { { "0.0.0.0", 6379, 6379, "tcp" } };
#define LONG (FAKE_NOW - 52 * HOUR)

static const struct berth_container home[] = {
	CTR(1, "web1", "nginx:1.27", "nginx", BERTH_RUNNING, LONG, .ports = web_ports, .nports = 1, .tty = true),
	CTR(2, "db", "postgres:16", "postgres", BERTH_RUNNING, LONG, .ports = db_ports, .nports = 1, .tty = true),
	CTR(3, "worker-1", "acme/worker:9f2c", "worker", BERTH_RUNNING, FAKE_NOW - 51 * 60 * SECOND),
	CTR(4, "worker-2", "acme/worker:9f2c", "worker", BERTH_STARTING, 0),
	CTR(5, "cache", "redis:7", "redis-server", BERTH_PAUSED, LONG, .ports = cache_ports, .nports = 1),
	CTR(6, "migrate", "acme/migrate:12", "migrate", BERTH_RUNNING, FAKE_NOW - 342 * SECOND),
};
static struct berth_container home_later[6];
static const struct berth_console home_consoles[] = {
	{ .id = ID(1) ":0", .container = "web1", .n = 0, .command = "nginx", .rows = 23, .cols = 80, .alive = true },
	{ .id = ID(1) ":1", .container = "web1", .n = 1, .command = "bash", .rows = 23, .cols = 80, .viewers = 2,
	  .alive = true },
	{ .id = ID(2) ":0", .container = "db", .n = 0, .command = "postgres", .rows = 23, .cols = 80, .alive = true },
};
#define STAT(c, n, cpu, mem) { .id = ID(c), .name = n, .running = true, .cpu_percent = cpu, .memory_bytes = mem << 20 }
static const struct berth_stats home_stats[] = {
	STAT(1, "web1", 3.1, 118ull), STAT(2, "db", 12.0, 611ull), STAT(3, "worker-1", 14.6, 201ull),
	STAT(5, "cache", 0.0, 40ull),
};

static void home_model(struct fake *f)
{
	f->containers.v = home;
	f->containers.n = 6;
	f->consoles.v = home_consoles;
	f->consoles.n = 3;
	f->stats.v = home_stats;
	f->stats.n = 4;
}

/* worker-2 begins to boot; 0.4 s later migrate has been killed. */
static void home_play(struct drive *d)
{
	memcpy(home_later, home, sizeof(home));
	home_later[5].state = BERTH_EXITED;
	home_later[5].exit_code = 137;
	home_later[5].finished = FAKE_NOW - 300 * SECOND;
	home_later[5].cause = "out of memory, killed";
	app_info(&d->app, "worker-1 started");
	drive_later(d, 4 * SECOND / 10);
	d->fake.containers.v = home_later;
	fake_changed(d->berth);
	drive_settle(d);
}

static void marked_play(struct drive *d)
{
	drive_keys(d, "j j Space j Space k k k k k");
	home_play(d);
}

/* ---- c: images ---------------------------------------------------------------------------------------------- */

#define MIB << 20
#define DAY (24 * HOUR)
#define LAYER(n, size) { "sha256:" #n "e4c0a96b31d7", (uint64_t)(size) }

/* debian's nine layers are the lowest of acme/worker's fourteen too: 640M that are stored once. */
#define BASE LAYER(1, 70 MIB), LAYER(2, 6 MIB), LAYER(3, 6 MIB), LAYER(4, 6 MIB), LAYER(5, 6 MIB), LAYER(6, 6 MIB), \
	LAYER(7, 6 MIB), LAYER(8, 6 MIB), LAYER(9, 12 MIB)
static const struct berth_image_layer worker_layers[] = {
	BASE, LAYER(10, 40 MIB), LAYER(11, 40 MIB), LAYER(12, 4 MIB), LAYER(13, 2 MIB), LAYER(14, 2 MIB),
};
static const struct berth_image_layer debian_layers[] = { BASE };
#define IMG(n, r, t, size, root, use, days, v, ...)                                                             \
	{ .id = "sha256:" n, .name = n, .repository = r, .tag = t, .platform = "linux/amd64",                 \
	  .size_bytes = (uint64_t)(size), .rootfs_bytes = (uint64_t)(root), .used = use,                        \
	  .created = days ? FAKE_NOW - days : 0, .layer_list = v, __VA_ARGS__ }

static const struct berth_image images[] = {
	IMG("acme/worker:9f2c", "docker.io/acme/worker", "9f2c", 212 MIB, 512 MIB, 2, 3 * HOUR, worker_layers,
	    .layers = 14, .digest = "sha256:9f2c61d07be4aa"),
	IMG("debian:stable", "docker.io/library/debian", "stable", 124 MIB, 256 MIB, 0, 12 * DAY, debian_layers,
	    .layers = 9, .digest = "sha256:1"),
	IMG("nginx:1.27", "docker.io/library/nginx", "1.27", 188 MIB, 384 MIB, 1, 2 * DAY, NULL, .digest = "sha256:2"),
	IMG("postgres:16", "docker.io/library/postgres", "16", 431 MIB, 0, 1, 0, NULL, .digest = "sha256:3"),
	IMG("redis:7", "docker.io/library/redis", "7", 117 MIB, 256 MIB, 1, 5 * DAY, NULL, .digest = "sha256:4"),
	IMG("acme/migrate:12", "docker.io/acme/migrate", "12", 96 MIB, 256 MIB, 1, 6 * DAY, NULL, .digest = "sha256:5"),
	IMG("7c1f0a2b9d3e", NULL, NULL, 98 MIB, 0, 0, 31 * DAY, NULL, .digest = "sha256:6"),
};

static void images_model(struct fake *f)
{
	static const struct berth_job job[] = {
		{ "0000000000000007", "pull", "docker.io/library/postgres:16", "running", FAKE_NOW, 0, 77 MIB, 130 MIB, NULL },
	};

	home_model(f);
	f->images.v = images;
	f->images.n = 7;
	f->jobs.v = job;
	f->jobs.n = 1;
	f->inspect = "{\"Config\":{\"Entrypoint\":[\"/usr/bin/worker\"],\"Cmd\":[\"--queue\",\"default\"],"
		     "\"User\":\"1000\",\"WorkingDir\":\"/srv\",\"Volumes\":{\"/var/spool/worker\":{}}}}";
}

const struct scene scenes_lists[] = {
	{ "c", 24, 80, images_model, NULL, "2" },
	{ "b", 24, 80, home_model, marked_play, NULL },
	{ "r-containers", 10, 40, home_model, home_play, NULL },
	{ "r-question", 10, 40, home_model, home_play, "T" },
	{ "q", 24, 80, home_model, home_play, "/ \"worker\"" },
	{ "a", 24, 80, nothing, NULL, NULL },
	{ 0 },
};
