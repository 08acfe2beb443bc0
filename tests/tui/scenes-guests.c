/* SPDX-License-Identifier: Apache-2.0 */
/* scenes-guests.c - the designed screens of consoles, logs, details, help and palette: the store and the guests that
 * show what was drawn. */
#include "tests/tui/golden.h"

#include <string.h>
#include <sys/socket.h>

#include "base/auto.h"

#define SECOND 1000000000ll
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define TODAY (FAKE_NOW - FAKE_NOW % (24 * HOUR))
#define AT(h, m, s, ms) (TODAY + (h)*HOUR + (m)*MINUTE + (s)*SECOND + (ms)*1000000ll)
#define ID(c) #c #c #c #c #c #c #c #c
#define ID64(c) ID(c) ID(c) ID(c) ID(c) ID(c) ID(c) ID(c) ID(c)

/* ---- the store of screen B, as far as these screens need it ------------------------------------------------- */

static const struct berth_port web_ports[] = { { "0.0.0.0", 8080, 80, "tcp" } };
static const struct berth_container six[] = {
	{ .id = "3f9c2a71b0de" ID(1) ID(1) ID(1) ID(1) ID(1) ID(1) "1111", .name = "web1", .image = "nginx:1.27",
	  .command = "nginx -g \"daemon off;\"", .state = BERTH_RUNNING, .tty = true, .started = FAKE_NOW - 52 * HOUR,
	  .created = FAKE_NOW - 53 * HOUR, .ports = web_ports, .nports = 1, .memory_bytes = 256 << 20, .cpus = 2,
	  .kernel = "6.6.32", .accel = "kvm" },
	{ .id = ID64(b), .name = "db", .image = "postgres:16", .command = "postgres", .state = BERTH_RUNNING,
	  .started = FAKE_NOW - 52 * HOUR, .memory_bytes = 1 << 30, .cpus = 2 },
	{ .id = ID64(c), .name = "worker-1", .image = "acme/worker:9f2c", .command = "worker", .state = BERTH_RUNNING,
	  .tty = true, .started = AT(14, 2, 9, 702), .memory_bytes = 256 << 20, .cpus = 1 },
	{ .id = ID64(4), .name = "worker-2", .image = "acme/worker:9f2c", .command = "worker", .state = BERTH_STARTING },
	{ .id = ID64(5), .name = "cache", .image = "redis:7", .command = "redis", .state = BERTH_PAUSED,
	  .started = FAKE_NOW - 52 * HOUR },
	{ .id = ID64(d), .name = "migrate", .image = "acme/migrate:12", .command = "migrate", .state = BERTH_EXITED,
	  .exit_code = 137, .finished = FAKE_NOW - 5 * MINUTE },
};
static const struct berth_console web_consoles[] = {
	{ .id = "3f9c2a71b0de" ID(1) ID(1) ID(1) ID(1) ID(1) ID(1) "1111:0", .container = "web1", .n = 0,
	  .command = "nginx", .rows = 23, .cols = 80, .alive = true },
	{ .id = "3f9c2a71b0de" ID(1) ID(1) ID(1) ID(1) ID(1) ID(1) "1111:1", .container = "web1", .n = 1,
	  .command = "bash", .rows = 23, .cols = 80, .viewers = 2, .alive = true },
};

static void store(struct fake *f)
{
	f->containers.v = six;
	f->containers.n = ARRAY_LEN(six);
	f->consoles.v = web_consoles;
	f->consoles.n = ARRAY_LEN(web_consoles);
	f->jobs.v = (const struct berth_job[]){ { 0 } };
	f->jobs.n = 0;
}

/* ---- h, r-logs: logs of several ----------------------------------------------------------------------------- */

static const struct fake_line lines[] = {
	{ "worker-1", AT(14, 0, 2, 117), 1, "job 8790 timeout after 30 s, retry 1" },
	{ "worker-1", AT(14, 0, 41, 530), 1, "job 8793 timeout after 30 s, retry 1" },
	{ "db", AT(14, 1, 12, 904), 2, "ERROR: deadlock detected" },
	{ "db", AT(14, 1, 12, 905), 2, "ERROR: deadlock detected" },
	{ "db", AT(14, 1, 12, 906), 2, "ERROR: deadlock detected" },
	{ "db", AT(14, 1, 12, 907), 2, "ERROR: deadlock detected" },
	{ "db", AT(14, 1, 12, 908), 2, "ERROR: deadlock detected" },
	{ "db", AT(14, 1, 12, 909), 2, "ERROR: deadlock detected" },
	{ "worker-1", AT(14, 1, 12, 911), 2, "job 8812 deadlock, retry 1" },
	{ "web1", AT(14, 1, 44, 20), 1, "upstream timeout (110) while reading, client 10.88.0.1" },
	{ "worker-1", AT(14, 1, 58, 441), 1, "job 8812 timeout after 30 s, retry 2" },
	{ "worker-1", AT(14, 2, 11, 6), 1, "job 8812 timeout after 30 s, retry 3" },
	{ "worker-1", AT(14, 2, 12, 388), 2, "job 8812 deadlock, retry 4" },
	{ "worker-1", AT(14, 0, 3, 0), 1, "nothing that the filter lets through" },
};
static const struct fake_line few[] = {
	{ "worker-1", AT(14, 2, 10, 0), 1, "job 8790 timeout after 30 s" },
	{ "worker-1", AT(14, 2, 11, 0), 1, "job 8793 timeout after 30 s" },
	{ "web1", AT(14, 2, 12, 0), 1, "upstream timeout (110) while reading" },
	{ "worker-1", AT(14, 2, 13, 0), 1, "job 8812 timeout after 30 s" },
};

static void logs(struct fake *f)
{
	store(f);
	f->logs.v = lines;
	f->logs.n = ARRAY_LEN(lines);
	f->log_lines = 88213;
}

static void logs_few(struct fake *f)
{
	logs(f);
	f->logs.v = few;
	f->logs.n = ARRAY_LEN(few);
}

/* ---- f, r-console: a guest's terminal ----------------------------------------------------------------------- */

/* The guest writes. */
static void say(struct drive *d, const char *text)
{
	if (send(d->fake.io, text, strlen(text), MSG_DONTWAIT) != (ssize_t)strlen(text))
		abort();
	drive_settle(d);
}

static void shell(struct drive *d)
{
	drive_keys(d, "a ^] 2");
	say(d, "\033[H\033[2J"
	       "root@web1:/# nginx -t\r\n"
	       "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\r\n"
	       "nginx: configuration file /etc/nginx/nginx.conf test is successful\r\n"
	       "root@web1:/# tail -f /var/log/nginx/access.log\r\n"
	       "10.88.0.1 - - [24/Nov/2026:14:02:11 +0000] \"GET / HTTP/1.1\" 200 612\r\n"
	       "10.88.0.1 - - [24/Nov/2026:14:02:12 +0000] \"GET /a HTTP/1.1\" 404 153\r\n");
}

static void wait_for_menu(struct drive *d)
{
	shell(d);
	drive_keys(d, "^]");
	while (!strstr(drive_screen(d), "Menu for")) {
		uv_run(&d->loop, UV_RUN_ONCE);
		drive_settle(d);
	}
}

static void small_store(struct fake *f)
{
	static struct berth_console small[2];

	memcpy(small, web_consoles, sizeof(small));
	small[1].rows = 9;
	small[1].cols = 39;
	small[1].viewers = 1;
	store(f);
	f->consoles.v = small;
}

static void small_shell(struct drive *d)
{
	drive_keys(d, "a ^] 2");
	say(d, "\033[H\033[2J"
	       "root@web1:/# nginx -t\r\n"
	       "nginx: the configuration file /etc/ngi\r\nnx/nginx.conf syntax is ok\r\n"
	       "root@web1:/# uptime\r\n"
	       " 14:02:11 up 2 days,  4:11,  load 0.03\r\n"
	       "root@web1:/# ");
}

/* ---- e: one container ---------------------------------------------------------------------------------------- */

static const struct berth_process four[] = {
	{ .pid = 1, .user = "root", .state = "S", .memory_bytes = 7445000, .command = "nginx: master process" },
	{ .pid = 29, .user = "nginx", .state = "S", .cpu_percent = 1.6, .memory_bytes = 42 << 20, .cpu_time = 192 * SECOND,
	  .command = "nginx: worker process" },
	{ .pid = 30, .user = "nginx", .state = "S", .cpu_percent = 1.5, .memory_bytes = 41 << 20, .cpu_time = 189 * SECOND,
	  .command = "nginx: worker process" },
	{ .pid = 71, .user = "root", .state = "S", .memory_bytes = 3145728, .command = "bash" },
};

/* Thirty samples that look as drawn: '.', ':', '|' of the most. */
static void detail(struct fake *f)
{
	static const char cpu[] = "..::..:::.:..::|:.::..:..:..::", mem[] = "::::::::::::||||||||||||||||||";
	static struct berth_stats samples[30];

	for (int i = 0; i < 30; i++)
		samples[i] = (struct berth_stats){
			.id = six[0].id, .name = "web1", .running = true, .time = FAKE_NOW - (29 - i) * 2 * SECOND,
			.cpu_percent = cpu[i] == '.' ? 3.1 : cpu[i] == ':' ? 5.0 : 9.8,
			.memory_bytes = (mem[i] == ':' ? 100ull : 200ull) << 20, .memory_limit_bytes = 256 << 20,
			.net_rx_bytes = (uint64_t)i * 2 * 12 * 1024, .net_tx_bytes = (uint64_t)i * 2 * 88 * 1024,
			.block_write_bytes = (uint64_t)i * 2 * 4096,
		};
	samples[29].cpu_percent = 3.1;
	samples[29].memory_bytes = 118 << 20;
	store(f);
	f->stats.v = samples;
	f->stats.n = ARRAY_LEN(samples);
	f->processes.v = four;
	f->processes.n = ARRAY_LEN(four);
}

const struct scene scenes_guests[] = {
	{ "e", 24, 80, detail, NULL, "d" },
	{ "f", 24, 80, store, wait_for_menu, NULL },
	{ "h", 24, 80, logs, NULL, "Space Space Space 3 & \"timeout|deadlock\" Enter / \"8812\" Enter n n" },
	{ "o", 24, 80, store, NULL, "?" },
	{ "p", 24, 80, store, NULL, ": \"re\"" },
	{ "r-console", 10, 40, small_store, small_shell, NULL },
	{ "r-logs", 10, 40, logs_few, NULL, "Space Space Space 3 & \"timeout\" Enter" },
	{ 0 },
};
